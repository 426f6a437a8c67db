"""Progress bars: one for each record that has something to do, and one for the run."""

import logging
from typing import TYPE_CHECKING, Any

from curifactory.calls import CallStatus, StageCall
from curifactory.cli.console import LogMessages
from curifactory.cli.terminal import Terminal, duration
from curifactory.estimating import Durations
from curifactory.planning import Action

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from curifactory.manager import ArtifactManager

_OTHER_LINES = 4
"""Lines of the terminal that are left for other things than the bars of records."""
_WIDTH_OF_INTERRUPT = 3


class ProgressBars(LogMessages):
    """Shows how far a planned run is; nothing but log messages where there is no plan.

    What comes from the cache counts at once. Where there are more records than lines, only those
    that are at work have a bar.
    """

    def __init__(self, terminal: Terminal, *, quiet: bool = False) -> None:
        super().__init__(terminal)
        self._quiet = quiet
        self._bars: Progress | None = None
        self._overall: TaskID | None = None
        self._of_record: dict[int, TaskID] = {}
        self._left: dict[tuple[int, int], float] = {}
        """Seconds that each call which is to run may take."""
        self._at_work: dict[TaskID, set[tuple[int, int]]] = {}
        self._fold = False

    def run_started(self, manager: "ArtifactManager") -> None:
        """Let log messages be shown above the bars, unless they are unwanted."""
        if self._quiet:
            self._manager = manager
            manager.log.add(logging.NullHandler())  # or Python shows what nobody takes
        else:
            super().run_started(manager)

    def stage_started(self, call: StageCall) -> None:
        """Show which stage of which record is at work."""
        if self._bars is None and call.record.manager.plan is not None:
            self._start(call.record.manager)
        bars, task = self._bars, self._of_record.get(call.record.ordinal)
        if bars is not None and task is not None:
            if task not in self._at_work:  # its time counts from here
                done = bars.tasks[bars.task_ids.index(task)].completed
                bars.reset(task, completed=int(done))
            self._at_work.setdefault(task, set()).add(call.key)
            bars.update(task, visible=True, stage=call.name)

    def stage_finished(self, call: StageCall) -> None:
        """Count ``call``, if it was executed; say that it failed, if it did."""
        bars, task = self._bars, self._of_record.get(call.record.ordinal)
        if bars is None:
            return
        if call.status is CallStatus.EXECUTED:
            self._left.pop(call.key, None)
            if self._overall is not None:
                bars.update(self._overall, advance=1, stage=self._remaining())
        if task is None:
            return
        if call.status is CallStatus.EXECUTED:
            bars.update(task, advance=1)
        elif call.status is CallStatus.FAILED:
            word = "interrupted" if isinstance(call.error, KeyboardInterrupt) else "failed"
            bars.update(task, visible=True, stage=f"{call.name} {word}")
        at_work = self._at_work.get(task, set())
        at_work.discard(call.key)
        if self._fold and not at_work:
            bars.update(task, visible=False)

    def run_finished(self, manager: "ArtifactManager") -> None:
        """Leave the bars as they are."""
        self._stop()

    def image_progressed(self, step: str) -> None:
        """Show the step below the bars, unless nothing is to be shown besides them."""
        if not self._quiet:
            self._show(f"  {step}")

    def close(self) -> None:
        """Leave the bars as they are, also where the run broke off."""
        self._stop()
        super().close()

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _show(self, text: str) -> None:
        if self._bars is None:
            super()._show(text)
        else:
            from rich.text import Text

            self._bars.console.print(Text.from_ansi(text))

    def _start(self, manager: "ArtifactManager") -> None:
        plan = manager.plan
        if plan is None:
            return
        durations = Durations(manager.manager_cache_path, str(manager.experiment_name))
        calls: dict[int, list[tuple[StageCall, bool]]] = {}  # of each record, by its ordinal
        for call, decision in plan.calls():
            runs = decision.action is Action.RUN
            calls.setdefault(call.record.ordinal, []).append((call, runs))
            if runs:
                self._left[call.key] = durations.seconds(call.name, call.hash) or 0.0
        self._bars = bars = manager.map_progress = self._make_bars()
        self._fold = len(calls) > max(1, bars.console.height - _OTHER_LINES)
        for ordinal, made in calls.items():
            cached = sum(not runs for _, runs in made)
            self._of_record[ordinal] = bars.add_task(
                _record_label(made[-1][0]),
                total=len(made),
                completed=cached,
                visible=not self._fold,
                stage="from the cache" if cached == len(made) else "",
            )
        total = sum(map(len, calls.values()))
        self._overall = bars.add_task(
            manager.get_reference_name(),
            total=total,
            completed=total - len(self._left),
            stage=self._remaining(),
        )
        bars.start()

    def _make_bars(self) -> "Progress":
        from rich.console import RenderableType
        from rich.constrain import Constrain
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed
        from rich.table import Column

        console = self._terminal.rich_console()

        class Bars(Progress):
            def get_renderable(self) -> RenderableType:
                # A terminal writes ^C behind the last bar. A line that was full would become two,
                # and the bars be drawn a line below themselves.
                width = max(1, console.width - _WIDTH_OF_INTERRUPT)
                return Constrain(super().get_renderable(), width)

        columns: list[Any] = [
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None, table_column=Column(min_width=6, max_width=40)),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=5)),
            Elapsed(table_column=Column(no_wrap=True, min_width=7)),
            TextColumn("{task.fields[stage]}", markup=False),
        ]
        return Bars(*columns, console=console)

    def _remaining(self) -> str:
        seconds = sum(self._left.values())
        return f"about {duration(seconds)} left" if seconds else ""


def _record_label(call: StageCall) -> str:
    kind = " (aggregate)" if call.is_aggregate else ""
    record = call.record
    name = None if record.params is None else record.params.name
    return f"Record {record.get_record_index()}, args: {name}{kind}, hash: {call.hash[:8]}"

"""What a run shows while it goes on."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

from curifactory.calls import EXECUTED, FAILED, StageCall
from curifactory.cli.table import cell_width, fitted
from curifactory.cli.terminal import Colour, Terminal, counted, duration
from curifactory.explaining import describe_all
from curifactory.hooks import RunHook
from curifactory.mapping import RunPlan
from curifactory.planning import RUN, Decision

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_LABEL_WIDTH, _LEAST_LABEL = 40, 8
_BESIDES = 20
"""Spaces between the columns, and how long a stage took, in characters."""
_FAILURES = "curifactory.failures"
"""The logger of tracebacks for the log file; the terminal shows the user's part of them."""
_LEVEL_COLOURS = {
    logging.WARNING: Colour.YELLOW,
    logging.ERROR: Colour.RED,
    logging.CRITICAL: Colour.RED,
}


class LogLines(logging.Handler):
    """Shows log messages as lines: the user's, and curifactory's warnings.

    What curifactory informs about has lines of its own; its debug messages are shown where the
    run is ``verbose``.
    """

    def __init__(self, show: Callable[[str], None], terminal: Terminal) -> None:
        super().__init__()
        self._show = show
        self._paint = terminal.paint
        self.setFormatter(logging.Formatter("%(prefix)s%(message)s", defaults={"prefix": ""}))
        self.addFilter(self._is_wanted)

    @staticmethod
    def _is_wanted(record: logging.LogRecord) -> bool:
        if record.name == _FAILURES:
            return False
        own = record.name.partition(".")[0] == "curifactory"
        return not own or record.levelno != logging.INFO

    def emit(self, record: logging.LogRecord) -> None:
        """Show ``record``."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - a message that cannot be put together fails no stage
            self.handleError(record)
            return
        colour = _LEVEL_COLOURS.get(record.levelno, Colour.DIM)
        self._show(f"  {self._paint(f'{record.levelname.lower()}:', colour)} {text}")


class LogMessages(RunHook):
    """Shows log messages and nothing else."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._manager: ArtifactManager | None = None

    def run_started(self, manager: "ArtifactManager") -> None:
        """Let log messages be shown."""
        self._manager = manager
        manager.log.add(LogLines(self._show, self._terminal))

    def close(self) -> None:
        """Show no more, also where the run broke off without closing its log."""
        if self._manager is not None:
            self._manager.log.close()

    def _show(self, text: str) -> None:
        self._terminal.line(text)


class Silence(LogMessages):
    """Shows nothing."""

    def run_opening(self, manager: "ArtifactManager") -> None:
        """Take the log messages, which Python would show if nobody did."""
        self._manager = manager
        manager.log.add(logging.NullHandler())

    def run_started(self, manager: "ArtifactManager") -> None:
        """Keep log messages from being shown."""


class PlainLog(LogMessages):
    """Shows the lines of the log as they are in its file."""

    def run_opening(self, manager: "ArtifactManager") -> None:
        """Let log messages be shown, from the first one that its file gets."""
        self._manager = manager
        manager.log.add(_Lines(self._show))

    def run_started(self, manager: "ArtifactManager") -> None:
        """Go on."""


class _Lines(logging.Handler):
    """Shows log messages in the log's own format."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show
        self.addFilter(lambda record: record.name != _FAILURES)

    def emit(self, record: logging.LogRecord) -> None:
        """Show ``record``."""
        try:
            self._show(self.format(record))
        except Exception:  # noqa: BLE001 - a message that cannot be put together fails no stage
            self.handleError(record)


class RunLines(LogMessages):
    """Shows a line when a run starts, and one for each stage that is executed.

    With ``verbose``, every stage has a line that says why it runs or does not.
    """

    def __init__(self, terminal: Terminal, *, verbose: bool) -> None:
        super().__init__(terminal)
        self.seconds = 0.0
        """How long the run took, once it is over."""
        self._verbose = verbose
        self._started = 0.0
        self._executed = 0
        self._layout: _Layout | None = None
        self._has_heading = False

    def run_started(self, manager: "ArtifactManager") -> None:
        """Let log messages be shown."""
        self._started = time.monotonic()
        super().run_started(manager)

    def stage_started(self, call: StageCall) -> None:
        """With ``verbose``, say why ``call`` runs."""
        if self._verbose and call.decision is not None:
            self._show_call(call, why(call.decision), self._executed + 1)

    def stage_finished(self, call: StageCall) -> None:
        """Show how long ``call`` took; with ``verbose``, also why it was not executed."""
        if call.status is EXECUTED:
            self._executed += 1
            self._show_call(call, duration(call.seconds or 0.0))
        elif call.status is FAILED:
            self._executed += 1
            word = "interrupted" if isinstance(call.error, KeyboardInterrupt) else "failed"
            self._show_call(call, self._terminal.paint(word, Colour.RED))
        elif self._verbose and call.decision is not None:
            self._show_call(call, self._terminal.paint(why(call.decision), Colour.DIM))

    def run_finished(self, manager: "ArtifactManager") -> None:
        """Note how long the run took."""
        self.seconds = time.monotonic() - self._started
        self._show_heading()

    def image_progressed(self, step: str) -> None:
        """Show the step."""
        self._show(f"  {self._terminal.paint(step, Colour.DIM)}")

    def _show(self, text: str) -> None:
        self._show_heading()
        super()._show(text)

    def _show_heading(self) -> None:
        """Name the run, once: with the first line, when its parameter sets are known."""
        manager = self._manager
        if manager is not None and not self._has_heading:
            self._has_heading = True
            name = self._terminal.paint(str(manager.experiment_name), Colour.BOLD)
            sets = counted(sum(map(len, manager.run.parameters.values())), "parameter set")
            self._terminal.line(f"{name}, run {manager.experiment_run_number}, {sets}")

    def _show_call(self, call: StageCall, outcome: str, number: int | None = None) -> None:
        layout = self._layout = self._layout or _Layout.of(
            call.record.manager.plan, self._terminal.width
        )
        counter = "-"
        if call.decision is not None and call.decision.action is RUN:
            counter = layout.counter(number or self._executed)
        label = layout.fit(label_of(call))
        self._show(f"  {counter:>{layout.number}}  {call.name:<{layout.stage}}  {label}  {outcome}")


class _Layout(NamedTuple):
    """Widths of the columns, and how many stages are to run."""

    number: int = 3
    stage: int = 16
    label: int = 16
    planned: int | None = None
    cuts: bool = False
    """Whether longer labels are cut, which they are on a terminal."""

    @classmethod
    def of(cls, plan: RunPlan | None, width: int | None) -> Self:
        """Return what suits the calls of ``plan``; fixed widths where there is none.

        Parameters
        ----------
        plan
            What is to be done.
        width
            How many characters fit on a line, ``None`` for any number.

        """
        cuts = width is not None
        if plan is None or not plan.mapped.calls:
            return cls(cuts=cuts)
        planned = plan.plan.count(RUN)
        number = 2 * len(str(planned)) + 1
        stage = max(len(call.name) for call in plan.mapped.calls)
        label = max(cell_width(label_of(call)) for call in plan.mapped.calls)
        if width is not None:
            label = min(label, max(_LEAST_LABEL, width - number - stage - _BESIDES))
        return cls(number, stage, min(_LABEL_WIDTH, label), planned, cuts)

    def fit(self, label: str) -> str:
        """Return ``label`` as wide as its column."""
        shown = fitted(label, self.label) if self.cuts else label
        return shown + " " * (self.label - cell_width(shown))

    def counter(self, executed: int) -> str:
        """Return how many of how many; a plan that did not hold is left out."""
        if self.planned is None or executed > self.planned:
            return str(executed)
        return f"{executed}/{self.planned}"


def label_of(call: StageCall) -> str:
    """Return the name of the parameter set of ``call``, or of its record where there is none."""
    params = call.record.params
    if call.records is None:
        return f"record {call.record.get_record_index()}" if params is None else str(params.name)
    over = f"over {counted(len(call.records), 'record')}"
    return over if params is None else f"{params.name}, {over}"


def why(decision: Decision) -> str:
    """Return action and causes of ``decision`` on one line."""
    causes = describe_all(decision.causes, only_if_changed=decision.only_if_changed)
    perhaps = decision.only_if_changed and decision.action is RUN
    action = f"{decision.action} if an input changes" if perhaps else str(decision.action)
    return f"{action}: {causes}" if causes else action

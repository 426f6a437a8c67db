"""The documented attributes of manager and record that are views of what these hold."""

import os
from typing import TYPE_CHECKING, Any

from curifactory.environment import (
    NO_REPOSITORY,
    active_conda_environment,
    installed_versions,
    operating_system,
)
from curifactory.paths import report_folder_name

if TYPE_CHECKING:
    from datetime import datetime

    from curifactory.artifact import Artifact
    from curifactory.calls import StageCall
    from curifactory.config import Configuration
    from curifactory.mapping import Map, RunPlan
    from curifactory.params import ExperimentParameters
    from curifactory.planning import Decision
    from curifactory.record import Record
    from curifactory.run import Run


ExecutionTree = tuple[int, str, list["ExecutionTree"]]
"""Index of a record, name of a stage, and what else runs before it."""


class ManagerAttributes:
    """Documented attributes of :class:`~curifactory.ArtifactManager`."""

    if TYPE_CHECKING:
        config: Configuration
        run: Run
        mapping: Map | None
        plan: RunPlan | None
        active_call: StageCall | None
        records: list[Record]
        all_records: list[Record]

    @property
    def manager_cache_path(self) -> str:
        """Folder with the runs' journals."""
        return self.config.manager_cache_path

    @property
    def cache_path(self) -> str:
        """Folder with the artifacts."""
        return self.config.cache_path

    @property
    def runs_path(self) -> str:
        """Folder for full stores."""
        return self.config.runs_path

    @property
    def logs_path(self) -> str:
        """Folder for log files."""
        return self.config.logs_path

    @property
    def notebooks_path(self) -> str:
        """Folder for notebooks."""
        return self.config.notebooks_path

    @property
    def reports_path(self) -> str:
        """Folder for reports."""
        return self.config.reports_path

    @property
    def report_css_path(self) -> str:
        """Style sheet of the reports."""
        return self.config.report_css_path

    @property
    def status(self) -> str:
        """``LIVE``, ``incomplete``, ``complete``, ``error`` or ``interrupted``."""
        return self.run.status

    @property
    def error(self) -> str | None:
        """Class and message of what ended the run, or ``None``."""
        return self.run.error

    @property
    def error_thrown(self) -> bool:
        """Whether the experiment failed."""
        return self.run.error is not None

    @property
    def experiment_run_number(self) -> int:
        """Number of the run among those of its experiment; 0 until it is open."""
        return self.run.number

    @property
    def stored(self) -> bool:
        """Whether the run is recorded."""
        return self.run.recorded

    @property
    def run_timestamp(self) -> "datetime":
        """When the run was started."""
        return self.run.started

    @property
    def run_line(self) -> str:
        """The command line of the run."""
        return self.run.command

    @property
    def notes(self) -> str | None:
        """Text for the report; what it is when the report is written counts."""
        return self.run.notes

    @notes.setter
    def notes(self, text: str | None) -> None:
        self.run.notes = text

    @property
    def log_path(self) -> str | None:
        """The run's log file, or ``None``."""
        return self.run.log_path

    @property
    def conda_env(self) -> str | None:
        """Name of the active conda environment, or ``None``."""
        return active_conda_environment()

    @property
    def reproduction_line(self) -> str | None:
        """The command that runs this again from its full store; ``None`` without one."""
        return self.run.reproduce

    @property
    def hostname(self) -> str:
        """Name of the machine."""
        return self.run.hostname

    @property
    def os(self) -> str:
        """Name and version of the operating system."""
        return operating_system()

    @property
    def git_commit_hash(self) -> str:
        """Full hash of the commit; ``"No git repository found"`` outside a repository."""
        return self.run.git.commit

    @property
    def git_workdir_dirty(self) -> bool:
        """Whether anything is staged, changed or untracked; ``True`` outside a repository."""
        return self.run.git.dirty

    @property
    def in_git_repository(self) -> bool:
        """Whether the run's commit is known."""
        return self.run.git.commit != NO_REPOSITORY

    @property
    def pip_freeze(self) -> str:
        """Installed distributions as ``name==version`` lines."""
        return "\n".join(f"{name}=={version}" for name, version in installed_versions().items())

    @property
    def parameter_files(self) -> list[str]:
        """Names of the parameter files of the run."""
        return list(self.run.parameters)

    @property
    def param_file_param_sets(self) -> dict[str, list[tuple[str, str]]]:
        """Name and hash of each parameter set, by file."""
        return self.run.parameters

    @property
    def artifacts(self) -> "list[Artifact]":
        """Every artifact of this session, in the order their stages were called."""
        calls = (call for record in self.all_records for call in record.calls)
        found = [artifact for call in calls for artifact in call.outputs]
        return sorted(found, key=lambda artifact: artifact.index)

    @property
    def mapped_artifacts(self) -> "list[Artifact]":
        """Every artifact of the map, in the order their stages were called; none without a map."""
        return [] if self.plan is None else self.plan.artifacts

    @property
    def live_report_paths(self) -> dict[str, str]:
        """Where the run's report lies: its ``folder``, and in it ``reportables`` and ``graphs``."""
        folder = os.path.join(self.reports_path, report_folder_name(self.run.reference))
        return {"folder": folder} | {
            name: os.path.join(folder, name) for name in ("reportables", "graphs")
        }

    @property
    def live_report_path_generated(self) -> bool:
        """Whether the run's report is there; what notebooks display needs no report."""
        return os.path.isdir(self.live_report_paths["folder"])

    @property
    def map(self) -> "RunPlan | None":
        """The map of the experiment with its plan; ``None`` where there is none, or it is over."""
        return None if self.status in {"complete", "error", "interrupted"} else self.plan

    @property
    def current_stage_name(self) -> str:
        """Name of the stage that is running; empty between stages."""
        return "" if self.active_call is None else self.active_call.name

    @property
    def stage_active(self) -> bool:
        """Whether a stage is running."""
        return self.active_call is not None

    def get_all_param_sets(self) -> "list[ExperimentParameters]":
        """Return the parameter sets of the records, one of each hash, in record order."""
        found = {record.params.hash: record.params for record in self.records if record.params}
        return list(found.values())


class PlanAttributes:
    """Documented attributes of the map with its plan, ``manager.map``."""

    if TYPE_CHECKING:
        mapped: Map

        def calls(self) -> list[tuple[StageCall, Decision]]:
            """Return every mapped call with what was planned for it."""

    @property
    def records(self) -> "list[Record]":
        """The records of the map, in the order they were made; hidden ones are left out."""
        calls = (call for call, _ in self.calls())
        found = {call.record.ordinal: call.record for call in calls if call.record.index >= 0}
        return [found[ordinal] for ordinal in sorted(found)]

    @property
    def artifacts(self) -> "list[Artifact]":
        """Every artifact of the map, in the order their stages were called."""
        return [artifact for call, _ in self.calls() for artifact in call.outputs]

    @property
    def execution_list(self) -> list[tuple[int, str]]:
        """Index of the record and name of the stage of each call that runs, in order."""
        return [
            (call.record.index, call.name)
            for call, decision in self.calls()
            if decision.action == "run"
        ]

    @property
    def execution_trees(self) -> list[ExecutionTree]:
        """For each call that runs for its own sake, ``(index of the record, stage, trees)``.

        The trees are those of the calls that run for it; a tree may be part of several.
        """
        runs = [decision.action == "run" for _, decision in self.calls()]
        trees: list[ExecutionTree] = []
        used: set[int] = set()
        for index, node in enumerate(self.mapped.graph.nodes):
            read = [each for each in node.dependencies if runs[each]]
            used.update(read if runs[index] else ())
            record = self.mapped.calls[index].record
            trees.append((record.index, node.name, [trees[each] for each in read]))
        return [tree for index, tree in enumerate(trees) if runs[index] and index not in used]


class RecordAttributes:
    """Documented attributes of :class:`~curifactory.Record`."""

    if TYPE_CHECKING:
        calls: list[StageCall]
        state: Any

    @property
    def stages(self) -> list[str]:
        """Names of the stages called on this record."""
        return [call.name for call in self.calls]

    @property
    def stage_inputs(self) -> list[list[int]]:
        """Places in ``manager.artifacts`` of what each stage read, -1 for what is no artifact."""
        return [
            [
                index
                for bound in call.inputs
                for index in [artifact.index for artifact in bound.artifacts] or [-1]
            ]
            for call in self.calls
        ]

    @property
    def stage_outputs(self) -> list[list[int]]:
        """Places in ``manager.artifacts`` of what each stage made."""
        return [[artifact.index for artifact in call.outputs] for call in self.calls]

    @property
    def stage_inputs_names(self) -> list[list[str]]:
        """The names of the inputs each stage declares."""
        return [list(call.spec.inputs) for call in self.calls]

    @property
    def stage_suppress_missing(self) -> list[bool]:
        """Whether each stage suppresses missing inputs."""
        return [call.spec.suppress_missing_inputs for call in self.calls]

    @property
    def stage_kwargs_keys(self) -> list[list[str]]:
        """The names of the keywords each stage was called with."""
        return [list(call.keywords) for call in self.calls]

    @property
    def state_artifact_reps(self) -> dict[str, int]:
        """Place in ``manager.artifacts`` of each value in the state."""
        return {name: artifact.index for name, artifact in self.state.artifacts.items()}

"""The documented attributes of manager and record that are views of what these hold."""

from typing import TYPE_CHECKING, Any

from curifactory.environment import (
    NO_REPOSITORY,
    active_conda_environment,
    installed_versions,
    operating_system,
)

if TYPE_CHECKING:
    from datetime import datetime

    from curifactory.artifact import Artifact
    from curifactory.calls import StageCall
    from curifactory.config import Configuration
    from curifactory.mapping import Map, RunPlan
    from curifactory.params import ExperimentParameters
    from curifactory.record import Record
    from curifactory.run import Run


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
    def map_mode(self) -> bool:
        """Whether stages are only mapped now."""
        return self.mapping is not None

    @property
    def map(self) -> "RunPlan | None":
        """The map of the experiment with its plan; ``None`` where there is none."""
        return self.plan

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

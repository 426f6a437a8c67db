"""What a parallel run and the places that execute its calls say to each other.

A coordinator knows the plan: what is ready, what failed, what depends on it. An *executor* is a
place to execute one call at a time; values never pass through it, only through the cache and the
run's scratch folder. Executors come from the entry point group ``curifactory.executors``, as
callables that take the :class:`Workplace` of the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from curifactory.requirements import NOTHING_SPECIAL, Requirements

Key = tuple[int, int]
"""A call, by the number of its record and its position there."""


@dataclass(frozen=True, slots=True)
class Work:
    """What any process needs to take part in a run; it can be pickled."""

    token: str
    """A name no other run has."""
    options: Any
    """The :class:`~curifactory.options.RunOptions` of the run."""
    configuration: Any
    folder: str
    """The current directory."""
    run: Mapping[str, Any]
    """What :meth:`curifactory.run.Run.identity` says."""
    scratch: str
    """Folder for values that no cacher stores."""
    path: tuple[str, ...] = ()
    """Where modules are imported from."""
    defined: bytes | None = None
    """What of the experiment no file of the project has (cloudpickle)."""
    problem: str = ""
    """Why that can only be inherited, if it cannot be sent."""


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one call; it can be pickled."""

    key: Key
    stage: str
    hash: str
    lineage: str
    """What a process that mapped the run itself compares, to refuse other work than was meant."""
    label: str
    """Stage and record, for people."""
    requirements: Requirements = NOTHING_SPECIAL
    devices: tuple[str, ...] | None = None
    """The devices to use, as in ``CUDA_VISIBLE_DEVICES``; ``None`` where the run has none."""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a call whose function returned and whose results are stored."""

    execution: str
    started: float
    seconds: float
    cpu_seconds: float
    peak_memory: int | None
    previews: tuple[tuple[str, str], ...] = ()
    """Name of the class and a few characters of each output."""
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    tracked: tuple[str, ...] = ()
    """Paths of tracked files that the stage was given."""
    worker: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()
    """Log messages that could not be passed on while it ran."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a stage's function raised, in words: the exception itself may not leave its process."""

    kind: str
    message: str
    traceback: str
    own_traceback: str = ""
    """The traceback without the frames of curifactory."""
    misses: Key | None = None
    """The call whose result was to be read and is nowhere."""
    worker: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt has begun."""

    key: Key
    worker: str
    process: int | None = None
    """The worker's process, where the executor knows it and it is on this machine."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt has come to its end."""

    key: Key
    outcome: Report | Failure


@dataclass(frozen=True, slots=True)
class Lost:
    """The process or machine of an attempt is gone; nothing says it was the stage's fault."""

    key: Key
    reason: str
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A worker logged or printed something."""

    worker: str
    message: Mapping[str, Any]


Event = Started | Finished | Lost | Said


@dataclass(frozen=True, slots=True)
class Workplace:
    """What an executor is made with."""

    work: Work
    slots: int
    """How many calls may be executed at a time, at least 1."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The executor's entry in the configuration, if it has one."""
    address: str = ""
    """What the user gave in place of a name, such as ``tcp://host:8786``."""
    calls: Mapping[Key, Any] = field(default_factory=dict)
    """The mapped calls, for processes that inherit this one's memory."""


class Executor(Protocol):
    """A place to execute calls. Its methods are called from one thread."""

    slots: int
    """How many attempts it takes at a time; may change while it runs.

    One that counts GPUs itself, at each of its places, has an attribute ``gpus`` too, once it has
    started: the most that one place offers.
    """

    def start(self) -> None:
        """Make ready.

        Raises
        ------
        BadInputError
            If it cannot work here, such as where workers do not see the cache.

        """

    def submit(self, task: Task) -> None:
        """Begin an attempt, and return at once."""

    def events(self, timeout: float) -> Sequence[Event]:
        """Return what happened, waiting at most ``timeout`` seconds for something to happen.

        Raises
        ------
        ExecutorLostError
            If nothing can be executed any more; the run then ends.

        """

    def cancel(self, key: Key) -> None:
        """End an attempt with everything it started, if that can be done.

        It counts as lost: when it has ended, or at once where it cannot be ended.
        """

    def close(self, *, grace: float) -> None:
        """End everything that still runs, ``grace`` seconds after it was asked to end."""

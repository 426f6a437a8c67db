"""Every error curifactory raises on purpose, under one base class."""

__all__ = [
    "BadInputError",
    "CacheError",
    "CachersMismatchError",
    "ConfigurationError",
    "CurifactoryError",
    "EmptyCachersError",
    "ExecutingWithSkippedInputError",
    "ExecutorLostError",
    "HashCollisionError",
    "InputSignatureError",
    "MissingInputError",
    "MissingPartError",
    "NoArtifactManagerError",
    "OutputSignatureError",
    "ReadWhileMappingError",
    "StageFailedError",
    "StageTimeoutError",
    "UnhashableParameterError",
    "UnreadableArtifactError",
]


class CurifactoryError(Exception):
    """Base of every error that curifactory raises on purpose."""


class BadInputError(CurifactoryError):
    """What the user asked for does not exist or makes no sense: exit code 2, nothing recorded."""


class ConfigurationError(BadInputError):
    """``curifactory_config.json`` cannot be used as it stands."""


class MissingPartError(CurifactoryError, ModuleNotFoundError):
    """A part of curifactory is not installed.

    ``name`` stays unset: ``from curifactory import caching`` swallows an import error
    that carries the submodule's own name, and the hint in its message with it.
    """


class CachersMismatchError(CurifactoryError):
    """A stage lists another number of cachers than of outputs."""


class EmptyCachersError(CurifactoryError):
    """A stage without outputs was given an empty list of cachers."""


class HashCollisionError(CurifactoryError):
    """Two different parameter sets have the same hash."""


class InputSignatureError(CurifactoryError):
    """The inputs a stage declares and the parameters its function takes do not fit."""


class OutputSignatureError(CurifactoryError):
    """The outputs a stage declares and the values its function returns do not fit."""


class MissingInputError(CurifactoryError, KeyError):
    """A stage needs an artifact that its record does not have."""

    __str__ = Exception.__str__  # KeyError would show the message's repr


class ExecutingWithSkippedInputError(CurifactoryError):
    """A stage needs an artifact that was skipped and cannot be computed now."""

    def __init__(self, message: str, key: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.key = key
        """Record and position of the call that makes the artifact."""


class StageFailedError(CurifactoryError):
    """A stage failed in another process; what it raised there is told in words.

    The class is a subclass with the name of the exception's own class.
    """

    traceback = ""
    """The traceback of the other process."""
    own_traceback = ""
    """The same without the frames of curifactory."""


class StageTimeoutError(CurifactoryError, TimeoutError):
    """A stage took longer than its ``timeout``."""


class ExecutorLostError(CurifactoryError):
    """The place where a run's stages were being executed is gone, such as a cluster."""


class NoArtifactManagerError(CurifactoryError):
    """A procedure is to make a record and has no manager to make it in."""


class ReadWhileMappingError(CurifactoryError):
    """``run()`` read a stage's result while the experiment was only being mapped.

    Raised inside ``run()``; the run then goes on in linear mode by itself.
    """


class UnhashableParameterError(CurifactoryError, TypeError):
    """A parameter's value has no representation that is the same in every process."""


class CacheError(CurifactoryError):
    """An artifact could not be stored; nothing half-written was left behind."""


class UnreadableArtifactError(CacheError):
    """A cached artifact is damaged; it was moved aside and counts as missing."""

"""How a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line exits with."""

    COMPLETE = 0
    """Everything asked for is done."""
    FAILED = 1
    """The experiment failed."""
    BAD_INPUT = 2
    """What was asked for does not exist or makes no sense; nothing was recorded."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""
    TERMINATED = 143
    """Ended by SIGTERM."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM; handled like Ctrl-C."""

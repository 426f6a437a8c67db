"""What there is to share among the calls that are executed at a time."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from curifactory.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Claim:
    """What one call has been given."""

    cores: int
    memory: int
    devices: tuple[str, ...]


class Capacity:
    """Cores, memory and devices; never more is given out than there is.

    Parameters
    ----------
    cores
        How many there are.
    memory
        Bytes there are; ``None`` for any number.
    devices
        Names of devices, as in ``CUDA_VISIBLE_DEVICES``.
    elsewhere
        The most devices that one place offers, where places count their own.

    """

    def __init__(
        self,
        cores: int,
        memory: int | None,
        devices: tuple[str, ...],
        elsewhere: int | None = None,
    ) -> None:
        self.cores, self.memory, self.devices = cores, memory, devices
        self.local = False
        """Whether the devices are this machine's."""
        self.grows = False
        """Whether there are as many cores as there are places to execute calls."""
        self._elsewhere = elsewhere
        self._free_cores = cores
        self._free_memory = memory
        self._free_devices = list(devices)

    @classmethod
    def of_machine(
        cls,
        limits: Mapping[str, int],
        cores: int,
        *,
        local: bool,
        elsewhere: int | None = None,
    ) -> "Capacity":
        """Return what ``limits`` say, and what they leave out as far as it is known here.

        Parameters
        ----------
        limits
            Amounts that the user gave.
        cores
            What counts where the user gave none.
        local
            Whether calls are executed on this machine, whose memory and devices then count.
        elsewhere
            The most devices that one place offers, where places count their own.

        """
        devices = visible_devices() if local else ()
        if "gpu" in limits:
            devices = (*devices, *map(str, range(len(devices), limits["gpu"])))[: limits["gpu"]]
            elsewhere = None if elsewhere is None else min(elsewhere, limits["gpu"])
        memory = limits.get("memory") or (physical_memory() if local else None)
        made = cls(limits.get("cores", cores), memory, devices, elsewhere)
        made.local, made.grows = local, "cores" not in limits
        return made

    def grow(self, cores: int) -> None:
        """Take note that there are at least ``cores``, where their number was not given."""
        more = max(0, cores - self.cores) if self.grows else 0
        self.cores += more
        self._free_cores += more

    def lacks(self, needed: Requirements) -> str | None:
        """Return what is asked for and never will be there, ``None`` if all can be."""
        if needed.cores > self.cores:
            return f"cores={needed.cores}, and there are {self.cores}"
        if self.memory is not None and (needed.memory or 0) > self.memory:
            return f"memory={needed.memory}, and there are {self.memory} bytes"
        if self._elsewhere is not None:
            if needed.gpu > self._elsewhere:
                return f"gpu={needed.gpu}, and no worker offers more than {self._elsewhere}"
        elif needed.gpu > len(self.devices):
            return f"gpu={needed.gpu}, and there are {len(self.devices)}"
        return None

    def fits(self, needed: Requirements) -> bool:
        """Tell whether what is asked for is free now."""
        memory = self._free_memory is None or (needed.memory or 0) <= self._free_memory
        devices = self._elsewhere is not None or needed.gpu <= len(self._free_devices)
        return needed.cores <= self._free_cores and memory and devices

    def claim(self, needed: Requirements) -> Claim:
        """Give out what is asked for, which fits."""
        devices = tuple(self._free_devices[: needed.gpu])
        del self._free_devices[: needed.gpu]
        self._free_cores -= needed.cores
        memory = needed.memory or 0
        if self._free_memory is not None:
            self._free_memory -= memory
        return Claim(needed.cores, memory, devices)

    def release(self, claim: Claim) -> None:
        """Take back what was given out."""
        self._free_cores += claim.cores
        if self._free_memory is not None:
            self._free_memory += claim.memory
        self._free_devices = sorted((*self._free_devices, *claim.devices), key=self.devices.index)


def visible_devices() -> tuple[str, ...]:
    """Return the names of the GPUs that programs started here see."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(name for name in named.split(",") if name and name != "-1")
    try:
        return tuple(map(str, range(len(os.listdir("/proc/driver/nvidia/gpus")))))
    except OSError:  # no driver
        return ()


def physical_memory() -> int | None:
    """Return this machine's memory in bytes, ``None`` where nothing tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

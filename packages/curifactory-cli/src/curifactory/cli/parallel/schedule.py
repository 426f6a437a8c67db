"""Which calls may be executed now, and which never will: no processes, no files."""

import heapq
from collections.abc import Callable, Iterable, Sequence

_MOST_OVERTAKEN = 16


class Schedule:
    """Calls to execute, by index, with what each of them waits for.

    Parameters
    ----------
    waits
        For each index the calls it is computed from; ``None`` for a call that is not executed.
    seconds
        How long each call is expected to take. Those that most others wait for are first.

    """

    def __init__(self, waits: Sequence[Iterable[int] | None], seconds: Sequence[float]) -> None:
        self._blockers: dict[int, set[int]] = {
            index: {each for each in before if waits[each] is not None}
            for index, before in enumerate(waits)
            if before is not None
        }
        self._readers: dict[int, set[int]] = {index: set() for index in self._blockers}
        for index, before in self._blockers.items():
            for each in before:
                self._readers[each].add(index)
        self._priority = self._longest_paths(seconds)
        self._overtaken: dict[int, int] = {}
        self._open = set(self._blockers)
        self._ready: list[tuple[float, int]] = []
        for index, before in self._blockers.items():
            if not before:
                self._push(index)

    def _longest_paths(self, seconds: Sequence[float]) -> dict[int, float]:
        """Return the time from the beginning of each call to the end of all that wait for it."""
        paths: dict[int, float] = {}
        for index in sorted(self._blockers, reverse=True):
            after = max((paths[reader] for reader in self._readers[index]), default=0.0)
            paths[index] = seconds[index] + after
        return paths

    def _push(self, index: int) -> None:
        heapq.heappush(self._ready, (-self._priority.get(index, 0.0), index))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be executed."""
        return not self._open

    def take(self, fits: Callable[[int], bool]) -> int | None:
        """Return the most urgent ready call that ``fits``, ``None`` if there is none.

        A call that was overtaken often is waited for, so that a large one gets its turn.
        """
        passed: list[tuple[float, int]] = []
        found = None
        while self._ready and found is None:
            entry = heapq.heappop(self._ready)
            if entry[1] not in self._open:
                continue
            if fits(entry[1]):
                found = entry[1]
                continue
            passed.append(entry)
            if self._overtaken.get(entry[1], 0) >= _MOST_OVERTAKEN:
                break
        for entry in passed:
            heapq.heappush(self._ready, entry)
            if found is not None:
                self._overtaken[entry[1]] = self._overtaken.get(entry[1], 0) + 1
        return found

    def retry(self, index: int) -> None:
        """Let a call that was taken be ready again."""
        self._push(index)

    def finish(self, index: int) -> None:
        """Note that a call is done: what only waited for it is ready."""
        self._open.discard(index)
        for reader in self._readers[index]:
            self._blockers[reader].discard(index)
            if not self._blockers[reader] and reader in self._open:
                self._push(reader)

    def fail(self, index: int) -> list[int]:
        """Note that a call failed for good, and return all that now cannot be executed."""
        lost: list[int] = []
        waiting = [index]
        while waiting:
            current = waiting.pop()
            if current not in self._open:
                continue
            self._open.discard(current)
            lost.append(current)
            waiting += self._readers[current]
        return sorted(lost)[1:]

    def demand(self, index: int, reader: int) -> bool:
        """Let ``index``, which was not to be executed or is done, go before ``reader``.

        Returns
        -------
        bool
            ``False`` if ``index`` does not come before ``reader``, or was demanded already.

        """
        if index >= reader or self._overtaken.get(-1 - index):
            return False
        self._overtaken[-1 - index] = 1
        self._blockers.setdefault(index, set())
        self._readers.setdefault(index, set()).add(reader)
        self._blockers[reader].add(index)
        if index not in self._open:
            self._open.add(index)
            self._push(index)
        return True

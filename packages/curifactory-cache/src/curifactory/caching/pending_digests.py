"""Digests of large files, computed beside the work that goes on when these are published.

Until then the metadata has ``null`` in place of the digest. What is published may be used all the
time, by its size and time of change; whoever needs the digest waits for it.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from functools import cache
from io import FileIO
from typing import TYPE_CHECKING, Any, cast

from curifactory.caching.digesting import (
    digest_as_described,
    digest_file,
    undigested,
    with_digests,
)
from curifactory.caching.metadata_index import FileState
from curifactory.caching.verifying import check_metadata
from curifactory.paths import write_atomically

if TYPE_CHECKING:
    from curifactory.logs import RunLog
    from curifactory.manager import ArtifactManager

_log = logging.getLogger(__name__)
_MOST = 4
"""So many artifacts of a session wait for their digests before the next one is written."""


class Digestion(threading.Thread):
    """Computes the digests of the large files of one artifact, and records them.

    It reads the very files that were published, whatever lies at their places by then, and changes
    nothing if other metadata does. It ends with its work, and no interpreter ends before it.

    Parameters
    ----------
    path
        Where the metadata is.
    text
        What was published there.
    files
        The large files, open, by their names in the metadata.
    spare
        Where to write metadata that is then renamed.
    exclusive
        Keeps others from publishing.
    note
        Is told what the metadata says in the end.
    log
        The run's.

    """

    def __init__(
        self,
        path: str,
        text: bytes,
        files: Mapping[str, FileIO],
        *,
        spare: str,
        exclusive: Callable[[], AbstractContextManager[None]],
        note: Callable[[FileState, Mapping[str, Any]], object],
        log: "RunLog",
    ) -> None:
        super().__init__(name="curifactory digest", daemon=False)
        self.path = os.path.abspath(path)
        self.given_up = False
        """Set to end it before its work is done."""
        self.after: Digestion | None = None
        """Whose end it waits for: one file is read at a time."""
        self._text, self._files, self._spare = text, files, os.path.abspath(spare)
        self._exclusive, self._note, self._log = exclusive, note, log

    def begin(self) -> None:
        """Start it, or do its work here where no thread can be started any more."""
        _wait_before_forks()
        try:
            self.start()
        except RuntimeError:
            self.run()

    def run(self) -> None:
        """Do its work."""
        if self.after is not None:
            self.after.join()
            self.after = None
        try:
            self._record()
        except OSError as error:
            with self._log:
                _log.warning(
                    "The digest of what was stored cannot be recorded in %r: %s. The artifact is "
                    "complete and is used; its digest is computed again when it is needed.",
                    self.path,
                    error.strerror or error,
                )
        finally:
            for file in self._files.values():
                file.close()

    def _record(self) -> None:
        metadata = json.loads(self._text)
        found = {
            name: digest_as_described(file, metadata["files"][name], lambda: not self.given_up)
            for name, file in self._files.items()
        }
        if None in found.values() or not os.path.exists(self.path):
            return
        metadata = with_digests(metadata, found)
        with self._exclusive():
            if not replace_metadata(self.path, self._text, metadata, self._write):
                return
            state = FileState.of(os.stat(self.path))
        self._note(state, metadata)

    def _write(self, path: str, text: bytes) -> None:
        try:
            with open(self._spare, "wb") as file:
                file.write(text)
            os.replace(self._spare, path)
        except OSError:
            with suppress(OSError):
                os.unlink(self._spare)
            raise


@cache
def _wait_before_forks() -> None:
    """Let this process fork only while nothing is digested: a child has no such threads."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=wait_for_digests)


def wait_for_digests(path: str | None = None) -> None:
    """Wait for what this process computes of the artifact with metadata at ``path``.

    By default for everything.
    """
    absolute = None if path is None else os.path.abspath(path)
    for thread in threading.enumerate():
        if isinstance(thread, Digestion) and absolute in {None, thread.path}:
            thread.join()


class PendingDigests:
    """The digests that a session computes just now."""

    def __init__(self) -> None:
        self._digestions: list[Digestion] = []

    def add(self, digestion: Digestion) -> None:
        """Begin to compute digests."""
        before = self._unfinished()
        digestion.after = before[-1] if before else None
        digestion.begin()
        self._digestions.append(digestion)

    def make_room(self) -> None:
        """Wait as long as too many artifacts wait; to be called where nothing is locked."""
        while len(waiting := self._unfinished()) >= _MOST:
            waiting[0].join()

    def wait(self) -> None:
        """Return when all are computed and recorded."""
        for digestion in self._unfinished():
            digestion.join()

    def _unfinished(self) -> list[Digestion]:
        self._digestions = [each for each in self._digestions if each.is_alive()]
        return self._digestions

    def give_up(self) -> None:
        """Leave the digests to whoever needs them, as an interrupted run does."""
        for digestion in self._digestions:
            digestion.given_up = True


def pending_digests(manager: "ArtifactManager") -> PendingDigests:
    """Return the digests that the session of ``manager`` computes."""
    if manager.pending_digests is None:
        manager.pending_digests = PendingDigests()
    return cast("PendingDigests", manager.pending_digests)


def replace_metadata(
    path: str,
    before: bytes,
    metadata: Mapping[str, Any],
    write: Callable[[str, bytes], None] = write_atomically,
) -> bool:
    """Replace metadata if it still is what it was ``before``, and tell whether it was.

    To be called while nobody else publishes there.
    """
    try:
        with open(path, "rb") as file:
            same = file.read() == before
    except FileNotFoundError:  # removed or set aside
        return False
    if same:
        write(path, json.dumps(metadata, default=str).encode())
    return same


def complete_metadata(
    path: str, exclusive: Callable[[], AbstractContextManager[None]] | None = None
) -> dict[str, Any]:
    """Return the metadata at ``path`` with the digests that it has not, computed from the files.

    Parameters
    ----------
    path
        Where it is.
    exclusive
        Keeps others from publishing there while the digests are recorded, as far as they can be;
        without it they are not.

    Raises
    ------
    OSError
        If metadata or files cannot be read.
    ValueError
        If the metadata is not what is written there.

    """
    with open(path, "rb") as file:
        text = file.read()
    metadata = check_metadata(json.loads(text))
    folder = os.path.dirname(path)
    found = {name: digest_file(folder, name, metadata) for name in undigested(metadata)}
    metadata = with_digests(metadata, found) if found else metadata
    if found and exclusive is not None:
        with suppress(OSError), exclusive():  # a cache that is only read stays as it is
            replace_metadata(path, text, metadata)
    return metadata

"""Artifacts: the named results of stage calls."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from curifactory.causes import Cause
from curifactory.digests import sha256_of
from curifactory.outputs import Deferred, Lazy, OutputSpec
from curifactory.previewing import preview

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.protocols import Cacher, CacherSource

METADATA = "_metadata.json"
"""Suffix of the file with an artifact's metadata."""
_NOT_LOOKED_UP = object()
NOT_IN_MEMORY = object()
"""What stands for a value that is not in memory, since ``None`` is a value."""


def content_of(metadata: "Mapping[str, Any] | None") -> str | None:
    """Return a digest of the content of all files of an artifact, whatever their names begin with.

    An artifact that refers to files stands for these. Where nothing is known of the files it stands
    for the execution that made them, and without that it is ``None``; so it is as long as the
    digest of a file is not known.
    """
    if metadata is None:
        return None
    files, execution = metadata.get("files"), metadata.get("execution")
    parts = list(map(str, (metadata.get("extra") or {}).get("referenced", ())))
    if not parts and files:
        if _is_undigested(metadata):
            return None
        parts = [f"{name} {files[known]['sha256']}" for name, known in _endings(files)]
    if not parts:
        return f"execution {execution}" if execution else None
    return sha256_of("\n".join(parts).encode())[:32]


def _endings(files: "Mapping[str, Any]") -> "list[tuple[str, str]]":
    """Return what the names of ``files`` do not have in common, with the names, sorted."""
    if len(files) == 1:
        return [("", name) for name in files]
    start = len(os.path.commonprefix(list(files)))  # noqa: RUF071 - of characters, as it does
    return [(name[start:], name) for name in sorted(files)]


def _is_undigested(metadata: "Mapping[str, Any] | None") -> bool:
    """Tell whether the digest of a file is still to be computed."""
    files = (metadata or {}).get("files") or {}
    return any(facts["sha256"] is None for facts in files.values())


class Lookup(NamedTuple):
    """What the cache holds for one artifact."""

    hit: bool
    causes: tuple[Cause, ...] = ()
    """Why it is a miss, or what is worth knowing about a hit."""
    metadata: Mapping[str, Any] | None = None
    """The artifact's metadata, where there is any."""
    execution: str | None = None
    """Token of the execution that made it, which all outputs of a call share; unknown if none."""
    content: str | None = None
    """A digest of its content, if that was computed before."""
    metadata_path: str | None = None
    """Where its metadata lies, if that was found out before."""


class Artifact:
    """One output of one stage call: known while mapping, computed or loaded while running.

    It never holds the value, which lives in the state of the records that need it.
    """

    __slots__ = (
        "_cacher",
        "_content",
        "_metadata_path",
        "_preview",
        "_source",
        "_type_name",
        "cached",
        "call",
        "declared",
        "index",
        "name",
        "reported",
    )

    def __init__(
        self, declared: OutputSpec, call: "StageCall", index: int, source: "CacherSource | None"
    ) -> None:
        self.declared = declared
        """The output that it is, as the session's options make it."""
        self.name = declared.name
        self.call = call
        self.index = index
        """Place among the artifacts of the session."""
        self._source = source
        self._cacher: Cacher | None = None
        self._metadata_path: str | None = None
        self.cached = False
        """Whether a complete copy was found in the cache."""
        self.reported: int | None = None
        """How much the stage reported when it was executed, where its metadata says so."""
        self._preview = ""
        self._type_name = ""
        self._content: Any = _NOT_LOOKED_UP

    @property
    def is_stored(self) -> bool:
        """Whether it has a cacher."""
        return self._source is not None

    @property
    def cacher(self) -> "Cacher | None":
        """Stores and loads the value; ``None`` for one that only lives in memory."""
        if self._cacher is None:
            prototype = self.prototype
            if prototype is not None:
                self._cacher = prototype.bound_to(self.call, self.name)
        return self._cacher

    @property
    def prototype(self) -> "Cacher | None":
        """What its cacher is a copy of; ``None`` without one."""
        return self._source() if isinstance(self._source, type) else self._source

    def hand_on(self, call: "StageCall", index: int) -> None:
        """Be an output of ``call``, in whose name it is stored from now on."""
        self.call, self.index = call, index
        self._cacher = None  # it speaks for the call before

    def release_cacher(self, *, keep_path: bool = False) -> None:
        """Give up the cacher, with what it has read; it is made again when it is needed."""
        if keep_path and self._metadata_path is None and self._cacher is not None:
            self._metadata_path = self._cacher.get_path(METADATA)
        self._cacher = None

    @property
    def path(self) -> str | None:
        """Path in the cache; ``None`` without a cacher."""
        return None if self.cacher is None else self.cacher.get_path()

    @property
    def metadata_path(self) -> str | None:
        """Path of the metadata in the cache; ``None`` without a cacher."""
        if self._metadata_path is None and self.is_stored:
            self._metadata_path = cast("Cacher", self.cacher).get_path(METADATA)
        return self._metadata_path

    def describe(self, value: Any) -> None:
        """Note the type and a short preview of ``value``, which will not stay in memory."""
        self._type_name, self._preview = type(value).__qualname__, preview(value)

    @property
    def preview(self) -> str:
        """A few characters of the value; empty if this run never had it in memory."""
        self._look()
        return self._preview

    @property
    def type_name(self) -> str:
        """Name of the value's class; empty if this run never had it in memory."""
        self._look()
        return self._type_name

    def _look(self) -> None:
        if not self._type_name:
            value = self.in_memory()
            if value is not NOT_IN_MEMORY:
                self.describe(value)

    def found(self, there: "Lookup") -> None:
        """Note that the cache has the artifact, and what its metadata shows of it."""
        metadata, content = there.metadata, there.content
        self.cached = True
        self._metadata_path = there.metadata_path or self.metadata_path
        if metadata is not None:
            self._preview = str(metadata.get("preview") or "")
            self.reported = metadata.get("reported")
        if content is None:
            content = content_of(metadata)
        later = content is None and _is_undigested(metadata)
        self._content = _NOT_LOOKED_UP if later else content

    def recall(self, known: "Artifact") -> None:
        """Take over what is known of the same artifact in the map."""
        self.cached, self._preview = known.cached, known._preview
        self._metadata_path, self.reported = known._metadata_path, known.reported
        if known.cached:
            self._content = known._content

    @property
    def content(self) -> str | None:
        """A digest of what the cache holds; ``None`` if it holds nothing, or does not say."""
        if self._content is _NOT_LOOKED_UP:
            self._content = self._look_content_up()
        return None if self._content is None else str(self._content)

    def _look_content_up(self) -> str | None:
        found = None if self.cacher is None else self.cacher.look_up()
        if self.cacher is None or found is None or not found.hit:
            return None
        content = content_of(found.metadata)
        if content is None and _is_undigested(found.metadata):
            content = content_of(self.cacher.digested_metadata())
        return content

    def renewed(self, content: str | None = None) -> None:
        """Note that it was computed again: what the cache holds is no longer what it was.

        ``content`` stands for a value that is not stored.
        """
        self._content = _NOT_LOOKED_UP if content is None else content

    def take_over(self, known: "Artifact") -> None:
        """Take over what is known of the same artifact, which another process has made."""
        self.recall(known)
        self._type_name, self._content = known._type_name, known._content

    def described(self, type_name: str, preview: str) -> None:
        """Note what another process, which has the value, says of it."""
        self._type_name, self._preview = type_name, preview

    def in_memory(self) -> Any:
        """Return the value if the record that made it holds it, or else ``NOT_IN_MEMORY``."""
        state = self.call.record.state
        if state.artifacts.get(self.name) is not self:
            return NOT_IN_MEMORY
        value = state.held(self.name)
        return NOT_IN_MEMORY if isinstance(value, Lazy | Deferred) else value

    def fetch(self) -> Any:
        """Return the value: from the cache, or computed again where the cache has none."""
        return self.call.record.manager.fetch(self)

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} of {self.call!r}>"

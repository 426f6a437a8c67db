"""What a user says that a stage depends on, besides what is found."""

import os
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from curifactory.closure.normalising import digest
from curifactory.digests import sha256_of

if TYPE_CHECKING:
    from curifactory.calls import StageSpec


def stage_key(spec: "StageSpec") -> str:
    """Return the name of a stage's function with its module."""
    function = spec.function
    return f"{function.__module__}.{getattr(function, '__qualname__', spec.name)}"


def declared_parts(declared: Sequence[Any], root: str) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each function, class, module and file in ``declared``.

    A module stands for all that is in it, a folder for its files. For a file the value is a digest
    of its content; relative paths start in the project's folder, ``root``.
    """
    for each in declared:
        if isinstance(each, str | os.PathLike):
            path = os.fspath(each)
            yield path, _content(os.path.join(root, path))
        elif isinstance(each, ModuleType):
            for name, value in vars(each).items():
                if not (name.startswith("__") or isinstance(value, ModuleType)):
                    yield f"{each.__name__}.{name}", value
        else:
            yield f"{each.__module__}.{each.__qualname__}", each


def _content(path: str) -> str:
    if not os.path.isdir(path):
        return _file_digest(path)
    files = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    return digest(
        "\n".join(f"{os.path.relpath(file, path)} {_file_digest(file)}" for file in sorted(files))
    )


def _file_digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return sha256_of(file.read())
    except OSError as error:
        return f"missing: {type(error).__name__}"

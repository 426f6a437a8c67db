"""The lines of ``.gitignore`` for what curifactory writes."""

import posixpath
from collections.abc import Sequence

from curifactory.config import Configuration

HEADING = "# curifactory paths"


def ignored_lines(configuration: Configuration) -> list[str]:
    """Return the lines for the paths of a project, those outside its folder left out.

    The style sheet of the reports is kept: it may be somebody's own.
    """
    lines = ["__pycache__/"]
    notebooks = f"{configuration.notebooks_path.rstrip('/')}/experiments"
    paths = [
        configuration.manager_cache_path,
        configuration.cache_path,
        configuration.runs_path,
        configuration.logs_path,
        notebooks,
    ]
    for path in map(_inside, paths):
        if path is not None and not any(_covers(line, path) for line in lines):
            lines.append(f"/{path}/")
    reports = _inside(configuration.reports_path)
    if reports is not None:
        lines.append(f"/{reports}/*")
        style = _inside(configuration.report_css_path)
        if style is not None and posixpath.dirname(style) == reports:
            lines.append(f"!/{style}")
    return lines


def _covers(line: str, path: str) -> bool:
    return f"/{path}/".startswith(line) and line.startswith("/")


def _inside(path: str) -> str | None:
    """Return ``path`` in git's words, ``None`` if it lies outside or is the project itself."""
    path = posixpath.normpath(path.replace("\\", "/"))
    outside = path.startswith(("/", "../")) or path in {".", ".."} or path[1:2] == ":"
    return None if outside else path


def with_ignored(text: str, lines: Sequence[str]) -> str:
    """Return ``text``, the content of a ``.gitignore``, with all ``lines`` in it, each once.

    They form a block under :data:`HEADING`, with an empty line before it. Doing it again changes
    nothing.
    """
    present = {line.strip() for line in text.splitlines()}
    missing = [line for line in lines if line not in present]
    if not missing:
        return text
    if HEADING not in present:
        gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
        return "\n".join([f"{text}{gap}{HEADING}", *missing, ""])
    kept = text.splitlines()
    end = next(number for number, line in enumerate(kept) if line.strip() == HEADING) + 1
    while end < len(kept) and kept[end].strip():
        end += 1
    return "\n".join([*kept[:end], *missing, *kept[end:], ""])

"""The index of all reports."""

import logging
import os
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from curifactory.paths import write_atomically
from curifactory.reporting.index_rows import Row, Rows, Seen
from curifactory.reporting.templating import digest_for_policy, render

_log = logging.getLogger(__name__)
_MOST_ATTEMPTS = 5


def update_report_index(reports_path: str, css_path: str) -> str:
    """Write ``index.html`` and ``style.css`` into ``reports_path`` and return the page's path.

    Every folder with a ``run_info.json`` is a run; one whose file cannot be read is listed as
    such, and one without it as an informal run.

    Parameters
    ----------
    reports_path
        Folder with the reports.
    css_path
        Style sheet to copy; the packaged one is used where there is none.

    """
    _log.info("Updating report index...")
    os.makedirs(reports_path, exist_ok=True)
    path = os.path.join(reports_path, "index.html")
    write_atomically(os.path.join(reports_path, "style.css"), read_style(css_path).encode())
    rows = Rows(reports_path)
    for _ in range(_MOST_ATTEMPTS):
        state = _read_state(reports_path)
        page, labeled, informal = _render_index(reports_path, rows, state)
        write_atomically(path, page)
        # A run that ended meanwhile may have written its index before this one.
        if _read_state(reports_path) == state:
            break
    rows.keep(state)
    _log.info("%s labeled reports found", labeled)
    _log.info("%s informal runs found", informal)
    return path


def _read_state(reports_path: str) -> dict[str, Seen]:
    """Return the folders of reports, and what their facts are in."""
    state = {}
    for entry in os.scandir(reports_path):
        name = entry.name
        if name == "_latest" or name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            continue
        try:
            status = os.stat(f"{entry.path}/run_info.json")
            state[name] = status.st_ino, status.st_size, status.st_mtime_ns
        except OSError:
            state[name] = 0, 0, 0
    return state


def _render_index(
    reports_path: str, known: Rows, state: Mapping[str, Seen]
) -> tuple[bytes, int, int]:
    """Return the page, and how many reports and informal runs it lists."""
    rows, unreadable, informal = _sort_out(known, state)
    experiments: dict[str, list[Row]] = {}
    for row in rows:
        experiments.setdefault(row.experiment_name, []).append(row)
    templates = files("curifactory.reporting") / "templates"
    scripts = [(templates / name).read_text("utf-8") for name in ("index.js", "compare.js")]
    page = render(
        "index.html",
        scripts=scripts,
        script_digests=[digest_for_policy(script) for script in scripts],
        statuses=list(dict.fromkeys(row.status for row in rows)),
        runs=rows,
        experiments=dict(sorted(experiments.items())),
        unreadable=unreadable,
        informal=informal,
        has_latest=os.path.exists(os.path.join(reports_path, "_latest", "index.html")),
    )
    return page.encode("utf-8", "replace"), len(rows) + len(unreadable), len(informal)


def _sort_out(known: Rows, state: Mapping[str, Seen]) -> tuple[list[Row], list[str], list[str]]:
    """Return the runs, newest first, and the names of unreadable and of informal folders."""
    rows: list[Row] = []
    unreadable: list[str] = []
    informal: list[str] = []
    for name, seen in sorted(state.items()):
        try:
            rows.append(known.row(name, seen))
        except FileNotFoundError:
            informal.append(name)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            unreadable.append(name)
    rows.sort(key=lambda row: (row.started, row.run_number), reverse=True)
    return rows, unreadable, informal


def read_style(css_path: str) -> str:
    """Return the project's style sheet, or the packaged one where nobody wrote one.

    The packaged one begins with a digest of itself, so that a copy of an earlier version that
    nobody has edited is told from a style sheet of somebody's own, and replaced.
    """
    if os.path.isfile(css_path):
        with open(css_path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        first, _, rest = text.partition("\n")
        if first != _first_line(rest):
            return text
    packaged = (files("curifactory.reporting") / "templates" / "style.css").read_text("utf-8")
    return f"{_first_line(packaged)}\n{packaged}"


def _first_line(style: str) -> str:
    digest = sha256(style.encode()).hexdigest()[:16]
    return f"/* The default style, {digest}. Edit it, and the copy stays yours. */"

"""The index of all reports."""

import json
import logging
import os
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from curifactory.paths import write_atomically
from curifactory.reporting.templating import digest_for_policy, render
from curifactory.run import TIMESTAMP_FORMAT

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
    for _ in range(_MOST_ATTEMPTS):
        state = _read_state(reports_path)
        page, labeled, informal = _render_index(reports_path, [name for name, _ in state])
        write_atomically(path, page)
        # A run that ended meanwhile may have written its index before this one.
        if _read_state(reports_path) == state:
            break
    _log.info("%s labeled reports found", labeled)
    _log.info("%s informal runs found", informal)
    return path


def _read_state(reports_path: str) -> list[tuple[str, int]]:
    """Return the folders of reports by name, each with the time its facts were written, or 0."""
    state = []
    for entry in os.scandir(reports_path):
        hidden = entry.name == "_latest" or entry.name.startswith(".")
        if hidden or not entry.is_dir() or entry.is_symlink():
            continue
        try:
            written = os.stat(os.path.join(entry.path, "run_info.json")).st_mtime_ns
        except OSError:
            written = 0
        state.append((entry.name, written))
    return sorted(state)


def _render_index(reports_path: str, folders: list[str]) -> tuple[bytes, int, int]:
    """Return the page, and how many reports and informal runs it lists."""
    runs, unreadable, informal = _read_runs(reports_path, folders)
    for place, run in enumerate(runs):
        run["place"] = place
    experiments: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        experiments.setdefault(str(run["experiment_name"]), []).append(run)
    templates = files("curifactory.reporting") / "templates"
    scripts = [(templates / name).read_text("utf-8") for name in ("index.js", "compare.js")]
    page = render(
        "index.html",
        scripts=scripts,
        script_digests=[digest_for_policy(script) for script in scripts],
        statuses=list(dict.fromkeys(run["status"] for run in runs)),
        runs=runs,
        experiments=dict(sorted(experiments.items())),
        unreadable=unreadable,
        informal=informal,
        has_latest=os.path.exists(os.path.join(reports_path, "_latest", "index.html")),
    )
    return page.encode("utf-8", "replace"), len(runs) + len(unreadable), len(informal)


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


def _read_runs(
    reports_path: str, folders: list[str]
) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Return the runs, newest first, and the names of unreadable and of informal folders."""
    runs: list[dict[str, Any]] = []
    unreadable: list[str] = []
    informal: list[str] = []
    for name in folders:
        try:
            with open(os.path.join(reports_path, name, "run_info.json"), encoding="utf-8") as file:
                runs.append(_summarise(json.load(file), name))
        except FileNotFoundError:
            informal.append(name)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            unreadable.append(name)
    runs.sort(key=lambda run: (run["started"], run["run_number"]), reverse=True)
    return runs, unreadable, informal


def _summarise(info: dict[str, Any], folder: str) -> dict[str, Any]:
    started = datetime.strptime(info["timestamp"], TIMESTAMP_FORMAT)
    notes = str(info.get("notes") or "").strip().splitlines()
    return {
        "folder": folder,
        "reference": str(info["reference"]),
        "experiment_name": str(info["experiment_name"]),
        "run_number": int(info["run_number"]),
        "started": started.isoformat(sep=" "),
        "status": str(info["status"]),
        "error": info.get("error"),
        "dirty": bool(info.get("workdir_dirty")),
        "full_store": bool(info.get("full_store")),
        "from_store": _reads_a_store(str(info.get("cli", ""))),
        "hostname": str(info.get("hostname", "")),
        "cli": str(info.get("cli", "")),
        "notes": notes[0] if notes else "",
        "description": str(info.get("description") or ""),
        "files": [
            (str(file), ", ".join(str(pair[0]) for pair in pairs))
            for file, pairs in (info.get("params") or {}).items()
        ],
    }


def _reads_a_store(command: str) -> bool:
    """Tell whether ``command`` takes all from a cache that it leaves as it is."""
    words = [word.partition("=")[0] for word in command.split()]
    return "--dry-cache" in words and not {"-c", "--cache"}.isdisjoint(words)

"""Writing the report of a run, and the index of all reports."""

import json
import logging
import os
import re
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from curifactory.discovery import describe_experiment
from curifactory.paths import report_folder_name, write_atomically
from curifactory.reporting.compare_page import render_compare_page
from curifactory.reporting.embedding import embed_all
from curifactory.reporting.index_page import read_style, update_report_index
from curifactory.reporting.run_page import MOST_GRAPHS, render_page
from curifactory.reporting.shown import show_reportables
from curifactory.reporting.stage_map import draw_map, map_to_dot

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_log = logging.getLogger(__name__)
_LATEST = "_latest"
_LEFTOVER = re.compile(r"\.(?P<name>.+?)\.\d+(?P<moved>\.old-\d+)?")
_MINUTE = 60.0
_DAY = 86_400.0
_MOST_EARLIER = 3


class ReportExporter:
    """Writes a run's report as one folder that opens without a server or a network."""

    def export(self, manager: "ArtifactManager") -> str:
        """Write the run's report and the index, and return the path of the report's page.

        The folder ``<reports_path>/<reference>`` holds ``index.html``, ``run_info.json``,
        ``compare.html`` for the index, ``style.css``, ``map.svg``, ``log.txt`` if there is a log,
        the map for Graphviz in ``graphs``, and the files of the reportables in ``reportables``. It
        is built beside its place and renamed, so that a crash leaves an earlier report as it was.
        ``_latest`` then points to it.
        """
        reports = manager.reports_path
        _log.info("Generating report...")
        os.makedirs(reports, exist_ok=True)
        _tidy(reports)
        name = report_folder_name(manager.get_reference_name())
        folder = os.path.join(reports, name)
        _log.info("Preparing report path %r...", folder)
        building = os.path.join(reports, f".{name}.{os.getpid()}")
        shutil.rmtree(building, ignore_errors=True)
        os.makedirs(os.path.join(building, "reportables"))
        try:
            _write(manager, building)
            _swap(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        _point_to(reports, name)
        self.update_index(reports, manager.report_css_path)
        return os.path.join(folder, "index.html")

    def export_single_file(self, page: str, path: str) -> None:
        """Write the report of ``page`` into one HTML file that needs nothing else.

        Parameters
        ----------
        page
            What :meth:`export` returned.
        path
            The file to write; folders on the way are made.

        """
        folder = os.path.dirname(page)
        with open(page, encoding="utf-8") as file:
            whole = embed_all(file.read(), folder)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write_atomically(path, whole.encode())

    def update_index(self, reports_path: str, css_path: str) -> str:
        """Rebuild the index from the folders in ``reports_path`` and return its path."""
        return update_report_index(reports_path, css_path)


def _write(manager: "ArtifactManager", folder: str) -> None:
    """Write everything of the report into ``folder``."""
    earlier = _earlier_drawings(manager)
    shown = show_reportables(manager.reportables, os.path.join(folder, "reportables"), earlier)
    stage_map = draw_map(manager.records)
    log = _copy_log(manager, folder)
    _write_graphs(manager, os.path.join(folder, "graphs"))
    info = json.dumps(_facts(manager), indent=4, default=str)
    page = render_page(manager, shown, stage_map, has_log=log)
    for name, text in (
        ("run_info.json", info),
        ("map.svg", stage_map),
        ("style.css", read_style(manager.report_css_path)),
        ("compare.html", render_compare_page(manager, shown)),
        ("index.html", page),
    ):
        write_atomically(os.path.join(folder, name), text.encode("utf-8", "replace"))


def _facts(manager: "ArtifactManager") -> dict[str, Any]:
    """Return what the index of all reports reads of the run."""
    description = describe_experiment(manager.config, str(manager.experiment_name))
    return manager.run_info | ({"description": description} if description else {})


def _write_graphs(manager: "ArtifactManager", folder: str) -> None:
    """Write the map for Graphviz: whole, and record by record where they are not too many."""
    os.mkdir(folder)
    texts = {"full.gv": map_to_dot(manager.records)}
    if len(manager.records) <= MOST_GRAPHS:
        for index, record in enumerate(manager.records):
            texts[f"record_{index}.gv"] = map_to_dot([record], folded=False)
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", errors="replace") as file:
            file.write(text)


def _earlier_drawings(manager: "ArtifactManager") -> list[str]:
    """Return the folders of reportables of the experiment's newest reports, newest first."""
    reports = manager.reports_path
    start = report_folder_name(f"{manager.experiment_name}_")
    found = []
    for entry in os.scandir(reports):
        if entry.name.startswith(start) and entry.is_dir():
            with suppress(OSError):  # somebody else replaces it
                found.append((entry.stat().st_mtime, os.path.join(entry.path, "reportables")))
    return [path for _, path in sorted(found, reverse=True)[:_MOST_EARLIER]]


def _tidy(reports: str) -> None:
    """Put back the reports that a killed process had moved aside, and remove what it built."""
    for entry in list(os.scandir(reports)):
        found = _LEFTOVER.fullmatch(entry.name)
        if found is None or not os.path.isdir(os.path.join(entry.path, "reportables")):
            continue
        with suppress(OSError):  # somebody else is tidying up as well
            age = time.time() - entry.stat().st_ctime  # renaming counts, unlike for st_mtime
            folder = os.path.join(reports, found["name"])
            if found["moved"] and age > _MINUTE and not os.path.exists(folder):
                os.rename(entry.path, folder)
            elif age > _DAY:
                shutil.rmtree(entry.path)


def _copy_log(manager: "ArtifactManager", folder: str) -> bool:
    if manager.log_path is None or not os.path.isfile(manager.log_path):
        return False
    shutil.copyfile(manager.log_path, os.path.join(folder, "log.txt"))
    return True


def _swap(building: str, folder: str) -> None:
    """Put ``building`` in the place of ``folder``."""
    old = f"{building}.old-{time.time_ns()}"
    if os.path.isdir(folder):
        os.rename(folder, old)
    try:
        os.rename(building, folder)
    except BaseException:
        if os.path.isdir(old):
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _point_to(reports: str, name: str) -> None:
    """Let ``_latest`` lead to the report ``name``: a link, or a page where links cannot be made."""
    latest = os.path.join(reports, _LATEST)
    temporary = os.path.join(reports, f".{_LATEST}.{os.getpid()}")
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # left by a process of the same number that was killed
    try:
        os.symlink(name, temporary, target_is_directory=True)
    except (OSError, NotImplementedError):
        if os.path.islink(latest):  # else the page would go into the report it leads to
            os.unlink(latest)
        os.makedirs(latest, exist_ok=True)
        target = f"../{quote(name)}/index.html"
        page = f'<!doctype html><meta http-equiv="refresh" content="0; url={target}">'
        write_atomically(os.path.join(latest, "index.html"), page.encode())
        return
    if os.path.isdir(latest) and not os.path.islink(latest):
        shutil.rmtree(latest)
    os.replace(temporary, latest)

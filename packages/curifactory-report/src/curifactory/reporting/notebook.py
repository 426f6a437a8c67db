"""A notebook that loads the results of a run: ``--notebook``."""

import os
import textwrap
from typing import TYPE_CHECKING, Any

from curifactory.exceptions import BadInputError, MissingPartError
from curifactory.paths import safe_component, write_atomically

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.options import RunOptions

_MOST_RECORDS = 100
"""Records with a cell of their own; a notebook of thousands of cells is of no use."""


class NotebookExporter:
    """Writes the notebook of a run, ``<notebooks_path>/experiments/<reference>.ipynb``.

    Raises
    ------
    MissingPartError
        When it is made, without nbformat.

    """

    def __init__(self) -> None:
        try:
            import nbformat  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise MissingPartError(
                "notebooks are written with nbformat. "
                "Run 'pip install curifactory-report[notebook]'."
            ) from error

    def export(self, manager: "ArtifactManager") -> str:
        """Write the notebook of the run and return its path."""
        name = f"{safe_component(manager.get_reference_name())}.ipynb"
        path = os.path.join(manager.notebooks_path, "experiments", name)
        return _write(manager, path, _way_back(manager, path), errored=manager.status == "error")

    def export_beside(
        self, manager: "ArtifactManager", path: str, back: str, artifacts: str
    ) -> None:
        """Write the notebook to ``path``, to be moved with the artifacts and the project.

        ``back`` is the project's folder from the notebook's, ``artifacts`` the folder to load from
        as seen from the project's.
        """
        _write(
            manager,
            path,
            back,
            use_global_cache=False,
            artifacts=artifacts,
            errored=manager.status == "error",
        )


def write_experiment_notebook(
    manager: "ArtifactManager",
    path: str,
    directory_change_back_depth: int = 2,
    use_global_cache: bool | None = None,
    errored: bool = False,
    suppress_global_warning: bool = False,
    leave_script: bool = False,
) -> str:
    """Write a notebook that loads the results of a run.

    It runs the experiment again with the same parameters and cache, without writing anything, so
    that everything that was stored is there to look at. What was not stored is computed in memory.

    Parameters
    ----------
    manager
        The session of the run.
    path
        Where to write it; ``.ipynb`` is added where it is missing.
    directory_change_back_depth
        How many folders the project's folder is above that of the notebook.
    use_global_cache
        Load from the project's cache, or with ``False`` from the run's full store. By default the
        full store, if the run has one.
    errored
        Say that the run failed.
    suppress_global_warning
        Do not say that later runs may replace what is in the project's cache.
    leave_script
        Write the code as a ``.py`` file beside it too.

    Returns
    -------
    str
        Path of the notebook.

    Raises
    ------
    BadInputError
        If the session ran no experiment, or has no full store although that is asked for.

    """
    back = "/".join([".."] * directory_change_back_depth) or "."
    return _write(
        manager,
        path if path.endswith(".ipynb") else f"{path}.ipynb",
        back,
        use_global_cache=use_global_cache,
        errored=errored,
        suppress_global_warning=suppress_global_warning,
        leave_script=leave_script,
    )


def _write(
    manager: "ArtifactManager",
    path: str,
    back: str,
    *,
    use_global_cache: bool | None = None,
    artifacts: str | None = None,
    errored: bool,
    suppress_global_warning: bool = False,
    leave_script: bool = False,
) -> str:
    options = manager.run.options
    if options is None:
        raise BadInputError(
            "only a run of an experiment can be loaded again by a notebook, and this is a live "
            "session. Move its code into an experiment file and run that."
        )
    if use_global_cache is None:
        use_global_cache = not manager.run.full_store
    if not (use_global_cache or manager.run.full_store):
        raise BadInputError(
            f"run {manager.get_reference_name()} has no full store to load from. Run the "
            "experiment with --store-full, or load from the project's cache."
        )
    texts = [_summary(manager), *_failure(manager, errored=errored)]
    if use_global_cache and not suppress_global_warning:
        texts.append(_COMMON_CACHE)
    if artifacts is None:
        stored = manager.get_run_output_path("artifacts")
        artifacts = _portable(manager, manager.cache_path if use_global_cache else stored)
    code = [f"%cd {back}", _loading(options, artifacts), *_records(manager)]
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    write_atomically(path, _as_notebook("\n\n".join(texts), code).encode())
    if leave_script:
        script = "\n\n".join(code).replace("%cd", "# %cd", 1)
        write_atomically(f"{path.removesuffix('.ipynb')}.py", f"{script}\n".encode())
    return path


_COMMON_CACHE = (
    "> **From the project's cache.** Runs with the same parameters may have replaced these "
    "results since. `--store-full` keeps those of a run."
)


def _as_notebook(text: str, code: list[str]) -> str:
    from nbformat import v4, writes

    cells = [v4.new_markdown_cell(text), *map(v4.new_code_cell, code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return str(writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})))


def _summary(manager: "ArtifactManager") -> str:
    info = manager.run_info
    dirty = " with changes" if info["workdir_dirty"] else ""
    facts = {
        "experiment": info["experiment_name"],
        "run": info["run_number"],
        "status": info["status"],
        "started": info["timestamp"],
        "commit": f"{info['commit']}{dirty}",
        "host": info["hostname"],
        "command": info["cli"],
    }
    rows = [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
    sets = [
        f"| {_cell(name)} | {_cell(file)} | {_cell(hash_)} |"
        for file, pairs in info["params"].items()
        for name, hash_ in pairs[:_MOST_RECORDS]
    ]
    parts = [f"# {info['reference']}", "\n".join(["| | |", "|---|---|", *rows])]
    if info["notes"]:
        parts.append(textwrap.indent(str(info["notes"]), "    "))
    parts.append("\n".join(["| parameter set | file | hash |", "|---|---|---|", *sets]))
    return "\n\n".join(parts)


def _cell(value: object) -> str:
    """Return ``value`` as code in a table, whatever it holds."""
    text = " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")
    return f"`{text}`" if text else ""


def _failure(manager: "ArtifactManager", *, errored: bool) -> list[str]:
    if not errored:
        return []
    error = _cell(manager.run_info.get("error", "unknown"))
    return [
        f"> **The run failed:** {error}. Running this notebook computes what the failed run did "
        "not store, and may fail at the same place; what was stored before is there all the same."
    ]


def _loading(options: "RunOptions", artifacts: str) -> str:
    """Return the code that runs the experiment again without writing anything."""
    arguments: dict[str, Any] = {
        "param_set_names": list(options.names),
        "param_set_indices": list(options.indices),
        "global_param_set_indices": list(options.global_indices),
        "prefix": options.prefix,
        "lazy": options.lazy,
        "ignore_lazy": options.ignore_lazy,
        "no_dag": not options.dag,
    }
    given = [f"    {name}={value!r}," for name, value in arguments.items() if value]
    return "\n".join(
        [
            "from curifactory import ArtifactManager",
            "from curifactory.config import OnStale",
            "from curifactory.experiment import run_experiment",
            "",
            "manager = ArtifactManager(",
            f"    {options.experiment!r}, dry=True, cache_path={artifacts!r}",
            ")  # dry: nothing is written",
            "manager.on_stale = OnStale.WARN  # load what is stored, and say what is out of date",
            "results, manager = run_experiment(",
            f"    {options.experiment!r},",
            f"    {list(options.param_files)!r},",
            "    mngr=manager,",
            "    dry=True,",
            "    report=False,",
            *given,
            ")",
            "if manager.error:",
            '    print("failed:", manager.error)',
        ]
    )


def _records(manager: "ArtifactManager") -> list[str]:
    """Return a cell for each record, with names for it and its state."""
    shown = manager.records[:_MOST_RECORDS]
    cells = [_record_cell(number) for number in range(len(shown))]
    left = len(manager.records) - len(shown)
    if left:
        cells.append(f"# {left} more records are in manager.records\nlen(manager.records)")
    return cells


def _record_cell(number: int) -> str:
    return "\n".join(
        [
            f"record_{number} = manager.records[{number}]",
            f"state_{number} = record_{number}.state",
            f'print(record_{number}.params.name if record_{number}.params else "no parameters")',
            f'print("stages:", *record_{number}.stages)',
            f'print("state: ", *state_{number})',
        ]
    )


def _portable(manager: "ArtifactManager", path: str) -> str:
    """Return ``path`` from the project's folder if it lies in it, so that both can be moved."""
    root = os.path.realpath(manager.config.root)
    full = os.path.realpath(path)
    if os.path.commonpath([root, full]) == root:
        return os.path.relpath(full, root).replace(os.sep, "/")
    return full


def _way_back(manager: "ArtifactManager", path: str) -> str:
    """Return the project's folder from that of the notebook."""
    folder = os.path.realpath(os.path.dirname(path))
    return os.path.relpath(os.path.realpath(manager.config.root), folder).replace(os.sep, "/")

"""The page that lists the files of a run, for browsers that look into its image."""

import os
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem }}
body {{ margin: 2rem auto; padding: 0 1rem }}
td {{ padding: 0.1rem 1.5rem 0.1rem 0 }}
td + td {{ text-align: right; color: #666; white-space: nowrap }}
</style>
</head>
<body>
<h1>{title}</h1>
{report}<h2>Files</h2>
<table>
{rows}
</table>
</body>
</html>
"""


def write_files_page(folder: str, title: str) -> None:
    """Write ``index.html``, with links to the report and to every file below ``folder``."""
    report = '<p><a href="report/">Report of the run</a></p>\n'
    text = _PAGE.format(
        title=escape(title),
        report=report if os.path.isfile(os.path.join(folder, "report", "index.html")) else "",
        rows="\n".join(_rows(folder)),
    )
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as file:
        file.write(text)


def _rows(folder: str) -> Iterator[str]:
    for path in sorted(_files(folder)):
        size = os.path.getsize(os.path.join(folder, path))
        name = path.replace(os.sep, "/")
        yield (
            f'<tr><td><a href="{quote(name)}">{escape(name)}</a></td><td>{size:,} bytes</td></tr>'
        )


def _files(folder: str) -> Iterator[str]:
    """Yield the files that are served, by their paths; those of the report are on its own page."""
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if above == folder and "report" in folders:
            folders.remove("report")
        for name in names:
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(above, name), folder)

"""Putting the files that a page refers to into the page itself."""

import base64
import html
import mimetypes
import os
import re
from urllib.parse import unquote

from curifactory.reporting.shown import DISPLAY_FOLDER

_REFERENCE = re.compile(
    rf"""\b(?P<attribute>src|href|poster|data)=(?P<quote>["'])(?P<path>{DISPLAY_FOLDER}/[^"'<>]*)"""
    r"(?P=quote)"
)
_STYLE = '<link rel="stylesheet" href="style.css">'
_CRUMBS = '<nav class="crumbs"><a href="../index.html">All reports</a></nav>\n'
_LOG = '<a href="log.txt">'


def embed_files(page: str, folder: str) -> str:
    """Return ``page`` with the files of reportables in ``folder`` as ``data:`` addresses.

    What is not there, or lies elsewhere, is left as it is.
    """

    def replace(match: re.Match[str]) -> str:
        name = unquote(html.unescape(match["path"])).removeprefix(f"{DISPLAY_FOLDER}/")
        path = os.path.join(folder, DISPLAY_FOLDER, name)
        inside = os.path.realpath(os.path.join(folder, DISPLAY_FOLDER))
        if not os.path.realpath(path).startswith(inside + os.sep) or not os.path.isfile(path):
            return match[0]
        address = _data_address(path)
        download = f' download="{html.escape(name)}"' if match["attribute"] == "href" else ""
        return f'{match["attribute"]}="{address}"{download}'

    return _REFERENCE.sub(replace, page)


def embed_all(page: str, folder: str) -> str:
    """Return a report's page as one file: with its style, its log and its reportables' files."""
    with open(os.path.join(folder, "style.css"), encoding="utf-8") as file:
        style = file.read().replace("</", "<\\/")
    page = page.replace(_STYLE, f"<style>\n{style}\n</style>", 1)
    log = os.path.join(folder, "log.txt")
    if os.path.isfile(log):
        page = page.replace(_LOG, f'<a href="{_data_address(log)}" download="log.txt">', 1)
    page = page.replace(
        '<nav class="crumbs"><a href="../index.html">All reports</a></nav>\n', "", 1
    )
    return embed_files(page, folder)


def _data_address(path: str) -> str:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    with open(path, "rb") as file:
        return f"data:{kind};base64,{base64.b64encode(file.read()).decode('ascii')}"

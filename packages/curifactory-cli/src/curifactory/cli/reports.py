"""``experiment reports``: show the reports in a browser, or write their index again."""

import argparse
import errno
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.cli.terminal import Terminal, warn
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.plugins import EXPORTERS, require

if TYPE_CHECKING:
    from curifactory.cli.reports_server import ReportsServer


class ServeReports(NamedTuple):
    """Serve the folder of reports, or only bring its index up to date."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 for any free one."""
    update: bool = False
    allow_hosts: tuple[str, ...] = ()
    """Names by which browsers may call the server, besides those it knows itself."""
    folder: str | None = None
    """The folder to serve, ``None`` for the project's reports."""


_EXAMPLES = """\
examples:
  experiment reports                at http://127.0.0.1:8080/, for this machine
  experiment reports --port 6789    at another port
  experiment reports --host 0.0.0.0
                                    for everyone who can reach this machine
  experiment reports --update       only write the index of all reports again
"""


def add_arguments(parser: Parser) -> None:
    """Declare where to serve, and to write the index."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--port", type=_port, help="port to serve at (default: 8080)")
    parser.add_argument(
        "--host", help="address to accept connections at (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--allow-host",
        dest="allow_hosts",
        metavar="NAME",
        action="append",
        help="also answer browsers that call this machine by NAME; may be repeated",
    )
    parser.add_argument(
        "--folder",
        metavar="DIR",
        help="serve this folder, which has an index.html, instead of the project's reports",
    )
    parser.add_argument(
        "--update", action="store_true", help="only write the index of all reports again"
    )


def _port(value: str) -> int:
    if not re.fullmatch(r"[0-9]+", value) or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not a port; give a number from 0 to 65535")
    return int(value)


def perform(given: dict[str, Any], context: Context) -> int:
    """Serve the folder of reports until Ctrl-C, or write its index again."""
    return show_reports(ServeReports(**given), context.configuration, context.out, context.err)


class IndexWriter(Protocol):
    """What writes the index of all reports."""

    def update_index(self, reports_path: str, css_path: str) -> str:
        """Write the index of the reports in ``reports_path`` and return its path."""


def show_reports(
    request: ServeReports, configuration: Configuration, out: Terminal, err: Terminal
) -> int:
    """Serve the folder of reports until Ctrl-C, or write its index again.

    Raises
    ------
    BadInputError
        If there is nothing to show, or the address cannot be listened at.

    """
    folder = request.folder or configuration.reports_path
    if not os.path.isdir(folder):
        raise BadInputError(
            f"there is no folder {folder!r} with reports; run an experiment here first, or change "
            "to the project's folder."
        )
    if request.update:
        out.line(f"index: {_index_writer().update_index(folder, configuration.report_css_path)}")
        return ExitCode.COMPLETE
    from curifactory.cli.reports_server import INDEX  # with Python's server, slow to import

    if not os.path.isfile(os.path.join(folder, INDEX)):
        raise BadInputError(
            f"there is no {INDEX} in {folder!r}; write it with 'experiment reports --update'."
        )
    with _listen(folder, request) as server:
        _serve(server, folder, out, err)
    return ExitCode.COMPLETE


def _index_writer() -> IndexWriter:
    source = require(EXPORTERS, "report", "reports come", "curifactory-report")
    writer: IndexWriter = source()
    return writer


def _listen(folder: str, request: ServeReports) -> "ReportsServer":
    from curifactory.cli.reports_server import ReportsServer

    host, port = request.host, request.port
    try:
        return ReportsServer(folder, host, port, request.allow_hosts)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BadInputError(
                f"port {port} of {host} is in use; name another one, such as --port {port + 1}."
            ) from error
        raise BadInputError(
            f"cannot listen at port {port} of {host!r}: {error.strerror}. Name another port or "
            "address with --port and --host."
        ) from error


def _serve(server: "ReportsServer", folder: str, out: Terminal, err: Terminal) -> None:
    out.line(f"reports in {folder} are at {server.url} (Ctrl-C ends this)")
    if server.remote_url is not None:
        out.line(f"from other machines: {server.remote_url}")
    if not server.is_private:
        warn(err, "whoever has this address can read them, and it is not encrypted on its way.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.line()

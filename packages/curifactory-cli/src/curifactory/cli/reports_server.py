"""A server for the folder of reports that shows nothing else, and to nobody else.

It answers GET and HEAD for files below one folder. Listening at the loopback address does not keep
out a web page that lets its own name resolve to it, so the Host header is checked as well. Where
other machines can connect, every path begins with a token that only the printed address has.
"""

import hmac
import ipaddress
import mimetypes
import os
import secrets
import shutil
import socket
import socketserver
import sys
from collections.abc import Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

HEADERS: Mapping[str, str] = {
    # Reports carry their styles and scripts within the page and must work as files too, so these
    # are allowed inline; nothing is loaded from, or sent to, anywhere else.
    "Content-Security-Policy": "default-src 'self' data: blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Go with every answer."""

_NEVER_IN_NAMES = "\\\0" if os.name == "posix" else "\\\0:"
_TYPES = {".log": "text/plain", ".md": "text/plain", ".gv": "text/plain"}
INDEX = "index.html"
"""The page of a folder."""


class RefusedError(Exception):
    """A request is answered with an error."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ReportsServer(ThreadingHTTPServer):
    """Serves the files below ``root``.

    Parameters
    ----------
    root
        The folder; links out of it are not followed.
    host
        Name or address to listen at.
    port
        0 for any free one.
    allowed_hosts
        Names by which browsers may call this server, besides those it knows itself.

    Raises
    ------
    OSError
        If the address cannot be listened at.

    """

    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port

    daemon_threads = True  # a download that nobody waits for must not delay Ctrl-C

    def __init__(
        self, root: str, host: str, port: int, allowed_hosts: Collection[str] = ()
    ) -> None:
        self.root = os.path.realpath(root)
        self.host = host
        self._allowed_hosts = frozenset(map(_host_name, allowed_hosts))
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self.address_family = family
        super().__init__((str(address[0]), port), ReportsHandler)
        self.token = "" if self.is_private else secrets.token_urlsafe(24)
        """The first component of every path; empty where only this machine can connect."""

    def server_bind(self) -> None:
        """Bind without looking up the host's full name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None:
        """Show the traceback, unless the browser merely went on to something else."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def _bound(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        return ipaddress.ip_address(str(self.server_address[0]))

    @property
    def url(self) -> str:
        """Where a browser finds the reports."""
        return self._url("localhost" if self._bound.is_unspecified else self.host)

    @property
    def remote_url(self) -> str | None:
        """Where one on another machine does, if that is elsewhere."""
        return self._url(socket.gethostname()) if self._bound.is_unspecified else None

    def _url(self, name: str) -> str:
        prefix = f"{self.token}/" if self.token else ""
        return f"http://{f'[{name}]' if ':' in name else name}:{self.server_port}/{prefix}"

    @property
    def is_private(self) -> bool:
        """Whether only this machine can connect."""
        return self._bound.is_loopback

    def allows_host(self, header: str) -> bool:
        """Tell whether a request for the host that ``header`` names is meant for this server.

        Allowed are loopback names, the bound host and ``allowed_hosts``. Where other machines may
        connect, so is any plain address: only a name can be made to resolve to somewhere else.
        """
        name = _host_name(header)
        if name in {"localhost", self.host.lower()} | self._allowed_hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return not self.is_private and name == socket.gethostname().lower()
        return address.is_loopback or not self.is_private


def _host_name(header: str) -> str:
    """Return the name in a Host header, without port and brackets, in lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


class ReportsHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: ReportsServer
    timeout = 30
    server_version = "curifactory"
    sys_version = ""
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what GET would, without the file itself."""
        self._answer(with_body=False)

    def _refuse_method(self) -> None:
        self.send_error(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered here")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse_method  # noqa: N815

    def end_headers(self) -> None:
        """Add the headers that go with every answer."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        """Say nothing: a terminal full of requests helps nobody."""

    def _answer(self, *, with_body: bool) -> None:
        try:
            self._check_host()
            parts = self._without_token(requested_parts(self.path))
            path = find_served_file(self.server.root, parts)
            if path is None:
                self._redirect(parts)
                return
            self._send_file(path, with_body=with_body)
        except RefusedError as refused:
            self.send_error(refused.status, str(refused))

    def _check_host(self) -> None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not self.server.allows_host(hosts[0]):
            raise RefusedError(HTTPStatus.FORBIDDEN, "this server does not answer for that host")

    def _without_token(self, parts: list[str]) -> list[str]:
        token = self.server.token
        if not token:
            return parts
        if len(parts) < 2 or not hmac.compare_digest(parts[0].encode(), token.encode()):
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "open the address that 'experiment reports' shows"
            )
        return parts[1:]

    def _redirect(self, parts: list[str]) -> None:
        """Send the browser to the same folder with a slash, for the page's links to work."""
        if self.server.token:
            parts = [self.server.token, *parts]
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", "".join(f"/{quote(part, safe='')}" for part in parts) + "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, path: str, *, with_body: bool) -> None:
        try:
            file = open(path, "rb")  # noqa: SIM115 - closed below; failing to open is an answer
        except OSError as error:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such file") from error
        with file:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", content_type(path))
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.end_headers()
            if with_body:
                shutil.copyfileobj(file, self.wfile)


def requested_parts(target: str) -> list[str]:
    """Return the path components of a request; the last is empty if it ends with a slash.

    Raises
    ------
    RefusedError
        If a component is hidden, leads upwards, or is no file name at all.

    """
    path = target.partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the path must start with a slash")
    try:
        *folders, last = unquote(path, errors="strict").lstrip("/").split("/")
    except UnicodeDecodeError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the path is not UTF-8") from error
    parts = [folder for folder in folders if folder]
    for part in (*parts, last):
        if part.startswith(".") or any(character in part for character in _NEVER_IN_NAMES):
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such file")
    return [*parts, last]


def find_served_file(root: str, parts: list[str]) -> str | None:
    """Return the real path of what is asked for; ``None`` for a folder without its slash.

    Raises
    ------
    RefusedError
        If there is no such file below ``root``, links followed.

    """
    path = os.path.realpath(os.path.join(root, *parts))
    inside = path == root or path.startswith(root.rstrip(os.sep) + os.sep)
    if inside and os.path.isdir(path):
        if parts[-1]:
            return None
        path = os.path.realpath(os.path.join(path, INDEX))
        inside = path.startswith(root.rstrip(os.sep) + os.sep)
    elif not parts[-1]:  # a file's name with a slash behind it
        inside = False
    if not inside or not os.path.isfile(path):
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such file")
    return path


def content_type(path: str) -> str:
    """Return the media type of the file ``path``, by its extension."""
    extension = os.path.splitext(path)[1].lower()
    found = _TYPES.get(extension) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found

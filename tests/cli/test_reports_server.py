import http.client
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from curifactory.cli.reports_server import ReportsServer


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Return a folder of reports, with a secret beside it."""
    folder = tmp_path / "reports"
    (folder / "iris_1").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "index.html").write_text("all reports")
    (folder / "style.css").write_text("p {}")
    (folder / "iris_1" / "index.html").write_text("one report")
    (folder / "iris_1" / "log.txt").write_text("größe", encoding="utf-8")
    (folder / "iris_1" / "a b.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("hidden")
    (folder / "_latest").symlink_to("iris_1")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "reports-of-others").mkdir()
    (tmp_path / "reports-of-others" / "index.html").write_text("secret")
    (folder / "out").symlink_to(tmp_path)
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "others").symlink_to(tmp_path / "reports-of-others")
    (folder / "trap").mkdir()
    (folder / "trap" / "index.html").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture
def server(reports: Path) -> Iterator[ReportsServer]:
    yield from serve(reports, "127.0.0.1")


@pytest.fixture
def open_server(reports: Path) -> Iterator[ReportsServer]:
    """Return a server that other machines could connect to."""
    yield from serve(reports, "0.0.0.0")


def serve(folder: Path, host: str) -> Iterator[ReportsServer]:
    with ReportsServer(str(folder), host, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: ReportsServer, path: str, *, method: str = "GET", host: str | None = "localhost"
) -> tuple[int, bytes, dict[str, str]]:
    """Send a request exactly as it is written, with the server's token if it has one."""
    if server.token:
        path = f"/{server.token}{path}"
    return ask_exactly(server, path, method=method, host=host)


def ask_exactly(
    server: ReportsServer, path: str, *, method: str = "GET", host: str | None = "localhost"
) -> tuple[int, bytes, dict[str, str]]:
    """Send a request exactly as it is written and return status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, dict(answer.getheaders())


@pytest.mark.parametrize(
    ("path", "body", "media_type"),
    [
        ("/", b"all reports", "text/html; charset=utf-8"),
        ("/index.html", b"all reports", "text/html; charset=utf-8"),
        ("/style.css?v=2", b"p {}", "text/css; charset=utf-8"),
        ("/iris_1/", b"one report", "text/html; charset=utf-8"),
        ("/iris_1/log.txt", "größe".encode(), "text/plain; charset=utf-8"),
        ("/iris_1/a%20b.svg", b"<svg/>", "image/svg+xml"),
        ("/_latest/", b"one report", "text/html; charset=utf-8"),
    ],
)
def test_files_of_reports_are_served(
    path: str, body: bytes, media_type: str, server: ReportsServer
) -> None:
    status, sent, headers = ask(server, path)

    assert (status, sent, headers["Content-Type"]) == (200, body, media_type)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/iris_1/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/out/secret.txt",
        "/out/",
        "/out.txt",
        "/others/",
        "/trap/",
        "/.hidden",
        "/empty/",
        "/nothing.html",
        "/index.html/",
        "/index.html%00.png",
        "/pipe",
    ],
)
def test_nothing_else_is_served(path: str, server: ReportsServer) -> None:
    status, body, _ = ask(server, path)

    assert status == 404
    assert body == b"404 there is no such file\n"


@pytest.mark.parametrize(
    "path", ["secret.txt", "http://localhost/", "/%ff", "*"], ids=["relative", "url", "utf8", "*"]
)
def test_a_request_for_no_path_is_refused(path: str, server: ReportsServer) -> None:
    assert ask(server, path)[0] == 400


@pytest.mark.parametrize("path", ["/iris_1", "//iris_1", "///iris_1?a=/b#c"])
def test_a_folder_without_its_slash_is_redirected_to_itself(
    path: str, server: ReportsServer
) -> None:
    status, body, headers = ask(server, path)

    assert (status, headers["Location"], body) == (301, "/iris_1/", b"")


def test_head_sends_headers_alone(server: ReportsServer) -> None:
    status, body, headers = ask(server, "/", method="HEAD")

    assert (status, body, headers["Content-Length"]) == (200, b"", "11")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(method: str, server: ReportsServer) -> None:
    assert ask(server, "/", method=method)[0] == 405


@pytest.mark.parametrize("path", ["/", "/nothing", "/iris_1"])
def test_every_answer_has_the_protecting_headers(path: str, server: ReportsServer) -> None:
    _, _, headers = ask(server, path)

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["Server"].strip() == "curifactory"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "127.0.0.7", "[::1]:8080", "[::1]"]
)
def test_loopback_names_are_answered(host: str, server: ReportsServer) -> None:
    assert ask(server, "/", host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "192.168.1.1", "127.0.0.1.evil.example", "", None],
)
def test_other_hosts_are_refused(host: str | None, server: ReportsServer) -> None:
    status, body, _ = ask(server, "/", host=host)

    assert status == 403
    assert b"all reports" not in body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("192.168.1.1:8080", 200),
        ("[fe80::1]", 200),
        (socket.gethostname(), 200),
        ("evil.example", 403),
    ],
)
def test_a_server_for_other_machines_answers_to_addresses_and_its_own_name(
    host: str, status: int, open_server: ReportsServer
) -> None:
    assert ask(open_server, "/", host=host)[0] == status


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/out/", 404)])
def test_the_folder_itself_may_be_a_link(
    path: str, status: int, reports: Path, tmp_path: Path
) -> None:
    (tmp_path / "linked").symlink_to(reports)

    for server in serve(tmp_path / "linked", "127.0.0.1"):
        assert ask(server, path)[0] == status


@pytest.mark.parametrize(
    ("error", "shown"), [(BrokenPipeError, False), (TimeoutError, False), (ValueError, True)]
)
def test_only_errors_of_the_server_itself_are_shown(
    error: type[Exception],
    shown: bool,
    server: ReportsServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as request:
        try:
            raise error
        except error:
            server.handle_error(request, ("127.0.0.1", 1))

    assert ("Traceback" in capsys.readouterr().err) is shown


def test_the_url_is_one_a_browser_takes(server: ReportsServer, open_server: ReportsServer) -> None:
    port, token = open_server.server_port, open_server.token
    assert server.url == f"http://127.0.0.1:{server.server_port}/"
    assert open_server.url == f"http://localhost:{port}/{token}/"
    assert open_server.remote_url == f"http://{socket.gethostname()}:{port}/{token}/"
    assert server.is_private
    assert not open_server.is_private


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/{short}/", "/{token}", "/{token}x/", "/x/{token}/", "/?{token}", "/ä/"],
)
def test_other_machines_need_the_token(path: str, open_server: ReportsServer) -> None:
    token = open_server.token
    asked = quote(path.format(token=token, short=token[:-1]), safe="/?")

    status, body, _ = ask_exactly(open_server, asked)

    assert status == 403
    assert body == b"403 open the address that 'experiment reports' shows\n"


def test_a_redirect_keeps_the_token(open_server: ReportsServer) -> None:
    status, _, headers = ask(open_server, "/iris_1")

    assert (status, headers["Location"]) == (301, f"/{open_server.token}/iris_1/")


def test_every_server_has_a_token_of_its_own(reports: Path) -> None:
    with (
        ReportsServer(str(reports), "0.0.0.0", 0) as one,
        ReportsServer(str(reports), "0.0.0.0", 0) as other,
    ):
        assert one.token != other.token
        assert len(one.token) >= 32


def test_a_host_that_was_allowed_is_answered(reports: Path) -> None:
    with ReportsServer(str(reports), "127.0.0.1", 0, ["Lab.Example:80"]) as server:
        assert server.allows_host("lab.example:8080")
        assert not server.allows_host("other.example")

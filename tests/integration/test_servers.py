"""The real servers and proxies do what their fixtures promise, seen by http.client and sockets."""

import base64
import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from tests.integration import processes
from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.peers import TIME_LIMIT
from tests.integration.servers import LARGE_FILE, SMALL_TEXT, Nginx, Proxy, Server, run_tinyproxy


@attrs.frozen
class Reply:
    """A response, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextlib.contextmanager
def connection_to(server: Server, contexts: TlsContexts) -> Iterator[http.client.HTTPConnection]:
    if server.tls:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *server.address, timeout=TIME_LIMIT, context=contexts.client
        )
    else:
        connection = http.client.HTTPConnection(*server.address, timeout=TIME_LIMIT)
    with contextlib.closing(connection):
        yield connection


@attrs.frozen
class Asker:
    """Sends one request on a connection of its own."""

    contexts: TlsContexts

    def __call__(
        self,
        server: Server,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | list[bytes] | None = None,
    ) -> Reply:
        with connection_to(server, self.contexts) as connection:
            connection.request(
                method, path, body, dict(headers or {}), encode_chunked=isinstance(body, list)
            )
            return read_reply(connection)


@pytest.fixture
def ask(tls_contexts: TlsContexts) -> Asker:
    return Asker(tls_contexts)


def read_reply(connection: http.client.HTTPConnection) -> Reply:
    with connection.getresponse() as response:
        return Reply(response.status, response.headers, response.read())


@contextlib.contextmanager
def raw(address: tuple[str, int], octets: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=TIME_LIMIT) as sock:
        sock.sendall(octets)
        yield sock


def receive_all(sock: socket.socket) -> bytes:
    octets = bytearray()
    while piece := sock.recv(65536):
        octets += piece
    return bytes(octets)


def receive_head(sock: socket.socket) -> bytes:
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        octet = sock.recv(1)
        assert octet, f"closed after {bytes(head)!r}"
        head += octet
    return bytes(head)


class TestPayload:
    def test_pieces_joined_are_the_payload(self) -> None:
        assert b"".join(pieces(500_000, 999)) == b"".join(pieces(500_000)) == payload(500_000)

    def test_octet_is_its_index_modulo_251(self) -> None:
        assert payload(1000) == bytes(index % 251 for index in range(1000))


class TestPythonServers:
    @pytest.mark.parametrize("count", [0, 1, 1_000_000])
    def test_bytes_have_content_length(self, python_server: Server, ask: Asker, count: int) -> None:
        reply = ask(python_server, f"/bytes/{count}")
        assert reply.headers["Content-Length"] == str(count)
        assert reply.body == payload(count)

    @pytest.mark.parametrize("query", ["", "?piece=7"])
    def test_chunked_has_none(self, python_server: Server, ask: Asker, query: str) -> None:
        reply = ask(python_server, f"/chunked/20000{query}")
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert reply.body == payload(20000)

    def test_sized_body_is_echoed(self, python_server: Server, ask: Asker) -> None:
        reply = ask(python_server, "/echo", method="POST", body=payload(300_000))
        assert reply.headers["Content-Length"] == "300000"
        assert reply.body == payload(300_000)

    def test_chunked_body_is_echoed_chunked(self, python_server: Server, ask: Asker) -> None:
        reply = ask(python_server, "/echo", method="PUT", body=list(pieces(30_000, 999)))
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert reply.body == payload(30_000)

    def test_fields_are_echoed(self, python_server: Server, ask: Asker) -> None:
        reply = ask(python_server, "/echo-headers", headers={"X-Test": "sea cow"})
        assert ["x-test", "sea cow"] in json.loads(reply.body)

    @pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
    def test_status_is_as_asked(self, python_server: Server, ask: Asker, status: int) -> None:
        reply = ask(python_server, f"/status/{status}")
        assert reply.status == status
        assert bool(reply.body) == (status not in {204, 304})

    def test_unknown_path_is_404(self, python_server: Server, ask: Asker) -> None:
        assert ask(python_server, "/unknown").status == 404

    @pytest.mark.parametrize(
        ("digest", "status", "verdict"),
        [
            pytest.param("XUFAKrxLKna5cZ2REBfFkg==", 200, "right", id="right"),
            pytest.param(base64.b64encode(bytes(16)).decode(), 400, "wrong", id="wrong"),
            pytest.param(None, 200, "absent", id="absent"),
        ],
    )
    def test_digest_is_verified(
        self, python_server: Server, ask: Asker, digest: str | None, status: int, verdict: str
    ) -> None:
        headers = {} if digest is None else {"Content-MD5": digest}
        reply = ask(python_server, "/md5", method="PUT", headers=headers, body=b"hello")
        assert reply.status == status
        assert json.loads(reply.body) == {
            "length": 5,
            "md5": "5d41402abc4b2a76b9719d911017c592",
            "content_md5": verdict,
        }

    def test_connection_is_kept(self, python_server: Server, tls_contexts: TlsContexts) -> None:
        with connection_to(python_server, tls_contexts) as connection:
            for _ in range(3):
                connection.request("GET", "/bytes/10")
                sock = connection.sock
                assert read_reply(connection).body == payload(10)
                assert connection.sock is sock is not None

    def test_pipelined_requests_are_answered_in_order(
        self, python_server: Server, tls_contexts: TlsContexts
    ) -> None:
        request = b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        requests = request % (3, b"") + request % (4, b"") + request % (5, b"Connection: close\r\n")
        with connection_to(python_server, tls_contexts) as connection:
            connection.connect()
            connection.sock.sendall(requests)
            octets = receive_all(connection.sock)
        bodies = [part.split(b"HTTP/1.1")[0] for part in octets.split(b"\r\n\r\n")[1:]]
        assert bodies == [payload(3), payload(4), payload(5)]


EXPECTING_SERVERS = ("uvicorn_h11", "hypercorn", "gunicorn", "cheroot", "aiohttp_server")
CONTINUE_HEAD = (
    b"PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
)


class Test100Continue:
    @pytest.mark.parametrize("name", EXPECTING_SERVERS)
    def test_body_is_asked_for(self, request: pytest.FixtureRequest, name: str) -> None:
        server: Server = request.getfixturevalue(name)
        with raw(server.address, CONTINUE_HEAD % b"/continue") as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 100 ")
            sock.sendall(b"12345")
            assert receive_head(sock).startswith(b"HTTP/1.1 200 ")
            assert sock.recv(1) == b"5"

    @pytest.mark.parametrize("name", EXPECTING_SERVERS)
    def test_rejection_comes_first_where_the_fixture_says_so(
        self, request: pytest.FixtureRequest, name: str
    ) -> None:
        server: Server = request.getfixturevalue(name)
        with raw(server.address, CONTINUE_HEAD % b"/reject/417") as sock:
            head = receive_head(sock)
            if not server.defers_continue and head.startswith(b"HTTP/1.1 100 "):
                sock.sendall(b"12345")
                head = receive_head(sock)
            assert head.startswith(b"HTTP/1.1 417 ")

    def test_nginx_asks_for_the_body(self, nginx: Nginx) -> None:
        with raw(nginx.plain.address, CONTINUE_HEAD % b"/upload/continue.txt") as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 100 ")
            sock.sendall(b"12345")
            assert receive_head(sock).split()[1] in {b"201", b"204"}

    def test_nginx_rejects_without_100(self, nginx: Nginx) -> None:
        head = (CONTINUE_HEAD % b"/limited/x").replace(b": 5", b": 5000")
        with raw(nginx.plain.address, head) as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 413 ")

    def test_nginx_continues_and_rejects_nevertheless(self, nginx: Nginx) -> None:
        with raw(nginx.plain.address, CONTINUE_HEAD % b"/forbidden") as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 100 ")
            assert receive_head(sock).startswith(b"HTTP/1.1 403 ")


class TestNginx:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            pytest.param("/empty.bin", b"", id="empty"),
            pytest.param("/small.txt", SMALL_TEXT, id="small"),
            pytest.param("/1m.bin", payload(1024 * 1024), id="1m"),
        ],
    )
    @pytest.mark.parametrize("port", ["plain", "tls"])
    def test_file_is_served(
        self, nginx: Nginx, ask: Asker, port: str, path: str, body: bytes
    ) -> None:
        reply = ask(getattr(nginx, port), path)
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["Content-Length"] == str(len(body))

    def test_large_files_have_their_sizes(self, nginx: Nginx, ask: Asker) -> None:
        for path, size in (("/64m.bin", LARGE_FILE), ("/512m.bin", 512 * 1024 * 1024)):
            reply = ask(nginx.plain, path, method="HEAD")
            assert (reply.headers["Content-Length"], reply.body) == (str(size), b"")

    def test_large_file_is_the_payload(self, nginx: Nginx, ask: Asker) -> None:
        last = ask(nginx.plain, "/64m.bin", headers={"Range": "bytes=-1000"})
        assert last.body == (nginx.files / "64m.bin").read_bytes()[-1000:]
        assert last.body[0] == (LARGE_FILE - 1000) % 251

    def test_range_is_206(self, nginx: Nginx, ask: Asker) -> None:
        reply = ask(nginx.plain, "/1m.bin", headers={"Range": "bytes=100-199"})
        assert (reply.status, reply.body) == (206, payload(200)[100:])
        assert reply.headers["Content-Range"] == "bytes 100-199/1048576"

    def test_range_beyond_the_end_is_416(self, nginx: Nginx, ask: Asker) -> None:
        assert ask(nginx.plain, "/small.txt", headers={"Range": "bytes=99-"}).status == 416

    @pytest.mark.parametrize(
        ("validator", "condition"),
        [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")],
    )
    def test_unchanged_file_is_304(
        self, nginx: Nginx, ask: Asker, validator: str, condition: str
    ) -> None:
        first = ask(nginx.plain, "/small.txt")
        second = ask(nginx.plain, "/small.txt", headers={condition: first.headers[validator]})
        assert (second.status, second.body) == (304, b"")

    @pytest.mark.parametrize("name", ["small.txt", "1m.bin"])
    def test_file_comes_chunked(self, nginx: Nginx, ask: Asker, name: str) -> None:
        reply = ask(nginx.plain, f"/chunked/{name}")
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert reply.body == (nginx.files / name).read_bytes()

    def test_includes_come_chunked(self, nginx: Nginx, ask: Asker) -> None:
        reply = ask(nginx.plain, "/page.shtml")
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert reply.body == b"<p>GET</p>\n"

    def test_body_ends_by_closing(self, nginx: Nginx, ask: Asker) -> None:
        reply = ask(nginx.plain, "/until-close/1m.bin")
        assert reply.headers["Content-Length"] is reply.headers["Transfer-Encoding"] is None
        assert reply.body == payload(1024 * 1024)

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/no-content", 204), ("/found", 302), ("/moved", 301), ("/forbidden", 403), ("/no", 404)],
    )
    def test_other_statuses(self, nginx: Nginx, ask: Asker, path: str, status: int) -> None:
        assert ask(nginx.plain, path).status == status

    def test_redirect_names_the_port(self, nginx: Nginx, ask: Asker) -> None:
        assert ask(nginx.plain, "/moved").headers["Location"] == nginx.plain.url("/small.txt")

    def test_request_is_shown(self, nginx: Nginx, ask: Asker) -> None:
        host = f"127.0.0.1:{nginx.plain.port}"
        assert ask(nginx.plain, "/request?q").body.decode() == f"GET /request?q HTTP/1.1|{host}||\n"

    def test_slow_response_is_under_way(self, nginx: Nginx) -> None:
        with raw(nginx.plain.address, b"GET /slow/64m.bin HTTP/1.1\r\nHost: x\r\n\r\n") as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 200 ")
            assert sock.recv(1000)

    def test_few_requests_closes_in_the_middle_of_a_pipeline(self, nginx: Nginx) -> None:
        request = b"GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with raw(nginx.few_requests.address, request * 8) as sock:
            octets = receive_all(sock)
        assert octets.count(b"HTTP/1.1 200 ") == 5
        assert octets.count(b"Connection: close") == 1

    @pytest.mark.parametrize(
        "body", [payload(200_000), list(pieces(200_000))], ids=["sized", "chunked"]
    )
    def test_upload_can_be_downloaded(
        self, nginx: Nginx, ask: Asker, body: bytes | list[bytes]
    ) -> None:
        path = "/upload/two-framings.bin"
        assert ask(nginx.plain, path, method="PUT", body=body).status in {201, 204}
        assert ask(nginx.plain, path).body == payload(200_000)
        assert ask(nginx.plain, path, method="DELETE").status == 204

    @pytest.mark.parametrize("port", ["plain", "lingering", "abrupt"])
    def test_limit_is_answered_before_the_body(self, nginx: Nginx, port: str) -> None:
        server: Server = getattr(nginx, port)
        head = b"PUT /limited/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
        with raw(server.address, head) as sock:
            head = receive_head(sock)
            assert head.startswith(b"HTTP/1.1 413 ")
            assert b"Connection: close" in head

    @pytest.mark.parametrize("port", ["plain", "lingering", "abrupt"])
    def test_chunked_upload_meets_the_limit_under_way(self, nginx: Nginx, port: str) -> None:
        server: Server = getattr(nginx, port)
        head = b"PUT /limited/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        with raw(server.address, head) as sock:
            sock.sendall(b"401\r\n" + bytes(0x401) + b"\r\n")
            assert receive_head(sock).startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize("port", ["plain", "lingering"])
    def test_lingering_goes_on_reading(self, nginx: Nginx, port: str) -> None:
        server: Server = getattr(nginx, port)
        head = b"PUT /limited/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
        with raw(server.address, head) as sock:
            sock.sendall(bytes(3_000_000))
            assert receive_head(sock).startswith(b"HTTP/1.1 413 ")

    def test_abrupt_ends_with_rst(self, nginx: Nginx) -> None:
        head = b"PUT /limited/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n"
        with (
            raw(nginx.abrupt.address, head) as sock,
            pytest.raises((ConnectionResetError, BrokenPipeError)),
        ):
            sock.sendall(bytes(300_000_000))


def proxy_fields(proxy: Proxy) -> dict[str, str]:
    if proxy.credentials is None:
        return {}
    credentials = base64.b64encode(proxy.credentials.encode()).decode()
    return {"Proxy-Authorization": f"Basic {credentials}"}


class TestProxies:
    def test_plain_request_is_forwarded(self, proxy: Proxy, nginx: Nginx) -> None:
        with contextlib.closing(
            http.client.HTTPConnection(*proxy.address, timeout=TIME_LIMIT)
        ) as connection:
            url = nginx.plain.url("/request")
            connection.request("GET", url, headers=proxy_fields(proxy))
            reply = read_reply(connection)
        method, host, via, _ = reply.body.decode().split("|")
        assert method.split()[:2] == ["GET", "/request"]
        assert host == f"127.0.0.1:{nginx.plain.port}"
        assert via

    def test_connection_is_kept_where_the_fixture_says_so(self, proxy: Proxy, nginx: Nginx) -> None:
        fields = "".join(f"{name}: {value}\r\n" for name, value in proxy_fields(proxy).items())
        head = f"GET {nginx.plain.url('/small.txt')} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"
        with raw(proxy.address, head.encode()) as sock:
            assert receive_head(sock).split()[1] == b"200"
            assert sock.recv(len(SMALL_TEXT), socket.MSG_WAITALL) == SMALL_TEXT
            if proxy.keeps_alive:
                sock.sendall(head.encode())
                assert receive_head(sock).split()[1] == b"200"
            else:
                assert sock.recv(1) == b""

    def test_tunnel_carries_tls(
        self, proxy: Proxy, nginx: Nginx, tls_contexts: TlsContexts
    ) -> None:
        with contextlib.closing(
            http.client.HTTPSConnection(
                *proxy.address, timeout=TIME_LIMIT, context=tls_contexts.client
            )
        ) as connection:
            connection.set_tunnel(*nginx.tls.address, headers=proxy_fields(proxy))
            for _ in range(2):
                connection.request("GET", "/1m.bin")
                assert read_reply(connection).body == payload(1024 * 1024)

    @pytest.mark.parametrize("target", [b"GET http://127.0.0.1:1/", b"CONNECT 127.0.0.1:1"])
    def test_credentials_are_asked_for(self, proxy_py: Proxy, target: bytes) -> None:
        with raw(proxy_py.address, target + b" HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n") as sock:
            assert receive_head(sock).startswith(b"HTTP/1.1 407 ")

    def test_unreachable_server_refuses_the_tunnel(self, tinyproxy: Proxy) -> None:
        with raw(tinyproxy.address, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n") as sock:
            assert receive_head(sock).split()[1].startswith(b"5")


class TestMissingPrograms:
    def test_missing_program_skips(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr("shutil.which", lambda name, path: None)
        with pytest.raises(pytest.skip.Exception, match=r"apt-get install .* tinyproxy-bin"):
            run_tinyproxy(tmp_path)

    def test_missing_program_fails_in_ci(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("CI", "true")
        monkeypatch.setattr("shutil.which", lambda name, path: None)
        with pytest.raises(pytest.fail.Exception, match="not installed"):
            run_tinyproxy(tmp_path)

    def test_missing_module_skips(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="pip install no-such"):
            processes.need_module("no_such_module", "no-such")


class TestProcesses:
    def test_program_that_ends_is_reported_with_its_output(self, tmp_path: Path) -> None:
        with (
            pytest.raises(processes.NotStartedError, match=r"(?s)status 3; .*last words"),
            processes.running(
                "sh", tmp_path, lambda ports: ["sh", "-c", "echo last words; exit 3"]
            ),
        ):
            pass

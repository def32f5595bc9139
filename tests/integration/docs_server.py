"""The server that the documentation and the examples talk to, as a handler for a scripted `Peer`.

Which paths there are: `ROUTES`. A request for any other path is answered with 404. Beside it: a
proxy that asks for credentials and is the origin itself, and the same site on a Unix-domain socket.
"""

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from tests.integration.peers import TIME_LIMIT, Handler, may_be_cut, start_thread
from tests.integration.wire import Connection

PAGE: Final = b"""<!DOCTYPE html>
<title>A page</title>
<p>See <a href="/large">a large body</a> and <a href="https://example.org/">another site</a>.</p>
"""
LARGE: Final = bytes(range(256)) * 4096 * 4
LINES: Final = b"".join(b"line %d\n" % number for number in range(1000))
PROXY_CREDENTIALS: Final = "Basic dXNlcjpzZWNyZXQ="  # user:secret
REQUEST: Final = re.compile(rb"([A-Z]+) (?:http://[^/ ]+)?(\S*) HTTP/1\.1\r\n")


@attrs.frozen
class Asked:
    """A request head.

    Attributes:
        method: The method.
        path: The target in origin-form, with its query.
        head: All of the head.
    """

    method: str
    path: str
    head: bytes

    def value(self, name: str) -> str:
        """Return the value of a field, empty where there is none."""
        match = re.search(rf"(?im)^{name}: (.*)\r$", self.head.decode("latin-1"))
        return match[1] if match else ""


Route: TypeAlias = Callable[[Connection, Asked], None]


def answer(connection: Connection, status: str, body: bytes, *fields: str) -> None:
    """Send a response whose body has a known length."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    connection.send("\r\n".join(lines).encode("latin-1") + body)


def send_page(connection: Connection, asked: Asked) -> None:
    """Send an HTML page; with a query, a text that says which."""
    _, _, query = asked.path.partition("?")
    if query:
        answer(connection, "200 OK", f"{query}\n".encode(), "Content-Type: text/plain")
    else:
        body = b"" if asked.method == "HEAD" else PAGE
        answer(connection, "200 OK", body, "Content-Type: text/html; charset=utf-8")


def send_large(connection: Connection, asked: Asked) -> None:
    """Send 4 MiB, or the range of them that is asked for."""
    first = re.fullmatch(r"bytes=([0-9]+)-", asked.value("Range"))
    if first is None:
        answer(connection, "200 OK", LARGE, 'ETag: "1"')
        return
    begin = int(first[1])
    content_range = f"Content-Range: bytes {begin}-{len(LARGE) - 1}/{len(LARGE)}"
    answer(connection, "206 Partial Content", LARGE[begin:], content_range, 'ETag: "1"')


def send_lines(connection: Connection, asked: Asked) -> None:
    """Send 1,000 lines of text in chunks, and trailer fields."""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
    connection.send(b"Transfer-Encoding: chunked\r\n\r\n")
    for begin in range(0, len(LINES), 1000):
        piece = LINES[begin : begin + 1000]
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.send(b"0\r\nX-Lines: 1000\r\n\r\n")


def send_after_hints(connection: Connection, asked: Asked) -> None:
    """Send an interim response before the final one."""
    connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    send_page(connection, asked)


def take_report(connection: Connection, asked: Asked) -> None:
    """Take a body of either framing, after a 100 where one is awaited."""
    if asked.value("Expect"):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    if asked.value("Transfer-Encoding"):
        body, trailers = connection.receive_chunked()
        text = f"{len(body)} octets, {trailers.count(bytes([10]))} trailers\n"
    else:
        length = int(asked.value("Content-Length"))
        connection.receive(length)
        text = f"{length} octets\n"
    answer(connection, "201 Created", text.encode())


def take_in_silence(connection: Connection, asked: Asked) -> None:
    """Take a body without the 100 that it should wait for, as many servers do."""
    connection.receive(int(asked.value("Content-Length")))
    answer(connection, "204 No Content", b"")


def refuse_body(connection: Connection, asked: Asked) -> None:
    """Answer instead of the 100."""
    answer(connection, "413 Content Too Large", b"at most 10 octets\n")


def take_a_part(connection: Connection, asked: Asked) -> None:
    """Answer in the middle of a body, and close."""
    connection.receive(10_000)
    answer(connection, "413 Content Too Large", b"at most 10,000 octets\n", "Connection: close")
    connection.close()


def send_garbage(connection: Connection, asked: Asked) -> None:
    """Send what is not HTTP."""
    connection.send(b"+OK POP3 server ready\r\n")


def close_before(connection: Connection, asked: Asked) -> None:
    """Close instead of answering."""
    connection.close()


def send_until_cut(connection: Connection, asked: Asked) -> None:
    """Send a body without a length, and close without the alert of TLS."""
    connection.send(b"HTTP/1.1 200 OK\r\n\r\nall of it, perhaps\n")
    connection.close_without_notify()


def send_last(connection: Connection, asked: Asked) -> None:
    """Send a response, and announce that it is the last."""
    answer(connection, "200 OK", b"goodbye\n", "Connection: close")
    connection.close()


ROUTES: Final[dict[str, Route]] = {
    "/": send_page,
    "/busy": lambda connection, asked: answer(
        connection, "503 Service Unavailable", b"", "Retry-After: 0"
    ),
    "/cut": send_until_cut,
    "/early": send_after_hints,
    "/garbage": send_garbage,
    "/large": send_large,
    "/last": send_last,
    "/limited": take_a_part,
    "/lines": send_lines,
    "/refused": refuse_body,
    "/report": take_report,
    "/silent": take_in_silence,
}


@attrs.define(eq=False)
class Site:
    """The handler. Its `/flaky` closes without an answer twice, and then is as `/`.

    Attributes:
        failures: How often it still closes.
    """

    failures: int = 2

    def __call__(self, connection: Connection) -> None:
        """Answer the requests of one connection."""
        while not connection.is_closed() and (head := connection.receive_head()):
            match = REQUEST.match(head)
            assert match is not None, head
            asked = Asked(match[1].decode(), match[2].decode() or "/", head)
            self._route(asked.path.partition("?")[0])(connection, asked)

    def _route(self, path: str) -> Route:
        if path == "/flaky":
            self.failures -= 1
            return close_before if self.failures >= 0 else send_page
        return ROUTES.get(path, lambda connection, _: answer(connection, "404 Not Found", b""))


def make_proxy(site: Handler, context: ssl.SSLContext) -> Handler:
    """Return a handler that is a proxy, and behind it *site*; in its tunnels, over TLS."""

    def handle(connection: Connection) -> None:
        while head := connection.receive_head():
            if PROXY_CREDENTIALS.encode() not in head:
                fields = 'Proxy-Authenticate: Basic realm="proxy"'
                answer(connection, "407 Proxy Authentication Required", b"", fields)
            elif head.startswith(b"CONNECT "):
                connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                connection.start_tls(context)
                site(connection)
                return
            else:
                answer(connection, "200 OK", PAGE, "Via: 1.1 proxy")

    return may_be_cut(handle)


@contextlib.contextmanager
def unix_server(path: Path, handler: Handler) -> Iterator[None]:
    """Serve on a Unix-domain socket, one connection after the other."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = start_thread(lambda: _accept(listener, handler))
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(TIME_LIMIT)


def _accept(listener: socket.socket, handler: Handler) -> None:
    with contextlib.suppress(OSError):  # the listener was shut down
        while True:
            sock, _ = listener.accept()
            sock.settimeout(TIME_LIMIT)
            handler(Connection(sock, 0))
            sock.close()

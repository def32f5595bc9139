"""Real servers and proxies on loopback, for the fixtures of `conftest`.

Each function `run_…` is a context manager that runs one program and gives a `Server`, a `Proxy` or
an `Nginx`. It knows how each program is configured; what the applications answer is in `apps`, how
a program is started and ended in `processes`.
"""

import contextlib
import getpass
import grp
import os
import string
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.processes import HOST, Command, find_program, need_module, running

APPS: Final = Path(__file__).parent / "apps"
LARGE_FILE: Final = 64 * 1024 * 1024
SPARSE_FILE: Final = 512 * 1024 * 1024
SMALL_TEXT: Final = b"A small text.\n"
PROXY_CREDENTIALS: Final = "dugong:sea-cow"
NGINX_PORTS: Final = (
    "plain_port",
    "tls_port",
    "few_requests_port",
    "lingering_port",
    "abrupt_port",
)


@attrs.frozen
class Server:
    """Where a running server listens.

    Attributes:
        name: The program, for messages.
        host: The address, and the name to send as Host.
        port: The TCP port.
        tls: Whether it speaks TLS there; the client context of `TlsContexts` trusts it.
        defers_continue: It sends 100 only when the application asks for the body, so `/reject` is
            answered without. The others say 100 to everything, and some then wait for the body.
        keeps_alive: Whether it serves several requests on one connection.
    """

    name: str
    host: str
    port: int
    tls: bool = False
    defers_continue: bool = True
    keeps_alive: bool = True

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as `socket.create_connection` takes them."""
        return self.host, self.port

    def url(self, path: str) -> str:
        """Return the URL of *path* on this server."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{path}"


@attrs.frozen
class Proxy:
    """Where a running proxy listens; it takes plain requests and CONNECT.

    Attributes:
        name: The program, for messages.
        host: The address.
        port: The TCP port.
        credentials: What it asks for as `user:password` (Basic), `None` if it asks for nothing.
        keeps_alive: Whether it serves several plain requests on one connection.
    """

    name: str
    host: str
    port: int
    credentials: str | None
    keeps_alive: bool

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as `HTTPConnection` takes its proxy."""
        return self.host, self.port


@attrs.frozen
class Nginx:
    """One running nginx: the same files and locations on ports that behave differently.

    Files, each made of `payload`: `/empty.bin` (0 octets), `/small.txt` (a text), `/1m.bin`,
    `/64m.bin`; `/512m.bin` is sparse, so all zeros. Locations: see `apps/nginx_locations.conf`.

    Attributes:
        plain: The defaults of nginx.
        tls: The same, inside TLS.
        few_requests: Closes with the fifth response of a connection.
        lingering: After an early response it always goes on reading (`lingering_close always`).
        abrupt: After an early response it closes at once: RST (`lingering_close off`).
        files: The directory that it serves.
    """

    plain: Server
    tls: Server
    few_requests: Server
    lingering: Server
    abrupt: Server
    files: Path


class ConfigTemplate(string.Template):
    """A configuration file in which `%name` is filled in."""

    delimiter = "%"


@contextlib.contextmanager
def run_python_server(
    server: Server, directory: Path, make_arguments: Callable[[int], Command]
) -> Iterator[Server]:
    """Run a module of this interpreter; give *server* with the port that it got."""

    def make_command(ports: Sequence[int]) -> Command:
        return [sys.executable, "-m", *make_arguments(ports[0])]

    with running(server.name, directory, make_command) as (port,):
        yield attrs.evolve(server, port=port)


def run_uvicorn(
    directory: Path, http: str, tls: TlsContexts | None = None
) -> contextlib.AbstractContextManager[Server]:
    """Run uvicorn with the ASGI app.

    Args:
        directory: Where its output goes.
        http: Its HTTP implementation, `"h11"` or `"httptools"`.
        tls: The certificate, where it shall speak TLS.
    """
    need_module("uvicorn", "uvicorn")
    options: Command = (
        "--host", HOST, "--http", http, "--loop", "asyncio", "--lifespan", "off",
        "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1",
        "--timeout-keep-alive", "60",
    )  # fmt: skip
    if tls is not None:
        options = [
            *options, "--ssl-certfile", tls.certificate_file, "--ssl-keyfile", tls.key_file
        ]  # fmt: skip
    return run_python_server(
        Server(f"uvicorn-{http}", HOST, 0, tls=tls is not None),
        directory,
        lambda port: ["uvicorn", "tests.integration.apps.asgi:app", "--port", str(port), *options],
    )


def run_hypercorn(directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Run hypercorn with the ASGI app."""
    need_module("hypercorn", "hypercorn")
    return run_python_server(
        Server("hypercorn", HOST, 0, defers_continue=False),
        directory,
        lambda port: [
            "hypercorn", "tests.integration.apps.asgi:app", "--bind", f"{HOST}:{port}",
            "--workers", "0", "--graceful-timeout", "1", "--keep-alive", "60",
        ],
    )  # fmt: skip


def run_gunicorn(directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Run gunicorn with the WSGI app; its default worker would not keep connections."""
    need_module("gunicorn", "gunicorn")
    return run_python_server(
        Server("gunicorn", HOST, 0, defers_continue=False),
        directory,
        lambda port: [
            "gunicorn", "tests.integration.apps.wsgi:app", "--bind", f"{HOST}:{port}",
            "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60",
            "--graceful-timeout", "1", "--no-control-socket", "--worker-tmp-dir", directory,
        ],
    )  # fmt: skip


def run_cheroot(directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Run cheroot with the WSGI app."""
    need_module("cheroot", "cheroot")
    return run_python_server(
        Server("cheroot", HOST, 0, defers_continue=False),
        directory,
        lambda port: ["cheroot", "tests.integration.apps.wsgi:app", "--bind", f"{HOST}:{port}"],
    )


def run_aiohttp(directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Run aiohttp's own server with its own app."""
    need_module("aiohttp", "aiohttp")
    return run_python_server(
        Server("aiohttp", HOST, 0),
        directory,
        lambda port: ["tests.integration.apps.aiohttp_server", str(port)],
    )


def run_tinyproxy(directory: Path) -> contextlib.AbstractContextManager[Proxy]:
    """Run tinyproxy, open to everybody; it closes after each plain request."""
    program = find_program("tinyproxy", "tinyproxy-bin")

    def make_command(ports: Sequence[int]) -> Command:
        config = directory / "tinyproxy.conf"
        write_config("tinyproxy.conf", config, directory=directory, port=ports[0])
        return [program, "-d", "-c", config]

    return run_proxy(
        Proxy("tinyproxy", HOST, 0, credentials=None, keeps_alive=False), directory, make_command
    )


def run_proxy_py(directory: Path) -> contextlib.AbstractContextManager[Proxy]:
    """Run proxy.py, which asks for Basic credentials."""
    need_module("proxy", "proxy.py")
    return run_proxy(
        Proxy("proxy.py", HOST, 0, credentials=PROXY_CREDENTIALS, keeps_alive=True),
        directory,
        lambda ports: [
            sys.executable, "-m", "proxy", "--hostname", HOST, "--port", str(ports[0]),
            "--basic-auth", PROXY_CREDENTIALS, "--num-workers", "1", "--num-acceptors", "1",
            "--data-dir", directory, "--log-level", "WARNING", "--timeout", "60",
        ],
    )  # fmt: skip


@contextlib.contextmanager
def run_proxy(
    proxy: Proxy, directory: Path, make_command: Callable[[Sequence[int]], Command]
) -> Iterator[Proxy]:
    """Run a proxy; give *proxy* with the port that it got."""
    with running(proxy.name, directory, make_command) as (port,):
        yield attrs.evolve(proxy, port=port)


@contextlib.contextmanager
def run_nginx(directory: Path, tls: TlsContexts) -> Iterator[Nginx]:
    """Run nginx as the current user, with everything that it writes in *directory*."""
    program = find_program("nginx", "nginx-light")
    files = directory / "files"
    make_files(files)
    for name in ("uploads", "temp"):
        (directory / name).mkdir()

    def make_command(ports: Sequence[int]) -> Command:
        write_nginx_config(directory, tls, ports)
        return [program, "-p", directory, "-c", directory / "nginx.conf"]

    with running("nginx", directory, make_command, ports=len(NGINX_PORTS)) as ports:
        plain, with_tls, few_requests, lingering, abrupt = (
            Server("nginx", HOST, port, tls=name == "tls_port")
            for name, port in zip(NGINX_PORTS, ports, strict=True)
        )
        yield Nginx(plain, with_tls, few_requests, lingering, abrupt, files)


def make_files(directory: Path) -> None:
    """Write what nginx serves; see `Nginx`."""
    directory.mkdir()
    (directory / "empty.bin").write_bytes(b"")
    (directory / "small.txt").write_bytes(SMALL_TEXT)
    (directory / "1m.bin").write_bytes(payload(1024 * 1024))
    (directory / "page.shtml").write_text('<p><!--#echo var="request_method" --></p>\n')
    with (directory / "64m.bin").open("wb") as file:
        file.writelines(pieces(LARGE_FILE))
    with (directory / "512m.bin").open("wb") as file:
        file.truncate(SPARSE_FILE)


def write_nginx_config(directory: Path, tls: TlsContexts, ports: Sequence[int]) -> None:
    """Write the configuration of nginx for *ports*."""
    # Workers of a root process would run as another user, who may not read our directory.
    user = f"user {getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name};"
    write_config("nginx_locations.conf", directory / "locations.conf", directory=directory)
    write_config(
        "nginx.conf",
        directory / "nginx.conf",
        directory=directory,
        user_line=user if os.getuid() == 0 else "",
        certificate_file=tls.certificate_file,
        key_file=tls.key_file,
        **dict(zip(NGINX_PORTS, ports, strict=True)),
    )


def write_config(template: str, target: Path, **values: object) -> None:
    """Fill in the *template* of `apps` and write it to *target*."""
    text = (APPS / template).read_text(encoding="utf-8")
    target.write_text(ConfigTemplate(text).substitute(values), encoding="utf-8")


def run_numbers(
    directory: Path, tls: TlsContexts | None = None
) -> contextlib.AbstractContextManager[Server]:
    """Run the server for many pipelined requests, see `apps.numbers`; over TLS with *tls*."""
    options: Command = () if tls is None else (tls.certificate_file, tls.key_file)
    return run_python_server(
        Server("numbers", HOST, 0, tls=tls is not None),
        directory,
        lambda port: ["tests.integration.apps.numbers", str(port), *options],
    )

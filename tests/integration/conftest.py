"""Fixtures of the integration tests: TLS contexts, real servers, real proxies.

Servers live as long as the session, start when the first test asks for them, and are ended by their
own process id. Which programs and what they answer: `servers` and `apps`. Scripted peers need no
fixture: `with Peer(handler) as peer`.
"""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.integration import servers
from tests.integration.certificates import TlsContexts, make_tls_contexts
from tests.integration.servers import Nginx, Proxy, Server

PYTHON_SERVERS = (
    "uvicorn_h11",
    *(("uvicorn_httptools",) if importlib.util.find_spec("httptools") else ()),
    "uvicorn_tls",
    "hypercorn",
    "gunicorn",
    "cheroot",
    "aiohttp_server",
)


@pytest.fixture(scope="session")
def tls_contexts(tmp_path_factory: pytest.TempPathFactory) -> TlsContexts:
    """Both ends of TLS for localhost, 127.0.0.1 and ::1, and a server of another name."""
    return make_tls_contexts(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory, tls_contexts: TlsContexts) -> Iterator[Nginx]:
    """Serve files and WebDAV uploads, on five ports that behave differently."""
    with servers.run_nginx(tmp_path_factory.mktemp("nginx"), tls_contexts) as running:
        yield running


@pytest.fixture(scope="session")
def uvicorn_h11(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the ASGI app by uvicorn on h11, which knows pipelining."""
    with servers.run_uvicorn(tmp_path_factory.mktemp("uvicorn-h11"), "h11") as running:
        yield running


@pytest.fixture(scope="session")
def uvicorn_httptools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the ASGI app by uvicorn on httptools, a choice of its own: skipped without."""
    pytest.importorskip("httptools")
    with servers.run_uvicorn(tmp_path_factory.mktemp("uvicorn-httptools"), "httptools") as running:
        yield running


@pytest.fixture(scope="session")
def uvicorn_tls(
    tmp_path_factory: pytest.TempPathFactory, tls_contexts: TlsContexts
) -> Iterator[Server]:
    """Serve the ASGI app by uvicorn on h11, inside TLS."""
    with servers.run_uvicorn(
        tmp_path_factory.mktemp("uvicorn-tls"), "h11", tls_contexts
    ) as running:
        yield running


@pytest.fixture(scope="session")
def hypercorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the ASGI app by hypercorn."""
    with servers.run_hypercorn(tmp_path_factory.mktemp("hypercorn")) as running:
        yield running


@pytest.fixture(scope="session")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the WSGI app by gunicorn."""
    with servers.run_gunicorn(tmp_path_factory.mktemp("gunicorn")) as running:
        yield running


@pytest.fixture(scope="session")
def cheroot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the WSGI app by cheroot."""
    with servers.run_cheroot(tmp_path_factory.mktemp("cheroot")) as running:
        yield running


@pytest.fixture(scope="session")
def aiohttp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the same answers by aiohttp's own server."""
    with servers.run_aiohttp(tmp_path_factory.mktemp("aiohttp")) as running:
        yield running


@pytest.fixture(scope="session", params=PYTHON_SERVERS)
def python_server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers from PyPI in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, Server)
    return server


@pytest.fixture(scope="session")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Answer many pipelined requests fast; every response tells which request it belongs to."""
    with servers.run_numbers(tmp_path_factory.mktemp("numbers")) as running:
        yield running


@pytest.fixture(scope="session")
def numbers_tls(
    tmp_path_factory: pytest.TempPathFactory, tls_contexts: TlsContexts
) -> Iterator[Server]:
    """Do the same inside TLS."""
    with servers.run_numbers(tmp_path_factory.mktemp("numbers-tls"), tls_contexts) as running:
        yield running


@pytest.fixture(scope="session")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Forward plain requests and CONNECT, open to everybody."""
    with servers.run_tinyproxy(tmp_path_factory.mktemp("tinyproxy")) as running:
        yield running


@pytest.fixture(scope="session")
def proxy_py(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Forward plain requests and CONNECT for those who send `Proxy.credentials`."""
    with servers.run_proxy_py(tmp_path_factory.mktemp("proxy-py")) as running:
        yield running


@pytest.fixture(scope="session", params=("tinyproxy", "proxy_py"))
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """Each of the proxies in turn."""
    running = request.getfixturevalue(request.param)
    assert isinstance(running, Proxy)
    return running

"""Bodies of any size go through in constant memory: 512 MiB, less than 8 MiB more at the peak."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tests.integration.certificates import TlsContexts
from tests.integration.processes import ROOT, running
from tests.integration.servers import SPARSE_FILE, Nginx, Server

MIB: Final = 1024 * 1024
ALLOWED: Final = 8 * MIB
LIMIT: Final = 100.0  # seconds


def growth(server: Server, operation: str, small: str, large: str, authority: str = "-") -> int:
    """Return by how many octets the peak of a client's memory grew, see `apps.memory_client`."""
    arguments = [str(server.port), authority, operation, small, large]
    client = subprocess.run(
        [sys.executable, "-m", "tests.integration.apps.memory_client", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT,
    )
    assert client.returncode == 0, client.stderr
    return int(client.stdout)


@pytest.fixture(scope="module")
def discarding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Drop bodies of any size, and tell how large they were."""

    directory = tmp_path_factory.mktemp("discarding")
    with running(
        "discarding",
        directory,
        lambda ports: [sys.executable, "-m", "tests.integration.apps.discarding", str(ports[0])],
    ) as (port,):
        yield Server("discarding", "127.0.0.1", port)


@pytest.mark.parametrize("operation", ["readinto", "co_readinto", "read", "discard"])
def test_download(nginx: Nginx, operation: str) -> None:
    assert growth(nginx.plain, operation, "/1m.bin", "/512m.bin") < ALLOWED


@pytest.mark.parametrize("operation", ["readinto", "discard"])
def test_chunked_download(nginx: Nginx, operation: str) -> None:
    got = growth(nginx.plain, operation, "/chunked/1m.bin", "/chunked/512m.bin")
    assert got < ALLOWED


def test_download_over_tls(nginx: Nginx, tls_contexts: TlsContexts) -> None:
    authority = str(tls_contexts.authority_file)
    assert growth(nginx.tls, "readinto", "/1m.bin", "/512m.bin", authority) < ALLOWED


@pytest.mark.parametrize(
    "operation", ["write", "write-chunked", "send-file", "send-file-chunked", "send-file-read"]
)
def test_upload(discarding: Server, operation: str) -> None:
    assert growth(discarding, operation, str(MIB), str(SPARSE_FILE)) < ALLOWED


def test_growth_would_be_seen(nginx: Nginx) -> None:
    assert growth(nginx.plain, "readall", "/1m.bin", "/64m.bin") >= 60 * MIB

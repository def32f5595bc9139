"""The programs in examples/ do what they say, each in a process of its own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.docs_server import LARGE, LINES, Site
from tests.integration.peers import Peer, may_be_cut, refused_port
from tests.integration.processes import ROOT


@pytest.fixture
def site() -> Iterator[str]:
    """The URL of the embedded server, without its last slash."""
    with Peer(may_be_cut(Site())) as peer:
        yield f"http://{peer.host}:{peer.port}"


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        capture_output=True,
        timeout=60,
        check=False,
    )


def output_of(name: str, *arguments: str) -> str:
    done = run(name, *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def test_tour_shows_its_figures() -> None:
    report = output_of("tour.py")
    assert len(report.splitlines()) <= 25
    assert "268,435,456 octets" in report
    assert "1,000 chunks and a trailer        200 OK" in report
    assert "413 Content Too Large" in report
    grown = re.search(r"([0-9.]+) more than before", report)
    assert grown is not None
    assert float(grown[1]) < 8


def test_tour_of_another_server_is_a_small_one(site: str) -> None:
    report = output_of("tour.py", f"{site}/")
    assert "20 requests on one connection" in report
    assert "download" not in report


def test_tour_of_a_server_that_does_not_keep_the_connection_says_so(site: str) -> None:
    done = run("tour.py", f"{site}/last")
    assert done.returncode == 1
    assert b"did not keep the connection" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("arguments", [[], ["http://127.0.0.1:8080/path?a=1&b=2;c=*"]])
def test_make_hands_the_url_on_as_it_is(arguments: list[str]) -> None:
    command = ["make", "--dry-run", "--no-print-directory", "demo"]
    command.extend(f"URL={url}" for url in arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    words = shlex.shlex(done.stdout.splitlines()[-1], posix=True, punctuation_chars=True)
    words.whitespace_split = True
    assert list(words)[1:] == ["examples/tour.py", *arguments]


def test_httpcat_writes_the_body(site: str) -> None:
    done = run("httpcat.py", f"{site}/large")
    assert done.returncode == 0
    assert done.stdout == LARGE


def test_httpcat_tells_an_error_status(site: str) -> None:
    done = run("httpcat.py", f"{site}/missing")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"404 Not Found" in done.stderr


def test_httpcat_tells_a_fault_that_stays(site: str) -> None:
    assert run("httpcat.py", f"{site}/garbage").returncode == 1


def test_httpcat_tells_a_fault_that_may_pass() -> None:
    with refused_port() as port:
        assert run("httpcat.py", f"http://127.0.0.1:{port}/").returncode == os.EX_TEMPFAIL


@pytest.mark.parametrize(
    "arguments", [pytest.param((), id="none"), pytest.param(("ftp://host/",), id="not-http")]
)
def test_httpcat_tells_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run("httpcat.py", *arguments).returncode == 2


def test_extract_links_prints_absolute_urls(site: str) -> None:
    assert output_of("extract_links.py", f"{site}/").splitlines() == [
        f"{site}/large",
        "https://example.org/",
    ]


@pytest.mark.parametrize("name", ["pipeline_asyncio.py", "two_threads.py"])
def test_pipeline_prints_responses_in_the_order_of_the_requests(name: str, site: str) -> None:
    paths = ["/lines", "/large", *(f"/?page={number}" for number in range(50)), "/missing"]
    lines = [line.split() for line in output_of(name, site, *paths).splitlines()]
    assert [line[2] for line in lines] == paths
    assert lines[:2] == [["200", str(len(LINES)), "/lines"], ["200", str(len(LARGE)), "/large"]]
    assert lines[-1] == ["404", "0", "/missing"]

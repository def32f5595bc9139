"""How many calls a small GET costs, beside what it costs http.client in the same run."""

import http.client
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import pytest

from dugong import HTTPConnection
from tests.integration.peers import Peer, replay

MOST_CALLS: Final = 38
MOST_C_CALLS: Final = 35
REPLY = (
    b"HTTP/1.1 200 OK\r\nServer: peer\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    b'Content-Type: text/plain\r\nETag: "1"\r\nContent-Length: 2\r\n\r\nok'
)


@pytest.fixture
def port() -> Iterator[int]:
    with Peer(replay(*[REPLY] * 20)) as peer:
        yield peer.port


@contextmanager
def dugong_get(port: int) -> Iterator[Callable[[], object]]:
    with HTTPConnection("127.0.0.1", port) as conn:

        def get() -> object:
            conn.send_request("GET", "/")
            conn.read_response()
            return conn.readall()

        yield get


@contextmanager
def http_client_get(port: int) -> Iterator[Callable[[], object]]:
    conn = http.client.HTTPConnection("127.0.0.1", port)

    def get() -> object:
        conn.request("GET", "/")
        return conn.getresponse().read()

    try:
        yield get
    finally:
        conn.close()


def calls_of(get: Callable[[], object]) -> Counter[str]:
    """Count the calls of Python and of C functions in one GET on a connection that is open."""
    counter: Counter[str] = Counter()

    def count(frame: FrameType, event: str, arg: object) -> None:
        counter[event] += 1

    for _ in range(3):
        assert get() == b"ok"
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        get()
    finally:
        sys.setprofile(before)
    return counter


def test_small_get_takes_no_more_calls_than_it_did(port: int) -> None:
    with dugong_get(port) as get:
        ours = calls_of(get)
    # 36 and 32 on CPython 3.11, of which one each is of the test.
    assert ours["call"] <= MOST_CALLS
    assert ours["c_call"] <= MOST_C_CALLS


def test_small_get_takes_half_the_calls_of_http_client(port: int) -> None:
    with dugong_get(port) as get:
        ours = calls_of(get)
    with http_client_get(port) as get:
        theirs = calls_of(get)
    assert 2 * ours["call"] < theirs["call"]
    assert 2 * ours["c_call"] < theirs["c_call"]

"""Many pipelined requests: one thread sends, one reads, and each response is the right one."""

import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

import pytest

from dugong import BodyFollowing, HTTPConnection
from tests.integration.apps.numbers import body_of
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, in_background
from tests.integration.servers import Server

MANY: Final = 20_000
LIMIT: Final = 100.0  # seconds; it takes a few
FOLLOWING: Final = BodyFollowing(30)


def send(connection: HTTPConnection, number: int) -> None:
    """Send the request for *number*: mostly GET, but also bodies in one call and in pieces."""
    path = f"/{number}"
    if number % 10 == 1:
        connection.send_request("PUT", path, body=bytes(number % 50))
    elif number % 10 == 2:
        connection.send_request("PUT", path, body=FOLLOWING)
        connection.write(bytes(20))
        connection.write(bytes(10))
    else:
        connection.send_request("GET", path)


def read(connection: HTTPConnection, number: int) -> bytes:
    """Read the body of the response for *number*, in one of several ways."""
    if number % 4:
        return connection.readall()
    body, buffer = bytearray(), bytearray(700)
    while count := connection.readinto(buffer):
        body += buffer[:count]
    return bytes(body)


def exchange(connection: HTTPConnection, count: int) -> None:
    """Send in a thread of its own, read in this one."""
    sent: SimpleQueue[int] = SimpleQueue()

    def send_all() -> None:
        for number in range(count):
            send(connection, number)
            sent.put(number)

    sender = in_background(send_all)
    for number in range(count):
        assert sent.get(timeout=LIMIT) == number
        response = connection.read_response()
        assert (response.path, response.status) == (f"/{number}", 200)
        assert read(connection, number) == body_of(number)
    sender.result(LIMIT)
    assert not connection.response_pending()


@pytest.fixture
def hasty_switching() -> Iterator[None]:
    """Let the interpreter switch threads as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_each_response_belongs_to_its_request(numbers: Server) -> None:
    with client_of(numbers) as connection:
        exchange(connection, MANY)


@pytest.mark.usefixtures("hasty_switching")
def test_each_response_belongs_to_its_request_under_hasty_switching(numbers: Server) -> None:
    with client_of(numbers) as connection:
        exchange(connection, MANY)


@pytest.mark.usefixtures("hasty_switching")
def test_each_response_over_tls_belongs_to_its_request(
    numbers_tls: Server, tls_contexts: TlsContexts
) -> None:
    with client_of(numbers_tls, tls_contexts) as connection:
        exchange(connection, MANY)


@pytest.mark.usefixtures("hasty_switching")
def test_request_can_be_read_from_the_moment_it_is_booked(numbers: Server) -> None:
    """The reader does not know when a sending call has returned: it asks `response_pending`."""
    count = MANY // 10
    ahead = threading.Semaphore(2)

    def send_all() -> None:
        for number in range(count):
            assert ahead.acquire(timeout=LIMIT)
            send(connection, number)

    with client_of(numbers) as connection:
        connection.connect()
        sender = in_background(send_all)
        number = 0
        while number < count:
            if connection.response_pending():
                assert connection.read_response().path == f"/{number}"
                assert read(connection, number) == body_of(number)
                number += 1
                ahead.release()
        sender.result(LIMIT)


@both_faces
def test_many_requests_from_one_thread(numbers: Server, face: type[HTTPConnection]) -> None:
    with client_of(numbers, face=face) as connection:
        for start in range(0, 2000, 100):
            for number in range(start, start + 100):
                send(connection, number)
            for number in range(start, start + 100):
                assert connection.read_response().path == f"/{number}"
                assert read(connection, number) == body_of(number)

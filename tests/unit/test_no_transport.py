from __future__ import annotations

import socket

import pytest

from dugong.exceptions import StateError
from dugong.network.no_transport import NO_TRANSPORT


def test_sending_says_that_there_is_no_connection() -> None:
    with pytest.raises(StateError, match="no connection"):
        NO_TRANSPORT.send(b"x")


def test_receiving_says_that_there_is_no_connection() -> None:
    with pytest.raises(StateError, match="no connection"):
        NO_TRANSPORT.receive_into(memoryview(bytearray(1)))


def test_it_can_be_ended_like_any_other() -> None:
    NO_TRANSPORT.shutdown(socket.SHUT_RDWR)
    NO_TRANSPORT.close()
    assert not NO_TRANSPORT.has_input()


def test_nothing_on_it_is_encrypted() -> None:
    assert not NO_TRANSPORT.is_secure
    assert NO_TRANSPORT.cipher() is None
    assert NO_TRANSPORT.peercert(binary_form=True) is None

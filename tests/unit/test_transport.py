from __future__ import annotations

import errno
import socket
import ssl
import weakref
from typing import NoReturn

import pytest

from dugong.exceptions import ConnectionClosed
from dugong.network.transport import Transport, forbid_blocking, is_cut_off, raise_translated
from dugong.polling import POLLIN, POLLOUT, PollNeeded


class LeastTransport(Transport):
    """Fills only what has to be filled."""

    def send(self, data: bytes | memoryview) -> NoReturn:
        raise NotImplementedError

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        raise NotImplementedError

    def has_input(self) -> bool:
        return False

    def shutdown(self, how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    @property
    def is_secure(self) -> bool:
        return False


@pytest.mark.parametrize("timeout", [None, 0.0, 5.0], ids=["blocks", "does not", "has a limit"])
def test_socket_is_kept_from_blocking(timeout: float | None) -> None:
    with socket.socket() as sock:
        sock.settimeout(timeout)
        forbid_blocking(sock)
        assert not sock.getblocking()
        assert sock.gettimeout() == 0


def tls_error(number: int = 1, reason: str | None = None) -> ssl.SSLError:
    error = ssl.SSLError(number, "told by OpenSSL")
    if reason is not None:
        error.reason = reason
    return error


CUT_OFF = [
    OSError(errno.ECONNRESET, "reset"),
    OSError(errno.ECONNABORTED, "aborted"),
    OSError(errno.EPIPE, "pipe"),
    OSError(errno.ESHUTDOWN, "shut down"),
    OSError(errno.ENOTCONN, "not connected"),
    OSError(errno.EBADF, "closed"),
    ssl.SSLEOFError(8, "EOF"),
    ssl.SSLZeroReturnError(6, "closed"),
    ssl.SSLSyscallError(5, "EOF"),
    tls_error(errno.ENOTCONN),
    tls_error(reason="UNEXPECTED_EOF_WHILE_READING"),
]
OTHER = [
    OSError(),
    OSError(errno.EHOSTUNREACH, "unreachable"),
    TimeoutError(errno.ETIMEDOUT, "late"),
    tls_error(),
    tls_error(reason="DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ssl.SSLCertVerificationError(1, "not who it says"),
    ValueError("closed or unwrapped"),
]


def test_waits_are_for_the_given_descriptor() -> None:
    transport = LeastTransport(7)
    assert transport.readable == (7, POLLIN)
    assert transport.writable == (7, POLLOUT)


def test_transport_without_tls_has_no_cipher_and_no_certificate() -> None:
    transport = LeastTransport(7)
    assert transport.cipher() is None
    assert transport.peercert(binary_form=True) is None
    assert transport.peercert(binary_form=False) is None


def test_transport_sends_no_files_unless_it_says_how() -> None:
    assert LeastTransport(7).send_file(0, 0, 1) is None


@pytest.mark.parametrize("exc", CUT_OFF, ids=repr)
def test_cut_off_connection_is_recognized(exc: Exception) -> None:
    assert is_cut_off(exc)


@pytest.mark.parametrize("exc", [*OTHER, KeyboardInterrupt()], ids=repr)
def test_other_faults_do_not_say_that_the_connection_was_cut_off(exc: BaseException) -> None:
    assert not is_cut_off(exc)


@pytest.mark.parametrize("exc", CUT_OFF, ids=repr)
def test_cut_off_connection_is_told_in_our_words(exc: Exception) -> None:
    with pytest.raises(ConnectionClosed, match="reset or cut off") as caught:
        raise_translated(exc)
    assert caught.value.__cause__ is exc


@pytest.mark.parametrize("exc", OTHER, ids=repr)
def test_other_faults_pass_through(exc: Exception) -> None:
    with pytest.raises(type(exc)) as caught:
        raise_translated(exc)
    assert caught.value is exc
    assert caught.value.__cause__ is None


def test_fault_that_passes_through_is_not_kept_alive_by_its_traceback() -> None:
    class Fault(ValueError):
        """Can be referred to weakly."""

    def provoke() -> weakref.ref[Fault]:
        fault = Fault("broken")
        try:
            raise_translated(fault)
        except Fault:
            return weakref.ref(fault)
        finally:
            del fault

    assert provoke()() is None


class Giving(LeastTransport):
    """Gives the same octets to each receive."""

    def __init__(self, octets: bytes | None) -> None:
        super().__init__(3)
        self.octets = octets

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        if self.octets is None:
            return self.readable
        count = min(len(target), len(self.octets))
        target[:count] = self.octets[:count]
        return count


class TestReceivingByDefault:
    def test_is_not_used(self) -> None:
        assert not Giving(b"").can_scatter

    def test_fills_the_first_target_only(self) -> None:
        first, second = bytearray(3), bytearray(3)
        assert Giving(b"octets").receive_scattered([memoryview(first), memoryview(second)]) == 3
        assert bytes(first + second) == b"oct\0\0\0"

    @pytest.mark.parametrize(
        ("octets", "received"),
        [
            pytest.param(b"octets", b"octe", id="as many as wanted"),
            pytest.param(b"oct", b"oct", id="fewer"),
            pytest.param(b"", b"", id="the end"),
        ],
    )
    def test_copies(self, octets: bytes, received: bytes) -> None:
        assert Giving(octets).receive(4) == received

    def test_waits(self) -> None:
        transport = Giving(None)
        assert transport.receive(4) is transport.readable

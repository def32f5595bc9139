from __future__ import annotations

import errno
import socket
import ssl
from email.message import Message

import pytest

from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    ExcessBodyData,
    HostnameNotResolvable,
    InvalidResponse,
    StateError,
    TunnelRefused,
    UnsupportedResponse,
)
from dugong.network.retry import is_temp_network_error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "told by OpenSSL")
    error.reason = reason
    return error


def tunnel_refused(status: int) -> TunnelRefused:
    return TunnelRefused(status, "No", Message())


@pytest.mark.parametrize(
    "exc",
    [
        ConnectionClosed("ended"),
        ConnectionTimedOut("late"),
        DNSUnavailable("example.com"),
        TimeoutError(),
        TimeoutError("timed out"),
        ConnectionResetError(),
        ConnectionRefusedError(),
        ConnectionAbortedError(),
        BrokenPipeError(),
        ssl.SSLEOFError(),
        ssl.SSLZeroReturnError(),
        ssl.SSLSyscallError(),
        tls_error("UNEXPECTED_EOF_WHILE_READING"),
    ],
    ids=repr,
)
def test_fault_that_may_be_gone_later_is_temporary(exc: Exception) -> None:
    assert is_temp_network_error(exc)


@pytest.mark.parametrize(
    "name",
    [
        "ECONNREFUSED",
        "ECONNRESET",
        "ECONNABORTED",
        "EPIPE",
        "ESHUTDOWN",
        "ENOTCONN",
        "ETIMEDOUT",
        "EHOSTUNREACH",
        "EHOSTDOWN",
        "ENETUNREACH",
        "ENETDOWN",
        "ENETRESET",
    ],
)
def test_error_number_of_an_unreachable_host_is_temporary(name: str) -> None:
    assert is_temp_network_error(OSError(getattr(errno, name), "told by the system"))


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_tunnel_that_the_proxy_cannot_open_now_is_temporary(status: int) -> None:
    assert is_temp_network_error(tunnel_refused(status))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 500, 501, 505])
def test_tunnel_that_the_proxy_will_not_open_is_final(status: int) -> None:
    assert not is_temp_network_error(tunnel_refused(status))


@pytest.mark.parametrize(
    "exc",
    [
        HostnameNotResolvable("example.com"),
        InvalidResponse("nonsense"),
        UnsupportedResponse("HTTP/2"),
        ExcessBodyData("too long"),
        StateError("not now"),
        ValueError("no number"),
        KeyboardInterrupt(),
        OSError(),
        OSError(errno.EACCES, "not allowed"),
        OSError(errno.EBADF, "closed by ourselves"),
        FileNotFoundError(errno.ENOENT, "no such file"),
        ssl.SSLError(1, "told by OpenSSL"),
        ssl.SSLCertVerificationError(1, "not who it says"),
        ssl.SSLWantReadError(),
        tls_error("WRONG_VERSION_NUMBER"),
    ],
    ids=repr,
)
def test_everything_else_is_final(exc: BaseException) -> None:
    assert not is_temp_network_error(exc)


def test_number_of_a_lookup_error_is_not_read_as_one_of_the_system() -> None:
    assert not is_temp_network_error(socket.gaierror(errno.ECONNRESET, "of another namespace"))

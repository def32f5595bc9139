"""What a request looks like through a proxy, seen from the connection."""

from __future__ import annotations

import ssl

import pytest

from dugong.testing import ScriptedTransport, scripted_connection

PROXY = ("proxy.example", 3128)


def sent_through(path: str, method: str = "GET", *, secure: bool = False) -> list[bytes]:
    """Return the lines of a request that goes through a proxy with credentials."""
    transport = ScriptedTransport()
    context = ssl.create_default_context() if secure else None
    fields = {"Proxy-Authorization": "Basic x"}
    with scripted_connection(
        transport, ssl_context=context, proxy=PROXY, proxy_headers=fields
    ) as conn:
        conn.send_request(method, path)
    return bytes(transport.sent).split(b"\r\n")


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("GET", "/path?a=b", b"GET http://example.com/path?a=b HTTP/1.1"),
        ("OPTIONS", "*", b"OPTIONS http://example.com HTTP/1.1"),
    ],
)
def test_target_through_a_plain_proxy_is_absolute(method: str, path: str, line: bytes) -> None:
    assert sent_through(path, method)[0] == line


def test_host_is_that_of_the_origin() -> None:
    assert b"Host: example.com" in sent_through("/")


def test_fields_for_a_plain_proxy_are_sent_with_each_request() -> None:
    assert b"Proxy-Authorization: Basic x" in sent_through("/")


def test_nothing_for_the_proxy_goes_through_a_tunnel() -> None:
    lines = sent_through("/path", secure=True)
    assert lines[0] == b"GET /path HTTP/1.1"
    assert not any(line.startswith(b"Proxy-") for line in lines)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from dugong.drivers.poll_loop import eval_coroutine
from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    TunnelRefused,
    UnsupportedResponse,
)
from dugong.limits import Limits
from dugong.network.tunnel import co_open_tunnel
from dugong.protocol.authority import Authority
from dugong.testing import END, PAUSE, ScriptedTransport

if TYPE_CHECKING:
    from dugong.polling import PollNeeded
    from dugong.testing.scripted import Line

TARGET = Authority("server.example", 443)
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\n\r\n"


class Proxy:
    """Makes proxies that answer by a script."""

    def __init__(self) -> None:
        self.transports: list[ScriptedTransport] = []

    def open_tunnel(
        self,
        *script: Line,
        target: Authority = TARGET,
        fields: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        accepts: tuple[int, ...] = (),
    ) -> list[PollNeeded]:
        """Open a tunnel; return what that waited for."""
        transport = ScriptedTransport(*script, accepts=accepts)
        self.transports.append(transport)
        return list(co_open_tunnel(transport, target, fields or {}, limits or Limits()))

    @property
    def sent(self) -> bytes:
        return bytes(self.transports[-1].sent)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    for transport in proxy.transports:
        transport.close()


@pytest.mark.parametrize(
    ("host", "written"),
    [
        pytest.param("server.example", b"server.example:443", id="name"),
        pytest.param("2001:db8::1", b"[2001:db8::1]:443", id="IPv6"),
    ],
)
def test_request_names_the_server_twice(proxy: Proxy, host: str, written: bytes) -> None:
    proxy.open_tunnel(OPEN, target=Authority(host, 443))
    assert proxy.sent == b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (written, written)


def test_fields_for_the_proxy_are_sent(proxy: Proxy) -> None:
    proxy.open_tunnel(OPEN, fields={"Proxy-Authorization": "Basic eDp5"})
    assert proxy.sent.endswith(b"\r\nProxy-Authorization: Basic eDp5\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        OPEN,
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 204\r\n\r\n",
        b"HTTP/1.1 299 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        EARLY + OPEN,
    ],
)
def test_any_2xx_opens_the_tunnel(proxy: Proxy, answer: bytes) -> None:
    proxy.open_tunnel(answer)


def test_answer_may_come_octet_by_octet(proxy: Proxy) -> None:
    answer = EARLY + OPEN
    proxy.open_tunnel(*(answer[i : i + 1] for i in range(len(answer))))


def test_tunnel_is_opened_by_a_driver(proxy: Proxy) -> None:
    transport = ScriptedTransport(PAUSE, OPEN, accepts=[0, 10, 0])
    proxy.transports.append(transport)
    eval_coroutine(co_open_tunnel(transport, TARGET, {}, Limits()), 5)
    assert bytes(transport.sent).count(b"\r\n") == 3


def test_waits_are_those_of_the_transport(proxy: Proxy) -> None:
    waits = proxy.open_tunnel(PAUSE, OPEN[:10], PAUSE, OPEN[10:], accepts=(0, 5))
    transport = proxy.transports[-1]
    assert waits == [transport.writable, transport.readable, transport.readable]


@pytest.mark.parametrize("status", [300, 403, 407, 502, 599])
def test_any_other_status_refuses(proxy: Proxy, status: int) -> None:
    with pytest.raises(TunnelRefused) as caught:
        proxy.open_tunnel(b"HTTP/1.1 %d No\r\nX-Why: rules\r\n\r\nthe body" % status)
    assert (caught.value.status, caught.value.reason) == (status, "No")
    assert caught.value.headers["X-Why"] == "rules"


def test_octets_behind_the_answer_are_refused(proxy: Proxy) -> None:
    with pytest.raises(InvalidResponse, match=r"before TLS began in the tunnel: b'\\x15\\x03'"):
        proxy.open_tunnel(OPEN + b"\x15\x03")


def test_switch_of_protocols_is_unsupported(proxy: Proxy) -> None:
    with pytest.raises(UnsupportedResponse, match="switch of protocols"):
        proxy.open_tunnel(b"HTTP/1.1 101 Switching\r\n\r\n")


@pytest.mark.parametrize("answer", [b"nonsense\r\n", b"\x15\x03\x01\0\x02\x02\x46"])
def test_answer_that_is_no_http_is_invalid(proxy: Proxy, answer: bytes) -> None:
    with pytest.raises(InvalidResponse):
        proxy.open_tunnel(answer)


def test_answer_of_another_major_version_is_unsupported(proxy: Proxy) -> None:
    with pytest.raises(UnsupportedResponse):
        proxy.open_tunnel(b"HTTP/2.0 200 OK\r\n\r\n")


@pytest.mark.parametrize("begun", [b"", OPEN[:20], EARLY], ids=["nothing", "a part", "interim"])
def test_proxy_that_closes_without_an_answer(proxy: Proxy, begun: bytes) -> None:
    with pytest.raises(ConnectionClosed, match="before it answered CONNECT"):
        proxy.open_tunnel(*filter(None, [begun]), END)


def test_cut_off_connection_passes_through(proxy: Proxy) -> None:
    with pytest.raises(ConnectionClosed, match="cut off"):
        proxy.open_tunnel(ConnectionClosed("cut off"))


def test_interim_responses_up_to_the_limit_are_passed_over(proxy: Proxy) -> None:
    proxy.open_tunnel(EARLY * 3 + OPEN, limits=Limits(interim=3))


def test_more_interim_responses_are_refused(proxy: Proxy) -> None:
    with pytest.raises(InvalidResponse, match="more than 3 interim responses"):
        proxy.open_tunnel(EARLY * 4 + OPEN, limits=Limits(interim=3))


def test_limits_bound_the_answer(proxy: Proxy) -> None:
    with pytest.raises(InvalidResponse, match="exceeds 64 octets"):
        proxy.open_tunnel(
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100 + b"\r\n\r\n", limits=Limits(header_size=64)
        )

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import ClassVar

import attrs
import pytest

from dugong.exceptions import DNSUnavailable, HostnameNotResolvable
from dugong.network.resolver import Address, Resolver

NODATA = getattr(socket, "EAI_NODATA", socket.EAI_NONAME)
FOUND = [
    Address(socket.AF_INET6, ("2001:db8::1", 80, 0, 0)),
    Address(socket.AF_INET, ("192.0.2.1", 80)),
]


class KnowingResolver(Resolver):
    """Knows some names; for all others it raises one error."""

    def __init__(self, *known: str, error: int = socket.EAI_NONAME) -> None:
        self.asked: list[tuple[str, int]] = []
        self._known = known
        self._error = error

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append((host, port))
        if host in self._known:
            return FOUND
        raise socket.gaierror(self._error, "told by the system")


class ProbingResolver(KnowingResolver):
    test_hostnames: ClassVar[Sequence[str]] = ("one.example", "two.example")


@attrs.define
class System:
    """Plays `socket.getaddrinfo`."""

    asked: list[tuple[object, ...]] = attrs.field(factory=list)

    def getaddrinfo(
        self,
        host: str,
        port: int,
        *,
        type: socket.SocketKind,  # noqa: A002
    ) -> list[tuple[object, ...]]:
        self.asked.append((host, port, type))
        return [(a.family, socket.SOCK_STREAM, 6, "", a.sockaddr) for a in FOUND]


def test_addresses_come_in_the_order_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    assert Resolver().resolve("example.com", 80) == FOUND
    assert system.asked == [("example.com", 80, socket.SOCK_STREAM)]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("192.0.2.7", Address(socket.AF_INET, ("192.0.2.7", 80)), id="IPv4"),
        pytest.param("2001:db8::7", Address(socket.AF_INET6, ("2001:db8::7", 80, 0, 0)), id="IPv6"),
    ],
)
def test_ip_address_is_not_asked_of_the_system(
    monkeypatch: pytest.MonkeyPatch, host: str, expected: Address
) -> None:
    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    assert Resolver().resolve(host, 80) == [expected]
    assert not system.asked


@pytest.mark.parametrize("host", ["fe80::1%1", "127.1", "0x7f.0.0.1", "192.0.2.7."])
def test_ip_address_in_an_unusual_form_is_left_to_the_system(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    assert Resolver().resolve(host, 80) == FOUND
    assert [asked[0] for asked in system.asked] == [host]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_ip_address_is_understood_as_the_system_understands_it(host: str) -> None:
    found = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    assert Resolver().resolve(host, 80) == [Address(entry[0], entry[4]) for entry in found]


def test_known_name_is_looked_up_once() -> None:
    resolver = KnowingResolver("example.com")
    assert resolver.resolve("example.com", 80) == FOUND
    assert resolver.asked == [("example.com", 80)]


@pytest.mark.parametrize("error", {socket.EAI_NONAME, NODATA})
def test_no_such_name_is_told_with_the_name(error: int) -> None:
    with pytest.raises(HostnameNotResolvable) as caught:
        KnowingResolver(error=error).resolve("nowhere.example", 80)
    assert caught.value.name == "nowhere.example"
    assert isinstance(caught.value.__cause__, socket.gaierror)


def test_lookup_that_fails_for_now_is_told_with_the_name() -> None:
    with pytest.raises(DNSUnavailable) as caught:
        KnowingResolver(error=socket.EAI_AGAIN).resolve("nowhere.example", 80)
    assert caught.value.name == "nowhere.example"


def test_other_errors_of_the_system_pass_through() -> None:
    with pytest.raises(socket.gaierror) as caught:
        KnowingResolver(error=socket.EAI_FAIL).resolve("nowhere.example", 80)
    assert caught.value.errno == socket.EAI_FAIL


@pytest.mark.parametrize("error", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL])
def test_nobody_else_is_asked_by_default(error: int) -> None:
    resolver = KnowingResolver(error=error)
    with pytest.raises((HostnameNotResolvable, DNSUnavailable, socket.gaierror)):
        resolver.resolve("nowhere.example", 80)
    assert resolver.asked == [("nowhere.example", 80)]


def test_name_does_not_exist_where_a_test_host_is_found() -> None:
    resolver = ProbingResolver("two.example")
    with pytest.raises(HostnameNotResolvable):
        resolver.resolve("nowhere.example", 80)
    assert [host for host, _ in resolver.asked] == ["nowhere.example", "one.example", "two.example"]


def test_lookup_has_failed_where_no_test_host_is_found() -> None:
    with pytest.raises(DNSUnavailable) as caught:
        ProbingResolver().resolve("nowhere.example", 80)
    assert caught.value.name == "nowhere.example"


def test_test_hosts_are_not_asked_where_the_system_says_try_again() -> None:
    resolver = ProbingResolver(error=socket.EAI_AGAIN)
    with pytest.raises(DNSUnavailable):
        resolver.resolve("nowhere.example", 80)
    assert resolver.asked == [("nowhere.example", 80)]

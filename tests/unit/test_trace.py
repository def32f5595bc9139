from __future__ import annotations

import socket
from collections.abc import Iterator

import attrs
import pytest

from dugong.exceptions import ConnectionClosed
from dugong.network.trace import TracingTransport
from dugong.network.transport import PeerCertificate, Transport
from dugong.polling import PollNeeded


@attrs.define
class Traced:
    transport: TracingTransport
    peer: socket.socket
    told: list[str]

    def received(self, size: int = 100) -> bytes | PollNeeded:
        target = bytearray(size)
        count = self.transport.receive_into(memoryview(target))
        return count if isinstance(count, PollNeeded) else bytes(target[:count])


@pytest.fixture
def traced() -> Iterator[Traced]:
    ours, peer = socket.socketpair()
    with peer:
        transport = TracingTransport(ours)
        told: list[str] = []
        transport.tell = told.append
        yield Traced(transport, peer, told)
        transport.close()


CERTIFICATE: PeerCertificate = {"serialNumber": "01"}


class SecureTransport(Transport):
    """Answers what a transport with TLS would."""

    def __init__(self) -> None:
        super().__init__(-1)

    def send(self, data: bytes | memoryview) -> int:
        return len(data)

    def receive_into(self, target: memoryview) -> int:
        return len(target)

    def has_input(self) -> bool:
        return False

    def shutdown(self, how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    @property
    def is_secure(self) -> bool:
        return True

    def cipher(self) -> tuple[str, str, int]:
        return ("A", "B", 1)

    def peercert(self, *, binary_form: bool) -> PeerCertificate | bytes:  # type: ignore[override]  # overloads
        return b"DER" if binary_form else CERTIFICATE


def test_waits_are_those_of_the_inner_transport(traced: Traced) -> None:
    assert traced.transport.readable is traced.transport.inner.readable
    assert traced.transport.writable is traced.transport.inner.writable


def test_sending_is_told_by_octets(traced: Traced) -> None:
    assert traced.transport.send(b"secret") == 6
    assert traced.peer.recv(100) == b"secret"
    assert traced.told == ["sent 6 octets"]


def test_send_that_waits_is_not_told(traced: Traced) -> None:
    while not isinstance(result := traced.transport.send(bytes(65_536)), PollNeeded):
        traced.told.clear()
    assert result is traced.transport.writable
    assert not traced.told


def test_receiving_is_told_by_octets(traced: Traced) -> None:
    traced.peer.send(b"secret")
    assert traced.received() is traced.transport.readable
    assert traced.received() == b"secret"
    assert traced.told == ["received 6 octets"]


def test_end_is_told(traced: Traced) -> None:
    traced.peer.close()
    traced.received()
    assert traced.received() == b""
    assert traced.told == ["received the end"]


def test_subclass_sees_the_octets(traced: Traced) -> None:
    class Showing(TracingTransport):
        seen = bytearray()

        def on_sent(self, octets: memoryview) -> None:
            self.seen += octets

    ours, peer = socket.socketpair()
    with peer:
        transport = Showing(ours)
        transport.send(b"octets")
        assert transport.seen == b"octets"
        transport.close()


def test_tells_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    ours, peer = socket.socketpair()
    with peer:
        transport = TracingTransport(ours)
        transport.send(b"octets")
        transport.close()
    assert capsys.readouterr().out == "sent 6 octets\n"


def test_looking_is_left_to_the_inner_transport(traced: Traced) -> None:
    before = traced.transport.has_input()
    traced.peer.send(b"x")
    assert (before, traced.transport.has_input()) == (False, True)


def test_shutdown_is_left_to_the_inner_transport(traced: Traced) -> None:
    traced.transport.shutdown(socket.SHUT_WR)
    assert traced.peer.recv(100) == b""


def test_close_is_left_to_the_inner_transport(traced: Traced) -> None:
    traced.transport.close()
    with pytest.raises(ConnectionClosed):
        traced.transport.send(b"x")


def test_plain_connection_stays_plain(traced: Traced) -> None:
    assert not traced.transport.is_secure
    assert traced.transport.cipher() is None


def test_what_tls_knows_is_passed_on(traced: Traced) -> None:
    plain, traced.transport.inner = traced.transport.inner, SecureTransport()
    assert traced.transport.is_secure
    assert traced.transport.cipher() == ("A", "B", 1)
    assert traced.transport.peercert(binary_form=True) == b"DER"
    assert traced.transport.peercert(binary_form=False) is CERTIFICATE
    plain.close()

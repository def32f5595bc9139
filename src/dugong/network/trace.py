"""What crossed the wire, written down: the worked example of extending.

`TracingTransport` stands around any other transport and tells a writer of each event. It is
named in `Layers` like any other; nothing in the library uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, overload

from dugong.network.open_transport import open_transport
from dugong.network.transport import Transport
from dugong.polling import PollNeeded

if TYPE_CHECKING:
    import socket

    from dugong.network.transport import PeerCertificate


class TracingTransport(Transport):
    """Tells what goes through another transport.

    What is told are directions and octet counts, never the octets: they may carry credentials.
    A subclass that shows them overrides `on_sent` and `on_received`.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Stand around the transport that *sock* would have without tracing."""
        self.inner: Transport = open_transport(sock)
        super().__init__(self.inner.readable.fd)
        self.is_committed: bool = False
        self.readable: PollNeeded = self.inner.readable
        self.writable: PollNeeded = self.inner.writable
        self.tell: Callable[[str], object] = print

    def on_sent(self, octets: memoryview) -> None:
        """Called with what was sent; *octets* must not be kept."""
        self.tell(f"sent {len(octets)} octets")

    def on_received(self, octets: memoryview) -> None:
        """Called with what was received; empty at the end. *octets* must not be kept."""
        self.tell(f"received {len(octets)} octets" if octets else "received the end")

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        result = self.inner.send(data)
        self.is_committed = self.inner.is_committed
        if not isinstance(result, PollNeeded):
            self.on_sent(memoryview(data)[:result])
        return result

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        result = self.inner.receive_into(target)
        if not isinstance(result, PollNeeded):
            self.on_received(target[:result])
        return result

    def has_input(self) -> bool:
        return self.inner.has_input()

    def shutdown(self, how: int) -> None:
        self.inner.shutdown(how)

    def close(self) -> None:
        self.inner.close()

    @property
    def is_secure(self) -> bool:
        return self.inner.is_secure

    def cipher(self) -> tuple[str, str, int] | None:
        return self.inner.cipher()

    @overload
    def peercert(self, *, binary_form: Literal[True]) -> bytes | None: ...

    @overload
    def peercert(self, *, binary_form: Literal[False]) -> PeerCertificate | None: ...

    def peercert(self, *, binary_form: bool) -> PeerCertificate | bytes | None:
        if binary_form:
            return self.inner.peercert(binary_form=True)
        return self.inner.peercert(binary_form=False)

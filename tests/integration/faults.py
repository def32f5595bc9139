"""Faults at an exact octet: a server that lives in the client's own thread and can be cut anywhere.

A `Wire` is a listener; an `End` is the server's end of one connection. It acts only where the
client waits (`drive`), or where the test says so, so nothing depends on timing and thousands of
cuts take seconds. What a script sends at once must fit into the buffers of the kernel. The
clients are in `fault_clients`; what should have become of them is told by `exchanges`.
"""

import contextlib
import select
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Generator, Iterable
from enum import Enum
from types import TracebackType
from typing import Final, Self, TypeAlias, TypeVar

from dugong import PollNeeded

PATIENCE: Final = 2.0
"""Seconds without progress after which a client counts as hanging; loopback needs none."""

DRIPS: Final = 6  # pieces
RECEIVE_SIZE: Final = 64 * 1024
Result = TypeVar("Result")


class Hang(BaseException):
    """The client waits for something that will not come; no handler of a test may swallow it."""


class Cut(Enum):
    """How a connection ends."""

    FIN = "fin"
    RST = "rst"
    NOTIFY = "close_notify"  # the closure alert of TLS, then FIN

    def is_orderly(self, *, secure: bool) -> bool:
        """Tell whether this may end a body that lasts until close."""
        return self is (Cut.NOTIFY if secure else Cut.FIN)


Act: TypeAlias = bytes | Cut
"""One thing that an `End` does: send octets (over TLS: one record), or cut."""


class End:
    """The server's end of one connection. It never waits.

    Attributes:
        received: Octets of the client, over TLS those inside of it.
        taken: How many octets came off the wire.
        forwarded: How many octets were put on the wire.
        forward_limit: When so many were put there, `forward_cut` happens; nothing follows.
        forward_cut: FIN, RST, or `None` for silence.
        pause: Called between octets, if set: what is put on the wire goes in a few pieces then.
        is_cut: Whether the connection was cut.
        has_left: Whether the client has closed, or reset, the connection.
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext | None,
        script: Iterable[Act] = (),
    ) -> None:
        """Play *script* on the next connection to *listener*, after the TLS handshake if any."""
        self.received: Final = bytearray()
        self.taken = 0
        self.forwarded = 0
        self.forward_limit: int | None = None
        self.forward_cut: Cut | None = Cut.FIN
        self.pause: Callable[[], object] | None = None
        self.is_cut = False
        self.has_left = False
        self.script: Final = deque(script)
        self._listener = listener
        self._socket: socket.socket | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._is_shaking = context is not None
        if context is not None:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    @property
    def sock(self) -> socket.socket:
        """The connected socket."""
        assert self._socket is not None, "no client has connected yet"
        return self._socket

    @property
    def is_ready(self) -> bool:
        """Whether the connection is open for the script: accepted, and its handshake done."""
        return self._socket is not None and not self._is_shaking

    def act(self) -> bool:
        """Go one step on: accept, shake hands, or play the next act; tell whether it could."""
        if self._socket is None:
            return self._accept()
        if self.is_cut:
            return False
        progress = self.take() > 0
        if self._is_shaking:
            return self._shake() or progress
        # A server answers; it does not begin.
        if not self.script or not self.taken:
            return progress
        self.play()
        return True

    def play(self, acts: int = 1) -> None:
        """Play the next acts of the script."""
        for _ in range(acts):
            act = self.script.popleft()
            if isinstance(act, Cut):
                self.cut(act)
            else:
                self.send(act)

    def play_all(self) -> None:
        """Take what the client has sent, and play what is left of the script."""
        self.take()
        self.play(len(self.script))

    def run(self) -> None:
        """Act whenever the client, which is in another thread, did; until the cut, or its own."""
        while not self.is_cut:
            if not self.act() and not self.is_cut:
                awaited = self._socket or self._listener
                ready, _, _ = select.select([awaited], [], [], PATIENCE)
                if not ready or self.has_left:
                    self.close()

    def take(self, limit: int = RECEIVE_SIZE) -> int:
        """Take what has come, at most *limit* octets off the wire; return their count."""
        try:
            octets = self.sock.recv(limit) if limit else b""
        except BlockingIOError:
            return 0
        except ConnectionError:
            octets = b""
        self.has_left = self.has_left or bool(limit and not octets)
        self.taken += len(octets)
        if self._tls is None:
            self.received.extend(octets)
            return len(octets)
        self._incoming.write(octets)
        if not self._is_shaking:
            with contextlib.suppress(ssl.SSLError):
                while plain := self._tls.read(RECEIVE_SIZE):
                    self.received.extend(plain)
        return len(octets)

    def send(self, octets: bytes) -> None:
        """Put octets on the wire, over TLS as one record; all of them, or up to the limit."""
        if self._tls is None:
            self._forward(octets)
        elif octets:
            self._tls.write(octets)
            self._forward(self._outgoing.read())

    def cut(self, kind: Cut) -> None:
        """End the connection, if it was not cut before."""
        if kind is Cut.NOTIFY:
            self.notify()
        self._end(Cut.RST if kind is Cut.RST else Cut.FIN)

    def _end(self, kind: Cut) -> None:
        if self.is_cut:
            return
        while self.take():  # a close with octets unread is answered by RST
            pass
        if kind is Cut.RST:
            no_linger = struct.pack("ii", 1, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self.sock.close()
        self.is_cut = True

    def notify(self) -> None:
        """Send the closure alert of TLS."""
        assert self._tls is not None, "only TLS has a closure alert"
        if self.is_cut:
            return
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._forward(self._outgoing.read())

    def half_close(self) -> None:
        """Send FIN; what the client sends can still be taken."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close, however far it came."""
        if self._socket is not None:
            self._socket.close()
        self.is_cut = True

    def _accept(self) -> bool:
        try:
            self._socket, _ = self._listener.accept()
        except BlockingIOError:
            return False
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True

    def _shake(self) -> bool:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
            self._is_shaking = False
        except ssl.SSLWantReadError:
            pass
        octets = self._outgoing.read()
        self._forward(octets)
        return bool(octets) or not self._is_shaking

    def _forward(self, octets: bytes) -> None:
        if self.is_cut:
            return
        limit = self.forward_limit
        if limit is not None:
            octets = octets[: limit - self.forwarded]
        with contextlib.suppress(ConnectionError):
            self._put(octets)
        self.forwarded += len(octets)
        if self.forwarded == limit and self.forward_cut is not None:
            self._end(self.forward_cut)

    def _put(self, octets: bytes) -> None:
        if self.pause is None:
            self.sock.sendall(octets)
            return
        size = -(-len(octets) // DRIPS)
        for begin in range(0, len(octets), size or 1):
            self.sock.sendall(octets[begin : begin + size])
            self.pause()


class Wire:
    """A listener for as many connections as a test wants; a context manager.

    Attributes:
        host: The address it listens on.
        port: The port it listens on.
        tls: The server's context where it speaks TLS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on loopback."""
        self.tls = tls
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self.host: str
        self.port: int
        self.host, self.port = self._listener.getsockname()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def set_receive_buffer(self, octets: int) -> None:
        """Give the connections to come an SO_RCVBUF of *octets*."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)

    def end(self, *script: Act, plain: bool = False) -> End:
        """Return the end of the next connection, which is still to come."""
        return End(self._listener, None if plain else self.tls, script)


def drive(
    coroutine: Generator[PollNeeded, None, Result], act: Callable[[], bool] = lambda: False
) -> Result:
    """Return the result of a coroutine; where it waits for what has not come, *act* is called.

    Raises:
        Hang: It goes on waiting, and *act* has nothing left to do.
    """
    try:
        while True:
            needed = next(coroutine)
            while not needed.poll(0):
                if not act() and not needed.poll(PATIENCE):
                    raise Hang(f"client waits for {needed} that never comes")
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        coroutine.close()

"""The façade: one object, one TCP connection at a time to one origin.

It owns the pairs of blocking methods and coroutines and the replacement of a connection that
has ended. It knows neither HTTP nor sockets: the sender and the receiver do the work, and
`Layers` says of which classes they are made. This is what users of dugong call.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self, TypedDict, Unpack, overload

from dugong.drivers.poll_loop import drive
from dugong.layers import Layers
from dugong.network.route import parse_route
from dugong.network.transport import ReentrantLock
from dugong.polling import check_timeout
from dugong.protocol.authority import split_url
from dugong.protocol.octets import octets_of, writable_octets_of
from dugong.stream import BinaryStream

if TYPE_CHECKING:
    import ssl
    from email.message import Message
    from types import TracebackType

    from _typeshed import ReadableBuffer, SupportsRead, WriteableBuffer

    from dugong.exchange.conversation import Conversation
    from dugong.exchange.file_sender import FileSender
    from dugong.exchange.file_source import FileSource
    from dugong.network.connector import Connector
    from dugong.network.transport import PeerCertificate, Transport
    from dugong.polling import PollNeeded
    from dugong.protocol.outgoing import EncodedRequest
    from dugong.protocol.request import BodyFollowing
    from dugong.protocol.response import HTTPResponse


class ConnectionOptions(TypedDict, total=False):
    """What `HTTPConnection.for_url` passes on to the connection."""

    ssl_context: ssl.SSLContext | None
    proxy: tuple[str, int] | None
    timeout: float | None
    proxy_headers: Mapping[str, str] | None


class HTTPConnection(BinaryStream):
    """One object, one TCP connection at a time to one origin.

    Requests and responses are separate steps, so that requests can be pipelined; responses come
    in the order of the requests. Every operation that may wait exists twice: ``name()`` blocks,
    and ``co_name()`` returns a generator that yields a `PollNeeded` instead of blocking.

    One thread may send requests while one other thread reads responses, and any thread may call
    `disconnect`.

    Attributes:
        layers: The classes of which connections are made; see `Layers`.
    """

    layers: ClassVar[Layers] = Layers()
    _last_transport: Transport | None = None

    def __init__(
        self,
        hostname: str,
        port: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: tuple[str, int] | None = None,
        *,
        timeout: float | None = None,
        proxy_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare a connection; nothing is sent before the first request.

        Args:
            hostname: A name, an IPv4 address, or an IPv6 address without brackets.
            port: By default 80, or 443 where *ssl_context* is given.
            ssl_context: The context for TLS, used as it is; `None` for plain HTTP.
            proxy: The name and port of an HTTP proxy. With TLS it is asked for a tunnel.
            timeout: Seconds for which a blocking method may be able neither to send nor to
                receive; 0: do not wait, `None`: no limit. Coroutines ignore it.
            proxy_headers: Fields for the proxy, such as its credentials: with CONNECT where there
                is a tunnel, through which they are never sent, otherwise with each request.

        Raises:
            ValueError: An argument has a value that is not allowed.
            TypeError: An argument has the wrong type.
        """
        self._route = parse_route(hostname, port, ssl_context, proxy, proxy_headers)
        self._encoder = self.layers.encoder(self._route.request_origin())
        self._hostname = hostname
        self._proxy = proxy
        if timeout is not None:
            check_timeout(timeout)
        self._timeout = timeout
        # Reentrant, since a signal handler may disconnect while this thread holds it.
        self._replacing = ReentrantLock()
        self._talk = _no_conversation()

    @classmethod
    def for_url(cls, url: str, **kwargs: Unpack[ConnectionOptions]) -> Self:
        """Return the connection that a URL names.

        Args:
            url: An ``http://`` or ``https://`` URL without user name; of what follows the
                authority nothing is used.
            **kwargs: As for the constructor. Where no *ssl_context* is given for https, the
                default one is used, which verifies the server, with ALPN ``http/1.1``.

        Raises:
            ValueError: *url* names no connection, or *ssl_context* is given for http.
            TypeError: *url* is no `str`.
        """
        secure, hostname, port = split_url(url)
        if not secure and kwargs.get("ssl_context") is not None:
            raise ValueError("ssl_context is given for an http:// URL")
        if secure and kwargs.get("ssl_context") is None:
            kwargs["ssl_context"] = _default_context()
        return cls(hostname, port, **kwargs)

    # -- attributes

    @property
    def hostname(self) -> str:
        """The host name or address, as it was given."""
        return self._hostname

    @property
    def port(self) -> int:
        """The TCP port of the server."""
        return self._route.origin.port

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The context for TLS, or `None` for plain HTTP."""
        return self._route.ssl_context

    @property
    def proxy(self) -> tuple[str, int] | None:
        """The name and port of the proxy, or `None`."""
        return self._proxy

    @property
    def timeout(self) -> float | None:
        """Seconds for which a blocking method may be able neither to send nor to receive."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: float | None) -> None:
        check_timeout(timeout)
        self._timeout = timeout
        if (talk := self._talk) is not _no_conversation():
            talk.link.set_timeout(timeout)

    @property
    def trailers(self) -> Message | None:
        """The trailer section of the last response.

        `None` from the start of each `read_response`; a `Message`, empty where there were no
        trailers, once a chunked body was read to its end.
        """
        return self._talk.receiver.trailers

    def __repr__(self) -> str:
        scheme = "http" if self._route.ssl_context is None else "https"
        return f"<{type(self).__name__} {scheme}://{self._route.origin}>"

    # -- the connection

    def connect(self) -> None:
        """Open the connection, where there is none. Rarely called: `send_request` does it.

        Raises:
            HostnameNotResolvable: The name of the server, or of the proxy, does not exist.
            DNSUnavailable: That name could not be looked up.
            TunnelRefused: The proxy opens no tunnel.
            ConnectionTimedOut: A wait lasted longer than `timeout`.
            ConnectionClosed: The connection was cut off, or has ended before.
            OSError: The server cannot be reached, or TLS with it failed.
        """
        talk = self._usable_conversation()
        if not talk.link.is_open:
            drive(talk.link.co_open(self._make_connector()), self._timeout)
        talk.link.check_not_ended()

    def co_connect(self) -> Generator[PollNeeded, None, None]:
        """Do what `connect` does, as a coroutine."""
        talk = self._usable_conversation()
        if not talk.link.is_open:
            yield from talk.link.co_open(self._make_connector())
        talk.link.check_not_ended()

    def disconnect(self) -> None:
        """Close the connection at once.

        May be called twice, and from any thread. Operations that wait raise `ConnectionClosed`,
        and so does whatever goes on with what was in progress: reading an open body or an owed
        response, writing an open body. The next request opens a new connection; with nothing in
        progress the object is as new at once.
        """
        with self._replacing:
            old = self._talk
            if old is _no_conversation():
                return
            link = old.link
            if link.is_in_progress:
                old.receiver.interrupt()
                link.abort("disconnect() was called")
            else:
                link.abort("disconnect() was called")
                self._forget(old)

    def reset(self) -> None:
        """Do what `disconnect` does."""
        self.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disconnect()

    def get_ssl_cipher(self) -> tuple[str, str, int] | None:
        """Return what `ssl.SSLSocket.cipher` says of the connection; `None` for plain HTTP.

        Where there was no connection yet, one is opened, as by `connect`. After the end of a
        connection this is the value of its handshake.
        """
        transport = self._handshaken_transport()
        return None if transport is None else transport.cipher()

    @overload
    def get_ssl_peercert(self, binary_form: Literal[False] = False) -> PeerCertificate | None: ...

    @overload
    def get_ssl_peercert(self, binary_form: Literal[True]) -> bytes | None: ...

    @overload
    def get_ssl_peercert(self, binary_form: bool) -> PeerCertificate | bytes | None: ...

    def get_ssl_peercert(self, binary_form: bool = False) -> PeerCertificate | bytes | None:
        """Return what `ssl.SSLSocket.getpeercert` says of the server; `None` for plain HTTP.

        Where there was no connection yet, one is opened, as by `connect`. After the end of a
        connection this is the value of its handshake.

        Args:
            binary_form: Whether to return the certificate itself, as DER.
        """
        transport = self._handshaken_transport()
        if transport is None:
            return None
        if binary_form:
            return transport.peercert(binary_form=True)
        return transport.peercert(binary_form=False)

    # -- sending

    def send_request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: ReadableBuffer | BodyFollowing | None = None,
        expect100: bool = False,
    ) -> None:
        """Send a request, opening the connection where there is none.

        Any number of requests may be sent before a response is read.

        Args:
            method: The method, a token other than CONNECT.
            path: The request target in origin-form, or ``*`` for OPTIONS.
            headers: Header fields; never changed. Host, Accept-Encoding and Connection
                are added where they are missing, and those that describe the body.
            body: The octets of the body, or a `BodyFollowing` where calls of `write` follow.
            expect100: Whether the body waits for a 100 response; needs a `BodyFollowing` that is
                not of length 0. Call `read_response` next: 100 means that the body is wanted.

        Raises:
            ValueError: An argument is not allowed; nothing was sent.
            TypeError: An argument has the wrong type; nothing was sent.
            StateError: The body of the request before is not complete.
            ConnectionClosed: The connection has ended, or takes no more requests.
            InvalidResponse: The server sent octets that nobody asked for; nothing was sent.
            ConnectionTimedOut: Nothing could be sent for `timeout` seconds.
        """
        request = self._encoder.encode(method, path, headers, body, expect100=expect100)
        talk = self._talk
        if talk.link.state.replaceable or not talk.link.is_open:
            talk = self._open_for(request)
        talk.sender.send(request)

    def co_send_request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: ReadableBuffer | BodyFollowing | None = None,
        expect100: bool = False,
    ) -> Generator[PollNeeded, None, None]:
        """Do what `send_request` does, as a coroutine."""
        request = self._encoder.encode(method, path, headers, body, expect100=expect100)
        talk = self._talk
        if talk.link.state.replaceable or not talk.link.is_open:
            talk = yield from self._co_open_for(request)
        yield from talk.sender.co_send(request)

    def write(self, buf: ReadableBuffer) -> None:
        """Send octets of the body that `BodyFollowing` announced.

        Args:
            buf: Any C-contiguous buffer. An empty one sends nothing, and never ends a body. In a
                chunked body each buffer makes one chunk.

        Raises:
            StateError: No body is open, or its 100 is still awaited.
            ExcessBodyData: The body would become longer than announced; nothing was sent.
            TypeError: *buf* is no C-contiguous buffer.
            ConnectionClosed: Sending on this connection has ended.
            ConnectionTimedOut: Nothing could be sent for `timeout` seconds.
        """
        sender = self._talk.sender
        with octets_of(buf) as data:
            outgoing = sender.prepare_write(data)
            if outgoing is not None:
                sender.send(outgoing)

    def co_write(self, buf: ReadableBuffer) -> Generator[PollNeeded, None, None]:
        """Do what `write` does, as a coroutine."""
        sender = self._talk.sender
        with octets_of(buf) as data:
            outgoing = sender.prepare_write(data)
            if outgoing is not None:
                yield from sender.co_send(outgoing)

    def send_file(self, fh: SupportsRead[bytes], count: int | None = None) -> int:
        """Send octets of a file as octets of the body that `BodyFollowing` announced.

        They begin at the file's position, which afterwards is behind what was sent; where nothing
        was sent, it is where it was. On a connection without TLS the system sends a file on a disk
        by itself, if it is an object of `open` for binary reading; others are read in pieces. The
        file is never closed. In a chunked body a file on a disk makes chunks of 1 MiB, any other
        one for each piece.

        A call that fails after a part was sent ends the sending, whatever failed.

        Args:
            fh: Any file opened for binary reading, or other object with such a ``read``. It may
                wait for a disk; what waits for others (a pipe, say) blocks, in `co_send_file` too.
            count: How many octets; `None`: up to the end, which for a file on a disk is where it
                is now.

        Returns:
            The count of octets that were sent.

        Raises:
            StateError: No body is open, or its 100 is still awaited.
            ExcessBodyData: The body would become longer than announced. Of a file on a disk, or
                with a *count*, nothing was sent; of others, nothing of the last piece.
            ValueError: *count* is negative, or more than a file on a disk has; *fh* is closed, or
                was not opened for reading. Nothing was sent.
            TypeError: *fh* is no binary file, or *count* is no integer.
            EOFError: The file ended before *count* octets, or became shorter meanwhile.
            OSError: The file could not be read.
            ConnectionClosed: Sending on this connection has ended.
            ConnectionTimedOut: Nothing could be sent for `timeout` seconds.
        """
        files, source = self._file_sender(fh, count)
        return files.send(files.prepare(source))

    def co_send_file(
        self, fh: SupportsRead[bytes], count: int | None = None
    ) -> Generator[PollNeeded, None, int]:
        """Do what `send_file` does, as a coroutine."""
        files, source = self._file_sender(fh, count)
        return (yield from files.co_send(files.prepare(source)))

    def end_body(self, trailers: Mapping[str, str] | None = None) -> None:
        """End a chunked body; without effect on a body of known length that is complete.

        Args:
            trailers: Fields to send behind a chunked body.

        Raises:
            StateError: No body is open, or octets of it are missing.
            ValueError: A trailer is not allowed, or the body is not chunked.
            ConnectionClosed: Sending on this connection has ended.
            ConnectionTimedOut: Nothing could be sent for `timeout` seconds.
        """
        sender = self._talk.sender
        outgoing = sender.prepare_end(trailers)
        if outgoing is not None:
            sender.send(outgoing)

    def co_end_body(
        self, trailers: Mapping[str, str] | None = None
    ) -> Generator[PollNeeded, None, None]:
        """Do what `end_body` does, as a coroutine."""
        sender = self._talk.sender
        outgoing = sender.prepare_end(trailers)
        if outgoing is not None:
            yield from sender.co_send(outgoing)

    def skip_continue(self) -> None:
        """Let the body be written without the 100 that is awaited; a later one is passed over.

        Raises:
            StateError: No 100 is awaited.
            ConnectionClosed: Sending on this connection has ended.
        """
        self._talk.sender.skip_continue()

    # -- receiving

    def read_response(self) -> HTTPResponse:
        """Return the status line and headers of the next response.

        Responses come in the order of the requests. Interim responses are passed over, except the
        100 that ``expect100`` waits for.

        Raises:
            StateError: No response is owed, the body of its request is not complete, or the body
                of the response before was not read to its end.
            ConnectionClosed: The connection ended before the response did.
            InvalidResponse: What came is not HTTP/1.x.
            UnsupportedResponse: What came is HTTP of a kind that is not read.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        talk = self._talk
        return talk.link.receiving.block(talk.receiver.step_read_response)

    def co_read_response(self) -> Generator[PollNeeded, None, HTTPResponse]:
        """Do what `read_response` does, as a coroutine."""
        talk = self._talk
        return (yield from talk.link.receiving.coroutine(talk.receiver.step_read_response))

    def read(self, len_: int | None = None) -> bytes:
        """Return octets of the response body.

        Args:
            len_: How many at most, fewer are allowed. `None` or negative: the rest of the body.

        Returns:
            The octets; empty at the end of the body, and for a *len_* of 0.

        Raises:
            ConnectionClosed: The connection ended before the body did.
            InvalidResponse: The framing of the body is faulty.
            UnsupportedResponse: The body has a transfer coding other than chunked.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        if len_ is None or (limit := operator.index(len_)) < 0:
            return self.readall()
        if not limit:
            return b""
        talk = self._talk
        return talk.link.receiving.block_with(talk.receiver.body.step_read, limit)

    def co_read(self, len_: int | None = None) -> Generator[PollNeeded, None, bytes]:
        """Do what `read` does, as a coroutine."""
        if len_ is None or (limit := operator.index(len_)) < 0:
            return (yield from self.co_readall())
        if not limit:
            return b""
        talk = self._talk
        return (yield from talk.link.receiving.coroutine(talk.receiver.body.step_read, limit))

    def readinto(self, buf: WriteableBuffer) -> int:
        """Read octets of the response body into a buffer, from the socket itself where possible.

        Args:
            buf: Any writable C-contiguous buffer. What it had behind the octets that are counted
                may be lost.

        Returns:
            The count of octets; 0 at the end of the body, and for an empty buffer.

        Raises:
            TypeError: *buf* is no such buffer; nothing was consumed.
            ConnectionClosed: The connection ended before the body did.
            InvalidResponse: The framing of the body is faulty.
            UnsupportedResponse: The body has a transfer coding other than chunked.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        talk = self._talk
        # Nearly all buffers, without a call more (bench, download-readinto)
        target = memoryview(buf) if type(buf) is bytearray else writable_octets_of(buf)
        try:
            if not target:
                return 0
            return talk.link.receiving.block_with(talk.receiver.body.step_readinto, target)
        except BaseException:
            # A traceback would keep the caller's memory locked with it; nothing else does.
            target.release()
            raise

    def co_readinto(self, buf: WriteableBuffer) -> Generator[PollNeeded, None, int]:
        """Do what `readinto` does, as a coroutine."""
        talk = self._talk
        target = writable_octets_of(buf)
        try:
            if not target:
                return 0
            return (
                yield from talk.link.receiving.coroutine(talk.receiver.body.step_readinto, target)
            )
        except BaseException:
            target.release()
            raise

    def readall(self) -> bytes:
        """Return the rest of the response body.

        Memory grows with what arrived, never with what was announced. After a timeout, what was
        gathered is kept: the next read of any kind gets it first.

        Raises:
            ConnectionClosed: The connection ended before the body did.
            InvalidResponse: The framing of the body is faulty.
            UnsupportedResponse: The body has a transfer coding other than chunked.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        talk = self._talk
        return talk.link.receiving.block(talk.receiver.body.step_readall)

    def co_readall(self) -> Generator[PollNeeded, None, bytes]:
        """Do what `readall` does, as a coroutine."""
        talk = self._talk
        return (yield from talk.link.receiving.coroutine(talk.receiver.body.step_readall))

    def discard(self) -> None:
        """Read the rest of the response body and drop it, in constant memory.

        Raises:
            ConnectionClosed: The connection ended before the body did.
            InvalidResponse: The framing of the body is faulty.
            UnsupportedResponse: The body has a transfer coding other than chunked.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        talk = self._talk
        talk.link.receiving.block(talk.receiver.body.step_discard)

    def co_discard(self) -> Generator[PollNeeded, None, None]:
        """Do what `discard` does, as a coroutine."""
        talk = self._talk
        return (yield from talk.link.receiving.coroutine(talk.receiver.body.step_discard))

    def read_raw(self, size: int) -> bytes:
        """Return octets as they came, beginning with the first that was not accepted.

        For diagnosis after `InvalidResponse` or `UnsupportedResponse`. Afterwards only
        `disconnect` is possible.

        Args:
            size: How many octets to wait for; fewer are returned only where no more come.

        Raises:
            StateError: There is no connection.
            ConnectionTimedOut: Nothing came for `timeout` seconds; the call can be repeated.
        """
        if (count := operator.index(size)) < 0:
            raise ValueError(f"size is negative: {count}")
        talk = self._talk
        return talk.link.receiving.block_with(talk.receiver.step_read_raw, count)

    def response_pending(self) -> bool:
        """Return whether `read_response`, or reading the open body, is still due.

        A request whose body is not complete does not count yet. Responses that are lost do, so
        that a loop meets the error.
        """
        link = self._talk.link
        return link.state.response_pending(failed=link.has_ended)

    # -- conversations

    def _usable_conversation(self) -> Conversation:
        """Return the present conversation, or a new one where there is none to go on with."""
        with self._replacing:
            talk = self._talk
            if talk is _no_conversation() or talk.link.state.replaceable:
                talk = self._replace(talk)
        return talk

    def _file_sender(
        self, fh: SupportsRead[bytes], count: int | None
    ) -> tuple[FileSender, FileSource]:
        # Not every program sends files.
        from dugong.exchange.file_sender import FileSender
        from dugong.exchange.file_source import judge_file

        talk = self._talk
        return FileSender(talk.sender, talk.link), judge_file(fh, count)

    def _open_for(self, request: EncodedRequest) -> Conversation:
        """Return a conversation whose connection was opened, to send *request* on it."""
        talk = self._usable_conversation()
        try:
            if not talk.link.is_open:
                drive(talk.link.co_open(self._make_connector()), self._timeout)
        except BaseException:
            request.release()
            raise
        return talk

    def _co_open_for(self, request: EncodedRequest) -> Generator[PollNeeded, None, Conversation]:
        """Do what `_open_for` does, as a coroutine."""
        talk = self._usable_conversation()
        try:
            if not talk.link.is_open:
                yield from talk.link.co_open(self._make_connector())
        except BaseException:
            request.release()
            raise
        return talk

    def _forget(self, old: Conversation) -> None:
        if old.receiver.body.leaves_loss:
            self._replace(old).receiver.trailers = None
            return
        if old.link.is_open:
            self._last_transport = old.link.transport
        self._talk = _no_conversation()

    def _replace(self, old: Conversation) -> Conversation:
        layers = self.layers
        new = _conversation_class()(
            self._timeout, layers.head_parser, layers.framing, layers.limits
        )
        if old is not _no_conversation():
            if old.link.is_open:
                self._last_transport = old.link.transport
            new.receiver.succeed(old.receiver)
        self._talk = new
        return new

    def _make_connector(self) -> Connector:
        layers = self.layers
        return layers.connector(self._route, layers.resolver(), layers.transport, layers.limits)

    def _handshaken_transport(self) -> Transport | None:
        if self._route.ssl_context is None:
            return None
        link = self._talk.link
        if not link.is_open and self._last_transport is not None:
            return self._last_transport
        if not link.is_open:
            self.connect()
            link = self._talk.link
        return link.transport


# The floor below is imported with the first connection: it needs email.message, which costs as much
# as our own modules together. An import statement in a function costs as much as five calls.


@functools.cache
def _no_conversation() -> Conversation:
    from dugong.exchange.conversation import NO_CONVERSATION

    return NO_CONVERSATION


@functools.cache
def _conversation_class() -> type[Conversation]:
    from dugong.exchange.conversation import Conversation

    return Conversation


def _default_context() -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    # RFC 9110 section 4.3.4: the common name of a certificate tells nothing.
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    return context

"""A pair of sockets stands for the server, which goes away without the closure alert."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NoReturn, cast

import attrs
import pytest
import trustme

from dugong.network import strict_tls
from dugong.network.strict_tls import wrap_strictly

LENIENT = ssl.Options(strict_tls._LENIENT)


@attrs.define
class Ends:
    ours: ssl.SSLSocket
    peer: ssl.SSLSocket

    def shake_hands(self) -> None:
        waiting = [self.ours, self.peer]
        while waiting:
            for sock in list(waiting):
                with contextlib.suppress(ssl.SSLWantReadError):
                    sock.do_handshake()
                    waiting.remove(sock)

    def cut(self) -> None:
        """End the connection at the peer without the closure alert."""
        socket.socket.shutdown(self.peer, socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    """A context that takes a cut for an end."""
    made = ssl.create_default_context()
    authority.configure_trust(made)
    made.options |= LENIENT
    return made


@contextlib.contextmanager
def wrapped(context: ssl.SSLContext, authority: trustme.CA) -> Iterator[Ends]:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("server.example").configure_cert(server)
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    peer.setblocking(False)
    with (
        server.wrap_socket(peer, server_side=True, do_handshake_on_connect=False) as secured_peer,
        wrap_strictly(context, ours, "server.example") as secured,
    ):
        yield Ends(secured, secured_peer)


@pytest.mark.parametrize("is_lenient", [True, False], ids=["lenient release", "later release"])
def test_context_is_left_as_it_was(
    context: ssl.SSLContext,
    authority: trustme.CA,
    is_lenient: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strict_tls, "_IS_LENIENT", is_lenient)
    before = context.options
    with wrapped(context, authority) as ends:
        assert ends.ours.context is context
        assert ends.ours.server_hostname == "server.example"
    assert context.options == before


def test_cut_is_told_where_the_release_is_lenient(
    context: ssl.SSLContext, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_tls, "_IS_LENIENT", True)
    with wrapped(context, authority) as ends:
        ends.shake_hands()
        ends.cut()
        with pytest.raises(ssl.SSLError, match=r"(?i)eof occurred|unexpected eof"):
            ends.ours.recv(1)


def test_option_that_somebody_has_set_holds(
    context: ssl.SSLContext, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_tls, "_IS_LENIENT", False)
    with wrapped(context, authority) as ends:
        ends.shake_hands()
        ends.cut()
        assert ends.ours.recv(1) == b""


def test_context_that_is_strict_is_not_touched(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Untouched(ssl.SSLContext):
        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise AssertionError(name)

    monkeypatch.setattr(strict_tls, "_IS_LENIENT", True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options &= ~LENIENT
    context.__class__ = Untouched
    with wrapped(context, authority) as ends:
        assert ends.ours.context is context


def test_options_are_looked_at_only_while_nobody_else_changes_them(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thread could see what another one has left out, and wrap when it is back."""

    class Noting:
        is_held = False

        def __enter__(self) -> None:
            self.is_held = True

        def __exit__(self, *_: object) -> None:
            self.is_held = False

    class Watched(ssl.SSLContext):
        def __getattribute__(self, name: str) -> object:
            note(name)
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: object) -> None:
            note(name)
            super().__setattr__(name, value)

    def note(name: str) -> None:
        if name == "options":
            seen.append(lock.is_held)

    seen: list[bool] = []
    lock = Noting()
    monkeypatch.setattr(strict_tls, "_IS_LENIENT", True)
    monkeypatch.setattr(strict_tls, "_changing", lock)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.options |= LENIENT
    context.__class__ = Watched
    with wrapped(context, authority):
        assert seen
        assert all(seen)
    assert not lock.is_held


def test_class_of_somebody_else_is_given_the_name_as_text(authority: trustme.CA) -> None:
    names: list[str | bytes | None] = []

    class Noting(ssl.SSLContext):
        def wrap_socket(
            self,
            sock: socket.socket,
            server_side: bool = False,
            do_handshake_on_connect: bool = True,
            suppress_ragged_eofs: bool = True,
            server_hostname: str | bytes | None = None,
            session: ssl.SSLSession | None = None,
        ) -> ssl.SSLSocket:
            names.append(server_hostname)
            return super().wrap_socket(
                sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname
            )

    context = Noting(ssl.PROTOCOL_TLS_CLIENT)
    with wrapped(context, authority):
        assert names == ["server.example"]


def test_failure_leaves_the_context_as_it_was(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_tls, "_IS_LENIENT", True)
    before = context.options
    ours, peer = socket.socketpair()
    with ours, peer, pytest.raises(ValueError, match="server_hostname"):
        wrap_strictly(context, ours, "")
    assert context.options == before


class Delegating:
    """Stands for a context, and hands on all that is asked of it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:  # whatever the context has
        return getattr(self._context, name)


def test_context_may_stand_for_another_one(authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with wrapped(cast("ssl.SSLContext", Delegating(context)), authority) as ends:
        ends.shake_hands()
        assert ends.ours.server_hostname == "server.example"


def test_wrap_socket_of_one_context_gets_a_str(authority: trustme.CA) -> None:
    names: list[object] = []
    context = ssl.create_default_context()
    authority.configure_trust(context)

    def wrap_socket(sock: socket.socket, **options: Any) -> ssl.SSLSocket:
        names.append(options["server_hostname"])
        return ssl.SSLContext.wrap_socket(context, sock, **options)

    context.__dict__["wrap_socket"] = wrap_socket
    with wrapped(context, authority):
        assert names == ["server.example"]

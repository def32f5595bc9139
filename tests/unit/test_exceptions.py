from __future__ import annotations

import copy
import pickle
import traceback
from typing import Final

import pytest

from dugong import exceptions
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
    fresh_copy,
)
from dugong.protocol.field_message import FieldMessage


def refusal() -> TunnelRefused:
    return TunnelRefused(407, "Proxy Authentication Required", FieldMessage("A: b\r\n"))


INSTANCES: Final[dict[str, Exception]] = {
    "ConnectionClosed": ConnectionClosed("text"),
    "InvalidResponse": InvalidResponse("text"),
    "UnsupportedResponse": UnsupportedResponse("text"),
    "ExcessBodyData": ExcessBodyData("text"),
    "StateError": StateError("text"),
    "ConnectionTimedOut": ConnectionTimedOut("text"),
    "HostnameNotResolvable": HostnameNotResolvable("host.example"),
    "DNSUnavailable": DNSUnavailable("host.example"),
    "TunnelRefused": refusal(),
}


def test_each_exception_of_the_module_is_tested() -> None:
    defined = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    assert defined == set(INSTANCES)


@pytest.mark.parametrize("name", INSTANCES)
def test_exceptions_are_told_apart(name: str) -> None:
    error = INSTANCES[name]
    others = [type(other) for other in INSTANCES.values() if other is not error]
    assert not isinstance(error, tuple(others))


def test_only_a_refused_tunnel_is_an_error_of_the_system() -> None:
    of_the_system = [name for name, error in INSTANCES.items() if isinstance(error, OSError)]
    assert of_the_system == ["TunnelRefused"]
    assert isinstance(refusal(), ConnectionError)


@pytest.mark.parametrize("error", [HostnameNotResolvable("a.b"), DNSUnavailable("a.b")])
def test_lookup_errors_have_the_name(error: HostnameNotResolvable | DNSUnavailable) -> None:
    assert error.name == "a.b"
    assert "'a.b'" in str(error)


def test_lookup_errors_say_whether_a_retry_may_help() -> None:
    assert str(HostnameNotResolvable("a")) == "host name does not exist: 'a'"
    assert str(DNSUnavailable("a")) == "host name cannot be looked up at present: 'a'"


def test_refused_tunnel_has_the_answer_of_the_proxy() -> None:
    error = refusal()
    assert (error.status, error.reason) == (407, "Proxy Authentication Required")
    assert error.headers["a"] == "b"
    assert str(error) == "proxy refused the tunnel: 407 Proxy Authentication Required"


def test_refused_tunnel_without_reason() -> None:
    error = TunnelRefused(403, "", FieldMessage())
    assert str(error) == "proxy refused the tunnel: 403"


def test_refused_tunnel_shows_at_most_40_characters_of_the_reason() -> None:
    error = TunnelRefused(403, "x" * 100, FieldMessage())
    assert str(error).count("x") == 40 + "proxy".count("x")
    assert error.reason == "x" * 100


@pytest.mark.parametrize("name", INSTANCES)
def test_copies_say_the_same(name: str) -> None:
    error = INSTANCES[name]
    for duplicate in (
        copy.copy(error),
        copy.deepcopy(error),
        pickle.loads(pickle.dumps(error)),
        fresh_copy(error),
    ):
        assert type(duplicate) is type(error)
        assert str(duplicate) == str(error)
        assert getattr(duplicate, "name", None) == getattr(error, "name", None)
        assert getattr(duplicate, "status", None) == getattr(error, "status", None)
        assert getattr(duplicate, "reason", None) == getattr(error, "reason", None)
        assert str(getattr(duplicate, "headers", None)) == str(getattr(error, "headers", None))


def test_fresh_copy_has_no_traceback() -> None:
    with pytest.raises(StateError) as caught:
        raise StateError("text")
    assert caught.value.__traceback__ is not None
    duplicate = fresh_copy(caught.value)
    assert duplicate is not caught.value
    assert duplicate.__traceback__ is None


def test_fresh_copies_raised_again_do_not_grow() -> None:
    kept = StateError("text")
    for _ in range(3):
        with pytest.raises(StateError) as caught:
            raise fresh_copy(kept)
        assert len(traceback.extract_tb(caught.value.__traceback__)) == 1
    assert kept.__traceback__ is None


def test_fresh_copy_keeps_what_an_error_of_the_system_says() -> None:
    duplicate = fresh_copy(ConnectionResetError(104, "reset"))
    assert isinstance(duplicate, ConnectionResetError)
    assert (duplicate.errno, duplicate.strerror) == (104, "reset")


class BrokenGreeting(InvalidResponse):
    """What a layer of a user's may raise: its message is made of other arguments."""

    def __init__(self, greeting: bytes, *, device: str) -> None:
        super().__init__(f"{device} says {greeting!r}")
        self.device = device


class UnpluggedCable(OSError):
    """Likewise, as an error of the system."""

    def __init__(self, cable: str) -> None:
        super().__init__(100, f"{cable} is unplugged")


def test_fresh_copy_of_a_class_with_arguments_of_its_own() -> None:
    error = BrokenGreeting(b"ICY", device="radio")
    duplicate = fresh_copy(fresh_copy(error))
    assert isinstance(duplicate, BrokenGreeting)
    assert (str(duplicate), duplicate.device) == ("radio says b'ICY'", "radio")


def test_fresh_copy_of_an_error_of_the_system_with_arguments_of_its_own() -> None:
    duplicate = fresh_copy(fresh_copy(UnpluggedCable("eth0")))
    assert isinstance(duplicate, UnpluggedCable)
    assert (duplicate.errno, duplicate.strerror) == (100, "eth0 is unplugged")
    assert str(duplicate) == str(UnpluggedCable("eth0"))


def test_fresh_copy_of_an_error_of_the_system_without_number() -> None:
    duplicate = fresh_copy(OSError("cut off"))
    assert str(duplicate) == "cut off"

from __future__ import annotations

from typing import Any

import attrs
import pytest

from dugong import HTTPConnection
from dugong.layers import Layers
from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.open_transport import open_transport
from dugong.network.resolver import Resolver
from dugong.protocol.framing import choose_framing
from dugong.protocol.request import RequestEncoder
from dugong.protocol.response_head import HeadParser

PARTS = ["connector", "resolver", "transport", "encoder", "head_parser", "framing"]


def layers_with(name: str, part: Any) -> Layers:
    parts: dict[str, Any] = {name: part}
    return Layers(**parts)


def test_defaults_are_the_library_s_own_parts() -> None:
    assert Layers() == Layers(
        connector=Connector,
        resolver=Resolver,
        transport=open_transport,
        encoder=RequestEncoder,
        head_parser=HeadParser,
        framing=choose_framing,
        limits=Limits(),
    )


@pytest.mark.parametrize("name", PARTS)
def test_part_that_cannot_be_called_is_refused(name: str) -> None:
    with pytest.raises(TypeError):
        layers_with(name, "no callable")


@pytest.mark.parametrize("name", PARTS)
def test_any_callable_can_be_a_part(name: str) -> None:
    def part(*args: object) -> None:
        """Play any part."""

    assert getattr(layers_with(name, part), name) is part


def test_limits_are_refused_where_they_are_none() -> None:
    with pytest.raises(TypeError):
        Layers(limits=Limits)  # type: ignore[arg-type]  # the class instead of an object


@pytest.mark.parametrize("name", [*PARTS, "limits"])
def test_parts_of_a_connection_cannot_be_exchanged(name: str) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(Layers(), name, None)


def test_connection_has_the_default_layers() -> None:
    assert HTTPConnection.layers == Layers()


def test_subclass_takes_a_part_of_its_own() -> None:
    class QuietEncoder(RequestEncoder):
        """Sends what every encoder sends."""

    class QuietConnection(HTTPConnection):
        layers = Layers(encoder=QuietEncoder)

    assert isinstance(QuietConnection("example.com")._encoder, QuietEncoder)
    assert type(HTTPConnection("example.com")._encoder) is RequestEncoder

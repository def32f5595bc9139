"""Which class plays which part: the one switchboard for extending.

It owns nothing but the names of the parts. A subclass of `HTTPConnection` sets
``layers = Layers(...)`` with its own class, or function, in the place of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.open_transport import open_transport
from dugong.network.resolver import Resolver
from dugong.network.route import Route
from dugong.network.transport import TransportFactory
from dugong.protocol.framing import FramingChoice, choose_framing
from dugong.protocol.origin import Origin
from dugong.protocol.request import RequestEncoder
from dugong.protocol.response_head import HeadParser

ConnectorFactory: TypeAlias = Callable[[Route, Resolver, TransportFactory, Limits], Connector]


@attrs.frozen(repr=False)  # nobody asks for it, and it is dear to make
class Layers:
    """The parts that a connection is made of.

    Each is a class, or any other callable that returns an object which keeps the contract in
    that class's docstring. `dugong.testing` checks it.

    Attributes:
        connector: Opens connections: DNS, TCP, proxy, TLS. See `Connector`.
        resolver: Makes addresses of names. See `Resolver`.
        transport: Makes the transport for a connected socket. See `Transport`.
        encoder: Checks and encodes requests. See `RequestEncoder`.
        head_parser: Reads the heads of responses. See `HeadParser`.
        framing: Tells where a response body ends. See `FramingChoice`.
        limits: The bounds that octets from the server meet.
    """

    connector: ConnectorFactory = attrs.field(
        default=Connector, validator=attrs.validators.is_callable()
    )
    resolver: Callable[[], Resolver] = attrs.field(
        default=Resolver, validator=attrs.validators.is_callable()
    )
    transport: TransportFactory = attrs.field(
        default=open_transport, validator=attrs.validators.is_callable()
    )
    encoder: Callable[[Origin], RequestEncoder] = attrs.field(
        default=RequestEncoder, validator=attrs.validators.is_callable()
    )
    head_parser: Callable[[Limits], HeadParser] = attrs.field(
        default=HeadParser, validator=attrs.validators.is_callable()
    )
    framing: FramingChoice = attrs.field(
        default=choose_framing, validator=attrs.validators.is_callable()
    )
    limits: Limits = attrs.field(factory=Limits, validator=attrs.validators.instance_of(Limits))

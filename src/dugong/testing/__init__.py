"""What authors of layers, and of programs that use dugong, test them with.

`ScriptedTransport` plays a server without a socket's timing; for each layer there is a
``check_…`` function that a subclass's author runs. Nothing in the library imports this.
"""

from dugong.testing.checks import (
    check_body_framing,
    check_connector,
    check_encoder,
    check_framing_choice,
    check_head_parser,
    check_resolver,
    check_transport,
)
from dugong.testing.scripted import END, PAUSE, SENT, ScriptedTransport, scripted_connection

__all__ = [
    "END",
    "PAUSE",
    "SENT",
    "ScriptedTransport",
    "check_body_framing",
    "check_connector",
    "check_encoder",
    "check_framing_choice",
    "check_head_parser",
    "check_resolver",
    "check_transport",
    "scripted_connection",
]

"""The checks of all layers.

Whoever writes a subclass of a layer, or a function in the place of one, runs the check of that
layer in a test of their own. It raises `AssertionError` with the promise that is broken, and
returns where all are kept. What is promised stands in the docstring of the layer.
"""

from dugong.testing.connector_checks import check_connector
from dugong.testing.framing_walk import check_body_framing
from dugong.testing.request_checks import check_encoder
from dugong.testing.resolver_checks import check_resolver
from dugong.testing.response_checks import check_framing_choice, check_head_parser
from dugong.testing.transport_checks import check_transport

__all__ = [
    "check_body_framing",
    "check_connector",
    "check_encoder",
    "check_framing_choice",
    "check_head_parser",
    "check_resolver",
    "check_transport",
]

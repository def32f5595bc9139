"""Every bound that octets from the network meet.

An auditor who asks how much memory or work a server can cause reads this module and
`dugong.protocol`, nothing else. The constants are the defaults; `Limits` carries the values
that are in force on a connection (`Layers.limits`).
"""

from __future__ import annotations

from typing import Final

import attrs

MAX_LINE_SIZE: Final = 65_535  # octets of a status line or chunk-size line, without its CRLF
MAX_HEADER_SIZE: Final = 65_535  # octets of all header lines with CRLFs, without the empty line
MAX_FIELDS: Final = 256  # field lines of one header or trailer section
MAX_EXTENSION_SIZE: Final = 65_536  # octets of all chunk extensions of one body
MAX_INTERIM: Final = 32  # 1xx responses to one request
MAX_STRAY_CRLF: Final = 8  # octets of empty lines that an idle connection may receive
BUFFER_SIZE: Final = 65_536  # octets; a good size for reads, and what one receive asks for
FIRST_BUFFER_SIZE: Final = 4_096  # octets of the read buffer until a receive has filled it
DIRECT_SIZE: Final = 16_384  # octets from which on payload is received without a copy
SMALL_BUFFER_SIZE: Final = 512  # octets that it has at least after a small first response
MAX_LENGTH: Final = 2**63 - 1  # octets of a body or chunk that may be announced


def _at_least(minimum: int, default: int) -> int:
    field: int = attrs.field(
        default=default,
        validator=[attrs.validators.instance_of(int), attrs.validators.ge(minimum)],
    )
    return field


@attrs.frozen
class Limits:
    """The bounds in force on a connection; exactly the limit is accepted, more is refused.

    Attributes:
        line_size: Octets of a status line or chunk-size line, without its CRLF.
        header_size: Octets of all lines of a header or trailer section with their CRLFs,
            without the empty line that ends it.
        fields: Field lines of one header or trailer section.
        extension_size: Octets of all chunk extensions of one body.
        interim: 1xx responses to one request.
        stray_crlf: Octets of empty lines that an idle connection may receive.
    """

    line_size: int = _at_least(64, MAX_LINE_SIZE)
    header_size: int = _at_least(64, MAX_HEADER_SIZE)
    fields: int = _at_least(1, MAX_FIELDS)
    extension_size: int = _at_least(0, MAX_EXTENSION_SIZE)
    interim: int = _at_least(1, MAX_INTERIM)
    stray_crlf: int = _at_least(0, MAX_STRAY_CRLF)

r"""The regular expressions of HTTP/1.1, each under the rule that it stands for.

Text is matched after decoding as latin-1, so one character is one octet. Every class is
written out: no ``\d``, ``\w`` or IGNORECASE, which know more than ASCII. The quantifiers of a
class are possessive wherever what follows cannot begin with it, so that no input makes an
expression go back. Those of a group are not, since before Python 3.11.5 the octets of a last
round that failed count as matched then (python/cpython#100061): the group is atomic, and
bounded, since each round takes memory.

What a whole head needs is in `dugong.protocol.head_grammar`, and what only lines that are judged
one by one need in `dugong.protocol.line_grammar`.
"""

from __future__ import annotations

import re
from typing import Final

# RFC 9110 section 5.6.2: tchar
TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
# RFC 9110 section 5.5: field-vchar, SP, HTAB; RFC 9112 section 4 has the same for a reason phrase
TEXT: Final = r"\t\x20-\x7e\x80-\xff"

TOKEN: Final = re.compile(rf"[{TCHAR}]++")
FIELD_TEXT: Final = re.compile(rf"[{TEXT}]*+")

# RFC 9110 section 8.6
CONTENT_LENGTH: Final = re.compile(r"[0-9]{1,19}")

# RFC 9112 section 3.2: origin-form as dugong sends it: visible ASCII without "#"
ORIGIN_FORM: Final = re.compile(r"/[\x21\x22\x24-\x7e]*+")
# RFC 9110 section 7.2: Host = uri-host [ ":" port ], and nothing that could change the authority
HOST_VALUE: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*+)(?::[0-9]*+)?"
)
# A registered name as the resolver takes it (RFC 1123 section 2.1, and the underscore of practice)
REGISTERED_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_\-.~]*+)")

# RFC 9112 section 9.2: an empty line between messages; PROTOCOL: the announcement of an idle close
EMPTY_LINES: Final = re.compile(rb"(?>(?:\r\n)+)")
TIMEOUT_RESPONSE: Final = re.compile(rb"HTTP/1\.[0-9] 408(?![0-9])")

r"""The regular expressions of HTTP/1.1 that judge lines one by one, each under its rule.

They are apart from `dugong.protocol.grammar` since compiling them is dear, and few programs need
them: a head that comes in one plain piece is judged as a whole. What is said there of classes
and quantifiers holds here too. The head parser, the field sections and the chunks use them.
"""

from __future__ import annotations

import re
from typing import Final

from dugong.protocol.grammar import TCHAR, TEXT

# RFC 9112 section 4, with the minor versions 2 to 9 read as 1, and a reason that may be missing
STATUS_LINE: Final = re.compile(rf"HTTP/1\.([0-9]) ([1-9][0-9]{{2}})(?: ([{TEXT}]*+))?")
# A version of HTTP whose status line is not ours to judge
OTHER_MAJOR_VERSION: Final = re.compile(r"HTTP/[02-9]\.[0-9] ")
# What can still become one of the two
STATUS_LINE_START: Final = re.compile(
    r"H(?:T(?:T(?:P(?:/(?:[0-9](?:\.(?:[0-9]"
    rf"(?: (?:[1-9](?:[0-9](?:[0-9](?: [{TEXT}]*+)?\r?)?)?)?)?"
    r")?)?)?)?)?)?)?"
)

# RFC 9112 section 5: field-line = field-name ":" OWS field-value OWS; the line ends in CRLF
FIELD_LINE: Final = re.compile(rf"([{TCHAR}]++):([{TEXT}]*+)\r\n")
# RFC 9112 section 5.2: what a folded line looks like, and the fold itself. A search tries the
# blanks before the CRLF from their first one only: from each of them, its work would be quadratic.
FOLDED_LINE: Final = re.compile(rf"[ \t][{TEXT}]*+\r\n")
OBS_FOLD: Final = re.compile(r"(?:(?<![ \t])[ \t]++)?\r\n[ \t]++")

# RFC 9112 section 7.1: chunk-size [ chunk-ext ] CRLF. Extensions are ignored, but their octets
# are judged: text, in which quoted strings hide the semicolons, and no control other than HTAB. A
# line with quoted strings is judged stretch by stretch.
_EXT_TEXT: Final = rb"\t\x20\x21\x23-\x7e\x80-\xff"
_QUOTED_TEXT: Final = rb"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]++|\\[\t\x20-\x7e\x80-\xff])"
_CHUNK_SIZE: Final = rb"([0-7][0-9A-Fa-f]{15}|[0-9A-Fa-f]{1,15})"
CHUNK_LINE: Final = re.compile(_CHUNK_SIZE + rb"([ \t]*+(?:;[" + _EXT_TEXT + rb"]*+)?)\r\n")
CHUNK_DATA_END_AND_LINE: Final = re.compile(rb"\r\n" + _CHUNK_SIZE + rb"\r\n")
# The stretches of a chunk-size line that has not come to its end
CHUNK_SIZE: Final = re.compile(_CHUNK_SIZE)
BLANKS: Final = re.compile(rb"[ \t]*+")
EXTENSION_TEXT: Final = re.compile(rb"[" + _EXT_TEXT + rb"]*+")
EXTENSION_QUOTED_TEXT: Final = re.compile(rb"(?>" + _QUOTED_TEXT + rb"{0,256})")

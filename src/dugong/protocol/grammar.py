r"""The regular expressions of HTTP/1.1, each under the rule that it stands for.

Text is matched after decoding as latin-1, so one character is one octet. Every class is
written out: no ``\d``, ``\w`` or IGNORECASE, which know more than ASCII. The quantifiers are
possessive wherever what follows cannot begin with the repeated class, so that no input makes
an expression go back.
"""

from __future__ import annotations

import re
from typing import Final

# RFC 9110 section 5.6.2: tchar
_TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
# RFC 9110 section 5.5: field-vchar, SP, HTAB; RFC 9112 section 4 has the same for a reason phrase
_TEXT: Final = r"\t\x20-\x7e\x80-\xff"

TOKEN: Final = re.compile(rf"[{_TCHAR}]++")
FIELD_TEXT: Final = re.compile(rf"[{_TEXT}]*+")

# RFC 9112 section 4, with the minor versions 2 to 9 read as 1, and a reason that may be missing
STATUS_LINE: Final = re.compile(rf"HTTP/1\.([0-9]) ([1-9][0-9]{{2}})(?: ([{_TEXT}]*+))?")
# A version of HTTP whose status line is not ours to judge
OTHER_MAJOR_VERSION: Final = re.compile(r"HTTP/[02-9]\.[0-9] ")
# What can still become one of the two
STATUS_LINE_START: Final = re.compile(
    r"H(?:T(?:T(?:P(?:/(?:[0-9](?:\.(?:[0-9]"
    rf"(?: (?:[1-9](?:[0-9](?:[0-9](?: [{_TEXT}]*+)?\r?)?)?)?)?"
    r")?)?)?)?)?)?)?"
)

# RFC 9112 section 5: field-line = field-name ":" OWS field-value OWS; the line ends in CRLF
FIELD_LINE: Final = re.compile(rf"([{_TCHAR}]++):([{_TEXT}]*+)\r\n")
# RFC 9112 section 5.2: what a folded line looks like, and the fold itself. A search tries the
# blanks before the CRLF from their first one only: from each of them, its work would be quadratic.
FOLDED_LINE: Final = re.compile(rf"[ \t][{_TEXT}]*+\r\n")
OBS_FOLD: Final = re.compile(r"(?:(?<![ \t])[ \t]++)?\r\n[ \t]++")
# RFC 9112 section 2.1: a whole head without folds; groups: minor, status, reason, field lines
HEAD: Final = re.compile(
    rf"HTTP/1\.([0-9]) ([1-9][0-9]{{2}})(?: ([{_TEXT}]*+))?\r\n"
    rf"((?:[{_TCHAR}]++:[{_TEXT}]*+\r\n)*+)\r\n"
)

# RFC 9112 section 7.1: chunk-size [ chunk-ext ] CRLF. Extensions are ignored, but their octets
# are judged: text, in which quoted strings hide the semicolons, and no control other than HTAB.
_EXT_TEXT: Final = rb"\t\x20\x21\x23-\x7e\x80-\xff"
_QUOTED_TEXT: Final = rb"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])"
_CHUNK_SIZE: Final = rb"([0-7][0-9A-Fa-f]{15}|[0-9A-Fa-f]{1,15})"
CHUNK_LINE: Final = re.compile(
    _CHUNK_SIZE + rb"([ \t]*+(?:;(?:[" + _EXT_TEXT + rb"]|\"" + _QUOTED_TEXT + rb"*+\")*+)?)\r\n"
)
CHUNK_DATA_END_AND_LINE: Final = re.compile(rb"\r\n" + _CHUNK_SIZE + rb"\r\n")
# The stretches of a chunk-size line that has not come to its end
CHUNK_SIZE: Final = re.compile(_CHUNK_SIZE)
BLANKS: Final = re.compile(rb"[ \t]*+")
EXTENSION_TEXT: Final = re.compile(rb"[" + _EXT_TEXT + rb"]*+")
EXTENSION_QUOTED_TEXT: Final = re.compile(_QUOTED_TEXT + rb"*+")

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
EMPTY_LINES: Final = re.compile(rb"(?:\r\n)++")
TIMEOUT_RESPONSE: Final = re.compile(rb"HTTP/1\.[0-9] 408(?![0-9])")

r"""The regular expression of a whole response head.

It is apart from `dugong.protocol.grammar` since compiling it is dear: the first connection pays
for it, and not the import. What is said there of classes and quantifiers holds here too, but it is
matched against octets. The head parser uses it.
"""

from __future__ import annotations

import re
from typing import Final

from dugong.limits import MAX_FIELDS
from dugong.protocol.grammar import TCHAR, TEXT

# IGNORECASE means ASCII only in an expression for octets.
_DECIDING: Final = "[Cc](?i:ontent-length|onnection)|[Tt](?i:ransfer-encoding)"
# Most names are told from those by one look at their first letter. What stops here and is none of
# them, as "Tontent-Length", is left to the judgement of single lines (bench, fields30).
_LIKE_DECIDING: Final = "[CcTt](?i:ontent-length|onnection|ransfer-encoding)"
_LINE: Final = rf"[{TCHAR}]++:[{TEXT}]*+\r\n"
# More lines in a row than a head may have by default are left to the judgement of single lines.
_SO_MANY: Final = f"{{0,{MAX_FIELDS}}}"
_OTHER_LINES: Final = rf"(?>(?:(?!{_LIKE_DECIDING}:){_LINE}){_SO_MANY})"
_DECIDING_LINE: Final = rf"({_DECIDING}):([{TEXT}]*+)\r\n"

# RFC 9112 section 2.1: a whole head without folds, with the minor versions 2 to 9 read as 1, and a
# reason that may be missing; groups: minor, status, reason, all field lines; name and value of the
# first and of the second field that decides about the connection, and the lines from the third
# one on.
HEAD: Final = re.compile(
    (
        rf"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ([{TEXT}]*+)|)\r\n"
        rf"({_OTHER_LINES}"
        rf"(?:{_DECIDING_LINE}{_OTHER_LINES}"
        rf"(?:{_DECIDING_LINE}{_OTHER_LINES}|)"
        rf"((?>(?:{_LINE}){_SO_MANY}))|))\r\n"
    ).encode("ascii")
)

"""Header and trailer sections, judged line by line.

It owns the rules of field lines on the way in (RFC 9112 section 5). It knows nothing of what the
fields mean. The chunked framing calls it, and the head parser for a head that does not come in one
plain piece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dugong.exceptions import InvalidResponse
from dugong.protocol.grammar import TOKEN
from dugong.protocol.line_grammar import FIELD_LINE, FOLDED_LINE, OBS_FOLD

if TYPE_CHECKING:
    from dugong.limits import Limits
    from dugong.protocol.read_buffer import ReadBuffer


class FieldSection:
    """The lines of a header or trailer section, each judged when its LF has come.

    Attributes:
        folded: Whether a line was folded, so that the text needs `unfold`.
    """

    def __init__(self, limits: Limits, begin: int = 0) -> None:
        """Expect the section at the offset *begin* of the buffer."""
        self.folded: bool = False
        self._limits = limits
        self._begin = begin
        self._line = begin  # where the first line begins that was not judged
        self._seen = begin  # where to look for its LF
        self._count = 0

    def find_end(self, buffer: ReadBuffer) -> int | None:
        """Return the offset behind the empty line, or `None` while it has not come.

        Raises:
            InvalidResponse: A line breaks the grammar, or a limit is exceeded.
        """
        while (end := buffer.find_end(b"\n", self._seen)) is not None:
            line = buffer.text(self._line, end)
            if line == "\r\n":
                return end
            self._check_size(end)
            self._judge(line)
            self._line = self._seen = end
        self._seen = buffer.size
        # A CR that stands alone may belong to the empty line, which does not count.
        alone = self._seen == self._line + 1 and buffer.octet(self._line) == ord("\r")
        self._check_size(self._line if alone else self._seen)
        return None

    def text(self, buffer: ReadBuffer, end: int) -> str:
        """Return the field lines of a section that ends at *end*, without folds."""
        lines = buffer.text(self._begin, end - 2)
        # RFC 9112 section 5.2: a recipient that is no proxy replaces each fold by blanks.
        return OBS_FOLD.sub(" ", lines) if self.folded else lines

    def _check_size(self, end: int) -> None:
        if end - self._begin > self._limits.header_size:
            raise InvalidResponse(
                f"header or trailer section exceeds {self._limits.header_size} octets"
            )

    def _judge(self, line: str) -> None:
        is_first = self._line == self._begin
        if not is_first and FOLDED_LINE.fullmatch(line):
            self.folded = True
            return
        if not FIELD_LINE.fullmatch(line):
            rule = _broken_rule(line, is_first=is_first)
            raise InvalidResponse(f"{rule}: {line[:40].encode('latin-1')!r}")
        self._count += 1
        if self._count > self._limits.fields:
            raise InvalidResponse(f"more than {self._limits.fields} field lines in one section")


def _broken_rule(line: str, *, is_first: bool) -> str:
    """Name the rule of RFC 9112 section 5 that *line*, which ends in LF, breaks."""
    name, colon, _ = line.partition(":")
    if not line.endswith("\r\n"):
        return "field line ends in a bare LF"
    if any(octet in line[:-2] for octet in "\r\0"):
        return "bare CR or NUL in a field line"
    if line[0] in " \t":
        return "blank before the first field" if is_first else "control character in a folded line"
    if not colon:
        return "field line has no colon"
    if not name:
        return "field name is empty"
    if name[-1] in " \t":
        return "blank between field name and colon"
    if not TOKEN.fullmatch(name):
        return "field name is not a token"
    return "control character in a field value"

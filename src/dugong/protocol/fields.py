"""Header and trailer sections: judged line by line, kept as text, read when somebody looks.

It owns the grammar of field lines on the way in (RFC 9112 section 5) and their container.
It knows nothing of what the fields mean. The head parser and the chunked framing call it.
"""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING

from dugong.exceptions import InvalidResponse
from dugong.protocol.grammar import FIELD_LINE, FOLDED_LINE, OBS_FOLD, TOKEN

if TYPE_CHECKING:
    from dugong.limits import Limits
    from dugong.protocol.read_buffer import ReadBuffer


class FieldMessage(Message):
    """An ordinary `email.message.Message` that is filled when it is first looked at.

    Nine out of ten callers look at two fields or none; filling costs more than the rest of
    reading a head together.
    """

    def __init__(self, lines: str = "") -> None:
        """Keep *lines*: field lines without folds, each ending in CRLF, all valid."""
        # Message.__init__ is left to the first look; what it sets is missing until then.
        self._lines: str | None = lines

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            lines = self.__dict__.get("_lines")
            if name in self.__dict__:  # filled meanwhile by another thread
                return self.__dict__[name]
            if lines is None or name.startswith("__"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            filled = Message()
            for line in lines.split("\r\n")[:-1]:
                field_name, _, value = line.partition(":")
                filled.set_raw(field_name, value.strip(" \t"))
            # One update, so that a second thread that looks at the same time does no harm; what
            # the caller has set already stays.
            self.__dict__.update({**filled.__dict__, **self.__dict__, "_lines": None})
            self.__dict__.pop("_lower", None)
            return getattr(self, name)

        # These two, which `message[name]` asks too, need not fill it.

        def get(self, name: str, failobj: object = None) -> object:
            lines = self.__dict__.get("_lines")
            # A policy of the caller's may make something else of a value.
            if lines is None or not _is_name(name) or "policy" in self.__dict__:
                return super().get(name, failobj)
            begin = self._find(lines, name)
            return failobj if begin < 0 else lines[begin : lines.index("\r", begin)].strip(" \t")

        def __contains__(self, name: object) -> bool:
            lines = self.__dict__.get("_lines")
            if lines is None or not _is_name(name):
                return super().__contains__(name)
            return self._find(lines, name) >= 0

        def _find(self, lines: str, name: str) -> int:
            """Return where the value of the first field of that name begins, or a negative one."""
            lower = self.__dict__.get("_lower")
            if lower is None:
                # No character of latin-1 has a lower case of another length.
                self._lower = lower = "\n" + lines.lower()
            start = f"\n{name.lower()}:"
            position = lower.find(start)
            return position if position < 0 else position + len(start) - 1


def _is_name(name: object) -> bool:
    """Return whether the text of a section can be searched for a field of that name."""
    return isinstance(name, str) and ":" not in name and "\n" not in name


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

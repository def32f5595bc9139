"""A block of octets becomes a `ResponseHead`, or is refused.

This module owns the status line (RFC 9112 section 4) and how a head is found and split; the
field lines are judged by `dugong.protocol.fields`. It knows nothing of bodies or sockets. What
judges lines one by one is imported when a head first needs it.
The receiver calls it, and the tunnel for the proxy's answer.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import attrs

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.protocol.grammar import FIELD_TEXT

if TYPE_CHECKING:
    import re

    from dugong.limits import Limits
    from dugong.protocol.fields import FieldSection
    from dugong.protocol.read_buffer import ReadBuffer

# A status line that is longer than this has nothing but reason phrase behind it.
_JUDGED_START: Final = 64  # octets
# The three names that decide about the connection are told from each other by their size.
_CONTENT_LENGTH: Final = len("content-length")
_TRANSFER_ENCODING: Final = len("transfer-encoding")


@attrs.frozen(repr=False)
class StatusLine:
    """A status line.

    Attributes:
        minor: The minor version: 0 for HTTP/1.0, otherwise HTTP/1.1 rules apply.
        status: The status code.
        reason: The reason phrase, possibly empty.
    """

    minor: int
    status: int
    reason: str


@attrs.define(repr=False)
class ResponseHead:
    """The head of a response, with the three fields that decide about the connection.

    Attributes:
        minor: The minor version: 0 for HTTP/1.0, otherwise HTTP/1.1 rules apply.
        status: The status code.
        reason: The reason phrase, possibly empty.
        lines: All field lines without folds, each ending in CRLF.
        content_length: The Content-Length values in lower case, joined by commas, or `None`
            where there is no such field; likewise the next two.
        transfer_encoding: The Transfer-Encoding values.
        connection: The Connection values.
    """

    minor: int
    status: int
    reason: str
    lines: str
    content_length: str | None = None
    transfer_encoding: str | None = None
    connection: str | None = None


class HeadParser:
    """Reads the heads of the responses on one connection, one after the other.

    It is given the buffer again whenever octets have come, returns `None` until a head is complete,
    and then consumes that head and nothing else. It raises `InvalidResponse` or
    `UnsupportedResponse`, and nothing else, as soon as the line that is wrong has come, or a limit
    is exceeded. It may not do I/O, consume octets of an incomplete head, collect more than the
    limits allow, or come to another result where the octets arrive in other segments.

    To accept the broken status line of one device, override `parse_status_line` and
    `judge_status_start`. Both are also given lines without fault, where a head does not come in
    one piece: what is not of that device a subclass hands on to the methods here. Neither may
    consume octets or keep state.
    """

    __slots__ = (
        "_expression",
        "_safe_lines",
        "_safe_size",
        "_section",
        "_seen",
        "_status_line",
        "limits",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits: Limits = limits
        self._seen = 0
        self._status_line: StatusLine | None = None
        self._section: FieldSection | None = None
        self._expression = _whole_head()
        # Within this, no single limit on octets can be exceeded.
        self._safe_size = min(limits.line_size, limits.header_size)
        # So many octets, at four for the shortest field line, cannot have too many lines.
        self._safe_lines = 4 * limits.fields

    def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
        """Consume and return a head, or return `None` while more octets are needed.

        Each line is judged when its LF has come; until the head is complete, nothing is consumed.

        Raises:
            InvalidResponse: The octets are not the head of an HTTP/1.x response.
            UnsupportedResponse: The head is of another major version.
        """
        if not self._seen:
            match = buffer.match_within(self._expression, self._safe_size)
            if match is not None:
                lines = match[4]
                if len(lines) <= self._safe_lines or _count_lines(lines) <= self.limits.fields:
                    head = _head_of(match)
                    buffer.skip_match(match)
                    return head
        return self._parse_lines(buffer)

    def _parse_lines(self, buffer: ReadBuffer) -> ResponseHead | None:
        """Judge line by line: for heads that are incomplete, folded, large or wrong."""
        if self._status_line is None:
            self._status_line = self._find_status_line(buffer)
            if self._status_line is None:
                return None
        if self._section is None:
            from dugong.protocol.fields import FieldSection

            self._section = FieldSection(self.limits, self._seen)
        end = self._section.find_end(buffer)
        if end is None:
            return None
        lines = self._section.text(buffer, end)
        buffer.skip(end)
        line, self._status_line, self._section, self._seen = self._status_line, None, None, 0
        return make_head(line.minor, line.status, line.reason, lines)

    def _find_status_line(self, buffer: ReadBuffer) -> StatusLine | None:
        end = buffer.find_end(b"\n", self._seen)
        if end is None:
            self._judge_unfinished(buffer)
            return None
        line = buffer.text(0, end)
        # Another major version is one in whatever it ends, as where its octets come one by one.
        self.judge_status_start(line[: min(_JUDGED_START, end - 1)])
        if len(line) - 2 > self.limits.line_size:
            raise self._too_long()
        if not line.endswith("\r\n"):
            raise InvalidResponse(f"status line ends in a bare LF: {_shown(line)}")
        self._seen = end
        return self.parse_status_line(line[:-2])

    def _judge_unfinished(self, buffer: ReadBuffer) -> None:
        size = buffer.size
        # What was seen before is judged; but a CR that came last has to be followed by LF.
        begin = max(self._seen - 1, 0)
        if begin < _JUDGED_START:
            self.judge_status_start(buffer.text(0, min(size, _JUDGED_START)))
            begin = min(size, _JUDGED_START) - 1 if size else 0
        tail = buffer.text(begin, size)
        if begin and not FIELD_TEXT.fullmatch(tail.removesuffix("\r")):
            raise InvalidResponse(f"control character in a status line: {_shown(tail)}")
        if size - tail.endswith("\r") > self.limits.line_size:
            raise self._too_long()
        self._seen = size

    def _too_long(self) -> InvalidResponse:
        return InvalidResponse(f"status line exceeds {self.limits.line_size} octets")

    def parse_status_line(self, line: str) -> StatusLine:
        """Return the meaning of a status line.

        Args:
            line: The line without its CRLF, decoded as latin-1.

        Raises:
            InvalidResponse: *line* breaks RFC 9112 section 4.
            UnsupportedResponse: *line* is of another major version of HTTP.
        """
        from dugong.protocol.line_grammar import STATUS_LINE

        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise _wrong_status_line(line)
        minor, status, reason = match.groups("")
        return StatusLine(int(minor), int(status), reason)

    def judge_status_start(self, start: str) -> None:
        """Refuse at once what cannot become a status line, though its end has not come.

        Args:
            start: At most the first 64 octets of the line, decoded as latin-1, without its LF.

        Raises:
            InvalidResponse: Nothing that begins so is a status line.
            UnsupportedResponse: Only another major version of HTTP begins so.
        """
        from dugong.protocol.line_grammar import OTHER_MAJOR_VERSION, STATUS_LINE_START

        if start and (OTHER_MAJOR_VERSION.match(start) or not STATUS_LINE_START.fullmatch(start)):
            raise _wrong_status_line(start)


def _wrong_status_line(line: str) -> InvalidResponse | UnsupportedResponse:
    from dugong.protocol.line_grammar import OTHER_MAJOR_VERSION

    if OTHER_MAJOR_VERSION.match(line):
        return UnsupportedResponse(f"major version of HTTP is not 1: {_shown(line)}")
    return InvalidResponse(f"status line breaks RFC 9112 section 4: {_shown(line)}")


def _shown(text: str) -> str:
    return repr(text[:40].encode("latin-1"))


@functools.cache
def _whole_head() -> re.Pattern[bytes]:
    from dugong.protocol.head_grammar import HEAD

    return HEAD


def _count_lines(lines: bytes) -> int:
    # Half as dear as count(), before Python 3.13 (bench, fields30).
    return len(lines) - len(lines.replace(b"\n", b""))


def _head_of(match: re.Match[bytes]) -> ResponseHead:
    """Return the head that `HEAD` has matched."""
    version, code, phrase, octets, name, value, second_name, second_value, more = match.groups()
    lines = octets.decode("latin-1")
    if code == b"200" and phrase == b"OK" and version == b"1":  # nearly always (bench, small)
        minor, status, reason = 1, 200, "OK"
    else:
        minor, status = int(version), int(code)
        reason = "" if phrase is None else phrase.decode("latin-1")
    if more or (second_name is not None and len(second_name) == len(name)):
        return make_head(minor, status, reason, lines)
    head = ResponseHead(minor, status, reason, lines)
    if name is not None:
        _note(head, name, value)
        if second_name is not None:
            _note(head, second_name, second_value)
    return head


def _note(head: ResponseHead, name: bytes, octets: bytes) -> None:
    """Note the value of the only field of that name, which is one of the three that decide."""
    value = octets.decode("latin-1").lower().strip(" \t")
    size = len(name)
    if size == _CONTENT_LENGTH:
        head.content_length = value
    elif size == _TRANSFER_ENCODING:
        head.transfer_encoding = value
    else:
        head.connection = value


def make_head(minor: int, status: int, reason: str, lines: str) -> ResponseHead:
    """Return a head, with the fields that decide about the connection picked from *lines*."""
    lower = "\n" + lines.lower()
    return ResponseHead(
        minor,
        status,
        reason,
        lines,
        joined_values(lower, "\ncontent-length:") if "\ncontent-length:" in lower else None,
        joined_values(lower, "\ntransfer-encoding:") if "\ntransfer-encoding:" in lower else None,
        joined_values(lower, "\nconnection:") if "\nconnection:" in lower else None,
    )


def joined_values(lower: str, start: str) -> str:
    """Return the values of all lines of *lower* that begin with *start*, joined by commas.

    RFC 9110 section 5.3 gives a list that came in several lines this meaning.
    """
    _, first, *more = lower.split(start)
    value = first[: first.index("\r")].strip(" \t")
    if not more:
        return value
    return ",".join([value, *(part[: part.index("\r")].strip(" \t") for part in more)])

"""The fields of a header or trailer section: kept as text, read when somebody looks.

It owns the container in which users get them, and knows nothing of what the fields mean. The
receiver makes one for each response, the chunked framing for trailers.
"""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING


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

        # These two, which `message[name]` asks too, need not fill it. Each attribute that is asked
        # of an object with a __getattr__ is dear (bench, fields30-look).

        def get(self, name: str, failobj: object = None) -> object:
            own = self.__dict__
            lines = own.get("_lines")
            # A policy of the caller's may make something else of a value.
            if lines is None or not _is_name(name) or "policy" in own:
                return super().get(name, failobj)
            begin = _find(own, lines, name)
            return failobj if begin < 0 else lines[begin : lines.index("\r", begin)].strip(" \t")

        def __contains__(self, name: object) -> bool:
            own = self.__dict__
            lines = own.get("_lines")
            if lines is None or not _is_name(name):
                return super().__contains__(name)
            return _find(own, lines, name) >= 0


def _find(own: dict[str, object], lines: str, name: str) -> int:
    """Return where the value of the first field of that name begins, or a negative one.

    Args:
        own: The attributes of the message.
        lines: Its field lines.
        name: The name, in any case.
    """
    lower = own.get("_lower")
    if not isinstance(lower, str):
        # No character of latin-1 has a lower case of another length.
        own["_lower"] = lower = "\n" + lines.lower()
    start = f"\n{name.lower()}:"
    position = lower.find(start)
    return position if position < 0 else position + len(start) - 1


def _is_name(name: object) -> bool:
    """Return whether the text of a section can be searched for a field of that name."""
    return isinstance(name, str) and ":" not in name and "\n" not in name

"""A mapping whose keys are compared without regard to case, as field names are.

It owns that one rule (RFC 9110 section 5.1) and knows nothing of HTTP messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Self, TypeVar

Value = TypeVar("Value")


class CaseInsensitiveDict(MutableMapping[str, Value]):
    """A mutable mapping with string keys whose look-ups ignore case.

    Iteration gives each key in the case in which it was set last. Equality with any mapping
    ignores the case of the keys. Keys that differ only in case are one key; the value set
    last counts.
    """

    def __init__(
        self,
        data: Mapping[str, Value] | Iterable[tuple[str, Value]] | None = None,
        **kwargs: Value,
    ) -> None:
        self._items: dict[str, tuple[str, Value]] = {}
        self.update({} if data is None else data, **kwargs)

    def __getitem__(self, key: str) -> Value:
        return self._items[_folded(key)][1]

    def __setitem__(self, key: str, value: Value) -> None:
        self._items[_folded(key)] = (key, value)

    def __delitem__(self, key: str) -> None:
        del self._items[_folded(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        if not all(isinstance(key, str) for key in other):
            return False
        # Two of the other's keys that differ only in case are not one key there.
        return len(self) == len(other) and dict(self.lower_items()) == {
            key.lower(): value for key, value in other.items()
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())!r})"

    def lower_items(self) -> Iterator[tuple[str, Value]]:
        """Return an iterator over the items with each key in lower case."""
        return ((lower, value) for lower, (_, value) in self._items.items())

    def copy(self) -> CaseInsensitiveDict[Value]:
        """Return a new mapping with the same items."""
        return CaseInsensitiveDict(self)

    def __copy__(self) -> Self:
        # What copy.copy() does without it shares the items.
        duplicate = type(self).__new__(type(self))
        duplicate.__dict__.update(self.__dict__, _items=self._items.copy())
        return duplicate


def _folded(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"key must be a str, not {type(key).__name__}")
    return key.lower()

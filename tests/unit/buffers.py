"""Buffers of every kind, for the tests of what takes the octets of a caller."""

from __future__ import annotations

import array
import ctypes
import mmap
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

# What a kind is called, how to make one, and what its octets are
Kinds: TypeAlias = "dict[str, tuple[Callable[[], WriteableBuffer], bytes]]"


def _pages() -> mmap.mmap:
    pages = mmap.mmap(-1, 4)
    pages[:] = b"abcd"
    return pages


def _big_endian() -> ctypes.Array[ctypes.c_uint16]:
    return (ctypes.c_uint16.__ctype_be__ * 2)(0x6162, 0x6364)


def _cast(shape: tuple[int, ...], octets: bytes = b"abcdef") -> memoryview:
    return memoryview(bytearray(octets)).cast("B", shape=shape)


READ_ONLY: Final[Kinds] = {
    "bytes": (lambda: b"abcd", b"abcd"),
    "no bytes": (lambda: b"", b""),
    "read-only view": (lambda: memoryview(b"abcd"), b"abcd"),
    "slice of a view": (lambda: memoryview(b"abcdef")[1:5], b"bcde"),
    "read-only view of other items": (lambda: memoryview(b"abcd").cast("H"), b"abcd"),
}

WRITABLE: Final[Kinds] = {
    "bytearray": (lambda: bytearray(b"abcd"), b"abcd"),
    "no bytearray": (bytearray, b""),
    "view": (lambda: memoryview(bytearray(b"abcd")), b"abcd"),
    "view of chars": (lambda: memoryview(bytearray(b"abcd")).cast("c"), b"abcd"),
    "view of bools": (lambda: memoryview(bytearray(b"\0\1")).cast("?"), b"\0\1"),
    "array of octets": (lambda: array.array("B", b"abcd"), b"abcd"),
    "array of signed octets": (lambda: array.array("b", b"abcd"), b"abcd"),
    "array of shorts": (lambda: array.array("h", b"abcd"), b"abcd"),
    "array of doubles": (lambda: array.array("d", b"abcdefgh"), b"abcdefgh"),
    "no array": (lambda: array.array("l"), b""),
    "ctypes string": (lambda: ctypes.create_string_buffer(b"abcd", 4), b"abcd"),
    "ctypes octets": (lambda: (ctypes.c_uint8 * 4)(*b"abcd"), b"abcd"),
    "ctypes big-endian": (_big_endian, b"abcd"),
    "ctypes scalar": (lambda: ctypes.c_uint8(97), b"a"),
    "ctypes double": (ctypes.c_double, bytes(8)),
    "ctypes of two dimensions": (ctypes.c_uint8 * 2 * 2, bytes(4)),
    "ctypes of no items": (ctypes.c_int32 * 0, b""),
    "ctypes of two dimensions, one 0": (ctypes.c_int32 * 0 * 3, b""),
    "two dimensions": (lambda: _cast((2, 3)), b"abcdef"),
    "three dimensions": (lambda: _cast((1, 2, 3)), b"abcdef"),
    "row of two dimensions": (lambda: _cast((2, 3))[1:], b"def"),
    "no dimension": (lambda: _cast((), b"a"), b"a"),
    "mmap": (_pages, b"abcd"),
}

NOT_CONTIGUOUS: Final[dict[str, Callable[[], memoryview]]] = {
    "every second octet": lambda: memoryview(bytearray(b"abcdef"))[::2],
    "backwards": lambda: memoryview(bytearray(b"abcdef"))[::-1],
    "every second item": lambda: memoryview(array.array("h", b"abcdef"))[::2],
    "every second row": lambda: _cast((4, 2), b"abcdefgh")[::2],
}

NO_BUFFER: Final[dict[str, object]] = {
    "str": "abcd",
    "list": [97, 98],
    "int": 5,
    "None": None,
    "float": 5.0,
    "generator": (c for c in b"abcd"),
    "object": object(),
}

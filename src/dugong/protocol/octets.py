"""The caller's buffers, seen as octets.

It owns what counts as a buffer: anything C-contiguous, counted in octets whatever its items
are. The façade and the encoder call it before anything else happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


def octets_of(data: ReadableBuffer) -> memoryview:
    """Return a view of the octets of *data*.

    Raises:
        TypeError: *data* is no buffer, or not C-contiguous.
    """
    view = memoryview(data)
    if view.format == "B" and view.ndim == 1 and view.c_contiguous:
        return view
    if not view.c_contiguous:
        view.release()
        raise TypeError("buffer is not C-contiguous")
    try:
        return view.cast("B")
    except (TypeError, ValueError):
        # Formats with a byte order (ctypes, NumPy) and shapes with a 0 cannot be cast.
        from pickle import PickleBuffer

        return PickleBuffer(view).raw()


def writable_octets_of(target: WriteableBuffer) -> memoryview:
    """Return a view of the octets of *target*, into which can be written.

    Raises:
        TypeError: *target* is no buffer, not C-contiguous, or read-only.
    """
    if isinstance(target, bytearray):
        return memoryview(target)
    view = octets_of(target)
    if view.readonly:
        view.release()
        raise TypeError("buffer is read-only")
    return view

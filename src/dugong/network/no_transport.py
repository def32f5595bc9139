"""What stands for the transport before a connection is opened.

It can be ended like any other, and says to everything else that there is no connection.
"""

from __future__ import annotations

from typing import Final, NoReturn

from dugong.exceptions import StateError
from dugong.network.transport import Transport


class NoTransport(Transport):
    """A transport to nowhere."""

    def __init__(self) -> None:
        """Prepare for nothing: there is no descriptor to wait for."""
        super().__init__(-1)

    def send(self, data: bytes | memoryview) -> NoReturn:
        raise _no_connection()

    def receive_into(self, target: memoryview) -> NoReturn:
        raise _no_connection()

    def has_input(self) -> bool:
        return False

    def shutdown(self, how: int) -> None:
        """Nothing waits, so nothing has to be woken."""

    def close(self) -> None:
        """Nothing is open."""

    @property
    def is_secure(self) -> bool:
        return False


def _no_connection() -> StateError:
    return StateError("there is no connection")


NO_TRANSPORT: Final = NoTransport()

"""One cut, tried and judged: what `exchanges` tells of it is compared with what a client saw."""

import ssl
from typing import Final

import attrs

from tests.integration.exchanges import (
    COMPOUND,
    Reply,
    Seen,
    check_is_over,
    expected,
    read_exchange,
    send_all,
    without_bodies,
    without_partial_bodies,
)
from tests.integration.fault_clients import FACES, MODES, open_client
from tests.integration.faults import End, Wire

COMPOUND_OCTETS: Final = b"".join(reply.octets for reply in COMPOUND)


def as_seen_by(mode: str, seen: list[Seen]) -> list[Seen]:
    if mode == "discard":
        return without_bodies(seen)
    return without_partial_bodies(seen) if mode == "readall" else seen


@attrs.frozen
class Trial:
    """One way to be cut, and to read.

    Attributes:
        face: A name of `FACES`.
        mode: A name of `MODES`.
        replies: What is sent.
        context: The client's for TLS.
    """

    face: str
    mode: str
    replies: tuple[Reply, ...] = COMPOUND
    context: ssl.SSLContext | None = None

    def run(
        self, wire: Wire, end: End, count: int, *, orderly: bool, limit: int | None = None
    ) -> Exception | None:
        """Check what a client sees when the peer plays the script of *end*.

        Args:
            wire: Where the client connects.
            end: The end that it will meet.
            count: How many octets of the replies come before the cut.
            orderly: Whether the cut may end a body that lasts until close.
            limit: After how many octets of ciphertext behind the handshake it is cut.
        """
        client = open_client(wire, FACES[self.face], end, self.context)
        try:
            if limit is not None:
                end.forward_limit = end.forwarded + limit
            send_all(client, self.replies)
            client.let_peer_act()
            seen, error = read_exchange(client, self.replies, MODES[self.mode])
            want = expected(self.replies, count, orderly=orderly)
            assert seen == as_seen_by(self.mode, want)
            is_whole = len(want) == len(self.replies) and want[-1].is_whole
            assert (error is None) is is_whole
            check_is_over(client)
        finally:
            client.disconnect()
            end.close()
        return error

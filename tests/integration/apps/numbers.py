"""A fast server for many pipelined requests, on asyncio's protocols; run with `-m` and the port.

A request for `/N` is answered by what `body_of(N)` returns, sized or chunked as `N` says, so that
every response shows which request it belongs to. A request may have a body with Content-Length,
which is dropped. With the paths of a certificate and its key it speaks TLS.
"""

import asyncio
import re
import ssl
import sys
from typing import Final

LENGTH: Final = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
LARGE_EVERY: Final = 500
LARGE: Final = 100_000
OTHERS_BELOW: Final = 2_000


def body_of(number: int) -> bytes:
    """Return a body that is the number again and again; its size varies with the number."""
    size = LARGE if number % LARGE_EVERY == 7 else number * 7919 % OTHERS_BELOW
    text = b"%d " % number
    return (text * (size // len(text) + 1))[:size]


def answer_to(number: int) -> bytes:
    """Return the whole response to `/number`."""
    body = body_of(number)
    if number % 3:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    middle = len(body) // 2
    chunks = (
        b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:middle], body[middle:]) if part
    )
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % b"".join(chunks)


class Numbers(asyncio.Protocol):
    """Answers the requests of one connection."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received = bytearray()
        self.missing = 0  # octets of a request body that are still to come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write to."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer all requests that are complete."""
        self.received += data
        answers = []
        while (head := self.take_head()) is not None:
            length = LENGTH.search(head)
            self.missing = int(length[1]) if length else 0
            answers.append(answer_to(int(head.split(b" ", 2)[1][1:])))
        if answers:
            self.transport.write(b"".join(answers))

    def take_head(self) -> bytes | None:
        """Return the next head, if it is there."""
        dropped = min(self.missing, len(self.received))
        self.missing -= dropped
        end = self.received.find(b"\r\n\r\n", dropped) + 4
        if self.missing or end < 4:
            del self.received[:dropped]
            return None
        head = bytes(self.received[dropped:end])
        del self.received[:end]
        return head


async def serve(port: int, context: ssl.SSLContext | None) -> None:
    """Serve on 127.0.0.1 until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Numbers, "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


def main(port: str, certificate: str = "", key: str = "") -> None:
    """Read the command line and serve."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    asyncio.run(serve(int(port), context))


if __name__ == "__main__":
    main(*sys.argv[1:])

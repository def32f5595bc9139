"""The server that tour.py talks to: started as a process of its own, it prints its port.

It is written for speed, so that the figures of the tour are the client's: all requests that one
receive brought are answered by one send. It understands what the tour sends, and nothing else.

GET /small: 100 octets. GET /large?size=N: N octets. PUT /upload: counts the octets of a chunked
body. PUT /refused: 413, without the 100 that the client waits for.
"""

import contextlib
import socket
import threading
from typing import Final

RECEIVE_SIZE: Final = 262_144
PIECE: Final = bytes(1_048_576)
SMALL: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
)
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
REFUSAL: Final = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"


class Client:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = bytearray()

    def serve(self) -> None:
        """Answer requests until the client closes."""
        with self._socket, contextlib.suppress(ConnectionError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers: list[bytes] = []
            while (end := self._received.find(b"\r\n\r\n")) >= 0 or self._flush(answers):
                if end < 0:
                    continue
                head = bytes(self._received[:end])
                del self._received[: end + 4]
                if head.startswith(b"GET /small "):
                    answers.append(SMALL)
                else:
                    self._socket.sendall(b"".join(answers))
                    answers.clear()
                    self._answer(head)

    def _flush(self, answers: list[bytes]) -> bool:
        """Send *answers* and receive more; return whether anything came."""
        if answers:
            self._socket.sendall(b"".join(answers))
            answers.clear()
        return self._receive()

    def _receive(self) -> bool:
        octets = self._socket.recv(RECEIVE_SIZE)
        self._received += octets
        return bool(octets)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET /large?size="):
            self._send_large(int(head.split()[1].partition(b"=")[2]))
        elif head.startswith(b"PUT /upload "):
            if b"\r\nExpect: 100-continue" in head:
                self._socket.sendall(CONTINUE)
            self._send_text(f"{self._count_chunked()} octets")
        elif head.startswith(b"PUT /refused "):
            self._socket.sendall(REFUSAL)
        else:
            self._socket.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def _send_large(self, size: int) -> None:
        self._socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while size:
            size -= self._socket.send(PIECE[:size] if size < len(PIECE) else PIECE)

    def _send_text(self, text: str) -> None:
        body = text.encode()
        self._socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _count_chunked(self) -> int:
        total = 0
        while size := int(self._take_line(), 16):
            self._drop(size + 2)
            total += size
        while self._take_line():
            pass
        return total

    def _take_line(self) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            if not self._receive():
                raise ConnectionError("client closed within a body")
        line = bytes(self._received[:end])
        del self._received[: end + 2]
        return line

    def _drop(self, count: int) -> None:
        while len(self._received) < count:
            if not self._receive():
                raise ConnectionError("client closed within a body")
        del self._received[:count]


def main() -> None:
    """Serve on a free port of loopback until the process is ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=Client(sock).serve, daemon=True).start()


if __name__ == "__main__":
    main()

"""A server that drops request bodies as fast as it can; run with `-m` and the port.

It answers each request, when its body is complete, by the number of octets received behind the
head: with the framing, where the body was chunked.
"""

import re
import socket
import sys
from typing import Final

LENGTH: Final = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


def serve(sock: socket.socket) -> None:
    """Answer the requests of one connection, which come one after the other."""
    buffer = bytearray(1024 * 1024)
    while head := receive_head(sock):
        length = LENGTH.search(head)
        if length is not None:
            count = drop(sock, buffer, int(length[1]))
        elif b"\r\nTransfer-Encoding: chunked\r\n" in head:
            count = drop_chunked(sock, buffer)
        else:
            count = 0
        text = b"%d" % count
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))


def receive_head(sock: socket.socket) -> bytes:
    """Return the next head, and not an octet more; empty at the end."""
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        if not (octet := sock.recv(1)):
            return b""
        head += octet
    return bytes(head)


def drop(sock: socket.socket, buffer: bytearray, count: int) -> int:
    """Receive so many octets."""
    missing = count
    with memoryview(buffer) as view:
        while missing:
            received = sock.recv_into(view[:missing])
            if not received:
                raise EOFError(f"client closed {missing} octets before the end")
            missing -= received
    return count


def drop_chunked(sock: socket.socket, buffer: bytearray) -> int:
    """Receive up to the last chunk; no data may look like it."""
    count = 0
    end = b""
    while not end.endswith(LAST_CHUNK):
        received = sock.recv_into(buffer)
        if not received:
            raise EOFError(f"client closed after {count} octets")
        count += received
        end = (end + buffer[max(0, received - len(LAST_CHUNK)) : received])[-len(LAST_CHUNK) :]
    return count


def main(port: int) -> None:
    """Serve one connection after the other until the process is ended."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            sock, _ = listener.accept()
            with sock:
                serve(sock)


if __name__ == "__main__":
    main(int(sys.argv[1]))

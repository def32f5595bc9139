"""pycurl: one handle of libcurl that is used again and again."""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from bench.contenders.base import FIELDS, PIECE, UPLOAD_SIZE, Contender, Target


class Pycurl(Contender):
    """pycurl, with a callback written in C that collects the body."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._pieces: list[bytes] = []
        self._curl = self._make()
        self._held: list[pycurl.Curl] = []

    @staticmethod
    def version() -> str:
        return f"{pycurl.version_info()[1]}, {pycurl.version.split()[0]}"

    def _make(self) -> pycurl.Curl:
        curl = pycurl.Curl()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self._pieces.append)
        # Octets of a receive; 16 KiB by default.
        curl.setopt(pycurl.BUFFERSIZE, PIECE)
        if self.target.authority:
            curl.setopt(pycurl.CAINFO, self.target.authority)
        return curl

    def get(self, path: str, count: int) -> None:
        curl, pieces, url = self._curl, self._pieces, self.target.url + path
        for _ in range(count):
            curl.setopt(pycurl.URL, url)
            curl.perform()
            curl.getinfo(pycurl.RESPONSE_CODE)
            b"".join(pieces)
            pieces.clear()

    def look(self, path: str, count: int) -> None:
        lines: list[bytes] = []
        self._curl.setopt(pycurl.HEADERFUNCTION, lines.append)
        first, second, third = (name.lower().encode() for name in FIELDS)
        curl, pieces, url = self._curl, self._pieces, self.target.url + path
        for _ in range(count):
            curl.setopt(pycurl.URL, url)
            curl.perform()
            curl.getinfo(pycurl.RESPONSE_CODE)
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            headers[first], headers[second], headers[third]
            lines.clear()
            b"".join(pieces)
            pieces.clear()

    def stream(self, path: str, count: int) -> None:
        curl = self._curl
        curl.setopt(pycurl.WRITEFUNCTION, len)  # takes each piece, and returns how much it took
        curl.setopt(pycurl.URL, self.target.url + path)
        for _ in range(count):
            curl.perform()

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        curl = self._curl
        curl.setopt(pycurl.URL, self.target.url + path)
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.INFILESIZE_LARGE, UPLOAD_SIZE)
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 2 * PIECE)
        curl.setopt(pycurl.HTTPHEADER, ["Expect:"])  # nobody else waits for a 100
        for _ in range(count):
            curl.setopt(pycurl.READFUNCTION, _reader())
            curl.perform()

    def connect(self, path: str, count: int) -> None:
        curl, pieces, url = self._curl, self._pieces, self.target.url + path
        curl.setopt(pycurl.FORBID_REUSE, 1)
        # Nobody else takes up a TLS session again.
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        for _ in range(count):
            curl.setopt(pycurl.URL, url)
            curl.perform()
            curl.getinfo(pycurl.RESPONSE_CODE)
            b"".join(pieces)
            pieces.clear()

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            curl = self._make()
            curl.setopt(pycurl.URL, self.target.url + path)
            curl.perform()
            self._held.append(curl)
            self._pieces.clear()


def _reader() -> Callable[[int], bytes]:
    """Return what gives the body of an upload, in pieces no longer than asked for."""
    piece = bytes(PIECE)
    rest = UPLOAD_SIZE

    def read(size: int) -> bytes:
        nonlocal rest
        given = piece if size >= PIECE else piece[:size]
        rest -= len(given)
        return given if rest >= 0 else b""

    return read

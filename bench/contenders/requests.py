"""requests: one session that does not look into the environment."""

from __future__ import annotations

import requests

from bench.contenders.base import FIELDS, PIECE, Contender, Target, version_of
from bench.contenders.bodies import UPLOAD_FIELDS, pieces


class Requests(Contender):
    """requests."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._session = self._make()
        self._held: list[requests.Session] = []

    @staticmethod
    def version() -> str:
        return version_of("requests", "urllib3")

    def _make(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        if self.target.authority:
            session.verify = self.target.authority
        return session

    def get(self, path: str, count: int) -> None:
        session, url = self._session, self.target.url + path
        for _ in range(count):
            _ = session.get(url).content

    def look(self, path: str, count: int) -> None:
        session, url = self._session, self.target.url + path
        first, second, third = FIELDS
        for _ in range(count):
            headers = session.get(url).headers
            headers[first], headers[second], headers[third]

    def stream(self, path: str, count: int) -> None:
        session, url = self._session, self.target.url + path
        for _ in range(count):
            with session.get(url, stream=True) as response:
                for _ in response.iter_content(PIECE):
                    pass

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        url = self.target.url + path
        for _ in range(count):
            self._session.put(url, data=_Body(), headers=UPLOAD_FIELDS)

    def connect(self, path: str, count: int) -> None:
        session, url = self._session, self.target.url + path
        for _ in range(count):
            session.get(url)
            session.close()  # its connections; it can be used again

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            session = self._make()
            session.get(self.target.url + path)
            self._held.append(session)


class _Body:
    """An iterable of known length, which is sent without chunks."""

    def __len__(self) -> int:
        return int(UPLOAD_FIELDS["Content-Length"])

    __iter__ = staticmethod(pieces)

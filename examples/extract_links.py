"""Print the links of an HTML page, while it comes in.

Usage: extract_links.py URL

The connection is a binary stream, so the standard library's io.TextIOWrapper decodes it; the
parser is fed piece by piece, and no page is ever in memory whole.
"""

import io
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from dugong import HTTPConnection

PIECE: Final = 16_384  # characters


class LinkCollector(HTMLParser):
    """Collects the targets of the links in what it is fed.

    Attributes:
        links: What was found, in the order of the page.
    """

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the target of a link."""
        if tag == "a":
            self.links.extend(value for name, value in attrs if name == "href" and value)


def links_of(url: str) -> Iterator[str]:
    """Give the links of the page at *url* as absolute URLs, as they come.

    Raises:
        LookupError: The server has no such page.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with HTTPConnection.for_url(url, timeout=30) as conn:
        conn.send_request("GET", path, {"Accept": "text/html"})
        response = conn.read_response()
        if response.status != 200:
            raise LookupError(f"{url}: {response.status} {response.reason}")
        charset = response.headers.get_content_charset("utf-8")
        text = io.TextIOWrapper(conn, encoding=charset, errors="replace")
        parser = LinkCollector()
        while piece := text.read(PIECE):
            parser.feed(piece)
            yield from (urljoin(url, link) for link in parser.links)
            parser.links.clear()


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for link in links_of(sys.argv[1]):
        print(link)


if __name__ == "__main__":
    main()

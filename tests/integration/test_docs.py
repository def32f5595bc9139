"""The code in the documentation runs: every python block of README.md and docs/ is executed.

The blocks under one heading of the second level are one test: they run in order, in one namespace
and in a directory of their own. Which names are given beforehand: `names`. Nothing but loopback can
be reached.
"""

import gc
import hashlib
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs
import pytest

import dugong
from tests.integration.certificates import TlsContexts
from tests.integration.docs_server import Site, make_proxy, unix_server
from tests.integration.peers import Peer, may_be_cut
from tests.integration.processes import ROOT

DOCS: Final = ROOT / "docs"
PAGES: Final = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
# A heading of the second level, or a block of code with its language
PART: Final = re.compile(
    r"^## (?P<heading>.*)$|^```(?P<language>.*)\n(?P<code>[^`]*?)^```$", re.MULTILINE
)
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@attrs.frozen
class Section:
    """The python blocks under one heading.

    Attributes:
        page: The file.
        heading: The heading of the second level, or empty where there is none yet.
        blocks: The code of each block, behind as many empty lines as it has lines above it in the
            file, so that a traceback tells the line.
    """

    page: Path
    heading: str
    blocks: list[str] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        """The page and the heading, for the test's id."""
        words = re.findall(r"[a-z0-9]+", self.heading.lower())
        return f"{self.page.stem}:{'-'.join(words) or 'top'}"


def sections_of(page: Path) -> list[Section]:
    text = page.read_text(encoding="utf-8")
    sections = [Section(page, "")]
    for part in PART.finditer(text):
        if part["heading"] is not None:
            sections.append(Section(page, part["heading"]))
        elif part["language"] == "python":
            lines_above = text.count("\n", 0, part.start("code"))
            sections[-1].blocks.append("\n" * lines_above + part["code"])
    return [section for section in sections if section.blocks]


SECTIONS: Final = [section for page in PAGES for section in sections_of(page)]


@pytest.fixture(scope="module")
def names(tls_contexts: TlsContexts) -> Iterator[Mapping[str, object]]:
    """What every block finds in its namespace.

    `host` and `port` of the embedded server, `tls_port` and `context` of the same over TLS, `pin`,
    the SHA-256 of its certificate, `socket_path` of the same on a Unix-domain socket, and `proxy`,
    the host and port of a proxy that asks for `user:secret`.
    """
    site = may_be_cut(Site())
    certificate = ssl.PEM_cert_to_DER_cert(_first_certificate(tls_contexts.certificate_file))
    with (
        # Not in pytest's directory: a socket's path has at most 107 octets.
        tempfile.TemporaryDirectory(dir="/tmp") as directory,
        Peer(site) as plain,
        Peer(site, tls=tls_contexts.server) as secure,
        Peer(make_proxy(site, tls_contexts.server)) as proxy,
        unix_server(socket_path := Path(directory) / "socket", site),
    ):
        yield {
            "__name__": "docs",
            "host": plain.host,
            "port": plain.port,
            "tls_port": secure.port,
            "context": tls_contexts.client,
            "pin": hashlib.sha256(certificate).hexdigest(),
            "proxy": proxy.address,
            "socket_path": str(socket_path),
        }


def _first_certificate(file: Path) -> str:
    text = file.read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----\n"
    return text[: text.index(end) + len(end)]


@pytest.fixture
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be looked up but loopback; a name that nobody can have does not exist."""
    look_up = socket.getaddrinfo

    def look_up_loopback(host: str, *args: int, **kwargs: int) -> object:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        assert host in LOOPBACK, f"an example looks {host!r} up"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_loopback)


@pytest.mark.usefixtures("loopback_only")
@pytest.mark.parametrize(
    "section", [pytest.param(section, id=section.name) for section in SECTIONS]
)
def test_blocks_run(
    section: Section,
    names: Mapping[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace = dict(names)
    for block in section.blocks:
        exec(compile(block, section.page, "exec"), namespace)
    # What is left open is told here, not in the middle of some other test.
    namespace.clear()
    gc.collect()


def test_every_fence_is_understood() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fences = len(re.findall(r"^ *```", text, re.MULTILINE))
        blocks = sum(part["code"] is not None for part in PART.finditer(text))
        assert fences == 2 * blocks, page


def test_readme_begins_with_the_two_commands() -> None:
    first = next(PART.finditer(PAGES[0].read_text(encoding="utf-8")))
    assert [line.split("#")[0].strip() for line in first["code"].splitlines()] == [
        "make demo",
        "make test",
    ]


def test_reference_has_every_public_name() -> None:
    text = (DOCS / "reference.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^\.\. auto(?:class|exception|function|data):: (\w+)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(dugong.__all__)

"""How strict are Python's HTTP clients? A server on loopback sends each of them the same nonsense.

See README.md. Each client runs in a process of its own, one row at a time; a client that does not
come back in time is ended, and gets a new process for the next row.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import select
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import attrs
from strictness_clients import CLIENTS, Pycurl, version_of
from strictness_rows import ROWS, Ending, Row
from strictness_server import HARD_LIMIT, SETTLED, Server
from strictness_verdicts import Answer, Outcome, Verdict

if TYPE_CHECKING:
    from types import TracebackType


# -- the client's process


def work(name: str, authority: str) -> None:
    """Do the rows whose numbers and ports come by the standard input; write one line for each."""
    context = ssl.create_default_context(cafile=authority)
    print(json.dumps(version_of(name)), flush=True)
    for line in sys.stdin:
        number, port = map(int, line.split())
        answers = ask_all(name, ROWS[number], port, context, authority)
        print(json.dumps([encode(answer) for answer in answers]), flush=True)


def ask_all(
    name: str, row: Row, port: int, context: ssl.SSLContext, authority: str
) -> Iterator[Answer]:
    """Give the answers to what *row* asks; none behind a first one that failed."""
    host = "localhost" if row.secure else "127.0.0.1"
    client = CLIENTS[name](host, port, context if row.secure else None)
    if isinstance(client, Pycurl):
        client.authority = authority
    try:
        for ask in row.asks:
            if ask is not row.asks[0] and row.ending is Ending.STRAY:
                time.sleep(SETTLED)
            try:
                yield client.fetch(ask)
            except Exception as exc:  # noqa: BLE001  # any refusal is one
                hung = isinstance(exc, TimeoutError) or "imed out" in f"{type(exc).__name__} {exc}"
                yield Answer(error=f"{type(exc).__name__}: {exc}"[:80], hung=hung)
                return
    finally:
        with contextlib.suppress(Exception):
            client.close()


def encode(answer: Answer) -> dict[str, object]:
    """Return what JSON can tell of an answer."""
    body = base64.b64encode(answer.body[:200]).decode("ascii")
    return {**attrs.asdict(answer), "body": body, "headers": list(answer.headers)}


def decode(fields: dict[str, object]) -> Answer:
    """Return what `encode` told."""
    body = base64.b64decode(str(fields["body"]))
    return attrs.evolve(Answer(**fields), body=body, headers=tuple(fields["headers"]))  # type: ignore[arg-type]  # as encode() wrote it


# -- the table


class Worker:
    """A client's process; a context manager.

    Attributes:
        version: The client's version, `None` where it is not installed.
    """

    def __init__(self, name: str, context: ssl.SSLContext, authority: Path) -> None:
        """Start the process of the client *name*."""
        self._name, self._context, self._authority = name, context, authority
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work", self._name, str(self._authority)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version: str | None = json.loads(self._read_line() or "null")

    def _read_line(self) -> str:
        """Return the next line of the process, `""` where none comes in time."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], HARD_LIMIT)
        return self._process.stdout.readline() if ready else ""

    def run(self, number: int) -> Outcome:
        """Run a row."""
        with Server(ROWS[number], self._context) as server:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{number} {server.port}\n")
            self._process.stdin.flush()
            if line := self._read_line():
                answers = [decode(fields) for fields in json.loads(line)]
            else:
                self._stop()
                self._start()
                answers = [Answer(error="no end", hung=True)]
        return Outcome(answers, server.received, server.flooded)

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()


@attrs.define
class Column:
    """What a client did in each row."""

    version: str
    verdicts: list[tuple[Verdict, str]] = attrs.field(factory=list)

    @property
    def wrong(self) -> int:
        """How many rows are wrong."""
        return sum(verdict is Verdict.WRONG for verdict, _ in self.verdicts)


def make_certificates(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context for localhost, and the file of its authority."""
    try:
        import trustme
    except ImportError:
        sys.exit("the rows over TLS need trustme: pip install trustme")
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    path = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path


def measure(names: Sequence[str]) -> dict[str, Column]:
    """Run all rows with each client."""
    columns = {}
    with tempfile.TemporaryDirectory() as directory:
        context, authority = make_certificates(Path(directory))
        for name in names:
            with Worker(name, context, authority) as worker:
                if worker.version is None:
                    print(f"{name} is not installed", file=sys.stderr)
                    continue
                column = columns[name] = Column(worker.version)
                for number, row in enumerate(ROWS):
                    column.verdicts.append(row.judge(worker.run(number)))
            print(
                f"{name} {column.version}: {column.wrong} of {len(ROWS)} rows wrong",
                file=sys.stderr,
            )
    return columns


def markdown(columns: dict[str, Column]) -> Iterator[str]:
    """Give the lines of the table as Markdown."""
    today = datetime.now(tz=UTC).date()
    yield f"Measured on {today} by `bench/strictness.py`, {len(ROWS)} rows."
    yield ""
    yield "| client | version | wrong rows |"
    yield "| --- | --- | --: |"
    for name, column in columns.items():
        yield f"| {name} | {column.version} | {column.wrong} |"
    group = ""
    for number, row in enumerate(ROWS):
        if row.group != group:
            group = row.group
            yield from ("", f"## {group}", "")
            yield "| | rule | " + " | ".join(columns) + " |"
            yield "| --- | --- |" + " --- |" * len(columns)
        cells = (column.verdicts[number][0] for column in columns.values())
        shown = (f"**{cell.value}**" if cell is Verdict.WRONG else cell.value for cell in cells)
        yield f"| {row.name} | {row.rule} | " + " | ".join(shown) + " |"


def text(columns: dict[str, Column], *, details: bool) -> Iterator[str]:
    """Give the lines of the table for a terminal."""
    width = max(len(row.name) for row in ROWS) + 2
    titles = "".join(f"{name:>13}" for name in columns)
    group = ""
    for number, row in enumerate(ROWS):
        if row.group != group:
            group = row.group
            yield from ("", f"{group:{width}}{titles}")
        cells = [column.verdicts[number] for column in columns.values()]
        yield f"{row.name:{width}}" + "".join(f"{verdict.value:>13}" for verdict, _ in cells)
        if details:
            for name, (verdict, detail) in zip(columns, cells, strict=True):
                if detail:
                    yield f"    {name}: {verdict.value}: {detail}"
    yield ""
    yield f"{'wrong rows':{width}}" + "".join(f"{column.wrong:>13}" for column in columns.values())


def main() -> int:
    """Print the table; the exit status says whether dugong has a wrong row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clients", nargs="*", help=f"by default all: {', '.join(CLIENTS)}")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table for the docs"
    )
    parser.add_argument("--details", action="store_true", help="say what happened in each cell")
    options = parser.parse_args()
    if unknown := set(options.clients) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    columns = measure(options.clients or list(CLIENTS))
    print("\n".join(text(columns, details=options.details)))
    if options.markdown is not None:
        options.markdown.write_text("\n".join(markdown(columns)) + "\n", encoding="utf-8")
    return int("dugong" in columns and columns["dugong"].wrong > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], sys.argv[3])
    else:
        sys.exit(main())

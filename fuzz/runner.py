"""Runs a fuzz target for a limited time: with atheris where it is installed, else by mutation.

It owns the mutations, which are enough for a short run without atheris, and the command line of
all targets. It knows nothing of HTTP.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

Target: TypeAlias = Callable[[bytes], None]
"""Takes any octets; raises where something is wrong."""

MAX_SIZE: Final = 4_096  # octets of one input
_WORDS: Final = (
    *(b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b";", b",", b'"', b"\\", b"=", b"+", b"-"),
    *(b"0", b"1", b"f", b"_", b"x", b"\x7f", b"\x80", b"\xff", b"\r\n\r\n", b"0\r\n\r\n", b"\r\n "),
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/2.0 ", b"HTTP/1.1 100 x\r\n\r\n"),
    *(b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
)


def mutated(seeds: Sequence[bytes], number: int) -> Iterator[bytes]:
    """Give the seeds, then inputs that are made of them; the same for the same *number*."""
    yield from seeds
    source = random.Random(number)  # it is to be repeatable
    while True:
        octets = source.choice(seeds)
        for _ in range(source.choice((1, 1, 1, 2, 3, 5))):
            octets = _mutate(octets, source, seeds)
        yield octets[:MAX_SIZE]


def _mutate(octets: bytes, source: random.Random, seeds: Sequence[bytes]) -> bytes:
    begin = source.randint(0, len(octets))
    end = min(len(octets), begin + source.choice((0, 0, 1, 1, 2, 4, 16)))
    kind = source.randrange(5)
    if kind == 0:
        piece = source.choice(_WORDS)
    elif kind == 1:
        piece = source.randbytes(source.choice((1, 1, 2, 4)))
    elif kind == 2:
        piece = octets[begin:end] * source.choice((0, 2, 3))
    elif kind == 3:
        other = source.choice(seeds)
        return octets[:begin] + other[source.randint(0, len(other)) :]
    else:
        piece = bytes(octet ^ 1 << source.randrange(8) for octet in octets[begin:end])
    return octets[:begin] + piece + octets[end:]


def run_mutations(target: Target, seeds: Sequence[bytes], seconds: float, number: int) -> int:
    """Run *target* on mutated seeds for so long, and return how many inputs that were.

    Raises:
        Exception: What *target* raised; a note tells the input.
    """
    end = time.monotonic() + seconds
    count = 0
    for octets in mutated(seeds, number):
        if time.monotonic() >= end:
            break
        count += 1
        try:
            target(octets)
        except Exception as exc:
            exc.add_note(f"input {count} of number {number}: {octets!r}")
            raise
    return count


def _run_atheris(target: Target, seeds: Sequence[bytes], seconds: int, directory: Path) -> None:
    import atheris

    corpus = directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    atheris.instrument_all()
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_SIZE}", "-timeout=10"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={directory}/", str(corpus)], target)
    atheris.Fuzz()


def main(target: Target, seeds: Sequence[bytes]) -> None:
    """Run *target* as the command line says."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long to run (60)")
    parser.add_argument("--number", type=int, help="repeat the mutations of this number")
    parser.add_argument("--replay", type=Path, help="run the input in this file, and nothing else")
    options = parser.parse_args()
    if options.replay is not None:
        target(options.replay.read_bytes())
        return
    if options.number is None and importlib.util.find_spec("atheris") is not None:
        directory = Path(__file__).parents[1] / "build" / "fuzz" / Path(sys.argv[0]).stem
        _run_atheris(target, seeds, options.seconds, directory)
        return
    number = int(time.time()) if options.number is None else options.number
    count = run_mutations(target, seeds, options.seconds, number)
    print(f"{count} inputs in {options.seconds} s, none of them wrong (number {number})")

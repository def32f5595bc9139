"""Compiles and starts the server, and gives it a certificate.

What is made lies in build/bench/, and is made anew where the source is newer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from bench.contenders.base import Target

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD: Final = ROOT / "build" / "bench"
HOST: Final = "127.0.0.1"


class MissingToolError(Exception):
    """Something that the benchmarks need is not installed."""


def on_cpu(cpu: int) -> list[str]:
    """Return the command that runs another one as client and server have to run.

    On one CPU, and without preempting each other: in which portions octets go to and fro would
    else be the scheduler's whim, and with it the rate in bulk and of many connections.
    """
    return ["taskset", "-c", str(cpu), "chrt", "--batch", "0"]


@attrs.frozen
class Server:
    """A running server.

    Attributes:
        plain: Its plain port.
        tls: Its port for TLS, or `None` where it was built without.
        pid: Its process.
    """

    plain: Target
    tls: Target | None
    pid: int

    def cpu(self) -> int:
        """Return the nanoseconds of CPU time that the server has used."""
        # The kernel's number for the CPU clock of another process (clock_getcpuclockid(3)).
        return time.clock_gettime_ns((~self.pid << 3) | 2)


def compile_c(source: Path, made: Path, *options: str) -> bool:
    """Compile a C program or library, unless it is up to date; return whether that succeeded.

    Raises:
        MissingToolError: There is no C compiler.
    """
    if made.exists() and made.stat().st_mtime > source.stat().st_mtime:
        return True
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise MissingToolError(f"{source.name} needs a C compiler: install gcc or clang, or set CC")
    made.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-O2", "-Wall", "-o", str(made), str(source), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        (made.parent / f"{made.name}.log").write_text(done.stderr, encoding="utf-8")
    return done.returncode == 0


def build_server() -> tuple[Path, bool]:
    """Return the server, and whether it knows TLS.

    Raises:
        MissingToolError: It cannot be compiled.
    """
    source = ROOT / "bench" / "server.c"
    if compile_c(source, BUILD / "server-tls", "-DWITH_TLS", "-lssl", "-lcrypto"):
        return BUILD / "server-tls", True
    if compile_c(source, BUILD / "server"):
        return BUILD / "server", False
    raise MissingToolError(f"{source} cannot be compiled: see {BUILD / 'server.log'}")


def make_certificate() -> tuple[Path, Path]:
    """Return the file with the server's certificate and key, and that of the authority."""
    chain, authority = BUILD / "server.pem", BUILD / "authority.pem"
    if not authority.exists():
        import trustme

        made = trustme.CA()
        made.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(chain))
        made.cert_pem.write_to_path(str(authority))
    return chain, authority


@contextlib.contextmanager
def running_server(cpu: int) -> Iterator[Server]:
    """Run a server on one CPU.

    Raises:
        SystemExit: It cannot be compiled.
    """
    try:
        program, knows_tls = build_server()
    except MissingToolError as missing:
        raise SystemExit(str(missing)) from None
    command = [*on_cpu(cpu), str(program)]
    authority = None
    if knows_tls:
        chain, authority = make_certificate()
        command += [str(chain), str(chain)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        plain, tls = map(int, process.stdout.readline().split())
        yield Server(
            Target(HOST, plain), Target(HOST, tls, str(authority)) if tls else None, process.pid
        )
    finally:
        process.communicate()

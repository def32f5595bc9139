"""Programs that run beside the tests: found, started on free ports, waited for, ended by their id.

It knows nothing of HTTP; `servers` says which programs there are. A program that is not installed
skips the test, or, with `CI=true` in the environment, fails it.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

import pytest

ROOT: Final = Path(__file__).parents[2]
HOST: Final = "127.0.0.1"
START_LIMIT: Final = 20.0  # seconds until a server accepts; all CPUs may be busy with others
END_LIMIT: Final = 10.0
POLL_INTERVAL: Final = 0.02
START_ATTEMPTS: Final = 3
OUTPUT_SHOWN: Final = 2000

Command: TypeAlias = Sequence[str | Path]


class NotStartedError(Exception):
    """A server has ended or does not accept connections; the text says what it wrote."""


def missing(name: str, command: str) -> NoReturn:
    """Skip the test since *name* is missing, and tell which *command* installs it; fail in CI."""
    message = f"{name} is not installed; to run this test: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def find_program(name: str, package: str) -> str:
    """Return the path of a program of a Debian *package*; without it, see `missing`."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    return shutil.which(name, path=path) or missing(
        name, f"apt-get install --no-install-recommends {package}"
    )


def need_module(name: str, package: str) -> None:
    """Make sure that module *name* of a PyPI *package* can be imported; else see `missing`."""
    if importlib.util.find_spec(name) is None:
        missing(name, f"python -m pip install {package}")


@contextlib.contextmanager
def running(
    name: str, directory: Path, make_command: Callable[[Sequence[int]], Command], ports: int = 1
) -> Iterator[Sequence[int]]:
    """Run a server on free ports and give these; end it on leaving.

    Args:
        name: The program, for messages.
        directory: Where it writes; its output goes to `output.log` there.
        make_command: Returns the command line for the ports. It is called again, with other ports,
            when the server does not start: somebody else may have taken a port meanwhile.
        ports: The number of ports.

    Raises:
        NotStartedError: It did not start in several attempts.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        numbers = find_free_ports(ports)
        process = launch(make_command(numbers), directory)
        with contextlib.ExitStack() as stack:
            stack.callback(end, process)
            try:
                wait_until_accepting(process, numbers)
            except NotStartedError as exc:
                if attempt == START_ATTEMPTS:
                    output = (directory / "output.log").read_text(errors="replace")[-OUTPUT_SHOWN:]
                    raise NotStartedError(f"{name}: {exc}; its output ends with: {output}") from exc
                continue
            yield numbers
            return


def find_free_ports(count: int) -> list[int]:
    """Return *count* ports of loopback that nobody uses right now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]


def launch(command: Command, directory: Path) -> subprocess.Popen[bytes]:
    """Start *command* in the project's root, as the leader of a process group of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    environment["PYTHONPATH"] = str(ROOT)
    with (directory / "output.log").open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_accepting(process: subprocess.Popen[bytes], ports: Sequence[int]) -> None:
    """Wait until every one of *ports* accepts connections.

    Raises:
        NotStartedError: The process ended before, or `START_LIMIT` has passed.
    """
    deadline = time.monotonic() + START_LIMIT
    for port in ports:
        while not is_accepting(port):
            if time.monotonic() > deadline:
                raise NotStartedError(f"no connection to port {port} within {START_LIMIT} seconds")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_INTERVAL)
                raise NotStartedError(f"ended with status {process.returncode}")
    if process.poll() is not None:  # then somebody else has accepted
        raise NotStartedError(f"ended with status {process.returncode}")


def is_accepting(port: int) -> bool:
    """Tell whether somebody accepts connections on *port*."""
    try:
        with socket.create_connection((HOST, port), timeout=START_LIMIT) as sock:
            # A free port may be chosen for our own end: TCP then connects the socket to itself.
            return bool(sock.getsockname() != sock.getpeername())
    except OSError:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has started."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_LIMIT)
    with contextlib.suppress(ProcessLookupError):  # nobody of its group is left: as it should be
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(END_LIMIT)

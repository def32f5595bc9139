from __future__ import annotations

import ast
import importlib.metadata
import importlib.resources
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import dugong

TESTS: Final = Path(__file__).parent.parent

# What API.md lists; new names are added here on purpose only.
PUBLIC = {
    "AioFuture",
    "BUFFER_SIZE",
    "BodyFollowing",
    "CaseInsensitiveDict",
    "ConnectionClosed",
    "ConnectionTimedOut",
    "DNSUnavailable",
    "ExcessBodyData",
    "HTTPConnection",
    "HTTPResponse",
    "HostnameNotResolvable",
    "InvalidResponse",
    "Layers",
    "MAX_HEADER_SIZE",
    "MAX_LINE_SIZE",
    "PollNeeded",
    "StateError",
    "TunnelRefused",
    "UnsupportedResponse",
    "eval_coroutine",
    "is_temp_network_error",
}

METHODS = {
    "connect",
    "disconnect",
    "discard",
    "end_body",
    "for_url",
    "get_ssl_cipher",
    "get_ssl_peercert",
    "read",
    "read_raw",
    "read_response",
    "readall",
    "readinto",
    "reset",
    "response_pending",
    "send_file",
    "send_request",
    "skip_continue",
    "write",
}
TWINS = {
    "connect",
    "discard",
    "end_body",
    "read",
    "read_response",
    "readall",
    "readinto",
    "send_file",
    "send_request",
    "write",
}


def python(code: str) -> str:
    """Run *code* in a new interpreter and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_public_names_are_those_of_the_contract() -> None:
    assert set(dugong.__all__) == PUBLIC
    assert len(dugong.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_is_importable(name: str) -> None:
    assert getattr(dugong, name) is not None


def test_public_names_can_be_imported_by_a_star() -> None:
    names: dict[str, object] = {}
    exec("from dugong import *", names)
    assert names.keys() >= PUBLIC


def test_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", dugong.__version__)
    assert importlib.metadata.version("dugong") == dugong.__version__


@pytest.mark.parametrize("name", sorted(METHODS))
def test_connection_has_its_methods(name: str) -> None:
    assert callable(getattr(dugong.HTTPConnection, name))


def test_coroutines_are_the_twins_of_the_contract() -> None:
    coroutines = {name for name in dir(dugong.HTTPConnection) if name.startswith("co_")}
    assert coroutines == {f"co_{name}" for name in TWINS}


def test_aio_future_is_the_one_of_its_module() -> None:
    from dugong.drivers.aio import AioFuture

    assert dugong.AioFuture is AioFuture


def test_unknown_name_is_told() -> None:
    with pytest.raises(AttributeError, match="'dugong' has no attribute 'unknown'"):
        dugong.unknown  # type: ignore[attr-defined]  # noqa: B018  # that is the test


def test_numbers_are_those_of_the_contract() -> None:
    assert (dugong.MAX_LINE_SIZE, dugong.MAX_HEADER_SIZE) == (65_535, 65_535)
    assert dugong.BUFFER_SIZE >= 4_096


def test_response_is_the_one_of_its_module() -> None:
    from dugong.protocol.response import HTTPResponse

    assert dugong.HTTPResponse is HTTPResponse


def test_public_names_are_listed() -> None:
    assert set(dir(dugong)) >= PUBLIC


def test_public_names_are_listed_before_their_first_use() -> None:
    assert set(ast.literal_eval(python("import dugong; print(dir(dugong))"))) >= PUBLIC


@pytest.mark.parametrize(
    "module",
    [
        "asyncio",
        "ssl",
        "_ssl",
        "logging",
        "hashlib",
        "_hashlib",
        "signal",
        "email.message",
        "ipaddress",
        "dugong.exchange.file_sender",
        "dugong.exchange.file_source",
    ],
)
def test_import_leaves_out_what_is_not_needed_at_once(module: str) -> None:
    assert python(f"import sys, dugong; print({module!r} in sys.modules)") == "False\n"


def test_plain_requests_need_none_of_it_either() -> None:
    code = """
import socket, sys
from dugong import HTTPConnection, Layers
from dugong.network.connector import Connector

class ToPair(Connector):
    def co_connect_socket(self):
        yield from ()
        return mine

class Connection(HTTPConnection):
    layers = Layers(connector=ToPair)

mine, server = socket.socketpair()
with server, Connection("example.com") as conn:
    conn.send_request("GET", "/")
    server.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    conn.read_response()
    assert conn.readall() == b"ok"
print([name for name in ("asyncio", "ssl", "logging", "hashlib") if name in sys.modules])
"""
    assert python(code) == "[]\n"


def test_asyncio_is_imported_when_it_is_asked_for() -> None:
    assert python("import sys, dugong; dugong.AioFuture; print('asyncio' in sys.modules)") == (
        "True\n"
    )


def test_types_of_the_whole_public_api_are_asserted() -> None:
    used = set(re.findall(r"\w+", (TESTS / "typing" / "public_api.py").read_text("utf-8")))
    methods = {name for name in dir(dugong.HTTPConnection) if not name.startswith("_")}
    assert {*dugong.__all__, *methods} - used == set()


def test_package_is_marked_as_typed() -> None:
    assert importlib.resources.files("dugong").joinpath("py.typed").is_file()

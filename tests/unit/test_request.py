from __future__ import annotations

import base64
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from dugong.case_insensitive import CaseInsensitiveDict
from dugong.protocol.authority import Authority
from dugong.protocol.origin import Origin, direct_origin
from dugong.protocol.request import BodyFollowing, RequestEncoder, encode_connect
from dugong.protocol.state import SendEvent
from tests.unit.buffers import NO_BUFFER, NOT_CONTIGUOUS, READ_ONLY, WRITABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import ReadableBuffer

    from dugong.protocol.outgoing import EncodedRequest

HOST: Final = Authority("example.com", 80)
PLAIN: Final = RequestEncoder(Origin(HOST))
BY_PROXY: Final = RequestEncoder(
    Origin(HOST, by_proxy=True, proxy_fields={"Proxy-Authorization": "Basic QTpi"})
)
READABLE: Final = {**READ_ONLY, **WRITABLE}
NO_MD5: Final = {"Content-MD5": "none"}


def encode(
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: ReadableBuffer | BodyFollowing | None = None,
    *,
    expect100: bool = False,
    encoder: RequestEncoder = PLAIN,
) -> EncodedRequest:
    return encoder.encode(method, path, headers, body, expect100=expect100)


def lines_of(request: EncodedRequest) -> list[str]:
    """Return the request line and the field lines of a head that is well formed."""
    text = request.head.decode("latin-1")
    assert text.endswith("\r\n\r\n")
    lines = text[:-4].split("\r\n")
    assert not any("\r" in line or "\n" in line for line in lines)
    return lines


def fields_of(request: EncodedRequest) -> dict[str, str]:
    """Return the fields, of which no two have the same name, under their names as they are sent."""
    pairs = [line.partition(": ") for line in lines_of(request)[1:]]
    fields = {name: value for name, _, value in pairs}
    assert len({name.lower() for name in fields}) == len(pairs)
    return fields


DEFAULTS: Final = {
    "Host": "example.com",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
}

# -- the head


def test_plain_request() -> None:
    assert encode("GET", "/path?query").head == (
        b"GET /path?query HTTP/1.1\r\n"
        b"Host: example.com\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Connection: keep-alive\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(None, id="None"),
        pytest.param({}, id="dict"),
        pytest.param(CaseInsensitiveDict(), id="other mapping"),
    ],
)
def test_request_without_fields(headers: Mapping[str, str] | None) -> None:
    assert fields_of(encode(headers=headers)) == DEFAULTS


@pytest.mark.parametrize(
    "method",
    ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH", "!#$%&'*+-.^_`|~"],
)
def test_method_is_a_token(method: str) -> None:
    request = encode(method)
    assert lines_of(request)[0] == f"{method} / HTTP/1.1"
    assert request.method == method


@pytest.mark.parametrize(
    "method",
    [
        "",
        " ",
        "GET ",
        " GET",
        "G ET",
        "GET\r\nX:",
        "GET\0",
        "G\u00c9T",
        "GET/",
        "G(T",
        "\u0413",
        "\n",
    ],
)
def test_method_that_is_no_token_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="method is not a token"):
        encode(method)


def test_connect_is_no_method_for_requests() -> None:
    message = r"^method CONNECT is not for requests: tunnels are opened by proxy=$"
    with pytest.raises(ValueError, match=message):
        encode("CONNECT")


@pytest.mark.parametrize("method", [b"GET", None, 5, ["GET"]])
def test_method_that_is_no_str_is_refused(method: Any) -> None:
    with pytest.raises(TypeError):
        encode(method)


def test_refusal_names_the_type_of_a_method() -> None:
    wrong: Any = b"GET"
    with pytest.raises(TypeError, match=r"^method and path must be str, not bytes$"):
        encode(wrong)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "//other.example/a",
        "/a/b;c?d=e&f",
        "/?a?b",
        "/%20%0d%0a",
        "/!$&'()*+,-.:;<=>@[\\]^_`{|}~\"",
        pytest.param("/" + "a" * 100_000, id="long"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_path_in_origin_form(method: str, path: str) -> None:
    request = encode(method, path)
    assert lines_of(request)[0] == f"{method} {path} HTTP/1.1"
    assert request.path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "?a",
        "*",
        " /",
        "/ ",
        "/a b",
        "/a\tb",
        "/a\r\nEvil: x",
        "/a\n",
        "/\0",
        "/\x7f",
        "/#a",
        "/\u00e4",
        "/\u20ac",
        "/\u3000",
        "http://example.com/",
        "example.com:80",
        "/ HTTP/1.1\r\nHost: evil\r\n\r\n",
    ],
)
@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_path_that_is_no_origin_form_is_refused(method: str, path: str) -> None:
    for encoder in (PLAIN, BY_PROXY):
        with pytest.raises(ValueError, match="path is not in origin-form"):
            encode(method, path, encoder=encoder)


@pytest.mark.parametrize("path", [b"/", None, 5, ["/"]])
@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_path_that_is_no_str_is_refused(method: str, path: Any) -> None:
    kind = type(path).__name__
    with pytest.raises(TypeError, match=rf"^method and path must be str, not {kind}$"):
        encode(method, path)


def test_each_character_of_a_path_is_checked() -> None:
    def is_good(character: str) -> bool:
        try:
            encode("GET", f"/{character}")
        except ValueError:
            return False
        return True

    good = {chr(c) for c in range(0x300) if is_good(chr(c))}
    assert good == set(map(chr, range(0x21, 0x7F))) - {"#"}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        pytest.param("@" * 100, "/", None, id="method"),
        pytest.param("GET", "@" * 100, None, id="path"),
        pytest.param("GET", "/", {"Host": "@" * 100}, id="Host"),
        pytest.param("PUT", "/", {"Content-Length": "@" * 100}, id="Content-Length"),
        pytest.param("PUT", "/", {"Expect": "@" * 100}, id="Expect"),
    ],
)
def test_refusal_shows_at_most_40_characters(
    method: str, path: str, headers: dict[str, str] | None
) -> None:
    with pytest.raises(ValueError, match="@") as caught:
        encode(method, path, headers, BodyFollowing(3), expect100=True)
    assert str(caught.value).count("@") == 40


def test_options_may_ask_for_the_server_as_a_whole() -> None:
    assert lines_of(encode("OPTIONS", "*"))[0] == "OPTIONS * HTTP/1.1"


def test_only_options_may_ask_for_the_server_as_a_whole() -> None:
    with pytest.raises(ValueError, match="origin-form"):
        encode("options", "*")


# -- where it goes


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        pytest.param(Origin(Authority("a", 80)), "a", id="default port"),
        pytest.param(Origin(Authority("a", 81)), "a:81", id="other port"),
        pytest.param(Origin(Authority("a", 443)), "a:443", id="port of https"),
        pytest.param(Origin(Authority("a", 443), secure=True), "a", id="default port of https"),
        pytest.param(Origin(Authority("a", 80), secure=True), "a:80", id="port of http"),
        pytest.param(Origin(Authority("::1", 80)), "[::1]", id="IPv6"),
        pytest.param(Origin(Authority("::1", 81)), "[::1]:81", id="IPv6 with port"),
        pytest.param(Origin(Authority("::1", 443), secure=True), "[::1]", id="IPv6 over TLS"),
        pytest.param(Origin(Authority("fe80::1%eth0", 80)), "[fe80::1]", id="IPv6 with a zone"),
        pytest.param(Origin(Authority("a", 81), by_proxy=True), "a:81", id="through a proxy"),
    ],
)
def test_host(origin: Origin, host: str) -> None:
    assert fields_of(encode(encoder=RequestEncoder(origin)))["Host"] == host


def test_each_origin_has_its_host() -> None:
    for name in ("one.example", "two.example", "one.example"):
        encoder = RequestEncoder(direct_origin(name, 80, False))
        assert fields_of(encode(encoder=encoder))["Host"] == name


def test_host_is_the_first_field() -> None:
    assert lines_of(encode(headers={"A": "b"}))[1] == "Host: example.com"
    assert lines_of(encode(headers={"A": "b", "host": "c"}))[1] == "host: c"


def test_target_without_a_proxy_is_the_path() -> None:
    request = encode("GET", "/a?b", encoder=RequestEncoder(Origin(HOST)))
    assert lines_of(request)[0] == "GET /a?b HTTP/1.1"


@pytest.mark.parametrize(
    ("authority", "target"),
    [
        pytest.param(HOST, "http://example.com/a?b", id="default port"),
        pytest.param(Authority("a", 81), "http://a:81/a?b", id="other port"),
        pytest.param(Authority("::1", 80), "http://[::1]/a?b", id="IPv6"),
        pytest.param(Authority("::1", 81), "http://[::1]:81/a?b", id="IPv6 with port"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_target_for_a_proxy_is_absolute(authority: Authority, target: str, method: str) -> None:
    encoder = RequestEncoder(Origin(authority, by_proxy=True))
    request = encode(method, "/a?b", encoder=encoder)
    assert lines_of(request)[0] == f"{method} {target} HTTP/1.1"
    assert request.path == "/a?b"


def test_options_for_the_server_as_a_whole_has_no_path_for_a_proxy() -> None:
    request = encode("OPTIONS", "*", encoder=BY_PROXY)
    assert lines_of(request)[0] == "OPTIONS http://example.com HTTP/1.1"
    assert request.path == "*"


def test_fields_for_a_proxy_are_sent_with_each_request() -> None:
    expected = {**DEFAULTS, "Proxy-Authorization": "Basic QTpi"}
    assert fields_of(encode(encoder=BY_PROXY)) == expected
    assert fields_of(encode(headers={"A": "b"}, encoder=BY_PROXY)) == {**expected, "A": "b"}


def test_field_of_the_callers_replaces_that_for_a_proxy() -> None:
    fields = fields_of(encode(headers={"proxy-authorization": "c"}, encoder=BY_PROXY))
    assert fields == {**DEFAULTS, "proxy-authorization": "c"}


def test_connect() -> None:
    assert encode_connect(Authority("a", 443), {}) == (
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
    )


def test_connect_has_brackets_and_port_and_the_fields_for_the_proxy() -> None:
    assert encode_connect(Authority("::1", 8443), {"Proxy-Authorization": "x", "A": "b"}) == (
        b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\nProxy-Authorization: x\r\nA: b\r\n\r\n"
    )


# -- fields of the caller's


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"A": "b"}, {**DEFAULTS, "A": "b"}, id="other"),
        pytest.param({"A": ""}, {**DEFAULTS, "A": ""}, id="empty value"),
        pytest.param({"A": "b \t c"}, {**DEFAULTS, "A": "b \t c"}, id="blanks within"),
        pytest.param({"A": "\x80\xff"}, {**DEFAULTS, "A": "\x80\xff"}, id="latin-1"),
        pytest.param(
            {"HOST": "b"},
            {"HOST": "b", "Accept-Encoding": "identity", "Connection": "keep-alive"},
            id="Host",
        ),
        pytest.param(
            {"accept-encoding": "gzip"},
            {"Host": "example.com", "accept-encoding": "gzip", "Connection": "keep-alive"},
            id="Accept-Encoding",
        ),
        pytest.param(
            {"connection": "close"},
            {"Host": "example.com", "Accept-Encoding": "identity", "connection": "close"},
            id="Connection",
        ),
        pytest.param(MappingProxyType({"A": "b"}), {**DEFAULTS, "A": "b"}, id="read-only"),
        pytest.param(CaseInsensitiveDict({"A": "b"}), {**DEFAULTS, "A": "b"}, id="other mapping"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "TRACE"])
def test_fields_of_the_caller(
    method: str, headers: Mapping[str, str], expected: dict[str, str]
) -> None:
    assert fields_of(encode(method, headers=headers)) == expected


@pytest.mark.parametrize(
    "value",
    ["a", "a:80", "a:", "", "[::1]", "[::1]:81", "127.0.0.1", "a_b", "a%20b"],
)
def test_host_of_the_callers(value: str) -> None:
    assert fields_of(encode(headers={"Host": value}))["Host"] == value


@pytest.mark.parametrize(
    "value",
    ["a b", "a/b", "a@b", "a?b", "a#b", "::1", "[::1", "[x]", "a:b", "a:80:80", "\u00fc", "a\\b"],
)
def test_host_of_the_callers_that_could_change_the_authority_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not a value for the Host field"):
        encode(headers={"Host": value})


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({"": "b"}, "name is not a token", id="empty name"),
        pytest.param({"A b": "c"}, "name is not a token: 'A b'", id="blank in a name"),
        pytest.param({"A:": "c"}, "name is not a token: 'A:'", id="colon in a name"),
        pytest.param({"A\r\nB": "c"}, "name is not a token", id="CRLF in a name"),
        pytest.param({"\u00e4": "c"}, "name is not a token", id="8-bit name"),
        pytest.param({"A": "b\r\nEvil: c"}, "value of field A", id="line in a value"),
        pytest.param({"A": "b\n"}, "value of field A", id="LF"),
        pytest.param({"A": "b\0"}, "value of field A", id="NUL"),
        pytest.param({"A": "\u20ac"}, "value of field A", id="beyond latin-1"),
        pytest.param({"A": " b"}, "value of field A begins or ends", id="blank before"),
        pytest.param({"A": "b\t"}, "value of field A begins or ends", id="tab behind"),
        pytest.param(
            {"A": "b", "a": "c"},
            "^headers have two names that are equal but for case$",
            id="two names",
        ),
        pytest.param({"Host": "b", "HOST": "b"}, "equal but for case", id="two hosts"),
        pytest.param(
            {"Transfer-Encoding": "chunked"}, "^Transfer-Encoding is chosen by dugong", id="coding"
        ),
        pytest.param(
            {"transfer-encoding": ""}, "^Transfer-Encoding is chosen by dugong", id="empty coding"
        ),
        pytest.param(
            {"TRANSFER-ENCODING": "a"}, "^Transfer-Encoding is chosen by dugong", id="upper case"
        ),
    ],
)
@pytest.mark.parametrize(
    ("method", "body"),
    [
        pytest.param("GET", None, id="no body"),
        pytest.param("POST", b"abc", id="body"),
        pytest.param("POST", BodyFollowing(), id="body that follows"),
    ],
)
def test_wrong_field_is_refused(
    headers: dict[str, str], message: str, method: str, body: bytes | BodyFollowing | None
) -> None:
    with pytest.raises(ValueError, match=message):
        encode(method, "/", headers, body)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("A", "b")], id="pairs"),
        pytest.param([], id="empty list"),
        pytest.param("", id="empty text"),
        pytest.param("A: b", id="text"),
        pytest.param(5, id="number"),
        pytest.param({b"A": "b"}, id="name of bytes"),
        pytest.param({"A": b"b"}, id="value of bytes"),
        pytest.param({"A": 5}, id="number as a value"),
        pytest.param({"Content-Length": 3}, id="number as a length"),
        pytest.param({"A": None}, id="no value"),
        pytest.param({5: "b"}, id="number as a name"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fields_of_the_wrong_type_are_refused(headers: Any, method: str) -> None:
    with pytest.raises(TypeError, match="field"):
        encode(method, headers=headers)


def test_mapping_of_the_callers_is_not_changed() -> None:
    headers = {"A": "b"}
    encode("POST", "/", headers, b"abc")
    encode("POST", "/", headers, BodyFollowing(3), expect100=True)
    encode("POST", "/", headers, BodyFollowing())
    assert headers == {"A": "b"}


def test_later_requests_do_not_have_the_fields_of_earlier_ones() -> None:
    encode("POST", "/", {"A": "b", "Host": "c"}, b"abc")
    assert fields_of(encode()) == DEFAULTS


@pytest.mark.parametrize(
    ("value", "closes"),
    [
        pytest.param("close", True, id="close"),
        pytest.param("Close", True, id="any case"),
        pytest.param("upgrade, close", True, id="in a list"),
        pytest.param("a,\tclose ,b", True, id="within blanks"),
        pytest.param("a,close,b", True, id="without blanks"),
        pytest.param("close\xa0", False, id="no-break space"),
        pytest.param("Xclose", False, id="longer word"),
        pytest.param("keep-alive", False, id="keep-alive"),
        pytest.param("closed", False, id="other word"),
        pytest.param("", False, id="empty"),
    ],
)
@pytest.mark.parametrize("name", ["Connection", "CONNECTION"])
def test_connection_close_is_noticed(name: str, value: str, closes: bool) -> None:
    assert encode(headers={name: value}).closes is closes


def test_requests_do_not_close_by_themselves() -> None:
    assert not encode().closes
    assert not encode(headers={"A": "b"}).closes


# -- the body

BODIES: Final[dict[str, ReadableBuffer | BodyFollowing | None]] = {
    "no body": None,
    "body": b"abc",
    "sized body that follows": BodyFollowing(3),
    "body in chunks": BodyFollowing(),
}


@pytest.mark.parametrize("name", BODIES)
def test_body_does_not_change_the_request_line(name: str) -> None:
    request = encode("PUT", "/path?query", None, BODIES[name])
    assert lines_of(request)[0] == "PUT /path?query HTTP/1.1"
    assert (request.method, request.path) == ("PUT", "/path?query")


MD5_OF_ABC: Final = base64.b64encode(hashlib.md5(b"abc", usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("headers", [None, {"A": "b"}])
def test_no_body_has_no_length(method: str, headers: dict[str, str] | None) -> None:
    request = encode(method, headers=headers)
    assert "Content-Length" not in fields_of(request)
    assert (request.event, request.body, request.length) == (SendEvent.REQUEST, None, 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("headers", [None, {"A": "b"}])
def test_method_with_a_body_by_nature_has_a_length_without_one(
    method: str, headers: dict[str, str] | None
) -> None:
    request = encode(method, headers=headers)
    assert fields_of(request)["Content-Length"] == "0"
    assert request.event is SendEvent.REQUEST


@pytest.mark.parametrize("name", READABLE)
def test_body_is_counted_in_octets(name: str) -> None:
    make, octets = READABLE[name]
    request = encode("PUT", "/", None, make())
    assert request.event is SendEvent.REQUEST_WITH_BODY
    assert request.body is not None
    assert request.body.tobytes() == octets
    fields = fields_of(request)
    assert fields["Content-Length"] == str(len(octets))
    assert base64.b64decode(fields["Content-MD5"]) == hashlib.md5(octets).digest()


def test_digest_is_computed_where_md5_is_not_to_be_used_for_security(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = hashlib.md5

    def md5_in_fips_mode(data: memoryview, *, usedforsecurity: bool = True) -> object:
        if usedforsecurity:
            raise ValueError("disabled for FIPS")
        return usual(data, usedforsecurity=False)

    monkeypatch.setattr(hashlib, "md5", md5_in_fips_mode)
    assert fields_of(encode("PUT", "/", None, b"abc"))["Content-MD5"] == MD5_OF_ABC


@pytest.mark.parametrize("name", NOT_CONTIGUOUS)
def test_body_that_is_not_contiguous_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="not C-contiguous"):
        encode("PUT", "/", None, NOT_CONTIGUOUS[name]())


@pytest.mark.parametrize("name", [name for name in NO_BUFFER if name != "None"])
def test_body_that_is_no_buffer_is_refused(name: str) -> None:
    wrong: Any = NO_BUFFER[name]
    with pytest.raises(TypeError, match="bytes-like"):
        encode("PUT", "/", None, wrong)


def test_body_is_not_copied() -> None:
    body = bytearray(b"abc")
    request = encode("PUT", "/", None, body)
    body[0] = ord("x")
    assert request.body is not None
    assert request.body.tobytes() == b"xbc"


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
def test_any_method_may_have_a_body(method: str) -> None:
    request = encode(method, "/", None, b"abc")
    assert fields_of(request) == {**DEFAULTS, "Content-Length": "3", "Content-MD5": MD5_OF_ABC}


@pytest.mark.parametrize(
    "body", [pytest.param(b"a", id="body"), pytest.param(BodyFollowing(), id="body that follows")]
)
def test_trace_has_no_body(body: bytes | BodyFollowing) -> None:
    with pytest.raises(ValueError, match=r"^a TRACE request has no body"):
        encode("TRACE", "/", None, body)


@pytest.mark.parametrize("value", ["3", "03", "0000000000000000003"])
@pytest.mark.parametrize(
    "body", [pytest.param(b"abc", id="body"), pytest.param(BodyFollowing(3), id="that follows")]
)
def test_length_of_the_callers_may_say_the_same(value: str, body: bytes | BodyFollowing) -> None:
    fields = fields_of(encode("PUT", "/", {"content-length": value}, body))
    assert fields["content-length"] == value
    assert "Content-Length" not in fields


@pytest.mark.parametrize("value", ["", "2", "4", "-3", "+3", "3.0", "0x3", "3,3", "3 3", "\u00b3"])
@pytest.mark.parametrize(
    "body", [pytest.param(b"abc", id="body"), pytest.param(BodyFollowing(3), id="that follows")]
)
def test_length_of_the_callers_that_contradicts_is_refused(
    value: str, body: bytes | BodyFollowing
) -> None:
    with pytest.raises(ValueError, match="Content-Length contradicts a body of 3 octets"):
        encode("PUT", "/", {"Content-Length": value}, body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_length_of_the_callers_without_a_body_is_0(method: str) -> None:
    assert fields_of(encode(method, "/", {"Content-Length": "0"}))["Content-Length"] == "0"
    with pytest.raises(ValueError, match="contradicts a body of 0 octets"):
        encode(method, "/", {"Content-Length": "3"})


@pytest.mark.parametrize("value", ["0", "3"])
def test_length_of_the_callers_contradicts_chunks(value: str) -> None:
    with pytest.raises(ValueError, match=r"^Content-Length contradicts a body of unknown length$"):
        encode("PUT", "/", {"Content-Length": value}, BodyFollowing())


# -- bodies that follow


@pytest.mark.parametrize("length", [1, 3, 2**63])
def test_sized_body_that_follows(length: int) -> None:
    request = encode("PUT", "/", None, BodyFollowing(length))
    assert fields_of(request) == {**DEFAULTS, "Content-Length": str(length)}
    assert request.event is SendEvent.REQUEST_BEFORE_SIZED_BODY
    assert (request.length, request.chunked, request.body) == (length, False, None)


def test_body_of_length_0_that_follows_is_complete() -> None:
    request = encode("PUT", "/", None, BodyFollowing(0))
    assert fields_of(request) == {**DEFAULTS, "Content-Length": "0"}
    assert request.event is SendEvent.REQUEST_WITH_BODY
    assert request.length == 0


def test_body_of_unknown_length_is_chunked() -> None:
    request = encode("GET", "/", None, BodyFollowing())
    assert fields_of(request) == {**DEFAULTS, "Transfer-Encoding": "chunked"}
    assert request.event is SendEvent.REQUEST_BEFORE_CHUNKED_BODY
    assert (request.length, request.chunked, request.body) == (0, True, None)


@pytest.mark.parametrize(
    ("body", "length_field"),
    [
        pytest.param(BodyFollowing(3), ("Content-Length", "3"), id="sized"),
        pytest.param(BodyFollowing(), ("Transfer-Encoding", "chunked"), id="chunked"),
    ],
)
def test_expectation(body: BodyFollowing, length_field: tuple[str, str]) -> None:
    request = encode("PUT", "/", None, body, expect100=True)
    name, value = length_field
    assert fields_of(request) == {**DEFAULTS, name: value, "Expect": "100-continue"}
    assert request.event is SendEvent.REQUEST_EXPECTING_CONTINUE
    assert request.chunked is (body.length is None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="no body"),
        pytest.param(b"", id="empty body"),
        pytest.param(b"abc", id="body"),
        pytest.param(BodyFollowing(0), id="of length 0"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_expectation_needs_a_body_that_follows(
    method: str, body: bytes | BodyFollowing | None
) -> None:
    with pytest.raises(
        ValueError, match=r"^expect100 needs a BodyFollowing that is not of length 0$"
    ):
        encode(method, "/", None, body, expect100=True)


@pytest.mark.parametrize("value", ["100-continue", "100-Continue"])
def test_expectation_of_the_callers_may_say_the_same(value: str) -> None:
    fields = fields_of(encode("PUT", "/", {"expect": value}, BodyFollowing(3), expect100=True))
    assert fields["expect"] == value
    assert "Expect" not in fields


def test_other_expectation_contradicts() -> None:
    with pytest.raises(ValueError, match="Expect contradicts expect100"):
        encode("PUT", "/", {"Expect": "else"}, BodyFollowing(3), expect100=True)


def test_expectation_of_the_callers_alone_is_a_field_like_others() -> None:
    request = encode("PUT", "/", {"Expect": "100-continue"}, b"abc")
    assert request.event is SendEvent.REQUEST_WITH_BODY
    assert fields_of(request)["Expect"] == "100-continue"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="no body"),
        pytest.param(b"", id="empty body"),
        pytest.param(BodyFollowing(0), id="of length 0"),
    ],
)
def test_expectation_of_the_callers_needs_content(body: bytes | BodyFollowing | None) -> None:
    message = r"^an expectation of 100-continue needs a body \(RFC 9110 10\.1\.1\)$"
    with pytest.raises(ValueError, match=message):
        encode("PUT", "/", {"Expect": "100-Continue"}, body)


@pytest.mark.parametrize(
    ("body", "has_content"),
    [
        pytest.param(None, False, id="no body"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"a", True, id="body"),
        pytest.param(BodyFollowing(0), False, id="of length 0"),
        pytest.param(BodyFollowing(1), True, id="sized"),
        pytest.param(BodyFollowing(), True, id="chunked"),
    ],
)
def test_request_knows_whether_it_has_content(
    body: bytes | BodyFollowing | None, has_content: bool
) -> None:
    assert encode("PUT", "/", None, body).has_content is has_content


def test_release_gives_up_the_callers_memory() -> None:
    body = bytearray(b"abc")
    request = encode("PUT", "/", None, body)
    with pytest.raises(BufferError):
        body.append(1)
    request.release()
    body.append(1)


@pytest.mark.parametrize(
    ("method", "headers", "expect100"),
    [
        pytest.param("PUT", {"Content-Length": "3"}, False, id="length"),
        pytest.param("PUT", {"Transfer-Encoding": "chunked"}, False, id="coding"),
        pytest.param("PUT", {"Expect": "miracles"}, True, id="expectation"),
        pytest.param("TRACE", {}, False, id="trace"),
    ],
)
def test_refused_request_keeps_no_hold_on_the_body(
    method: str, headers: dict[str, str], expect100: bool
) -> None:
    body = bytearray(9)
    with pytest.raises(ValueError, match=r"\w") as refusal:
        encode(method, "/", headers, body, expect100=expect100)
    body.clear()
    assert refusal.tb is not None


def test_release_without_a_body_does_nothing() -> None:
    encode().release()


# -- BodyFollowing


@pytest.mark.parametrize("length", [None, 0, 1, 2**70])
def test_body_following_has_a_length(length: int | None) -> None:
    assert BodyFollowing(length).length == length
    assert BodyFollowing(length) == BodyFollowing(length)


def test_body_following_is_of_unknown_length_by_default() -> None:
    assert BodyFollowing().length is None


def test_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length of the body is negative: -1"):
        BodyFollowing(-1)


@pytest.mark.parametrize("length", ["3", 3.0, True, False, b"3", [], object()])
def test_length_that_is_no_int_is_refused(length: Any) -> None:
    kind = type(length).__name__
    with pytest.raises(TypeError, match=f"length of the body must be an int or None, not {kind}$"):
        BodyFollowing(length)


def test_body_following_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        BodyFollowing(3).length = 4  # type: ignore[misc]  # what is tested


# -- digests


def test_digest_of_the_callers_is_kept() -> None:
    fields = fields_of(encode("PUT", "/", {"content-md5": "x"}, b"abc"))
    assert fields == {**DEFAULTS, "content-md5": "x", "Content-Length": "3"}


def test_digest_works_where_md5_is_forbidden_for_security(monkeypatch: pytest.MonkeyPatch) -> None:
    md5 = hashlib.md5

    def md5_of_fips(data: ReadableBuffer = b"", *, usedforsecurity: bool = True) -> Any:
        if usedforsecurity:
            raise ValueError("disabled for FIPS")
        return md5(data, usedforsecurity=False)

    monkeypatch.setattr(hashlib, "md5", md5_of_fips)
    assert fields_of(encode("PUT", "/", None, b"abc"))["Content-MD5"] == MD5_OF_ABC


def test_body_that_follows_has_no_digest() -> None:
    assert "Content-MD5" not in fields_of(encode("PUT", "/", None, BodyFollowing(3)))


class CountingEncoder(RequestEncoder):
    """Counts how often a digest is computed."""

    digests = 0

    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        self.digests += 1
        return super().digest_fields(body)


def test_no_digest_is_computed_where_the_caller_gave_it() -> None:
    encoder = CountingEncoder(Origin(HOST))
    encode("PUT", "/", {"content-md5": "x"}, b"abc", encoder=encoder)
    assert encoder.digests == 0
    encode("PUT", "/", None, b"abc", encoder=encoder)
    assert encoder.digests == 1


class Sha256Encoder(RequestEncoder):
    digest_names = frozenset({"repr-digest", "x-size"})

    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        return {"Repr-Digest": hashlib.sha256(body).hexdigest(), "X-Size": str(len(body))}


def test_subclass_chooses_another_digest() -> None:
    fields = fields_of(encode("PUT", "/", None, b"abc", encoder=Sha256Encoder(Origin(HOST))))
    assert fields["Repr-Digest"] == hashlib.sha256(b"abc").hexdigest()
    assert fields["X-Size"] == "3"
    assert "Content-MD5" not in fields


def test_caller_replaces_one_field_of_a_digest() -> None:
    encoder = Sha256Encoder(Origin(HOST))
    fields = fields_of(encode("PUT", "/", {"x-size": "many"}, b"abc", encoder=encoder))
    assert fields["x-size"] == "many"
    assert "X-Size" not in fields
    assert "Repr-Digest" in fields


class VaryingDigestEncoder(Sha256Encoder):
    digest_names = frozenset()


def test_digest_whose_names_vary_is_always_computed() -> None:
    encoder = VaryingDigestEncoder(Origin(HOST))
    assert "X-Size" in fields_of(encode("PUT", "/", None, b"abc", encoder=encoder))


class NoDigestEncoder(RequestEncoder):
    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        return {}


def test_subclass_leaves_the_digest_out() -> None:
    fields = fields_of(encode("PUT", "/", None, b"abc", encoder=NoDigestEncoder(Origin(HOST))))
    assert fields == {**DEFAULTS, "Content-Length": "3"}


class CarelessEncoder(RequestEncoder):
    """Returns what it is told, which may be wrong."""

    digest: Any = MappingProxyType({})
    defaults: Any = MappingProxyType({})

    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        fields: Mapping[str, str] = self.digest
        return fields

    def default_fields(self) -> Mapping[str, str]:
        return {**super().default_fields(), **self.defaults}


def test_fields_of_a_digest_are_checked() -> None:
    encoder = CarelessEncoder(Origin(HOST))
    encoder.digest = {"X": "a\r\nEvil: b"}
    with pytest.raises(ValueError, match="value of field X"):
        encode("PUT", "/", None, b"abc", encoder=encoder)


def test_digest_that_is_no_mapping_is_refused() -> None:
    encoder = CarelessEncoder(Origin(HOST))
    encoder.digest = "x"
    with pytest.raises(TypeError, match="must be a mapping"):
        encode("PUT", "/", None, b"abc", encoder=encoder)


def test_default_fields_of_a_subclass_are_sent_with_every_request() -> None:
    class Named(CarelessEncoder):
        defaults: Any = MappingProxyType({"User-Agent": "x"})

    encoder = Named(Origin(HOST))
    assert fields_of(encode(encoder=encoder)) == {**DEFAULTS, "User-Agent": "x"}
    fields = fields_of(encode("TRACE", "/", {"user-agent": "y"}, encoder=encoder))
    assert fields == {**DEFAULTS, "user-agent": "y"}


class BareEncoder(RequestEncoder):
    """Adds nothing but what HTTP demands."""

    def default_fields(self) -> Mapping[str, str]:
        return {"Host": self.origin.host_field}


def test_subclass_may_leave_default_fields_out() -> None:
    request = encode(encoder=BareEncoder(Origin(HOST)))
    assert fields_of(request) == {"Host": "example.com"}
    assert not request.closes


def test_default_fields_of_a_subclass_are_checked() -> None:
    class Careless(CarelessEncoder):
        defaults: Any = MappingProxyType({"X": "a\nb"})

    with pytest.raises(ValueError, match="value of field X"):
        Careless(Origin(HOST))


def test_default_connection_close_of_a_subclass_is_noticed() -> None:
    class Closing(CarelessEncoder):
        defaults: Any = MappingProxyType({"Connection": "close"})

    encoder = Closing(Origin(HOST))
    assert encode(encoder=encoder).closes
    assert encode(headers={"A": "b"}, encoder=encoder).closes
    assert not encode(headers={"Connection": "keep-alive"}, encoder=encoder).closes

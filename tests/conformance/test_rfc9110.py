"""RFC 9110, HTTP Semantics, in the order of its sections."""

from __future__ import annotations

import ssl

import pytest

from dugong import (
    MAX_HEADER_SIZE,
    MAX_LINE_SIZE,
    BodyFollowing,
    ConnectionClosed,
    HTTPConnection,
    InvalidResponse,
    eval_coroutine,
)
from dugong.limits import MAX_EXTENSION_SIZE, MAX_FIELDS, MAX_INTERIM, MAX_LENGTH, Limits
from dugong.network.tunnel import co_open_tunnel
from dugong.protocol.authority import Authority
from dugong.testing import SENT, ScriptedTransport, scripted_connection
from tests.conformance.talk import (
    CHUNKED,
    CONTINUE,
    Answer,
    answer,
    fields_of,
    head,
    reply,
    request,
    talking,
)

PROXY = ("proxy.example", 3128)
SECRET = {"Proxy-Authorization": "Basic c2VhOmNvdw=="}
CHUNKED_HEAD = head(CHUNKED)


# -- 2 Conformance


@pytest.mark.requirement("9110-2.2-01")
@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        pytest.param("", "/", {}, id="method-empty"),
        pytest.param("GE T", "/", {}, id="method-with-blank"),
        pytest.param("GET\r\nX:", "/", {}, id="method-with-line-end"),
        pytest.param("GET", "", {}, id="path-empty"),
        pytest.param("GET", "index", {}, id="path-relative"),
        pytest.param(
            "GET", "/a b", {}, id="path-with-blank", marks=pytest.mark.requirement("9112-3.2-01")
        ),
        pytest.param("GET", "/a HTTP/1.1\r\nX: y", {}, id="path-with-line-end"),
        pytest.param("GET", "/ü", {}, id="path-beyond-ascii"),
        pytest.param("GET", "/a#b", {}, id="path-with-fragment"),
        pytest.param("GET", "/", {"": "a"}, id="name-empty"),
        pytest.param("GET", "/", {"X Y": "a"}, id="name-with-blank"),
        pytest.param("GET", "/", {"X:": "a"}, id="name-with-colon"),
        pytest.param("GET", "/", {"Ü": "a"}, id="name-beyond-ascii"),
        pytest.param("GET", "/", {"X": "a\r\nY: b"}, id="value-with-line-end"),
        pytest.param(
            "GET",
            "/",
            {"X": "a\r\n b"},
            id="value-folded",
            marks=pytest.mark.requirement("9112-5.2-01"),
        ),
        pytest.param(
            "GET",
            "/",
            {"X": "a\rb"},
            id="value-with-bare-cr",
            marks=pytest.mark.requirement("9112-2.2-02"),
        ),
        pytest.param("GET", "/", {"X": "a\nb"}, id="value-with-bare-lf"),
        pytest.param("GET", "/", {"X": "a\0b"}, id="value-with-nul"),
        pytest.param("GET", "/", {"X": " a"}, id="value-with-leading-blank"),
        pytest.param("GET", "/", {"X": "\u20ac"}, id="value-beyond-latin-1"),
        pytest.param("GET", "/", {"Host": "a/b"}, id="host-with-slash"),
    ],
)
def test_what_breaks_the_grammar_is_not_sent(
    method: str, path: str, headers: dict[str, str]
) -> None:
    with talking() as talk:
        with pytest.raises(ValueError):
            talk.conn.send_request(method, path, headers)
        assert talk.sent == b""


@pytest.mark.requirement("9110-2.2-01")
@pytest.mark.parametrize(
    "trailers",
    [
        pytest.param({"X": "a\r\n\r\nHTTP/1.1"}, id="line-end"),
        pytest.param({"": "a"}, id="name-empty"),
    ],
)
def test_trailers_that_break_the_grammar_are_not_sent(trailers: dict[str, str]) -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing())
        before = talk.sent
        with pytest.raises(ValueError):
            talk.conn.end_body(trailers)
        assert talk.sent == before


# This is all that is ever sent without being asked for.
GENERATED = {
    "host",
    "accept-encoding",
    "connection",
    "content-length",
    "content-md5",
    "transfer-encoding",
    "expect",
}


@pytest.mark.requirement("9110-2.2-02", "9110-10.1.2-01", "9110-12.5.4-01", "9110-17.13-01")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="no-body"),
        pytest.param(b"x", id="octets"),
        pytest.param(BodyFollowing(1), id="sized"),
        pytest.param(BodyFollowing(), id="chunked"),
    ],
)
def test_no_field_is_added_but_those_that_requests_need(
    method: str, body: bytes | BodyFollowing | None
) -> None:
    with talking() as talk:
        expect100 = isinstance(body, BodyFollowing)
        talk.conn.send_request(method, "/", body=body, expect100=expect100)
        assert {name for name, _ in fields_of(talk.sent)} <= GENERATED


FLOODS = [
    pytest.param(b"HTTP/1.1 200 " + b"x" * (MAX_LINE_SIZE + 1), id="reason"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\n" + b"x" * (MAX_HEADER_SIZE + 1), id="field-name-without-end"
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAX_HEADER_SIZE + 1), id="field-value-without-end"
    ),
    pytest.param(head(*[b"X: y"] * (MAX_FIELDS + 1)), id="fields"),
    pytest.param(CONTINUE * (MAX_INTERIM + 1), id="interim-responses"),
    pytest.param(CHUNKED_HEAD + b"1" * 17, id="chunk-size"),
    pytest.param(CHUNKED_HEAD + b"1;" + b"x" * MAX_LINE_SIZE, id="chunk-extension-without-end"),
    pytest.param(
        CHUNKED_HEAD + (b"1;" + b"x" * 999 + b"\r\n.\r\n") * (MAX_EXTENSION_SIZE // 1_000 + 1),
        id="chunk-extensions",
    ),
    pytest.param(CHUNKED_HEAD + b"0\r\n" + b"X: y\r\n" * (MAX_FIELDS + 1), id="trailer-fields"),
    pytest.param(
        CHUNKED_HEAD + b"0\r\nX: " + b"x" * (MAX_HEADER_SIZE + 1), id="trailer-without-end"
    ),
    pytest.param(head(b"Content-Length: " + b"1" * 20), id="length"),
]


@pytest.mark.requirement("9110-2.3-01", "9110-17.5-01")
@pytest.mark.parametrize("flood", FLOODS)
def test_what_is_too_long_is_refused_without_waiting_for_its_end(flood: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(flood)


@pytest.mark.requirement("9110-2.3-01")
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another-protocol"),
        pytest.param(b"<html>", id="no-head"),
        pytest.param(b"HTTP/1.1 20x OK\r\n\r\n", id="status-no-number"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", id="field-without-colon"),
        pytest.param(bytes(range(256)), id="any-octets"),
    ],
)
def test_what_is_malformed_is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(octets)


@pytest.mark.requirement("9110-2.3-02")
def test_a_field_as_long_as_one_sent_is_received() -> None:
    value = "x" * 60_000
    assert f"\r\nX: {value}\r\n".encode() in request(headers={"X": value})
    assert answer(reply(b"", b"X: " + value.encode())).response.headers["X"] == value


# -- 4 Identifiers in HTTP

LONG_URI = "/" + "a" * 7_999


@pytest.mark.requirement("9110-4.1-01", "9112-3-01")
def test_target_of_8000_octets_is_sent() -> None:
    assert request(path=LONG_URI).startswith(f"GET {LONG_URI} HTTP/1.1\r\n".encode())


@pytest.mark.requirement("9110-4.1-01")
def test_uri_of_8000_octets_is_received() -> None:
    response = answer(reply(b"", b"Location: " + LONG_URI.encode())).response
    assert response.headers["Location"] == LONG_URI


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http:///path", marks=pytest.mark.requirement("9110-4.2.1-02")),
        pytest.param("http://:80/path", marks=pytest.mark.requirement("9110-4.2.1-02")),
        pytest.param("https:///path", marks=pytest.mark.requirement("9110-4.2.2-02")),
        pytest.param("https://:443/path", marks=pytest.mark.requirement("9110-4.2.2-02")),
    ],
)
def test_url_without_host_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match="no host"):
        HTTPConnection.for_url(url)


@pytest.mark.requirement("9110-4.2.1-01", "9110-4.2.2-01")
def test_no_connection_has_an_empty_host() -> None:
    with pytest.raises(ValueError, match="host name"):
        HTTPConnection("")


@pytest.mark.requirement("9110-4.2.4-02")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("user", ["user@", "user:secret@", "@"])
def test_url_with_user_information_is_an_error(scheme: str, user: str) -> None:
    with pytest.raises(ValueError, match="user name") as caught:
        HTTPConnection.for_url(f"{scheme}://{user}example.com/")
    assert "secret" not in str(caught.value)


@pytest.mark.requirement("9110-4.2.4-01")
def test_host_with_user_information_is_no_host() -> None:
    with pytest.raises(ValueError, match="host name"):
        HTTPConnection("user@example.com")


@pytest.mark.requirement("9110-4.2.4-01")
def test_host_field_with_user_information_is_not_sent() -> None:
    with pytest.raises(ValueError, match="Host"):
        request(headers={"Host": "user@example.com"})


# -- 5 Fields


@pytest.mark.requirement("9110-5.1-01")
def test_unknown_fields_change_nothing() -> None:
    got = answer(head(CHUNKED, b"X-Length: 1", b"Transfer: no") + b"2\r\nok\r\n0\r\nEnd: 9\r\n\r\n")
    assert got.body == b"ok"


@pytest.mark.requirement("9110-5.1-02", "9112-9.3-04")
@pytest.mark.parametrize("option", [b"keep-alive", b"Keep-Alive", b"x, keep-alive"])
def test_connection_of_http_1_0_is_kept_when_it_says_so(option: bytes) -> None:
    first = head(b"Connection: " + option, b"Content-Length: 0", version=b"HTTP/1.0")
    with talking(first, SENT, reply(b"")) as talk:
        talk.ask()
        assert talk.ask().status == 200


@pytest.mark.requirement("9110-5.3-01")
def test_two_names_equal_but_for_case_are_not_sent() -> None:
    with pytest.raises(ValueError, match="case"):
        request(headers={"X-Y": "a", "x-y": "b"})


@pytest.mark.requirement("9110-5.3-01")
def test_field_of_the_caller_replaces_what_would_be_added() -> None:
    given = {
        "connection": "close",
        "HOST": "example.org",
        "accept-Encoding": "gzip",
        "content-length": "1",
        "content-md5": "?",
    }
    sent = fields_of(request("PUT", headers=given, body=b"x"))
    assert sorted(sent) == sorted((name.lower(), value) for name, value in given.items())


@pytest.mark.requirement("9110-5.3-01")
def test_field_for_the_proxy_is_not_sent_twice() -> None:
    sent = request("PUT", body=b"x", proxy=PROXY, proxy_headers={"Content-MD5": "?"})
    names = [name for name, _ in fields_of(sent)]
    assert len(names) == len(set(names))


@pytest.mark.requirement("9110-5.3-02")
def test_lines_of_one_name_are_kept_apart_and_in_order() -> None:
    headers = answer(reply(b"", b"Set-Cookie: a=1", b"X: y", b"set-cookie: b=2")).response.headers
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.requirement("9110-5.5-01", "9112-5.1-02")
@pytest.mark.parametrize("line", [b"X:a b", b"X: a b", b"X:\t a b", b"X: a b \t", b"X:  a b  "])
def test_blanks_around_a_value_are_no_part_of_it(line: bytes) -> None:
    assert answer(reply(b"", line)).response.headers["X"] == "a b"


@pytest.mark.requirement("9110-5.5-01")
def test_blanks_around_a_length_do_not_hide_it() -> None:
    assert answer(head(b"Content-Length: \t2 \t") + b"ok").body == b"ok"


@pytest.mark.requirement("9110-5.5-02")
def test_octets_above_127_come_through_unchanged() -> None:
    octets = bytes(range(0x80, 0x100))
    got = answer(reply(b"", b"X: " + octets)).response.headers["X"]
    assert got.encode("latin-1") == octets


@pytest.mark.requirement("9110-5.5-03")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"a\rb", id="cr", marks=pytest.mark.requirement("9112-2.2-03")),
        pytest.param(b"a\nb", id="lf"),
        pytest.param(b"a\0b", id="nul"),
        pytest.param(b"a\x0bb", id="vertical-tab"),
        pytest.param(b"a\x7fb", id="delete"),
    ],
)
def test_control_in_a_value_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(reply(b"", b"X: " + value))


@pytest.mark.requirement("9110-5.6.1.1-01")
def test_lists_that_are_added_have_no_empty_element() -> None:
    values = dict(fields_of(request()))
    assert values["connection"] == "keep-alive"
    assert values["accept-encoding"] == "identity"


@pytest.mark.requirement("9110-5.6.1.2-01", "9110-5.6.1.2-02")
@pytest.mark.parametrize(
    "value", [b",close", b"close,", b" , ,close\t,, ", b"x ,close", b"x,,close"]
)
def test_empty_elements_of_connection_are_passed_over(value: bytes) -> None:
    with talking(reply(b"", b"Connection: " + value)) as talk:
        talk.ask()
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")


@pytest.mark.requirement("9110-5.6.1.2-01", "9110-5.6.1.2-02")
@pytest.mark.parametrize("value", [b",chunked", b"chunked,", b" , ,chunked\t,, "])
def test_empty_elements_of_transfer_encoding_are_passed_over(value: bytes) -> None:
    got = answer(head(b"Transfer-Encoding: " + value) + b"2\r\nok\r\n0\r\n\r\n")
    assert got.body == b"ok"


PLAIN_REQUEST = (
    b"GET /a?b=c HTTP/1.1\r\n"
    b"Host: example.com\r\n"
    b"Accept-Encoding: identity\r\n"
    b"Connection: keep-alive\r\n"
    b"\r\n"
)


@pytest.mark.requirement(
    "9110-5.6.3-01", "9110-5.6.3-02", "9110-6.2-01", "9110-6.2-02", "9110-7.2-01", "9110-7.2-02"
)
@pytest.mark.requirement(
    "9112-2.2-04", "9112-2.2-06", "9112-3.2-01", "9112-3.2-02", "9112-3.2-03", "9112-3.2.1-01"
)
def test_a_request_has_these_octets_and_no_others() -> None:
    assert request(path="/a?b=c") == PLAIN_REQUEST


@pytest.mark.requirement("9110-5.6.3-04")
def test_chunks_are_sent_without_blanks_and_extensions() -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing())
        before = len(talk.sent)
        talk.conn.write(b"hello")
        talk.conn.end_body()
        assert talk.sent[before:] == b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.requirement("9110-5.6.3-05")
@pytest.mark.parametrize(
    "line", [b"5 ", b"5\t ", b"5 ;a", b"5; a", b"5 ; a = b", b'5\t;\ta\t=\t"b"\t', b"5;a ;b"]
)
def test_blanks_in_a_chunk_size_line_are_taken_away(line: bytes) -> None:
    assert answer(CHUNKED_HEAD + line + b"\r\nhello\r\n0 \r\n\r\n").body == b"hello"


# -- 6 Message Abstraction


@pytest.mark.requirement("9110-6-01", "9112-6.3-01")
def test_response_to_head_is_read_as_one() -> None:
    with talking(head(b"Content-Length: 2"), reply(b"ok")) as talk:
        talk.conn.send_request("HEAD", "/")
        talk.conn.send_request("GET", "/")
        assert talk.conn.read_response().headers["Content-Length"] == "2"
        assert talk.conn.readall() == b""
        assert talk.conn.read_response().method == "GET"
        assert talk.conn.readall() == b"ok"


@pytest.mark.requirement("9110-6.2-03")
@pytest.mark.parametrize("minor", range(2, 10))
def test_higher_minor_version_is_read_as_1_1(minor: int) -> None:
    version = b"HTTP/1.%d" % minor
    first = head(CHUNKED, version=version) + b"2\r\nok\r\n0\r\n\r\n"
    with talking(first, SENT, reply(b"")) as talk:
        talk.ask()
        assert talk.conn.readall() == b"ok"
        assert talk.ask().status == 200


def with_trailers() -> Answer:
    """Return an answer whose trailers repeat fields of its header."""
    fields = b"X: late\r\nContent-Length: 9\r\nConnection: close\r\n"
    return answer(head(CHUNKED, b"X: early") + b"2\r\nok\r\n0\r\n" + fields + b"\r\n")


@pytest.mark.requirement("9110-6.5-01", "9110-6.5.1-02", "9112-7.1.2-01", "9112-7.1.2-02")
def test_trailers_are_kept_apart_from_the_header() -> None:
    got = with_trailers()
    assert got.response.headers.items() == [("Transfer-Encoding", "chunked"), ("X", "early")]
    assert got.trailers is not None
    assert got.trailers.keys() == ["X", "Content-Length", "Connection"]


@pytest.mark.requirement("9110-6.5.1-02", "9112-7.1.2-02")
def test_trailers_that_frame_or_close_have_no_effect() -> None:
    first = CHUNKED_HEAD + b"0\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"
    with talking(first, SENT, reply(b"")) as talk:
        talk.ask()
        assert talk.conn.readall() == b""
        assert talk.ask().status == 200


@pytest.mark.requirement("9110-6.5.1-01")
@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Host", "Trailer", "Authorization", "Content-Type"],
)
def test_trailer_that_frames_routes_or_describes_the_content_is_not_sent(name: str) -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing())
        before = talk.sent
        with pytest.raises(ValueError, match="not allowed in trailers"):
            talk.conn.end_body({name: "1"})
        assert talk.sent == before


# -- 7 Routing HTTP Messages


@pytest.mark.requirement("9110-7.1-01")
@pytest.mark.parametrize("method", ["GET", "POST", "options", "X"])
def test_asterisk_is_for_options_alone(method: str) -> None:
    with pytest.raises(ValueError, match="origin-form"):
        request(method, "*")


@pytest.mark.requirement("9110-7.1-01")
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "CONNECT"])
def test_host_and_port_are_no_target_of_a_request(method: str) -> None:
    with pytest.raises(ValueError):
        request(method, "example.com:80")


@pytest.mark.requirement("9110-7.2-01", "9110-7.2-02", "9112-3.2-02")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_host_is_the_first_field_of_each_request(method: str) -> None:
    assert fields_of(request(method, headers={"X": "y"}))[0] == ("host", "example.com")


@pytest.mark.requirement("9110-7.2-02")
def test_host_of_the_caller_is_the_first_field_too() -> None:
    sent = fields_of(request(headers={"X": "y", "host": "example.org"}))
    assert [name for name, _ in sent] == ["host", "accept-encoding", "connection", "x"]
    assert sent[0][1] == "example.org"


@pytest.mark.requirement("9110-7.5-01")
def test_request_goes_on_though_its_response_has_come() -> None:
    with talking(reply(b"early")) as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing(4))
        talk.conn.write(b"ab")
        talk.conn.write(b"cd")
        assert talk.sent.endswith(b"\r\n\r\nabcd")
        assert talk.conn.read_response().status == 200
        assert talk.conn.readall() == b"early"


@pytest.mark.requirement("9110-7.6.1-03")
@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b"Keep-Alive: timeout=0, max=0", id="keep-alive"),
        pytest.param(b"Proxy-Connection: close", id="proxy-connection"),
        pytest.param(b"Upgrade: h2c", id="upgrade"),
        pytest.param(b"Close: close", id="close"),
    ],
)
def test_connection_specific_field_that_is_not_listed_has_no_effect(field: bytes) -> None:
    with talking(reply(b"", field), SENT, reply(b"")) as talk:
        talk.ask()
        assert talk.ask().status == 200


# -- 8 Representation Data and Metadata


@pytest.mark.requirement("9110-8.6-01", "9112-6.3-17")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(("body", "length"), [(None, "0"), (b"", "0"), (b"abc", "3")])
def test_length_is_sent_where_content_has_a_meaning(
    method: str, body: bytes | None, length: str
) -> None:
    assert dict(fields_of(request(method, body=body)))["content-length"] == length


@pytest.mark.requirement("9110-8.6-02")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "headers", [pytest.param(None, id="plain"), pytest.param({"X": "y"}, id="with-fields")]
)
def test_length_is_not_sent_where_no_content_is_expected(
    method: str, headers: dict[str, str] | None
) -> None:
    names = {name for name, _ in fields_of(request(method, headers=headers))}
    assert names.isdisjoint({"content-length", "transfer-encoding"})


@pytest.mark.requirement("9110-8.6-03")
def test_largest_length_is_understood_exactly() -> None:
    with talking(head(b"Content-Length: %d" % MAX_LENGTH)) as talk:
        assert talk.ask().length == MAX_LENGTH == 2**63 - 1


@pytest.mark.requirement("9110-8.6-03")
@pytest.mark.parametrize(
    "length",
    [
        pytest.param(b"%d" % 2**63, id="2^63"),
        pytest.param(b"%d" % (2**64 + 2), id="2^64+2"),
        pytest.param(b"1" + b"0" * 19, id="10^19"),
        pytest.param(b"1" + b"0" * 5_000, id="10^5000"),
    ],
)
def test_length_beyond_is_refused(length: bytes) -> None:
    with pytest.raises(InvalidResponse, match="Content-Length"):
        answer(head(b"Content-Length: " + length))


# -- 9 Methods


@pytest.mark.requirement("9110-9.2.2-01", "9110-9.2.2-02")
@pytest.mark.parametrize("method", ["POST", "PATCH", "GET"])
def test_request_that_was_lost_is_not_repeated(method: str) -> None:
    first = ScriptedTransport(ConnectionClosed("reset"))
    second = ScriptedTransport(reply(b""))
    with scripted_connection(first, second) as conn:
        conn.send_request(method, "/", body=b"x")
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                conn.read_response()
        conn.disconnect()
        conn.connect()
        assert second.sent == b""


@pytest.mark.requirement("9110-15.5.4-01")
def test_request_that_was_forbidden_is_not_repeated() -> None:
    with talking(reply(b"no", status=b"403 Forbidden")) as talk:
        talk.conn.send_request("GET", "/", {"Authorization": "Basic c2VhOmNvdw=="})
        before = talk.sent
        assert talk.conn.read_response().status == 403
        assert talk.conn.readall() == b"no"
        assert talk.sent == before


def connect(
    transport: ScriptedTransport, port: int = 443, fields: dict[str, str] | None = None
) -> None:
    """Open a tunnel to a port of ``example.com``."""
    target = Authority("example.com", port)
    eval_coroutine(co_open_tunnel(transport, target, fields or {}, Limits()), 5)


@pytest.mark.requirement("9110-9.3.6-01", "9112-3.2.3-01")
@pytest.mark.parametrize("port", [80, 443, 8443])
def test_connect_names_host_and_port_and_nothing_else(port: int) -> None:
    transport = ScriptedTransport(head())
    connect(transport, port)
    transport.close()
    assert transport.sent.startswith(b"CONNECT example.com:%d HTTP/1.1\r\n" % port)


@pytest.mark.requirement("9110-9.3.6-02", "9112-6.3-02")
@pytest.mark.parametrize(
    "field", [b"Content-Length: 5", b"Content-Length: x", CHUNKED, b"Transfer-Encoding: gzip"]
)
@pytest.mark.parametrize("status", [b"200 OK", b"299 Fine"])
def test_fields_that_frame_are_ignored_in_the_answer_to_connect(
    field: bytes, status: bytes
) -> None:
    transport = ScriptedTransport(head(field, status=status))
    connect(transport)
    transport.close()


@pytest.mark.requirement("9110-9.3.8-02")
@pytest.mark.parametrize("body", [b"", b"x", BodyFollowing(), BodyFollowing(1)])
def test_trace_has_no_content(body: bytes | BodyFollowing) -> None:
    with talking() as talk:
        with pytest.raises(ValueError, match="TRACE"):
            talk.conn.send_request("TRACE", "/", body=body)
        assert talk.sent == b""


# -- 10 Message Context


@pytest.mark.requirement("9110-10.1.1-01")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="no-body"),
        pytest.param(b"", id="empty"),
        pytest.param(BodyFollowing(0), id="length-0"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "expect100"),
    [
        pytest.param(None, True, id="asked-for"),
        pytest.param({"Expect": "100-continue"}, False, id="given"),
        pytest.param({"expect": "100-Continue"}, True, id="both"),
    ],
)
def test_expectation_without_content_is_not_sent(
    body: bytes | BodyFollowing | None, headers: dict[str, str] | None, expect100: bool
) -> None:
    with talking() as talk:
        with pytest.raises(ValueError):
            talk.conn.send_request("PUT", "/", headers, body, expect100)
        assert talk.sent == b""


@pytest.mark.requirement("9110-10.1.1-02")
@pytest.mark.parametrize("body", [BodyFollowing(1), BodyFollowing()])
def test_expectation_is_sent_where_the_100_is_awaited(body: BodyFollowing) -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=body, expect100=True)
        assert ("expect", "100-continue") in fields_of(talk.sent)


# -- 11 HTTP Authentication


@pytest.mark.requirement("9110-11.7.2-01")
def test_credentials_for_a_plain_proxy_go_with_each_request() -> None:
    sent = fields_of(request(proxy=PROXY, proxy_headers=SECRET))
    assert ("proxy-authorization", "Basic c2VhOmNvdw==") in sent


@pytest.mark.requirement("9110-11.7.2-01")
def test_credentials_for_a_tunnel_go_with_connect() -> None:
    transport = ScriptedTransport(head())
    connect(transport, fields=SECRET)
    transport.close()
    assert ("proxy-authorization", "Basic c2VhOmNvdw==") in fields_of(bytes(transport.sent))


@pytest.mark.requirement("9110-11.7.2-01")
def test_credentials_for_a_tunnel_do_not_go_through_it() -> None:
    context = ssl.create_default_context()
    with talking(ssl_context=context, proxy=PROXY, proxy_headers=SECRET) as talk:
        talk.conn.send_request("GET", "/")
        assert "proxy-authorization" not in dict(fields_of(talk.sent))


# -- 15 Status Codes


@pytest.mark.requirement("9110-15-01")
@pytest.mark.parametrize("status", [102, 103, 150, 199])
def test_unknown_1xx_is_interim(status: int) -> None:
    interim = head(b"X: y", status=b"%d What" % status)
    response = answer(interim + reply(b"")).response
    assert response.status == 200
    assert [passed.status for passed in response.interim] == [status]


@pytest.mark.requirement("9110-15-01")
@pytest.mark.parametrize("status", [218, 299, 333, 471, 599])
def test_unknown_status_of_any_other_class_is_final(status: int) -> None:
    got = answer(reply(b"ok", status=b"%d What" % status))
    assert (got.response.status, got.body) == (status, b"ok")


@pytest.mark.requirement("9110-15-02")
@pytest.mark.parametrize("status", [b"000", b"042", b"099"])
def test_status_below_100_is_refused(status: bytes) -> None:
    with pytest.raises(InvalidResponse, match="status line"):
        answer(reply(b"", status=status))


@pytest.mark.requirement("9110-15-02")
@pytest.mark.parametrize("status", [600, 777, 999])
def test_status_above_599_is_handed_on(status: int) -> None:
    got = answer(reply(b"ok", status=b"%d Odd" % status))
    assert (got.response.status, got.body) == (status, b"ok")


@pytest.mark.requirement("9110-15.2-01", "9110-15.2.1-01")
@pytest.mark.parametrize("count", [1, 2, MAX_INTERIM])
def test_interim_responses_that_nobody_asked_for_are_passed_over(count: int) -> None:
    got = answer(CONTINUE * count + reply(b"ok"))
    assert (got.response.status, got.body) == (200, b"ok")
    assert len(got.response.interim) == count


@pytest.mark.requirement("9110-15.2.1-01")
def test_body_is_sent_after_the_100() -> None:
    with talking(CONTINUE, SENT, reply(b"ok")) as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing(4), expect100=True)
        assert talk.conn.read_response().status == 100
        talk.conn.write(b"abcd")
        assert talk.conn.read_response().status == 200
        assert talk.sent.endswith(b"\r\n\r\nabcd")

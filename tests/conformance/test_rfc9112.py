"""RFC 9112, HTTP/1.1, in the order of its sections."""

from __future__ import annotations

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    InvalidResponse,
    StateError,
    UnsupportedResponse,
    is_temp_network_error,
)
from dugong.testing import END, SENT, ScriptedTransport, scripted_connection
from tests.conformance.talk import (
    CHUNKED,
    CONTINUE,
    answer,
    fields_of,
    head,
    reply,
    request,
    talking,
)

PROXY = ("proxy.example", 3128)
CHUNKED_HEAD = head(CHUNKED)
CLOSE = b"Connection: close"
SMUGGLED = reply(b"evil")


def read(conn: HTTPConnection) -> bytes:
    """Return the body of the next response."""
    conn.read_response()
    return conn.readall()


# -- 2 Message


@pytest.mark.requirement("9112-2.2-01")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\xe2\x80\xa8", id="line-separator-of-unicode"),
        pytest.param(b"\xc2\x85", id="next-line-of-unicode"),
        pytest.param(b"\x85", id="next-line-of-latin-1"),
        pytest.param(b"\xc4\x8a", id="two-octets-that-utf-8-decodes-to-u-010a"),
        pytest.param(b"\xe5\x98\x8a", id="three-octets-whose-code-point-ends-in-0a"),
        pytest.param(b"\xe2\x80", id="truncated-utf-8"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
    ],
)
def test_octets_that_are_a_line_end_in_some_encoding_are_none(value: bytes) -> None:
    headers = answer(reply(b"", b"X: a" + value + b"Y: b")).response.headers
    assert headers.keys() == ["X", "Content-Length"]
    assert headers["X"].encode("latin-1") == b"a" + value + b"Y: b"


@pytest.mark.requirement("9112-2.2-03")
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"HTTP/1.1 200 O\rK\r\n\r\n", id="status-line"),
        pytest.param(b"HTTP/1.1 200 OK\r\r\n\r\n", id="status-line-end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX\r: y\r\n\r\n", id="field-name"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\r\r\n\r\n", id="field-line-end"),
        pytest.param(CHUNKED_HEAD + b"2\r;a\r\nok\r\n0\r\n\r\n", id="chunk-size-line"),
        pytest.param(CHUNKED_HEAD + b"2\r\nok\r0\r\n\r\n", id="chunk-data-end"),
        pytest.param(CHUNKED_HEAD + b"0\r\nX: y\rz\r\n\r\n", id="trailer"),
    ],
)
def test_cr_without_lf_is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(octets)


@pytest.mark.requirement("9112-2.2-04")
def test_no_line_end_follows_a_body() -> None:
    with talking() as talk:
        talk.conn.send_request("POST", "/", body=b"abc")
        talk.conn.send_request("GET", "/")
        assert b"\r\n\r\nabcGET / HTTP/1.1\r\n" in talk.sent


@pytest.mark.requirement("9112-2.2-05")
def test_line_end_of_a_body_is_counted() -> None:
    sent = request("POST", body=b"abc\r\n")
    assert dict(fields_of(sent))["content-length"] == "5"
    assert sent.endswith(b"\r\n\r\nabc\r\n")


@pytest.mark.requirement("9112-2.2-07")
@pytest.mark.parametrize(
    "line", [b" X: y", b"\tX: y", b" Content-Length: 4", b" ", b" Transfer-Encoding: chunked"]
)
def test_blank_before_the_first_field_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidResponse, match="blank before the first field"):
        answer(reply(b"ok").replace(b"OK\r\n", b"OK\r\n" + line + b"\r\n"))


@pytest.mark.requirement("9112-2.3-01")
@pytest.mark.parametrize("version", [b"http/1.1", b"Http/1.1", b"HTTp/1.1"])
def test_version_in_lower_case_is_refused(version: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(head(version=version))


# -- 3 Request Line


@pytest.mark.requirement("9112-3.1-01")
@pytest.mark.parametrize("method", ["get", "Get", "GET", "M-Search"])
def test_method_is_sent_in_the_case_given(method: str) -> None:
    assert request(method).startswith(method.encode() + b" / HTTP/1.1\r\n")


@pytest.mark.requirement("9112-3.1-01")
def test_response_to_head_in_lower_case_has_a_body() -> None:
    assert answer(reply(b"ok"), method="head").body == b"ok"


@pytest.mark.requirement("9112-3.2.1-02")
@pytest.mark.parametrize("path", ["", "?a=b"])
def test_no_empty_path_is_sent(path: str) -> None:
    with pytest.raises(ValueError, match="origin-form"):
        request(path=path)


@pytest.mark.requirement("9112-3.2.2-01", "9112-3.2.2-02")
def test_target_to_a_proxy_is_the_whole_uri() -> None:
    sent = request(path="/a?b=c", proxy=PROXY)
    assert sent.startswith(b"GET http://example.com/a?b=c HTTP/1.1\r\nHost: example.com\r\n")


@pytest.mark.requirement("9112-3.2.4-01")
def test_target_of_options_for_the_server_is_an_asterisk() -> None:
    assert request("OPTIONS", "*").startswith(b"OPTIONS * HTTP/1.1\r\nHost: example.com\r\n")


@pytest.mark.requirement("9112-3.2.4-02")
def test_proxy_is_told_the_asterisk_by_a_target_without_path() -> None:
    sent = request("OPTIONS", "*", proxy=PROXY)
    assert sent.startswith(b"OPTIONS http://example.com HTTP/1.1\r\nHost: example.com\r\n")


# -- 4 Status Line


@pytest.mark.requirement("9112-4-01")
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(b"200", id="none"),
        pytest.param(b"200 ", id="empty"),
        pytest.param(b"200 Not Found", id="of-another-status"),
        pytest.param(b"200 404", id="another-number"),
        pytest.param(b"200 Connection: close", id="like-a-field"),
        pytest.param(b"200 \xe4\t\xfc", id="beyond-ascii"),
    ],
)
def test_reason_changes_nothing(status: bytes) -> None:
    with talking(reply(b"ok", status=status), SENT, reply(b"")) as talk:
        assert talk.ask().status == 200
        assert talk.conn.readall() == b"ok"
        assert talk.ask().status == 200


# -- 5 Field Syntax


@pytest.mark.requirement("9112-5.1-01")
@pytest.mark.parametrize("line", [b"X : y", b"X\t: y", b"Content-Length : 2"])
def test_blank_before_the_colon_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidResponse):
        answer(head(b"A: b", line))


@pytest.mark.requirement("9112-5.2-02")
@pytest.mark.parametrize(
    "fold",
    [
        pytest.param(b"\r\n ", id="space"),
        pytest.param(b"\r\n\t", id="tab"),
        pytest.param(b" \t\r\n \t ", id="many-blanks"),
    ],
)
def test_fold_becomes_a_blank(fold: bytes) -> None:
    headers = answer(reply(b"", b"X: a" + fold + b"b", b"Y: c")).response.headers
    assert (headers["X"], headers["Y"]) == ("a b", "c")


@pytest.mark.requirement("9112-5.2-02")
def test_fold_is_replaced_before_the_value_is_interpreted() -> None:
    assert answer(head(b"Content-Length:\r\n 2") + b"ok").body == b"ok"
    with pytest.raises(InvalidResponse, match="Content-Length"):
        answer(head(b"Content-Length: 2\r\n 2") + b"ok")


# -- 6 Message Body


@pytest.mark.requirement("9112-6.1-01", "9112-7.1-01", "9112-6.3-05", "9110-2.4-01")
@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        pytest.param(b"0\r\n\r\n", b"", id="empty"),
        pytest.param(b"2\r\nok\r\n0\r\n\r\n", b"ok", id="one"),
        pytest.param(b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", b"ok", id="two"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", id="upper-case"),
        pytest.param(b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", id="lower-case"),
        pytest.param(b"002\r\nok\r\n000\r\n\r\n", b"ok", id="leading-zeros"),
        pytest.param(b"4\r\n0\r\n\r\r\n0\r\n\r\n", b"0\r\n\r", id="data-like-framing"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_chunks_are_decoded(chunks: bytes, body: bytes, size: int) -> None:
    octets = CHUNKED_HEAD + chunks
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert answer(*pieces).body == body


@pytest.mark.requirement("9112-6.1-02", "9112-6.2-01")
def test_chunked_is_applied_once_and_without_length() -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing())
        fields = dict(fields_of(talk.sent))
    assert fields["transfer-encoding"] == "chunked"
    assert "content-length" not in fields


@pytest.mark.requirement("9112-6.1-02", "9112-6.2-01")
@pytest.mark.parametrize("name", ["Transfer-Encoding", "content-length"])
def test_framing_of_the_caller_cannot_come_beside_chunks(name: str) -> None:
    with talking() as talk:
        with pytest.raises(ValueError, match=name.title()):
            talk.conn.send_request("PUT", "/", {name: "1"}, BodyFollowing())
        assert talk.sent == b""


@pytest.mark.requirement("9112-6.1-05")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([CHUNKED], id="chunked"),
        pytest.param([CHUNKED, b"Content-Length: 4"], id="with-length"),
        pytest.param([CHUNKED, b"Connection: keep-alive"], id="keep-alive"),
    ],
)
def test_connection_ends_after_chunks_of_http_1_0(fields: list[bytes]) -> None:
    body = b"2\r\nok\r\n0\r\n\r\n"
    with talking(head(*fields, version=b"HTTP/1.0") + body + SMUGGLED) as talk:
        talk.ask()
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.conn.readall() == b"ok"
        assert talk.transport.is_closed


BODILESS = [
    pytest.param("HEAD", b"200 OK", id="head"),
    pytest.param("HEAD", b"404 Not Found", id="head-of-error"),
    pytest.param("GET", b"204 No Content", id="204"),
    pytest.param("GET", b"304 Not Modified", id="304"),
]


@pytest.mark.requirement("9112-6.3-01")
@pytest.mark.parametrize(("method", "status"), BODILESS)
@pytest.mark.parametrize(
    "field", [b"Content-Length: 9", CHUNKED, b"Content-Length: x", b"Transfer-Encoding: gzip"]
)
def test_response_without_body_ends_with_its_head(method: str, status: bytes, field: bytes) -> None:
    with talking(head(field, status=status), SENT, reply(b"ok")) as talk:
        response = talk.ask(method)
        assert (response.length, talk.conn.readall()) == (0, b"")
        talk.ask()
        assert talk.conn.readall() == b"ok"


@pytest.mark.requirement("9112-6.3-01")
@pytest.mark.parametrize("field", [b"Content-Length: 9", CHUNKED])
def test_interim_response_ends_with_its_head(field: bytes) -> None:
    assert answer(head(field, status=b"103 Early Hints") + reply(b"ok")).body == b"ok"


BOTH = head(b"Content-Length: 4", CHUNKED) + b"2\r\nok\r\n0\r\n\r\n"


@pytest.mark.requirement("9112-6.3-03", "9112-6.3-04", "9110-2.4-01")
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_chunks_win_over_a_length(order: list[int]) -> None:
    fields = [b"Content-Length: 4", CHUNKED]
    octets = head(*[fields[i] for i in order]) + b"2\r\nok\r\n0\r\n\r\n"
    assert answer(octets).body == b"ok"


@pytest.mark.requirement("9112-6.3-04")
def test_connection_ends_after_a_response_with_both_lengths() -> None:
    with talking(BOTH + SMUGGLED) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/pipelined")
        talk.conn.read_response()
        assert talk.conn.readall() == b"ok"
        assert talk.transport.is_closed
        with pytest.raises(ConnectionClosed):
            talk.conn.read_response()


@pytest.mark.requirement("9112-6.3-06")
@pytest.mark.parametrize(
    "codings",
    [
        pytest.param(b"gzip", id="gzip"),
        pytest.param(b"identity", id="identity"),
        pytest.param(b"chunked, gzip", id="chunked-not-last"),
        pytest.param(b"gzip, chunked", id="chunked-last"),
        pytest.param(b"chunked, chunked", id="chunked-twice"),
        pytest.param(b"", id="none"),
        pytest.param(
            b"gzip;level=9", id="gzip-parameter", marks=pytest.mark.requirement("9112-7.2-01")
        ),
        pytest.param(
            b"deflate;q=1, chunked",
            id="deflate-parameter",
            marks=pytest.mark.requirement("9112-7.2-01"),
        ),
        pytest.param(
            b"chunked;a=b", id="chunked-parameter", marks=pytest.mark.requirement("9112-7.1-03")
        ),
    ],
)
def test_body_with_any_other_coding_is_not_read(codings: bytes) -> None:
    with talking(head(b"Transfer-Encoding: " + codings) + b"octets", END) as talk:
        assert talk.ask().length is None
        with pytest.raises(UnsupportedResponse, match="transfer coding"):
            talk.conn.readall()
        with pytest.raises(UnsupportedResponse):
            talk.conn.send_request("GET", "/")


INVALID_LENGTHS = [
    pytest.param(b"", id="empty"),
    pytest.param(b"-1", id="negative"),
    pytest.param(b"+2", id="signed"),
    pytest.param(b"0x2", id="prefixed"),
    pytest.param(b"2_0", id="underscore"),
    pytest.param(b"2 2", id="inner-blank"),
    pytest.param(b"2.0", id="fraction"),
    pytest.param(b"\xb2", id="superscript"),
    pytest.param(b"2, 3", id="list-that-differs"),
    pytest.param(b"2,", id="list-with-empty-element"),
    pytest.param(b"2\r\nContent-Length: 3", id="two-fields-that-differ"),
    pytest.param(b"9223372036854775808", id="too-large"),
]


@pytest.mark.requirement("9112-6.3-07", "9112-6.3-09")
@pytest.mark.parametrize("length", INVALID_LENGTHS)
def test_body_of_invalid_length_is_never_delivered(length: bytes) -> None:
    with talking(head(b"Content-Length: " + length) + b"octets", END) as talk:
        assert talk.ask().status == 200
        for _ in range(2):
            with pytest.raises(InvalidResponse, match="Content-Length"):
                talk.conn.readall()
        assert not talk.conn.trailers


@pytest.mark.requirement("9112-6.3-08")
def test_nothing_follows_an_invalid_length() -> None:
    with talking(head(b"Content-Length: x") + SMUGGLED) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/pipelined")
        before = talk.sent
        talk.conn.read_response()
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        with pytest.raises(InvalidResponse):
            talk.conn.read()
        with pytest.raises(InvalidResponse):
            talk.conn.read_response()
        with pytest.raises(InvalidResponse):
            talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-6.3-08")
def test_octets_behind_an_invalid_length_can_be_looked_at_until_the_connection_is_closed() -> None:
    with talking(head(b"Content-Length: x") + b"octets") as talk:
        talk.ask()
        with pytest.raises(InvalidResponse):
            talk.conn.read()
        assert talk.conn.read_raw(6) == b"octets"
        assert not talk.transport.is_closed
        talk.conn.disconnect()
        assert talk.transport.is_closed


@pytest.mark.requirement("9112-6.3-10")
@pytest.mark.parametrize("length", [b"2, 2", b"2,2,2", b"2\r\nContent-Length: 2", b"2, 02"])
def test_list_of_equal_lengths_counts_once(length: bytes) -> None:
    with talking(head(b"Content-Length: " + length) + b"ok", SENT, reply(b"")) as talk:
        assert talk.ask().length == 2
        assert talk.conn.readall() == b"ok"
        assert talk.ask().status == 200


@pytest.mark.requirement("9112-6.3-11", "9110-2.4-01")
@pytest.mark.parametrize(("length", "count"), [(b"0", 0), (b"3", 3), (b"0003", 3)])
def test_length_tells_where_the_body_ends(length: bytes, count: int) -> None:
    body = b"x" * count
    with talking(head(b"Content-Length: " + length) + body + reply(b"next")) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/")
        assert talk.conn.read_response().length == count
        assert talk.conn.readall() == body
        talk.conn.read_response()
        assert talk.conn.readall() == b"next"


SHORT = head(b"Content-Length: 4") + b"abc"


@pytest.mark.requirement("9112-6.3-12", "9112-8-01", "9112-8-03")
@pytest.mark.parametrize("end", [END, ConnectionClosed("reset")], ids=["end", "reset"])
def test_body_shorter_than_its_length_is_incomplete(end: object) -> None:
    assert end is END or isinstance(end, ConnectionClosed)
    with pytest.raises(ConnectionClosed):
        answer(SHORT, end)


@pytest.mark.requirement("9112-6.3-12", "9112-8-01")
def test_octets_before_the_cut_are_delivered_but_no_end() -> None:
    with talking(SHORT, END) as talk:
        talk.ask()
        assert talk.conn.read(10) == b"abc"
        for _ in range(2):
            with pytest.raises(ConnectionClosed, match="1 octets before the end"):
                talk.conn.read(10)


@pytest.mark.requirement("9112-6.3-13")
def test_connection_is_closed_behind_a_body_that_was_cut_short() -> None:
    with talking(SHORT, END) as talk:
        talk.ask()
        before = talk.sent
        with pytest.raises(ConnectionClosed):
            talk.conn.readall()
        assert talk.transport.is_closed
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-6.3-14")
def test_time_out_within_a_body_is_no_end_and_loses_nothing() -> None:
    with talking(SHORT) as talk:
        talk.ask()
        talk.conn.timeout = 0
        for _ in range(2):
            with pytest.raises(ConnectionTimedOut):
                talk.conn.readall()
        talk.transport.extend(b"d")
        assert talk.conn.readall() == b"abcd"


@pytest.mark.requirement("9112-6.3-15", "9112-8-04")
@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_body_without_length_ends_when_the_server_closes(version: bytes) -> None:
    got = answer(head(b"X: y", version=version), b"all", b" of it", END)
    assert (got.response.length, got.body) == (None, b"all of it")


@pytest.mark.requirement("9112-8-04")
def test_body_without_length_is_incomplete_after_a_reset() -> None:
    with pytest.raises(ConnectionClosed):
        answer(head() + b"part", ConnectionClosed("reset"))


@pytest.mark.requirement("9112-6.3-16", "9112-6.3-17")
def test_known_length_is_sent_instead_of_chunks() -> None:
    for body in (b"abc", BodyFollowing(3)):
        with talking() as talk:
            talk.conn.send_request("PUT", "/", body=body)
            fields = dict(fields_of(talk.sent))
        assert fields["content-length"] == "3"
        assert "transfer-encoding" not in fields


@pytest.mark.requirement("9112-6.3-17")
def test_body_of_unknown_length_is_sent_in_chunks() -> None:
    with talking() as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing())
        assert dict(fields_of(talk.sent))["transfer-encoding"] == "chunked"


@pytest.mark.requirement("9112-6.3-17")
def test_length_that_contradicts_the_body_is_not_sent() -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        request("PUT", headers={"Content-Length": "4"}, body=b"abc")


# -- 7 Transfer Codings


@pytest.mark.requirement("9112-7-01")
@pytest.mark.parametrize("coding", [b"Chunked", b"CHUNKED", b"cHuNkEd"])
def test_case_of_a_coding_does_not_matter(coding: bytes) -> None:
    got = answer(head(b"Transfer-Encoding: " + coding) + b"2\r\nok\r\n0\r\n\r\n")
    assert got.body == b"ok"


@pytest.mark.requirement("9112-7.1-02")
def test_largest_chunk_is_understood_exactly() -> None:
    with talking(CHUNKED_HEAD + b"7fffffffffffffff\r\nabc", END) as talk:
        talk.ask()
        assert talk.conn.read(10) == b"abc"
        with pytest.raises(ConnectionClosed):
            talk.conn.read(10)


@pytest.mark.requirement("9112-7.1-02")
@pytest.mark.parametrize(
    "size",
    [
        pytest.param(b"8000000000000000", id="2^63"),
        pytest.param(b"ffffffffffffffff", id="2^64-1"),
        pytest.param(b"10000000000000002", id="2^64+2"),
        pytest.param(b"00000000000000002", id="17-digits"),
        pytest.param(b"f" * 5_000, id="5000-digits"),
    ],
)
def test_chunk_beyond_is_refused(size: bytes) -> None:
    with pytest.raises(InvalidResponse, match="chunk size"):
        answer(CHUNKED_HEAD + size + b"\r\nok\r\n0\r\n\r\n")


@pytest.mark.requirement("9112-7.1.1-01")
@pytest.mark.parametrize(
    "extension",
    [b";a", b";a=b", b';a="b;c"', b';a="\\"\r\n"'.replace(b"\r\n", b"\\\\"), b";a;b=c;d", b";"],
)
def test_chunk_extensions_are_ignored(extension: bytes) -> None:
    chunks = b"2" + extension + b"\r\nok\r\n0" + extension + b"\r\n\r\n"
    assert answer(CHUNKED_HEAD + chunks).body == b"ok"


# -- 8 Handling Incomplete Messages


@pytest.mark.requirement("9112-8-01", "9112-8-02")
@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"2", id="in-size"),
        pytest.param(b"2\r\n", id="before-data"),
        pytest.param(b"2\r\no", id="in-data"),
        pytest.param(b"2\r\nok", id="after-data"),
        pytest.param(b"2\r\nok\r\n", id="between-chunks"),
        pytest.param(b"2\r\nok\r\n0", id="in-last-size"),
        pytest.param(b"2\r\nok\r\n0\r\n", id="before-trailers"),
        pytest.param(b"2\r\nok\r\n0\r\nX: y\r\n", id="in-trailers"),
        pytest.param(b"2\r\nok\r\n0\r\n\r", id="in-last-line-end"),
    ],
)
def test_chunks_that_are_cut_short_are_incomplete(chunks: bytes) -> None:
    with talking(CHUNKED_HEAD + chunks, END) as talk:
        talk.ask()
        with pytest.raises(ConnectionClosed):
            talk.conn.readall()
        assert talk.conn.trailers is None


@pytest.mark.requirement("9112-8-01")
@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param(b"x\r\n", id="size"),
        pytest.param(b"-2\r\nok\r\n", id="sign"),
        pytest.param(b"0x2\r\nok\r\n", id="prefix"),
        pytest.param(b"2\r\nokay\r\n", id="data-too-long"),
        pytest.param(b"2\nok\r\n", id="bare-lf"),
        pytest.param(b"2\r\nok\r\n0\r\nno colon\r\n\r\n", id="trailer"),
    ],
)
def test_faulty_chunks_are_incomplete(chunks: bytes) -> None:
    with talking(CHUNKED_HEAD + chunks) as talk:
        talk.ask()
        with pytest.raises(InvalidResponse):
            talk.conn.readall()
        assert talk.conn.trailers is None


@pytest.mark.requirement("9112-8-01")
def test_head_that_is_cut_short_is_no_response() -> None:
    with talking(reply(b"")[:-2], END) as talk:
        talk.conn.send_request("GET", "/")
        with pytest.raises(ConnectionClosed, match="within the response head"):
            talk.conn.read_response()


# -- 9 Connection Management


@pytest.mark.requirement("9112-9.2-01", "9112-9.2-02")
def test_responses_belong_to_the_requests_in_their_order() -> None:
    script = [
        CONTINUE + reply(b"0"),
        head(status=b"103 Early Hints") + head(b"Content-Length: 9"),
        CHUNKED_HEAD + b"1\r\n2\r\n0\r\n\r\n",
        head(status=b"204 No Content"),
    ]
    asked = [("GET", "/0"), ("HEAD", "/1"), ("POST", "/2"), ("GET", "/3")]
    got = []
    with talking(b"".join(script)) as talk:
        for method, path in asked:
            talk.conn.send_request(method, path)
        while talk.conn.response_pending():
            response = talk.conn.read_response()
            got.append((response.method, response.path, talk.conn.readall()))
    assert got == [(*pair, body) for pair, body in zip(asked, [b"0", b"", b"2", b""], strict=True)]


@pytest.mark.requirement("9112-9.2-03", "9112-6.3-19")
@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(SMUGGLED, id="response"),
        pytest.param(b"H", id="begin-of-a-response"),
        pytest.param(CONTINUE, id="interim"),
        pytest.param(b"\r\n" + SMUGGLED, id="behind-an-empty-line"),
        pytest.param(b"\r\n" * 5, id="too-many-empty-lines"),
        pytest.param(b"\n", id="bare-lf"),
    ],
)
@pytest.mark.parametrize("same_segment", [True, False])
def test_octets_that_nobody_asked_for_are_no_answer(stray: bytes, same_segment: bool) -> None:
    script = [reply(b"ok") + stray] if same_segment else [reply(b"ok"), stray]
    with talking(*script) as talk:
        talk.ask()
        assert talk.conn.readall() == b"ok"
        before = talk.sent
        for _ in range(2):
            with pytest.raises(InvalidResponse, match="nobody asked for"):
                talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-9.2-04")
def test_stray_octets_can_be_looked_at_until_the_connection_is_closed() -> None:
    with talking(reply(b""), SMUGGLED) as talk:
        talk.ask()
        with pytest.raises(InvalidResponse):
            talk.conn.send_request("GET", "/")
        assert talk.conn.read_raw(len(SMUGGLED)) == SMUGGLED
        assert not talk.transport.is_closed
        talk.conn.disconnect()
        assert talk.transport.is_closed


@pytest.mark.requirement("9112-9.2-05")
@pytest.mark.parametrize("lines", [1, 4])
def test_empty_lines_between_responses_are_dropped(lines: int) -> None:
    with talking(reply(b""), b"\r\n" * lines, SENT, reply(b"ok")) as talk:
        talk.ask()
        talk.ask()
        assert talk.conn.readall() == b"ok"


@pytest.mark.requirement("9112-9.3-01", "9112-9.3-03")
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(reply(b"ok"), id="sized"),
        pytest.param(CHUNKED_HEAD + b"2\r\nok\r\n0\r\n\r\n", id="chunked"),
        pytest.param(reply(b"ok", b"Connection: Keep-Alive"), id="keep-alive"),
        pytest.param(reply(b"ok", b"Connection: x, closed"), id="other-options"),
        pytest.param(reply(b"ok", b"X-Connection: close"), id="other-field"),
    ],
)
def test_connection_of_http_1_1_is_kept(first: bytes) -> None:
    with talking(first, SENT, first) as talk:
        for _ in range(2):
            talk.ask()
            assert talk.conn.readall() == b"ok"


CLOSING = [
    pytest.param(reply(b"ok", CLOSE), id="close"),
    pytest.param(reply(b"ok", b"connection: CLOSE"), id="case"),
    pytest.param(reply(b"ok", b"Connection: keep-alive, close"), id="list"),
    pytest.param(reply(b"ok", b"Connection: keep-alive", CLOSE), id="second-field"),
]
OLD = [
    pytest.param(reply(b"ok").replace(b"1.1", b"1.0"), id="1.0"),
    pytest.param(reply(b"ok", b"Connection: x").replace(b"1.1", b"1.0"), id="1.0-other-option"),
    pytest.param(
        reply(b"ok", b"Connection: keep-alive, close").replace(b"1.1", b"1.0"), id="1.0-both"
    ),
]


@pytest.mark.requirement("9112-9.3-02", "9112-9.6-04", "9110-2.4-01")
@pytest.mark.parametrize("first", CLOSING)
def test_no_request_follows_a_response_with_close(first: bytes) -> None:
    with talking(first) as talk:
        talk.ask()
        before = talk.sent
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.conn.readall() == b"ok"
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-9.3-05", "9112-9.3-07")
@pytest.mark.parametrize("first", OLD)
def test_no_request_follows_a_response_of_http_1_0(first: bytes) -> None:
    with talking(first) as talk:
        talk.ask()
        before = talk.sent
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-9.3-02", "9112-9.3-05", "9112-9.6-05")
@pytest.mark.parametrize("first", [*CLOSING, *OLD])
def test_connection_is_closed_behind_the_last_response(first: bytes) -> None:
    with talking(first + SMUGGLED) as talk:
        talk.ask()
        assert not talk.transport.is_closed
        assert talk.conn.readall() == b"ok"
        assert talk.transport.is_closed


@pytest.mark.requirement("9112-9.3-08")
@pytest.mark.parametrize("first", [reply(b"long"), CHUNKED_HEAD + b"4\r\nlong\r\n0\r\n\r\n"])
def test_next_response_has_to_wait_for_the_end_of_the_body(first: bytes) -> None:
    with talking(first + reply(b"next")) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/")
        talk.conn.read_response()
        assert talk.conn.read(2) == b"lo"
        with pytest.raises(StateError):
            talk.conn.read_response()
        talk.conn.discard()
        talk.conn.read_response()
        assert talk.conn.readall() == b"next"


@pytest.mark.requirement("9112-9.3.1-01")
@pytest.mark.parametrize(
    "script",
    [
        pytest.param([END], id="before-the-head"),
        pytest.param([b"HTTP/1.1 2", END], id="in-the-head"),
        pytest.param([SHORT, END], id="in-the-body"),
        pytest.param([ConnectionClosed("reset")], id="reset"),
    ],
)
def test_object_goes_on_after_any_close(script: list[bytes]) -> None:
    first, second = ScriptedTransport(*script), ScriptedTransport(reply(b"ok"))
    with scripted_connection(first, second) as conn:
        conn.send_request("GET", "/")
        with pytest.raises(ConnectionClosed) as caught:
            read(conn)
        assert is_temp_network_error(caught.value)
        conn.disconnect()
        conn.send_request("GET", "/")
        assert read(conn) == b"ok"


@pytest.mark.requirement("9112-9.5-02", "9112-9.3.1-01")
@pytest.mark.parametrize("end", [END, ConnectionClosed("reset")], ids=["end", "reset"])
def test_close_of_an_idle_connection_is_noticed_before_anything_is_sent(end: object) -> None:
    assert end is END or isinstance(end, ConnectionClosed)
    with talking(reply(b""), end) as talk:
        talk.ask()
        before = talk.sent
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("POST", "/", body=b"once")
        assert talk.sent == before


REFUSAL = reply(b"no", status=b"413 Content Too Large")


@pytest.mark.requirement("9112-9.5-03")
def test_response_in_the_middle_of_an_upload_is_not_noticed_before_a_send_fails() -> None:
    with talking(REFUSAL, accepts=[10_000, 2, 2, ConnectionClosed("reset")]) as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing(6))
        talk.conn.write(b"ab")
        talk.conn.write(b"cd")
        with pytest.raises(ConnectionClosed):
            talk.conn.write(b"ef")
        assert talk.conn.read_response().status == 413
        assert talk.conn.readall() == b"no"


@pytest.mark.requirement("9112-9.5-04")
@pytest.mark.parametrize("refusal", [REFUSAL, reply(b"no", CLOSE, status=b"413 Too Large")])
def test_body_that_was_refused_is_not_sent(refusal: bytes) -> None:
    with talking(refusal) as talk:
        talk.conn.send_request("PUT", "/", body=BodyFollowing(4), expect100=True)
        before = talk.sent
        assert talk.conn.read_response().status == 413
        with pytest.raises(StateError):
            talk.conn.write(b"abcd")
        assert talk.conn.readall() == b"no"
        assert talk.sent == before
        assert talk.transport.is_closed


@pytest.mark.requirement("9112-9.6-02")
@pytest.mark.parametrize("option", ["close", "Close", "x, close"])
def test_no_request_follows_one_with_close(option: str) -> None:
    with talking(reply(b"ok")) as talk:
        talk.conn.send_request("GET", "/", {"Connection": option})
        before = talk.sent
        with pytest.raises(ConnectionClosed):
            talk.conn.send_request("GET", "/")
        assert talk.sent == before


@pytest.mark.requirement("9112-9.6-03")
def test_connection_is_closed_behind_the_response_to_a_request_with_close() -> None:
    with talking(reply(b"0") + CONTINUE + reply(b"ok") + SMUGGLED) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/", {"Connection": "close"})
        talk.conn.read_response()
        assert talk.conn.readall() == b"0"
        talk.conn.read_response()
        assert not talk.transport.is_closed
        assert talk.conn.readall() == b"ok"
        assert talk.transport.is_closed


@pytest.mark.requirement("9112-9.6-06")
def test_pipelined_requests_behind_close_are_said_to_be_lost() -> None:
    with talking(reply(b"ok", CLOSE) + SMUGGLED) as talk:
        talk.conn.send_request("GET", "/")
        talk.conn.send_request("GET", "/lost")
        talk.conn.read_response()
        talk.conn.discard()
        assert talk.conn.response_pending()
        with pytest.raises(ConnectionClosed) as caught:
            talk.conn.read_response()
        assert is_temp_network_error(caught.value)


# -- Appendix C


@pytest.mark.requirement("9112-C.2.2-01")
def test_keep_alive_is_sent_to_a_plain_proxy() -> None:
    assert ("connection", "keep-alive") in fields_of(request(proxy=PROXY))
    given = fields_of(request(headers={"Connection": "close"}, proxy=PROXY))
    assert [value for name, value in given if name == "connection"] == ["close"]

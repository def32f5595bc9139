from __future__ import annotations

import enum
import sys
from typing import Any

import attrs
import pytest

from dugong.protocol.authority import Authority, parse_authority, split_url

# -- host names


def test_what_was_checked_is_not_checked_again() -> None:
    assert parse_authority("example.com", 80) is parse_authority("example.com", 80)


def test_host_and_port_are_what_was_checked_however_they_print() -> None:
    class Host(str):
        __slots__ = ()

        def __format__(self, spec: str) -> str:
            return "other.example"

    class Port(int):
        def __format__(self, spec: str) -> str:
            return "99"

    for host, port in ((Host("printed.example"), Port(8080)), ("printed.example", 8080)):
        assert parse_authority(host, port).host_field(80) == "printed.example:8080"
        assert parse_authority(host, port).host_field(8080) == "printed.example"


def test_member_of_an_enumeration_is_the_name_that_it_equals() -> None:
    class Server(str, enum.Enum):  # noqa: UP042  # a StrEnum prints as its value
        ONE = "one.example"

    host = parse_authority(Server.ONE, 80).host
    assert type(host) is str
    assert host == "one.example"


def test_what_was_refused_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="not a host name"):
            parse_authority("no host", 80)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("example.com", id="usual"),
        pytest.param("localhost", id="one label"),
        pytest.param("Example.COM", id="upper case is kept"),
        pytest.param("example.com.", id="rooted"),
        pytest.param("a-b.example", id="hyphen"),
        pytest.param("a_b.example", id="underscore"),
        pytest.param("_http._tcp.example", id="underscore first"),
        pytest.param("xn--bcher-kva.example", id="A-label"),
        pytest.param("1.example", id="digit"),
        pytest.param("a" * 63, id="label of 63"),
        pytest.param(".".join(["a" * 63] * 3 + ["a" * 61]), id="name of 253"),
        pytest.param(".".join(["a" * 63] * 3 + ["a" * 61]) + ".", id="rooted name of 253"),
        pytest.param("127.0.0.1", id="IPv4"),
        pytest.param("::1", id="IPv6"),
        pytest.param("2001:DB8::1", id="IPv6 in upper case"),
        pytest.param("::ffff:192.0.2.1", id="IPv6 with IPv4"),
        pytest.param("fe80::1%eth0", id="IPv6 with a zone"),
        pytest.param("fe80::1%2", id="IPv6 with a numeric zone"),
    ],
)
def test_host_is_kept_as_it_was_given(name: str) -> None:
    assert parse_authority(name, 80) == Authority(name, 80)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="root"),
        pytest.param("a..b", id="empty label"),
        pytest.param(".a", id="empty first label"),
        pytest.param("a..", id="rooted twice"),
        pytest.param("a" * 64, id="label of 64"),
        pytest.param(".".join(["a" * 63] * 3 + ["a" * 62]), id="name of 254"),
        pytest.param("-a", id="hyphen first"),
        pytest.param("a b", id="blank"),
        pytest.param(" a", id="blank before"),
        pytest.param("a ", id="blank behind"),
        pytest.param("a\n", id="LF behind"),
        pytest.param("a\r\nEvil: x", id="CRLF"),
        pytest.param("a\0", id="NUL"),
        pytest.param("a\t", id="tab"),
        pytest.param("a/b", id="slash"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("a?b", id="query"),
        pytest.param("a#b", id="fragment"),
        pytest.param("a@b", id="user"),
        pytest.param("a%62", id="percent"),
        pytest.param("a,b", id="comma"),
        pytest.param("a;b", id="semicolon"),
        pytest.param("*", id="star"),
        pytest.param('"a"', id="quotes"),
        pytest.param("<a>", id="angles"),
        pytest.param("[a]", id="brackets"),
        pytest.param("http://a", id="URL"),
    ],
)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_authority(name, 80)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a:80", id="name with a port"),
        pytest.param("127.0.0.1:80", id="IPv4 with a port"),
        pytest.param("[::1]", id="brackets"),
        pytest.param("[::1]:80", id="brackets and port"),
        pytest.param(":", id="colon"),
        pytest.param(":::", id="three colons"),
        pytest.param("1:2:3:4:5:6:7", id="seven groups"),
        pytest.param("1:2:3:4:5:6:7:8:9", id="nine groups"),
        pytest.param("::12345", id="long group"),
        pytest.param("::g", id="no hexadecimal digit"),
        pytest.param("::1\n", id="LF"),
        pytest.param(" ::1", id="blank"),
        pytest.param("::1/64", id="network"),
        pytest.param("::1%", id="empty zone"),
        pytest.param("::\uff11", id="fullwidth digit"),
        pytest.param("::1%a%b", id="two zones"),
        pytest.param("::1%a/b", id="slash in the zone"),
    ],
)
def test_what_is_no_ipv6_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an IPv6 address without brackets"):
        parse_authority(name, 80)


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param("a b", id="blank"),
        pytest.param("a\r\nEvil: x", id="CRLF"),
        pytest.param("a]", id="bracket"),
        pytest.param("\u00fc", id="not ASCII"),
    ],
)
def test_zone_that_could_change_the_request_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="not a zone of an IPv6 address"):
        parse_authority(f"fe80::1%{zone}", 80)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("/" * 100, "not a host name or IP address", id="name"),
        pytest.param("1:" * 100, "not an IPv6 address without brackets", id="IPv6"),
        pytest.param("fe80::1%a b" + "c" * 100, "not a zone of an IPv6 address", id="zone"),
        pytest.param("\u00fc" * 100, "not an internationalised host name", id="not ASCII"),
    ],
)
def test_refusal_shows_the_first_40_characters(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_authority(name, 80)
    assert str(caught.value) == f"{message}: {name[:40]!r}"


@pytest.mark.parametrize("port", [1, 80, 65_535])
def test_port(port: int) -> None:
    assert parse_authority("a", port).port == port


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="port is not between 1 and 65535"):
        parse_authority("a", port)


@pytest.mark.parametrize("port", ["80", 80.0, True, None, b"80"])
def test_port_that_is_no_int_is_refused(port: Any) -> None:
    with pytest.raises(TypeError, match=f"port must be an int, not {type(port).__name__}"):
        parse_authority("a", port)


@pytest.mark.parametrize("name", [b"a", None, 5, ["a"], object()])
def test_name_that_is_no_str_is_refused(name: Any) -> None:
    with pytest.raises(TypeError, match=f"host name must be a str, not {type(name).__name__}"):
        parse_authority(name, 80)


# -- internationalised names


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param("b\u00fccher.example", "xn--bcher-kva.example", id="umlaut"),
        pytest.param("B\u00dcCHER.example", "xn--bcher-kva.example", id="upper case"),
        pytest.param("fa\u00df.example", "xn--fa-hia.example", id="sharp s of IDNA 2008"),
        pytest.param("\u4f8b\u3048.jp", "xn--r8jz45g.jp", id="japanese"),
        pytest.param("\u4f8b\u3048\u3002jp", "xn--r8jz45g.jp", id="ideographic full stop"),
        pytest.param("\u00fc.example.", "xn--tda.example.", id="rooted"),
        pytest.param("\uff45xample.com", "example.com", id="fullwidth letter"),
    ],
)
def test_name_beyond_ascii_becomes_a_labels(name: str, labels: str) -> None:
    assert parse_authority(name, 80).host == labels


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("\u2028", id="line separator"),
        pytest.param("\u00fc..a", id="empty label"),
        pytest.param("\u00fc" * 63, id="long label"),
        pytest.param(".".join(["\u00fc"] * 60), id="long name"),
        pytest.param("\ud800.a", id="surrogate"),
        pytest.param("\uff0f.a", id="fullwidth slash"),
        pytest.param("a\uff20b", id="fullwidth at"),
        pytest.param("a\uff03b", id="fullwidth number sign"),
        pytest.param("\u2100.a", id="account of"),
        pytest.param("\u00fc b", id="blank"),
        pytest.param("\u00fc\r\nEvil", id="CRLF"),
        pytest.param("-\u00fc", id="hyphen first"),
        pytest.param("\u200d\u00fc", id="joiner"),
        pytest.param("\U0001f600.a", id="emoji"),
    ],
)
def test_what_is_no_internationalised_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an internationalised host name"):
        parse_authority(name, 80)


def test_name_beyond_ascii_needs_idna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(ValueError, match="package idna is not installed"):
        parse_authority("b\u00fccher.never-converted.example", 80)


def test_refusal_without_idna_shows_the_first_40_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(ValueError, match="not installed") as caught:
        parse_authority("\u00fc" * 100, 80)
    assert str(caught.value).count("\u00fc") == 40


def test_ascii_names_do_not_need_idna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    assert parse_authority("xn--bcher-kva.example", 80).host == "xn--bcher-kva.example"


# -- as it is written


@pytest.mark.parametrize(
    ("host", "port", "default_port", "field"),
    [
        pytest.param("example.com", 80, 80, "example.com", id="default port"),
        pytest.param("example.com", 8080, 80, "example.com:8080", id="other port"),
        pytest.param("example.com", 443, 80, "example.com:443", id="port of the other scheme"),
        pytest.param("example.com", 443, 443, "example.com", id="default port of https"),
        pytest.param("127.0.0.1", 81, 80, "127.0.0.1:81", id="IPv4"),
        pytest.param("::1", 80, 80, "[::1]", id="IPv6"),
        pytest.param("::1", 81, 80, "[::1]:81", id="IPv6 with port"),
        pytest.param("fe80::1%eth0", 81, 80, "[fe80::1]:81", id="zone is not sent"),
    ],
)
def test_host_field(host: str, port: int, default_port: int, field: str) -> None:
    assert Authority(host, port).host_field(default_port) == field


def test_uri_host_has_brackets_for_ipv6_only() -> None:
    assert Authority("a", 80).uri_host == "a"
    assert Authority("::1", 80).uri_host == "[::1]"


def test_text_has_the_port_always() -> None:
    assert str(Authority("a", 80)) == "a:80"
    assert str(Authority("::1", 443)) == "[::1]:443"


def test_authority_is_a_value() -> None:
    authority = Authority("a", 80)
    assert authority == Authority("a", 80)
    assert len({authority, Authority("a", 80), Authority("a", 81)}) == 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        authority.port = 81  # type: ignore[misc]  # what is tested


# -- URLs


def authority_of(url: str) -> Authority:
    _, host, port = split_url(url)
    return parse_authority(host, 80 if port is None else port)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("http://example.com", (False, "example.com", None), id="http"),
        pytest.param("https://example.com", (True, "example.com", None), id="https"),
        pytest.param("HTTPS://example.com/", (True, "example.com", None), id="upper-case scheme"),
        pytest.param("http://example.com:8080", (False, "example.com", 8080), id="port"),
        pytest.param("http://example.com:/", (False, "example.com", None), id="empty port"),
        pytest.param("http://[::1]", (False, "::1", None), id="IPv6"),
        pytest.param("https://[::1]:8443/a", (True, "::1", 8443), id="IPv6 with port"),
        pytest.param("http://[fe80::1%25eth0]/", (False, "fe80::1%eth0", None), id="zone"),
        pytest.param("http://a/b?c=@d#e@f", (False, "a", None), id="all behind is not used"),
        pytest.param("http://a?b", (False, "a", None), id="query without path"),
        pytest.param(
            "http://b\u00fccher.example/", (False, "b\u00fccher.example", None), id="IDNA"
        ),
    ],
)
def test_url_names_a_connection(url: str, expected: tuple[bool, str, int | None]) -> None:
    assert split_url(url) == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("", "neither http", id="empty"),
        pytest.param("example.com", "neither http", id="no scheme"),
        pytest.param("//example.com", "neither http", id="no scheme but slashes"),
        pytest.param("ftp://example.com", "neither http", id="other scheme"),
        pytest.param("httpx://example.com", "neither http", id="longer scheme"),
        pytest.param("ws://example.com", "neither http", id="websocket"),
        pytest.param("http:example.com", "has no host", id="no slashes"),
        pytest.param("http://", "has no host", id="no host"),
        pytest.param("http:///path", "has no host", id="path only"),
        pytest.param("http://:80/", "has no host", id="port only"),
        pytest.param("http://user@example.com", "user name", id="user"),
        pytest.param("http://user:secret@example.com", "user name", id="user and password"),
        pytest.param("http://@example.com", "user name", id="empty user"),
        pytest.param("http://a b/", "blank or control", id="blank"),
        pytest.param(" http://a/", "blank or control", id="blank before"),
        pytest.param("http://a/\n", "blank or control", id="LF behind"),
        pytest.param("ht\ntp://a/", "blank or control", id="LF in the scheme"),
        pytest.param("http://a\tb/", "blank or control", id="tab in the host"),
        pytest.param("http://a/\0", "blank or control", id="NUL"),
        pytest.param("http://a/\x7f", "blank or control", id="DEL"),
        pytest.param("http://a[::1]/", "no host that can be told", id="name before brackets"),
        pytest.param("http://[::1]a/", "no host that can be told", id="name behind brackets"),
        pytest.param("http://[::1]a:80/", "no host that can be told", id="name before a port"),
        pytest.param("http://[::1]80/", "no host that can be told", id="port without colon"),
        pytest.param("http://[v1.a]/", "no host that can be told", id="future address"),
        pytest.param("http://[::1", ".", id="open bracket"),
        pytest.param("http://[a]/", ".", id="name in brackets"),
        pytest.param("http://a:b/", ".", id="port of letters"),
        pytest.param("http://a:65536/", ".", id="port out of range"),
        pytest.param("http://a:-1/", ".", id="negative port"),
        pytest.param("http://a:0/", ".", id="port 0"),
        pytest.param("http://a%62/", ".", id="encoded letter"),
        pytest.param("http://a%25b/", ".", id="encoded percent"),
        pytest.param("http://\u2100.example/", ".", id="character that becomes a slash"),
    ],
)
def test_url_that_names_no_connection_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        authority_of(url)


def test_refused_credentials_are_not_shown() -> None:
    message = r"^URL has a user name: credentials belong into a header field$"
    with pytest.raises(ValueError, match=message):
        split_url("http://user:secret@example.com/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("http://a b/" + "c" * 100, "URL has a blank or control character", id="blank"),
        pytest.param("ftp://" + "a" * 100, "URL is neither http:// nor https://", id="scheme"),
        pytest.param("http:///" + "a" * 100, "URL has no host", id="no host"),
        pytest.param("http://[::1]" + "a" * 100, "URL has no host that can be told", id="brackets"),
    ],
)
def test_refusal_shows_the_first_40_characters_of_a_url(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        split_url(url)
    assert str(caught.value) == f"{message}: {url[:40]!r}"


@pytest.mark.parametrize("url", [b"http://a", None, 5])
def test_url_that_is_no_str_is_refused(url: Any) -> None:
    with pytest.raises(TypeError, match=f"URL must be a str, not {type(url).__name__}"):
        split_url(url)

"""Methods, targets, and the host of the connection."""

from typing import Final

from tests.vectors.request_vector import (
    REST,
    RequestVector,
    get,
    mistyped,
    sent,
    wrong,
)

_PROXY: Final = ("proxy.example", 3128)
_TOKEN_MARKS: Final = "!#$%&'*+-.^_`|~"
_NO_TOKEN_MARKS: Final = '"(),/:;<=>?@[\\]{}'
_VISIBLE: Final = bytes(octet for octet in range(33, 127) if octet != ord("#"))
_CONTROLS: Final = (*range(32), 127)

_METHODS: Final = (
    *(
        sent(f"method-{method}", get(method=method.encode()), method=method)
        for method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH")
    ),
    *(
        sent(f"method-with-{mark}", get(method=b"A%c" % ord(mark)), method=f"A{mark}")
        for mark in _TOKEN_MARKS
    ),
    *(
        sent(
            f"method-{method}-without-body",
            get(b"Content-Length: 0", method=method.encode()),
            method=method,
        )
        for method in ("POST", "PUT", "PATCH")
    ),
    wrong("method-empty", "method", method=""),
    wrong("method-of-a-blank", "method", method=" "),
    wrong("method-with-blank", "method", method="GET /x"),
    wrong("method-behind-blank", "method", method=" GET"),
    wrong("method-before-blank", "method", method="GET "),
    wrong("method-with-a-second-request", "method", method="GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"),
    wrong("method-with-8-bit", "method", method="G\xc9T"),
    wrong("method-beyond-latin-1", "method", method="GE\u0422"),
    wrong("method-with-lone-surrogate", "method", method="GET\udc80"),
    *(
        wrong(f"method-with-control-{octet:02x}", "method", method=f"GET{chr(octet)}")
        for octet in _CONTROLS
    ),
    *(wrong(f"method-with-{mark}", "method", method=f"A{mark}") for mark in _NO_TOKEN_MARKS),
    wrong("method-connect", "CONNECT", method="CONNECT"),
    wrong("method-connect-with-authority", "CONNECT", method="CONNECT", path="example.com:443"),
    mistyped("method-of-bytes", "method", method=b"GET"),  # type: ignore[arg-type]
    mistyped("method-none", "method", method=None),  # type: ignore[arg-type]
)

_TARGETS: Final = (
    sent("target-with-query", get(target=b"/a/b?c=d&e"), path="/a/b?c=d&e"),
    sent("target-with-every-octet", get(target=b"/" + _VISIBLE), path="/" + _VISIBLE.decode()),
    sent("target-of-two-slashes", get(target=b"//a"), path="//a"),
    sent("target-with-encoded-crlf", get(target=b"/%0d%0a"), path="/%0d%0a"),
    sent("target-with-url", get(target=b"/http://a:1/"), path="/http://a:1/"),
    sent("target-of-100-kb", get(target=b"/" + b"a" * 100_000), path="/" + "a" * 100_000),
    sent("target-*", get(target=b"*", method=b"OPTIONS"), method="OPTIONS", path="*"),
    wrong("target-*-of-get", "path", path="*"),
    wrong("target-*-of-options-in-lower-case", "path", method="options", path="*"),
    wrong("target-*-and-more", "path", method="OPTIONS", path="**"),
    wrong("target-empty", "path", path=""),
    wrong("target-relative", "path", path="a"),
    wrong("target-of-a-query", "path", path="?a"),
    wrong("target-in-absolute-form", "path", path="http://example.com/"),
    wrong("target-in-authority-form", "path", path="example.com:80"),
    wrong("target-with-fragment", "path", path="/a#b"),
    wrong("target-of-an-empty-fragment", "path", path="/a#"),
    wrong("target-with-blank", "path", path="/a b"),
    wrong("target-before-blank", "path", path="/a "),
    wrong("target-behind-blank", "path", path=" /a"),
    wrong("target-with-version", "path", path="/ HTTP/1.1\r\nX: y"),
    wrong("target-with-8-bit", "path", path="/\xe9"),
    wrong("target-with-no-break-space", "path", path="/\xa0"),
    wrong("target-with-next-line-control", "path", path="/\x85"),
    wrong("target-with-line-separator", "path", path="/\u2028"),
    wrong("target-whose-low-octets-are-crlf", "path", path="/\u010d\u010a"),
    wrong("target-with-lone-surrogate", "path", path="/\udc0a"),
    *(
        wrong(f"target-with-control-{octet:02x}", "path", path=f"/a{chr(octet)}b")
        for octet in _CONTROLS
    ),
    wrong("target-that-ends-in-lf", "path", path="/a\n"),
    mistyped("target-of-bytes", "path", path=b"/"),  # type: ignore[arg-type]
    mistyped("target-none", "path", path=None),  # type: ignore[arg-type]
)


def _host(name: str, host: bytes, hostname: str, port: int | None = None) -> RequestVector:
    octets = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n" + REST + b"\r\n"
    return sent(name, octets, hostname=hostname, port=port)


def _secure(name: str, host: bytes, hostname: str, port: int | None = None) -> RequestVector:
    octets = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n" + REST + b"\r\n"
    return sent(name, octets, hostname=hostname, port=port, secure=True)


_HOSTS: Final = (
    _host("host-with-its-own-port", b"example.com", "example.com", 80),
    _host("host-with-other-port", b"example.com:8080", "example.com", 8080),
    _host("host-with-port-of-https", b"example.com:443", "example.com", 443),
    _host("host-with-lowest-port", b"example.com:1", "example.com", 1),
    _host("host-with-highest-port", b"example.com:65535", "example.com", 65535),
    _host("host-keeps-its-case", b"EXAMPLE.com", "EXAMPLE.com"),
    _host("host-with-underscore", b"a_b.example", "a_b.example"),
    _host("host-of-one-label", b"localhost", "localhost"),
    _host("host-with-final-point", b"example.com.", "example.com."),
    _host("host-ipv4", b"127.0.0.1", "127.0.0.1"),
    _host("host-ipv6", b"[::1]", "::1"),
    _host("host-ipv6-with-port", b"[2001:db8::1]:8080", "2001:db8::1", 8080),
    _host("host-ipv6-with-zone", b"[fe80::1]", "fe80::1%eth0"),
    _host("host-in-a-labels", b"xn--bcher-kva.example", "xn--bcher-kva.example"),
    _host("host-internationalised", b"xn--bcher-kva.example", "b\xfccher.example"),
    _secure("secure-host", b"example.com", "example.com"),
    _secure("secure-host-with-its-own-port", b"example.com", "example.com", 443),
    _secure("secure-host-with-port-of-http", b"example.com:80", "example.com", 80),
    *(
        wrong(f"host-{name}", "host|address", hostname=hostname)
        for name, hostname in (
            ("empty", ""),
            ("with-blank", "a b"),
            ("before-blank", "a "),
            ("with-crlf", "a\r\nX: y"),
            ("with-lf", "a\n"),
            ("with-nul", "a\0b"),
            ("with-tab", "a\tb"),
            ("with-user", "user@a"),
            ("with-path", "a/b"),
            ("with-query", "a?b"),
            ("with-fragment", "a#b"),
            ("with-backslash", "a\\b"),
            ("with-comma", "a,b"),
            ("with-percent", "a%62"),
            ("with-port", "a:80"),
            ("with-quotes", '"a"'),
            ("with-angle-brackets", "<a>"),
            ("in-brackets", "[::1]"),
            ("with-one-bracket", "[::1"),
            ("of-two-colons-and-letters", "::g"),
            ("ipv6-with-crlf-in-zone", "fe80::1%a\r\nX: y"),
            ("ipv6-with-blank-in-zone", "fe80::1%a b"),
            ("ipv6-with-slash-in-zone", "fe80::1%a/b"),
            ("with-empty-label", "a..b"),
            ("of-a-point", "."),
            ("with-label-of-64", "a" * 64),
            ("of-254", "a." * 126 + "ab"),
            ("with-8-bit-control", "a\x85b"),
            ("with-ideographic-blank", "a\u3000b"),
            ("with-lone-surrogate", "a\udc80"),
        )
    ),
    *(wrong(f"port-{port}", "port", port=port) for port in (0, -1, 65_536, 10**9)),
    mistyped("port-as-text", "port", port="80"),  # type: ignore[arg-type]
    mistyped("port-as-float", "port", port=80.0),  # type: ignore[arg-type]
    mistyped("port-as-bool", "port", port=True),
    mistyped("host-of-bytes", "host", hostname=b"a"),  # type: ignore[arg-type]
    mistyped("host-none", "host", hostname=None),  # type: ignore[arg-type]
)

_BY_PROXY: Final = (
    sent("proxy-target", get(target=b"http://example.com/a?b"), path="/a?b", proxy=_PROXY),
    sent(
        "proxy-target-with-port",
        b"GET http://[::1]:81/ HTTP/1.1\r\nHost: [::1]:81\r\n" + REST + b"\r\n",
        hostname="::1",
        port=81,
        proxy=_PROXY,
    ),
    sent(
        "proxy-target-*",
        get(target=b"http://example.com", method=b"OPTIONS"),
        method="OPTIONS",
        path="*",
        proxy=_PROXY,
    ),
    sent(
        "proxy-headers-with-each-request",
        get(b"Proxy-Authorization: Basic eA==", target=b"http://example.com/"),
        proxy=_PROXY,
        proxy_headers={"Proxy-Authorization": "Basic eA=="},
    ),
    sent(
        "proxy-headers-never-through-the-tunnel",
        get(),
        proxy=_PROXY,
        proxy_headers={"Proxy-Authorization": "Basic eA=="},
        secure=True,
    ),
    wrong("proxy-target-with-crlf", "path", path="/\r\n", proxy=_PROXY),
    wrong("proxy-target-in-absolute-form", "path", path="http://a/", proxy=_PROXY),
    wrong("proxy-host-with-crlf", "host", proxy=("a\r\n", 1)),
    wrong("proxy-port-0", "port", proxy=("a", 0)),
    wrong("proxy-header-with-crlf", "X", proxy=_PROXY, proxy_headers={"X": "a\r\nb: c"}),
    wrong("proxy-header-with-wrong-name", "name", proxy=_PROXY, proxy_headers={"X:": "a"}),
    wrong("proxy-header-host", "host", proxy=_PROXY, proxy_headers={"Host": "a"}),
    wrong(
        "proxy-header-that-frames",
        "transfer-encoding",
        proxy=_PROXY,
        proxy_headers={"Transfer-Encoding": "chunked"},
    ),
    wrong("proxy-headers-without-proxy", "proxy", proxy_headers={"X": "y"}),
    wrong(
        "proxy-headers-equal-but-for-case",
        "case",
        proxy=_PROXY,
        proxy_headers={"X": "y", "x": "z"},
    ),
)

VECTORS: Final[tuple[RequestVector, ...]] = (*_METHODS, *_TARGETS, *_HOSTS, *_BY_PROXY)

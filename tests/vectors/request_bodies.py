"""Bodies of requests: given whole, following in writes, in chunks."""

import array
import mmap
from typing import Final

from dugong import BodyFollowing, ExcessBodyData, StateError
from tests.vectors.request_vector import (
    RequestVector,
    digest,
    get,
    mistyped,
    sent,
    wrong,
)

_HI: Final = b"hi"
_LARGE: Final = bytes(range(256)) * 400
_ITEMS: Final = array.array("I", (1, 2))


def _put(*lines: bytes) -> bytes:
    return get(*lines, method=b"PUT")


def _whole(body: bytes) -> bytes:
    return _put(b"Content-Length: %d" % len(body), digest(body)) + body


_SIZED: Final = _put(b"Content-Length: 4")
_CHUNKED: Final = _put(b"Transfer-Encoding: chunked")

_WHOLE: Final = (
    sent("bytes", _whole(_HI), method="PUT", body=_HI),
    sent("bytearray", _whole(_HI), method="PUT", body=bytearray(_HI)),
    sent("memoryview", _whole(_HI), method="PUT", body=memoryview(b"ahib")[1:3]),
    sent("items-of-four-octets", _whole(_ITEMS.tobytes()), method="PUT", body=_ITEMS),
    sent(
        "two-dimensions", _whole(b"abcd"), method="PUT", body=memoryview(b"abcd").cast("B", (2, 2))
    ),
    sent("signed-octets", _whole(b"ab"), method="PUT", body=memoryview(b"ab").cast("b")),
    sent("map", _whole(bytes(mmap.PAGESIZE)), method="PUT", body=mmap.mmap(-1, mmap.PAGESIZE)),
    sent("empty-bytes", _whole(b""), method="PUT", body=b""),
    sent("large", _whole(_LARGE), method="PUT", body=_LARGE),
    sent("of-65536", _whole(_LARGE[:65_536]), method="PUT", body=_LARGE[:65_536]),
    sent("of-65537", _whole(_LARGE[:65_537]), method="PUT", body=_LARGE[:65_537]),
    sent("like-a-request", _whole(get()), method="PUT", body=get()),
    sent("of-get", get(b"Content-Length: 2", digest(_HI)) + _HI, body=_HI),
    sent("of-get-that-is-empty", get(b"Content-Length: 0", digest(b"")), body=b""),
    sent(
        "content-length-that-agrees",
        _put(b"Content-Length: 2", digest(_HI)) + _HI,
        method="PUT",
        headers={"Content-Length": "2"},
        body=_HI,
    ),
    sent(
        "digest-of-the-caller",
        _put(b"content-md5: mine", b"Content-Length: 2") + _HI,
        method="PUT",
        headers={"content-md5": "mine"},
        body=_HI,
    ),
    *(
        wrong(
            f"content-length-{name}",
            "Content-Length",
            method="PUT",
            headers={"content-length": value},
            body=_HI,
        )
        for name, value in (
            ("too-small", "1"),
            ("too-large", "3"),
            ("empty", ""),
            ("signed", "+2"),
            ("list", "2, 2"),
            ("hexadecimal", "0x2"),
            ("with-underscore", "0_2"),
            ("of-another-alphabet", "\xb2"),
        )
    ),
    wrong("content-length-without-body", "Content-Length", headers={"Content-Length": "2"}),
    wrong(
        "content-length-before-chunks",
        "Content-Length",
        method="PUT",
        headers={"Content-Length": "2"},
        body=BodyFollowing(),
    ),
    wrong(
        "content-length-that-contradicts-what-follows",
        "Content-Length",
        method="PUT",
        headers={"Content-Length": "2"},
        body=BodyFollowing(3),
    ),
    wrong("trace", "TRACE", method="TRACE", body=_HI),
    mistyped("text", "", method="PUT", body="hi"),  # type: ignore[arg-type]
    mistyped("number", "", method="PUT", body=2),  # type: ignore[arg-type]
    mistyped("list", "", method="PUT", body=[b"hi"]),  # type: ignore[arg-type]
    mistyped("not-contiguous", "contiguous", method="PUT", body=memoryview(b"abcd")[::2]),
)

_FOLLOWING: Final = (
    sent(
        "sized-in-one-write",
        _SIZED + b"abcd",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abcd",),
    ),
    sent(
        "sized-in-several-writes",
        _SIZED + b"abcd",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"a", b"", b"bc", b"d"),
    ),
    sent(
        "sized-and-ended",
        _SIZED + b"abcd",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abcd",),
        ends=True,
    ),
    sent(
        "sized-in-items",
        _SIZED + bytes(4),
        method="PUT",
        body=BodyFollowing(4),
        writes=(array.array("I", (0,)),),
    ),
    sent("sized-0", _put(b"Content-Length: 0"), method="PUT", body=BodyFollowing(0)),
    sent(
        "sized-0-and-ended",
        _put(b"Content-Length: 0"),
        method="PUT",
        body=BodyFollowing(0),
        ends=True,
    ),
    sent(
        "large-write",
        _put(b"Content-Length: %d" % len(_LARGE)) + _LARGE,
        method="PUT",
        body=BodyFollowing(len(_LARGE)),
        writes=(_LARGE,),
    ),
    sent("no-chunk", _CHUNKED + b"0\r\n\r\n", method="PUT", body=BodyFollowing(), ends=True),
    sent(
        "one-chunk",
        _CHUNKED + b"2\r\nhi\r\n0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(_HI,),
        ends=True,
    ),
    sent(
        "chunks",
        _CHUNKED + b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(b"a", b"", b"bc"),
        ends=True,
    ),
    sent(
        "size-in-lower-case",
        _CHUNKED + b"1f\r\n" + b"x" * 31 + b"\r\n0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(b"x" * 31,),
        ends=True,
    ),
    sent(
        "large-chunk",
        _CHUNKED + b"%x\r\n" % len(_LARGE) + _LARGE + b"\r\n0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(_LARGE,),
        ends=True,
    ),
    sent(
        "chunk-of-items",
        _CHUNKED + b"8\r\n" + _ITEMS.tobytes() + b"\r\n0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(_ITEMS,),
        ends=True,
    ),
    sent(
        "expected-continue",
        _put(b"Content-Length: 2", b"Expect: 100-continue") + _HI,
        method="PUT",
        body=BodyFollowing(2),
        expect100=True,
        writes=(_HI,),
    ),
    sent(
        "expected-continue-before-chunks",
        _put(b"Transfer-Encoding: chunked", b"Expect: 100-continue") + b"0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        expect100=True,
        ends=True,
    ),
    sent(
        "expectation-of-the-caller",
        _put(b"expect: 100-Continue", b"Content-Length: 2") + _HI,
        method="PUT",
        headers={"expect": "100-Continue"},
        body=BodyFollowing(2),
        expect100=True,
        writes=(_HI,),
    ),
    wrong("expected-continue-without-body", "expect100", expect100=True),
    wrong("expected-continue-before-nothing", "expect100", body=BodyFollowing(0), expect100=True),
    wrong("expected-continue-with-whole-body", "expect100", body=_HI, expect100=True),
    wrong(
        "other-expectation",
        "Expect",
        method="PUT",
        headers={"Expect": "x"},
        body=BodyFollowing(2),
        expect100=True,
    ),
    RequestVector(
        "more-than-announced",
        ExcessBodyData,
        "4",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abcde",),
    ),
    RequestVector(
        "more-than-left",
        ExcessBodyData,
        "1",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abc", b"de"),
    ),
    RequestVector(
        "write-behind-the-end",
        StateError,
        "",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abcd", b"e"),
    ),
    RequestVector("write-without-body", StateError, "", writes=(b"a",)),
    RequestVector(
        "end-before-the-end",
        StateError,
        "",
        method="PUT",
        body=BodyFollowing(4),
        writes=(b"abc",),
        ends=True,
    ),
    RequestVector("end-without-body", StateError, "", ends=True),
    mistyped("write-of-text", "", method="PUT", body=BodyFollowing(), writes=("a",)),  # type: ignore[arg-type]
    mistyped(
        "write-that-is-not-contiguous",
        "contiguous",
        method="PUT",
        body=BodyFollowing(),
        writes=(memoryview(b"abcd")[::2],),
    ),
)

VECTORS: Final[tuple[RequestVector, ...]] = (*_WHOLE, *_FOLLOWING)

"""Requests on their way out: checked whole, then encoded once, before anything is sent.

This module owns what a request looks like on the wire (RFC 9110 sections 7 to 10, RFC 9112
sections 3, 6 and 7) and every check of the caller's arguments. It knows nothing of connections
or their state. The façade calls the encoder; the sender sends what it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import attrs

from dugong.protocol.default_fields import ConstantPart, says_close, usual_fields, usual_part
from dugong.protocol.fields_out import check_fields, copied, encode_fields, lower_names
from dugong.protocol.grammar import CONTENT_LENGTH, HOST_VALUE, ORIGIN_FORM, TOKEN
from dugong.protocol.octets import octets_of
from dugong.protocol.outgoing import EncodedRequest
from dugong.protocol.state import SendEvent

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from dugong.protocol.authority import Authority
    from dugong.protocol.origin import Origin

# Methods whose request has a body by nature (RFC 9110 section 8.6)
_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
# Those for which nothing is to be said about a body that is not there
_BODILESS_METHODS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Members are looked up by a Python call before 3.12.
_REQUEST: Final = SendEvent.REQUEST
_NO_FIELDS: Final[Mapping[str, str]] = {}


def _check_length(
    instance: BodyFollowing, attribute: attrs.Attribute[int | None], value: object
) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"length of the body must be an int or None, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"length of the body is negative: {value}")


@attrs.frozen
class BodyFollowing:
    """Says that the body of the request follows in calls of `HTTPConnection.write`.

    Attributes:
        length: Octets of the body, all of which have to be written; with 0 the body is complete
            at once. `None`: the body is sent in chunks, until `HTTPConnection.end_body`.
    """

    length: int | None = attrs.field(default=None, validator=_check_length)


class RequestEncoder:
    """Checks and encodes the requests of one connection.

    It is given the `Origin` once, then each request as the caller gave it, and returns an
    `EncodedRequest` whose head is one request line and all field lines, with one Host field, and
    as the only framing the Content-Length or Transfer-Encoding that the body has. It raises
    `ValueError` or `TypeError`, and nothing else, for what may not be sent. The object
    is a new one each time, since it is emptied as it is sent, and waits in the queue after that.
    The encoder may not do I/O, change what the caller gave, let a CR, LF or NUL of the caller's
    onto the wire, or keep any of the body's octets: only the returned object refers to them.

    To send another digest, or none, override `digest_fields`; to add fields to every request,
    override `default_fields`. Both only return fields, which are checked like the caller's.

    Attributes:
        digest_names: The names, in lower case, of what `digest_fields` returns; empty where they
            vary. Where the caller gave all of them, nothing is computed.
    """

    digest_names: ClassVar[frozenset[str]] = frozenset({"content-md5"})

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._target_prefix = f"http://{origin.authority.host_field(80)}" if origin.by_proxy else ""
        # Credentials may be among a subclass's fields, and those for a proxy: they are not kept.
        is_usual = getattr(self.default_fields, "__func__", None) is RequestEncoder.default_fields
        if is_usual and not origin.proxy_fields:
            constant = usual_part(origin.host_field)
        else:
            constant = ConstantPart({**self.default_fields(), **origin.proxy_fields})
        self._constant = constant
        # Kept here too, since every request asks for them.
        self._default_closes = constant.closes
        self._plain_end = constant.plain_end

    def default_fields(self) -> Mapping[str, str]:
        """Return the fields that every request has unless the caller gave them."""
        return usual_fields(self.origin.host_field)

    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        """Return the fields that tell the digest of a body.

        Args:
            body: The whole body, as octets.

        Returns:
            Fields; those that the caller gave already are dropped.
        """
        import base64
        import hashlib

        # RFC 1864. Not security relevant: it guards against corruption, also where a FIPS mode
        # forbids MD5 for anything else.
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        return {"Content-MD5": base64.b64encode(digest).decode("ascii")}

    def encode(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: ReadableBuffer | BodyFollowing | None,
        *,
        expect100: bool,
    ) -> EncodedRequest:
        """Check a request whole, and encode it.

        Args:
            method: The method, a token other than CONNECT.
            path: The target in origin-form, or ``*`` for OPTIONS.
            headers: Fields of the caller's.
            body: The whole body, or the announcement of one, or `None`.
            expect100: Whether the body waits for a 100 response.

        Raises:
            ValueError: A part is not allowed; the message names it.
            TypeError: A part has the wrong type.
        """
        if (
            method in _BODILESS_METHODS
            and body is None
            and (headers is None or headers == {})
            and not expect100
            and type(path) is str
            and ORIGIN_FORM.fullmatch(path)
        ):
            head = f"{method} {self._target_prefix}{path}{self._plain_end}".encode("latin-1")
            request = EncodedRequest(_REQUEST, [head], method, path)
            # An argument by name would cost as much as the look-up of all others (bench, small).
            request.closes = self._default_closes
            return request
        target = self._target(method, path)
        given = copied(_NO_FIELDS if headers is None else headers)
        check_fields(given)
        names = lower_names(given)
        _check_caller_fields(given, names)
        request = _plan_body(method, path, body, expect100=expect100)
        try:
            self._add_head(request, target, given, names)
        finally:
            if not request.pieces:  # it was refused
                request.release()
        return request

    def _add_head(
        self,
        request: EncodedRequest,
        target: str,
        given: Mapping[str, str],
        names: Mapping[str, str],
    ) -> None:
        """Complete a request that has all but its head."""
        fields = {**given, **self._body_fields(request, names)}
        if request.event is SendEvent.REQUEST_EXPECTING_CONTINUE:
            _check_expectation(names)
            if "expect" not in names:
                fields["Expect"] = "100-continue"
        elif "100-continue" in names.get("expect", "").lower() and not request.has_content:
            raise ValueError("an expectation of 100-continue needs a body (RFC 9110 10.1.1)")
        given_option = names.get("connection")
        request.closes = self._default_closes if given_option is None else says_close(given_option)
        request.pieces.append(self._encode_head(request.method, target, fields))

    def _encode_head(self, method: str, target: str, fields: Mapping[str, str]) -> bytes:
        constant = self._constant
        if constant.names.keys().isdisjoint(name.lower() for name in fields):
            lines = constant.lines + encode_fields(fields)
        else:
            # Each takes the place of the default of its name: Host is first (RFC 9110 section 7.2).
            merged = {name.lower(): (name, value) for name, value in constant.fields.items()}
            merged.update((name.lower(), (name, value)) for name, value in fields.items())
            lines = encode_fields(dict(merged.values()))
        return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")

    def _target(self, method: str, path: str) -> str:
        if not isinstance(method, str) or not isinstance(path, str):
            wrong = path if isinstance(method, str) else method
            raise TypeError(f"method and path must be str, not {type(wrong).__name__}")
        if not TOKEN.fullmatch(method):
            raise ValueError(f"method is not a token: {method[:40]!r}")
        if method == "CONNECT":
            raise ValueError("method CONNECT is not for requests: tunnels are opened by proxy=")
        if ORIGIN_FORM.fullmatch(path):
            return self._target_prefix + path
        if path == "*" and method == "OPTIONS":
            # RFC 9112 section 3.2.4: a proxy is told "*" by a target without a path.
            return self._target_prefix or path
        raise ValueError(f"path is not in origin-form, visible ASCII without '#': {path[:40]!r}")

    def _body_fields(self, request: EncodedRequest, names: Mapping[str, str]) -> Mapping[str, str]:
        """Return the fields that the body needs and the caller did not give."""
        if request.chunked:
            if "content-length" in names:
                raise ValueError("Content-Length contradicts a body of unknown length")
            return {"Transfer-Encoding": "chunked"}
        length = len(request.body) if request.body is not None else request.length
        fields: dict[str, str] = {}
        if "content-length" in names:
            _check_given_length(names["content-length"], length)
        elif request.event is not SendEvent.REQUEST or request.method in _METHODS_WITH_BODY:
            fields["Content-Length"] = str(length)
        all_given = bool(self.digest_names) and self.digest_names <= names.keys()
        if request.body is not None and not all_given:
            digest = copied(self.digest_fields(request.body))
            check_fields(digest)
            fields.update({n: value for n, value in digest.items() if n.lower() not in names})
        return fields


def _plan_body(
    method: str, path: str, body: ReadableBuffer | BodyFollowing | None, *, expect100: bool
) -> EncodedRequest:
    """Return the request, without its head, that *body* makes."""
    if body is not None and method == "TRACE":
        raise ValueError("a TRACE request has no body (RFC 9110 section 9.3.8)")
    if expect100 and not (isinstance(body, BodyFollowing) and body.length != 0):
        raise ValueError("expect100 needs a BodyFollowing that is not of length 0")
    if body is None:
        request = EncodedRequest(SendEvent.REQUEST, [], method, path)
    elif not isinstance(body, BodyFollowing):
        event = SendEvent.REQUEST_WITH_BODY
        request = EncodedRequest(event, [], method, path, body=octets_of(body))
    elif body.length is None:
        event = SendEvent.REQUEST_BEFORE_CHUNKED_BODY
        request = EncodedRequest(event, [], method, path, chunked=True)
    else:
        # A body of length 0 is complete at once.
        event = SendEvent.REQUEST_BEFORE_SIZED_BODY if body.length else SendEvent.REQUEST_WITH_BODY
        request = EncodedRequest(event, [], method, path, length=body.length)
    if expect100:
        request.event = SendEvent.REQUEST_EXPECTING_CONTINUE
    return request


def _check_caller_fields(given: Mapping[str, str], names: Mapping[str, str]) -> None:
    if len(names) != len(given):
        raise ValueError("headers have two names that are equal but for case")
    if "transfer-encoding" in names:
        raise ValueError("Transfer-Encoding is chosen by dugong: use BodyFollowing() for chunks")
    if "host" in names and not HOST_VALUE.fullmatch(names["host"]):
        raise ValueError(f"not a value for the Host field: {names['host'][:40]!r}")


def _check_given_length(given: str, length: int) -> None:
    if not CONTENT_LENGTH.fullmatch(given) or int(given) != length:
        raise ValueError(f"Content-Length contradicts a body of {length} octets: {given[:40]!r}")


def _check_expectation(names: Mapping[str, str]) -> None:
    expectation = names.get("expect", "100-continue")
    if expectation.lower() != "100-continue":
        raise ValueError(f"Expect contradicts expect100: {expectation[:40]!r}")


def encode_connect(authority: Authority, fields: Mapping[str, str]) -> bytes:
    """Return the request that asks a proxy for a tunnel to *authority*.

    Args:
        authority: The host and port at the other end of the tunnel.
        fields: Fields for the proxy, already checked.
    """
    text = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{encode_fields(fields)}\r\n"
    return text.encode("latin-1")

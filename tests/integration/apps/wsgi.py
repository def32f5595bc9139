"""The test application as WSGI, for gunicorn and cheroot. What it answers: see `answers`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from tests.integration.apps.answers import (
    Answer,
    BodyDigest,
    Fields,
    Route,
    find_answer,
    parse_route,
    text_answer,
)
from tests.integration.apps.payload import MAX_PIECE, pieces

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

OCTET_STREAM: Final = ("Content-Type", "application/octet-stream")


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request."""
    route = parse_route(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
    answer = find_answer(route, request_fields(environ)) or answer_from_body(route, environ)
    if answer is not None:
        start_response(f"{answer.status} {answer.reason}", list(answer.fields))
        return [answer.body] if answer.has_body else []
    number = route.number or 0
    match route.name:
        case "/bytes":
            start_response("200 OK", [OCTET_STREAM, ("Content-Length", str(number))])
            return pieces(number)
        case "/chunked":
            start_response("200 OK", [OCTET_STREAM])
            return pieces(number, route.piece)
        case _:  # a chunked /echo
            start_response("200 OK", [OCTET_STREAM])
            return request_body(environ)


def answer_from_body(route: Route, environ: "WSGIEnvironment") -> Answer | None:
    """Return the answer that follows from the request's body, if there is one."""
    if route.name == "/md5":
        digest = BodyDigest(environ.get("HTTP_CONTENT_MD5", ""))
        for piece in request_body(environ):
            digest.update(piece)
        return digest.answer()
    if route.name == "/continue":
        return text_answer(str(sum(map(len, request_body(environ)))))
    if route.name == "/echo" and not environ.get("HTTP_TRANSFER_ENCODING"):
        return Answer(200, OCTET_STREAM[1], b"".join(request_body(environ)))
    return None


def request_body(environ: "WSGIEnvironment") -> Iterator[bytes]:
    """Yield the body of the request; both servers end the input with the body."""
    while piece := environ["wsgi.input"].read(MAX_PIECE):
        yield piece


def request_fields(environ: "WSGIEnvironment") -> Fields:
    """Return the request's fields, as far as WSGI keeps them: repeated ones are joined."""
    fields = [
        (name[5:].replace("_", "-"), str(value))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    return fields + [
        (name.replace("_", "-"), str(environ[name]))
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(name)
    ]

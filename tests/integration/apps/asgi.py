"""The test application as ASGI, for uvicorn and hypercorn. What it answers: see `answers`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, NotRequired, TypeAlias, TypedDict

from tests.integration.apps.answers import (
    Answer,
    BodyDigest,
    Fields,
    Route,
    find_answer,
    parse_route,
    text_answer,
)
from tests.integration.apps.payload import pieces

OCTET_STREAM: Final = ("Content-Type", "application/octet-stream")


class Scope(TypedDict):
    """What the server says of a connection; of a lifespan scope only the type is there."""

    type: str
    path: str
    query_string: bytes
    headers: Sequence[tuple[bytes, bytes]]


class Event(TypedDict):
    """What the server says while the request goes on."""

    type: str
    body: NotRequired[bytes]
    more_body: NotRequired[bool]


Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Mapping[str, object]], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    route = parse_route(scope["path"], scope["query_string"].decode("latin-1"))
    answer = find_answer(route, fields) or await answer_from_body(route, fields, receive)
    if answer is not None:
        await send_head(send, answer.status, answer.fields)
        await send_piece(send, answer.body if answer.has_body else b"", last=True)
    else:
        await stream(route, receive, send)


async def stream(route: Route, receive: Receive, send: Send) -> None:
    """Send a response piece by piece."""
    number = route.number or 0
    match route.name:
        case "/bytes":
            await send_head(send, 200, [OCTET_STREAM, ("Content-Length", str(number))])
            for piece in pieces(number):
                await send_piece(send, piece)
        case "/chunked":
            await send_head(send, 200, [OCTET_STREAM])
            for piece in pieces(number, route.piece):
                await send_piece(send, piece)
        case _:  # a chunked /echo
            await send_head(send, 200, [OCTET_STREAM])
            async for piece in request_body(receive):
                await send_piece(send, piece)
    await send_piece(send, b"", last=True)


async def answer_from_body(route: Route, fields: Fields, receive: Receive) -> Answer | None:
    """Return the answer that follows from the request's body, if there is one."""
    named = {name.lower(): value for name, value in fields}
    if route.name == "/md5":
        digest = BodyDigest(named.get("content-md5", ""))
        async for piece in request_body(receive):
            digest.update(piece)
        return digest.answer()
    if route.name == "/continue":
        return text_answer(str(sum([len(piece) async for piece in request_body(receive)])))
    if route.name == "/echo" and "transfer-encoding" not in named:
        body = b"".join([piece async for piece in request_body(receive)])
        return Answer(200, OCTET_STREAM[1], body)
    return None


async def request_body(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body of the request.

    Raises:
        ConnectionError: The client went away before its end.
    """
    more = True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise ConnectionError("client went away before the end of the body")
        if piece := event.get("body", b""):
            yield piece
        more = event.get("more_body", False)


async def send_head(send: Send, status: int, fields: Fields) -> None:
    """Begin the response."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_piece(send: Send, piece: bytes, *, last: bool = False) -> None:
    """Send a piece of the response's body."""
    await send({"type": "http.response.body", "body": piece, "more_body": not last})

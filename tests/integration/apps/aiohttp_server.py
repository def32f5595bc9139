"""The test application on aiohttp's own server; run with `-m` and the port. See `answers`."""

import sys

from aiohttp import web

from tests.integration.apps.answers import (
    Answer,
    BodyDigest,
    find_answer,
    parse_route,
    text_answer,
)
from tests.integration.apps.payload import MAX_PIECE, pieces


async def answer_request(request: web.Request) -> web.StreamResponse:
    """Answer one request."""
    route = parse_route(request.path, request.query_string)
    answer = find_answer(route, list(request.headers.items()))
    number = route.number or 0
    if answer is not None:
        return whole(answer)
    match route.name:
        case "/bytes":
            return await stream_payload(request, number, MAX_PIECE, chunked=False)
        case "/chunked":
            return await stream_payload(request, number, route.piece, chunked=True)
        case "/echo":
            return await echo(request)
        case "/continue":
            return whole(text_answer(str(len(await request.read()))))
        case _:
            return await digest_body(request)


async def reject(request: web.Request) -> web.Response:
    """Answer `Expect` with the final response, instead of the 100 that aiohttp sends else."""
    answer = find_answer(parse_route(request.path, request.query_string), ())
    assert answer is not None
    return whole(answer)


def whole(answer: Answer) -> web.Response:
    """Return *answer* as aiohttp's own kind."""
    return web.Response(
        status=answer.status,
        reason=answer.reason,
        headers=dict(answer.fields),
        body=answer.body if answer.has_body else None,
    )


async def stream_payload(
    request: web.Request, count: int, size: int, *, chunked: bool
) -> web.StreamResponse:
    """Send *count* octets in pieces of *size*, with Content-Length or chunked."""
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    if chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = count
    await response.prepare(request)
    for piece in pieces(count, size):
        await response.write(piece)
    await response.write_eof()
    return response


async def echo(request: web.Request) -> web.StreamResponse:
    """Send the request's body back; piece by piece if it is chunked."""
    headers = {"Content-Type": "application/octet-stream"}
    if "Transfer-Encoding" not in request.headers:
        return web.Response(body=await request.read(), headers=headers)
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


async def digest_body(request: web.Request) -> web.StreamResponse:
    """Answer the digest of the request's body."""
    digest = BodyDigest(request.headers.get("Content-MD5", ""))
    async for piece in request.content.iter_any():
        digest.update(piece)
    return whole(digest.answer())


def main(port: int) -> None:
    """Serve on 127.0.0.1 until a signal comes."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/reject{number:.*}", answer_request, expect_handler=reject)
    app.router.add_route("*", "/{path:.*}", answer_request)
    web.run_app(app, host="127.0.0.1", port=port, shutdown_timeout=1.0, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))

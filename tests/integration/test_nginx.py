"""The library against nginx: what a program meets every day, on a server that it did not write."""

import contextlib
import re

import pytest

from dugong import BodyFollowing, ConnectionClosed, HTTPConnection
from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, fetch, write_all
from tests.integration.servers import SMALL_TEXT, Nginx, Server

MIB = 1024 * 1024
UPLOADED = {201, 204}

over_both = pytest.mark.parametrize("port", ["plain", "tls"])


@both_faces
@over_both
class TestDownload:
    @pytest.fixture
    def connection(
        self, nginx: Nginx, tls_contexts: TlsContexts, port: str, face: type[HTTPConnection]
    ) -> HTTPConnection:
        return client_of(getattr(nginx, port), tls_contexts, face)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            pytest.param("/empty.bin", b"", id="empty"),
            pytest.param("/small.txt", SMALL_TEXT, id="small"),
            pytest.param("/1m.bin", payload(MIB), id="1m"),
        ],
    )
    def test_get_gives_the_file(self, connection: HTTPConnection, path: str, body: bytes) -> None:
        with connection:
            got = fetch(connection, path)
        assert (got.status, got.body, got.response.length) == (200, body, len(body))

    def test_head_has_no_body(self, connection: HTTPConnection) -> None:
        with connection:
            got = fetch(connection, "/1m.bin", method="HEAD")
            assert (got.status, got.body, got.response.length) == (200, b"", 0)
            assert got.response.headers["Content-Length"] == str(MIB)
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    def test_range_is_206(self, connection: HTTPConnection) -> None:
        with connection:
            got = fetch(connection, "/1m.bin", headers={"Range": "bytes=100-199"})
        assert (got.status, got.body) == (206, payload(200)[100:])

    def test_several_ranges_come_as_multipart(self, connection: HTTPConnection) -> None:
        with connection:
            got = fetch(connection, "/1m.bin", headers={"Range": "bytes=0-9,251-260"})
        assert got.response.headers.get_content_type() == "multipart/byteranges"
        assert got.body.count(payload(10)) == 2

    def test_range_beyond_the_end_is_416(self, connection: HTTPConnection) -> None:
        with connection:
            assert fetch(connection, "/small.txt", headers={"Range": "bytes=99-"}).status == 416
            assert fetch(connection, "/small.txt").status == 200

    @pytest.mark.parametrize(
        ("validator", "condition"),
        [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")],
        ids=["etag", "date"],
    )
    def test_unchanged_file_is_304(
        self, connection: HTTPConnection, validator: str, condition: str
    ) -> None:
        with connection:
            first = fetch(connection, "/small.txt").response
            got = fetch(connection, "/small.txt", headers={condition: first.headers[validator]})
            assert (got.status, got.body, got.response.length) == (304, b"", 0)
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    @pytest.mark.parametrize("name", ["small.txt", "1m.bin"])
    def test_chunked_file_is_the_file(
        self, connection: HTTPConnection, nginx: Nginx, name: str
    ) -> None:
        with connection:
            got = fetch(connection, f"/chunked/{name}")
            assert got.response.length is None
            assert got.body == (nginx.files / name).read_bytes()
            assert connection.trailers is not None
            assert not connection.trailers.items()
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    def test_body_may_end_by_closing(self, connection: HTTPConnection) -> None:
        with connection:
            got = fetch(connection, "/until-close/1m.bin")
        assert (got.response.length, got.body) == (None, payload(MIB))

    def test_connection_is_dead_after_a_body_that_ended_by_closing(
        self, connection: HTTPConnection
    ) -> None:
        with connection:
            fetch(connection, "/until-close/small.txt")
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/small.txt")
            connection.disconnect()
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/no-content", 204), ("/found", 302), ("/moved", 301), ("/forbidden", 403), ("/no", 404)],
    )
    def test_connection_goes_on_after_any_status(
        self, connection: HTTPConnection, path: str, status: int
    ) -> None:
        with connection:
            assert fetch(connection, path).status == status
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    def test_pipelined_responses_come_in_order(self, connection: HTTPConnection) -> None:
        ranges = [(start, start + start % 7) for start in range(50)]
        with connection:
            for first, last in ranges:
                connection.send_request("GET", "/1m.bin", {"Range": f"bytes={first}-{last}"})
            for first, last in ranges:
                assert connection.response_pending()
                assert connection.read_response().status == 206
                assert connection.readall() == payload(last + 1)[first:]
            assert not connection.response_pending()

    def test_discarded_body_is_followed_by_the_next_response(
        self, connection: HTTPConnection
    ) -> None:
        with connection:
            connection.send_request("GET", "/64m.bin")
            connection.send_request("GET", "/small.txt")
            connection.read_response()
            connection.discard()
            connection.read_response()
            assert connection.readall() == SMALL_TEXT

    def test_readinto_gives_the_file(self, connection: HTTPConnection) -> None:
        body = bytearray(MIB)
        with connection, memoryview(body) as view:
            connection.send_request("GET", "/1m.bin")
            connection.read_response()
            count = 0
            while received := connection.readinto(view[count:] or bytearray(1)):
                count += received
        assert body == payload(MIB)


@both_faces
@over_both
class TestUpload:
    @pytest.fixture
    def connection(
        self, nginx: Nginx, tls_contexts: TlsContexts, port: str, face: type[HTTPConnection]
    ) -> HTTPConnection:
        return client_of(getattr(nginx, port), tls_contexts, face)

    @pytest.fixture
    def path(self, request: pytest.FixtureRequest) -> str:
        return f"/upload/{re.sub(r'[^a-z0-9]+', '-', request.node.name)}.bin"

    def test_put_in_one_call(self, connection: HTTPConnection, path: str) -> None:
        with connection:
            put = fetch(connection, path, method="PUT", body=payload(MIB))
            assert put.status in UPLOADED
            assert fetch(connection, path).body == payload(MIB)

    @pytest.mark.parametrize("length", [MIB, None], ids=["sized", "chunked"])
    def test_put_in_pieces(self, connection: HTTPConnection, path: str, length: int | None) -> None:
        with connection:
            connection.send_request("PUT", path, body=BodyFollowing(length))
            write_all(connection, pieces(MIB, 40_000))
            connection.end_body()
            assert connection.read_response().status in UPLOADED
            connection.discard()
            assert fetch(connection, path).body == payload(MIB)

    def test_file_is_deleted(self, connection: HTTPConnection, path: str) -> None:
        with connection:
            fetch(connection, path, method="PUT", body=b"for a moment")
            assert fetch(connection, path, method="DELETE").status == 204
            assert fetch(connection, path).status == 404

    def test_body_waits_for_the_100(self, connection: HTTPConnection, path: str) -> None:
        with connection:
            connection.send_request("PUT", path, body=BodyFollowing(1000), expect100=True)
            assert connection.read_response().status == 100
            connection.write(payload(1000))
            assert connection.read_response().status in UPLOADED
            connection.discard()
            assert fetch(connection, path).body == payload(1000)

    def test_refused_body_is_not_sent(self, connection: HTTPConnection) -> None:
        with connection:
            body = BodyFollowing(5000)
            connection.send_request("PUT", "/limited/x", body=body, expect100=True)
            assert connection.read_response().status == 413
            connection.discard()
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

    def test_403_may_follow_the_100(self, connection: HTTPConnection) -> None:
        with connection:
            body = BodyFollowing(5)
            connection.send_request("PUT", "/forbidden", body=body, expect100=True)
            assert connection.read_response().status == 100
            connection.write(b"12345")
            assert connection.read_response().status == 403
            assert connection.readall() == b"forbidden\n"


def write_until_closed(connection: HTTPConnection, count: int) -> None:
    """Write a body of *count* octets that the server does not want."""
    with pytest.raises(ConnectionClosed):
        write_all(connection, pieces(count))


@both_faces
class TestEarlyResponse:
    @pytest.mark.parametrize("length", [300_000_000, None], ids=["sized", "chunked"])
    def test_413_is_read_after_the_upload_failed(
        self, nginx: Nginx, face: type[HTTPConnection], length: int | None
    ) -> None:
        with client_of(nginx.abrupt, face=face) as connection:
            connection.send_request("PUT", "/limited/x", body=BodyFollowing(length))
            write_until_closed(connection, 300_000_000)
            assert connection.response_pending()
            response = connection.read_response()
            assert (response.status, response.path) == (413, "/limited/x")
            assert b"413" in connection.readall()

    def test_413_is_read_after_a_whole_upload_that_nobody_wanted(
        self, nginx: Nginx, face: type[HTTPConnection]
    ) -> None:
        with client_of(nginx.lingering, face=face) as connection:
            connection.send_request("PUT", "/limited/x", body=BodyFollowing(3_000_000))
            write_all(connection, pieces(3_000_000))
            assert connection.read_response().status == 413
            assert b"413" in connection.readall()

    def test_connection_is_new_after_disconnect(
        self, nginx: Nginx, face: type[HTTPConnection]
    ) -> None:
        with client_of(nginx.abrupt, face=face) as connection:
            connection.send_request("PUT", "/limited/x", body=BodyFollowing(300_000_000))
            write_until_closed(connection, 300_000_000)
            connection.disconnect()
            assert fetch(connection, "/small.txt").body == SMALL_TEXT


@both_faces
class TestKeepAliveLimit:
    """nginx closes with the fifth response, while up to eight requests are pipelined."""

    @pytest.fixture
    def server(self, nginx: Nginx) -> Server:
        return nginx.few_requests

    def read_five(self, connection: HTTPConnection) -> None:
        # nginx may have closed before the last ones go out.
        with contextlib.suppress(ConnectionClosed):
            for _ in range(8):
                connection.send_request("GET", "/small.txt")
        for _ in range(5):
            assert connection.read_response().status == 200
            assert connection.readall() == SMALL_TEXT

    def test_lost_requests_learn_it(self, server: Server, face: type[HTTPConnection]) -> None:
        with client_of(server, face=face) as connection:
            self.read_five(connection)
            for _ in range(4):
                assert connection.response_pending()
                with pytest.raises(ConnectionClosed):
                    connection.read_response()

    def test_further_requests_are_not_sent(
        self, server: Server, face: type[HTTPConnection]
    ) -> None:
        with client_of(server, face=face) as connection:
            self.read_five(connection)
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/small.txt")

    def test_disconnect_forgets_them(self, server: Server, face: type[HTTPConnection]) -> None:
        with client_of(server, face=face) as connection:
            self.read_five(connection)
            connection.disconnect()
            assert not connection.response_pending()
            assert fetch(connection, "/small.txt").body == SMALL_TEXT

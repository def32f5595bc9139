"""The library against servers from PyPI: bodies both ways, expectations, statuses, digests."""

import base64
import hashlib
import json

import pytest

from dugong import BodyFollowing, HTTPConnection
from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, fetch, write_all
from tests.integration.servers import Server

pytestmark = both_faces


@pytest.fixture
def connection(
    python_server: Server, tls_contexts: TlsContexts, face: type[HTTPConnection]
) -> HTTPConnection:
    return client_of(python_server, tls_contexts, face)


def upload(connection: HTTPConnection, path: str, body: BodyFollowing, count: int) -> bytes:
    """Send `payload` in pieces, and return the body of the response."""
    connection.send_request("POST", path, body=body)
    write_all(connection, pieces(count, 10_000))
    connection.end_body()
    assert connection.read_response().status == 200
    return connection.readall()


@pytest.mark.parametrize("count", [0, 1, 1_000_000])
def test_sized_body_is_read(connection: HTTPConnection, count: int) -> None:
    with connection:
        got = fetch(connection, f"/bytes/{count}")
    assert (got.status, got.body, got.response.length) == (200, payload(count), count)


@pytest.mark.parametrize("query", ["", "?piece=7"], ids=["large-chunks", "small-chunks"])
def test_chunked_body_is_read(connection: HTTPConnection, query: str) -> None:
    with connection:
        got = fetch(connection, f"/chunked/20000{query}")
        assert (got.response.length, got.body) == (None, payload(20_000))
        assert fetch(connection, "/bytes/3").body == payload(3)


@pytest.mark.parametrize("count", [0, 1, 300_000])
def test_whole_body_is_echoed(connection: HTTPConnection, count: int) -> None:
    with connection:
        got = fetch(connection, "/echo", method="POST", body=payload(count))
    assert (got.body, got.response.length) == (payload(count), count)


def test_sized_body_is_echoed(connection: HTTPConnection) -> None:
    with connection:
        assert upload(connection, "/echo", BodyFollowing(300_000), 300_000) == payload(300_000)


# Not more than socket buffers hold: the servers echo while the body is still being written.
@pytest.mark.parametrize("count", [0, 30_000])
def test_chunked_body_is_echoed(connection: HTTPConnection, count: int) -> None:
    with connection:
        assert upload(connection, "/echo", BodyFollowing(), count) == payload(count)
        assert fetch(connection, "/bytes/3").body == payload(3)


@pytest.mark.parametrize("body", [BodyFollowing(1_000_000), BodyFollowing()], ids=str)
def test_large_upload_arrives_whole(connection: HTTPConnection, body: BodyFollowing) -> None:
    with connection:
        report = json.loads(upload(connection, "/md5", body, 1_000_000))
    digest = hashlib.md5(payload(1_000_000)).hexdigest()
    assert report == {"length": 1_000_000, "md5": digest, "content_md5": "absent"}


def test_trailers_do_not_disturb_the_request(connection: HTTPConnection) -> None:
    with connection:
        connection.send_request("PUT", "/md5", body=BodyFollowing())
        connection.write(b"hello")
        connection.end_body({"X-Checksum": "1234"})
        assert connection.read_response().status == 200
        assert json.loads(connection.readall())["length"] == 5


def test_content_md5_is_right(connection: HTTPConnection) -> None:
    with connection:
        got = fetch(connection, "/md5", method="PUT", body=payload(5000))
    assert (got.status, json.loads(got.body)["content_md5"]) == (200, "right")


def test_content_md5_of_the_caller_is_sent_as_it_is(connection: HTTPConnection) -> None:
    wrong = base64.b64encode(bytes(16)).decode("ascii")
    with connection:
        got = fetch(
            connection, "/md5", method="PUT", headers={"Content-MD5": wrong}, body=payload(5000)
        )
    assert (got.status, json.loads(got.body)["content_md5"]) == (400, "wrong")


@pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
def test_status_is_told_and_connection_goes_on(connection: HTTPConnection, status: int) -> None:
    with connection:
        got = fetch(connection, f"/status/{status}")
        assert got.status == status
        assert bool(got.body) == (status not in {204, 304})
        assert fetch(connection, "/bytes/3").body == payload(3)


@pytest.mark.parametrize("path", ["/bytes/1000", "/chunked/1000", "/status/404"])
def test_head_has_no_body(connection: HTTPConnection, path: str) -> None:
    with connection:
        got = fetch(connection, path, method="HEAD")
        assert (got.body, got.response.length) == (b"", 0)
        assert not connection.response_pending()


def test_fields_arrive(connection: HTTPConnection) -> None:
    with connection:
        got = fetch(connection, "/echo-headers", headers={"X-Test": "sea  cow", "X-Empty": ""})
    fields = dict(json.loads(got.body))
    assert fields["x-test"] == "sea  cow"
    assert fields["host"] == f"{connection.hostname}:{connection.port}"
    assert fields["accept-encoding"] == "identity"


def test_pipelined_responses_come_in_order(connection: HTTPConnection) -> None:
    counts = [0, 3, 70_000, 1, 20]
    with connection:
        for count in counts:
            connection.send_request("GET", f"/bytes/{count}")
        for count in counts:
            assert connection.read_response().path == f"/bytes/{count}"
            assert connection.readall() == payload(count)


def test_connection_close_of_the_caller_ends_it(connection: HTTPConnection) -> None:
    with connection:
        got = fetch(connection, "/bytes/10", headers={"Connection": "close"})
        assert got.body == payload(10)
        connection.disconnect()
        assert fetch(connection, "/bytes/3").body == payload(3)


class TestExpectContinue:
    @pytest.mark.parametrize("body", [BodyFollowing(5), BodyFollowing()], ids=str)
    def test_body_is_sent_after_the_100(
        self, connection: HTTPConnection, body: BodyFollowing
    ) -> None:
        with connection:
            connection.send_request("PUT", "/continue", body=body, expect100=True)
            assert connection.read_response().status == 100
            connection.write(b"12345")
            connection.end_body()
            assert connection.read_response().status == 200
            assert connection.readall() == b"5"

    def test_refusal_leads_to_a_new_connection(
        self, connection: HTTPConnection, python_server: Server
    ) -> None:
        with connection:
            body = BodyFollowing(5)
            connection.send_request("PUT", "/reject/417", body=body, expect100=True)
            response = connection.read_response()
            if not python_server.defers_continue and response.status == 100:
                connection.write(b"12345")
                assert connection.read_response().status == 417
                connection.discard()
                connection.disconnect()
            else:
                assert response.status == 417
                assert connection.readall() == b"rejected\n"
            assert fetch(connection, "/bytes/3").body == payload(3)

    def test_whoever_does_not_wait_gets_the_response(self, connection: HTTPConnection) -> None:
        with connection:
            body = BodyFollowing(5)
            connection.send_request("PUT", "/continue", body=body, expect100=True)
            connection.skip_continue()
            connection.write(b"12345")
            response = connection.read_response()
            assert response.status == 200
            assert [interim.status for interim in response.interim] in ([], [100])
            assert connection.readall() == b"5"

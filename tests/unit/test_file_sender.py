from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from dugong import BodyFollowing, ConnectionClosed, ExcessBodyData, InvalidResponse, StateError
from dugong.exchange.file_sender import FileSender, OutgoingFile
from dugong.exchange.file_source import judge_file
from dugong.protocol.authority import Authority
from dugong.protocol.origin import Origin
from dugong.protocol.request import RequestEncoder
from dugong.protocol.state import Phase, Sending, is_readable
from dugong.testing import ScriptedTransport
from tests.unit.faces import Face, both_faces, conversation, finish, suspend

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import SupportsRead

    from dugong import PollNeeded
    from dugong.exchange.conversation import Conversation

ENCODER = RequestEncoder(Origin(Authority("example.com", 80)))
MIB = 1_048_576
PIECE = 65_536
DATA = bytes(range(251)) * 10_000  # some 2.4 MiB
SMALL = DATA[:10]


class FileTransport(ScriptedTransport):
    """Sends files by itself: as many octets as the script says, then all.

    A 0 is a send that would block, `None` one that is not possible.
    """

    def __init__(self, *accepts: int | Exception | None, sends: Iterable[int] = ()) -> None:
        super().__init__(accepts=[10_000, *sends])
        self.calls: list[tuple[int, int]] = []
        self._accepts_of_files = deque(accepts)

    def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
        self.calls.append((offset, count))
        accepted = self._accepts_of_files.popleft() if self._accepts_of_files else count
        if isinstance(accepted, Exception):
            raise accepted
        if not accepted:
            return self.writable if accepted == 0 else None
        data = os.pread(fd, min(accepted, count), offset)
        self.sent += data
        return len(data)

    @property
    def body(self) -> bytes:
        return bytes(self.sent.partition(b"\r\n\r\n")[2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def file(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as file:
        yield file


def begin(talk: Conversation, length: int | None = len(DATA)) -> None:
    """Send the head of a request."""
    talk.sender.send(ENCODER.encode("PUT", "/path", None, BodyFollowing(length), expect100=False))


def sender_of(talk: Conversation) -> FileSender:
    return FileSender(talk.sender, talk.link)


def prepare(
    talk: Conversation, file: SupportsRead[bytes], count: int | None = None
) -> OutgoingFile:
    return sender_of(talk).prepare(judge_file(file, count))


def send_in(
    face: Face, talk: Conversation, file: SupportsRead[bytes], count: int | None = None
) -> int:
    outgoing = prepare(talk, file, count)
    if face is Face.BLOCKING:
        return sender_of(talk).send(outgoing)
    return finish(sender_of(talk).co_send(outgoing))


def chunks(*payloads: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(payload), payload) for payload in payloads)


# -- by the transport


@both_faces
@pytest.mark.parametrize("accepts", [(), (0, 1, 0, 0, 70_000)], ids=["at once", "in parts"])
def test_transport_sends_a_file_by_itself(
    face: Face, accepts: tuple[int, ...], file: io.BufferedReader
) -> None:
    transport = FileTransport(*accepts)
    with conversation(transport) as talk:
        begin(talk)
        assert send_in(face, talk, file) == len(DATA)
        assert len(transport.sends) == 1  # that of the head
        assert transport.body == DATA
        assert file.tell() == len(DATA)
        assert talk.link.state.sending is Sending.SIZED_COMPLETE


def test_partial_sends_go_on_where_they_ended(file: io.BufferedReader) -> None:
    transport = FileTransport(7, 0, 3)
    with conversation(transport) as talk:
        begin(talk)
        file.seek(5)
        send_in(Face.COROUTINE, talk, file, 20)
        assert transport.calls == [(5, 20), (12, 13), (12, 13), (15, 10)]


@both_faces
def test_chunks_are_of_a_mebibyte(face: Face, file: io.BufferedReader) -> None:
    transport = FileTransport(5, 0, sends=[2, 0])
    with conversation(transport) as talk:
        begin(talk, None)
        assert send_in(face, talk, file) == len(DATA)
        assert transport.body == chunks(DATA[:MIB], DATA[MIB : 2 * MIB], DATA[2 * MIB :])
        assert talk.link.state.sending is Sending.CHUNKED_BODY


def test_body_goes_on_behind_a_file(file: io.BufferedReader) -> None:
    transport = FileTransport()
    with conversation(transport) as talk:
        begin(talk, 20)
        for _ in range(2):
            assert send_in(Face.BLOCKING, talk, file, 7) == 7
        assert talk.link.state.body_left == 6
        outgoing = talk.sender.prepare_write(memoryview(b"123456"))
        assert outgoing is not None
        talk.sender.send(outgoing)
        assert transport.body == DATA[:14] + b"123456"


def test_request_is_whole_with_the_last_octet(file: io.BufferedReader) -> None:
    with conversation(FileTransport(5, 0)) as talk:
        begin(talk)
        entry = talk.link.state.owed[0]
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        assert not is_readable(entry)
        finish(crt)
        assert entry.phase is Phase.WHOLE


# -- by reading


@both_faces
@pytest.mark.parametrize("length", [len(DATA), None], ids=["sized", "chunked"])
@pytest.mark.parametrize("sends", [(), (3, 0, 5, 1000, 0)], ids=["at once", "in parts"])
def test_file_is_read_where_the_transport_cannot_send_it(
    face: Face, length: int | None, sends: tuple[int, ...], file: io.BufferedReader
) -> None:
    transport = FileTransport(None, ConnectionClosed("asked twice"), sends=sends)
    with conversation(transport) as talk:
        begin(talk, length)
        assert send_in(face, talk, file) == len(DATA)
        assert max(transport.sends) == PIECE
        sized = chunks(DATA[:MIB], DATA[MIB : 2 * MIB], DATA[2 * MIB :])
        assert transport.body == (DATA if length else sized)
        assert file.tell() == len(DATA)


def test_file_is_read_where_the_transport_cannot_go_on(file: io.BufferedReader) -> None:
    transport = FileTransport(7, None)
    with conversation(transport) as talk:
        begin(talk)
        assert send_in(Face.BLOCKING, talk, file) == len(DATA)
        assert transport.body == DATA


@both_faces
@pytest.mark.parametrize("count", [None, 100_000])
@pytest.mark.parametrize("sends", [(), (3, 0, 5, 1000, 0)], ids=["at once", "in parts"])
def test_octets_in_memory_are_read(face: Face, count: int | None, sends: tuple[int, ...]) -> None:
    transport = FileTransport(sends=sends)
    with conversation(transport) as talk:
        begin(talk, 100_000)
        assert send_in(face, talk, io.BytesIO(DATA[:100_000]), count) == 100_000
        assert transport.body == DATA[:100_000]
        assert not transport.calls
        assert talk.link.state.sending is Sending.SIZED_COMPLETE


@both_faces
def test_each_piece_that_is_read_makes_one_chunk(face: Face) -> None:
    transport = FileTransport()
    with conversation(transport) as talk:
        begin(talk, None)
        assert send_in(face, talk, io.BytesIO(DATA[: PIECE + 5])) == PIECE + 5
        assert transport.body == chunks(DATA[:PIECE], DATA[PIECE : PIECE + 5])


@both_faces
@pytest.mark.parametrize("length", [5, None], ids=["sized", "chunked"])
def test_empty_file_sends_nothing_and_ends_nothing(face: Face, length: int | None) -> None:
    transport = FileTransport()
    with conversation(transport) as talk:
        begin(talk, length)
        before = talk.link.state.sending
        assert send_in(face, talk, io.BytesIO()) == 0
        assert not transport.body
        assert talk.link.state.sending is before


# -- what is refused


@pytest.mark.parametrize("count", [None, 6])
def test_excess_of_a_known_size_is_refused_before_anything_is_sent(
    count: int | None, file: io.BufferedReader
) -> None:
    with conversation(FileTransport()) as talk:
        begin(talk, 5)
        with pytest.raises(ExcessBodyData, match="5 octets of the body are left, but"):
            prepare(talk, file, count)


def test_excess_that_is_found_on_the_way_is_not_sent() -> None:
    transport = FileTransport()
    with conversation(transport) as talk:
        begin(talk, 70_000)
        with pytest.raises(ExcessBodyData, match="4464 octets of the body are left"):
            send_in(Face.BLOCKING, talk, io.BytesIO(DATA))
        assert transport.body == DATA[:PIECE]
        assert talk.link.state.broken_off is not None


def test_excess_that_is_found_before_anything_went_out_leaves_no_trace() -> None:
    source = io.BytesIO(SMALL)
    with conversation(FileTransport()) as talk:
        begin(talk, 5)
        with pytest.raises(ExcessBodyData):
            send_in(Face.BLOCKING, talk, source)
        assert source.tell() == 0
        assert send_in(Face.BLOCKING, talk, source, 5) == 5


def test_no_file_is_sent_without_an_open_body(file: io.BufferedReader) -> None:
    with conversation(FileTransport()) as talk, pytest.raises(StateError, match="send_file"):
        prepare(talk, file)


def test_no_file_is_sent_while_another_send_is_suspended(file: io.BufferedReader) -> None:
    with conversation(FileTransport(0)) as talk:
        begin(talk)
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        with pytest.raises(StateError, match="not finished"):
            prepare(talk, file)
        with pytest.raises(StateError, match="not finished"):
            talk.sender.prepare_write(memoryview(b"x"))
        crt.close()


# -- sends that do not end


@pytest.mark.parametrize("length", [len(DATA), None], ids=["sized", "chunked"])
def test_file_that_is_given_up_before_anything_is_out_leaves_no_trace(
    length: int | None, file: io.BufferedReader
) -> None:
    transport = FileTransport(0) if length else FileTransport(sends=[0])
    with conversation(transport) as talk:
        begin(talk, length)
        file.seek(9)
        crt = sender_of(talk).co_send(prepare(talk, file, 1))
        suspend(crt)
        crt.close()
        assert file.tell() == 9
        assert talk.link.state.broken_off is None
        send_in(Face.BLOCKING, talk, file, 1)


@pytest.mark.parametrize(
    "transport",
    [
        pytest.param(lambda: FileTransport(5, 0), id="by the transport"),
        pytest.param(lambda: FileTransport(None, sends=[5, 0]), id="by reading"),
    ],
)
def test_file_that_is_given_up_in_its_middle_ends_the_sending(
    transport: type[FileTransport], file: io.BufferedReader
) -> None:
    with conversation(transport()) as talk:
        begin(talk)
        entry = talk.link.state.owed[0]
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        crt.close()
        assert entry.phase is Phase.CUT
        with pytest.raises(ConnectionClosed, match="given up"):
            prepare(talk, file)


def test_size_line_that_went_out_is_a_part(file: io.BufferedReader) -> None:
    with conversation(FileTransport(0)) as talk:
        begin(talk, None)
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        crt.close()
        assert talk.link.state.broken_off is not None


def test_tls_record_that_was_begun_counts_as_gone_out(file: io.BufferedReader) -> None:
    class Committing(FileTransport):
        is_committed = True

    with conversation(Committing(None, sends=[0])) as talk:
        begin(talk)
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        crt.close()
        assert talk.link.state.broken_off is not None


@both_faces
@pytest.mark.parametrize("fails_at_reading", [True, False], ids=["send", "send_file"])
@pytest.mark.parametrize("goes_first", [(), (5,)], ids=["nothing out", "part out"])
def test_failed_send_ends_the_sending(
    face: Face, fails_at_reading: bool, goes_first: tuple[int, ...], file: io.BufferedReader
) -> None:
    failing: list[int | Exception] = [*goes_first, ConnectionClosed("reset")]
    transport = FileTransport(None) if fails_at_reading else FileTransport(*failing)
    with conversation(transport) as talk:
        begin(talk)
        if fails_at_reading:
            transport._accepts.extend(failing)
        with pytest.raises(ConnectionClosed, match="reset"):
            send_in(face, talk, file)
        with pytest.raises(ConnectionClosed, match=r"failed before.*reset"):
            prepare(talk, file)
        talk.link.check_alive()


def test_file_that_goes_on_meets_the_death_of_the_connection(file: io.BufferedReader) -> None:
    with conversation(FileTransport(5, 0)) as talk:
        begin(talk)
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        talk.link.fail(InvalidResponse("nonsense"))
        with pytest.raises(InvalidResponse, match="nonsense"):
            next(crt)


@both_faces
def test_file_that_became_shorter_ends_the_sending(
    face: Face, path: Path, file: io.BufferedReader
) -> None:
    with conversation(FileTransport()) as talk:
        begin(talk)
        outgoing = prepare(talk, file)
        os.truncate(path, 10)
        files = sender_of(talk)
        with pytest.raises(EOFError, match="shorter"):
            files.send(outgoing) if face is Face.BLOCKING else finish(files.co_send(outgoing))
        assert file.tell() == 10
        with pytest.raises(ConnectionClosed, match="given up"):
            prepare(talk, file)


def test_file_that_cannot_be_read_at_all_leaves_no_trace(file: io.BufferedReader) -> None:
    class Unreadable(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if size:
                raise OSError(5, "input/output error")
            return b""

    with conversation(FileTransport()) as talk:
        begin(talk)
        with pytest.raises(OSError, match="input/output"):
            send_in(Face.BLOCKING, talk, Unreadable())
        assert talk.link.state.broken_off is None
        assert send_in(Face.BLOCKING, talk, file) == len(DATA)


def test_file_that_is_closed_meanwhile_is_not_sent_on(file: io.BufferedReader) -> None:
    # Another file may have its number by now.
    transport = FileTransport(5, 0)
    with conversation(transport) as talk:
        begin(talk)
        crt = sender_of(talk).co_send(prepare(talk, file))
        suspend(crt)
        file.close()
        with pytest.raises(ValueError, match="closed"):
            next(crt)
        assert len(transport.calls) == 2
        assert talk.link.state.broken_off is not None

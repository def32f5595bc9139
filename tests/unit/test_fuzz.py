"""Every fuzz target for a moment, without atheris; and the table that explains disagreements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import pytest

from fuzz.chunks import SEEDS as CHUNK_SEEDS
from fuzz.chunks import fuzz_chunks
from fuzz.differential import READERS, fuzz_differential, kind_of, read_by_dugong
from fuzz.differential import SEEDS as DIFFERENTIAL_SEEDS
from fuzz.explained import EXPLAINED, Explained, explanation
from fuzz.head import SEEDS as HEAD_SEEDS
from fuzz.head import fuzz_head
from fuzz.request_encoding import SEEDS as REQUEST_SEEDS
from fuzz.request_encoding import fuzz_request_encoding
from fuzz.responses import SEEDS as RESPONSE_SEEDS
from fuzz.responses import fuzz_responses
from fuzz.runner import MAX_SIZE, Target, mutated, run_mutations

NUMBER: Final = 9112  # of the mutations; any other will do


@pytest.mark.parametrize(
    ("target", "seeds", "count"),
    [
        pytest.param(fuzz_head, HEAD_SEEDS, 4_000, id="head"),
        pytest.param(fuzz_chunks, CHUNK_SEEDS, 1_500, id="chunks"),
        pytest.param(fuzz_responses, RESPONSE_SEEDS, 2_500, id="responses"),
        pytest.param(fuzz_request_encoding, REQUEST_SEEDS, 7_000, id="request-encoding"),
        pytest.param(fuzz_differential, DIFFERENTIAL_SEEDS, 4_000, id="differential"),
    ],
)
def test_target_finds_nothing_wrong(target: Target, seeds: Sequence[bytes], count: int) -> None:
    for octets in itertools.islice(mutated(seeds, NUMBER), count):
        target(octets)


@pytest.mark.parametrize(
    ("row", "peer"),
    [
        pytest.param(row, peer, id=f"{number}-{peer}")
        for number, row in enumerate(EXPLAINED)
        for peer in row.peers
    ],
)
def test_every_row_that_explains_a_disagreement_is_needed(row: Explained, peer: str) -> None:
    ours, theirs = read_by_dugong(row.example), READERS[peer](row.example)
    assert kind_of(ours, theirs) is row.kind
    assert explanation(row.kind, peer, ours.error or theirs.error, row.example) is row


def test_disagreement_that_nothing_explains_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = b"HTTP/1.1 204 OK\r\n\n"  # which h11 accepts
    fuzz_differential(octets)
    monkeypatch.setattr("fuzz.explained.EXPLAINED", ())
    with pytest.raises(AssertionError):
        fuzz_differential(octets)


def test_mutations_of_a_number_are_the_same_and_bounded() -> None:
    first, second = (list(itertools.islice(mutated(HEAD_SEEDS, 1), 3_000)) for _ in range(2))
    assert first == second
    assert max(map(len, first)) <= MAX_SIZE


def test_input_that_was_wrong_is_told() -> None:
    def target(octets: bytes) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong") as info:
        run_mutations(target, [b"seed"], 60, 1)
    assert "b'seed'" in info.value.__notes__[0]

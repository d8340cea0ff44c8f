"""Bits per note against a naive twin, the intervals, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from partimento.corpus.encoded import Encoded, Split
from partimento.encodings import Events, Field, make
from partimento.errors import CheckpointError, CorpusError, InvalidOption
from partimento.likelihood.bits_per_note import Row, compare, evaluate
from partimento.likelihood.table import markdown_table, text_table
from partimento.models.predictor import Scores, Session
from tests.made import made_piece

MELODY = make("melody")


@dataclass
class Unigram:
    """Fixed probabilities for each field; a pitch or duration is 'hit' when it is the most probable."""

    p: list[np.ndarray[Any, Any]]
    contexts: list[int | None]
    fields: tuple[Field, ...] = MELODY.fields

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        self.contexts.append(context)
        for piece in pieces:
            nats = np.stack([-np.log(p[piece[:, at]]) for at, p in enumerate(self.p)], axis=1)
            right = np.stack([piece[:, at] == p.argmax() for at, p in enumerate(self.p)], axis=1)
            yield Scores(nats.astype(np.float32), right.astype(np.float32))

    def begin(self, count: int, given: Events | None = None, cursors: Any = None) -> Session:
        raise NotImplementedError


def unigram(seed: int = 0) -> Unigram:
    generator = np.random.default_rng(seed)
    return Unigram([np.concatenate([[0.0], generator.dirichlet(np.ones(field.size - 1))]) for field in MELODY.fields], [])


def uniform() -> Unigram:
    return Unigram([np.concatenate([[0.0], np.full(field.size - 1, 1 / (field.size - 1))]) for field in MELODY.fields], [])


def corpus(pieces: int = 12, seed: int = 1) -> Encoded:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 60, size=pieces)
    events = [np.stack([generator.integers(1, f.size, size=n) for f in MELODY.fields], axis=1).astype(np.uint8) for n in lengths]
    return Encoded.of(MELODY, events, [number % 3 for number in range(pieces)])


def row(split: Split | None = None, **options: Any) -> Row:
    return evaluate(unigram(), split or corpus().split("test"), **{"name": "unigram", "resamples": 50, **options})


def test_uniform_gives_the_logarithm_of_the_sizes() -> None:
    found = evaluate(uniform(), corpus().split("test"), name="uniform")
    bits = math.log2(12 * 5)
    assert found.bits_per_note.mean == pytest.approx(bits, abs=1e-6)
    assert found.bits_per_note.low == pytest.approx(bits, abs=1e-6)
    assert found.nats["pitch"].mean == pytest.approx(math.log(12), abs=1e-6)
    assert found.notes == sum(len(corpus().piece(number)) for number in (2, 5, 8, 11))


@dataclass
class OneNat:
    """One nat for the first field of every event, none for the others; every second prediction is a hit."""

    fields: tuple[Field, ...]

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        for piece in pieces:
            nats, right = np.zeros((2, *piece.shape), np.float32)
            nats[:, 0], right[::2] = 1, 1
            yield Scores(nats, right)

    def begin(self, count: int, given: Events | None = None, cursors: Any = None) -> Session:
        raise NotImplementedError


def test_bits_are_per_note_and_accuracy_is_per_event() -> None:
    """An encoding with more events than notes: bar lines, and what else is no note, cost bits and bring none."""
    encoding = make("notes:profile=score")
    pieces = [encoding.encode(made_piece(number)) for number in range(6)]
    events, notes = sum(map(len, pieces)), sum(encoding.notes_in(piece) for piece in pieces)
    assert events > 1.1 * notes
    found = evaluate(OneNat(encoding.fields), Encoded.of(encoding, pieces, [0] * 6).split("train"), name="one nat")
    assert found.notes == notes == 360
    assert found.bits_per_note.mean == pytest.approx(events / notes / math.log(2))
    assert found.nats[encoding.fields[0].name].mean == pytest.approx(events / notes)
    assert found.nats[encoding.fields[1].name].mean == 0
    assert found.accuracy[encoding.fields[0].name].mean == pytest.approx(sum(-(-len(piece) // 2) for piece in pieces) / events)


@pytest.mark.parametrize("split_method", ["works", "windows"])
def test_figures_are_those_of_a_naive_loop(split_method: str) -> None:
    encoded, model = corpus(), unigram()
    split = encoded.split("train", split_method)
    found = evaluate(model, split, name="u", context=3)
    nats = hits = notes = 0.0
    for number in split.pieces:
        for event, scored in zip(encoded.piece(int(number)), split.targets(int(number)), strict=True):
            if scored:
                nats += -math.log(model.p[0][event[0]]) - math.log(model.p[1][event[1]])
                hits += event[0] == model.p[0].argmax()
                notes += 1
    assert found.bits_per_note.mean == pytest.approx(nats / math.log(2) / notes, rel=1e-6)
    assert found.accuracy["pitch"].mean == pytest.approx(hits / notes)
    assert sum(interval.mean for interval in found.nats.values()) / math.log(2) == pytest.approx(found.bits_per_note.mean)
    assert found.notes == notes
    assert found.leaks == (split_method == "windows")
    assert model.contexts == [3]


def test_interval_is_the_percentile_bootstrap_of_a_naive_loop() -> None:
    found = row(resamples=400)
    generator = np.random.Generator(np.random.Philox(0))
    notes, bits = found.sums[:, 0], found.sums[:, 2:4].sum(axis=1) / math.log(2)
    drawn = []
    for _ in range(400):
        pieces = generator.integers(len(notes), size=len(notes))
        drawn.append(bits[pieces].sum() / notes[pieces].sum())
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert (found.bits_per_note.low, found.bits_per_note.high) == pytest.approx((low, high))
    assert found.bits_per_note.low < found.bits_per_note.mean < found.bits_per_note.high


def test_blocks_of_resamples_do_not_change_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = row()
    monkeypatch.setattr("partimento.likelihood.bits_per_note._COUNTS_AT_ONCE", 9)
    assert row().bits_per_note == whole.bits_per_note
    assert row(seed=1).bits_per_note != whole.bits_per_note


def test_one_piece_has_an_interval_of_no_width() -> None:
    encoded = corpus(1)
    found = row(encoded.split("train"))
    assert found.bits_per_note.low == found.bits_per_note.high == pytest.approx(found.bits_per_note.mean)


def test_json_has_the_documented_keys() -> None:
    found = json.loads(json.dumps(row().to_json(), allow_nan=False))
    assert list(found) == [
        *("name", "split_method", "leaks", "split", "context", "pieces", "notes", "bits_per_note"),
        *("accuracy", "nats", "encoding", "keeps", "drops"),
    ]
    assert (
        set(found["bits_per_note"]) == set(found["accuracy"]["pitch"]) == set(found["nats"]["duration"]) == {"mean", "low", "high"}
    )


def test_pieces_are_streamed_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    row(on_progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_pieces_without_a_scored_event_do_not_count() -> None:
    split = corpus(40).split("valid", "windows")
    scored = [number for number in split.pieces if split.targets(int(number)).any()]
    assert len(scored) < len(split.pieces)
    assert row(split).pieces == len(scored)


def test_compare_pairs_the_pieces() -> None:
    split = corpus(30).split("train")
    first, second = evaluate(uniform(), split, name="uniform"), evaluate(unigram(), split, name="unigram")
    (difference,) = compare([first, second])
    assert (difference.name, difference.than) == ("unigram", "uniform")
    assert difference.bits_per_note.mean == pytest.approx(second.bits_per_note.mean - first.bits_per_note.mean)
    assert difference.bits_per_note.low <= difference.bits_per_note.mean <= difference.bits_per_note.high
    (same,) = compare([second, replace(second, name="twin")])
    assert same.bits_per_note.low == same.bits_per_note.high == 0
    assert same.better == 0
    assert compare([first]) == compare([]) == []


def test_better_is_the_share_of_resamples_with_fewer_bits() -> None:
    """By a naive loop; and who is better everywhere is better in all of them, the other in none."""
    split = corpus(30).split("train")
    rows = [evaluate(unigram(seed), split, name=str(seed)) for seed in (0, 1)]
    (difference,) = compare(rows, resamples=300)
    bits = [one.sums[:, 2:4].sum(axis=1) / math.log(2) for one in rows]
    generator = np.random.Generator(np.random.Philox(0))
    fewer = []
    for _ in range(300):
        drawn = generator.integers(len(bits[0]), size=len(bits[0]))
        fewer.append(bits[1][drawn].sum() < bits[0][drawn].sum())
    assert difference.better == pytest.approx(np.mean(fewer))
    worse = replace(rows[0], name="worse", sums=rows[0].sums + np.array([0, 0, 5, 5, 0, 0]))
    assert compare([rows[0], worse])[0].better == 0
    assert compare([worse, rows[0]])[0].better == 1
    assert compare([worse, rows[0]])[0].bits_per_note.high < 0


def test_compare_refuses_other_pieces() -> None:
    with pytest.raises(InvalidOption, match="same pieces"):
        compare([row(), row(corpus().split("valid"))])
    some = replace(corpus().split("test"), pieces=np.array([2, 5, 8]))
    with pytest.raises(InvalidOption, match="same pieces"):
        compare([row(), row(some)])


@pytest.mark.parametrize("options", [{"context": 0}, {"resamples": 0}])
def test_options_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        row(**options)


def test_a_model_of_another_encoding_is_refused() -> None:
    with pytest.raises(InvalidOption, match="encoding"):
        evaluate(Unigram([], [], make("melody:pitch=midi").fields), corpus().split("test"), name="other")


def test_no_probability_is_an_error_that_names_the_piece() -> None:
    model = unigram()
    model.p[0][:] = np.nan
    with pytest.raises(CheckpointError, match="unigram gives an event of piece 2"):
        evaluate(model, corpus().split("test"), name="unigram")


def test_nothing_to_score() -> None:
    split = corpus().split("test")
    with pytest.raises(CorpusError):
        row(Split(split.encoded, "test", "works", np.zeros(0, np.int64)))


def test_tables_say_what_leaks_and_what_is_dropped() -> None:
    rows = [row(), row(corpus().split("test", "windows"), name="a|b", context=32)]
    text = text_table(rows)
    lines = text.splitlines()
    assert "bits per note" in lines[0]
    assert "pitch %" in lines[0]
    assert lines[2].startswith("unigram")
    assert lines[2].endswith("works")
    assert lines[3].endswith("windows: LEAKS")
    assert f"{rows[0].bits_per_note.mean:.3f} ±" in lines[2]
    assert MELODY.drops in text
    assert len({len(line) for line in lines[:2]}) == 1
    markdown = markdown_table(rows).splitlines()
    assert {line.replace("\\|", "").count("|") for line in markdown[:4]} == {7}
    assert "LEAKS" not in text_table(rows[:1])
    assert text_table([]) == markdown_table([]) == ""

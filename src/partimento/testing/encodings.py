"""`check_encoding`: whether an encoding keeps what `Encoding` promises, under the values of its options."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import REGISTRY, Encoding, make
from partimento.encodings.cursor import HistoryCursor
from partimento.errors import InvalidOption
from partimento.piece import NOTE, Piece, Track, note_array
from partimento.testing.cursors import follow_cursor, follow_music
from partimento.testing.random_pieces import pieces

_FEW_VALUES = 4  # of an option that are varied: the default, the first and the last ones
_SEEDS = st.integers(0, 2**32 - 1)


def check_encoding(kind: type[Encoding], *, examples: int = 25) -> None:
    """Raises `AssertionError` where an encoding breaks a promise, with its options at their defaults and varied.

    ```python
    from partimento.testing.encodings import check_encoding

    check_encoding(MyEncoding)
    ```
    """
    check_options(kind)
    for encoding in variants(kind):
        for check in CHECKS.values():
            check(encoding, examples)


def variants(kind: type[Encoding]) -> list[Encoding]:
    """The encoding with every two of its options varied together, over a few of their values, the others at their defaults."""
    values = {entry.name: _some((entry.default, *entry.metadata.get("values", ()))) for entry in fields(kind)}
    found = {(one := kind()).key: one}
    for names in itertools.combinations(values, min(2, len(values))):
        for chosen in itertools.product(*(values[name] for name in names)):
            one = kind(**dict(zip(names, chosen, strict=True)))
            found[one.key] = one
    return list(found.values())


def _some(values: tuple[Any, ...]) -> list[Any]:
    known = list(dict.fromkeys(values))
    return known if len(known) <= _FEW_VALUES else [known[0], known[1], *known[2 - _FEW_VALUES :]]


def check_options(kind: type[Encoding]) -> None:
    """Options are declared, and refuse all else; the defaults are left out of the key."""
    name = kind.name
    assert kind.keeps, f"{name}: it does not say what it keeps"
    assert kind.drops, f"{name}: it does not say what it drops"
    assert kind().key == name, f"{name}: its key with all options at their defaults is {kind().key!r}"
    for entry in fields(kind):
        values = entry.metadata.get("values", ())
        assert entry.default in values, f"{name}: declare {entry.name} by `option`, its default among its values"
        for wrong in ("", "nonsense", "-1"):
            assert "must be one of" in _refusal(kind, entry.name, wrong), (
                f"{name}: {entry.name} takes {wrong!r}, none of its values"
            )


def _refusal(kind: type[Encoding], option: str, value: str) -> str:
    """What the encoding says to a value of an option; "" where it takes it."""
    try:
        kind(**{option: value})
    except InvalidOption as error:
        return str(error)
    return ""


def random_events(encoding: Encoding, length: int, chance: np.random.Generator) -> npt.NDArray[Any]:
    """Random events [T, F], each field drawn from what `allowed` permits; an event that ends the piece is mostly drawn again."""
    events = np.zeros((0, len(encoding.fields)), np.int64)
    for _ in range(length):
        if encoding.ended(events) and chance.random() < 0.9:
            events = events[:-1]
        drawn: tuple[int, ...] = ()
        for field in encoding.fields:
            legal = encoding.allowed(events, drawn)
            assert legal.dtype == bool, f"{encoding.key}: `allowed` is of type {legal.dtype}"
            assert legal.shape == (field.size,), f"{encoding.key}: `allowed` of {field.name} has the shape {legal.shape}"
            if not legal.any():
                return events
            drawn += (int(chance.choice(np.flatnonzero(legal))),)
        events = np.concatenate([events, [drawn]])
    return events


def check_law(encoding: Encoding, examples: int) -> None:
    """encode(decode(encode(p))) == encode(p), and what `encode` makes is within the fields and legal."""

    @settings(max_examples=examples, deadline=None)
    @given(piece=pieces())
    def check(piece: Piece) -> None:
        events = encoding.encode(piece)
        assert events.dtype == encoding.dtype
        assert events.shape == (len(events), len(encoding.fields))
        for at, field in enumerate(encoding.fields):
            column = events[:, at]
            assert ((column >= (0 if field.optional else 1)) & (column < field.size)).all(), field.name
        assert np.array_equal(encoding.encode(encoding.decode(events)), events)
        for row in range(min(len(events), 5)):
            for at in range(len(encoding.fields)):
                assert encoding.allowed(events[:row], tuple(events[row, :at].tolist()))[events[row, at]], "`encode` breaks the law"

    check()


def check_legal_events(encoding: Encoding, examples: int) -> None:
    """Legal events decode, and encode to themselves up to the last note: what was drawn after it says nothing yet."""

    @settings(max_examples=examples, deadline=None)
    @given(seed=_SEEDS, length=st.integers(0, 40))
    def check(seed: int, length: int) -> None:
        assert_comes_back(encoding, random_events(encoding, length, np.random.default_rng(seed)))

    check()


def assert_comes_back(encoding: Encoding, events: npt.NDArray[Any]) -> None:
    """Legal events [T, F] decode, and, where the encoding is canonical, encode to themselves up to the last note."""
    piece = encoding.decode(events)
    assert isinstance(piece, Piece)
    again = encoding.encode(piece)
    if not encoding.canonical:
        assert np.array_equal(encoding.encode(encoding.decode(again)), again)
        return
    if encoding.ended(again) and not encoding.ended(events):
        again = again[:-1]
    assert np.array_equal(again, events[: len(again)])
    assert encoding.notes_in(events[len(again) :]) == 0


def check_end(encoding: Encoding, examples: int) -> None:
    """Nothing follows the end of a piece, and nothing has ended before the first event."""

    @settings(max_examples=examples, deadline=None)
    @given(seed=_SEEDS)
    def check(seed: int) -> None:
        events = random_events(encoding, 30, np.random.default_rng(seed))
        ends = [row for row in range(len(events)) if encoding.ended(events[: row + 1])]
        assert ends in ([], [len(events) - 1])
        if ends:
            assert not encoding.allowed(events, ()).any()
        assert not encoding.ended(events[:0])

    check()


def check_ids(encoding: Encoding, examples: int) -> None:
    """Id 0 is never legal where it means nothing, and every other one is legal somewhere, but for those of tasks."""
    seen = [np.zeros(field.size, bool) for field in encoding.fields]
    many = Piece(note_array([(480 * n, 480, 60, 80, n) for n in range(32)]), tuple(Track(n) for n in range(32)))
    random = (random_events(encoding, 40, np.random.default_rng(seed)) for seed in range(8 * examples))
    for events in itertools.chain([encoding.encode(many)[:40]], random):
        for row, event in enumerate(events):
            for at, field in enumerate(encoding.fields):
                legal = encoding.allowed(events[:row], tuple(event[:at]))
                assert field.optional or not legal[0], f"{field.name}: id 0 is legal"
                seen[at] |= legal
        if all(ids[1:].all() for ids in seen):
            return
    seen[0][sorted(encoding.task_ids)] = True
    for field, ids in zip(encoding.fields, seen, strict=True):
        assert ids[1:].all(), f"{field.name}: never legal are {(1 + np.flatnonzero(~ids[1:])).tolist()}"


def check_edges(encoding: Encoding, examples: int) -> None:
    """Pieces without notes become events that come back; neither `encode` nor `decode` changes what it is given."""
    one_drum = Piece(note_array([(0, 1, 60, 80, 0)]), (Track(0, True),))
    for piece in (Piece(np.zeros(0, NOTE), ()), Piece(np.zeros(0, NOTE), (Track(),)), one_drum):
        events = encoding.encode(piece)
        assert np.array_equal(encoding.encode(encoding.decode(events)), events)
    piece = Piece(note_array([(0, 480, 60, 80, 0), (0, 480, 64, 80, 0), (480, 240, 62, 80, 0)]), (Track(),))
    notes, events = piece.notes.copy(), encoding.encode(piece)
    copy = events.copy()
    encoding.decode(events)
    assert np.array_equal(piece.notes, notes)
    assert np.array_equal(events, copy)
    assert encoding.notes_in(events) > 0


def check_context(encoding: Encoding, examples: int) -> None:
    """Each row of the context is a function of the events before it, within the sizes that its columns have."""

    @settings(max_examples=examples, deadline=None)
    @given(piece=pieces())
    def check(piece: Piece) -> None:
        events = encoding.encode(piece)[:300]
        whole = encoding.context(events)
        assert whole.shape == (len(events) + 1, len(encoding.context_fields))
        assert whole.dtype == np.uint8
        for column, entry in zip(whole.T, encoding.context_fields, strict=True):
            assert column.max() < entry.size, entry.name
        for stop in {0, 1, 2, len(events) // 2, len(events) - 1} & set(range(len(events) + 1)):
            assert np.array_equal(encoding.context(events[:stop]), whole[: stop + 1])

    check()


def check_cursor(encoding: Encoding, examples: int) -> None:
    """The cursor says of the end of a growing sequence what the encoding says of the whole; a copy goes its own way."""
    longest = 6 if type(encoding.cursor()) is HistoryCursor else 100  # events: that one only asks the encoding

    @settings(max_examples=min(examples, 20), deadline=None)
    @given(piece=pieces(), seed=_SEEDS)
    def check(piece: Piece, seed: int) -> None:
        follow_cursor(encoding, encoding.encode(piece)[:longest])
        follow_cursor(encoding, random_events(encoding, min(longest, 12), np.random.default_rng(seed)))

    check()


def check_music(encoding: Encoding, examples: int) -> None:
    """Where the cursor knows notes, ticks and bars, they are those of the decoded piece."""
    longest = 40 if type(encoding.cursor()) is HistoryCursor else 100

    @settings(max_examples=examples, deadline=None)
    @given(piece=pieces(), seed=_SEEDS, length=st.integers(0, 30))
    def check(piece: Piece, seed: int, length: int) -> None:
        follow_music(encoding, encoding.encode(piece)[:longest])
        follow_music(encoding, random_events(encoding, length, np.random.default_rng(seed)))

    check()


def check_key(encoding: Encoding, examples: int) -> None:
    """`make` reads the key, where the encoding is registered; fields have names and sizes of their own."""
    if REGISTRY.get(encoding.name) is type(encoding):
        again = make(encoding.key)
        assert again == encoding
        assert again.key == encoding.key
    names = [field.name for field in encoding.fields]
    assert len(set(names)) == len(names), f"{encoding.key}: two fields have one name"
    assert all(field.size > 1 for field in encoding.fields)


CHECKS: dict[str, Callable[[Encoding, int], None]] = {
    "law": check_law,
    "legal events": check_legal_events,
    "end": check_end,
    "ids": check_ids,
    "edges": check_edges,
    "context": check_context,
    "cursor": check_cursor,
    "music": check_music,
    "key": check_key,
}

"""A cursor says of the end of a growing sequence what the encoding says of the whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import Encoding, make
from partimento.encodings.cursor import HistoryCursor
from partimento.encodings.notes.layout import PROFILES
from partimento.piece import Piece
from tests.encodings.notes import slow
from tests.encodings.test_conformance import VARIANTS, events_of
from tests.made import made_piece
from tests.strategies import pieces

few = settings(max_examples=20, deadline=None)
OWN = [encoding for encoding in VARIANTS if type(encoding.cursor()) is not HistoryCursor]


def check(encoding: Encoding, events: np.ndarray) -> None:
    """Context, law and end after each of the events, the whole ones computed from scratch."""
    whole = encoding.context(events)
    cursor = encoding.cursor()
    for t in range(len(events) + 1):
        said = cursor.context()
        assert said.dtype == np.uint8
        assert said.tolist() == whole[t].tolist(), t
        assert cursor.ended == encoding.ended(events[:t])
        if t == len(events):
            return
        event = events[t].tolist()
        if encoding.name != "notes":  # whose own cursor is what `allowed` asks; its slow twin is below
            for field in range(len(event)) if t % 7 == 0 else ():
                drawn = tuple(event[:field])
                assert np.array_equal(cursor.allowed(drawn), encoding.allowed(events[:t], drawn))
        cursor.push(event)


@pytest.mark.parametrize("encoding", [*OWN, make("leadsheet")], ids=lambda encoding: encoding.key)
@few
@given(piece=pieces(), seed=st.integers(0, 2**32))
def test_a_cursor_says_what_the_encoding_says(encoding: Encoding, piece: Piece, seed: int) -> None:
    check(encoding, encoding.encode(piece)[:150])
    check(encoding, events_of(encoding, 12, np.random.default_rng(seed)))


@pytest.mark.parametrize("encoding", OWN, ids=lambda encoding: encoding.key)
def test_of_music_too(encoding: Encoding) -> None:
    check(encoding, encoding.encode(made_piece(3, 60))[:400])


@pytest.mark.parametrize("profile", sorted(PROFILES))
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_may_follow_in_notes(profile: str, seed: int) -> None:
    """Events drawn within the law, each field of each held against the slow twin."""
    encoding, chance = make(f"notes:profile={profile}"), np.random.default_rng(seed)
    layout, cursor = PROFILES[profile], encoding.cursor()
    events = np.zeros((0, len(layout.fields)), np.uint8)
    lively = chance.random() < 0.7  # short times and few pitches, so that chords, ties and repeats come about
    for _ in range(40):
        drawn: tuple[int, ...] = ()
        for _ in layout.fields:
            legal = cursor.allowed(drawn)
            assert np.array_equal(legal, slow.allowed(layout, events, drawn))
            ids = np.flatnonzero(legal)
            if not len(ids):
                assert cursor.ended
                return
            ids = ids[:2] if lively and len(drawn) else ids
            drawn += (int(chance.choice(ids)),)
        events = np.concatenate([events, np.array([drawn], np.uint8)])
        cursor.push(drawn)


def test_a_copy_goes_its_own_way() -> None:
    for key in ("notes", "voices", "frames", "melody"):
        encoding = make(key)
        events = encoding.encode(made_piece(4, 30))[:60]
        half = len(events) // 2
        cursor = encoding.cursor()
        for event in events[:half].tolist():
            cursor.push(event)
        twin = cursor.copy()
        for event, later in pairwise(events[half:].tolist()):
            cursor.push(event)
            twin.push(later)
        for one, heard in ((cursor, events[:-1]), (twin, np.delete(events, half, axis=0))):
            assert one.context().tolist() == encoding.context(heard)[-1:].ravel().tolist()
            assert np.array_equal(one.allowed(()), encoding.allowed(heard, ()))

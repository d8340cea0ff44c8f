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
from partimento.testing.cursors import follow_cursor, follow_music
from tests.encodings.notes import slow
from tests.encodings.test_conformance import VARIANTS
from tests.made import made_piece

few = settings(max_examples=20, deadline=None)
OWN = [encoding for encoding in VARIANTS if type(encoding.cursor()) is not HistoryCursor]


@pytest.mark.parametrize("encoding", OWN, ids=lambda encoding: encoding.key)
def test_of_music_too(encoding: Encoding) -> None:
    follow_cursor(encoding, encoding.encode(made_piece(3, 60))[:400])
    follow_music(encoding, encoding.encode(made_piece(3, 60)))


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

"""What encodings say before each event is a function of the events before it, and moves with the music."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import Encoding, make
from partimento.encodings.slots import Slots
from partimento.encodings.voices import Voices
from partimento.piece import NOTE, Piece, Track
from partimento.testing.random_pieces import pieces
from tests.encodings.test_conformance import VARIANTS
from tests.made import made_piece

few = settings(max_examples=25, deadline=None)
TELLING = [encoding for encoding in VARIANTS if encoding.context_fields]


def with_drums(piece: Piece) -> Piece:
    """A drum on every onset, in the middle of the pitches."""
    drums = piece.notes.copy()
    drums["track"], drums["pitch"] = len(piece.tracks), 60
    return Piece(
        np.concatenate([piece.notes, drums]),
        (*piece.tracks, Track(0, True)),
        piece.ticks_per_quarter,
        piece.tempos,
        piece.meters,
        piece.keys,
    )


@pytest.mark.parametrize("encoding", VARIANTS, ids=lambda encoding: encoding.key)
def test_transposed_events_are_those_of_the_transposed_piece(encoding: Encoding) -> None:
    for number in range(3):
        for piece in (made_piece(number), with_drums(made_piece(number))):
            for semitones in (-7, 1, 6):
                events = encoding.encode(piece)
                moved = encoding.transpose(events, semitones)
                if encoding.name == "miditok":  # what a pitch is, it does not say
                    assert moved is None
                    continue
                if encoding.name == "slots" and moved is None:
                    continue  # its range is narrow
                assert moved is not None
                again = encoding.encode(encoding.decode(moved))
                assert np.array_equal(again, moved)
                back = encoding.transpose(moved, -semitones)
                assert back is not None
                assert np.array_equal(back, events)
                ranges = encoding.pitch_range(events)
                assert np.array_equal(encoding.pitch_range(moved), np.where(ranges[:, 1:] >= 0, ranges + semitones, ranges))
                if piece.tracks[-1].is_drum:
                    continue  # drums stay, so the order of a moment's notes is another
                own = [column.kind == "field" for column in encoding.context_fields]
                blocks, other = (encoding.context(each)[:, own].reshape(-1, len(encoding.fields)) for each in (events, moved))
                assert np.array_equal(np.roll(blocks, semitones, 1), other)
                for column, before, after in zip(
                    encoding.context_fields, encoding.context(events).T, encoding.context(moved).T, strict=True
                ):
                    if column.kind == "field":
                        continue
                    shift = semitones if column.kind in ("pitch", "part pitch") else 0
                    assert np.array_equal(np.where(before > 0, before.astype(int) + shift, 0), after), column.name


def test_what_leaves_its_range_is_not_transposed() -> None:
    piece = Piece(np.array([(0, 4, 120, 80, 0), (4, 4, 81, 80, 0)], NOTE), (Track(),), 4)
    for key, semitones in (("slots", 1), ("voices", 47), ("notes", 47), ("melody:pitch=midi", 47)):
        encoding = make(key)
        assert encoding.transpose(encoding.encode(piece), semitones + 8) is None


def test_lines_say_what_they_sang() -> None:
    """A slow twin, step by step."""
    encoding = Voices(4, 3)
    piece = made_piece(5)
    events = encoding.encode(piece)
    sounding = encoding.sounding(events)
    names = [column.name for column in encoding.context_fields]
    rows = encoding.context(events).astype(int)
    sang, before, since = [-1] * 3, [-1] * 3, [0] * 3
    for t in range(len(events) + 1):
        if t:
            for v in range(3):
                now = sounding[t - 1, v]
                since[v] = 1 if events[t - 1, v] != 2 else since[v] + 1
                if now >= 0 and now != sang[v]:
                    before[v], sang[v] = sang[v], now
        row = dict(zip(names, rows[t], strict=True))
        assert row["step of the beat"] == t % 4 + 1
        for v, name in enumerate(encoding.voice_names):
            assert row[f"{name} sang"] == sang[v] + 1
            assert row[f"{name} moved"] == (np.clip(sang[v] - before[v], -24, 24) + 25 if before[v] >= 0 else 0)
            assert row[f"{name} since"] == min(32, since[v])
            if v < 2 and t:
                both = sounding[t - 1, v] >= 0 and sounding[t - 1, 2] >= 0
                assert row[f"{name} over the bass"] == (
                    np.clip(sounding[t - 1, v] - sounding[t - 1, 2], -24, 24) + 25 if both else 0
                )


def test_rolls_say_what_each_key_did() -> None:
    """A slow twin, key by key, on frames of which many come again."""
    encoding = make("roll")
    chance = np.random.default_rng(0)
    kinds = chance.random((4, 88)) < 0.1
    events = kinds[chance.integers(4, size=150)].astype(np.uint8)
    events[60:90] = events[59]  # long enough to be told apart no more
    rows = encoding.context(events).astype(int)
    names = [column.name for column in encoding.context_fields]
    for t in range(len(events) + 1):
        row, past = dict(zip(names, rows[t], strict=True)), events[:t].astype(int)
        alike = 0
        for level, span in enumerate((1, 2, 4, 8, 16), 1):
            ends = [end for end in range(span, t) if np.array_equal(past[end - span : end], past[t - span :])]
            if t >= span and ends:
                alike, came = level, past[ends[-1]]
        assert row["frames alike"] == alike
        assert row["frames the same"] == min(24, sum(1 for back in range(1, t + 1) if (past[-back:] == past[-1]).all()))
        assert [row[f"frame of {size}"] for size in (3, 4, 16)] == [t % size + 1 for size in (3, 4, 16)]
        for key in range(0, 88, 7):
            runs = [[now, len(list(same))] for now, same in itertools.groupby(past[:, key])]
            ever = past[:, key].any()
            length = min(24, runs[-1][1]) if ever else 0
            assert row[f"state of {key}"] == (length + 24 * (not runs[-1][0]) if ever else 0)
            assert row[f"state before of {key}"] == (min(24, runs[-2][1]) if ever and len(runs) > 1 else 0)
            assert row[f"recent share of {key}"] == math.ceil(past[-16:, key].sum() / 2)
            assert row[f"share of {key}"] == math.ceil(8 * math.sqrt(past[:, key].sum() / max(1, t)))
            assert row[f"followed of {key}"] == (2 * alike - 1 + came[key] if alike else 0)


def test_notes_say_what_sounded() -> None:
    notes = np.array([(0, 48, 60, 80, 0), (0, 48, 64, 80, 0), (48, 24, 55, 80, 0), (48, 96, 67, 80, 0)], NOTE)
    encoding = make("notes:profile=score")
    rows = encoding.context(encoding.encode(Piece(notes, (Track(),), 48))).astype(int)
    names = [column.name for column in encoding.context_fields]
    last = dict(zip(names, rows[4], strict=True))  # after the fourth note
    assert (last["last pitch"], last["bass"], last["top before"]) == (68, 56, 65)
    assert (last["moved"], last["over the bass"], last["from the top before"]) == (12 + 25, 12 + 25, 3 + 25)
    assert (last["until silence"], last["beat"], last["tick"], last["numerator"], last["denominator"]) == (96, 2, 1, 4, 3)
    assert not rows[0].any()


def test_louder_and_faster() -> None:
    encoding = make("notes")
    events = encoding.encode(made_piece(1))
    louder = encoding.vary(events, 3, 0)
    has = events[:, 4] > 0
    assert np.array_equal(louder[has, 4], np.minimum(33, events[has, 4] + 3))
    assert np.array_equal(np.delete(louder, 4, 1), np.delete(events, 4, 1))
    assert np.array_equal(make("voices").vary(events, 3, 3), events)


@few
@given(piece=pieces(), faster=st.integers(-3, 3))
def test_another_pace_event_for_event(piece: Piece, faster: int) -> None:
    """Without beats all times move by the same share, in the same moments; to the tick where nothing waits that long."""
    encoding = make("notes:profile=performance")
    events = encoding.encode(piece)
    moved = encoding.vary(events, 0, faster)
    assert np.array_equal(moved[:, [0, 2, 4]], events[:, [0, 2, 4]])
    waited = np.append(False, events[:-1, 0] == 1)  # what follows a wait is another moment even at time 0
    assert np.array_equal((moved[:, 1] == 1) & ~waited, (events[:, 1] == 1) & ~waited)
    assert encoding.encode(encoding.decode(moved)).shape == moved.shape
    before, after = encoding.decode(events), encoding.decode(moved)
    if len(before) and not (events[:, 0] != 2)[:-1].any() and max(moved[:, 1].max(), moved[:, 3].max()) < 192:
        factor = 2 ** (-faster / 24)
        drift = np.maximum.accumulate(np.abs(after.notes["onset"] - before.notes["onset"] * factor))
        crowded = np.cumsum(np.diff(before.notes["onset"], prepend=0) == 1)  # what is a tick apart stays so
        assert (drift <= 0.51 + 0.13 * crowded).all()
        assert (np.abs(after.notes["duration"] - before.notes["duration"] * factor) <= 0.51).all()


@pytest.mark.parametrize("key", ["notes", "notes:profile=score"])
@few
@given(piece=pieces(), chance=st.randoms(use_true_random=False), share=st.floats(0, 1))
def test_some_instruments_alone(key: str, piece: Piece, chance: random.Random, share: float) -> None:
    """As if the piece had only these tracks, its beginnings likewise."""
    encoding = make(key)
    piece = encoding.decode(encoding.encode(piece))  # without what lies beyond the last tick
    events = encoding.encode(piece)
    ids = [129 if track.is_drum else track.program + 1 for track in piece.tracks]
    assert set(encoding.instruments(events).tolist()) == {ids[track] for track in piece.notes["track"].tolist()}
    kept = np.array([one for one in sorted(set(ids)) if chance.random() < 0.5], np.int64)
    alone = replace(piece, notes=piece.notes[np.isin(np.array(ids, np.int64)[piece.notes["track"]], kept)])
    whole = encoding.keep(events, kept)
    assert np.array_equal(whole, encoding.encode(alone))
    begins = encoding.keep(events[: int(share * len(events))], kept)
    stated = [row for row in range(len(begins)) if encoding.ended(begins[: row + 1])]
    assert not stated or share == 1.0
    same = len(begins) - (len(begins) > 0 and begins[-1, 0] == 6)  # a note whose tie is cut off
    assert np.array_equal(begins[:same], whole[:same])


def test_slots_are_what_the_voices_sound() -> None:
    piece = made_piece(2)
    encoding = Slots()
    events = encoding.encode(piece)
    sounding = Voices(4, 4).sounding(Voices(4, 4).encode(piece))[:, [0, 3, 1, 2]]
    assert [field.name for field in encoding.fields] == ["soprano", "bass", "alto", "tenor"]
    inside = (sounding >= 36) & (sounding <= 81)
    assert np.array_equal(events[inside] + 34, sounding[inside])
    assert ((events == 1) == (sounding < 0)).all()
    assert ((events[~inside & (sounding >= 0)] + 34 - sounding[~inside & (sounding >= 0)]) % 12 == 0).all()
    changes = sum(
        int(events[t, v] > 1 and (t == 0 or events[t, v] != events[t - 1, v])) for t in range(len(events)) for v in range(4)
    )
    assert encoding.notes_in(events) == changes


def test_frames_say_which_key_to_hold_and_what_followed() -> None:
    """A slow twin, key by key."""
    encoding = make("frames:grid=4")
    once = encoding.encode(made_piece(4))[:150]
    events = np.concatenate([once, [[1]], once[:90]])
    names = [column.name for column in encoding.context_fields]
    rows = encoding.context(events)
    frames: list[list[int]] = [[]]  # MIDI
    beginnings: list[tuple[int, tuple[int, ...], int]] = []  # frame, its keys so far, what came
    for t in range(len(events) + 1):
        if t:
            key = int(events[t - 1, 0])
            beginnings.append((len(frames) - 1, tuple(frames[-1]), key))
            if key == 1:
                frames.append([])
            else:
                frames[-1].append(key + 19)
        now, here, before = len(frames) - 1, frames[-1], frames[-2] if len(frames) > 1 else []
        row = dict(zip(names, rows[t].tolist(), strict=True))
        later = [key for key in before if not here or key > here[-1]]
        earlier = [key for key in frames[-3] if not here or key > here[-1]] if len(frames) > 2 else []
        assert row["last key"] == (here[-1] + 1 if here else 0)
        assert row["last key but one"] == (here[-2] + 1 if len(here) > 1 else 0)
        assert row["lowest key"] == (here[0] + 1 if here else 0)
        assert row["next of the frame before"] == (later[0] + 1 if later else 0)
        assert row["second next of the frame before"] == (later[1] + 1 if len(later) > 1 else 0)
        assert row["next of two frames before"] == (earlier[0] + 1 if earlier else 0)
        assert row["lowest of the frame before"] == (before[0] + 1 if before else 0)
        age = next((n for n in range(24) if n + 2 > len(frames) or not later or later[0] not in frames[-2 - n]), 24)
        assert row["age of the next"] == age
        same = next((n for n in range(24) if n + 2 > len(frames) or frames[-2 - n] != before), 24)
        assert row["age of the frame before"] == same
        assert row["keys so far"] == min(15, len(here)) + 1
        assert row["frame of 4"] == now % 4 + 1
        told = {}
        for level, span in enumerate((1, 2, 4, 8, 16)):
            for frame, keys, came in beginnings:
                if (
                    now >= span
                    and frame >= span
                    and keys == tuple(here)
                    and frames[frame - span : frame] == frames[now - span : now]
                ):
                    told[level] = came
        longest = max(told, default=-1)
        assert row["what followed"] == (told[longest] + 20 if told and told[longest] > 1 else 0)
        assert row["frames alike"] == (2 * longest + 1 + (told[longest] == 1) if told else 0)
        assert row["what followed the frame"] == (told[0] + 20 if 0 in told and told[0] > 1 else 0)
    assert row["frames alike"] >= 9

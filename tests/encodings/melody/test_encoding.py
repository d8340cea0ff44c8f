"""The further options of `melody` against a slow twin in plain loops, and by hand."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import make
from partimento.encodings.melody import Melody
from partimento.encodings.melody.note_values import WRITTEN, values
from partimento.errors import InvalidOption
from partimento.piece import NOTE, Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from tests.encodings.melody.test_seed import moment_of, one_of, pitch_id, playable, value_of

SLOW = [
    (rests, durations)
    for rests in ("no", "yes")
    for durations in ("five", "written", "tied")
    if (rests, durations) != ("no", "five")
]
LINES = {"five": [3, 6, 12, 24, 48], "written": list(WRITTEN.values()), "tied": list(WRITTEN.values())}


# -- the slow twin ------------------------------------------------------------------------------------------------------


def nearest(length: int, known: list[int]) -> list[int]:
    """The one value whose ratio to a length is nearest to 1, the shorter of two; none below half of the shortest."""
    return [] if 2 * length < known[0] else [min(known, key=lambda one: abs(log2(one) - log2(length)))]


def fewest(length: int, known: list[int]) -> list[int] | None:
    """The fewest values that add up to a length, the longest first and as long as can be."""
    for count in range(7):
        for chain in chains(length, count, known[::-1]):
            return chain
    return None


def chains(length: int, count: int, known: list[int]) -> Iterator[list[int]]:
    if count == 0:
        if length == 0:
            yield []
        return
    for at, one in enumerate(known):
        if one <= length <= one * count:
            for rest in chains(length - one, count - 1, known[at:]):
                yield [one, *rest]


def written(length: int, durations: str) -> list[int]:
    known = LINES[durations]
    found = fewest(length, known) if durations == "tied" else None
    return nearest(length, known) if found is None else found


def slow_events(piece: Piece, pitch: str, chord: str, rests: str, durations: str) -> list[tuple[str, int]]:
    """Events as ('rest', 'tie' or the id of a pitch, lines)."""
    ticks, per_quarter = piece.ticks_per_quarter, 12 if durations == "five" else 24
    events: list[tuple[str, int]] = []
    last = 0  # the length of the note before, ties included
    for number, track in enumerate(piece.tracks):
        if track.is_drum:
            continue
        found: dict[int, list[tuple[int, int, int]]] = {}
        for onset, length, key, _, at in piece.notes.tolist():
            if at == number:
                moment = (
                    moment_of(onset, ticks) * 12 if durations == "five" else floor(Fraction(onset * 24, ticks) + Fraction(1, 2))
                )
                found.setdefault(int(moment), []).append((length, key, onset))
        moments = sorted(found)
        sounding = 0
        for place, moment in enumerate(moments):
            gap = moments[place + 1] - moment if place + 1 < len(moments) else None
            chords: dict[tuple[int, ...], list[int]] = {}
            ends = []
            for length, key, onset in found[moment]:
                if durations == "five":
                    value = value_of(length, ticks, None if gap is None else Fraction(gap, 12))
                    lines = five_lines(length, ticks, gap)
                    chain: tuple[int, ...] = (LINES["five"][value - 1],)
                else:
                    lines = max(1, floor(Fraction((onset + length) * 24, ticks) + Fraction(1, 2)) - moment)
                    if gap and 4 * (gap - lines) <= lines and 8 * (lines - gap) <= lines:
                        lines = gap
                    chain = tuple(written(min(max(lines, 2), 33 * 24), durations))
                chords.setdefault(chain, []).append(key)
                ends.append(moment + lines)
            silence = written(min(moment - sounding, 33 * per_quarter), durations) if moment > sounding else []
            if rests == "yes" and silence and 4 * silence[0] > last:
                events += zip(["rest"] + ["tie"] * 9, silence, strict=False)
            for chain in sorted(chords, key=lambda one: (sum(one), one)):
                name = str(pitch_id(one_of(chords[chain], chord), pitch))
                events += zip([name] + ["tie"] * 9, chain, strict=False)
                last = sum(chain)
            sounding = max(sounding, *ends)
    return events


def five_lines(length: int, ticks: int, gap: int | None) -> int:
    """The length in twelfths that `value_of` makes a note value of."""
    quarters = Fraction(min(length, 33 * ticks), ticks) * 12
    sixteenth, triplet = (max(unit, floor(quarters / unit + Fraction(1, 2)) * unit) for unit in (3, 4))
    chosen = sixteenth if abs(quarters - sixteenth) <= abs(quarters - triplet) else triplet
    if gap is not None and (gap % 3 == 0) != (gap % 4 == 0):
        chosen = sixteenth if gap % 3 == 0 else triplet
    return chosen


def readable(encoding: Melody, piece: Piece) -> list[tuple[str, int]]:
    names = {encoding.rest: "rest", encoding.tie: "tie"}
    events = encoding.encode(piece).tolist()
    return [(names.get(pitch, str(pitch)), int(encoding.values.lengths[value])) for pitch, value in events]


pitches, chord_notes = st.sampled_from(["class", "piano", "midi"]), st.sampled_from(["root", "top", "bass"])


@pytest.mark.parametrize(("rests", "durations"), SLOW)
@settings(max_examples=80, deadline=None)
@given(piece=st.one_of(playable(), pieces()), pitch=pitches, chord=chord_notes)
def test_any_piece(rests: str, durations: str, piece: Piece, pitch: str, chord: str) -> None:
    encoding = Melody(pitch, chord, rests, durations)
    assert readable(encoding, piece) == slow_events(piece, pitch, chord, rests, durations)


@settings(max_examples=200, deadline=None)
@given(piece=st.one_of(playable(), pieces()), pitch=pitches, chord=chord_notes)
def test_without_its_rests_it_is_the_seed_s_form(piece: Piece, pitch: str, chord: str) -> None:
    plain, rested = Melody(pitch, chord), Melody(pitch, chord, rests="yes")
    events = rested.encode(piece)
    assert np.array_equal(events[events[:, 0] != rested.rest], plain.encode(piece))


# -- by hand ------------------------------------------------------------------------------------------------------------


def tune(*notes: tuple[float, float], key: str) -> list[tuple[str, str]]:
    """Events (what, note value) of notes (quarter, quarters) on middle C."""
    piece = Piece(note_array((round(at * 480), round(long * 480), 60, 80, 0) for at, long in notes), (Track(),), 480)
    encoding = make(key)
    assert isinstance(encoding, Melody)
    what = {encoding.rest: "rest", encoding.tie: "tie", 1: "C"}
    return [(what[pitch], encoding.values.names[value - 1]) for pitch, value in encoding.encode(piece).tolist()]


def test_a_chord_is_what_is_written_alike() -> None:
    notes = note_array([(0, 440, 60, 80, 0), (0, 430, 64, 80, 0), (960, 480, 65, 80, 0)])
    events = make("melody:durations=written").encode(Piece(notes, (Track(),), 480))
    assert events[:, 0].tolist() == [1, 6]


def test_note_values() -> None:
    notes = [(0, 0.75), (0.75, 0.25), (1, 1 / 3), (4 / 3, 1 / 3), (5 / 3, 1 / 3), (2, 1.75), (3.75, 0.25), (4, 3), (7, 0.125)]
    names = ["dotted eighth", "16th", *["triplet eighth"] * 3, "double dotted quarter", "16th", "dotted half", "32nd"]
    assert tune(*notes, key="melody:durations=written") == [("C", name) for name in names]
    assert len(WRITTEN) == 22


def test_rests() -> None:
    notes = [(1, 1), (3.5, 0.5), (4, 1), (36, 1)]
    expected = [("rest", "quarter"), ("C", "quarter"), ("rest", "dotted quarter"), ("C", "eighth"), ("C", "quarter")]
    assert tune(*notes, key="melody:rests=yes,durations=written") == [*expected, ("rest", "breve"), ("C", "quarter")]
    assert [what for what, _ in tune(*notes, key="melody:rests=yes")] == [what for what, _ in [*expected, ("rest", ""), ("C", "")]]


def test_short_silences_are_how_a_note_is_played() -> None:
    assert tune((0, 0.9), (1, 0.85), (2, 1), key="melody:rests=yes,durations=written") == [("C", "quarter")] * 3
    assert tune((0, 1.04), (1, 1), key="melody:durations=written") == [("C", "quarter")] * 2
    assert tune((0, 0.5), (1, 1), key="melody:rests=yes,durations=written") == [
        ("C", "eighth"),
        ("rest", "eighth"),
        ("C", "quarter"),
    ]


def test_ties() -> None:
    notes = [(0, 2.5), (2.5, 0.5), (3 + 1.25, 1)]
    expected = [("C", "half"), ("tie", "eighth"), ("C", "eighth"), ("rest", "quarter"), ("tie", "16th"), ("C", "quarter")]
    assert tune(*notes, key="melody:rests=yes,durations=tied") == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 32), st.integers(0, 32)), min_size=1, max_size=20))
def test_one_part_of_sixteenths_comes_back_whole(stretches: list[tuple[int, int]]) -> None:
    """With rests and ties, but for silences that are short beside the note before."""
    notes, at = [], 0
    for length, silence in stretches:
        notes.append((at * 120, length * 120, 60, 80, 0))
        at += length + (silence if 3 * silence > length + 12 else 0)
    piece = Piece(note_array(notes), (Track(),), 480)
    encoding = make("melody:pitch=midi,rests=yes,durations=tied")
    assert np.array_equal(encoding.decode(encoding.encode(piece)).notes, piece.notes)
    assert encoding.notes_in(encoding.encode(piece)) == len(notes)


def test_chains_begin_with_chains() -> None:
    known = values("tied")
    for length in range(1, len(known.chains)):
        chain = [int(one) for one in known.chains[length] if one]
        if known.last[length]:
            assert known.lengths[chain].sum() == length
            before = length - int(known.lengths[chain[-1]])
            assert [int(one) for one in known.chains[before] if one] == chain[:-1]
        else:
            assert length in (1, 2, 5)


def test_what_is_stated() -> None:
    seed, full = make("melody"), make("melody:rests=yes,durations=tied")
    assert "rests" in seed.drops
    assert "tied" in full.keeps
    assert "dots and tuplets" not in full.drops
    assert len({make(f"melody:rests={rests},durations={values}").keeps for rests, values in [("no", "five"), *SLOW]}) == 6
    empty = Piece(np.zeros(0, NOTE), ())
    assert full.encode(empty).shape == (0, 2)


def test_options_are_checked() -> None:
    with pytest.raises(InvalidOption, match="rests is 'some'; it must be one of no, yes"):
        make("melody:rests=some")
    with pytest.raises(InvalidOption, match="durations is 'long'"):
        make("melody:durations=long")

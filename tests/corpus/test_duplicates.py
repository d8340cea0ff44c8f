"""The same music is found again, transposed, rearranged or changed a little; different music is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.corpus.duplicates import (
    A_FEW,
    AT_LEAST,
    GRAM,
    SPREAD_SECONDS,
    TOO_COMMON,
    Sketch,
    are_kin,
    content_hash,
    other_forms,
    sharing,
    works,
)
from partimento.piece import NOTE, Piece, Track, note_array
from partimento.testing.random_pieces import pieces

few = settings(max_examples=30, deadline=None)


def random_piece(seed: int, notes: int = 120, tracks: int = 1, chords: bool = False) -> Piece:
    """A random walk of pitches on each track; with `chords`, tracks sound together."""
    source = np.random.default_rng(seed)
    rows = np.zeros(notes * tracks, NOTE)
    for track in range(tracks):
        mine = rows[track * notes : (track + 1) * notes]
        mine["pitch"] = np.clip(np.cumsum(source.integers(-5, 6, notes)) + 64, 20, 107)
        mine["onset"] = np.arange(notes) * 240 + (0 if chords else 60 * track)
        mine["duration"] = source.integers(1, 4, notes) * 120
        mine["velocity"], mine["track"] = 80, track
    return Piece(rows, (Track(),) * tracks)


def changed(piece: Piece, share: float, seed: int, semitones: int = 0) -> Piece:
    """A transposed copy in which a share of the notes, in a few runs, has other pitches."""
    source = np.random.default_rng(seed)
    notes = piece.notes.copy()
    run = max(1, int(len(notes) * share / 4))
    for start in np.linspace(0, len(notes) - run, 4).astype(int):
        notes["pitch"][start : start + run] = source.integers(40, 80, run)
    return replace(piece, notes=notes).transpose(semitones)


# -- content_hash -------------------------------------------------------------------------------------------------------


@few
@given(pieces(min_notes=1), st.integers(-127, 127), st.integers(1, 50), st.integers(0, 2**20), st.integers(0, 2**32 - 1))
def test_equal_content(piece: Piece, semitones: int, finer: int, silence: int, seed: int) -> None:
    """Transposition, tick resolution, leading silence, the share-out to tracks, velocities and labels change nothing."""
    notes = piece.notes.copy()
    lowest, highest = int(notes["pitch"].min()), int(notes["pitch"].max())
    notes["pitch"] += np.uint8(min(max(semitones, -lowest), 127 - highest) % 256)
    if int(piece.end_tick + silence) * finer < 2**30 and piece.ticks_per_quarter * finer <= 32767:
        notes["onset"] = (notes["onset"] + silence) * finer
        notes["duration"] *= finer
        ticks = piece.ticks_per_quarter * finer
    else:
        ticks = piece.ticks_per_quarter
    notes["track"] = np.random.default_rng(seed).integers(0, 3, len(notes))
    notes["velocity"] = 1
    assert content_hash(Piece(notes, (Track(),) * 3, ticks)) == content_hash(piece)


@few
@given(pieces(min_notes=1), st.data())
def test_other_content(piece: Piece, data: st.DataObject) -> None:
    """Not equal once a note is longer, or later, or left out, or (in several notes) at another pitch."""
    at = data.draw(st.integers(0, len(piece) - 1))
    base = content_hash(piece)
    longer = piece.notes.copy()
    longer["duration"][at] += 1
    if len(piece) > 1:
        assert content_hash(replace(piece, notes=np.delete(piece.notes, at))) != base
        later = piece.notes.copy()
        later["onset"][np.argmax(later["onset"])] += 1
        assert content_hash(replace(piece, notes=later)) != base
        higher = piece.notes.copy()
        if higher["pitch"].max() < 127:
            higher["pitch"][np.argmax(higher["pitch"])] += 1
            assert content_hash(replace(piece, notes=higher)) != base
    assert content_hash(replace(piece, notes=longer)) != base


def test_tempo_of_the_notation_counts() -> None:
    """The same ticks at another resolution are other note values."""
    piece = random_piece(1)
    assert content_hash(replace(piece, ticks_per_quarter=960)) != content_hash(piece)


# -- shingles -----------------------------------------------------------------------------------------------------------


@few
@given(pieces(min_notes=1))
def test_shingles_are_distinct_and_sorted(piece: Piece) -> None:
    found = shingles(piece)
    assert found.dtype == np.uint64
    assert (found[1:] > found[:-1]).all()


def shingles(piece: Piece) -> npt.NDArray[np.uint64]:
    return Sketch.of(piece).shingles


def slow_chords(piece: Piece) -> list[list[int]]:
    """From low to high, each pitch once, of octaves the highest; a chord is what begins within a moment of its first note."""
    seconds = piece.second_at(piece.notes["onset"]).tolist()
    rows = sorted(zip(seconds, piece.notes["pitch"].tolist(), strict=True))
    chords = []
    while rows:
        chord = [pitch for second, pitch in rows if second - rows[0][0] <= SPREAD_SECONDS]
        chords.append([pitch for pitch in sorted(set(chord)) if pitch + 12 not in chord])
        rows = rows[len(chord) :]
    return chords


def slow_texture(piece: Piece) -> list[int]:
    return [pitch for chord in slow_chords(piece) for pitch in chord]


@few
@given(pieces(min_notes=1))
def test_the_texture_is_a_line_of_settled_chords(piece: Piece) -> None:
    assert Sketch.of(piece).texture.tolist() == slow_texture(piece)


def slow_runs(piece: Piece) -> set[tuple[int, ...]]:
    """The distinct runs of intervals that shingles stand for."""
    lines = [slow_texture(piece), [chord[-1] for chord in slow_chords(piece)]]
    if len(piece.tracks) > 1:
        lines += [[row[2] for row in piece.notes.tolist() if row[4] == track] for track in range(len(piece.tracks))]
    found = set()
    for pitch in lines:
        for at in range(len(pitch) - GRAM + 1):
            steps = tuple(pitch[at + place + 1] - pitch[at + place] for place in range(GRAM - 1))
            if len(set(steps)) > 1:
                found.add(steps)
    return found


@few
@given(pieces(min_notes=8))
def test_one_shingle_for_each_distinct_run(piece: Piece) -> None:
    assert len(shingles(piece)) == len(slow_runs(piece))


@pytest.mark.parametrize("notes", [0, 1, GRAM - 1])
def test_short_pieces_have_none(notes: int) -> None:
    assert len(shingles(random_piece(1, notes))) == 0


@pytest.mark.parametrize("step", [0, 1, -2])
def test_runs_of_one_interval_say_nothing(step: int) -> None:
    rows = np.zeros(12, NOTE)
    rows["onset"], rows["duration"], rows["pitch"] = np.arange(12), 1, 80 + step * np.arange(12)
    assert len(shingles(Piece(rows, (Track(),)))) == 0


def test_transposition_rhythm_and_tracks_do_not_matter() -> None:
    piece = random_piece(3, tracks=2)
    notes = piece.notes.copy()
    notes["duration"] = 7
    notes["onset"] *= 3
    assert np.array_equal(shingles(replace(piece, notes=notes).transpose(5)), shingles(piece))


# -- works --------------------------------------------------------------------------------------------------------------


def groups(pieces: list[Piece], given: tuple[str, ...] = ()) -> list[int]:
    """The work of each piece, numbered by first appearance."""
    names = works([Sketch.of(piece) for piece in pieces], [content_hash(piece) for piece in pieces], given)
    return [list(dict.fromkeys(names)).index(name) for name in names]


@pytest.mark.parametrize("seed", range(5))
def test_a_transposed_copy_with_a_fifth_of_its_notes_changed_is_the_same_work(seed: int) -> None:
    piece = random_piece(seed, notes=200)
    assert groups([piece, changed(piece, 0.2, seed, semitones=3), random_piece(seed + 100)]) == [0, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_a_melody_and_its_arrangement_are_one_work(seed: int) -> None:
    arrangement = random_piece(seed, tracks=4, chords=True)
    melody = Piece(arrangement.notes[arrangement.notes["track"] == 0], (Track(),))
    assert groups([melody, random_piece(seed + 100), arrangement.transpose(-2)]) == [0, 1, 0]


def test_independent_pieces_are_works_of_their_own() -> None:
    assert groups([random_piece(seed) for seed in range(40)]) == list(range(40))


def test_chains_hold_together() -> None:
    """A is kin to B and B to C; C shares too little with A to be found alone."""
    line = random_piece(1, notes=200).notes
    parts = [Piece(line[start : start + 100], (Track(),)) for start in (0, 40, 80)]
    assert groups([parts[0], parts[2]]) == [0, 1]
    assert groups(parts) == [0, 0, 0]
    assert groups([parts[2], parts[0], parts[1]]) == [0, 0, 0]


def test_works_given_by_hand() -> None:
    pieces = [random_piece(seed) for seed in range(5)]
    assert groups(pieces, ("a", "", "b", "a", "")) == [0, 1, 2, 0, 3]
    copy = pieces[1].transpose(1)
    assert groups([*pieces, copy], ("a", "", "b", "a", "", "b")) == [0, 1, 1, 0, 2, 1], "given and found works join"


@pytest.mark.parametrize("seed", range(3))
def test_names_do_not_depend_on_the_order(seed: int) -> None:
    originals = [random_piece(number) for number in range(8)]
    pieces = originals + [changed(piece, 0.1, number, semitones=number - 4) for number, piece in enumerate(originals[:5])]
    marks, hashes = [Sketch.of(piece) for piece in pieces], [content_hash(piece) for piece in pieces]
    given = ["", "x", "", "", "", "", "x", *[""] * 6]
    names = works(marks, hashes, given)
    order = np.random.default_rng(seed).permutation(len(pieces))
    assert works([marks[at] for at in order], [hashes[at] for at in order], [given[at] for at in order]) == [
        names[at] for at in order
    ]
    assert set(names) <= set(hashes)
    assert all(name == min(one for one, other in zip(hashes, names, strict=True) if other == name) for name in names)


def test_pieces_without_shingles_first_last_and_alone() -> None:
    """Empty rows must not shift the others."""
    short = [random_piece(seed, notes=3) for seed in range(4)]
    piece = random_piece(9)
    copy = piece.transpose(2)
    assert groups([*short[:2], piece, short[2], copy, short[3]]) == [0, 1, 2, 3, 2, 4]
    assert groups([piece, copy, *short]) == [0, 0, 1, 2, 3, 4]
    assert groups(short) == [0, 1, 2, 3]
    assert works([], []) == []


def kin(sketches: list[Sketch]) -> list[tuple[int, int]]:
    pairs = sharing([sketch.shingles for sketch in sketches])
    return [(one, other) for one, other, common in pairs if are_kin(sketches[one], sketches[other], common)]


def bare(marks: list[npt.NDArray[np.uint64]]) -> list[Sketch]:
    """Sketches that have shingles and no notes, so that these alone decide."""
    return [Sketch(some, np.zeros(0, np.uint8)) for some in marks]


def slow_kin(marks: list[npt.NDArray[np.uint64]]) -> list[tuple[int, int]]:
    sets = [set(some.tolist()) for some in marks]
    held = {mark: sum(mark in some for some in sets) for mark in set().union(*sets)}
    common = {mark for mark, count in held.items() if count > TOO_COMMON}
    pairs = []
    for one in range(len(sets)):
        for other in range(one + 1, len(sets)):
            shared, smaller = len((sets[one] & sets[other]) - common), min(len(sets[one]), len(sets[other]))
            if shared and 2 * shared >= smaller and shared >= min(AT_LEAST, smaller):
                pairs.append((one, other))
    return pairs


@few
@given(st.lists(st.lists(st.integers(0, 40), max_size=40), max_size=12))
def test_kin_against_a_slow_twin(sets: list[list[int]]) -> None:
    marks = [np.unique(np.array(some, np.uint64)) for some in sets]
    assert sorted(kin(bare(marks))) == slow_kin(marks)


def test_a_shingle_in_too_many_pieces_says_nothing() -> None:
    figure = np.arange(20, dtype=np.uint64)
    few_of_them = [figure] * TOO_COMMON
    assert len(kin(bare(few_of_them))) == TOO_COMMON * (TOO_COMMON - 1) // 2
    assert kin(bare([figure] * (TOO_COMMON + 1))) == []


# -- played, and changed all over ---------------------------------------------------------------------------------------


def chorale(seed: int, moments: int = 150) -> Piece:
    """Chords of four notes, one a quarter, on one track."""
    source = np.random.default_rng(seed)
    rows = np.zeros(4 * moments, NOTE)
    walk = np.cumsum(source.integers(-3, 4, (moments, 4)), 0) % 12
    rows["pitch"] = (walk + np.array([40, 50, 60, 72])).ravel()
    rows["onset"], rows["duration"], rows["velocity"] = np.repeat(np.arange(moments) * 480, 4), 400, 80
    return Piece(rows, (Track(),))


def played(piece: Piece, seed: int) -> Piece:
    """Chords spread by up to 40 ms, another tempo everywhere, a note in thirty wrong, one in thirty missing, some ornaments."""
    source = np.random.default_rng(seed)
    notes = piece.notes[source.random(len(piece)) > 1 / 30].copy()
    wrong = source.random(len(notes)) < 1 / 30
    notes["pitch"][wrong] += 1
    tempo = np.cumsum(source.uniform(0.6, 1.6, notes["onset"].max() // 480 + 1) * 480)
    notes["onset"] = (tempo[notes["onset"] // 480] + source.integers(0, 38, len(notes))).astype(int)  # 960 ticks are a second
    ornaments = notes[source.random(len(notes)) < 1 / 20].copy()
    ornaments["onset"] += 100
    ornaments["pitch"] += 2
    return replace(piece, notes=np.concatenate([notes, ornaments]))


def every_ninth(piece: Piece, seed: int) -> Piece:
    notes = piece.notes.copy()
    notes["pitch"][::9] += np.random.default_rng(seed).integers(1, 4, len(notes[::9])).astype(np.uint8)
    return replace(piece, notes=notes)


@pytest.mark.parametrize("seed", range(4))
def test_two_performances_and_their_score_are_one_work(seed: int) -> None:
    score = chorale(seed)
    assert groups([score, played(score, 1), chorale(seed + 100), played(score, 2).transpose(2)]) == [0, 0, 1, 0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [chorale, random_piece])
def test_a_copy_with_every_ninth_note_changed_is_the_same_work(seed: int, make: Callable[[int], Piece]) -> None:
    piece = make(seed)
    assert groups([piece, make(seed + 100), every_ninth(piece, seed).transpose(-1)]) == [0, 1, 0]


@pytest.mark.parametrize("seed", range(4))
def test_a_doubled_bass_hides_nothing(seed: int) -> None:
    piece = chorale(seed)
    bass = piece.notes[::4].copy()
    bass["pitch"] -= 12
    assert groups([piece, replace(piece, notes=np.concatenate([piece.notes, bass]))]) == [0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_a_quantised_copy_is_the_same_work(seed: int) -> None:
    assert groups([random_piece(seed), random_piece(seed).quantise(2)]) == [0, 0]


def test_a_figure_in_common_makes_no_work() -> None:
    """Half a minute of one accompaniment in two pieces that have nothing else of each other."""
    one, other = random_piece(1, notes=400), random_piece(2, notes=400)
    notes = other.notes.copy()
    notes["pitch"][:60] = one.notes["pitch"][100:160]
    shared = len(np.intersect1d(shingles(one), shingles(replace(other, notes=notes))))
    assert shared >= A_FEW
    assert groups([one, replace(other, notes=notes)]) == [0, 1]


def accompaniment(seed: int, bars: int = 60) -> Piece:
    """Common chords, one a beat: as many tunes are accompanied."""
    source = np.random.default_rng(seed)
    roots = [root for _ in range(bars) for root in [(48, 53, 55, 48), (48, 48, 55, 48), (53, 53, 55, 48)][source.integers(3)]]
    rows = [(beat * 480, 480, root + step, 80, 0) for beat, root in enumerate(roots) for step in (0, 4, 7)]
    return Piece(note_array(rows), (Track(),))


def test_chords_alone_join_no_two_tunes() -> None:
    tunes = [random_piece(seed, notes=480) for seed in range(4)]
    chords = [accompaniment(seed) for seed in range(4)]
    both = [
        Piece(np.concatenate([tune.notes, with_track(some, 1)]), (Track(), Track()))
        for tune, some in zip(tunes, chords, strict=True)
    ]
    assert all(Sketch.of(some).by_chance > 0.5 for some in chords)
    found = groups([*tunes, *both, *chords])
    assert found[:4] == found[4:8] == [0, 1, 2, 3]


def with_track(piece: Piece, number: int) -> npt.NDArray[np.void]:
    notes = piece.notes.copy()
    notes["track"] = number
    return notes


def test_one_score_in_two_formats_is_taken_once() -> None:
    score = chorale(1)
    played = replace(score, notes=score.notes[1:])  # a note less
    others = [score, chorale(2), played, played]
    sketches = [Sketch.of(piece) for piece in others]
    names = works(sketches, [content_hash(piece) for piece in others])
    assert other_forms(sketches, [4, 0, 0, 0], names) == {0: 2}  # of one format two may be two versions
    assert other_forms(sketches, [0, 0, 4, 4], names) == {2: 0, 3: 0}
    assert other_forms(sketches, [0] * 4, names) == {}
    assert other_forms(sketches, [0, 1, 2, 3], ["a", "b", "c", "c"]) == {3: 2}  # works are kept apart

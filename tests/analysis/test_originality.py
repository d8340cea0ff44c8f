"""Copies are found wherever they are put and however transposed, with their places; what is new is not found."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.analysis.disguise import Likeness
from partimento.analysis.originality import INDEX_FILE, Finding, Index, Limits, index_of
from partimento.analysis.verbatim import Known, lines_of
from partimento.corpus import Corpus
from partimento.errors import CheckpointError, CorpusError
from partimento.piece import METER, Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from tests.made import chorale


def random_piece(seed: int, notes: int = 200) -> Piece:
    """Two tracks of random walks in eighths and quarters, some chords."""
    chance = np.random.RandomState(seed)
    rows: list[tuple[int, int, int, int, int]] = []
    for track, low in ((0, 64), (1, 40)):
        tick, pitch = 0, low
        while len(rows) < notes // 2 * (track + 1):
            pitch = low + (pitch - low + chance.choice([-4, -3, -2, -1, 1, 2, 3, 4, 5])) % 20
            length = int(chance.choice([240, 240, 480, 720]))
            rows.append((tick, length, int(pitch), 80, track))
            if chance.rand() < 0.2:
                rows.append((tick, length, int(pitch) + 4, 80, track))
            tick += length
    return Piece(note_array(rows), (Track(), Track()), 480)


def planted(into: Piece, of: Piece, start_bar: int, bars: int, at_bar: int, semitones: int) -> Piece:
    """A piece with bars of another one, transposed, in the place of its own."""
    bar = 1920
    copied = of.cut(start_bar * bar, (start_bar + bars) * bar).transpose(semitones).notes.copy()
    copied["onset"] += at_bar * bar
    own = into.notes[(into.notes["onset"] < at_bar * bar) | (into.notes["onset"] >= (at_bar + bars) * bar)]
    return replace(into, notes=np.concatenate([own, copied]))


def test_planted_copies_are_found_100_of_100() -> None:
    """Two bars of one of fifty pieces, in any key, inside another piece that is not among them."""
    known = [random_piece(seed) for seed in range(50)]
    index = Index.of((f"piece {number}", piece) for number, piece in enumerate(known))
    chance = np.random.RandomState(0)
    for trial in range(100):
        source, start, at, semitones = chance.randint(50), chance.randint(8), chance.randint(8), chance.randint(-6, 7)
        piece = planted(random_piece(1000 + trial), known[source], start, 2, at, semitones)
        found = index.find(piece)
        run = found.runs[0]
        assert run.known == f"piece {source}", trial
        assert run.bars[0] - 1 <= at + 1 <= run.bars[1], trial
        assert run.known_bars[0] - run.bars[0] == start - at, trial
        assert found.line_share[1] > 0, trial


def test_bars_are_told_as_pages_number_them() -> None:
    """The same bars, once after an upbeat of a quarter: there they begin in bar 0."""
    plain = replace(random_piece(1), meters=np.array([(0, 4, 4)], METER))
    later = plain.notes.copy()
    later["onset"] += 480
    upbeat = replace(plain, notes=later, meters=np.array([(0, 1, 4), (480, 4, 4)], METER))
    for known, asked in ((plain, upbeat), (upbeat, plain)):
        run = Index.of([("it", known)]).find(asked).runs[0]
        assert run.bars[0] == run.known_bars[0] == 1
        assert run.bars[1] == run.known_bars[1]
    first = replace(upbeat, notes=plain.notes)  # begins in the upbeat
    assert Index.of([("it", plain)]).find(first).runs[0].bars[0] == 0


def test_what_is_new_is_not_found() -> None:
    index = Index.of((str(seed), random_piece(seed)) for seed in range(50))
    for seed in range(200, 230):
        found = index.find(random_piece(seed))
        assert found.longest_notes < 12
        assert found.share[1] == found.share[2] == 0


def test_a_whole_piece_in_another_key_resolution_and_place() -> None:
    piece = random_piece(1)
    index = Index.of([("other", random_piece(2)), ("it", piece)])
    later = replace(piece, notes=np.array(piece.notes))
    shifted = later.notes.copy()
    shifted["onset"] += 1920
    shifted["duration"] = 7  # however long the notes are held
    for copy in (piece, piece.transpose(3), piece.quantise(96), replace(piece, notes=shifted)):
        found = index.find(copy)
        assert found.runs[0].known == "it"
        assert found.longest_notes == len({(note["onset"], note["pitch"]) for note in piece.notes})
        assert found.share == {1: 1.0, 2: 1.0, 4: 1.0}
    assert found.runs[0].bars[0] == 2
    assert found.runs[0].known_bars[0] == 1


def test_a_melody_in_another_setting() -> None:
    """One track of the piece is known, its texture is not."""
    piece, other = random_piece(1), random_piece(2)
    melody = piece.notes[piece.notes["track"] == 0]
    setting = replace(piece, notes=np.concatenate([melody, other.notes[other.notes["track"] == 1]]))
    found = Index.of([("it", piece)]).find(setting)
    assert found.line_share[4] > 0.4
    assert found.share[1] < 0.2


def test_runs_and_shares_by_hand() -> None:
    """Bars of 3/4; six bars of quarters are known, of which four stand in the piece, in the middle, a fifth higher."""
    meters = np.array([(0, 3, 4)], METER)
    tune = [60, 64, 62, 65, 60, 67, 71, 69, 72, 62, 60, 59, 57, 62, 66, 61, 70, 58]
    other = [50, 71, 52, 73, 49, 74]

    def piece(pitches: list[int]) -> Piece:
        return Piece(note_array([(at * 480, 480, pitch, 80, 0) for at, pitch in enumerate(pitches)]), (Track(),), meters=meters)

    found = Index.of([("tune", piece(tune))]).find(piece([*other[:3], *(pitch + 7 for pitch in tune[3:15]), *other[3:]]))
    share = {1: 12 / 18, 2: 12 / 18, 4: 12 / 18}
    [run] = found.runs
    assert (run.notes, run.length_bars, run.bars, run.known, run.known_bars) == (12, 4.0, (2, 5), "tune", (2, 5))
    assert (found.notes, found.share, found.line_share) == (18, share, share)
    assert run.bits == found.most_bits > 20


def line(pitches: list[int], waits: list[int]) -> Piece:
    """One note after another, in 4/4, 480 ticks a quarter; `waits` are taken in turn."""
    onset = np.cumsum([0, *(waits[at % len(waits)] for at in range(len(pitches) - 1))])
    return Piece(note_array([(int(at), 60, pitch, 80, 0) for at, pitch in zip(onset, pitches, strict=True)]), (Track(),))


WALK = [60, 64, 62, 65, 60, 67, 71, 69, 72, 62, 60, 59, 57, 62, 66, 61, 70, 58, 63, 71]


def test_a_run_counts_for_the_windows_that_it_fills() -> None:
    """Nine quarters of twenty stand in the tune: with the bar that the last one begins, two bars and a quarter."""
    new = [50, 71, 52, 73, 49, 74, 48, 75, 47, 76, 46]
    found = Index.of([("tune", line(WALK, [480]))]).find(line([*WALK[:9], *new], [480]))
    assert found.longest_notes == 9
    assert found.runs[0].length_bars == 2.25
    assert found.share == found.line_share == {1: 9 / 20, 2: 9 / 20, 4: 0}
    exact = Index.of([("tune", line(WALK, [480]))]).find(line([*WALK[:8], *new], [480]))
    assert exact.share == {1: 8 / 19, 2: 8 / 19, 4: 0}


@pytest.mark.parametrize("waits", [[480], [240, 240], [90, 150], [80, 160]])
def test_the_same_pitches_in_another_rhythm_are_no_copy(waits: list[int]) -> None:
    """Down to times that differ by a 64th of a whole note."""
    index = Index.of([("tune", line(WALK, [60, 180]))])
    assert index.find(line(WALK, [60, 180])).longest_notes == len(WALK)
    assert index.find(line(WALK, waits)).longest_notes == 0


def test_a_run_reaches_back_over_what_is_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight notes that stand in two places start no search here; the run that goes on after them holds them all the same."""
    monkeypatch.setattr("partimento.analysis.verbatim.TOO_COMMON", 1)
    known = Index.of([("once", line(WALK[:9], [480])), ("whole", line(WALK, [480]))])
    assert known.find(line(WALK, [480])).longest_notes == len(WALK)


def test_two_copies_are_two_runs() -> None:
    """Each stretch of the piece is told once, the longer run first, with the piece that it comes from."""
    sources = [random_piece(1), random_piece(2)]
    index = Index.of(zip("ab", sources, strict=True))
    piece = planted(planted(random_piece(3), sources[1], 2, 2, 1, 1), sources[0], 2, 4, 6, -2)
    first, second, *rest = index.find(piece).runs
    assert (first.known, second.known) == ("a", "b")
    assert index.find(piece).longest_notes == first.notes > second.notes
    assert first.bars[0] >= 6
    assert second.bars[1] <= 4
    assert not any(run.notes > 12 for run in rest)


@pytest.mark.parametrize("seed", range(4))
def test_runs_are_those_of_a_slow_twin(seed: int) -> None:
    """Every maximal common stretch of three moments and eight notes, by comparing all with all."""
    chance = np.random.RandomState(seed)

    def scale(notes: int) -> Piece:
        rows = [(at * 240, 240, 60 + int(chance.randint(2)), 80, 0) for at in range(notes)]
        return Piece(note_array(rows), (Track(),), 480)

    one, other = scale(60), scale(80)
    runs = Known.of(lines_of(other)[0]).common(lines_of(one)[0])
    a, b = (np.diff(piece.notes["pitch"].astype(int)).tolist() for piece in (one, other))
    wanted = set()
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] == b[j] and (not i or not j or a[i - 1] != b[j - 1]):
                size = 0
                while i + size < len(a) and j + size < len(b) and a[i + size] == b[j + size]:
                    size += 1
                if size + 1 >= 8:
                    wanted.add((i, i + size, j))
    assert wanted
    assert set(zip(runs.first.tolist(), runs.last.tolist(), runs.there.tolist(), strict=True)) == wanted


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces(), min_size=1, max_size=3), st.integers(0, 2))
def test_any_pieces(some: list[Piece], number: int) -> None:
    if not any(len(lines_of(piece)[0].steps) for piece in some):
        with pytest.raises(CorpusError, match="no note"):
            Index.of((str(at), piece) for at, piece in enumerate(some))
        return
    index = Index.of((str(at), piece) for at, piece in enumerate(some))
    found = index.find(some[number % len(some)])
    assert 0 <= found.longest_notes <= len(some[number % len(some)])
    for shares in (found.share, found.line_share):
        assert all(1 >= one >= other >= 0 for one, other in pairwise(shares.values()))
    assert json.loads(json.dumps(found.to_json()))["notes"] == found.notes


def test_an_index_on_disk(tmp_path: Path, made_corpus: Path) -> None:
    (made_corpus / INDEX_FILE).unlink(missing_ok=True)  # the folder is shared with other tests
    corpus = Corpus.open(made_corpus)
    told: list[tuple[int, int]] = []
    index = index_of(corpus, lambda stage, done, of: told.append((done, of)))
    assert told[-1][0] == told[-1][1] == len(index.names)
    path = corpus.folder / INDEX_FILE
    written = path.read_bytes()
    again = index_of(corpus)
    piece = corpus.piece(0).transpose(1)
    assert again.find(piece) == index.find(piece)
    path.write_bytes(written[:-5] + b"x" + written[-4:])
    assert index_of(corpus).find(piece) == index.find(piece)  # damaged: made again
    assert path.read_bytes() == written
    with pytest.raises(CheckpointError, match="of other pieces"):
        Index.load(path, {"fingerprint": "another", "split": "train"})
    path.unlink()


def test_limits() -> None:
    def finding(bits: float, share: float, likeness: float = 0.0) -> Finding:
        return Finding(100, (), {}, {}, bits, share, Likeness("it", likeness) if likeness else None)

    human = [finding(100 + at, at / 1000, 0.4) for at in range(100)]
    limits = Limits.of(human, [finding(150, 0.0)] * 3 + [finding(199, 0.0)])
    assert (limits.most_bits, limits.share_2_bars, limits.likeness) == (196, 0.096, 0.4)  # 3 of 100 are over them
    assert (limits.false_alarms, limits.pieces) == (0.25, 4)
    assert limits.crossed(finding(10, 0.0961))
    assert limits.crossed(finding(10, 0.0, 0.41))
    assert not limits.crossed(finding(196, 0.096, 0.4))


def test_few_human_pieces_make_no_limit_of_nothing() -> None:
    limits = Limits.of([Finding(100, (), {}, {})], [Finding(100, (), {}, {}, 39.0, 0.0, Likeness("it", 0.29))])
    assert (limits.most_bits, limits.likeness, limits.false_alarms) == (40, 0.3, 0)


def test_a_repeated_note_is_no_surprise() -> None:
    """Nine repeated notes that other pieces have too tell little; nine others that one piece has tell much."""
    known = [(f"{seed}", replace(random_piece(seed), notes=with_repeats(random_piece(seed)))) for seed in range(20)]
    index = Index.of(known)
    repeated = index.find(line([60] * 9, [240]))
    assert repeated.longest_notes == 9
    assert repeated.most_bits < 12
    assert repeated.telling_share == 0
    copied = index.find(random_piece(3).cut(0, 9 * 480))
    assert copied.most_bits > 10 * repeated.most_bits


def with_repeats(piece: Piece) -> np.ndarray:
    """Its notes, and one of them twelve times at the end."""
    repeats = np.repeat(piece.notes[:1], 12)
    repeats["onset"] = piece.end_tick + 1920 + np.arange(12) * 240
    repeats["duration"] = 240
    return np.concatenate([piece.notes, repeats])


def every_eighth(piece: Piece) -> Piece:
    notes = piece.notes.copy()
    at = np.lexsort((notes["pitch"], notes["onset"]))[::8]
    notes["pitch"][at] += np.random.RandomState(0).choice([1, 2, 3], len(at)).astype(np.uint8)
    return replace(piece, notes=notes)


def doubled(piece: Piece, semitones: int) -> Piece:
    other = piece.notes.copy()
    other["pitch"] = other["pitch"].astype(int) + semitones
    return replace(piece, notes=np.concatenate([piece.notes, other]))


def with_drone(piece: Piece) -> Piece:
    beats = np.arange(0, piece.end_tick, 480)
    drone = note_array([(int(tick), 480, 36, 80, 0) for tick in beats])
    return replace(piece, notes=np.concatenate([piece.notes, drone]))


def times(piece: Piece, factor: float) -> Piece:
    notes = piece.notes.copy()
    for name in ("onset", "duration"):
        notes[name] = np.maximum(np.round(notes[name] * factor), name == "duration")
    return replace(piece, notes=notes)


DISGUISES: dict[str, Callable[[Piece], Piece]] = {
    "every eighth note changed": every_eighth,
    "octaves below": lambda piece: doubled(piece, -12),
    "octaves above": lambda piece: doubled(piece, 12),
    "a drone": with_drone,
    "double values": lambda piece: times(piece, 2),
    "half values": lambda piece: times(piece, 0.5),
    "a little faster": lambda piece: times(piece, 0.97),
    "changed, faster and transposed": lambda piece: times(every_eighth(piece), 0.97).transpose(2),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_copy_in_disguise_is_found(name: str) -> None:
    index = Index.of((str(seed), random_piece(seed)) for seed in range(30))
    limits = Limits.of(*[[index.find(random_piece(seed)) for seed in range(first, first + 20)] for first in (100, 200)])
    assert limits.false_alarms <= 0.1
    for seed in range(6):
        found = index.find(DISGUISES[name](random_piece(seed)))
        assert limits.crossed(found), (name, seed)
        assert found.likeness is not None
        assert found.likeness.known == str(seed)


def jsb() -> Iterator[tuple[str, list[np.ndarray]]]:
    place = Path(os.environ.get("PARTIMENTO_DATA", "")) / "jsb-chorales.zip"
    if not place.is_file():
        pytest.skip(f"{place} is not there; set PARTIMENTO_DATA to a folder that holds it")
    with zipfile.ZipFile(place) as archive:
        for name, split in json.loads(archive.read("jsb-chorales/Jsb16thSeparated.json")).items():
            yield name, [np.array(slots).astype(np.int64) for slots in split]


@pytest.mark.data
def test_jsb_chorales_copy_each_other_as_is_known() -> None:
    """The runs of test in train, and copies of train pieces in other keys."""
    splits = {name: [chorale(slots) for slots in split] for name, split in jsb()}
    index = Index.of((f"train {number}", piece) for number, piece in enumerate(splits["train"]))
    found = [index.find(piece) for piece in splits["test"]]
    notes = sum(one.notes for one in found)
    share = {bars: 100 * sum(one.share[bars] * one.notes for one in found) / notes for bars in (1, 2, 4)}
    assert share[1] == pytest.approx(8.3, abs=0.1)
    assert share[2] == pytest.approx(1.1, abs=0.1)
    assert share[4] == 0
    for number in range(0, 229, 9):
        copy = index.find(splits["train"][number].transpose(1))
        assert (copy.runs[0].known, copy.share[4]) == (f"train {number}", 1.0)

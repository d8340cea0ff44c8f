"""Tasks are completed: what stands comes back bit for bit, what is new lies in the region, and rules hold around what stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from partimento.bars import BarGrid
from partimento.composing.compose import Composition, again, compose
from partimento.composing.rules import Rules
from partimento.composing.windows import Window, rejoined, window
from partimento.encodings import Encoding, make
from partimento.encodings.tasks import Tasks
from partimento.errors import InvalidOption, InvalidPiece, PartimentoError
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.models.predictor import Predictor
from partimento.piece import METER, TEMPO, Piece, Track, note_array
from partimento.task import Region, Task
from partimento.testing.rules import EvenGenerator as Even
from partimento.testing.rules import violations
from tests.made import made_piece

SCORE, PARTS = Tasks(profile="score"), Tasks(profile="score", parts="yes")
WRITES = (
    "bars=2-3",
    "bars=1-2",
    "tracks=2",
    "tracks=1 bars=4-5",
    "bass",
    "melody bars=3-4",
    "accompaniment",
    "vary=0.5",
    "bars=30-31",
)


@dataclass
class Model:
    path: Path = Path("run/model.safetensors")
    sha256: str = "cd" * 32
    metadata: dict[str, Any] = field(default_factory=lambda: {"licences": ["CC0-1.0"]})
    recipe: Any = field(default_factory=lambda: SimpleNamespace(name="even", training=SimpleNamespace(segment=256)))
    encoding: Encoding = SCORE

    def predictor(self) -> Predictor:
        return Even(self.encoding.fields)


def song() -> Piece:
    """Twenty bars of 3/4, a tune and a bass, off the encoding's grid by a tick here and there."""
    chance = np.random.RandomState(5)
    rows = [(480 * n + int(chance.randint(0, 3)), 470, 70 + int(chance.randint(-5, 6)), 90, 0) for n in range(60)]
    rows += [(1440 * n, 1440, 45 + int(chance.randint(-5, 6)), 70, 1) for n in range(20)]
    return Piece(note_array(rows), (Track(73, name="tune"), Track(32, name="bass")), 480, meters=np.array([(0, 3, 4)], METER))


def test_a_window_has_no_more_bars_than_the_encoding_can_name() -> None:
    """Far beyond the end of a piece bars are empty, and many fit into the events that a model sees."""
    for first in (30, 300, 3000):
        task = Task(song(), f"bars={first}-{first + 1}")
        one = window(task, song().quantise(SCORE.layout.ticks_per_quarter), (first - 1, first), SCORE, 4096)
        asked = one.asked(SCORE)
        assert (asked < [field.size for field in SCORE.fields]).all()
        assert one.start_tick + one.span[0] == (first - 1) * one.bar_ticks


def done(task: Task, encoding: Encoding = SCORE, **options: Any) -> list[Composition]:
    return compose(Model(encoding=encoding), task=task, **{"seed": 3, "count": 2, **options})


@pytest.mark.parametrize("encoding", [SCORE, PARTS], ids=["score", "parts"])
@pytest.mark.parametrize("write", WRITES)
def test_what_stands_is_as_it_was_and_new_notes_lie_in_the_region(write: str, encoding: Encoding) -> None:
    task = Task(song(), write)
    start, end = task.span()
    made = done(task, encoding)
    assert len({one.piece.notes.tobytes() for one in made}) == 2
    for one in made:
        assert one.new is not None
        stands = np.sort(task.given.notes[task.stands(3)])
        assert np.array_equal(np.sort(one.piece.notes[~one.new]), stands)
        new = one.piece.notes[one.new]
        assert len(new) == one.new_notes > 0
        assert new["onset"].min() >= start
        assert (new["onset"] + new["duration"]).max() <= end
        assert one.piece.tracks[:2] == task.given.tracks
        if not (task.write.tracks or task.write.keep):
            assert (new["onset"] + new["duration"]).max() > end - 1440, "the last bar is not left empty"
        if task.write.part:
            assert {one.piece.tracks[track].name for track in new["track"]} == {task.write.part}
        elif task.write.tracks:
            assert set(new["track"].tolist()) == {track - 1 for track in task.write.tracks}
        read, _ = piece_from_midi(midi_from_piece(one.piece))
        assert np.array_equal(read.notes, one.piece.notes)  # nothing new is cut short by a note of the same pitch, nor cuts one


def test_written_notes_give_way_to_notes_off_the_grid() -> None:
    """On the grid they end before the standing note begins, and lie behind it; on the piece's own ticks they would not."""
    played = Piece(note_array([(503, 100, 60, 90, 0), (2400, 10, 72, 90, 0)]), (Track(),), 480)
    task = Task(played, "bars=1")
    rows = [(45, 6, 60, 80, 0), (52, 6, 60, 80, 0), (60, 6, 60, 80, 0), (60, 12, 61, 80, 0), (51, 20, 60, 80, 0)]
    one = Window(played.quantise(48), Region(bars=(1, 1)), 0)
    made, new = rejoined(task, np.ones(2, bool), [(one, Piece(note_array(rows), (Track(),), 48))], SCORE)
    found = [row[:3] for row in made.notes[new].tolist()]
    assert found == [(450, 53, 60), (600, 120, 61), (603, 57, 60), (603, 107, 60)]
    assert made.notes[~new].tolist() == played.notes.tolist()


@pytest.mark.parametrize("encoding", [SCORE, PARTS], ids=["score", "parts"])
@pytest.mark.parametrize("write", ["bars=2-3", "bass", "vary=0.5"])
def test_made_again_from_its_own_note(write: str, encoding: Encoding) -> None:
    made = done(Task(song(), write), encoding, rules=Rules(key="G major"), conditions={})
    for one in made:
        twin = again(one.made, Model(encoding=encoding))
        assert twin.piece == one.piece
        assert midi_from_piece(twin.piece) == midi_from_piece(one.piece)
    assert "song" not in made[0].made


def test_a_piece_is_given_as_its_note_keeps_it() -> None:
    """77.7 quarters a minute are no whole microseconds a quarter, as MIDI has them."""
    (one,) = done(Task(replace(song(), tempos=np.array([(0, 77.7)], TEMPO)), "bars=2-3"), count=1)
    assert one.piece.tempos["qpm"][0] == pytest.approx(77.7, abs=1e-3)
    assert again(one.made, Model()).piece == one.piece


def test_a_task_with_many_windows_goes_through_all_of_them() -> None:
    told: list[tuple[int, int]] = []
    task = Task(song(), "accompaniment")
    one = done(task, count=1, on_progress=lambda at, of: told.append((at, of)))[0]
    assert len(told) > 1
    assert told[-1][0] == told[-1][1] == len(told)
    assert one.new is not None
    new = one.piece.notes[one.new]
    assert len(new) >= len(told)  # at least a note in each


@pytest.mark.parametrize("encoding", [SCORE, PARTS], ids=["score", "parts"])
def test_rules_hold_of_what_is_written(encoding: Encoding) -> None:
    tune = replace(song(), notes=song().notes[song().notes["track"] == 0], tracks=song().tracks[:1])
    for seed in range(4):
        for rules in (
            Rules(key="D minor"),
            Rules(chords=("C", "F", "G7")),
            Rules(ranges={-1: (40, 60)}),
            Rules(instruments=(42,)),
            Rules(rhythm=tuple((3.0 * bar, 3.0) for bar in range(20))),
        ):
            one = done(Task(tune, "bass bars=2-5"), encoding, rules=rules, seed=seed, count=1)[0]
            assert one.new is not None
            new = one.piece.notes[one.new].copy()
            if not rules.rhythm:
                new["onset"] -= 1440  # rules count from the region's first bar
            alone = replace(one.piece, notes=new)
            if rules.rhythm:
                assert set(new["onset"].tolist()) == {1440 * bar for bar in range(1, 5)}
            else:
                assert not any(violations(alone, rules).values())


@pytest.mark.parametrize("write", ["bass", "bass bars=2-5", "bars=19-20", "tracks=1 bars=7"])
def test_a_task_ends_on_the_tonic(write: str) -> None:
    """The lowest new note that ends with the region."""
    task = Task(song(), write)
    for seed in range(3):
        for one in done(task, rules=Rules(key="D minor", end_on_tonic=True), seed=seed):
            new = one.piece.notes[one.new]
            closing = new[new["onset"] + new["duration"] == task.span()[1]]
            assert closing["pitch"].min() % 12 == 2


def test_chords_change_with_the_bars_of_the_page() -> None:
    """After an upbeat of a quarter, of which no chord is asked: one chord for each bar from bar 1 on."""
    given = song()
    later = given.notes.copy()
    later["onset"] += 480
    meters = np.array([(0, 1, 4), (480, 3, 4)], METER)
    upbeat = replace(given, notes=np.concatenate([given.notes[:1], later]), meters=meters)
    for write in ("bass", "bass bars=3-8"):
        made = compose(Model(), task=Task(upbeat, write), rules=Rules(chords=("C", "D")), seed=3)[0]
        new = made.piece.notes[made.new]
        number = BarGrid.of(upbeat).number_at(new["onset"])
        begins = 3 if "bars" in write else 1
        allowed = {0: {0, 4, 7}, 1: {2, 6, 9}}
        assert len(new)
        for bar, pitch in zip(number.tolist(), new["pitch"].tolist(), strict=True):
            assert bar < 1 or pitch % 12 in allowed[(bar - begins) % 2], (write, bar, pitch)


def test_no_parallel_fifths_with_what_stands() -> None:
    """The tune's own notes are the upper voice; the bass must not follow it in fifths."""
    tune = replace(song(), notes=song().notes[song().notes["track"] == 0], tracks=song().tracks[:1]).quantise(48)
    rules = Rules(no_parallel_fifths=True, polyphony=2, ranges={-1: (36, 60)})
    for seed in range(6):
        one = done(Task(tune, "bass bars=2-8"), rules=rules, seed=seed, count=1)[0]
        assert not any(violations(one.piece, Rules(no_parallel_fifths=True)).values())


def test_what_cannot_be_done_is_refused() -> None:
    task = Task(song(), "bars=2-3")
    with pytest.raises(InvalidOption, match="transformer_tasks"):
        compose(Model(encoding=make("notes:profile=score")), task=task)
    with pytest.raises(InvalidOption, match="leave out one"):
        compose(Model(), task=task, given=song())
    with pytest.raises(InvalidOption, match="bars and the tempo"):
        done(task, rules=Rules(bars=4))
    with pytest.raises(InvalidOption, match="go on in that meter"):
        done(task, rules=Rules(meter=(4, 4)))
    with pytest.raises(InvalidPiece, match="no notes"):
        done(Task(replace(song(), notes=song().notes[:0]), "bass"))
    dense = made_piece(1, 60)
    crowd = replace(dense, notes=np.sort(np.concatenate([dense.notes] * 12)))
    with pytest.raises(InvalidOption, match="fewer bars"):
        done(Task(crowd, "bass bars=2-3"))


def test_a_damaged_note_is_refused() -> None:
    note = json.loads(done(Task(song(), "bass"), count=1)[0].made)
    for damage in ({"midi": "!"}, {"midi": "AAAA"}, {"write": {"part": "tenor"}}, {"write": {"bars": [3]}}, {"write": 5}):
        broken = note | {"given": note["given"] | damage}
        with pytest.raises(PartimentoError):
            again(json.dumps(broken), Model())


def test_regions_can_be_said_in_python() -> None:
    assert Task(song(), Region(bars=(2, 3))).write == Task(song(), "bars=2-3").write


def test_no_more_than_ten_notes_are_written_at_a_moment() -> None:
    """A player that only wants chords, all of them at the first moment."""

    class Heap(Even):
        def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            logits = super().logits(drawn)
            logits[:, 6 if drawn.shape[1] == 0 else 1] += 20.0
            return logits

    class Heaping(Model):
        def predictor(self) -> Predictor:
            return Heap(self.encoding.fields)

    for write in ("bass bars=2-3", "bars=2-3"):
        (one,) = compose(Heaping(), task=Task(song(), write), seed=1)
        assert one.new is not None
        _, many = np.unique(one.piece.notes["onset"][one.new], return_counts=True)
        assert 2 <= many.max() <= 10


def quartet() -> Piece:
    """Eight bars of four parts; both violins play the same notes, at first in unison with the viola."""
    rows = [(48 * n, 48, 67 + n % 5, 80, track) for n in range(32) for track in (0, 1)]
    rows += [(96 * n, 96, 55 + n % 7, 80, 2) for n in range(16)] + [(192 * n, 192, 43 + n % 3, 80, 3) for n in range(8)]
    return Piece(note_array(rows), tuple(Track(program) for program in (40, 40, 41, 42)), 48)


def test_parts_come_back_as_tracks() -> None:
    """Each new note is in a part that was written to, those of two violins apart."""
    for write, tracks in (("tracks=2 bars=3-4", {1}), ("bars=5-6", {0, 1, 2, 3}), ("tracks=1,4", {0, 3})):
        for one in done(Task(quartet(), write), PARTS, count=4):
            assert one.piece.tracks == quartet().tracks
            assert set(one.piece.notes["track"][one.new].tolist()) <= tracks
            notes = one.piece.notes
            for track in range(4):
                for pitch in set(notes["pitch"][notes["track"] == track].tolist()):
                    own = notes[(notes["track"] == track) & (notes["pitch"] == pitch)]
                    end = own["onset"] + own["duration"]
                    assert (own["onset"][1:] >= end[:-1]).all(), "no key is struck while it sounds in its part"
    made = [done(Task(quartet(), "bars=5-6"), PARTS, seed=seed, count=1)[0] for seed in range(4)]
    assert {track for one in made for track in one.piece.notes["track"][one.new].tolist()} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("write", "instruments", "programs"),
    [
        ("bass", (), [40]),
        ("bass", (32,), [32]),
        ("melody", (), [40]),
        ("accompaniment", (), [0]),
        ("accompaniment", (40, 128), [40, 128]),
    ],
)
def test_an_added_part_is_declared(write: str, instruments: tuple[int, ...], programs: list[int]) -> None:
    """Of the instruments asked for; otherwise of one that has room above or below, or can play chords."""
    rules = Rules(instruments=instruments) if instruments else None
    for one in done(Task(replace(quartet(), notes=quartet().notes[:64]), write), PARTS, rules=rules, count=1):
        added = one.piece.tracks[4:]
        assert [128 if track.is_drum else track.program for track in added] == programs
        assert {track.name for track in added} == {write}
        assert set(one.piece.notes["track"][one.new].tolist()) <= set(range(4, 4 + len(programs)))


def test_only_parts_that_are_there_can_be_asked_for() -> None:
    with pytest.raises(InvalidOption, match="no part of the given piece is for Flute"):
        done(Task(quartet(), "bars=3-4"), PARTS, rules=Rules(instruments="flute"))
    crowd = replace(quartet(), tracks=tuple(Track(program) for program in range(24)))
    with pytest.raises(InvalidOption, match="at most 24"):
        done(Task(crowd, "bass"), PARTS)

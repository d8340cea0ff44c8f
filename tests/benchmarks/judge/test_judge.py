"""The judge on made sets: what is alike is not told apart, what is not is told at once, and no piece is on both sides of a fold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.bars import BarGrid
from partimento.benchmarks.judge import forest
from partimento.benchmarks.judge.excerpts import OF_FILES, as_encoded, excerpts_of, features
from partimento.benchmarks.judge.forest import area_of, told_apart
from partimento.benchmarks.judge.judge import judge
from partimento.benchmarks.judge.verdict import FILE_NAME, Tell, Verdict, keep, kept
from partimento.bootstrap import Interval
from partimento.encodings import make
from partimento.errors import CorpusError
from partimento.piece import TEMPO, Piece
from tests.made import made_piece

NOTES = make("notes:profile=score")
HUMAN, ALIKE = ([made_piece(number, 90) for number in range(first, first + 70)] for first in (0, 700))


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def in_one_scale(piece: Piece) -> Piece:
    notes = piece.notes.copy()
    notes["pitch"] -= np.array([0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0], notes["pitch"].dtype)[notes["pitch"] % 12]
    return replace(piece, notes=notes)


def test_what_is_alike_is_not_told_apart_and_what_is_not_is() -> None:
    alike = judge(HUMAN, ALIKE, NOTES, excerpts=120, bars=2)
    assert alike.area.low < 0.5 < alike.area.high
    assert alike.floor.low < 0.5 < alike.floor.high
    told = judge(HUMAN, [in_one_scale(piece) for piece in ALIKE], NOTES, excerpts=120, bars=2)
    assert told.area.low > 0.95
    assert told.floor.low < 0.5 < told.floor.high
    first = told.tells[0]
    assert first.name in ("scale_consistency", "pitch_class_entropy") or first.name.startswith(
        ("pitch_class", "degree", "interval")
    )
    assert abs(first.area - 0.5) > 0.3
    assert (first.made > first.human) == (first.area > 0.5)


def test_the_same_seed_gives_the_same_verdict() -> None:
    one, same, other = (judge(HUMAN[:30], ALIKE[:30], NOTES, excerpts=30, bars=4, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.area != other.area
    assert Verdict.from_json(one.to_json()) == one


def test_all_excerpts_of_a_piece_are_in_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures that name the piece tell it apart where it is learnt from, and nothing where it is not."""
    piece = np.repeat(np.arange(40), 2)
    code = chance().random((80, 30))[piece]  # both excerpts of a piece have the same figures
    area, _ = told_apart(code[:40], piece[:40], code[40:], piece[40:], 0)
    assert area.low < 0.5 < area.high
    monkeypatch.setattr(forest, "_fold", lambda piece, chance: chance.permutation(len(piece)) % forest.FOLDS)  # a leak
    leaking, _ = told_apart(code[:40], piece[:40], code[40:], piece[40:], 0)
    assert leaking.mean > area.mean + 0.15


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 5))
def test_the_area_is_that_of_counted_pairs(human: int, made: int, seed: int) -> None:
    one, two = (chance(seed + at).integers(0, 6, size).astype(float) for at, size in enumerate((human, made)))
    pairs = [1.0 if two_ > one_ else 0.5 if two_ == one_ else 0.0 for one_ in one for two_ in two]
    assert area_of(one, two) == pytest.approx(np.mean(pairs))


@settings(max_examples=20)
@given(st.integers(1, 8), st.integers(4, 30), st.integers(0, 3))
def test_excerpts_are_whole_bars_of_the_first_ones_that_do_not_overlap(bars: int, within: int, seed: int) -> None:
    found = excerpts_of(HUMAN[:5], 100, bars, within, chance(seed))
    for number in range(5):
        piece, grid = HUMAN[number], BarGrid.of(HUMAN[number])
        own = [one for one, of in zip(found.pieces, found.piece, strict=True) if of == number]
        last = min(int(grid.upbeat) + within, grid.count)
        assert len(own) == min(2, (last - int(grid.upbeat)) // bars)
        assert sum(len(one) for one in own) <= len(piece.cut(0, int(grid.lines[last])))
        for one in own:
            assert BarGrid.of(one).count <= bars
            begins = [
                at
                for at in range(grid.count)
                if at + bars <= grid.count and piece.cut(*grid.lines[[at, at + bars]].tolist()) == one
            ]
            assert begins
            assert int(grid.upbeat) <= begins[0] <= last - bars
    first = excerpts_of(HUMAN[:5], 5, bars, within, chance(seed)).piece
    assert len(set(first.tolist())) == len(first)  # one of each piece before a second of any


def test_nothing_is_measured_that_files_say_by_habit() -> None:
    names, table = features(as_encoded(HUMAN[:6], NOTES, ""), NOTES)
    faster = [
        replace(
            piece,
            tempos=np.array([(0, 77.0), (960, 90.0)], TEMPO),
            notes=_loud(piece),
            tracks=tuple(replace(one, name="x") for one in piece.tracks),
        )
        for piece in HUMAN[:6]
    ]
    _, again = features(as_encoded(faster, NOTES, ""), NOTES)
    np.testing.assert_array_equal(table, again)
    assert table.shape == (6, len(names))
    assert not {name.split(":")[0] for name in names} & {*OF_FILES, "velocity", "velocity_spread", "seconds"}
    loud = make("notes")
    assert "velocity" in {field.name for field in loud.fields}
    assert "velocity_spread" in features(as_encoded(HUMAN[:2], loud, ""), loud)[0]


def _loud(piece: Piece) -> np.ndarray:
    notes = piece.notes.copy()
    notes["velocity"] = 1 + notes["pitch"] % 100
    return notes


def test_too_few_pieces_are_refused() -> None:
    with pytest.raises(CorpusError, match="made pieces of 4 bars"):
        judge(HUMAN, ALIKE[:3], NOTES, excerpts=10, bars=4)
    with pytest.raises(CorpusError, match="human pieces of 4 bars"):
        judge(HUMAN[:3], ALIKE, NOTES, excerpts=10, bars=4)


VERDICT = Verdict(8, 0, (9, 8), (7, 6), Interval(0.7, 0.6, 0.8), Interval(0.5, 0.4, 0.6), [Tell("parts", 0.5, 1.5, 2.5, 0.75)])


def test_a_verdict_lies_beside_its_model(tmp_path: Path) -> None:
    verdicts = [replace(VERDICT, bars=bars) for bars in (16, 8)]
    for verdict in verdicts:
        keep(tmp_path, verdict, "a")
    assert kept(tmp_path, "a") == verdicts[::-1]
    assert (kept(tmp_path), kept(tmp_path, "b")) == (verdicts[::-1], [])
    (tmp_path / FILE_NAME).write_text("{", encoding="utf-8")
    assert kept(tmp_path, "a") == []

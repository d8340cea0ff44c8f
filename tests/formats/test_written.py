"""What is written stands beside the piece, note by note."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from partimento.formats import parse, write
from partimento.formats.sources import list_items
from partimento.formats.written import Written, parse_written, read_written
from tests.formats.scores import FOUR, measure, musicxml, note
from tests.made import made_piece

_NATURAL = np.array([0, 2, 4, 5, 7, 9, 11])
KERN = "\n".join(
    line.replace(" | ", "\t")
    for line in (
        *("**kern | **kern", "*staff2 | *staff1", "*Ipiano | *Ipiano", "*k[b-] | *k[b-]", "*^ | *"),
        *("4C#\\ | 2r | 4e 4b-", "4D- | . | [4a", "*v | *v | *", "=1 | =1", "2F | 2a]", "*- | *-"),
    )
)


def test_humdrum_says_step_staff_voice_and_ties() -> None:
    found = parse_written(KERN.encode(), ".krn")
    pitch = found.piece.notes["pitch"].tolist()
    assert list(zip(pitch, found.notes["step"].tolist(), found.notes["staff"].tolist(), strict=True)) == [
        *((49, 0, 1), (64, 2, 0), (70, 6, 0)),
        *((49, 1, 1), (69, 5, 0), (53, 3, 1)),
    ]
    by_pitch = dict(zip(pitch, found.notes["voice"].tolist(), strict=True))
    assert by_pitch[64] == by_pitch[70] == by_pitch[69]
    assert by_pitch[53] != by_pitch[64]
    assert found.ties.tolist() == [(4, 2 * found.piece.ticks_per_quarter)]


def test_musicxml_says_them_too_and_steps_as_they_sound() -> None:
    triplet = "<voice>2</voice><time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    transpose = FOUR + "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    found = parse_written(musicxml(measure(note("C5", 8) + note("E4", 8, triplet), transpose)), ".musicxml")
    assert found.piece.notes["pitch"].tolist() == [70, 62]
    assert found.notes["step"].tolist() == [6, 1]  # B flat and D
    assert found.notes["tuplet"].tolist() == [0, 3]
    assert len(set(found.notes["voice"].tolist())) == 2


def test_the_rows_are_those_of_the_piece_and_steps_fit_their_pitches(tmp_path: Path) -> None:
    for seed in range(6):
        for suffix in (".musicxml", ".krn"):
            path = tmp_path / f"{seed}{suffix}"
            write(made_piece(seed), path)
            found = parse_written(path.read_bytes(), suffix)
            assert found.piece.notes.tolist() == parse(path.read_bytes(), suffix)[0].notes.tolist()
            assert len(found.notes) == len(found.piece)
            step = found.notes["step"].astype(int)
            spelled = step >= 0
            alter = (found.piece.notes["pitch"][spelled] - _NATURAL[step[spelled]] + 6) % 12 - 6
            assert (abs(alter) <= 2).all()
            assert spelled.any()


def test_of_other_formats_nothing_is_known(tmp_path: Path) -> None:
    write(made_piece(1), tmp_path / "a.mid")
    found = parse_written((tmp_path / "a.mid").read_bytes(), ".mid")
    assert (found.notes["step"] == -1).all()
    assert (found.notes["staff"] == -1).all()
    assert not len(found.ties)


def test_workers_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.krn").write_text(KERN)
    (tmp_path / "b.krn").write_text("no score")
    found = {item.name: one for item, one in read_written(list_items([tmp_path]).items)}
    good, bad = (found[next(name for name in found if name.endswith(end))] for end in ("a.krn", "b.krn"))
    assert isinstance(good, Written)
    assert not isinstance(bad, Written)
    here = parse_written(KERN.encode(), ".krn")
    assert good.notes.tolist() == here.notes.tolist()
    assert good.ties.tolist() == here.ties.tolist()

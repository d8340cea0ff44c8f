"""A set as one table: blocks, choices and groups keep every note in its piece; many bars and beats at once are as one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partimento.analysis.piece_set import Music
from partimento.bars import BarGrid
from partimento.corpus import Corpus
from partimento.errors import CorpusError, InvalidOption
from partimento.piece import KEY, METER, NOTE, Piece, Track
from tests.made import made_piece

PIECES = [made_piece(number, notes=20 + 7 * number) for number in range(9)]


def test_pieces_come_back() -> None:
    music = Music.of("made", PIECES)
    assert [music.piece(number) for number in range(len(music))] == PIECES
    assert music.piece_of_note.tolist() == [number for number, piece in enumerate(PIECES) for _ in range(len(piece))]
    assert (music.names[3], music.made) == ("Piece 3", False)
    some = music.take([5, 2])
    assert [some.piece(0), some.piece(1)] == [PIECES[5], PIECES[2]]
    assert some.works == ["Piece 5", "Piece 2"]


@pytest.mark.parametrize("most", [1, 50, 100, 10**6])
def test_blocks_are_the_set_in_order(most: int) -> None:
    music = Music.of("made", [*PIECES, replace(PIECES[0], notes=np.zeros(0, NOTE)), PIECES[1]])
    blocks = list(music.blocks(most))
    assert [block.piece(n) for block in blocks for n in range(len(block))] == [music.piece(n) for n in range(len(music))]
    assert all(len(block.notes) <= most or len(block) == 1 for block in blocks)
    assert [name for block in blocks for name in block.names] == list(music.names)


def test_bars_and_beats_of_all_pieces_at_once() -> None:
    meters = [(0, 3, 4), (700, 6, 8), (720, 4, 4)]
    odd = [
        replace(PIECES[0], meters=np.array(meters, METER)),
        replace(PIECES[1], meters=np.zeros(0, METER)),
        replace(PIECES[2], meters=np.array([(960, 2, 2), (5000, 3, 8)], METER)),
        replace(PIECES[3], meters=np.array([(0, 4, 4), (0, 12, 8)], METER)),
    ]
    music = Music.of("odd", odd)
    onset = music.notes["onset"].astype(np.int64)
    piece = music.piece_of_note
    one_by_one = np.concatenate([BarGrid.of(each).bars_at(each.notes["onset"]) for each in odd])
    assert np.array_equal(music.meters.bars_at(onset, piece), one_by_one)
    # 3/4 ends within its bar, which counts as three beats; 6/8 then lasts twenty ticks, a bar of two beats; in 2/2 quarters count
    assert music.meters.pulses_at(np.array([0, 480, 700, 720]), np.array([0, 0, 0, 0])).tolist() == [0, 1, 3, 5]
    assert music.meters.pulses_at(np.array([960, 1440, 5240, 720]), np.array([1, 2, 2, 3])).tolist() == [2, 5, 17, 1]


def test_drums_and_programs() -> None:
    notes = np.array([(0, 1, 60, 64, 0), (0, 1, 36, 64, 1)], NOTE)
    piece = Piece(notes, (Track(40), Track(0, True)), 1, keys=np.zeros(0, KEY))
    music = Music.of("drums", [PIECES[0], piece])
    assert music.is_drum[-2:].tolist() == [False, True]
    assert music.program[-2:].tolist() == [40, 128]


def test_groups_by_a_label() -> None:
    pieces = [replace(piece, about=replace(piece.about, composer="ABBCAAD?"[number % 8])) for number, piece in enumerate(PIECES)]
    groups, left = Music.of("made", pieces).divided("composer", most=2)
    assert [(group.name, len(group)) for group in groups] == [("A", 4), ("B", 2)]
    assert sorted(left) == ["?", "C", "D"]
    with pytest.raises(InvalidOption, match="has 1 value of it"):
        Music.of("made", PIECES).divided("composer", most=2)
    with pytest.raises(InvalidOption, match="known: composer, genre"):
        Music.of("made", PIECES).divided("key", most=2)


def test_a_corpus_and_its_splits(made_corpus: Path) -> None:
    corpus = Corpus.open(made_corpus)
    music = Music.of_corpus(corpus)
    assert [music.piece(number) for number in range(len(music))] == [corpus.piece(number) for number in range(len(corpus))]
    splits = [Music.of_corpus(corpus, split=split) for split in ("train", "valid", "test")]
    assert sorted(name for split in splits for name in split.names) == sorted(music.names)
    empty = replace(corpus, rows=[replace(row, split=0) for row in corpus.rows])
    with pytest.raises(CorpusError, match="holds no piece"):
        Music.of_corpus(empty, split="test")

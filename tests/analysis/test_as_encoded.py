"""Human music as a model sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partimento.analysis.as_encoded import as_encoded, encoding_of, median_notes
from partimento.analysis.piece_set import Music
from partimento.encodings import make
from partimento.errors import UnknownName
from partimento.piece import NOTE
from tests.made import made_piece

HUMAN = Music.of("human", [made_piece(number) for number in range(4)], works=["one", "two", "two", "three"])


def written(made: str, notes: int) -> Music:
    piece = made_piece(9, notes)
    return Music.of("model", [replace(piece, about=replace(piece.about, made=made))])


def test_what_the_title_pages_say() -> None:
    sets = [HUMAN, written('{"encoding": "melody"}', 30), written("damaged", 10)]
    assert [music.made for music in sets] == [False, True, True]
    assert (encoding_of(sets), median_notes(sets)) == ("melody", 20)
    assert (encoding_of([HUMAN]), median_notes([HUMAN])) == ("", 0)


def test_the_encoding_and_the_length() -> None:
    seen, lost = as_encoded(HUMAN, "melody", 25)
    melody = make("melody")
    assert (lost, seen.name, list(seen.works), list(seen.names)) == (0, "human", list(HUMAN.works), list(HUMAN.names))
    for number in range(len(HUMAN)):
        whole = melody.decode(melody.encode(HUMAN.piece(number)))
        assert np.array_equal(seen.piece(number).notes, whole.notes[:25])


def test_an_empty_piece_is_counted_not_dropped_in_silence() -> None:
    empty = replace(made_piece(1), notes=np.zeros(0, NOTE))
    seen, lost = as_encoded(Music.of("human", [made_piece(0), empty]), "melody", 25)
    assert (len(seen), lost) == (1, 1)
    with pytest.raises(UnknownName):
        as_encoded(HUMAN, "nothing", 25)

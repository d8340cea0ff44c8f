"""An index that travels with a model finds in a texture what the whole index finds, and is much smaller."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from partimento.analysis.human_reference import Reference
from partimento.analysis.originality import Index
from partimento.analysis.packed_index import packed, textures, unpacked
from partimento.corpus import Corpus
from partimento.piece import Piece
from tests.made import made_piece


def pieces() -> list[tuple[str, Piece]]:
    return [(f"{number}.mid", made_piece(number, 60)) for number in range(8)]


def test_what_is_unpacked_is_what_was_packed() -> None:
    whole = Index.of(pieces())
    light, again = textures(whole), unpacked(whole.names, packed(whole))
    assert again.names == light.names
    for name, array in light.arrays.items():
        assert np.array_equal(array, again.arrays[name]), name


def test_it_finds_copies_in_any_transposition() -> None:
    again = unpacked(*(lambda index: (index.names, packed(index)))(Index.of(pieces())))
    piece = made_piece(3, 60)
    copy = replace(piece.transpose(2), about=piece.about)
    found, whole = again.find(copy), Index.of(pieces()).find(copy)
    assert found.runs[0].known == "3.mid"
    assert (found.notes, found.share, found.runs[0].bars) == (whole.notes, whole.share, whole.runs[0].bars)
    assert found.runs[0].known_bars == whole.runs[0].known_bars


def test_a_light_reference_is_read_as_any(made_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(made_corpus)
    light, whole = Reference.of(corpus, light=True), Reference.of(corpus)
    light.save(tmp_path, light=True)
    read = Reference.load(tmp_path, {"fingerprint": corpus.fingerprint})
    assert read.limits == light.limits
    assert {path.name for path in tmp_path.iterdir()} == {"reference.safetensors", "pieces.safetensors"}
    assert np.array_equal(read.human, light.human, equal_nan=True)
    assert read.index.lines.starts[-1] <= whole.index.lines.starts[-1]
    piece = corpus.piece(0)
    assert read.index.find(piece) == light.index.find(piece)

"""What a corpus says of its pieces: vectors cached and checked, and rules that choose among them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from partimento.corpus import Corpus, Labels
from partimento.corpus.build import Options, build
from partimento.encodings.conditions import Conditions
from partimento.errors import CorpusError, InvalidOption


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, made_music: Path) -> Corpus:
    folder = tmp_path_factory.mktemp("labelled") / "corpus"
    return build([made_music], folder, Options(workers=1, labels=Labels.of(["{genre}/*"])))


def test_vectors_are_cached_checked_and_made_anew_for_another_vocabulary(labelled: Corpus, tmp_path: Path) -> None:
    shutil.copytree(labelled.folder, tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    vocabulary = corpus.vocabulary()
    assert vocabulary.composers == ("Nobody",)
    assert set(vocabulary.genres) == {"one", "two", "three"}
    first = corpus.conditions(vocabulary)
    assert np.array_equal(first, [vocabulary.encode(corpus.piece(number)) for number in range(len(corpus))])
    path = corpus.folder / "encoded" / "conditions" / "conditions.bin"
    path.write_bytes(bytes(len(path.read_bytes())))
    assert np.array_equal(corpus.conditions(vocabulary), first)
    other = Conditions(("Someone", "Nobody"), ())
    assert (corpus.conditions(other)[:, 0] == 2).all()
    told = corpus.encoded("melody", vocabulary)
    assert told.vocabulary == vocabulary
    assert told.conditions is not None
    assert np.array_equal(told.conditions, first)
    assert corpus.encoded("melody").conditions is None


def test_rules_choose_pieces(labelled: Corpus) -> None:
    genres = np.array([row.about.genre for row in labelled.rows])
    assert np.array_equal(labelled.matching(["genre=ONE"]), genres == "one")
    assert np.array_equal(labelled.matching(["genre=one, two", "composer=nobody"]), genres != "three")
    encoded = labelled.encoded("melody")
    chosen = encoded.only(labelled.matching(["genre=one,two"]))
    for split_method in ("works", "windows"):
        assert set(genres[chosen.split("train", split_method).pieces]) == {"one", "two"}
    with pytest.raises(CorpusError):
        encoded.only(np.zeros(len(labelled), bool)).split("train")
    for rules, message in (
        (["genre=folk"], "its genres: one, three, two"),
        (["colour=red"], "no rule"),
        (["genre"], "no rule"),
        (["genre=one", "title=Piece 1"], "at once"),
    ):
        with pytest.raises(InvalidOption, match=message):
            labelled.matching(rules)

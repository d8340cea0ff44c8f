"""The human reference beside a model: made of a corpus, read without it, refused where it is another's."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from partimento.analysis.card.rows import ROWS
from partimento.analysis.human_reference import REFERENCE_FILE, Reference, beside
from partimento.analysis.repetition import FIGURES, figures
from partimento.corpus import Corpus
from partimento.errors import CheckpointError


@pytest.fixture(scope="module")
def corpus(made_corpus: Path) -> Corpus:
    return Corpus.open(made_corpus)


def test_it_comes_back_as_it_was(corpus: Corpus, tmp_path: Path) -> None:
    told: list[str] = []
    made = Reference.of(corpus, on_progress=lambda stage, done, of: told.append(stage))
    held = [number for split in (1, 2) for number, row in enumerate(corpus.rows) if row.split == split]
    assert made.human.shape == (len(held), len(ROWS))
    assert made.repetition.shape == (len(held), FIGURES)
    assert np.array_equal(made.repetition, [figures(corpus.piece(number)) for number in held], equal_nan=True)
    assert set(made.index.names) == {row.name for row in corpus.rows if row.split == 0}
    assert {"human pieces (valid)", "human pieces (test)"} <= set(told)
    made.save(tmp_path)
    again = Reference.load(tmp_path, {"fingerprint": corpus.fingerprint})
    assert again.limits == made.limits
    assert again.habits == made.habits
    assert np.array_equal(again.human, made.human, equal_nan=True)
    train = next(number for number, row in enumerate(corpus.rows) if row.split == 0)
    piece = corpus.piece(train)
    assert again.index.find(piece) == made.index.find(piece)
    assert again.index.find(piece).share[2] > 0.9
    assert again.limits is not None
    assert again.limits.crossed(again.index.find(piece))


def test_another_model_or_a_damaged_file(corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    metadata = {"fingerprint": corpus.fingerprint}
    assert beside(tmp_path, metadata) is None
    with pytest.raises(CheckpointError, match="no such file"):
        Reference.load(tmp_path, metadata)
    Reference.of(corpus).save(tmp_path)
    assert beside(tmp_path, metadata) is not None
    for other in ({"fingerprint": "0" * 64}, metadata | {"only": ["genre=folk"]}, {}):
        with pytest.raises(CheckpointError, match="of other pieces"):
            Reference.load(tmp_path, other)
    file = tmp_path / REFERENCE_FILE
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING):
        assert beside(tmp_path, metadata) is None
    assert "damaged" in caplog.text


def test_only_some_pieces(corpus: Corpus) -> None:
    titles = [row.about.title for row in corpus.rows if row.split][:1]
    made = Reference.of(corpus, [f"title={titles[0]}"])
    assert len(made.human) == 1
    assert made.limits is None
    assert made.habits is not None
    assert len(made.index.names) == sum(row.split == 0 for row in corpus.rows)
    train = next(row.about.title for row in corpus.rows if row.split == 0)
    assert Reference.of(corpus, [f"title={train}"]).habits is None

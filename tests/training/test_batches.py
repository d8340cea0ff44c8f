"""Batches: what the encoding says of each event, variations within range, and the same batch for the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.errors import InvalidOption
from partimento.models.config import TrainingConfig
from partimento.training.batches import Batch, Batches
from tests.made import made_piece

SMALL = TrainingConfig(batch=3, segment=16)


def encoded(key: str, pieces: int = 5) -> Encoded:
    encoding = make(key)
    return Encoded.of(encoding, [encoding.encode(made_piece(number, 30)) for number in range(pieces)], [0] * pieces)


def rows_of(batches: Batches, epoch: int = 0) -> list[tuple[tuple[int, int, int], Batch]]:
    found = []
    for index in range(batches.count(epoch)):
        batch = batches.batch(epoch, index)
        for row, place in enumerate(batches.segments.places(epoch, index)):
            found.append((place, batch.rows(slice(row, row + 1))))
    return found


@pytest.mark.parametrize("key", ["voices", "notes", "slots"])
def test_context_is_that_of_the_whole_piece(key: str) -> None:
    data = encoded(key)
    seen = 0
    for (number, first, last), row in rows_of(Batches(data.split("train"), SMALL, True)):
        piece = data.piece(number)
        size = last - first
        assert row.context is not None
        assert np.array_equal(row.target[0, :size].numpy(), piece[first:last])
        assert np.array_equal(row.context[0, :size].numpy(), data.encoding.context(piece)[first:last])
        assert np.array_equal(row.before[0, :1].numpy(), piece[first - 1 : first] if first else np.zeros((1, piece.shape[1])))
        assert row.events == size
        assert not row.target[0, size:].any()
        seen += size
    assert seen == len(data.events)


@pytest.mark.parametrize("key", ["voices", "notes", "slots", "melody"])
def test_variations_are_seeded_and_in_range(key: str) -> None:
    data = encoded(key, 8)
    config = TrainingConfig(batch=3, segment=16, transpose=5, louder=2)
    batches, again = (Batches(data.split("train"), config, True) for _ in range(2))
    low = np.array([data.encoding.pitch_range(data.piece(number)) for number in range(8)])
    least, most = low[..., 0].min(0), low[..., 1].max(0)
    shifts = set()
    for epoch in (0, 1):
        for (place, row), (_, same) in zip(rows_of(batches, epoch), rows_of(again, epoch), strict=True):
            assert torch.equal(row.target, same.target)
            number, first, last = place
            target = row.target[0, : last - first].numpy().astype(data.encoding.dtype)
            plain = data.piece(number)[first:last]
            matching = [
                s for s in range(-5, 6) if (moved := data.encoding.transpose(plain, s)) is not None and _same(moved, target, key)
            ]
            assert matching
            shifts.add(matching[0])
            ranges = data.encoding.pitch_range(target)
            sings = ranges[:, 1] >= 0
            assert (ranges[sings, 0] >= least[sings]).all()
            assert (ranges[sings, 1] <= most[sings]).all()
    assert len(shifts) > 3


def _same(moved: np.ndarray, target: np.ndarray, key: str) -> bool:
    """But for velocity."""
    return np.array_equal(np.delete(moved, 4, 1), np.delete(target, 4, 1)) if key == "notes" else np.array_equal(moved, target)


def test_instruments_are_dropped_at_random() -> None:
    data = encoded("notes", 6)
    config = TrainingConfig(batch=3, segment=16, drop=0.5)
    batches, again = (Batches(data.split("train"), config, True) for _ in range(2))
    left = set()
    for (place, row), (_, same) in zip(rows_of(batches), rows_of(again), strict=True):
        assert torch.equal(row.target, same.target)
        assert row.context is not None
        piece = data.piece(place[0])
        target = row.target[row.mask].numpy()
        instruments = data.encoding.instruments(piece)
        found = []
        for some in (instruments, instruments[:1], instruments[1:]):
            kept = data.encoding.keep(piece, some)
            known = data.encoding.context(kept)
            found += [
                len(some)
                for at in range(len(kept) - len(target) + 1)
                if np.array_equal(kept[at : at + len(target)], target)
                and np.array_equal(known[at : at + len(target)], row.context[row.mask].numpy())
            ]
        assert found
        left.add(min(found))
        assert row.events <= place[2] - place[1]
    assert left == {1, 2}
    with pytest.raises(InvalidOption, match="split by works"):
        Batches(data.split("train", "windows"), config, True)


@pytest.mark.parametrize(("changes", "untrue"), [({"drop": 0.5}, "density"), ({"faster": 2}, "tempo")])
def test_what_a_variation_makes_untrue_is_not_told(changes: dict[str, float], untrue: str) -> None:
    """Of the pieces as they are all is told; of those without an instrument or at another tempo all but one condition."""
    pieces = [made_piece(number, 30) for number in range(5)]
    vocabulary = Conditions()
    data = replace(encoded("notes"), conditions=np.stack([vocabulary.encode(piece) for piece in pieces]), vocabulary=vocabulary)
    config = TrainingConfig(batch=3, segment=16, omit=0.0, **changes)  # type: ignore[arg-type]
    place = [field.name for field in vocabulary.fields].index(untrue)
    told = set()
    for (number, _, _), row in rows_of(Batches(data.split("train"), config, True)):
        assert row.conditions is not None
        assert data.conditions is not None
        differs = np.flatnonzero(row.conditions[0].numpy() != data.conditions[number])
        assert differs.tolist() in ([], [place])
        told.add(int(row.conditions[0, place]) > 0)
    assert told == {True, False}


def test_shares_and_slices_are_the_batch() -> None:
    batch = Batches(encoded("voices").split("train"), SMALL, True).batch(0, 0)
    rows = len(batch.mask)
    for ranks in (1, 2, rows, rows + 2):
        assert sum(batch.share(rank, ranks).events for rank in range(ranks)) == batch.events
    for count in (1, 2, 50):
        parts = list(batch.slices(count))
        assert torch.equal(torch.cat([part.target for part in parts]), batch.target)
        assert len(parts) <= count


def test_long_tasks_among_short_rows_are_computed_without_their_padding() -> None:
    lengths = torch.tensor([3, 40, 2, 5, 8, 3])
    mask = torch.arange(40) < lengths[:, None]
    target = mask[..., None].long() * torch.arange(1, 41)[None, :, None]
    mask = mask & (torch.arange(40) % 2 > 0)  # some are given, not written
    batch = Batch(target - 1, target, mask, target.clone(), torch.arange(6)[:, None])
    parts = list(batch.slices(1, most=40))
    assert all(part.mask.numel() <= 40 for part in parts)
    assert sum(part.events for part in parts) == batch.events
    seen = {}
    for part in parts:
        assert part.context is not None
        assert part.conditions is not None
        for row, number in enumerate(part.conditions[:, 0].tolist()):
            seen[number] = int((part.target[row] != 0).sum())
            assert torch.equal(part.target[row], batch.target[number, : part.target.shape[1]])
            assert torch.equal(part.context[row], part.target[row])
    assert seen == dict(enumerate(lengths.tolist()))
    assert [len(part.mask) for part in batch.slices(1, most=240)] == [6]
    assert [len(part.mask) for part in batch.slices(2)] == [3, 3]

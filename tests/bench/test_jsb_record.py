"""The record on the chorales, on a few made chorales and a tiny network: nothing of the future, and no piece remembers itself."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from jsb_checks import check
from jsb_memory import TUNE, Memory, Slots
from jsb_network import SYMBOLS, Network, Recipe
from jsb_past import NONE, ORDER, RANK, REST, Symbols
from jsb_record import load, nats_of, score, train
from jsb_windows import build, draw, features, inputs, symbols_of, whole

from partimento.encodings.slots import FIRST_PITCH
from partimento.encodings.slots import REST as REST_ID

TINY = Recipe(width=8, embed=8, head=8, batch=2, slots=16)


def chorale(seed: int, T: int = 32) -> Symbols:
    """Four lines of small steps, held for an eighth or longer, with a few rests."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-2, 3, (T // 2, 4)) * (rng.random((T // 2, 4)) < 0.6)
    lines = np.clip(np.array([36, 28, 20, 10]) + steps.cumsum(0), 0, REST - 1)
    lines[rng.random(lines.shape) < 0.05] = REST
    return np.repeat(lines, 2, 0).astype(np.int16)


@pytest.fixture(scope="module")
def pieces() -> dict[str, list[Symbols]]:
    train_pieces = [chorale(seed) for seed in range(6)]
    return {"train": train_pieces, "valid": [chorale(7), chorale(8)], "test": [chorale(9, 24)]}


def network(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return Network(TINY).eval()


def test_no_later_note_changes_an_earlier_probability_and_all_sum_to_one(pieces: dict[str, list[Symbols]]) -> None:
    found = check([network(0), network(1)], Memory(pieces["train"]), pieces["valid"], changes=6)
    assert found["uniform"] == pytest.approx(3.8501, abs=1e-4)


def test_the_check_finds_a_network_that_looks_ahead(pieces: dict[str, list[Symbols]]) -> None:
    class Peeking(Network):
        def forward(self, *args: torch.Tensor, **window: torch.Tensor) -> torch.Tensor:
            window["seen"] = window["seen"].roll(-1, 1)
            return super().forward(*args, **window)

    torch.manual_seed(0)
    with pytest.raises(AssertionError, match="later note"):
        check([Peeking(TINY).eval()], Memory(pieces["train"]), pieces["valid"], changes=6)


@pytest.mark.parametrize("voice", ORDER)
def test_a_voice_reads_those_drawn_before_it_alone(pieces: dict[str, list[Symbols]], voice: int) -> None:
    memory, piece, t = Memory(pieces["train"]), pieces["valid"][0], 9
    changed = piece.copy()
    changed[t, voice] = (piece[t, voice] + 1) % REST
    before, after = memory.slots(piece), memory.slots(changed)
    not_after = list(ORDER[: RANK[voice] + 1])
    for name in ("uses", "shares", "seen"):  # of each voice; `pitch` holds the slot itself, masked by the network
        old, new = getattr(before, name), getattr(after, name)
        assert np.array_equal(old[:t], new[:t])
        assert np.array_equal(old[t, not_after], new[t, not_after])


def test_a_training_piece_does_not_find_itself(pieces: dict[str, list[Symbols]]) -> None:
    train_pieces = pieces["train"]
    index = 2
    left_out = Memory(train_pieces).slots(train_pieces[index], index)
    without = Memory([*train_pieces[:index], *train_pieces[index + 1 :]]).slots(train_pieces[index])
    with_itself = Memory(train_pieces).slots(train_pieces[index])
    assert np.array_equal(left_out.pitch[:, : TUNE.start], without.pitch[:, : TUNE.start])
    for name in ("small", "key", "uses", "shares", "seen"):  # of places that agree equally long any may be the tune found
        assert np.array_equal(getattr(left_out, name), getattr(without, name)), name
    assert (with_itself.small[:, 8:] >= without.small[:, 8:]).all()
    assert with_itself.small[-1, 8] > without.small[-1, 8]
    assert not np.array_equal(with_itself.shares, without.shares)


def test_without_memory_nothing_of_train_is_known(pieces: dict[str, list[Symbols]]) -> None:
    piece = pieces["valid"][0].copy()
    piece[:, 0] = np.arange(45, 45 - len(piece), -1)  # a run down
    one, other = (Memory(known, remember=False).slots(piece) for known in ([piece, *pieces["train"]], pieces["test"]))
    for field in fields(Slots):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name
    assert (one.pitch[:, TUNE] == NONE).all()
    assert one.seen.any()  # of the piece's own past


def test_a_moved_window_has_the_features_of_the_moved_piece(pieces: dict[str, list[Symbols]]) -> None:
    """Transposition moves features instead of making them anew; the two ways must agree but for what leaves the compass."""
    piece = np.clip(pieces["valid"][0], 3, REST)
    moved = np.where(piece < REST, piece + 2, REST).astype(np.int16)
    parts = build({"valid": [piece], "test": [moved]}, Memory(pieces["train"]))
    rows, chosen = torch.arange(len(piece))[None], torch.arange(len(piece))
    made = inputs(parts["valid"], rows, torch.tensor([2]), chosen)
    anew = inputs(parts["test"], rows, torch.tensor([0]), chosen)
    assert torch.equal(made["pitch"][..., :24], anew["pitch"][..., :24])
    for name in ("small", "key", "heard", "shares", "seen"):
        assert torch.allclose(made[name], anew[name], atol=2e-3), name
    assert torch.allclose(made["uses"][..., 2:, :], anew["uses"][..., 2:, :], atol=2e-3)


def test_training_writes_what_is_scored_and_features_are_kept(pieces: dict[str, list[Symbols]], tmp_path: Path) -> None:
    parts = features(pieces, True, "0" * 64, tmp_path / "features.safetensors")
    kept = features({}, True, "0" * 64, tmp_path / "features.safetensors")
    assert all(torch.equal(parts["valid"].slots[name], kept["valid"].slots[name]) for name in parts["valid"].slots)
    made_of = {"seed": "0", "steps": "3", "data": "0" * 64}
    for name in ("a", "b"):
        train(kept, TINY, tmp_path / f"{name}.safetensors", made_of)
    (one, about), (same, _) = (load(tmp_path / f"{name}.safetensors") for name in ("a", "b"))
    assert made_of.items() <= about.items()
    assert all(torch.equal(old, new) for old, new in zip(one.parameters(), same.parameters(), strict=True))
    rows = score([one, network(1)], parts["valid"])
    assert rows["seed 0"]["micro"] == pytest.approx(float(about["valid_micro"]), abs=1e-5)
    assert rows["mean"]["micro"] <= (rows["seed 0"]["micro"] + rows["seed 1"]["micro"]) / 2  # Jensen
    nats = nats_of([one], parts["valid"])[1][1]
    by_hand = -one(**list(whole(parts["valid"]))[1])[0].gather(2, parts["valid"].truth(1)[..., None])[..., 0]
    assert torch.allclose(nats, by_hand)


def test_the_loss_of_a_window_weighs_each_sixteenth_alike(pieces: dict[str, list[Symbols]]) -> None:
    part = build(pieces, Memory(pieces["train"]))["train"]
    window, target, weight = draw(part, 4, 16, torch.Generator().manual_seed(0))
    even = window["chosen"] % 2 == 0
    assert weight[:, even].sum() == weight[:, ~even].sum()
    assert target.shape == (4, 10, 4)
    assert target.max() < SYMBOLS


def test_symbols_of_ids() -> None:
    ids = np.array([[REST_ID, FIRST_PITCH, FIRST_PITCH + 45, FIRST_PITCH + 1]], np.uint8)
    assert symbols_of(ids).tolist() == [[REST, 0, 45, 1]]

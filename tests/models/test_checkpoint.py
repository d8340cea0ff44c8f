"""Checkpoints: whole, honest about damage, and safe to open."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch

from partimento.encodings import make
from partimento.errors import CheckpointError, WriteFailed
from partimento.models import checkpoint
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe
from partimento.models.model import Model

MODEL = ModelConfig(width=8, embedding=4)
RECIPE = Recipe("tiny", "melody:pitch=piano", MODEL)
TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "scalar": np.float32(3), "b": torch.ones(4, dtype=torch.uint8)}


def a_model() -> Model:
    torch.manual_seed(0)
    return Model(MODEL, make(RECIPE.encoding).fields)


def write_model(path: Path) -> str:
    return checkpoint.save_model(path, a_model().state_dict(), RECIPE, {"corpus": "0123", "licences": {"CC0": 3}})


def test_round_trip(tmp_path: Path) -> None:
    metadata = {"x": [1, 2.5, None, 'a "sha256":"quoted" one'], "é": {"y": 0.1}}
    digest = checkpoint.save(tmp_path / "f.safetensors", TENSORS, metadata)
    tensors, back = checkpoint.load(tmp_path / "f.safetensors")
    assert back == metadata
    assert set(tensors) == set(TENSORS)
    for name, array in TENSORS.items():
        assert tensors[name].dtype == np.asarray(array).dtype
        assert np.array_equal(tensors[name], np.asarray(array))
    assert checkpoint.save(tmp_path / "g.safetensors", TENSORS, metadata) == digest
    assert (tmp_path / "f.safetensors").read_bytes() == (tmp_path / "g.safetensors").read_bytes()
    with safetensors.safe_open(tmp_path / "f.safetensors", "numpy") as file:  # any reader of the format can
        assert file.metadata()["sha256"] == digest
        assert json.loads(file.metadata()["metadata"]) == metadata


def test_a_model_comes_back(tmp_path: Path) -> None:
    sha256 = write_model(tmp_path / "model.safetensors")
    for path in (tmp_path, tmp_path / "model.safetensors", str(tmp_path)):
        loaded = Checkpoint.load(path)
        assert loaded.path == tmp_path / "model.safetensors"
        assert (loaded.sha256, loaded.recipe, loaded.encoding) == (sha256, RECIPE, make("melody:pitch=piano"))
        assert loaded.metadata["corpus"] == "0123"
        assert loaded.metadata["fields"] == [["pitch", 89, False], ["duration", 6, False]]
        assert not loaded.model.training
    for name, weight in a_model().state_dict().items():
        assert torch.equal(weight, loaded.model.state_dict()[name])
    piece = np.array([[5, 1], [6, 2]], np.uint8)
    (score,) = loaded.predictor().score([piece])
    with torch.no_grad():
        assert np.allclose(score.nats, a_model().eval().nats(torch.from_numpy(piece.astype(np.int64))[None])[0], atol=1e-6)


def test_200_bit_flips_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path)
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    chance = np.random.default_rng(0)
    places = np.concatenate([chance.integers(0, header * 8, 100), chance.integers(header * 8, len(whole) * 8, 100)])
    for place in places:
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            checkpoint.load(path)
    digest = whole.index(b'"sha256":"') + 10
    for place in range(digest, digest + 64):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(CheckpointError):
                checkpoint.load(path)


def test_foreign_damaged_missing(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path)
    whole = path.read_bytes()
    foreign = safetensors.numpy.save({"a": np.zeros(3)}, {"format": "pt"})
    for content, message in (
        (b"", "too few"),
        (whole[:100], "damaged"),
        (whole[:-1], "damaged"),
        (whole + b"x", "damaged"),
        (pickle.dumps({"a": 1}), "not a partimento checkpoint"),
        (b"PK\x03\x04" + bytes(100), "not a partimento checkpoint"),
        (foreign, "not a partimento checkpoint"),
        (safetensors.numpy.save({"a": np.zeros(3)}), "not a partimento checkpoint"),
        (b"\xff" * 100, "not a partimento checkpoint"),
        ((50).to_bytes(8, "little") + b'{"__metadata__":' + b"[" * 100, "damaged"),
        (whole.replace(b'"format_version":"1"', b'"format_version":"9"'), "update partimento"),
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message) as caught:
            Checkpoint.load(path)
        assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(CheckpointError, match="no such file"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match="folder"):
        checkpoint.load(tmp_path)
    with pytest.raises(CheckpointError, match="finish its training with the same command"):
        Checkpoint.load(tmp_path)


def test_a_sound_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    sound = {
        "recipe": json.loads(RECIPE.to_json()),
        "encoding": "melody:pitch=piano",
        "fields": [["pitch", 89, False], ["duration", 6, False]],
    }
    weights = a_model().state_dict()
    huge = {**sound["recipe"], "model": {**sound["recipe"]["model"], "width": 16384, "layers": 200}}
    for tensors, metadata, message in (
        (weights, {}, "no trained model"),
        (weights, {**sound, "encoding": "organ"}, "unknown encoding"),
        (weights, {**sound, "encoding": 5}, "unknown encoding"),
        (weights, {**sound, "fields": []}, "had fields"),
        (weights, {**sound, "recipe": [1]}, "not a JSON object"),
        (weights, {**sound, "recipe": {}}, "lacks"),
        (weights, {**sound, "recipe": huge}, "do not fit"),  # and no memory is asked for
        ({"a": np.zeros(3)}, sound, "do not fit"),
    ):
        checkpoint.save(path, tensors, metadata)
        with pytest.raises(CheckpointError, match=message):
            Checkpoint.load(path)


def test_nothing_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="not a partimento checkpoint"):
        Checkpoint.load(path)


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left"):
        checkpoint.save(path, TENSORS, {})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]

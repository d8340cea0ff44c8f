"""The ONNX file says what the engine says, and is driven with ONNX Runtime and the JSON inside alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from partimento.errors import InvalidOption
from partimento.models.checkpoint import Checkpoint
from partimento.models.export import export

MODELS = Path(__file__).parents[2] / "legacy"
WRITTEN = ["ensemble_conditions", "frames_lstm", "leadsheet_gru", "melody_joint", "melody_written", "score_convolution"]
WRITTEN += ["tasks_transformer", "voices_gru"]

DRIVER = """
import json, sys
import numpy as np, onnxruntime
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options)
about = json.loads(session.get_modelmeta().custom_metadata_map["partimento"])
fields, states = about["fields"], about["states"]
chance = np.random.default_rng(0)
def begin(size): return 1 if size == "B" else 0 if isinstance(size, str) else size
kept = {one["input"]: np.zeros([begin(size) for size in one["shape"]], "f4") for one in states}
event, nats = np.zeros((1, len(fields)), np.int64), 0.0
for step in range(40):
    given = {"event": event, **kept} | ({"position": np.array([step])} if about["counts_positions"] else {})
    h, *after = session.run(["h'", *(one["output"] for one in states)], given)
    kept = {one["input"]: value for one, value in zip(states, after)}
    event = np.zeros_like(event)
    for f, field in enumerate(fields):
        log_p = session.run([field["output"]], {"h": h, "drawn": event})[0][0]
        event[0, f] = chance.choice(field["size"], p=np.exp(log_p) / np.exp(log_p).sum())
        assert event[0, f] >= field["first"]
        nats -= log_p[event[0, f]]
    print(*event[0])
print(nats)
assert not [name for name in sys.modules if name.startswith(("partimento", "torch", "numba"))]
"""


def session_of(path: Path) -> tuple[Any, dict[str, Any]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that inputs have defaults
    session = onnxruntime.InferenceSession(path, options)
    return session, json.loads(session.get_modelmeta().custom_metadata_map["partimento"])


@pytest.mark.parametrize("bits", [32, 8])
@pytest.mark.parametrize("name", WRITTEN)
def test_it_says_what_the_engine_says(name: str, bits: int, tmp_path: Path) -> None:
    export(MODELS / "models" / f"{name}.safetensors", tmp_path / "m.safetensors", bits)
    checkpoint = Checkpoint.load(tmp_path / "m.safetensors")
    export(checkpoint, tmp_path / "m.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"), full_check=True)
    session, about = session_of(tmp_path / "m.onnx")
    rows = json.loads((MODELS / "scores.json").read_text())[name]
    events = np.array(rows[0]["events"], np.int64)[:25]
    context = checkpoint.encoding.context(events).astype(np.int64)
    chosen = checkpoint.vocabulary.named(composer="Bela") if checkpoint.vocabulary is not None else None
    engine = checkpoint.predictor(chosen).begin(1)
    known: dict[str, Any] = {} if chosen is None else {"conditions": np.array([chosen], np.int64)}
    kept = {
        one["input"]: np.zeros([1 if size == "B" else 0 if isinstance(size, str) else size for size in one["shape"]], np.float32)
        for one in about["states"]
    }
    last = np.zeros((1, len(about["fields"])), np.int64)
    for step, event in enumerate(events):
        here = {"context": context[step : step + 1]} if about["context"] else {}
        place = {"position": np.array([step])} if about["counts_positions"] else {}
        outputs = ["h'", *(one["output"] for one in about["states"])]
        h, *after = session.run(outputs, {"event": last, **kept, **known, **here, **place})
        kept = {one["input"]: value for one, value in zip(about["states"], after, strict=True)}
        for f, field in enumerate(about["fields"]):
            drawn = np.where(np.arange(len(event)) < f, event, 0)[None]
            found = session.run([field["output"]], {"h": h, "drawn": drawn, **here})[0]
            log_p = engine.logits(event[None, :f])
            assert np.array_equal(np.isfinite(found), np.isfinite(log_p))
            assert np.allclose(np.exp(found), np.exp(log_p), atol=1e-5)
        engine.push(event[None])
        last = event[None]


@pytest.mark.parametrize("name", ["melody_written", "melody_joint", "leadsheet_gru"])
def test_it_is_driven_by_nothing_else(name: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint.load(MODELS / "models" / f"{name}.safetensors")
    export(checkpoint, tmp_path / "m.onnx")
    done = subprocess.run([sys.executable, "-c", DRIVER, tmp_path / "m.onnx"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    *rows, nats = done.stdout.split("\n")[:-1]
    events = np.array([row.split() for row in rows], checkpoint.encoding.dtype)
    (score,) = checkpoint.predictor().score([events])
    assert float(nats) == pytest.approx(float(score.nats.sum()), rel=1e-4)


def test_what_has_no_such_form_is_refused(tmp_path: Path) -> None:
    for name, why in (("roll_gru", "key_scores"), ("chorale_past", "family")):
        with pytest.raises(InvalidOption, match=why):
            export(MODELS / "models" / f"{name}.safetensors", tmp_path / "m.onnx")
    with pytest.raises(InvalidOption, match="end the name so"):
        export(MODELS / "models" / "melody_joint.safetensors", tmp_path / "m.pt")
    with pytest.raises(InvalidOption, match="must be 32 or 8"):
        export(MODELS / "models" / "melody_joint.safetensors", tmp_path / "m.onnx", 4)

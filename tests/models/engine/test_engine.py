"""The engine gives what torch gives, for every backbone and all heads; step by step as at once, each sequence as alone."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from partimento.encodings import Encoding, make
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.models import heads, inputs
from partimento.models.backbones import BACKBONES
from partimento.models.config import ModelConfig
from partimento.models.eight_bits import in_eight_bits, in_single_precision
from partimento.models.engine import drawing, engine, tables
from partimento.models.engine.engine import Engine
from partimento.models.engine.tensors import Tensors
from partimento.models.engine.transformer import Transformer
from partimento.models.families import COMPILED, TORCH, check_engine, engine_for
from partimento.models.model import Model
from partimento.models.network_predictor import NetworkPredictor
from partimento.models.neural import NeuralPredictor
from partimento.models.predictor import Predictor
from tests.made import made_piece

WORDS = Conditions(("Bach", "Nobody"), ("chorale",))
CHOSEN = np.array([[1, 1, 3, 2, 1, 1, 1], [0] * 7, [2, 1, 0, 0, 0, 0, 4]])
ALL = dict.fromkeys(("place", "intervals", "sounding", "since"), True)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: ("notes:profile=score", {"backbone": name, **ALL, "interval_logits": True, "layers": 2}) for name in BACKBONES},
    "layers": ("notes", {"backbone": "convolution", "layers": 9}),
    "one key": ("notes", {"backbone": "transformer", "width": 24, "queries": 6, "keys": 1, "span": 5, **ALL}),
    "four to a key": (
        "tasks",
        {"backbone": "transformer", "width": 64, "queries": 8, "keys": 2, "span": 40, "interval_logits": True},
    ),
    "wide heads": ("notes", {"backbone": "transformer", "width": 160, "queries": 2, "layers": 1}),
    "parts": ("tasks:parts=yes", {"backbone": "gru", **ALL, "parts": True, "interval_logits": True}),
    "itself alone": ("notes", {"backbone": "transformer", "queries": 2, "span": 1}),
    "conditions": ("notes:profile=score", {"backbone": "gru", "conditions": True, **ALL}),
    "melody, joint": ("melody", {"inputs": "joint", "heads": "joint"}),
    "melody, independent": ("melody", {"heads": "independent", "width": 100}),
    "leadsheet": ("leadsheet", {"backbone": "gru"}),
    "voices": ("voices", {**ALL, "interval_logits": True}),
    "slots, intervals alone": ("slots", {"intervals": True}),
    "frames": ("frames", {**ALL, "interval_logits": True}),
    "ascending alone": ("frames", {}),
    "roll": ("roll", {"backbone": "gru", "inputs": "summed", "heads": "independent", "key_scores": True}),
    "roll, plain": ("roll", {"inputs": "summed", "heads": "independent"}),
}


def config_of(name: str) -> tuple[ModelConfig, Encoding]:
    key, options = CASES[name]
    return ModelConfig(**{"width": 16, "embedding": 6, **options}), make(key)


def tensors_of(config: ModelConfig, encoding: Encoding, vocabulary: Conditions | None = WORDS) -> tuple[Model, dict[str, Any]]:
    torch.manual_seed(1)
    model = Model.of(config, encoding, vocabulary).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = torch.randn(parameter.shape) * (0.5 if parameter.ndim > 1 else 0.1)
            parameter.copy_(
                spread / (parameter.numel() / len(parameter)) ** 0.5 + parameter if "norm" not in name else parameter + spread * 0.1
            )
    return model, {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def both(name: str) -> tuple[Predictor, Predictor, Encoding]:
    """By torch, and by the engine."""
    config, encoding = config_of(name)
    model, tensors = tensors_of(config, encoding)
    chosen = CHOSEN[0] if config.conditions else None
    compiled = NetworkPredictor(Engine.of(config, tensors, encoding, WORDS), encoding, chosen)
    return NeuralPredictor(model, encoding, chosen), compiled, encoding


def some_pieces(encoding: Encoding) -> list[Any]:
    return [encoding.encode(made_piece(seed, notes))[:60] for seed, notes in ((3, 40), (5, 12), (8, 1))]


def near(one: Any, other: Any) -> bool:
    """The same to 1e-5, or two millionths of large ones; none where the other has none."""
    finite = np.isfinite(other)
    return bool(np.array_equal(np.isfinite(one), finite) and np.allclose(one[finite], other[finite], rtol=2e-6, atol=1e-5))


def test_every_part_that_is_registered_is_there() -> None:
    assert set(engine.BACKBONES) == set(BACKBONES)
    assert set(drawing.HEADS) == set(heads.HEADS)
    assert set(tables.INPUTS) == set(inputs.INPUTS)
    assert {options.get("backbone", "lstm") for _, options in CASES.values()} == set(BACKBONES)
    assert {options.get("heads", "chained") for _, options in CASES.values()} == set(heads.HEADS)
    assert {options.get("inputs", "fields") for _, options in CASES.values()} == set(inputs.INPUTS)


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_torch(name: str) -> None:
    slow, fast, encoding = both(name)
    pieces = some_pieces(encoding)
    for context in (None, 4):
        for one, other in zip(fast.score(pieces, context), slow.score(pieces, context), strict=True):
            assert near(one.nats, other.nats)
            assert np.mean(one.hits == other.hits) > 0.999


@pytest.mark.parametrize("name", CASES)
def test_sessions_are_those_of_torch_and_of_each_sequence_alone(name: str) -> None:
    slow, fast, encoding = both(name)
    given, later, _ = some_pieces(encoding)
    pushed, whole = fast.begin(5), fast.begin(5, given)
    for event in given:
        pushed.push(np.tile(event, (5, 1)))
    alone, other = fast.begin(1, given), slow.begin(5, given)
    for event in later[:12]:
        for f in [*range(len(event)), 0, len(event) - 1]:  # fields may be asked for anew
            drawn = np.tile(event[:f].astype(np.int64), (5, 1))
            log_p = whole.logits(drawn)
            assert near(log_p, other.logits(drawn))
            assert np.array_equal(log_p, pushed.logits(drawn))
            assert np.array_equal(log_p[3:4], alone.logits(drawn[:1]))
            drawn[1:] = given[7, :f]  # and after other ones
            assert np.array_equal(whole.logits(drawn)[:1], alone.logits(drawn[:1]))
        for one, count in ((pushed, 5), (whole, 5), (alone, 1), (other, 5)):
            one.push(np.tile(event, (count, 1)))


@pytest.mark.parametrize("name", [*BACKBONES, "one key", "layers"])
def test_a_sequence_may_be_cut_anywhere(name: str) -> None:
    """The same bit for bit, beyond the room of what is kept as well."""
    config, encoding = config_of(name)
    _, tensors = tensors_of(config, encoding)
    made = Engine.of(config, tensors, encoding)
    chance = np.random.default_rng(0)
    events = np.stack([chance.integers(0, field.size, (3, 700)) for field in encoding.fields], -1)
    context = np.stack([chance.integers(0, column.size, (3, 700)) for column in encoding.context_fields], -1)
    whole = made.begin(3).forward(events, context, None)
    for cuts in ([0, 1, 2, 300, 301, 700], [*range(0, 700, 7), 700]):
        run = made.begin(3)
        parts = [run.forward(events[:, a:b], context[:, a:b], None) for a, b in pairwise(cuts)]
        assert np.array_equal(np.concatenate(parts, 1), whole)
    run = made.begin(3)
    run.forward(events[:, :600], context[:, :600], None)
    run.select(np.array([2, 0, 2, 1]))
    assert np.array_equal(run.forward(events[[2, 0, 2, 1], 600:], context[[2, 0, 2, 1], 600:], None), whole[[2, 0, 2, 1], 600:])


def test_sequences_are_under_conditions_in_turn() -> None:
    config, encoding = config_of("conditions")
    model, tensors = tensors_of(config, encoding)
    made = Engine.of(config, tensors, encoding, WORDS)
    found, other = (
        one.begin(5).logits(np.zeros((5, 0), np.int64))
        for one in (NetworkPredictor(made, encoding, CHOSEN), NeuralPredictor(model, encoding, CHOSEN))
    )
    assert near(found, other)
    assert not np.allclose(found[0], found[1], atol=1e-3)
    assert near(
        NetworkPredictor(made, encoding).begin(2).logits(np.zeros((2, 0), np.int64)),
        NeuralPredictor(model, encoding).begin(2).logits(np.zeros((2, 0), np.int64)),
    )


@pytest.mark.parametrize("name", [*BACKBONES, "wide heads", "roll", "melody, joint"])
def test_of_eight_bits_it_computes_what_torch_does_of_the_same_weights(name: str) -> None:
    key, options = CASES[name]
    config, encoding = ModelConfig(**{"embedding": 20, **options, "width": 96, "queries": 2}), make(key)
    model, tensors = tensors_of(config, encoding)
    small = in_eight_bits(tensors)
    assert sum(array.dtype == np.int8 for array in small.values()) >= 3
    model.load_state_dict({name: torch.from_numpy(array) for name, array in in_single_precision(small).items()})
    fast, slow = NetworkPredictor(Engine.of(config, small, encoding), encoding), NeuralPredictor(model, encoding)
    pieces = some_pieces(encoding)
    for one, other in zip(fast.score(pieces), slow.score(pieces), strict=True):
        assert near(one.nats, other.nats)


def test_tensors_that_do_not_fit_are_refused() -> None:
    config, encoding = config_of("lstm")
    _, tensors = tensors_of(config, encoding)
    without = {name: array for name, array in tensors.items() if name != "heads.project.0.weight"}
    with pytest.raises(CheckpointError, match=r"heads.project.0.weight is missing"):
        Engine.of(config, without, encoding)
    with pytest.raises(CheckpointError, match=r"of the shape \[3, 3\]"):
        Engine.of(config, tensors | {"backbone.cells.weight_hh_l0": np.zeros((3, 3), np.float32)}, encoding)
    with pytest.raises(CheckpointError, match="more"):
        Engine.of(config, tensors | {"more": np.zeros(3, np.float32)}, encoding)
    with pytest.raises(InvalidOption, match="even share"):
        Transformer(ModelConfig("transformer", width=20), Tensors({}))
    with pytest.raises(InvalidOption, match="need the heads"):
        Engine.of(ModelConfig(heads="independent", interval_logits=True), tensors, encoding)


def test_ids_that_are_none_raise() -> None:
    _, fast, encoding = both("melody, joint")
    with pytest.raises((IndexError, ValueError)):
        fast.begin(1).push(np.array([[13, 1]]))
    _, fast, encoding = both("leadsheet")
    with pytest.raises(IndexError):
        fast.begin(1).push(np.array([[0, encoding.fields[1].size, 0, 0, 0]]))


def test_which_engine_a_model_takes() -> None:
    assert engine_for(ModelConfig()) == COMPILED
    assert engine_for(ModelConfig(backbone="organ")) == TORCH
    with pytest.raises(InvalidOption, match="cannot compute"):
        check_engine(COMPILED, ModelConfig(backbone="organ"))
    with pytest.raises(UnknownName, match="abacus"):
        check_engine("abacus", ModelConfig())


def test_it_imports_neither_torch_nor_the_compiler() -> None:
    """Once its loops are compiled, as the tests above have done."""
    code = "import sys; import numpy as np; from partimento.models.engine.matrix import Matrix; "
    code += "import partimento.models.engine.engine; Matrix(np.ones((3, 2), 'f4'))(np.ones((1, 2), 'f4')); "
    code += "print([name for name in ('torch', 'numba', 'scipy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr

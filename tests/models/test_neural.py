"""Backbones, heads and the neural predictor: exact distributions, the same whichever way they are computed."""

import itertools
import math

import numpy as np
import pytest
import torch

from partimento.encodings import Field
from partimento.errors import InvalidOption, UnknownName
from partimento.models import network_predictor
from partimento.models.backbones import backbone
from partimento.models.config import ModelConfig
from partimento.models.heads import HEADS, heads
from partimento.models.inputs import INPUTS, inputs
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor

FIELDS = (Field("pitch", 5), Field("duration", 4), Field("chord", 3, optional=True))
MELODY = (Field("pitch", 13), Field("duration", 6))
IDS = [range(1, 5), range(1, 4), range(3)]


def a_model(kind: str = "independent", inputs: str = "fields", layers: int = 1) -> Model:
    torch.manual_seed(1)
    model = Model(ModelConfig(heads=kind, inputs=inputs, width=16, embedding=8, layers=layers), FIELDS)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0)  # far from uniform, so that mistakes show
    return model


def some_pieces(lengths: list[int], seed: int = 0) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [np.stack([chance.integers(ids.start, ids.stop, n) for ids in IDS], 1).astype(np.uint8) for n in lengths]


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_heads_are_exact_distributions(kind: str) -> None:
    """Nats of every possible event sum to probability one; `logits` and `nats` agree; impossible ids have none."""
    torch.manual_seed(0)
    made = heads(ModelConfig(heads=kind, width=16, embedding=8), FIELDS)
    h_D = torch.randn(16) * 3
    events = torch.tensor(list(itertools.product(*IDS)))
    h_BTD = h_D.expand(len(events), 1, 16)
    nats_BTF = made.nats(h_BTD, events[:, None]).detach()
    assert nats_BTF.shape == (len(events), 1, 3)
    assert math.isclose(float(torch.exp(-nats_BTF.sum(-1)).sum()), 1.0, abs_tol=1e-5)
    assert torch.allclose(made.loss(h_BTD, events[:, None]), nats_BTF.sum(-1), atol=1e-5)
    for f, field in enumerate(FIELDS):
        log_p = made.logits(h_BTD[:, 0], events[:, :f])
        assert log_p.shape == (len(events), field.size)
        assert torch.allclose(log_p.exp().sum(-1), torch.ones(len(events)), atol=1e-5)
        assert bool(torch.isinf(log_p[:, 0]).all()) is not field.optional
        assert torch.allclose(-log_p.gather(1, events[:, f : f + 1])[:, 0], nats_BTF[:, 0, f], atol=1e-5)
    padding = torch.zeros(1, 2, 3, dtype=torch.int64)
    assert made.nats(torch.randn(1, 2, 16), padding)[..., :2].abs().max() == 0.0
    assert torch.isfinite(made.nats(torch.randn(1, 2, 16), padding)).all()


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_own_predictions(kind: str) -> None:
    torch.manual_seed(0)
    made = heads(ModelConfig(heads=kind, width=16, embedding=8), FIELDS)
    h_BTD = torch.randn(4, 7, 16) * 3
    guess = made.predict(h_BTD)
    events = torch.tensor(list(itertools.product(*IDS)))
    for b, t in itertools.product(range(4), range(7)):
        h = h_BTD[b, t].expand(len(events), 1, 16)
        nats = made.nats(h, events[:, None])[:, 0]
        if kind == "joint":
            right = events[nats.sum(-1).argmin()]
        else:
            drawn: list[int] = []
            for _ in FIELDS:
                seen = torch.tensor([drawn]) if kind == "chained" or not drawn else torch.ones(1, len(drawn), dtype=torch.int64)
                drawn.append(int(made.logits(h_BTD[b, t][None], seen.reshape(1, -1).long()).argmax()))
            right = torch.tensor(drawn)
        assert guess[b, t].tolist() == right.tolist()


def test_the_melody_has_60_joint_classes() -> None:
    made = heads(ModelConfig(heads="joint"), MELODY)
    assert made.classes == 60
    assert made.project.weight.shape == (60, 256)  # type: ignore[union-attr]


def test_unknown_names_and_sizes() -> None:
    for what, make in (
        ("backbone", lambda c: backbone(4, c)),
        ("heads", lambda c: heads(c, FIELDS)),
        ("inputs", lambda c: inputs(c, FIELDS)),
    ):
        with pytest.raises(UnknownName, match="known"):
            make(ModelConfig(**{what: "organ"}))  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="too large"):
        heads(ModelConfig(heads="joint"), (Field("a", 300), Field("b", 300)))


@pytest.mark.parametrize("kind", sorted(HEADS))
@pytest.mark.parametrize("way_in", sorted(INPUTS))
def test_scores_do_not_depend_on_batches(kind: str, way_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = a_model(kind, way_in)
    predictor = NeuralPredictor(model)
    pieces = some_pieces([30, 1, 0, 77, 12, 77, 5])
    with torch.no_grad():
        slow = [model.nats(torch.from_numpy(piece.astype(np.int64))[None])[0].numpy() if len(piece) else None for piece in pieces]
    monkeypatch.setattr(network_predictor, "ROWS", 3)
    monkeypatch.setattr(network_predictor, "STEPS", 8)
    monkeypatch.setattr(network_predictor, "AHEAD", 100)
    scores = list(predictor.score(pieces))
    assert [score.nats.shape for score in scores] == [piece.shape for piece in pieces]
    for score, whole in zip(scores, slow, strict=True):
        if whole is not None:
            assert np.allclose(score.nats, whole, atol=2e-5)
        assert score.nats.dtype == score.hits.dtype == np.float32
        assert np.isin(score.hits, (0, 1)).all()


@pytest.mark.parametrize("context", [1, 4, 32])
def test_context_is_all_that_is_seen(context: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = a_model()
    piece = some_pieces([40])[0]
    monkeypatch.setattr(network_predictor, "WINDOWS", 7)
    (score,) = NeuralPredictor(model).score([piece], context=context)
    events = torch.from_numpy(piece.astype(np.int64))
    for t in range(len(piece)):  # the slow twin: one window at a time
        before = events[max(0, t - context) : t] if t >= context else torch.cat([torch.zeros(1, 3, dtype=torch.int64), events[:t]])
        with torch.no_grad():
            h_BTD, _ = model(before[None])
            nats = model.heads.nats(h_BTD[:, -1:], events[None, t : t + 1])[0, 0].numpy()
        assert np.allclose(score.nats[t], nats, atol=2e-5)
    with pytest.raises(InvalidOption, match="context"):
        list(NeuralPredictor(model).score([piece], context=0))


def test_a_later_event_never_changes_an_earlier_probability() -> None:
    predictor = NeuralPredictor(a_model("chained"))
    piece = some_pieces([50])[0]
    changed = piece.copy()
    changed[30:] = some_pieces([20], seed=9)[0]
    for context in (None, 8):
        before, after = (next(iter(predictor.score([each], context))) for each in (piece, changed))
        assert np.allclose(before.nats[:30], after.nats[:30], atol=1e-6)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_a_session_gives_what_scoring_gives(kind: str) -> None:
    model = a_model(kind, layers=2)
    model.train()
    predictor = NeuralPredictor(model)
    pieces = np.stack(some_pieces([9, 9, 9]))
    scores = list(predictor.score(list(pieces)))
    session = predictor.begin(3)
    for t in range(9):
        for f in range(3):
            log_p = session.logits(pieces[:, t, :f].astype(np.int64))
            assert log_p.shape == (3, FIELDS[f].size)
            for row in range(3):
                assert abs(-log_p[row, pieces[row, t, f]] - scores[row].nats[t, f]) < 2e-5
        session.push(pieces[:, t])
    assert model.training

"""Place, intervals and time in the model: the same numbers in whole pieces, in chunks and step by step; each of them matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from partimento.encodings import Encoding, make
from partimento.errors import InvalidOption
from partimento.models import network_predictor
from partimento.models.config import ModelConfig
from partimento.models.intervals import IntervalScores
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from tests.made import made_piece

FLAGS = ("place", "intervals", "sounding", "since", "interval_logits")
ALL = ModelConfig(width=16, embedding=8, **dict.fromkeys(FLAGS, True))  # type: ignore[arg-type]
KEYS = ("voices", "voices:grid=4,voices=3", "slots", "notes", "notes:profile=performance", "melody", "frames")


def a_model(encoding: Encoding, config: ModelConfig = ALL, spread: float = 0.3) -> Model:
    torch.manual_seed(1)
    model = Model.of(config, encoding).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * spread)
    return model


def some_events(encoding: Encoding, number: int = 3) -> np.ndarray[Any, Any]:
    return encoding.encode(made_piece(number, 40))


@pytest.mark.parametrize("backbone", ["gru", "transformer", "convolution"])
@pytest.mark.parametrize("key", KEYS)
def test_whole_chunks_and_steps_agree(key: str, backbone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = make(key)
    model = a_model(encoding, replace(ALL, backbone=backbone, span=16, layers=2))
    predictor = NeuralPredictor(model, encoding)
    pieces = [some_events(encoding, number) for number in (3, 4)]
    (whole, other) = predictor.score(pieces)
    events, known = (torch.from_numpy(array.astype(np.int64))[None] for array in (pieces[0], encoding.context(pieces[0])[:-1]))
    with torch.no_grad():
        assert np.allclose(model.nats(events, known)[0].numpy(), whole.nats, atol=2e-5)
    monkeypatch.setattr(network_predictor, "STEPS", 7)
    for before, after in zip((whole, other), predictor.score(pieces), strict=True):
        assert np.allclose(before.nats, after.nats, atol=2e-5)
        assert np.array_equal(before.hits, after.hits)
    session = predictor.begin(2)
    for t in range(20):
        rows = np.stack([piece[t] for piece in pieces]).astype(np.int64)
        for f in range(len(encoding.fields)):
            log_p = session.logits(rows[:, :f])
            assert np.allclose(np.exp(log_p).sum(1), 1.0, atol=1e-5)
            for b, score in enumerate((whole, other)):
                assert abs(-log_p[b, rows[b, f]] - score.nats[t, f]) < 5e-5
        session.push(rows)


@pytest.mark.parametrize("key", KEYS)
def test_a_later_event_never_changes_an_earlier_probability(key: str) -> None:
    encoding = make(key)
    predictor = NeuralPredictor(a_model(encoding), encoding)
    events, other = some_events(encoding), some_events(encoding, 8)
    stop = min(len(events), len(other)) // 2
    both = [events[: 2 * stop], np.concatenate([events[:stop], other[stop : 2 * stop]])]
    for context in (None, 6):
        before, after = predictor.score(both, context)
        assert np.allclose(before.nats[:stop], after.nats[:stop], atol=1e-5)
        assert not np.allclose(before.nats[stop:], after.nats[stop:], atol=1e-2)


def test_later_fields_of_an_event_never_change_earlier_ones() -> None:
    encoding = make("slots")
    predictor = NeuralPredictor(a_model(encoding), encoding)
    events = some_events(encoding)
    for f in range(4):
        changed = events.copy()
        changed[10, f] = changed[10, f] % 40 + 5
        before, after = predictor.score([events, changed])
        assert np.allclose(before.nats[10, :f], after.nats[10, :f], atol=1e-6)
        assert not np.allclose(before.nats[10, f:], after.nats[10, f:], atol=1e-3)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("key", ["voices", "notes"])
def test_each_can_be_switched_off_and_matters(key: str, flag: str) -> None:
    encoding = make(key)
    events = some_events(encoding)
    only = replace(ALL, **{name: name == flag for name in FLAGS})  # type: ignore[arg-type]
    plain = replace(ALL, **dict.fromkeys(FLAGS, False))  # type: ignore[arg-type]
    assert Model.of(only, encoding).parameter_count > Model.of(plain, encoding).parameter_count
    assert not Model.of(plain, encoding).uses_context
    model = a_model(encoding, only)
    known = torch.from_numpy(encoding.context(events)[:-1].astype(np.int64))[None]
    ids = torch.from_numpy(events.astype(np.int64))[None]
    with torch.no_grad():
        assert not torch.allclose(model.nats(ids, known), model.nats(ids, torch.zeros_like(known)), atol=1e-3)
    with pytest.raises(InvalidOption, match="give the encoding"):
        NeuralPredictor(model)


def test_interval_scores_pitch_by_pitch() -> None:
    """The slow twin: each pitch has the sum of the scores of its intervals, each non-pitch nothing."""
    (spec,) = [one for one in make("slots").pitches if one.field == 2]
    made = IntervalScores(8, spec, choices=47, first=1).requires_grad_(False)
    torch.nn.init.normal_(made.project.weight)
    h = torch.randn(3, 8)
    sounding = torch.tensor([[60, 48, 65, 0], [0, 0, 0, 0], [37, 80, 61, 128]])  # MIDI + 1
    scores = made(h, sounding)
    table = made.project(h).reshape(3, 4, 97)
    for b in range(3):
        assert scores[b, 0] == 0  # the rest
        for at in range(46):
            pitch = 36 + at
            each = [table[b, r, min(48, max(-48, pitch - (int(s) - 1))) + 48] for r, s in enumerate(sounding[b]) if s]
            assert abs(float(scores[b, at + 1]) - float(sum(each))) < 1e-5


@pytest.mark.parametrize("flags", [dict.fromkeys(FLAGS, True), dict.fromkeys(FLAGS, False)])
def test_what_an_ascending_field_has_passed_is_impossible(flags: dict[str, bool]) -> None:
    """In scores, sessions and predictions, and in smoothed training, where the smoothing is over what is possible."""
    encoding = make("frames")
    model = a_model(encoding, replace(ALL, **flags))  # type: ignore[arg-type]
    assert model.uses_context
    predictor = NeuralPredictor(model, encoding)
    events = some_events(encoding)[:30]
    session = predictor.begin(1)
    smoothed = []
    for t, row in enumerate(events.astype(np.int64)):
        log_p = session.logits(np.zeros((1, 0), np.int64))[0]
        possible = encoding.allowed(events[:t], ())
        assert np.array_equal(np.isfinite(log_p), possible)
        assert abs(np.exp(log_p).sum() - 1) < 1e-5
        smoothed.append(-0.9 * log_p[row[0]] - 0.1 * log_p[possible].mean())
        session.push(row[None])
    ids, known = (torch.from_numpy(array.astype(np.int64))[None] for array in (events, encoding.context(events)[:-1]))
    before = torch.cat([torch.zeros_like(ids[:, :1]), ids[:, :-1]], 1)
    with torch.no_grad():
        assert np.allclose(model.loss(before, ids, known, smoothing=0.1)[0].numpy(), smoothed, atol=1e-4)
        h_BTD, _ = model(before, None, known)
        guesses = model.heads.predict(h_BTD, known)[0, :, 0].tolist()
    assert all(encoding.allowed(events[:t], ())[guess] for t, guess in enumerate(guesses))


@pytest.mark.parametrize("key", ["voices", "slots", "notes", "frames"])
def test_gradients_reach_every_weight(key: str) -> None:
    encoding = make(key)
    model = a_model(encoding).train()
    events = torch.from_numpy(some_events(encoding).astype(np.int64))[None]
    known = torch.from_numpy(encoding.context(some_events(encoding))[:-1].astype(np.int64))[None]
    before = torch.cat([torch.zeros_like(events[:, :1]), events[:, :-1]], 1)
    model.loss(before, events, known, smoothing=0.1).mean().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None and torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_noise_hides_what_comes_in_not_what_is_asked() -> None:
    encoding = make("slots")
    model = a_model(encoding)
    events = torch.from_numpy(some_events(encoding).astype(np.int64))[None]
    known = torch.from_numpy(encoding.context(some_events(encoding))[:-1].astype(np.int64))[None]
    before = torch.cat([torch.zeros_like(events[:, :1]), events[:, :-1]], 1)
    plain, noisy, again = (model.loss(before, events, known, noise=noise) for noise in (0.0, 0.5, 0.0))
    assert torch.equal(plain, again)
    assert not torch.allclose(plain, noisy)


def test_interval_logits_need_chained_heads() -> None:
    with pytest.raises(InvalidOption, match="chained"):
        Model.of(replace(ALL, heads="independent"), make("voices"))

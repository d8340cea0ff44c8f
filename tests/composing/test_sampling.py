"""What may be drawn, how often, and that nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from partimento.composing.sampling import Sampling, Uniforms, draw, weights
from partimento.errors import CheckpointError, InvalidOption

SAMPLINGS = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1e-9, 0.5, 1.0, 3.0, 1e6]),
    top_k=st.sampled_from([0, 1, 2, 5, 100]),
    top_p=st.sampled_from([1e-9, 0.3, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.1, 0.9]),
)
LOGITS = arrays(np.float32, (4, 9), elements=st.one_of(st.floats(-50, 50, width=32), st.just(-np.inf)))
MASKS = arrays(np.bool_, (4, 9))
UNIFORMS = arrays(np.float64, 4, elements=st.sampled_from([0.0, 1e-300, 0.25, 0.5, 0.999, np.nextafter(1.0, 0.0)]))


def some(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    mask = mask.copy()
    mask[~mask.any(axis=1), 3] = True
    return mask


@given(LOGITS, MASKS, SAMPLINGS, UNIFORMS)
@settings(max_examples=300, deadline=None)
def test_what_is_not_allowed_is_never_drawn(logits: Any, mask: Any, sampling: Sampling, uniforms: Any) -> None:
    mask = some(mask)
    ids = draw(logits, mask, sampling, uniforms)
    assert mask[np.arange(4), ids].all()
    possible = mask & np.isfinite(logits)  # an id without probability is drawn only where all are
    assert (possible[np.arange(4), ids] | ~possible.any(axis=1)).all()


@given(LOGITS, MASKS, UNIFORMS)
@settings(max_examples=100, deadline=None)
def test_top_k_of_one_and_temperature_zero_take_the_greatest(logits: Any, mask: Any, uniforms: Any) -> None:
    mask = some(mask)
    greatest = np.where(mask, logits, -np.inf)
    hopeless = np.isneginf(greatest).all(axis=1)
    greatest[hopeless] = np.where(mask[hopeless], 0, -np.inf)
    for sampling in (Sampling(top_k=1), Sampling(temperature=0), Sampling(temperature=3, top_k=1, top_p=0.9)):
        assert np.array_equal(draw(logits, mask, sampling, uniforms), greatest.argmax(axis=1))


@given(LOGITS, st.sampled_from([0.1, 0.5, 0.9, 0.99]))
@settings(max_examples=100, deadline=None)
def test_top_p_keeps_the_smallest_set(logits: Any, top_p: float) -> None:
    everything = weights(logits, np.ones((4, 9), bool), Sampling())
    kept = weights(logits, np.ones((4, 9), bool), Sampling(top_p=top_p))
    for row, left in zip(everything, kept, strict=True):
        p = row / row.sum()
        inside = left > 0
        assert p[inside].sum() >= top_p - 1e-9
        assert p[inside].sum() - p[inside].min() < top_p + 1e-9  # without its least it would not do
        assert p[inside].min() >= p[~inside].max(initial=0)


def test_top_k_and_min_p() -> None:
    logits = np.log(np.array([[0.4, 0.3, 0.2, 0.06, 0.04]]))
    mask = np.ones((1, 5), bool)
    assert (weights(logits, mask, Sampling(top_k=2)) > 0).tolist() == [[True, True, False, False, False]]
    assert (weights(logits, mask, Sampling(min_p=0.45)) > 0).tolist() == [[True, True, True, False, False]]
    assert (weights(np.zeros((1, 5)), mask, Sampling(top_k=2)) > 0).sum() == 2  # of equals exactly so many
    assert (weights(np.log([[0.5, 0.25]]), np.ones((1, 2), bool), Sampling(min_p=0.5)) > 0).all()  # at least this share
    # each filter works on what is left: of (0.57, 0.43) the first alone holds a half
    assert (weights(logits, mask, Sampling(top_k=2, top_p=0.5)) > 0).sum() == 1


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_frequencies_are_the_probabilities(temperature: float) -> None:
    p = np.array([0.5, 0.0, 0.25, 0.15, 0.1])
    with np.errstate(divide="ignore"):
        logits = np.log(p)
    mask = np.array([True, True, True, True, False])
    uniforms = np.random.default_rng(0).random(40_000)
    ids = draw(np.tile(logits, (len(uniforms), 1)), np.tile(mask, (len(uniforms), 1)), Sampling(temperature=temperature), uniforms)
    expected = np.where(mask, p ** (1 / temperature), 0)
    np.testing.assert_allclose(np.bincount(ids, minlength=5) / len(ids), expected / expected.sum(), atol=0.01)


def test_a_row_draws_the_same_beside_others() -> None:
    generator = np.random.default_rng(1)
    logits, mask, uniforms = generator.normal(size=(64, 40)), generator.random((64, 40)) < 0.7, generator.random(64)
    together = draw(logits, mask, Sampling(top_p=0.8), uniforms)
    alone = [draw(logits[b : b + 1], mask[b : b + 1], Sampling(top_p=0.8), uniforms[b : b + 1])[0] for b in range(64)]
    assert together.tolist() == alone


def test_where_the_model_gives_nothing_all_that_is_allowed_is_equal() -> None:
    mask = np.array([[False, True, True, False]])
    assert weights(np.full((1, 4), -np.inf), mask, Sampling()).tolist() == [[0, 1, 1, 0]]


def test_nothing_allowed_and_no_numbers() -> None:
    with pytest.raises(InvalidOption, match="pitch"):
        draw(np.zeros((1, 3)), np.zeros((1, 3), bool), Sampling(), np.zeros(1), field="pitch")
    for bad in (np.nan, np.inf):
        with pytest.raises(CheckpointError, match="not a number"):
            draw(np.full((1, 3), bad), np.ones((1, 3), bool), Sampling(), np.zeros(1))


@pytest.mark.parametrize(
    "options",
    [
        *({"temperature": value} for value in (-1, np.nan, np.inf, "hot", True, {"pitch": -1.0}, {"pitch": None})),
        *({"top_k": value} for value in (-1, 1.5, True)),
        *({"top_p": value} for value in (0, 1.1, np.nan)),
        *({"min_p": value} for value in (-0.1, 1, np.nan)),
    ],
)
def test_values_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        Sampling(**options)


def test_temperature_by_field() -> None:
    sampling = Sampling(temperature={"duration": 0.5})
    assert (sampling.temperature_of("duration"), sampling.temperature_of("pitch")) == (0.5, 1.0)
    assert Sampling(**sampling.to_json()) == sampling
    sampling.check(["pitch", "duration"])
    with pytest.raises(InvalidOption, match="duration"):
        sampling.check(["pitch"])


def test_streams_depend_on_seed_and_index_alone() -> None:
    one, three = Uniforms(7, 1), Uniforms(7, 3)
    long = np.stack([three.next() for _ in range(1200)])
    assert np.array_equal(np.stack([one.next() for _ in range(1200)])[:, 0], long[:, 0])
    assert len(np.unique(long)) == long.size
    assert not np.array_equal(Uniforms(8, 1).next(), long[0, :1])
    for seed in (-1, 2**63, 1.0):
        with pytest.raises(InvalidOption, match="seed"):
            Uniforms(seed, 1)  # type: ignore[arg-type]

"""Draws ids from log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import CheckpointError, InvalidOption

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """How freely to draw. The filters work one after another, in this order, each on what the one before has left.

    `temperature` divides the log-probabilities, one for all fields or one a field (others have 1); 0 takes the most probable. In
    words: "0.9", or "pitch=0.9,duration=0.7". `top_k` keeps the k most probable ids (0: all; Fan et al. 2018, section 5), `top_p`
    the smallest set that holds this probability (Holtzman et al. 2020, section 3.1), `min_p` those at least this share of the most
    probable one (Nguyen et al. 2024, section 3). Raises `InvalidOption` for a value that cannot work.
    """

    temperature: float | str | Mapping[str, float] = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.temperature, str):
            object.__setattr__(self, "temperature", parse_temperature(self.temperature))
        if isinstance(self.temperature, Mapping):
            object.__setattr__(self, "temperature", {str(field): value for field, value in self.temperature.items()})
        by_field: Mapping[str, Any] = self.temperature if isinstance(self.temperature, Mapping) else {"": self.temperature}
        for field, value in by_field.items():
            if not (_is_number(value) and value >= 0):
                raise InvalidOption(
                    f"temperature{f' of {field}' if field else ''} is {value!r}; it must be 0 (most probable) or more"
                )
        if not isinstance(self.top_k, int) or isinstance(self.top_k, bool) or self.top_k < 0:
            raise InvalidOption(f"top_k is {self.top_k!r}; it must be a whole number, 0 (off) or more")
        if not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise InvalidOption(f"top_p is {self.top_p!r}; it must be above 0 and at most 1 (off)")
        if not (_is_number(self.min_p) and 0 <= self.min_p < 1):
            raise InvalidOption(f"min_p is {self.min_p!r}; it must be 0 (off) or more, and below 1")

    def check(self, fields: Sequence[str]) -> None:
        """Raises `InvalidOption` when a temperature is for none of these fields."""
        if isinstance(self.temperature, Mapping) and (unknown := set(self.temperature) - set(fields)):
            raise InvalidOption(f"temperature names the unknown field {', '.join(sorted(unknown))}; known: {', '.join(fields)}")

    def temperature_of(self, field: str) -> float:
        known: Any = self.temperature
        return float(known.get(field, 1.0) if isinstance(known, Mapping) else known)

    def to_json(self) -> dict[str, Any]:
        """The options, from which `Sampling(**options)` makes the same."""
        temperature = dict(self.temperature) if isinstance(self.temperature, Mapping) else self.temperature
        return {"temperature": temperature, "top_k": self.top_k, "top_p": self.top_p, "min_p": self.min_p}


def parse_temperature(text: str) -> float | dict[str, float]:
    """A temperature in words: one number, or one for each field ("pitch=0.9,duration=0.7"). Raises `InvalidOption`."""
    try:
        if "=" not in text:
            return float(text)
        return {name.strip(): float(value) for name, _, value in (part.partition("=") for part in text.split(","))}
    except ValueError:
        wanted = "give a number, or one for each field (pitch=0.9,duration=0.7)"
        raise InvalidOption(f"{text!r} cannot be read; {wanted}", option="temperature") from None


class Uniforms:
    """A stream of uniform draws in [0, 1) for each of `count` sequences, set by (seed, index) alone.

    Sequence i draws the same whatever the number of its neighbours.
    """

    _BLOCK = 512

    def __init__(self, seed: int, count: int) -> None:
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise InvalidOption(f"seed is {seed!r}; it must be a whole number from 0 to 2**63 - 1")
        seeds = [np.random.SeedSequence(seed, spawn_key=(index,)) for index in range(count)]
        self._generators = [np.random.Generator(np.random.Philox(one)) for one in seeds]
        self._ahead: Floats = np.zeros((count, 0))
        self._at = 0

    def next(self) -> Floats:
        """The next draw of each sequence [B]."""
        if self._at == self._ahead.shape[1]:
            self._ahead = np.stack([generator.random(self._BLOCK) for generator in self._generators])
            self._at = 0
        self._at += 1
        draws: Floats = self._ahead[:, self._at - 1]
        return draws


def draw(
    logits_BS: npt.NDArray[np.floating[Any]],
    allowed_BS: npt.NDArray[np.bool_],
    sampling: Sampling,
    uniforms_B: Floats,
    *,
    field: str = "",
) -> npt.NDArray[np.int64]:
    """An id for each row of log-probabilities [B, S] (up to a constant), by the inverse of the distribution function at
    `uniforms_B` [B]: int64 [B].

    Only allowed ids are drawn; where the model gives none of them any probability they are equally likely. Temperature 0 and
    `top_k` 1 take the lowest of equally probable ids. Raises `InvalidOption` when a row allows nothing, `CheckpointError` when
    a log-probability is not a number.
    """
    if not allowed_BS.any(axis=1).all():
        raise InvalidOption(f"nothing is allowed as the next {field or 'id'}; loosen the rules that must hold")
    cumulative = np.cumsum(weights(logits_BS, allowed_BS, sampling, field=field), axis=1)
    total = cumulative[:, -1]
    target = np.minimum(uniforms_B * total, np.nextafter(total, 0))
    ids: npt.NDArray[np.int64] = np.argmax(cumulative > target[:, None], axis=1)
    return ids


def weights(
    logits_BS: npt.NDArray[np.floating[Any]], allowed_BS: npt.NDArray[np.bool_], sampling: Sampling, *, field: str = ""
) -> Floats:
    """What `draw` draws from: weights [B, S], 0 for all that is not allowed or filtered out; the greatest of a row is 1."""
    logits = np.where(allowed_BS, np.asarray(logits_BS, np.float64), -np.inf)
    top = logits.max(axis=1, keepdims=True)
    if not np.isfinite(top).all():
        if not (top < np.inf).all():
            raise CheckpointError(
                "the model's output is not a number: its training diverged, or the file is damaged; train it again"
            )
        hopeless = np.isneginf(top[:, 0])
        logits[hopeless] = np.where(allowed_BS[hopeless], 0.0, -np.inf)
        top[hopeless] = 0.0
    temperature = sampling.temperature_of(field)
    if temperature == 0 or sampling.top_k == 1:
        return np.asarray(np.arange(logits.shape[1]) == np.argmax(logits, axis=1)[:, None], np.float64)
    kept: Floats = logits - top
    if temperature != 1:
        with np.errstate(over="ignore"):  # a tiny temperature sends all but the greatest to minus infinity, as it should
            kept /= temperature
    np.exp(kept, out=kept)
    if sampling.top_k or sampling.top_p < 1:
        order = np.argsort(-logits, axis=1, kind="stable")
        ranked = np.take_along_axis(kept, order, axis=1)
        if sampling.top_k:
            ranked[:, sampling.top_k :] = 0
        if sampling.top_p < 1:
            cumulative = np.cumsum(ranked, axis=1)
            before = np.concatenate([np.zeros((len(ranked), 1)), cumulative[:, :-1]], axis=1)
            ranked[before >= sampling.top_p * cumulative[:, -1:]] = 0
        np.put_along_axis(kept, order, ranked, axis=1)
    if sampling.min_p:
        kept[kept < sampling.min_p] = 0
    return kept


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

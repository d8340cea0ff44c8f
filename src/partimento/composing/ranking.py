"""The best of many pieces of one run: by what the model itself thinks of them, and by how far they are from human pieces.

Neither is enough. What a model finds likeliest is dull and goes round in circles (Holtzman et al. 2020, section 4), and figures
of a piece know nothing of its order. The two have no common unit, so pieces are ranked by each, and by the mean of both
ranks (Borda's count); of equals the earlier one goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from partimento.analysis.card.rows import COPYING, ROWS
from partimento.composing.composition import Composition, Ranked
from partimento.composing.guidance import conditioned
from partimento.composing.provenance import Trained

FARTHEST = 5.0  # deviations: how far off one figure may count, so that no figure decides alone
LEFT_OUT = ("bars",)  # the length was asked for

Floats = npt.NDArray[np.float64]


def rank(bits: Sequence[float], distances: Sequence[float]) -> list[Ranked]:
    """All pieces, the best one first."""
    both = np.array([_places(bits), _places(distances)]).mean(axis=0)
    order = np.argsort(both, kind="stable").tolist()
    return [Ranked(number, at, bits[number], distances[number]) for at, number in enumerate(order, 1)]


def bits_per_note(checkpoint: Trained, made: Sequence[Composition], conditions: Mapping[str, str | float]) -> list[float]:
    """Bits per note of the new notes of each piece, under the model and the conditions it was composed with; of a piece without a
    note not a number."""
    parts = [(number, *part) for number, one in enumerate(made) for part in one.windows or ((one.events, one.first_event),)]
    bits, notes = np.zeros(len(made)), np.zeros(len(made))
    scores = conditioned(checkpoint, conditions).score([events for _, events, _ in parts])
    for (number, events, first), score in zip(parts, scores, strict=True):
        bits[number] += score.nats[first:].sum(dtype=np.float64) / np.log(2)
        notes[number] += checkpoint.encoding.notes_in(events[first:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return [float(one) if np.isfinite(one) else np.nan for one in bits / notes]


def distances(figures: Floats, human: Floats) -> list[float]:
    """How far pieces are from human ones, by their `card.figures` [P, K] and those of human pieces: the mean distance from the
    human median, in deviations (interquartile range over 1.349), of the figures that both have. Copying less is no fault."""
    middle = np.nanmedian(human, axis=0)
    low, high = np.nanpercentile(human, [25, 75], axis=0)
    spread = np.where(high > low, (high - low) / 1.349, np.nanstd(human, axis=0))
    used = (spread > 0) & ~np.isin(list(ROWS), LEFT_OUT)
    away = (figures[:, used] - middle[used]) / spread[used]
    away[:, np.isin(list(ROWS), list(COPYING))[used]] = np.maximum(away[:, np.isin(list(ROWS), list(COPYING))[used]], 0)
    away = np.minimum(np.abs(away), FARTHEST)
    away[np.isnan(away)] = FARTHEST  # a figure that the piece does not have: too short for it
    return [float(row) for row in away.mean(axis=1)]


def _places(values: Sequence[float]) -> Floats:
    """The rank of each value, equal ones sharing theirs; what is not a number comes last."""
    known = np.nan_to_num(np.array(values, np.float64), nan=np.inf)
    below = (known[None] < known[:, None]).sum(axis=1)
    equal = (known[None] == known[:, None]).sum(axis=1)
    places: Floats = below + (equal - 1) / 2
    return places

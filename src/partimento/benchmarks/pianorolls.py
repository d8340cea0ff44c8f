"""Protocol P2: the four piano-roll sets of Boulanger-Lewandowski et al. 2012, in nats a frame.

Frames 2..T of each piece are predicted from those before, summed over 88 keys, and averaged over all frames of a set; the figure
with the first frame stands beside it. Row A: keys are independent within a frame. Row B: the exact chain rule within a frame,
from low to high (as a list of keys and its end, which says the same). Rows are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.protocol import Benchmark, Figures, pieces_of, read_set
from partimento.corpus.encoded import SPLITS, Encoded, Split
from partimento.encodings import Events
from partimento.encodings.frames import Frames
from partimento.encodings.frames.context import OVER
from partimento.encodings.frames.keyboard import KEYS, LOWEST
from partimento.encodings.roll import Roll
from partimento.errors import UnknownName, UnreadableFile
from partimento.models.predictor import Scores

SETS = ("jsb_chorales", "nottingham", "musedata", "piano_midi_de")
ROWS = ("A", "B")
# test, nats a frame. A: Bai et al. 2018, table 1, and what they cite; B: Boulanger-Lewandowski et al. 2012, table 1, RNN-NADE
PUBLISHED = {
    "A": {"jsb_chorales": 8.10, "nottingham": 3.07},
    "B": {"jsb_chorales": 5.56, "nottingham": 2.31, "musedata": 5.60, "piano_midi_de": 7.05},
}
CAVEATS = {
    "A": "Row A: the keys of a frame are independent given the frames before.",
    "B": "Row B: the exact chain rule within a frame, from low to high.",
}

Floats = npt.NDArray[np.float64]


def benchmark(path: Path, name: str, row: str) -> Benchmark:
    """One row of the protocol on one of the sets, from its JSON file or the zip that holds it.

    Raises `UnreadableFile`, and `UnknownName` for a set or row that there is not.
    """
    for kind, value, known in (("set", name, SETS), ("row", row, ROWS)):
        if value not in known:
            raise UnknownName(kind, value, known)
    rows, digest = read_set(path, f"{name}.json")
    try:
        rolls = {split: [_roll(piece) for piece in rows[split]] for split in SPLITS}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableFile("not the data set", f"no frames as lists of MIDI pitches ({error!r})", name=str(path)) from None
    pieces = [roll if row == "A" else listed(roll) for split in SPLITS for roll in rolls[split]]
    splits = [number for number, split in enumerate(SPLITS) for _ in rolls[split]]
    encoded = Encoded.of(Roll() if row == "A" else Frames(), pieces, splits)
    state = KeyStates(rolls["train"])
    baselines = {split: _figures([state.nats(roll) for roll in rolls[split]]) for split in SPLITS[1:]}
    caveats = (CAVEATS[row], "Frames 2..T of each piece; beside it the figure with the first frame.")
    heads = "independent" if row == "A" else ""
    return Benchmark(
        f"frames {name} {row}", "nats a frame", encoded, digest, "each key by its state", baselines, measure, caveats, heads
    )


def _roll(piece: Any) -> Events:
    """bool as uint8 [T, 88]."""
    roll = np.zeros((len(piece), KEYS), np.uint8)
    for step, keys in enumerate(piece):
        at = np.array(keys, np.int64).reshape(-1) - LOWEST
        if len(at) and not 0 <= at.min() <= at.max() < KEYS:
            raise ValueError(f"a pitch outside {LOWEST}..{LOWEST + KEYS - 1}")
        roll[step, at] = 1
    return roll


def listed(roll: Events) -> Events:
    """A roll [T, 88] in `frames`, the end of its last frame too."""
    step, key = np.nonzero(roll)
    return Frames.listed(step, key, len(roll))


def measure(scores: Iterable[Scores], split: Split) -> Figures:
    """The protocol's figures from the scores of a split's pieces, in their order: nats of each frame, whatever its events."""
    frames = []
    for one, events in zip(scores, pieces_of(split), strict=True):
        nats = one.nats.sum(1, dtype=np.float64)
        if events.shape[1] == 1:  # a list of keys: up to the end of each frame
            over = events[:, 0] == OVER
            nats = np.bincount(np.cumsum(over) - over, nats)
        frames.append(nats)
    return _figures(frames)


def _figures(frames: Sequence[Floats]) -> Figures:
    """From the nats [T] of each frame of each piece."""
    with_first = sum(float(nats.sum()) for nats in frames) / sum(map(len, frames))
    longer = [nats for nats in frames if len(nats) > 1]
    after = np.array([nats[1:].sum() for nats in longer])
    return Figures(after, np.array([len(nats) - 1.0 for nats in longer]), {"with_first_frame": with_first})


class KeyStates:
    """The baseline: each key by itself, from whether it sounded in the frame before, as often as in train (each case counted
    once more). Without correlations between keys, so it stands in both rows."""

    def __init__(self, train: Sequence[Events]) -> None:
        before = np.concatenate([np.concatenate([np.zeros((1, KEYS), np.uint8), roll[:-1]]) for roll in train])
        now = np.concatenate(list(train))
        self.p = np.stack([((now * (before == state)).sum(0) + 1) / ((before == state).sum(0) + 2) for state in (0, 1)])  # [2, 88]

    def nats(self, roll: Events) -> Floats:
        """Of each frame, [T]."""
        before = np.concatenate([np.zeros((1, KEYS), np.int64), roll[:-1].astype(np.int64)])
        p = self.p[before, np.arange(KEYS)]
        total: Floats = -np.where(roll == 1, np.log(p), np.log1p(-p)).sum(1)
        return total

"""The keys of a piece, found from its notes: signatures that change where the music does, and whether each is major or minor.

Stretches of four quarters are scored under each of the twelve signatures by a small network, which sees what sounds near and in
the whole piece, its bass, its first and its last chord, all turned so that the signature has no signs: one network for all.
The best path through the stretches is Viterbi's, as in Temperley, "The Cognition of Basic Musical Structures", 2001, chapter
7, but for what is written and not for the local key: a signature holds although the music strays from it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from partimento.learned import Layers, Network, network
from partimento.piece import KEY, Array, Piece
from partimento.theory import mode_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STRETCH = 4  # quarters
NEAR = (0, 2, 6, 16)  # stretches before and after one that are looked at with it
BASS_NEAR = 6
ENDS = 4  # stretches at the beginning and at the end
CHANGE = 8.0  # what a new signature costs, in nats: chosen on valid works
_LONGEST = 8  # quarters; a note counts no longer


def find_keys(piece: Piece) -> Array:
    """The keys of a piece as `KEY` rows [K], the first at tick 0; C major where nothing tells. Drums are left out.

    Fifths are -6..5: where six flats and six sharps sound alike, flats are the commoner choice in print.
    """
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~drums[piece.notes["track"]]] if len(piece) else piece.notes
    if not len(notes):
        return np.array([(0, 0, False)], KEY)
    sounds, seen = views(notes, piece.ticks_per_quarter)
    path = _path(_scores(seen))
    begins = np.flatnonzero(np.diff(path, prepend=-1))
    last = notes["pitch"][notes["onset"] == notes["onset"].max()]
    rows = []
    for start, stop in zip(begins.tolist(), [*begins[1:].tolist(), len(path)], strict=True):
        fifths = (int(path[start]) + 6) % 12 - 6
        end_bass = int(last.min()) % 12 if stop == len(path) else -1
        rows.append((start * STRETCH * piece.ticks_per_quarter, fifths, mode_of(sounds[start:stop].sum(axis=0), fifths, end_bass)))
    return np.array(rows, KEY)


def main_key(piece: Piece) -> tuple[int, bool]:
    """The key found that holds for most of a piece, as (fifths, minor)."""
    keys = find_keys(piece)
    if len(keys) == 1:
        return int(keys["fifths"][0]), bool(keys["minor"][0])
    spans = np.diff(keys["tick"], append=max(piece.end_tick, int(keys["tick"][-1]) + 1))
    names = list(zip(keys["fifths"].tolist(), keys["minor"].tolist(), strict=True))
    return max(names, key=lambda key: sum(span for span, one in zip(spans.tolist(), names, strict=True) if one == key))


def views(notes: Array, per_quarter: int) -> tuple[Floats, Floats]:
    """How long each pitch class sounds in each stretch [C, 12], in quarters, and what the network sees of each [C, V, 12]."""
    onset, pitch = notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
    end = onset + notes["duration"]
    size = STRETCH * per_quarter
    count = max(1, -(-int(end.max()) // size))
    held = np.minimum(end, onset + _LONGEST * per_quarter)
    first = onset // size
    flat = np.zeros(count * 12)
    for late in range(_LONGEST // STRETCH + 1):
        start = (first + late) * size
        length = np.maximum(0, np.minimum(held, start + size) - np.maximum(onset, start)) / per_quarter
        flat += np.bincount(np.minimum(first + late, count - 1) * 12 + pitch % 12, length, count * 12)
    sounds = flat.reshape(count, 12)
    order = np.lexsort([pitch, onset])
    lowest = order[np.flatnonzero(np.diff(onset[order], prepend=-1))]
    bass = np.bincount(first[lowest] * 12 + pitch[lowest] % 12, minlength=count * 12).reshape(count, 12).astype(np.float64)
    at_end = pitch[(onset <= onset.max()) & (end > onset.max())]
    at_start = pitch[onset < onset.min() + per_quarter]
    last = np.bincount([pitch[onset == onset.max()].min() % 12], minlength=12)
    chords = [np.bincount(some % 12, minlength=12) for some in (at_end, at_start)]
    local = [*(_around(sounds, near) for near in NEAR), _around(bass, BASS_NEAR)]
    whole = [sounds.sum(0), sounds[:ENDS].sum(0), sounds[-ENDS:].sum(0), bass.sum(0), last, *chords]
    views = [*local, *(np.broadcast_to(one, (count, 12)) for one in whole)]
    return sounds, np.stack([view / np.maximum(view.sum(axis=-1, keepdims=True), 1e-9) for view in views], axis=1)


def _around(rows: Floats, near: int) -> Floats:
    """The sum of each row [C, 12] and so many before and after it."""
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(rows, axis=0)])
    at = np.arange(len(rows))
    summed: Floats = total[np.minimum(at + near + 1, len(rows))] - total[np.maximum(at - near, 0)]
    return summed


def turned(views: Floats) -> npt.NDArray[np.float32]:
    """The views [C, V, 12] as each of the twelve signatures sees them [C, 12, V * 12]: its own major tonic comes first."""
    seen: npt.NDArray[np.float32] = views.reshape(len(views), -1)[:, _turns(views.shape[1])].astype(np.float32)
    return seen


def _turns(count: int) -> Ints:
    """Which of `count` * 12 columns each signature sees at each of its own [12, count * 12]."""
    classes = (np.arange(12)[None] + 7 * np.arange(12)[:, None]) % 12
    turns: Ints = (12 * np.arange(count)[None, :, None] + classes[:, None, :]).reshape(12, -1)
    return turns


def _scores(views: Floats) -> Floats:
    """The logarithm of how likely each signature is in each stretch [C, 12], fifths 0..11."""
    weight, layers = _first_layer()
    hidden = (views.reshape(len(views), -1).astype(np.float32) @ weight).reshape(len(views) * 12, -1) + layers[0][1]
    raw = Network(layers[1:])(np.maximum(hidden, 0)).reshape(len(views), 12).astype(np.float64)
    raw -= raw.max(axis=1, keepdims=True)
    scores: Floats = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    return scores


@cache
def _first_layer() -> tuple[npt.NDArray[np.float32], Layers]:
    """The weights of the first layer turned to each signature, side by side, which spares turning what it sees; and all layers."""
    layers = network("keys").layers
    weight = layers[0][0]
    turns = _turns(len(weight) // 12)
    every = np.zeros((len(weight), 12, weight.shape[1]), np.float32)
    for signature in range(12):
        every[turns[signature], signature] = weight
    return every.reshape(len(weight), -1), layers


def _path(scores: Floats) -> Ints:
    """The likeliest signature of each stretch [C]: it stays, or another one begins at a cost."""
    best = scores[0].copy()
    came_from = np.zeros((len(scores), 12), np.int64)
    own = np.arange(12)
    for at in range(1, len(scores)):
        leader = int(best.argmax())
        moves = best < best[leader] - CHANGE
        came_from[at] = np.where(moves, leader, own)
        best = np.maximum(best, best[leader] - CHANGE) + scores[at]
    path = np.zeros(len(scores), np.int64)
    path[-1] = best.argmax()
    for at in range(len(scores) - 1, 0, -1):
        path[at - 1] = came_from[at, path[at]]
    return path

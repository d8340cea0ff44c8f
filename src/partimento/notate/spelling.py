"""Which step a pitch is written on, and the keys of the page.

Spelling is the first stage of ps13 (Meredith, "The ps13 pitch spelling algorithm", Journal of New Music Research 35(2), 2006,
p. 121-159): each pitch class near a note votes, as a tonic, for the step that the note has in its chromatic scale. Tonics
themselves are spelled near the key on the line of fifths, which ties the result to the key signature.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from partimento.notate.score import Spelled
from partimento.piece import Piece
from partimento.theory import find_key

Ints = npt.NDArray[np.int64]

BEFORE, AFTER = 10, 42  # notes of context, the best of those tried in the paper (section 4.1)
_STEPS_ABOVE_TONIC = np.array([0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6])
_NATURAL = np.array([0, 2, 4, 5, 7, 9, 11])
_FOREIGN = 0.2  # share of time outside C major from which on a lone "C major" is a sequencer's habit and not a key
_OWN_KEY = 0.5  # and what the key found must leave of that share


def keys_of(piece: Piece) -> list[tuple[int, tuple[int, bool]]]:
    """The keys of the page as (tick, (fifths, minor)), the first at 0: those of the piece, or the one that is found.

    A lone C major at the start is not believed where the notes contradict it: sequencers write it into every file.
    """
    rows = {tick: (fifths, bool(minor)) for tick, fifths, minor in piece.keys.tolist()}
    if rows and not (rows == {0: (0, False)} and _contradicted(piece)):
        first = min(rows)
        return [(0, rows[first]), *((tick, rows[tick]) for tick in sorted(rows) if tick > first)]
    return [(0, find_key(_weights(piece)))]


def _weights(piece: Piece) -> npt.NDArray[np.float64]:
    """[12]: how long each pitch class sounds; a long note counts as eight quarters at most."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~drums[piece.notes["track"]]] if len(piece.notes) else piece.notes
    length = np.minimum(notes["duration"], 8 * piece.ticks_per_quarter)
    return np.bincount(notes["pitch"] % 12, length, minlength=12).astype(np.float64)


def _contradicted(piece: Piece) -> bool:
    weights = _weights(piece)
    foreign = _foreign(weights, 0)
    return foreign > _FOREIGN and _foreign(weights, find_key(weights)[0]) < _OWN_KEY * foreign


def _foreign(weights: npt.NDArray[np.float64], fifths: int) -> float:
    scale = (np.arange(fifths - 1, fifths + 6) * 7) % 12
    total = float(weights.sum())
    return 1.0 - float(weights[scale].sum()) / total if total else 0.0


def spell(pitch: Ints, onset: Ints, fifths: Ints) -> list[Spelled]:
    """The written pitch of each note [N], given in any order, with the key signature that holds at each."""
    if not len(pitch):
        return []
    order = np.lexsort([pitch, onset])
    pitch_class = pitch[order] % 12
    seen = np.zeros((len(pitch) + 1, 12))
    np.cumsum(np.eye(12)[pitch_class], axis=0, out=seen[1:])
    at = np.arange(len(pitch))
    near = seen[np.minimum(at + AFTER, len(pitch))] - seen[np.maximum(at - BEFORE, 0)]
    step_of = _step_tables()[fifths[order] + 7, :, pitch_class]  # [N, 12 tonics]
    votes = np.zeros((len(pitch), 7))
    for name in range(7):
        votes[:, name] = (near * (step_of == name)).sum(axis=1)
    # where votes are equal, as at the start of a piece, the key's own spelling
    votes[at, _own_steps()[fifths[order] + 7, pitch_class]] += 0.5
    step = votes.argmax(axis=1)
    alter = (pitch_class - _NATURAL[step] + 6) % 12 - 6
    own = _own_steps()[fifths[order] + 7, pitch_class]
    own_alter = (pitch_class - _NATURAL[own] + 6) % 12 - 6
    # a double sign only where the key has many signs already
    too_far = (np.abs(alter) > 2) | ((np.abs(alter) == 2) & (np.abs(own_alter) < 2) & (np.sign(alter) * fifths[order] < 4))
    step, alter = np.where(too_far, own, step), np.where(too_far, own_alter, alter)
    octave = (pitch[order] - alter) // 12 - 1
    result: list[Spelled] = [Spelled(0, 0, 0, 0)] * len(pitch)
    for place, row in enumerate(zip(step.tolist(), alter.tolist(), octave.tolist(), pitch[order].tolist(), strict=True)):
        result[order[place]] = _spelled(*row)
    return result


def name_in_key(pitch_class: int, fifths: int) -> tuple[int, int]:
    """The step and alteration of a chord's root where nothing but the key signature is known: from the flat second to the
    sharp fourth on the line of fifths, white keys by their own names."""
    if pitch_class in _NATURAL:
        return int(np.flatnonzero(pitch_class == _NATURAL)[0]), 0
    place = (7 * pitch_class - (fifths - 5)) % 12 + fifths - 5
    step = 4 * place % 7
    return step, int((pitch_class - _NATURAL[step] + 6) % 12 - 6)


def own_steps(pitch: Ints, fifths: Ints) -> Ints:
    """The step of each MIDI pitch [N] in the signature that holds at it, whatever stands around it."""
    steps: Ints = _own_steps()[fifths + 7, pitch % 12]
    return steps


@cache
def _spelled(step: int, alter: int, octave: int, pitch: int) -> Spelled:
    return Spelled(step, alter, octave, pitch)


@cache
def _own_steps() -> Ints:
    """[15 signatures, 12 pitch classes]: the step of each in the key, its other notes from the flat seventh to the sharp fifth.

    On the line of fifths (F = -1, C = 0, G = 1) a signature of n sharps holds n - 1 .. n + 5; two more on the flat side,
    three on the sharp side: in C major B flat, E flat, F sharp, C sharp, G sharp.
    """
    table = np.zeros((15, 12), np.int64)
    for fifths in range(-7, 8):
        for place in range(fifths - 3, fifths + 9):
            table[fifths + 7, 7 * place % 12] = 4 * place % 7
    return table


@cache
def _step_tables() -> Ints:
    """[15 signatures, 12 tonics, 12 pitch classes]: the step of the pitch class in the chromatic scale of the tonic."""
    tonic = np.arange(12)
    above = _STEPS_ABOVE_TONIC[(tonic[None, :] - tonic[:, None]) % 12]  # [tonic, pitch class]
    table: Ints = (_own_steps()[:, :, None] + above[None]) % 7
    return table

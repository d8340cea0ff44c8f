"""Which step a pitch is written on, and the keys of the page.

A note has a usual place on the line of fifths (Temperley, "The Cognition of Basic Musical Structures", 2001, chapter 5) under its
key signature, and two others twelve fifths away. A small network chooses, by the pitch classes that sound before, with and after
it and by the steps that lead to and from it, all turned so that the signature has no signs.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from partimento.found_keys import find_keys
from partimento.learned import network
from partimento.notate.score import Spelled
from partimento.piece import Piece

Ints = npt.NDArray[np.int64]

_BELOW = 3  # on the line of fifths, F of C major is at -1: the usual notes are those from the minor third to the raised fifth
_DOUBLE_FLATS, _DOUBLE_SHARPS = -15, 19
_AT_ONCE = 1 << 14
_NATURAL = np.array([0, 2, 4, 5, 7, 9, 11])
_FOREIGN = 0.2  # share of time outside C major from which on a lone "C major" is a sequencer's habit and not a key
_OWN_KEY = 0.5  # and what the key found must leave of that share


def keys_of(piece: Piece) -> list[tuple[int, tuple[int, bool]]]:
    """The keys of the page as (tick, (fifths, minor)), the first at 0: those of the piece, or those found.

    A lone C major at the start is not believed where the notes contradict it: sequencers write it into every file.
    """
    rows = {tick: (fifths, bool(minor)) for tick, fifths, minor in piece.keys.tolist()}
    if rows and not (rows == {0: (0, False)} and _contradicted(piece)):
        first = min(rows)
        return [(0, rows[first]), *((tick, rows[tick]) for tick in sorted(rows) if tick > first)]
    return [(tick, (fifths, bool(minor))) for tick, fifths, minor in find_keys(piece).tolist()]


def _weights(piece: Piece) -> npt.NDArray[np.float64]:
    """[12]: how long each pitch class sounds; a long note counts as eight quarters at most."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~drums[piece.notes["track"]]] if len(piece.notes) else piece.notes
    length = np.minimum(notes["duration"], 8 * piece.ticks_per_quarter)
    return np.bincount(notes["pitch"] % 12, length, minlength=12).astype(np.float64)


def _contradicted(piece: Piece) -> bool:
    weights = _weights(piece)
    foreign = _foreign(weights, 0)
    return foreign > _FOREIGN and min(_foreign(weights, fifths) for fifths in range(-5, 7)) < _OWN_KEY * foreign


def _foreign(weights: npt.NDArray[np.float64], fifths: int) -> float:
    scale = (np.arange(fifths - 1, fifths + 6) * 7) % 12
    total = float(weights.sum())
    return 1.0 - float(weights[scale].sum()) / total if total else 0.0


def spell(pitch: Ints, onset: Ints, fifths: Ints) -> list[Spelled]:
    """The written pitch of each note [N], given in any order, with the key signature that holds at each."""
    if not len(pitch):
        return []
    order = np.lexsort([pitch, onset])
    place = _places(pitch[order], onset[order], fifths[order])
    step, alter = 4 * place % 7, (place + 1) // 7
    octave = (pitch[order] - alter) // 12 - 1
    result: list[Spelled] = [Spelled(0, 0, 0, 0)] * len(pitch)
    for row, name in zip(
        order.tolist(), zip(step.tolist(), alter.tolist(), octave.tolist(), pitch[order].tolist(), strict=True), strict=True
    ):
        result[row] = _spelled(*name)
    return result


def _places(pitch: Ints, onset: Ints, fifths: Ints) -> Ints:
    """Where each of the notes [N], in the order of onset and pitch, is on the line of fifths (C = 0, G = 1, F sharp = 6)."""
    from partimento.notate.spelling_views import views

    usual = usual_places(pitch, fifths)
    place = usual.copy()
    for at in range(0, len(pitch), _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        logits = network("spelling")(views(pitch, onset, fifths, at, min(at + _AT_ONCE, len(pitch))))
        candidates = usual[some, None] + np.array([-12, 0, 12])
        logits[(candidates < _DOUBLE_FLATS) | (candidates > _DOUBLE_SHARPS)] = -np.inf
        place[some] = candidates[np.arange(len(logits)), logits.argmax(axis=1)]
    return place


def usual_places(pitch: Ints, fifths: Ints) -> Ints:
    """Where each MIDI pitch [N] is on the line of fifths in the signature that holds at it, if nothing stands around it."""
    place: Ints = (7 * pitch - fifths + _BELOW) % 12 - _BELOW + fifths
    return place


def class_of(pitch: Ints, step: Ints, fifths: Ints) -> Ints:
    """What the network has to say of notes [N] that are written on these steps: 1 is the usual place, 0 and 2 are twelve fifths
    below and above it; others are beyond it."""
    alter = (pitch - _NATURAL[step] + 6) % 12 - 6
    place = (2 * step + 1) % 7 - 1 + 7 * alter
    number: Ints = (place - usual_places(pitch, fifths)) // 12 + 1
    return number


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
    steps: Ints = 4 * usual_places(pitch, fifths) % 7
    return steps


@cache
def _spelled(step: int, alter: int, octave: int, pitch: int) -> Spelled:
    return Spelled(step, alter, octave, pitch)

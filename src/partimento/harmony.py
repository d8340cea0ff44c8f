"""Chords found from the notes of a piece, beat by beat.

Each beat is compared with the notes of every chord, as Fujishima ("Realtime chord recognition of musical sound", ICMC
1999) does with sound, here as probabilities; the best path through the beats is Viterbi's, as in Sheh and Ellis ("Chord
segmentation and recognition using EM-trained hidden Markov models", ISMIR 2003), with changes likelier at bar lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.chord_symbols import CHORD_NOTES, NO_CHORD
from partimento.found_keys import main_key
from partimento.piece import CHORD, NOTE, QUALITIES, Array, Piece, Track

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_BEATS = 2**16
LONGEST_BEATS = 32  # a note counts no longer

# how often each quality is written, roughly: a hundredth of all chords at most beyond those named
SHARE = {"major": 0.44, "minor": 0.22, "dominant seventh": 0.15, "minor seventh": 0.06, "major seventh": 0.03}
SHARE |= {"suspended fourth": 0.02, "suspended second": 0.015, "major sixth": 0.01, "diminished": 0.01}
RARE = 0.004


@dataclass(frozen=True)
class Weights:
    """What the search believes: found by `bench/chords.py` on halves of three sets that its figures leave out.

    `chord_notes`: the share of what sounds that belongs to the chord. `root_is_bass`: how often the lowest note is the root,
    and `chord_is_bass` one of the others. `in_scale`: the factor by which chords of the piece's scale are likelier.
    `changes`: how likely a new chord is at a bar line, in the middle of a bar, and at any other beat. `trust`: how much of
    a beat's evidence counts, since the notes of a beat say the same thing several times.
    """

    chord_notes: float = 0.75
    root_is_bass: float = 0.5
    chord_is_bass: float = 0.4
    in_scale: float = 5.0
    changes: tuple[float, float, float] = (0.9, 0.8, 0.2)
    trust: float = 1.35


def find_chords(piece: Piece, weights: Weights = Weights()) -> Array:
    """The chords of a piece as `CHORD` rows [C], from the notes of all tracks but drums; no rows where there are none.

    Chords begin on beats in which something sounds (dotted ones in compound meters), up to the 65,536th beat. The bass is the
    lowest pitch class of the chord's first beat, where that belongs to it.
    """
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~is_drum[piece.notes["track"]]] if len(piece) else piece.notes
    if not len(notes):
        return np.zeros(0, CHORD)
    tick, place = beats(piece)
    sounds, lowest = _sounds(notes, tick)
    sounding = np.flatnonzero(sounds.any(axis=1))  # in silence the chord stays, or changes as easily as anywhere in it
    place = np.minimum.reduceat(place[: sounding[-1] + 1], np.append(0, sounding[:-1] + 1))
    tick, sounds, lowest = tick[sounding], sounds[sounding], lowest[sounding]
    state = best_path(_log_likelihood(sounds, lowest, weights), place, _log_prior(main_key(piece), weights), weights)
    begins = np.flatnonzero(np.diff(state, prepend=-1))
    rows = np.zeros(len(begins), CHORD)
    rows["tick"] = tick[begins]
    root, quality = np.divmod(state[begins], len(QUALITIES))
    bass = np.where(_tones()[state[begins], np.maximum(0, lowest[begins])] & (lowest[begins] >= 0), lowest[begins], root)
    none = root == 12
    rows["root"], rows["quality"], rows["bass"] = (
        np.where(none, NO_CHORD[at], one) for at, one in enumerate((root, quality, bass))
    )
    return rows


def with_chords_played(piece: Piece, program: int = 0, velocity: int = 56) -> Piece:
    """The piece with a track more, on which its chord symbols can be heard: bass below, the other notes from C3 on."""
    rows = piece.chords[(piece.chords["root"] >= 0) & (piece.chords["tick"] < piece.end_tick)]
    until = np.append(piece.chords["tick"][1:], piece.end_tick)[
        np.searchsorted(piece.chords["tick"], rows["tick"], side="right") - 1
    ]
    notes = []
    for (tick, root, quality, bass), stop in zip(rows.tolist(), np.minimum(until, piece.end_tick).tolist(), strict=True):
        pitches = [36 + bass, *(48 + (root + tone) % 12 for tone in CHORD_NOTES[quality])]
        notes += [(tick, stop - tick, pitch, velocity, len(piece.tracks)) for pitch in pitches]
    tracks = (*piece.tracks, Track(program, False, "Chords"))
    return replace(piece, notes=np.concatenate([piece.notes, np.array(notes, NOTE)]), tracks=tracks)


def beats(piece: Piece) -> tuple[Ints, Ints]:
    """The tick of each beat [B + 1], the end of the last one included, and its place [B]: 0 begins a bar, 1 is its middle."""
    grid = BarGrid.of(piece)
    tick, number, in_bar = grid.beats(MAX_BEATS)
    inside = tick < grid.end_tick
    place = np.where(number == 0, 0, np.where(2 * number == in_bar, 1, 2))
    return np.append(tick[inside], grid.end_tick), place[inside]


def _sounds(notes: Array, tick: Ints) -> tuple[Floats, Ints]:
    """How much of each beat each pitch class sounds, 0..1 [B, 12], and the pitch class of its bass [B]: its lowest
    note, -1 where none sounds an octave above it, as in a tune alone."""
    count = len(tick) - 1
    start = notes["onset"].astype(np.int64)
    end = start + notes["duration"]
    first = np.searchsorted(tick, start, side="right") - 1
    stop = np.minimum(np.minimum(np.searchsorted(tick, end, side="left"), count), first + LONGEST_BEATS)
    spans = np.maximum(0, stop - first)
    note = np.repeat(np.arange(len(notes)), spans)
    beat = np.arange(len(note)) - np.repeat(np.cumsum(spans) - spans, spans) + first[note]
    overlap = np.minimum(end[note], tick[beat + 1]) - np.maximum(start[note], tick[beat])
    share = overlap / np.maximum(1, tick[beat + 1] - tick[beat])
    pitch = notes["pitch"].astype(np.int64)[note]
    sounds = np.minimum(1.0, np.bincount(beat * 12 + pitch % 12, share, count * 12)).reshape(count, 12)
    sounding = share >= 0.2  # what only reaches into a beat is no bass of it
    lowest, highest = np.full(count, 128), np.full(count, -1)
    np.minimum.at(lowest, beat[sounding], pitch[sounding])
    np.maximum.at(highest, beat[sounding], pitch[sounding])
    return sounds, np.where(lowest + 12 <= highest, lowest % 12, -1)


@cache
def _tones() -> npt.NDArray[np.bool_]:
    """Which pitch classes belong to each chord, root after root, and at last to none: bool[12 * Q + 1, 12]."""
    rows = np.zeros((12 * len(QUALITIES) + 1, 12), bool)
    for root in range(12):
        for quality, tones in enumerate(CHORD_NOTES):
            rows[root * len(QUALITIES) + quality, [(root + tone) % 12 for tone in tones]] = True
    return rows


def _log_likelihood(sounds: Floats, lowest: Ints, weights: Weights) -> Floats:
    """The logarithm of how well each chord explains each beat [B, 12 * Q + 1]; no chord explains silence as well."""
    tones = _tones()[:-1]
    size = tones.sum(axis=1, keepdims=True)
    of_note = np.where(tones, weights.chord_notes / size, (1 - weights.chord_notes) / (12 - size))
    is_root = np.arange(12) == np.repeat(np.arange(12), len(QUALITIES))[:, None]
    other = 1.0 - weights.root_is_bass - weights.chord_is_bass
    of_bass = np.where(is_root, weights.root_is_bass, np.where(tones, weights.chord_is_bass / (size - 1), other / (12 - size)))
    fits = sounds @ np.log(of_note).T
    fits[lowest >= 0] += np.log(of_bass).T[lowest[lowest >= 0]]
    none = (sounds.sum(axis=1) * np.log(1 / 40))[:, None]  # worse than any likely chord where something sounds
    scored: Floats = weights.trust * np.concatenate([fits, none], axis=1)
    return scored


def _log_prior(key: tuple[int, bool], weights: Weights) -> Floats:
    """The logarithm of how likely a new chord is each one [12 * Q + 1], in the key of the piece."""
    fifths, minor = key
    tonic = (7 * fifths + (9 if minor else 0)) % 12
    scale = np.zeros(12, bool)
    scale[(tonic + np.array([0, 2, 3, 5, 7, 8, 10, 11] if minor else [0, 2, 4, 5, 7, 9, 11])) % 12] = True
    share = np.tile([SHARE.get(quality, RARE) for quality in QUALITIES], 12)
    share = share * np.where((_tones()[:-1] & ~scale).any(axis=1), 1.0, weights.in_scale)
    prior: Floats = np.log(np.append(share / share.sum(), 0.01))
    return prior


def best_path(fits: Floats, place: Ints, prior: Floats, weights: Weights) -> Ints:
    """The likeliest state of each beat [B]: a chord stays, or another one begins."""
    change = np.array(weights.changes)
    stay, go = np.log(1 - change).tolist(), np.log(change).tolist()
    best = prior + fits[0]
    came_from = np.zeros(len(fits), np.int64)
    stayed = np.zeros(fits.shape, bool)
    for beat, where in enumerate(place[1:].tolist(), 1):
        came_from[beat] = best.argmax()
        fresh = prior + (best[came_from[beat]] + go[where])
        best = best + stay[where]
        stayed[beat] = best >= fresh
        best = np.maximum(best, fresh) + fits[beat]
    path = np.zeros(len(fits), np.int64)
    path[-1] = best.argmax()
    for beat in range(len(fits) - 1, 0, -1):
        path[beat - 1] = path[beat] if stayed[beat, path[beat]] else came_from[beat]
    return path

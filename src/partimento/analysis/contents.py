"""What one piece holds, and what each encoding would make of it: what `inspect` prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.figures.of_texture import pitches_at_once, sounding
from partimento.analysis.figures.of_time import notes_per_bar
from partimento.bars import BarGrid
from partimento.chord_symbols import chord_name
from partimento.encodings import REGISTRY, make
from partimento.errors import PartimentoError
from partimento.found_keys import main_key
from partimento.notate.names import PROGRAMS
from partimento.piece import Array, Piece
from partimento.theory import PITCH_CLASS_NAMES, key_name

KEYS = ("notes:profile=score", "notes:profile=piano", "notes:profile=performance")  # beside the encodings with their defaults
NEAR = 0.25  # quarters, or tenths of it in seconds, within which a note has come back
_GRIDS = (12, 16)  # lines a quarter


@dataclass(frozen=True)
class Voices:
    """How many pitches sound at once, where any sounds: on average and at most."""

    mean: float = 0.0
    most: int = 0


@dataclass(frozen=True)
class TrackContents:
    """One track; `lowest` and `highest` are names of pitches (C4 is middle C), empty for drums and without notes."""

    name: str
    program: int
    instrument: str
    drums: bool
    notes: int
    lowest: str
    highest: str
    polyphony: Voices


@dataclass(frozen=True)
class Kept:
    """What an encoding makes of the piece: `held` is the share of its notes that are in the events at all, `back` the share
    that is decoded within a quarter of a quarter of where it was (with its instrument, where the encoding has that), and the
    errors are means over those, in quarters. Encodings of seconds are compared `in_seconds`. `refused` says why the piece
    cannot be encoded; then the rest is 0."""

    encoding: str
    keeps: str
    drops: str
    events: int = 0
    events_per_note: float = 0.0
    held: float = 0.0
    back: float = 0.0
    onset_error: float = 0.0
    duration_error: float = 0.0
    in_seconds: bool = False
    refused: str = ""


@dataclass(frozen=True)
class Contents:
    """All of it. Maps are (quarter, text); shares are 0..1; `velocities` is lowest, highest and how many different ones."""

    title: str
    composer: str
    notes: int
    seconds: float
    quarters: float
    bars: int
    upbeat: bool
    tracks: list[TrackContents]
    lowest: str
    highest: str
    polyphony: Voices
    key_found: str
    keys: list[tuple[float, str]]
    meters: list[tuple[float, str]]
    tempos: list[tuple[float, str]]
    chords: int
    first_chords: list[str]
    pedals: int
    notes_per_second: float
    notes_per_bar: float
    on_grid: float
    velocities: tuple[int, int, int]
    repairs: dict[str, int]
    encodings: list[Kept]


def tried_by_default() -> tuple[str, ...]:
    """The encodings that need no optional dependency, and the profiles of `notes`."""
    return (*(name for name, kind in REGISTRY.items() if not kind.extra), *KEYS)


def contents(piece: Piece, repairs: dict[str, int] | None = None, encodings: tuple[str, ...] | None = None) -> Contents:
    """What is in a piece. `encodings` are keys of `encodings.make`, by default one of each kind and the profiles of `notes`."""
    notes, tpq = piece.notes, piece.ticks_per_quarter
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    pitched = notes[~drums[notes["track"]]] if len(notes) else notes
    grid = BarGrid.of(piece)
    bars = grid.last_number if len(piece) else 0
    onsets = notes["onset"].astype(np.int64)
    on_grid = np.logical_or.reduce([onsets * lines % tpq == 0 for lines in _GRIDS])
    velocity = notes["velocity"]
    return Contents(
        title=piece.about.title,
        composer=piece.about.composer,
        notes=len(piece),
        seconds=round(piece.seconds, 3),
        quarters=round(piece.end_tick / tpq, 3),
        bars=bars,
        upbeat=grid.upbeat,
        tracks=[_track(piece, number) for number in range(len(piece.tracks))],
        lowest=_name(int(pitched["pitch"].min())) if len(pitched) else "",
        highest=_name(int(pitched["pitch"].max())) if len(pitched) else "",
        polyphony=voices(pitched),
        key_found=key_name(*main_key(piece)) if len(pitched) else "",
        keys=[(tick / tpq, key_name(fifths, minor)) for tick, fifths, minor in piece.keys.tolist()],
        meters=[(tick / tpq, f"{upper}/{lower}") for tick, upper, lower in piece.meters.tolist()],
        tempos=[(tick / tpq, f"{qpm:.4g}") for tick, qpm in piece.tempos.tolist()],
        chords=len(piece.chords),
        first_chords=[chord_name(root, quality, bass) for _, root, quality, bass in piece.chords[:8].tolist()],
        pedals=len(piece.pedals),
        notes_per_second=round(len(piece) / piece.seconds, 3) if len(piece) else 0.0,
        notes_per_bar=round(notes_per_bar(piece), 3) if len(piece) else 0.0,
        on_grid=float(on_grid.mean()) if len(piece) else 0.0,
        velocities=(int(velocity.min()), int(velocity.max()), len(np.unique(velocity))) if len(piece) else (0, 0, 0),
        repairs=dict(repairs or {}),
        encodings=[kept(piece, key) for key in (encodings if encodings is not None else tried_by_default())],
    )


def _track(piece: Piece, number: int) -> TrackContents:
    track, notes = piece.tracks[number], piece.notes[piece.notes["track"] == number]
    low, high = (
        (_name(int(notes["pitch"].min())), _name(int(notes["pitch"].max()))) if len(notes) and not track.is_drum else ("", "")
    )
    instrument = "Drums" if track.is_drum else PROGRAMS[track.program]
    return TrackContents(track.name, track.program, instrument, track.is_drum, len(notes), low, high, voices(notes))


def _name(pitch: int) -> str:
    return f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}"


def voices(notes: Array) -> Voices:
    """How many pitches of these notes [N] (`NOTE`) sound at once."""
    if not len(notes):
        return Voices()
    start, end = sounding(notes)
    tick, place = np.unique(np.concatenate([start, end]), return_inverse=True)
    change = np.bincount(place[: len(start)], minlength=len(tick)) - np.bincount(place[len(start) :], minlength=len(tick))
    return Voices(round(pitches_at_once(notes), 3), int(np.cumsum(change).max()))


def kept(piece: Piece, key: str) -> Kept:
    """What the encoding `key` makes of the piece. Raises `UnknownName` and `InvalidOption` for a key that there is not."""
    encoding = make(key)
    try:
        events = encoding.encode(piece)
        back = encoding.decode(events)
    except PartimentoError as error:
        return Kept(key, encoding.keeps, encoding.drops, refused=str(error))
    held = encoding.notes_in(events)
    by_instrument = any(field.name == "instrument" for field in encoding.fields)
    tries = []
    for in_seconds in (False, True):
        one, other = _timed(piece, in_seconds, by_instrument), _timed(back, in_seconds, by_instrument)
        tries.append((*_pairs(one, other, NEAR / 10 if in_seconds else NEAR), one, other, in_seconds))
        if len(tries[0][0]) >= held:
            break
    here, there, one, other, in_seconds = max(tries, key=lambda found: len(found[0]))
    onset, duration = (np.abs(getattr(one, name)[here] - getattr(other, name)[there]) for name in ("onset", "duration"))
    return Kept(
        key,
        encoding.keeps,
        encoding.drops,
        events=len(events),
        events_per_note=round(len(events) / max(1, held), 4),
        held=min(1.0, held / max(1, len(piece))),
        back=len(here) / max(1, len(piece)),
        onset_error=round(float(onset.mean()), 6) if len(here) else 0.0,
        duration_error=round(float(duration.mean()), 6) if len(here) else 0.0,
        in_seconds=in_seconds,
    )


@dataclass(frozen=True)
class _Timed:
    """Notes [N] in quarters or seconds; `group` is the pitch, with the instrument where that counts."""

    onset: npt.NDArray[np.float64]
    duration: npt.NDArray[np.float64]
    group: npt.NDArray[np.int64]


def _timed(piece: Piece, in_seconds: bool, by_instrument: bool) -> _Timed:
    notes = piece.notes
    start = notes["onset"].astype(np.int64)
    end = start + notes["duration"]
    onset, stop = (piece.second_at(tick) if in_seconds else tick / piece.ticks_per_quarter for tick in (start, end))
    instrument = np.array([128 if track.is_drum else track.program for track in piece.tracks] or [0], np.int64)
    return _Timed(onset, stop - onset, notes["pitch"] + 128 * (instrument[notes["track"]] if by_instrument else 0))


def _pairs(one: _Timed, other: _Timed, near: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of notes of `one` and of those of `other` that are the same: of one group, within `near`, each taken once."""
    found: list[tuple[int, int]] = []
    sides = []
    for side in (one, other):
        order = np.lexsort([side.duration, side.onset.round(2), side.group])
        sides.append((order.tolist(), side.group[order].tolist(), side.onset[order].tolist()))
    (rows, groups, onsets), (other_rows, other_groups, other_onsets) = sides
    at = other_at = 0
    while at < len(rows) and other_at < len(other_rows):
        if groups[at] == other_groups[other_at] and abs(onsets[at] - other_onsets[other_at]) <= near:
            found.append((rows[at], other_rows[other_at]))
            at, other_at = at + 1, other_at + 1
        elif (groups[at], onsets[at]) < (other_groups[other_at], other_onsets[other_at]):
            at += 1
        else:
            other_at += 1
    pairs = np.array(found, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]

"""Figures of time: durations, places in the bar, meters, tempo, length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from partimento.analysis.figures.block import Block
from partimento.analysis.figures.figure import of_piece
from partimento.analysis.melodic_lines import VALUE_NAMES, note_value
from partimento.analysis.piece_set import Floats, Ints
from partimento.bars import BarGrid
from partimento.piece import Piece
from partimento.prevailing import mean_tempo_qpm, meter_in_force

METERS = ("2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "3/2", "4/2", "6/4", "5/4", "other", "not stated")
PLACES = ("downbeat", "other beats", "halves, thirds", "quarters, sixths", "elsewhere")
LENGTH_SECONDS = (30, 60, 120, 240, 480, 960)
LENGTHS = ("< ½ min", "½–1", "1–2", "2–4", "4–8", "8–16", "> 16 min")
TEMPO_STEP, TEMPOS = 20, 12
_PLACE_OF_TWELFTH = np.array([0, 4, 3, 3, 2, 4, 2, 4, 2, 3, 3, 4])  # of a beat: 6 is its half, 4 and 8 are its thirds
_CLOSE = 0.03  # of a beat


def durations(block: Block) -> Ints:
    """Counts of the pitched notes by duration, an index into `VALUE_NAMES`: int64 [P, K]."""
    values = note_value(block.music.in_quarters(block.music.notes["duration"]))[block.pitched]
    return block.table(block.piece_of_pitched, values, len(VALUE_NAMES))


def waits(block: Block) -> Ints:
    """Counts of the times from onset to onset in lines, an index into `VALUE_NAMES`: int64 [P, K]."""
    return block.table(block.lines.piece[block.moves], _wait_values(block), len(VALUE_NAMES))


def duration_changes(block: Block) -> Ints:
    """Counts of two such times in a row, first * K + second: int64 [P, K * K] for K note values."""
    follows = np.flatnonzero(np.diff(block.moves) == 1)  # two moves in a row
    wait = _wait_values(block)
    pairs = wait[follows] * len(VALUE_NAMES) + wait[follows + 1]
    return block.table(block.lines.piece[block.moves][follows], pairs, len(VALUE_NAMES) ** 2)


def _wait_values(block: Block) -> Ints:
    return note_value(block.lines.wait_quarters[block.moves]).astype(np.int64)


def places(block: Block) -> Ints:
    """Counts of where in the beat notes begin, an index into `PLACES`: int64 [P, 5]."""
    meters, piece, onset = block.music.meters, block.music.piece_of_note, block.music.notes["onset"].astype(np.int64)
    row, in_bar = meters.row(onset, piece), meters.in_bar(onset, piece)
    pulse = meters.pulse[row]
    in_beat = np.fmod(in_bar / pulse, 1)
    twelfth = np.rint(in_beat * 12).astype(np.int64)
    exact = np.abs(in_beat * 12 - twelfth) < 12 * _CLOSE
    place = np.where(exact, _PLACE_OF_TWELFTH[twelfth % 12], len(PLACES) - 1)
    on_beat = place == 0
    first = (in_bar < _CLOSE * pulse) | (in_bar > meters.bar[row] - _CLOSE * pulse)
    place[on_beat & ~first] = 1
    return block.table(piece, place, len(PLACES))


def places_in_bar(upper: int, lower: int, size: int) -> Callable[[Block], Ints]:
    """A function that counts where notes begin in the bars of one meter that is stated, in sixteenths: int64 [P, size]."""

    def counted(block: Block) -> Ints:
        meters, piece, onset = block.music.meters, block.music.piece_of_note, block.music.notes["onset"].astype(np.int64)
        row = meters.row(onset, piece)
        stated = np.array([len(head.meters) > 0 for head in block.music.heads], bool)[piece]
        inside = stated & (meters.numerator[row] == upper) & (meters.denominator[row] == lower)
        sixteenth = np.rint(meters.in_bar(onset, piece) / block.music.ticks_per_quarter[piece] * 4).astype(np.int64)
        return block.table(piece[inside], sixteenth[inside] % size, size)

    return counted


def meters(block: Block) -> Ints:
    """1 at the meter in force for most of the piece, an index into `METERS`: int64 [P, K]."""
    found = []
    for piece in block.pieces:
        meter = meter_in_force(piece)
        name = "not stated" if meter is None else f"{meter[0]}/{meter[1]}"
        found.append(METERS.index(name if name in METERS else "other"))
    return block.one_each(np.array(found), len(METERS))


tempo_qpm = of_piece(mean_tempo_qpm)


def tempos(block: Block) -> Ints:
    """1 at the mean tempo of the piece, in steps of `TEMPO_STEP` quarters a minute: int64 [P, TEMPOS]."""
    step = np.clip(np.nan_to_num(block.once(tempo_qpm)) / TEMPO_STEP - 0.5, 0, TEMPOS - 1)
    return block.one_each(step.astype(np.int64), TEMPOS)


def lengths(block: Block) -> Ints:
    """1 at the playing time of the piece, an index into `LENGTHS`: int64 [P, K]."""
    return block.one_each(np.searchsorted(LENGTH_SECONDS, block.seconds), len(LENGTHS))


def seconds(block: Block) -> Floats:
    """The playing time, from the first tick to the end of the last note.

    Float64 [P].
    """
    return block.seconds


def notes(block: Block) -> Floats:
    """How many notes there are, drums too.

    Float64 [P].
    """
    return block.notes.astype(np.float64)


def bars(piece: Piece) -> float:
    """The length in bars, up to the end of the last note."""
    return float(BarGrid.of(piece).bars_at(piece.end_tick))


def notes_per_bar(piece: Piece) -> float:
    """Notes, drums too, over bars up to the end of the last note; a bar begun counts as its part."""
    return len(piece) / bars(piece)


def wait_quarters(block: Block) -> Floats:
    """The mean time from onset to onset in lines, in quarters.

    Float64 [P].
    """
    piece = block.lines.piece[block.moves]
    with np.errstate(invalid="ignore"):
        mean: Floats = np.bincount(piece, block.lines.wait_quarters[block.moves], len(block)) / np.bincount(
            piece, minlength=len(block)
        )
    return mean


def off_grid(block: Block) -> Floats:
    """The share of onsets that are at no half, third, quarter or sixth of a beat, 0..1.

    Float64 [P].
    """
    with np.errstate(invalid="ignore"):
        share: Floats = block.once(places)[:, -1] / block.notes
    return share

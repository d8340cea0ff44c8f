"""What is measured: each task gives the hits of our tool, and of a simple rule beside it, on one score.

A tool sees the notes of a piece and nothing that it has to find: keys, meters, chords and staves are taken away first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.benchmarks.notation import formulas
from partimento.benchmarks.notation.formulas import Hits
from partimento.benchmarks.notation.truth import Case
from partimento.harmony import find_chords
from partimento.notate.from_piece import score_of
from partimento.notate.spelling import keys_of, own_steps, spell
from partimento.notate.staves import hands_of, is_keyboard
from partimento.notate.unmarked import find_meter
from partimento.notate.voices import voices_of
from partimento.piece import CHORD, KEY, METER, Array, Piece
from partimento.theory import find_key

Ints = npt.NDArray[np.int64]
Figures = dict[str, Hits]
MIDDLE_C = 60


@dataclass(frozen=True)
class Task:
    """`run` gives the figures of a score by the names in `figures` (ours first), or none where it states nothing of the kind.

    `published` is what others reached and what differs.
    """

    title: str
    unit: str
    figures: tuple[str, ...]
    run: Callable[[Case], Figures]
    published: str = ""


def _spelling(case: Case) -> Figures:
    piece, step = case.written.piece, case.written.notes["step"].astype(np.int64)
    onset, pitch = _columns(piece)
    if not (step >= 0).any() or not len(piece.keys):
        return {}
    fifths = fifths_at(piece.keys, onset)
    found = found_keys(piece)
    free = fifths_at(found, onset)
    given, alone = (np.array([name.step for name in spell(pitch, onset, keys)], np.int64) for keys in (fifths, free))
    return {
        "keys found": formulas.steps(alone, step),
        "as a whole a step off forgiven": formulas.steps_forgiven(alone, step),
        "signatures given": formulas.steps(given, step),
        "the signature's own steps": formulas.steps(own_steps(pitch, fifths), step),
    }


def _signature(case: Case) -> Figures:
    piece = case.written.piece
    if not len(piece.keys):
        return {}
    one = np.array([(0, *find_key(np.bincount(piece.notes["pitch"] % 12, piece.notes["duration"], 12)))], KEY)
    end, per_quarter = piece.end_tick, piece.ticks_per_quarter
    return {
        "found": formulas.signatures(found_keys(piece), piece.keys, end, per_quarter),
        "one key for the piece": formulas.signatures(one, piece.keys, end, per_quarter),
    }


def _hands(case: Case) -> Figures:
    figures: Figures = {}
    piece, notes = case.written.piece, case.written.notes
    for rows in two_staves(case):
        part, staff = piece.notes[rows], notes["staff"][rows].astype(np.int64)
        onset, pitch = part["onset"].astype(np.int64), part["pitch"].astype(np.int64)
        found = hands_of(onset, onset + part["duration"], pitch, piece.ticks_per_quarter)
        _add(figures, "found", formulas.same_staff(found, staff))
        _add(figures, "a split at middle C", formulas.same_staff((pitch < MIDDLE_C).astype(np.int64), staff))
    return figures


def two_staves(case: Case) -> Iterator[Ints]:
    """The rows [N] of each keyboard part that is written on two staves."""
    piece, notes = case.written.piece, case.written.notes
    for number, track in enumerate(piece.tracks):
        rows = np.flatnonzero(piece.notes["track"] == number)
        if is_keyboard(track) and set(notes["staff"][rows].tolist()) == {0, 1}:
            yield rows


def _staff_voices(case: Case) -> Figures:
    """The voices of each staff with more than one of them somewhere."""
    piece, notes = case.written.piece, case.written.notes
    figures: Figures = {}
    lines = BarGrid.of(piece).lines
    for rows in staves(case):
        voice = notes["voice"][rows].astype(np.int64)
        part = piece.notes[rows]
        onset, pitch = part["onset"].astype(np.int64), part["pitch"].astype(np.int64)
        end = onset + part["duration"]
        written = formulas.successive_pairs(onset, voice)
        for name, found in (("found", voices_of(onset, end, pitch, lines)), ("one voice", np.zeros(len(rows), np.int64))):
            _add(figures, name, formulas.Pairs(formulas.successive_pairs(onset, found), written).f1)
    return figures


def _parts(case: Case) -> Figures:
    """Three to five parts of one staff each, put on one track: are they told apart again?"""
    piece, notes = case.written.piece, case.written.notes
    if not 3 <= len(piece.tracks) <= 5 or (notes["staff"] > 0).any() or len(np.unique(piece.notes["track"])) < len(piece.tracks):
        return {}
    onset, pitch = _columns(piece)
    end = onset + piece.notes["duration"]
    written = formulas.successive_pairs(onset, piece.notes["track"].astype(np.int64))
    hand = hands_of(onset, end, pitch, piece.ticks_per_quarter)
    lines = BarGrid.of(piece).lines
    found = np.zeros(len(pitch), np.int64)
    for side in (0, 1):
        rows = np.flatnonzero(hand == side)
        found[rows] = 16 * side + np.minimum(voices_of(onset[rows], end[rows], pitch[rows], lines), 15)
    one_voice = np.zeros(len(pitch), np.int64)
    voices = {"found": found, "one voice": one_voice}
    return {name: formulas.Pairs(formulas.successive_pairs(onset, voice), written).f1 for name, voice in voices.items()}


def staves(case: Case) -> Iterator[Ints]:
    """The rows [N] of each staff in which two written voices sound."""
    piece, notes = case.written.piece, case.written.notes
    place = piece.notes["track"].astype(np.int64) << 16 | np.maximum(notes["staff"].astype(np.int64), 0)
    for one in np.unique(place):
        rows = np.flatnonzero(place == one)
        if (notes["voice"][rows] >= 0).all() and len(np.unique(notes["voice"][rows])) > 1:
            yield rows


def _bars(case: Case) -> Figures:
    piece = case.written.piece
    if not len(piece.meters):
        return {}
    written = BarGrid.of(piece)
    plain = replace(piece, meters=np.zeros(0, METER))
    close = piece.ticks_per_quarter / 16
    figures: Figures = {}
    for name, other in (("found", found_meters(plain)), ("4/4 from the start", plain)):
        grid = BarGrid.of(other)
        figures[name] = formulas.lines(grid.lines[:-1], written.lines[:-1], close)
        same = (int(grid.numerator[-1]), int(grid.denominator[-1])) == prevailing(written)
        figures[f"{name}: meter"] = (float(same), 1.0)
    return figures


def prevailing(grid: BarGrid) -> tuple[int, int]:
    """The meter that holds for most of a piece."""
    spans = np.diff(grid.tick, append=grid.end_tick)
    meters = list(zip(grid.numerator.tolist(), grid.denominator.tolist(), strict=True))
    return max(meters, key=lambda meter: sum(span for span, one in zip(spans.tolist(), meters, strict=True) if one == meter))


def _values(case: Case) -> Figures:
    """Where the heads of each note begin: as our page ties them and as the score does; of the notes in tuplets their numbers."""
    piece, notes = case.written.piece, case.written.notes
    page = score_of(replace(piece, chords=np.zeros(0, CHORD)))
    scale = page.divisions // piece.ticks_per_quarter
    ties: dict[int, list[int]] = {}
    tuplets = np.zeros(len(piece), np.int64)
    for part in page.parts:
        for staff in part.staves:
            for event in (event for bar in staff.voices for voice in bar for event in voice):
                for head in event.heads:
                    if head.tied_before:
                        ties.setdefault(head.note, []).append(event.start)
                    elif event.tuplet is not None:
                        tuplets[head.note] = event.tuplet.actual
    written: dict[int, list[int]] = {}
    for note, tick in case.written.ties.tolist():
        written.setdefault(note, []).append(tick * scale)
    same = [ties.get(note, []) == written.get(note, []) for note in range(len(piece))]
    never = [note not in written for note in range(len(piece))]
    in_tuplets = notes["tuplet"] > 1
    figures = {"as written": (float(sum(same)), float(len(same))), "never tied": (float(sum(never)), float(len(never)))}
    if in_tuplets.any():
        right = (tuplets == notes["tuplet"])[in_tuplets]
        figures["tuplets"] = (float(right.sum()), float(in_tuplets.sum()))
    return figures


def _chords(case: Case) -> Figures:
    piece = case.written.piece
    if not len(piece.chords):
        return {}
    found = find_chords(replace(piece, chords=np.zeros(0, CHORD)))
    fifths, minor = find_key(np.bincount(piece.notes["pitch"] % 12, piece.notes["duration"], 12))
    root = (7 * fifths + (9 if minor else 0)) % 12
    tonic = np.array([(0, root, int(minor), root)], CHORD)
    figures = formulas.chords(found, piece.chords, piece.end_tick, piece.ticks_per_quarter)
    simple = formulas.chords(tonic, piece.chords, piece.end_tick, piece.ticks_per_quarter)
    return {**figures, "root, by the tonic": simple["root"]}


def found_keys(piece: Piece) -> Array:
    """The `KEY` rows [K] found in a piece whose own are taken away."""
    return np.array([(tick, *key) for tick, key in keys_of(replace(piece, keys=np.zeros(0, KEY)))], KEY)


def found_meters(piece: Piece) -> Piece:
    """A piece without meters, with those found."""
    return replace(piece, meters=find_meter(piece))


def fifths_at(keys: Array, onset: Ints) -> Ints:
    """The fifths of the signature in force at each onset [N]; the first one holds from the start."""
    row = np.maximum(np.searchsorted(keys["tick"], onset, side="right") - 1, 0)
    fifths: Ints = keys["fifths"][row].astype(np.int64)
    return fifths


def _columns(piece: Piece) -> tuple[Ints, Ints]:
    return piece.notes["onset"].astype(np.int64), piece.notes["pitch"].astype(np.int64)


def _add(figures: Figures, name: str, hits: Hits) -> None:
    before = figures.get(name, (0.0, 0.0))
    figures[name] = (before[0] + hits[0], before[1] + hits[1])


TASKS: dict[str, Task] = {
    "spelling": Task(
        "spelling",
        "notes",
        ("keys found", "as a whole a step off forgiven", "signatures given", "the signature's own steps"),
        _spelling,
        "PSE 98.2% (Bouquillard and Jacquemard 2024, on ASAP and Lamarque-Goudard), ps13 99.4% (Meredith 2006, 216 movements, best "
        "transposition of each): other pieces, and a piece a step off as a whole counts as right there",
    ),
    "signature": Task(
        "key signature over time",
        "quarters",
        ("found", "one key for the piece"),
        _signature,
        "PSE 95.6% of ASAP's pieces, one signature each",
    ),
    "hands": Task(
        "hands", "notes", ("found", "a split at middle C"), _hands, "BACHprop 92.4% (Colombo and Gerstner 2018): other pieces"
    ),
    "voices": Task(
        "voices of a staff",
        "pairs",
        ("found", "one voice"),
        _staff_voices,
        "none on whole scores; on fugues 93 to 97% of pairs (McLeod and Steedman 2016), each note in a line of its own",
    ),
    "parts": Task(
        "parts put on one track",
        "pairs",
        ("found", "one voice"),
        _parts,
        "on chorales and fugues 93 to 97% of pairs (McLeod and Steedman 2016), with as many lines as are needed",
    ),
    "bars": Task(
        "meter and bar lines of unmarked music",
        "bar lines",
        ("found", "found: meter", "4/4 from the start", "4/4 from the start: meter"),
        _bars,
        "none with onsets exact",
    ),
    "values": Task(
        "note values",
        "notes",
        ("as written", "never tied", "tuplets"),
        _values,
        "83.3% of note values from playing with beats given (2604.22290): a harder task; here lengths are exact",
    ),
    "chords": Task(
        "chord symbols",
        "quarters",
        ("root", "root and quality", "root and bass", "root, by the tonic"),
        _chords,
        "of POP909's own labels about 35% were corrected in a later edition",
    ),
}

"""What a model expects of a piece: the surprise of each note in bits, and what else could begin where a note begins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from partimento.encodings import Encoding, Events
from partimento.encodings.cursor import Note
from partimento.errors import InvalidOption
from partimento.piece import Piece
from partimento.studio.workshop.refusals import NotThere

if TYPE_CHECKING:
    from partimento.models.checkpoint import Checkpoint

SHOWN = 8  # pitches
NEAR_QUARTERS = 0.13  # how far off an encoding may put a note

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """The events [T, F] of a piece, the note that each event begins (its number in the piece, or -1) [T], and the surprise of
    each note in bits [N], not a number where the encoding does not hold it."""

    events: Events
    note_of: npt.NDArray[np.int64]
    bits: Floats
    bits_per_note: float


def heard(piece: Piece, checkpoint: Checkpoint) -> Heard:
    """A piece under a model. Raises `InvalidOption` where the model's events do not say when notes begin."""
    encoding = checkpoint.encoding
    if not encoding.cursor().ticks_per_quarter:
        raise InvalidOption(f"the model's encoding {encoding.key!r} does not say when notes begin; take another model")
    events = encoding.encode(piece)
    note_of = _notes_begun(piece, encoding, events)
    bits = np.full(len(piece), np.nan)
    if not len(events):
        return Heard(events, note_of, bits, float("nan"))
    (score,) = checkpoint.predictor().score([events], hits=False)
    of_event = score.nats.sum(axis=1, dtype=np.float64) / np.log(2)
    bits[note_of[note_of >= 0]] = of_event[note_of >= 0]
    return Heard(events, note_of, bits, float(of_event.sum() / max(1, encoding.notes_in(events))))


def expected(found: Heard, note: int, checkpoint: Checkpoint) -> list[tuple[int, float]]:
    """The likeliest pitches, with their probabilities, of a note that begins where a note of the piece does, given all before it.
    Raises `NotThere` where the encoding does not hold the note."""
    at = np.flatnonzero(found.note_of == note)
    if not len(at):
        raise NotThere(f"the model's encoding does not hold the note {note}")
    encoding, before, event = checkpoint.encoding, found.events[: at[0]], found.events[at[0]].tolist()
    cursor = encoding.cursor()
    for one in before.tolist():
        cursor.push(one)
    session = checkpoint.predictor().begin(1, before)
    for size in range(len(event)):
        drawn = tuple(event[:size])
        following = cursor.next_note(drawn)
        if following is None:
            continue
        logits = session.logits(np.array([drawn], np.int64).reshape(1, size))[0].astype(np.float64)
        logits[~cursor.allowed(drawn)] = -np.inf
        share = np.exp(logits - logits.max())
        share /= share.sum()
        ids = np.array(following.ids)
        likeliest = ids[np.argsort(-share[ids], kind="stable")[:SHOWN]]
        return [(int(one - following.ids.start + following.lowest), float(share[one])) for one in likeliest if share[one] > 0]
    raise NotThere(f"the model does not say which pitch the note {note} could have")


def _notes_begun(piece: Piece, encoding: Encoding, events: Events) -> npt.NDArray[np.int64]:
    """The number of the note of the piece that each event begins [T], -1 where it begins none; of equals the next one."""
    cursor, found = encoding.cursor(), np.full(len(events), -1, np.int64)
    in_quarters = getattr(cursor, "has_bars", True)
    grid = cursor.ticks_per_quarter
    times = piece.notes["onset"] / piece.ticks_per_quarter if in_quarters else 2 * piece.second_at(piece.notes["onset"])
    left: dict[int, list[int]] = defaultdict(list)
    for number in np.lexsort([piece.notes["duration"], times])[::-1].tolist():
        left[int(piece.notes["pitch"][number])].append(number)
    for row, event in enumerate(events.tolist()):
        cursor.push(event)
        for note in cursor.notes_begun:
            number = _taken(left[note.pitch], note, grid, times)
            found[row] = number if number >= 0 else found[row]
    return found


def _taken(left: list[int], note: Note, grid: int, times: Floats) -> int:
    """Takes the first note that begins at the time of one that is encoded; those before it are not encoded."""
    place = note.onset / grid
    while left and times[left[-1]] < place - NEAR_QUARTERS:
        left.pop()
    if left and times[left[-1]] <= place + NEAR_QUARTERS:
        return left.pop()
    return -1

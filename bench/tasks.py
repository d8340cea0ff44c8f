"""Does it help to know what comes later? Bits per note of the true notes of held-out pieces: as a task, with what is around them,
and by the same model that sees only the past.

    python bench/tasks.py RUN CORPUS [--pieces 200]

Of each test piece a hole of 1, 2, 4 and 8 bars at a random place (by the piece's number), and one track of 16 bars, or half as
many until the model sees all of them at once, if it has several. "past only" is the same task, event for event, of one who does not
know what comes: what lies after the region's start is given as it comes, never before. In both all events of the answer count:
its bar lines, its end, and that it is the turn of a note that stands; "notes alone" are its notes. "in the plain piece" are the
events that lie in the hole, or are that track's notes, where the model foretells the whole piece; when and whether such
a note comes is then paid for by the other tracks too. The interval is a bootstrap over pieces of the gain over "past only".
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from partimento.bars import BarGrid
from partimento.bootstrap import Interval
from partimento.composing.windows import window
from partimento.corpus import Corpus
from partimento.encodings import Events
from partimento.encodings.notes.ticks import walk
from partimento.encodings.tasks import Tasks
from partimento.errors import InvalidOption
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece
from partimento.task import Region, Task

HOLES = (1, 2, 4, 8)
LINE = 16  # bars of a voice
COLUMNS = ("pieces", "notes", "in the plain piece", "past only", "as a task", "gain", "notes alone: past only", "as a task")


def asked_and_answered(task: Task, encoding: Tasks, longest: int) -> tuple[Events, Events] | None:
    """A task on the encoding's grid with the true notes as its answer; None where it does not fit or there is nothing to write."""
    assert task.write.bars is not None
    stands, (first, stop) = task.stands(), task.places()
    try:
        one = window(task, replace(task.given, notes=task.given.notes[stands]), (first, stop - 1), encoding, longest)
    except InvalidOption:
        return None
    start, end = one.span
    true = task.given.cut(one.start_tick, one.start_tick + (BarGrid.of(one.piece).count + 2) * one.bar_ticks)
    inside = (true.notes["onset"] >= start) & (true.notes["onset"] < end)
    gone = inside & (np.isin(true.notes["track"], np.array(task.write.tracks) - 1) if task.write.tracks else True)
    if not gone.any():
        return None
    whole = one.piece.merge(replace(true, notes=true.notes[gone]))  # what stands, then what is gone
    stands = whole.notes["track"] < len(one.piece.tracks)
    return encoding.prompt(whole, stands, one.region), encoding.target(whole, stands, one.region)


def plain_rows(encoding: Tasks, events: Events, start: int, end: int, of: set[tuple[int, int, int]] | None) -> np.ndarray:
    """Which events of a piece lie in these ticks; or are one of the notes `of` (onset, pitch, duration)."""
    tick = walk(events, encoding.layout).tick
    inside = (tick >= start) & (tick < end)
    if of is None:
        return np.asarray(inside)
    is_note = events[:, 0] == encoding.layout.kind("note")
    keys = zip(tick.tolist(), (events[:, 2].astype(int) - 1).tolist(), events[:, 3].tolist(), strict=True)
    return np.asarray(inside & is_note & np.array([key in of for key in keys]))


def cases(piece: Piece, number: int, encoding: Tasks) -> dict[str, Task]:
    """The tasks of one piece, by their row of the table."""
    chance = np.random.default_rng([number, 0xBA5])
    bars = BarGrid.of(piece).last_number
    found = {}
    for size in HOLES:
        if bars > size + 1:
            first = int(chance.integers(2, bars - size + 1))
            found[f"{size} bar{'s' * (size > 1)}"] = Task(piece, Region(bars=(first, first + size - 1)))
    used = np.unique(piece.notes["track"])
    if len(used) > 1 and bars > 1:
        first = int(chance.integers(1, max(1, bars - LINE) + 1))
        hole = first, min(bars, first + LINE - 1)
        found["one voice"] = Task(piece, Region(bars=hole, tracks=(int(chance.choice(used)) + 1,)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=int, default=200)
    options = parser.parse_args()
    checkpoint, corpus = Checkpoint.load(options.run), Corpus.open(options.corpus)
    encoding = checkpoint.encoding
    assert isinstance(encoding, Tasks), "the run was not trained on tasks"
    grid, longest, predictor = encoding.layout.ticks_per_quarter, checkpoint.recipe.training.segment, checkpoint.predictor()
    rows: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    test = [number for number, row in enumerate(corpus.rows) if row.split == 2][: options.pieces]
    for number in test:
        whole = corpus.piece(number)
        piece = encoding.decode(encoding.encode(replace(whole, pedals=whole.pedals[:0])))
        piece = _with_tracks(piece, whole, grid)
        events = encoding.encode(piece)
        plain = next(predictor.score([events])).nats.sum(1)
        for name, task in cases(piece, number, encoding).items():
            made = asked_and_answered(task, encoding, longest)
            while made is None and task.write.tracks and task.write.bars is not None and task.write.bars[1] > task.write.bars[0]:
                first, last = task.write.bars
                task = Task(piece, replace(task.write, bars=(first, (first + last) // 2)))
                made = asked_and_answered(task, encoding, longest)
            if made is None or len(made[0]) + len(made[1]) > longest:
                continue
            asked, answer = made
            start, end = task.span()
            notes = piece.notes[~task.stands()]
            of = {(int(o), int(p), int(d)) for o, d, p, _, _ in notes.tolist()} if task.write.tracks else None
            found = [float(plain[plain_rows(encoding, events, start, end, of)].sum())]
            for before in (encoding.blind(asked), asked):
                nats = next(predictor.score([np.concatenate([before, answer])])).nats.sum(1)[len(before) :]
                found += [float(nats.sum()), float(nats[answer[:, 0] == encoding.layout.kind("note")].sum())]
            for genre in (corpus.rows[number].about.genre, "all"):
                rows[name, genre].append([*found, len(notes)])
    genres = sorted({genre for _, genre in rows} - {"all"})
    record = {}
    print("| written | genre | " + " | ".join(COLUMNS) + " |\n|---|---|" + "---:|" * len(COLUMNS))
    for name in (*(f"{size} bar{'s' * (size > 1)}" for size in HOLES), "one voice"):
        for genre in ("all", *genres):
            table = np.array(rows.get((name, genre), []))
            if not len(table):
                continue
            plain_bits, past, past_alone, full, full_alone = table[:, :5].sum(0) / np.log(2) / table[:, 5].sum()
            drawn = np.random.default_rng(0).integers(len(table), size=(1000, len(table)))
            gains = ((table[drawn, 1] - table[drawn, 3]).sum(1) / table[drawn, 5].sum(1)) / np.log(2)
            gain = Interval.of(past - full, gains)
            print(
                f"| {name} | {genre} | {len(table)} | {int(table[:, 5].sum()):,} | {plain_bits:.3f} | {past:.3f} | {full:.3f} "
                f"| {gain.mean:.3f} ± {(gain.high - gain.low) / 2:.3f} | {past_alone:.3f} | {full_alone:.3f} |"
            )
            record[f"{name}, {genre}"] = {"past": past, "task": full, "gain": gain.to_json(), "pieces": len(table)}
    print("\n" + json.dumps(record))


def _with_tracks(piece: Piece, whole: Piece, grid: int) -> Piece:
    """The piece on the grid, with the tracks that the encoding leaves out."""
    return replace(whole, pedals=whole.pedals[:0], chords=whole.chords[:0]).quantise(grid)


if __name__ == "__main__":
    main()

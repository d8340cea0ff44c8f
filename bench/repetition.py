"""How much composed pieces repeat themselves and where they end, beside human pieces, with the guard and without.

python bench/repetition.py MODEL CORPUS [--count 32] [--notes 256] [--temperature 1 0.6 0]
python bench/repetition.py --habits CORPUS ... [--pieces 30]

A row is a set of pieces of the same seeds. Columns: the share of notes that end a run of eight notes heard before in the texture,
after 128 and 256 notes and of the whole piece in any track (the card's figure); the longest time in quarters that a figure of
up to four bars goes round; the share of pieces that end on a bar line, that came to an end of their own, and the new notes;
and notes a second. --habits prints what `analysis/repetition.py` has as the habits of people: those of held-out pieces.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from partimento.analysis.figures.measures import table
from partimento.analysis.originality import HUMAN_PIECES, numbers_of
from partimento.analysis.repetition import HABITS, LENGTHS, Habits, figures, row_of
from partimento.composing.compose import compose
from partimento.composing.guard import Repeats
from partimento.composing.sampling import Sampling
from partimento.corpus import Corpus
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece

HEAD = ("pieces", "128 notes", "256 notes", "any track", "loop, quarters", "on a bar line", "own end", "notes", "notes a second")


def held_out(folder: Path, most: int) -> list[Piece]:
    corpus = Corpus.open(folder)
    return [corpus.piece(number) for split in ("valid", "test") for number in numbers_of(corpus, split, most)]


def row(name: str, pieces: Sequence[Piece], own_end: str = "", notes: Sequence[int] = (), speed: str = "") -> str:
    rows = np.array([figures(piece) for piece in pieces])
    at_128, at_256 = (np.nanmean(rows[:, LENGTHS.index(length)]) for length in (128, 256))
    track = np.nanmean(table(pieces, ["repeated_runs"]))
    lines = np.mean([abs(bar - round(bar)) < 1e-6 for bar in table(pieces, ["bars"])[:, 0]])
    span = f"{min(notes)} to {max(notes)}" if notes else ""
    cells = [f"{at_128:.1%}", f"{at_256:.1%}", f"{track:.1%}", f"{rows[:, -1].mean():.1f}", f"{lines:.0%}", own_end, span, speed]
    return f"| {name} | " + " | ".join(cells) + " |"


def composed(checkpoint: Checkpoint, count: int, notes: int, temperature: float, guard: bool, ending: bool) -> str:
    start = time.process_time()
    sampling = Sampling(temperature=temperature)
    made = compose(checkpoint, notes=notes, count=count, seed=1, sampling=sampling, guard=guard, ending=ending)
    new = [one.new_notes for one in made]
    speed = f"{sum(new) / (time.process_time() - start):.0f}"
    ended = f"{np.mean([checkpoint.encoding.ended(one.events) for one in made]):.0%}"
    name = f"temperature {temperature:g}, {'guard' if guard else 'no guard'}{', ending' if ending else ''}"
    return row(name, [one.piece for one in made], ended, new, speed)


def cost(pieces: Sequence[Piece]) -> float:
    """Microseconds of processor time a note that the guard takes to follow these pieces and be asked about each note."""
    notes, start = 0, time.process_time()
    for piece in pieces:
        guard = Repeats(HABITS, 0.75)
        pitch, onset = (column.tolist() for column in row_of(piece))
        for one, at in zip(pitch, onset, strict=True):
            guard.banned(at)
            guard.push(one, at)
        notes += len(pitch)
    return 1e6 * (time.process_time() - start) / notes


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("places", nargs="+", type=Path)
    arguments.add_argument("--habits", action="store_true")
    arguments.add_argument("--pieces", type=int, default=30)
    arguments.add_argument("--count", type=int, default=32)
    arguments.add_argument("--notes", type=int, default=256)
    arguments.add_argument("--temperature", type=float, nargs="*", default=[1.0, 0.6, 0.0])
    given = arguments.parse_args()
    if given.habits:
        pieces = [piece for folder in given.places for piece in held_out(folder, given.pieces)]
        print(Habits.of(np.array([figures(piece) for piece in pieces])))
        return
    model, corpus = given.places
    checkpoint, human = Checkpoint.load(model), held_out(corpus, HUMAN_PIECES)
    print("| " + " | ".join(HEAD) + " |\n|---|" + "---:|" * (len(HEAD) - 1))
    print(row("human", human), flush=True)
    for temperature in given.temperature:
        for guard, ending in ((False, False), (True, False), (True, True)):
            print(composed(checkpoint, given.count, given.notes, temperature, guard, ending), flush=True)
    print(f"\nThe guard takes {cost(human[:40]):.0f} us a note.")


if __name__ == "__main__":
    main()

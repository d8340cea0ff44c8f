"""Trains the small networks of `partimento.learned` on the train works of sets, chooses nothing, and prints how they do on valid.

    python bench/learn.py SET... [--lessons keys spelling hands hands-again meters] [--every N...] [--out FOLDER]

SET is a folder or zip of MusicXML or Humdrum. Those that ship were trained on sets that may be given away, by

    python bench/learn.py openscore-lieder.zip polish-scores.zip --every 1 5 \\
        --licences "CC0 (openscore-lieder)" "CC BY 4.0 (polish-scores, Narodowy Instytut Fryderyka Chopina)"
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from partimento import found_keys, learned
from partimento.bars import BarGrid
from partimento.benchmarks.notation.tasks import fifths_at, prevailing, two_staves
from partimento.benchmarks.notation.truth import Case, read_truth
from partimento.learned import FOLDER
from partimento.notate import hand_views, spelling, spelling_views, staves, unmarked

HAND_NOTES = 400  # of a part
Rows = tuple[np.ndarray, np.ndarray]  # inputs [N, ...] and classes [N]


@dataclass(frozen=True)
class Lesson:
    """What one network learns: the rows of a score (drawn `anew` each epoch), how they become inputs, the sizes of its layers."""

    rows: Callable[[Case, np.random.Generator], Rows]
    inputs: Callable[[np.ndarray], np.ndarray]
    hidden: tuple[int, ...]
    outputs: int
    epochs: int
    dropout: float = 0.0
    batch: int = 4096
    anew: bool = True


def key_rows(case: Case, chance: np.random.Generator) -> Rows:
    """At most 24 stretches of a score, and the signature written in the middle of each."""
    piece = case.written.piece
    if not len(piece.keys):
        return np.zeros((0, 12, 12), np.float32), np.zeros(0, np.int64)
    _, views = found_keys.views(piece.notes, piece.ticks_per_quarter)
    some = chance.permutation(len(views))[:24]
    middle = ((some + 0.5) * found_keys.STRETCH * piece.ticks_per_quarter).astype(np.int64)
    return views[some].astype(np.float32), fifths_at(piece.keys, middle) % 12


def spelling_rows(case: Case, chance: np.random.Generator) -> Rows:
    """The notes of a score, in a third of the draws under a signature that is one or two off, and their steps."""
    piece, step = case.written.piece, case.written.notes["step"].astype(np.int64)
    known = step >= 0
    if not len(piece.keys) or known.sum() < 8:
        return np.zeros((0, spelling_views.INPUTS), np.float16), np.zeros(0, np.int64)
    onset, pitch = piece.notes["onset"].astype(np.int64)[known], piece.notes["pitch"].astype(np.int64)[known]
    off = 0 if chance.random() < 0.7 else int(chance.choice([-2, -1, 1, 2]))
    fifths = np.clip(fifths_at(piece.keys, onset) + off, -7, 7)
    order = np.lexsort([pitch, onset])
    seen = spelling_views.views(pitch[order], onset[order], fifths[order], 0, len(order))
    wanted = spelling.class_of(pitch[order], step[known][order], fifths[order])
    return seen[(wanted >= 0) & (wanted <= 2)].astype(np.float16), wanted[(wanted >= 0) & (wanted <= 2)]


def hand_rows(case: Case, chance: np.random.Generator, again: bool = False) -> Rows:
    """The notes of each part on two staves, every other one in a draw of long parts, and whether each is on the lower staff."""
    piece, notes = case.written.piece, case.written.notes
    found = [(np.zeros((0, hand_views.AGAIN if again else hand_views.INPUTS), np.float16), np.zeros(0, np.int64))]
    for rows in two_staves(case):
        part = piece.notes[rows]
        order = np.lexsort([part["pitch"], part["onset"]])
        onset, pitch = part["onset"].astype(np.int64)[order], part["pitch"].astype(np.int64)[order]
        end = onset + part["duration"][order]
        seen = (
            staves.seen_again(onset, end, pitch, piece.ticks_per_quarter)
            if again
            else hand_views.views(onset, end, pitch, piece.ticks_per_quarter, np.zeros(0, np.float32))
        )
        some = chance.permutation(len(order))[:HAND_NOTES]
        found.append((seen[some].astype(np.float16), notes["staff"][rows][order][some].astype(np.int64)))
    inputs, classes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return inputs, classes


def meter_rows(case: Case, chance: np.random.Generator) -> Rows:
    """What is seen of all candidates, of one score, and which of them is its prevailing meter; none where it is no candidate."""
    piece = case.written.piece
    grid = BarGrid.of(piece)
    upper, lower = prevailing(grid)
    row = int(np.flatnonzero((grid.numerator == upper) & (grid.denominator == lower))[0])
    eighths, rest = divmod(2 * int(grid.tick[row]), piece.ticks_per_quarter)
    meter, first = unmarked.candidates()
    if len(piece.meters) and (upper, lower) in unmarked.METERS and not rest and len(piece) > 8:
        number = unmarked.METERS.index((upper, lower))
        right = np.flatnonzero((meter == number) & (first == eighths % unmarked.LENGTHS[number]))
        return unmarked.views(piece)[None].astype(np.float16), right
    return np.zeros((0, len(meter), unmarked.INPUTS), np.float16), np.zeros(0, np.int64)


def as_is(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float32)


LESSONS = {
    "keys": Lesson(key_rows, found_keys.turned, (32,), 1, 30, 0.1, batch=1024),
    "spelling": Lesson(spelling_rows, as_is, (64, 32), 3, 3, anew=False),
    "hands": Lesson(hand_rows, as_is, (64, 32), 2, 4, anew=False),
    "meters": Lesson(meter_rows, as_is, (32,), 1, 30, 0.2, batch=64, anew=False),
    "hands-again": Lesson(partial(hand_rows, again=True), as_is, (64, 32), 2, 4, anew=False),
}


def drawn(lesson: Lesson, cases: list[Case], chance: np.random.Generator) -> Rows:
    """The rows of all scores for one epoch."""
    found = [lesson.rows(case, chance) for case in cases]
    inputs, classes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return inputs, classes


def batches(lesson: Lesson, rows: Rows, chance: np.random.Generator) -> Iterator[Rows]:
    inputs, classes = rows
    order = chance.permutation(len(inputs))
    for at in range(0, max(1, len(order) - lesson.batch + 1), lesson.batch):
        some = np.sort(order[at : at + lesson.batch])
        yield lesson.inputs(inputs[some]), classes[some]


def network(lesson: Lesson, width: int) -> torch.nn.Sequential:
    sizes = (width, *lesson.hidden)
    layers: list[torch.nn.Module] = []
    for inner, outer in pairwise(sizes):
        layers += [torch.nn.Linear(inner, outer), torch.nn.ReLU(), torch.nn.Dropout(lesson.dropout)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], lesson.outputs))


def loss_of(net: torch.nn.Module, inputs: np.ndarray, classes: np.ndarray) -> torch.Tensor:
    logits = net(torch.from_numpy(inputs))
    return torch.nn.functional.cross_entropy(logits[..., 0] if logits.ndim == 3 else logits, torch.from_numpy(classes))


def trained(lesson: Lesson, cases: list[Case], seed: int) -> torch.nn.Sequential:
    chance = np.random.default_rng(seed)
    torch.manual_seed(seed)
    rows = drawn(lesson, cases, chance)
    net = network(lesson, lesson.inputs(rows[0][:1]).shape[-1])
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-2)
    steps = max(1, len(rows[0]) // lesson.batch) * lesson.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, steps * 11 // 10 + lesson.epochs + 2)
    for epoch in range(lesson.epochs):
        if epoch and lesson.anew:
            rows = drawn(lesson, cases, chance)
        total, count = 0.0, 0
        for inputs, classes in batches(lesson, rows, chance):
            loss = loss_of(net, inputs, classes)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total, count = total + float(loss.detach()), count + 1
        print(f"epoch {epoch + 1}: {total / max(1, count):.4f} nats, {time.process_time():.0f} s", flush=True)
    return net.eval()


def save(name: str, net: torch.nn.Sequential, about: dict[str, Any], out: Path) -> None:
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    tensors: dict[str, Any] = {}
    for at, layer in enumerate(linear):
        tensors[f"{at}.weight"] = np.ascontiguousarray(layer.weight.detach().numpy().T)
        tensors[f"{at}.bias"] = layer.bias.detach().numpy()
    save_file(tensors, out / f"{name}.safetensors", {"card": json.dumps({"network": name, **about})})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--lessons", nargs="+", choices=LESSONS, default=list(LESSONS))
    parser.add_argument("--every", type=int, nargs="*", default=[], help="every so many scores of each set, 1 by default")
    parser.add_argument("--licences", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    every = [*options.every, *[1] * len(options.sets)][: len(options.sets)]
    truths = [read_truth([path], every=one) for path, one in zip(options.sets, every, strict=True)]
    train, valid = ([case for truth in truths for case in truth.split(name)] for name in ("train", "valid"))
    notes = sum(len(case.written.piece) for case in train)
    print(f"{len(train)} scores with {notes} notes to train on, {len(valid)} of valid, {time.process_time():.0f} s", flush=True)
    for name in options.lessons:  # the second network of the hands sees what the first has learned
        lesson = LESSONS[name]
        net = trained(lesson, train, options.seed)
        chance = np.random.default_rng(1)
        with torch.no_grad():
            losses = [float(loss_of(net, *batch)) for batch in batches(lesson, drawn(lesson, valid, chance), chance)]
        print(f"{name}, valid: {np.mean(losses):.4f} nats", flush=True)
        about = {"trained_on": [path.stem for path in options.sets], "every": every, "licences": options.licences}
        about |= {"scores": len(train), "notes": notes, "valid_nats": round(float(np.mean(losses)), 4)}
        save(name, net, {**about, "command": "python bench/learn.py", "seed": options.seed}, options.out)
        if name == "hands":
            learned.FOLDER = options.out
            learned.network.cache_clear()


if __name__ == "__main__":
    main()

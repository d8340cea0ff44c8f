"""How much human pieces copy from each other, whether planted copies are found, and what an index costs.

    python bench/originality.py --jsb jsb-chorales.zip
    python bench/originality.py CORPUS...

`--jsb`: the chorales of valid and test in those of train. Frames: the share of sixteenths inside windows of 1, 2, 4 bars whose
four pitches stand in train in some transposition (windows at every sixteenth in which no voice rests). Notes: the share of
notes in runs of the whole texture, and of any track, as `partimento originality` counts them.

CORPUS: the pieces of test in train; 100 stretches of each length, cut at bar lines from train pieces (8 notes or more), transposed
by -6..6 semitones and put into pieces of test; found means that the runs of the result name the piece they came from (or another
edition of it) at the bars they were put into. Fixed seed.
"""

from __future__ import annotations

import argparse
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.originality import WINDOWS, Finding, Index, Limits, numbers_of
from partimento.corpus import Corpus
from partimento.piece import NOTE, Piece, Track
from partimento.render.bars_on_page import bars_of

Slots = npt.NDArray[np.int64]


def jsb_piece(slots: Slots) -> Piece:
    """Pitches [sixteenths, voices], -1 for a rest; a pitch that goes on is held."""
    rows = []
    for voice, column in enumerate(slots.T):
        begins = np.flatnonzero(np.diff(column, prepend=-2))
        for at, until in zip(begins.tolist(), [*begins[1:].tolist(), len(column)], strict=True):
            if column[at] >= 0:
                rows.append((at, until - at, column[at], 80, voice))
    return Piece(np.array(rows, NOTE), (Track(),) * slots.shape[1], 4)


def window(slots: Slots) -> bytes | None:
    """The pitches of a window above its first one; None where a voice rests."""
    return (slots - slots[0, 0]).astype(np.int16).tobytes() if (slots >= 0).all() else None


def frames_inside(known: list[Slots], asked: list[Slots], size: int) -> float:
    """The share of slots inside windows of `size` slots that are known."""
    seen = {window(piece[at : at + size]) for piece in known for at in range(len(piece) - size + 1)} - {None}
    inside = total = 0
    for piece in asked:
        covered = np.zeros(len(piece), bool)
        for at in range(len(piece) - size + 1):
            if window(piece[at : at + size]) in seen:
                covered[at : at + size] = True
        inside, total = inside + int(covered.sum()), total + len(piece)
    return inside / total


def share(found: list[Finding], name: str, bars: int) -> float:
    inside = sum(getattr(one, name)[bars] * one.notes for one in found)
    return float(inside / sum(one.notes for one in found))


def jsb(place: Path) -> None:
    with zipfile.ZipFile(place) as archive:
        content = json.loads(archive.read("jsb-chorales/Jsb16thSeparated.json"))
    splits = {name: [np.array(piece).astype(np.int64) for piece in split] for name, split in content.items()}
    index = Index.of((f"train {number}", jsb_piece(slots)) for number, slots in enumerate(splits["train"]))
    print("| split | in runs of | frames in windows | notes, texture | notes, any track |\n|---|---|---:|---:|---:|")
    for name in ("valid", "test"):
        found = [index.find(jsb_piece(slots)) for slots in splits[name]]
        for bars in WINDOWS:
            frames = frames_inside(splits["train"], splits[name], 16 * bars)
            print(
                f"| {name} | {bars} | {frames:.1%} | {share(found, 'share', bars):.1%} | {share(found, 'line_share', bars):.1%} |"
            )


def stretch(piece: Piece, bars: int, chance: np.random.RandomState) -> tuple[int, int, int] | None:
    """First bar, and ticks from and to, of bars of the piece with eight different notes or more."""
    lines = bars_of(piece).ticks
    if len(lines) <= bars:
        return None
    for _ in range(20):
        at = int(chance.randint(len(lines) - bars))
        start, stop = int(lines[at]), int(lines[at + bars])
        inside = piece.notes[(piece.notes["onset"] >= start) & (piece.notes["onset"] < stop)]
        if len(np.unique(inside[["onset", "pitch"]])) >= 8 and len(np.unique(inside["onset"])) >= 3:
            return at, start, stop
    return None


def planted(corpus: Corpus, index: Index, bars: int, trials: int = 100) -> tuple[int, int]:
    """How many planted copies were found, of how many."""
    chance = np.random.RandomState(bars)
    train, test = numbers_of(corpus, "train"), numbers_of(corpus, "test")
    found = done = 0
    while done < trials:
        source = corpus.piece(int(chance.choice(train)))
        place = corpus.piece(int(chance.choice(test))).quantise(480)
        chosen, into = stretch(source.quantise(480), bars, chance), stretch(place, bars, chance)
        semitones = int(chance.randint(-6, 7))
        if chosen is None or into is None or any(track.is_drum for track in source.tracks):
            continue
        copied = source.quantise(480).cut(chosen[1], chosen[2])
        pitch = copied.notes["pitch"].astype(int) + semitones
        if pitch.min() < 0 or pitch.max() > 127:
            continue
        rows = copied.transpose(semitones).notes.copy()
        rows["onset"] += into[1]
        own = place.notes[(place.notes["onset"] < into[1]) | (place.notes["onset"] >= into[1] + chosen[2] - chosen[1])]
        own["track"] += len(source.tracks)
        piece = replace(place, notes=np.concatenate([rows, own]), tracks=source.tracks + place.tracks, pedals=place.pedals[:0])
        here, there = range(into[0] + 1, into[0] + bars + 1), same_work(corpus, source)
        found += any(run.known in there and overlaps(run.bars, here) for run in index.find(piece).runs)
        done += 1
    return found, done


def overlaps(bars: tuple[int, int], others: range) -> bool:
    return bars[0] <= others[-1] + 1 and bars[1] >= others[0]


def same_work(corpus: Corpus, piece: Piece) -> set[str]:
    """The names of the piece and of the other editions of it."""
    work = next(row.work for row in corpus.rows if row.about.source == piece.about.source)
    return {row.name for row in corpus.rows if row.work == work}


def of_corpus(folder: Path) -> list[Any]:
    corpus = Corpus.open(folder)
    train = numbers_of(corpus, "train")
    pieces = [(corpus.rows[number].name, corpus.piece(number)) for number in train]
    notes = sum(len(piece) for _, piece in pieces)
    start = time.process_time()
    index = Index.of(pieces)
    size = len(index.lines.steps) * 7 / notes
    speed = notes / (time.process_time() - start)
    _ = index.known
    human = {split: [corpus.piece(number) for number in numbers_of(corpus, split, 200)] for split in ("valid", "test")}
    start = time.process_time()
    found = {split: [index.find(piece) for piece in some] for split, some in human.items()}
    asked = sum(map(len, human["valid"] + human["test"])) / (time.process_time() - start)
    limits = Limits.of(found["valid"], found["test"])
    copies = [planted(corpus, index, bars) for bars in WINDOWS]
    return [
        folder.name,
        f"{len(pieces):,}",
        f"{notes:,}",
        f"{size:.1f}",
        f"{speed / 1e6:.2f} M",
        f"{asked / 1e3:,.0f} k",
        *(f"{share(found['test'], 'share', bars):.1%}" for bars in WINDOWS),
        f"{share(found['test'], 'line_share', 2):.1%}",
        f"{np.median([one.longest_notes for one in found['test']]):.0f}, {max(one.longest_notes for one in found['test'])}",
        f"{limits.false_alarms:.1%}",
        *(f"{one} of {of}" for one, of in copies),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("corpora", nargs="*", type=Path)
    arguments.add_argument("--jsb", type=Path)
    given = arguments.parse_args()
    if given.jsb:
        jsb(given.jsb)
    if given.corpora:
        head = [
            "corpus",
            "train pieces",
            "notes",
            "bytes a note",
            "indexed a second",
            "asked a second",
            "1 bar",
            "2 bars",
            "4 bars",
        ]
        head += ["2 bars of a track", "longest: median, most", "false alarms", "1 bar found", "2 bars found", "4 bars found"]
        print("| " + " | ".join(head) + " |\n|---|" + "---:|" * (len(head) - 1))
        for folder in given.corpora:
            print("| " + " | ".join(of_corpus(folder)) + " |", flush=True)


if __name__ == "__main__":
    main()

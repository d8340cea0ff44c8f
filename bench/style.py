"""A style of one's own: a model goes on with 10, 30 or 100 pieces of a set it has never seen, for some minutes.

Of each set 30 works are held out. Of the others the first pieces, in a random order, are "my pieces": a corpus of their own, split
as anyone's. Each run has bits per note on the held-out works before and after, those of a model that learns from nothing on the
same pieces for longer, what is kept of the old (bits on valid works of another corpus), and how much of twelve new pieces is
verbatim in my pieces, beside the held-out ones. Goes on where it was; prints a table as Markdown, and a line of JSON for each run.

python bench/style.py DATA FOLDER [--model house] [--pieces 10 30] [--seconds 300] [--kept CORPUS]    # DATA: the sets' archives
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import partimento
from partimento.analysis.originality import index_of
from partimento.composing.compose import compose
from partimento.corpus import Corpus
from partimento.corpus.encoded import LEFT_OUT, SPLITS, Split
from partimento.likelihood.bits_per_note import evaluate
from partimento.models.checkpoint import Checkpoint
from partimento.models.threads import thread_count

SETS = {
    "ragtime-joplin": "krn/",
    "kern-scarlatti-sonatas": "krn/",
    "nottingham": "midi/",
    "game-pokemon-piano": "",
}  # the folder of the files that are taken: some sets hold each piece in two forms
HELD_OUT, COMPOSED, NOTES, KEPT = 30, 12, 150, 40


@dataclass(frozen=True)
class Music:
    """A set: all of it as a corpus, the rows held out, and the names of the others in a random order."""

    name: str
    archive: Path
    corpus: Corpus
    held_out: list[int]
    others: list[str]

    @classmethod
    def of(cls, name: str, data: Path, folder: Path) -> Music:
        archive = data / f"{name}.zip"
        with zipfile.ZipFile(archive) as files:
            taken = [file for file in files.namelist() if SETS[name] in file]
        corpus = built(archive, taken, folder / "all")
        rows = list(np.random.default_rng(0).permutation(len(corpus.rows)))
        first_of_work = list({corpus.rows[row].work: int(row) for row in reversed(rows)}.values())[::-1]
        held_out = first_of_work[: min(HELD_OUT, len(first_of_work) // 3)]
        others = [corpus.rows[row].name for row in first_of_work[len(held_out) :]]
        return cls(name, archive, corpus, held_out, others)

    def mine(self, count: int, folder: Path) -> Corpus:
        return built(self.archive, self.others[:count], folder / f"mine-{count}")


def built(archive: Path, names: list[str], out: Path) -> Corpus:
    out.parent.mkdir(parents=True, exist_ok=True)
    only = out.with_suffix(".txt")
    only.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return partimento.build(archive, out=out, only=only, workers=1)


def test_split(corpus: Corpus, rows: list[int], key: str) -> Split:
    """Some rows of a corpus as a test split of their own."""
    splits = np.full(len(corpus.rows), LEFT_OUT, np.uint8)
    splits[rows] = SPLITS.index("test")
    return replace(corpus.encoded(key), splits=splits).split("test")


def bits(model: Checkpoint, corpus: Corpus, rows: list[int]) -> float:
    return evaluate(model.predictor(), test_split(corpus, rows, model.encoding.key), name="style").bits_per_note.mean


def copied(model: Checkpoint, mine: Corpus, music: Music) -> tuple[float, float]:
    """The share of notes in runs of two bars that are verbatim in my pieces: of new pieces, and of those held out."""
    index = index_of(mine)
    new = [one.piece for one in compose(model, notes=NOTES, count=COMPOSED, seed=1)]
    shares = []
    for pieces in (new, [music.corpus.piece(row) for row in music.held_out]):
        found = [index.find(piece) for piece in pieces if len(piece)]
        shares.append(sum(one.share[2] * one.notes for one in found) / max(1, sum(one.notes for one in found)))
    return shares[0], shares[1]


def runs(options: argparse.Namespace, before: Checkpoint, kept: Corpus | None) -> Iterator[dict[str, Any]]:
    old = [] if kept is None else [row for row, one in enumerate(kept.rows) if SPLITS[one.split] == "valid"]
    old = [old[at * len(old) // KEPT] for at in range(KEPT)] if len(old) > KEPT else old
    old_before = bits(before, kept, old) if kept is not None else float("nan")
    for name in options.sets:
        music = Music.of(name, options.data, options.folder / name)
        bits_before = bits(before, music.corpus, music.held_out)
        for count in options.pieces:
            if count > len(music.others):
                print(f"{name}: {len(music.others)} pieces are fewer than {count}", file=sys.stderr)
                continue
            mine = music.mine(count, options.folder / name)
            for way in options.ways:
                start, seconds = ("nothing", options.alone_seconds) if way == "nothing" else (before, options.seconds)
                more: dict[str, Any] = {"adapt": way} if way != "nothing" else {"depth": options.depth}
                more |= {"learning_rate": options.rate} if options.rate and way != "nothing" else {}
                run = options.folder / name / f"{way}-{count}{f'-{options.rate}' if options.rate else ''}-{seconds:g}"
                trained = partimento.train(
                    *(mine,), out=run, start=start, minutes=seconds / 60, threads=options.threads, seed=0, **more
                )
                model = trained.load()
                row = {"set": name, "pieces": count, "way": way, "steps": trained.result.step, "seconds": trained.result.seconds}
                row |= {
                    "stopped": trained.result.stopped,
                    "before": bits_before,
                    "after": bits(model, music.corpus, music.held_out),
                }
                if kept is not None:
                    row |= {"old_before": old_before, "old_after": bits(model, kept, old)}
                if not options.no_copies:
                    row["copied"], row["copied_by_people"] = copied(model, mine, music)
                yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="house")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--pieces", nargs="+", type=int, default=[10, 30, 100])
    parser.add_argument("--ways", nargs="+", default=["few", "all", "nothing"])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--alone-seconds", type=float, default=3600)
    parser.add_argument("--depth", type=int, default=4, help="of the model from nothing")
    parser.add_argument("--rate", type=float, help="another rate than that of the package")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kept", type=Path, help="the corpus whose valid works say what is kept of the old")
    parser.add_argument("--no-copies", action="store_true")
    options = parser.parse_args()
    with thread_count(options.threads):
        rows = []
        for row in runs(options, Checkpoint.load(options.model), None if options.kept is None else Corpus.open(options.kept)):
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(name.replace("_", " ") for name in names) + " |\n|" + "---|" * 3 + "---:|" * (len(names) - 3))
    for row in rows:
        cells = (row.get(name, "") for name in names)
        print("| " + " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


if __name__ == "__main__":
    main()

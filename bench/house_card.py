"""Writes `docs/house.md`, the card of the house model: data and licences, training, figures, what it is bad at, examples.

Figures come of the commands that the page prints above them. What they print is kept in FIGURES, one file each; with --measure
those that are not there yet are run first. With --examples ten pieces for each task are written into `docs/house/`, seeds 0 to 9,
none picked, and drawn on one sheet for each task. What is given to be completed are the model's own pieces of the same seeds.

python bench/house_card.py FIGURES [--corpus CORPUS --data DATA --measure] [--examples] [--bad FILE]
"""

from __future__ import annotations

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partimento.composing.composition import Composition
from partimento.composing.pieces import compose
from partimento.formats import write
from partimento.models.attribution import SOURCES, sources_of
from partimento.models.checkpoint import Checkpoint
from partimento.models.shipped import HOUSE, SHIPPED
from partimento.render.roll import roll

PAGE, EXAMPLES = Path("docs/house.md"), Path("docs/house")
WHERE = "2026-12-01, 2 cores of an AMD EPYC with AVX512-BF16, no AMX, no GPU"
COUNT, NOTES = 10, 100
TASKS = {
    "from nothing": "",
    "continue": "",
    "fill": "bars=3-4",
    "accompany": "accompaniment",
    "vary": "vary=0.5",
    "bass": "bass",
    "melody": "melody",
}


@dataclass(frozen=True)
class Figure:
    """Figures of the page: their file and heading, what they say, and the command that they come of."""

    file: str
    title: str
    says: str
    command: str


FIGURES = (
    Figure(
        *("scores", "Bits per note, by set"),
        "Test works of each set of the corpus, and three sets that are no part of it. Lower is better.",
        "bench/house_scores.py score CORPUS --data DATA",
    ),
    Figure(
        *("tasks", "What it gains from knowing what comes"),
        "Bits per note of the true notes in holes, and of a voice that is missing.",
        "bench/tasks.py MODEL CORPUS",
    ),
    Figure(
        *("obedience", "Conditions"), "What was asked for, and what the pieces turned out to be.", "bench/obedience.py MODEL CORPUS"
    ),
    Figure(
        *("style", "Your style in five minutes"),
        "Bits per note on held-out pieces of a set before and after, and for a model from nothing.",
        "bench/style.py DATA FOLDER --kept CORPUS",
    ),
    Figure(
        *("judge", "Can a judge tell?"),
        "Trees that tell its excerpts of 8 bars from human ones; 0.5 is chance.",
        "-m partimento bench judge house CORPUS",
    ),
    Figure(
        *("sampling", "Sampling"),
        "The same, on valid, for several ways to draw. At 0.5 nobody could tell.",
        "bench/sampling.py house CORPUS",
    ),
)


def measure(figures: Path, corpus: Path, data: Path) -> None:
    """Runs the commands whose figures are not there yet."""
    places = {"CORPUS": str(corpus), "DATA": str(data), "MODEL": str(SHIPPED[HOUSE].folder), "FOLDER": str(figures / "style")}
    for figure in FIGURES:
        words = [places.get(word, word) for word in figure.command.split()]
        if (figures / f"{figure.file}.md").exists() or not Path(words[0]).exists():
            continue
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, check=True)
        (figures / f"{figure.file}.md").write_text(done.stdout, encoding="utf-8")


def data_rows(folder: Path) -> list[str]:
    """A table of the sets: pieces to learn from, composers, licence."""
    rows = [row for row in csv.DictReader(io.StringIO(sources_of(folder))) if row["split"] == "train"]
    pieces, composers = Counter(row["set"] for row in rows), {(row["set"], row["composer"]) for row in rows if row["composer"]}
    lines = ["| set | what | pieces | named composers | licence | to be named |", "|---|---|---:|---:|---|---|"]
    for name, source in SOURCES.items():
        named = sum(one == name for one, _ in composers)
        lines.append(f"| {name} | {source.what} | {pieces[name]:,} | {named} | {source.licence} | {source.holder} |")
    return lines


def training_rows(model: Checkpoint) -> list[str]:
    training, encoding = model.metadata["training"], model.encoding
    hours = f"{training['seconds'] / 3600:.1f} hours of one core ({training['step']:,} steps, {training['epoch']:.2f} passes)"
    return [
        *prose(f"`{model.recipe.name}`, {model.parameter_count / 1e6:.1f} million weights, over `{encoding.key}`."),
        *prose(f"The encoding keeps {encoding.keeps}. It drops {encoding.drops}."),
        "",
        *prose(f"It has seen {training['notes'] / 1e6:.1f} million notes in {hours}."),
        *prose(f"On valid it has {training['valid_bits']:.3f} bits per note."),
        *prose(f"Its corpus has the fingerprint `{model.metadata['fingerprint']}` (`bench/house_corpus.py`)."),
    ]


def prose(text: str) -> list[str]:
    return textwrap.wrap(text, 118, break_on_hyphens=False, break_long_words=False)


def figure_lines(figures: Path) -> list[str]:
    lines = []
    for figure in FIGURES:
        path = figures / f"{figure.file}.md"
        lines += [f"## {figure.title}", *prose(figure.says), "", *prose(f"`python {figure.command}` ({WHERE})"), ""]
        lines += [path.read_text(encoding="utf-8").strip() if path.exists() else "Not measured yet.", ""]
    return lines


def examples(model: Checkpoint) -> None:
    """Ten pieces of each task, as MIDI and as rolls on one sheet."""
    EXAMPLES.mkdir(parents=True, exist_ok=True)
    first = [compose(model, notes=NOTES, seed=seed)[0] for seed in range(COUNT)]
    for task, words in TASKS.items():
        if task == "from nothing":
            made = first
        else:
            more: dict[str, Any] = {"write": words} if words else {}
            made = [compose(model, given=first[seed].piece, notes=NOTES, seed=seed, **more)[0] for seed in range(COUNT)]
        stem = task.replace(" ", "-")
        for seed, one in enumerate(made):
            write(one.piece, EXAMPLES / f"{stem}-{seed}.mid")
        sheet(made, EXAMPLES / f"{stem}.png")


def sheet(made: list[Composition], path: Path) -> None:
    """Rolls of several pieces on one sheet, two in a row."""
    from matplotlib.figure import Figure as Drawing
    from matplotlib.image import imread

    drawing = Drawing(figsize=(10, 1.6 * ((len(made) + 1) // 2)), dpi=90)
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(made):
            place = Path(folder) / f"{number}.png"
            given = None if one.new is None else ~one.new
            roll(one.piece, place, given_until_tick=one.given_until_tick or None, given=given)
            axes = drawing.add_subplot((len(made) + 1) // 2, 2, number + 1)
            axes.imshow(imread(place))
            axes.set_axis_off()
        drawing.tight_layout(pad=0.2)
        drawing.savefig(path)


def example_lines() -> list[str]:
    lines = ["## Examples", f"Seeds 0 to {COUNT - 1} of each task, none picked. Grey notes were given.", ""]
    for task in TASKS:
        stem = task.replace(" ", "-")
        if (EXAMPLES / f"{stem}.png").exists():
            files = ", ".join(f"[{seed}](house/{stem}-{seed}.mid)" for seed in range(COUNT))
            lines += [f"**{task.capitalize()}**: {files}", "", f"![Ten pieces: {task}](house/{stem}.png)", ""]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--examples", action="store_true")
    parser.add_argument("--bad", type=Path, help="Markdown: what it is bad at, in the words of who has heard it")
    options = parser.parse_args()
    options.figures.mkdir(parents=True, exist_ok=True)
    if options.measure:
        measure(options.figures, options.corpus, options.data)
    model = Checkpoint.load()
    if options.examples:
        examples(model)
    bad = options.bad.read_text(encoding="utf-8").strip() if options.bad else "Not written yet."
    lines = [
        *("# The house model", ""),
        *prose(f"The model that comes with the package and writes where you name none. It is good for {SHIPPED[HOUSE].good_for}."),
        "",
        *("## What it has learnt from", *data_rows(model.path.parent), ""),
        *("Every piece by name: `partimento about --sources sources.csv`. Whom to name: `partimento about`.", ""),
        *("## Training", *training_rows(model), ""),
        *figure_lines(options.figures),
        *("## What it is bad at", bad, ""),
        *example_lines(),
    ]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""`partimento bench judge`: whether boosted trees can tell a model's music from people's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from partimento.cli.screen import Screen, counted, positive, short
from partimento.corpus.encoded import SPLITS
from partimento.errors import InvalidOption, UnknownName, WriteFailed

if TYPE_CHECKING:
    from partimento.benchmarks.judge.verdict import Verdict
    from partimento.bootstrap import Interval

ENCODING = "notes:profile=score"  # of pieces that do not say what they were written in


def bench_judge(screen: Screen, made: Path, corpus: Path | None, *, excerpts: int, bars: int, seed: int, split: str) -> None:
    """Composes with a model, or reads pieces, judges them beside a split of the corpus, and keeps the verdict beside the model."""
    from partimento.analysis.against import read_pieces
    from partimento.analysis.as_encoded import encoding_of
    from partimento.analysis.piece_set import Music
    from partimento.benchmarks.judge.judge import judge
    from partimento.benchmarks.judge.made import human_pieces, made_pieces
    from partimento.benchmarks.judge.verdict import keep
    from partimento.corpus import Corpus
    from partimento.encodings import make
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.shipped import SHIPPED, model_file

    if corpus is None:
        raise InvalidOption("the corpus is missing: partimento bench judge MODEL CORPUS")
    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    positive("--excerpts", excerpts)
    positive("--bars", bars)
    human = human_pieces(Corpus.open(corpus), split, excerpts, seed)
    model = None
    with screen.progress() as on_progress:
        if str(made) in SHIPPED or made.suffix == ".safetensors" or _is_run(made):
            model = Checkpoint.load(model_file(made))
            encoding = model.encoding
            composed = made_pieces(model, human, excerpts=excerpts, bars=bars, seed=seed, on_progress=on_progress)
            pieces = [one.piece for one in composed]
        else:
            pieces = [piece for _, piece in read_pieces([str(made)], on_progress)[0]]
            encoding = make(encoding_of([Music.of("", pieces)]) or ENCODING)
        verdict = judge(human, pieces, encoding, excerpts=excerpts, bars=bars, seed=seed, on_progress=on_progress)
    screen.say(f"\n{said(verdict)}\n\nHuman pieces are of the split {split}; all went through the encoding {encoding.key}.")
    for line in tells(verdict):
        screen.say(line)
    kept = ""
    if model is not None and split == "test":
        try:
            keep(model.path.parent, verdict, model.sha256)
            kept = str(model.path.parent)
            screen.say(f"\nKept beside {short(model.path)}; partimento card --against {short(model.path)} shows it.")
        except WriteFailed as error:
            screen.say(f"\n{error}")
    own = {"protocol": "judge", "split": split, "encoding": encoding.key}
    screen.result(own | verdict.to_json() | {"kept": kept or None, "seconds": screen.seconds})


def said(verdict: Verdict) -> str:
    """A verdict in two lines."""
    (human, made), (of_human, of_made) = verdict.excerpts, verdict.pieces
    return (
        f"The judge, on {counted(made, 'excerpt')} of {verdict.bars} bars from {counted(of_made, 'piece')} beside {human:,} from "
        f"{of_human:,} human ones:\narea under the curve {_interval(verdict.area)}; "
        f"human pieces beside other human pieces {_interval(verdict.floor)}; 0.5 is a guess."
    )


def tells(verdict: Verdict) -> list[str]:
    """A table of what gives the machine away."""
    rows = [["what gives it away", "share of the gain", "human", "made", "alone"]]
    for tell in verdict.tells:
        rows.append([tell.name, f"{100 * tell.gain:.1f}%", f"{tell.human:.3f}", f"{tell.made:.3f}", f"{tell.area:.3f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        row[0].ljust(widths[0]) + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    return [
        "",
        *lines,
        "",
        "Means over excerpts. Alone: the area under the curve of this figure; above 0.5, the machine has more of it.",
    ]


def _interval(interval: Interval) -> str:
    return f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _is_run(folder: Path) -> bool:
    from partimento.models.whereabouts import FILE_NAME

    return (folder / FILE_NAME).is_file()

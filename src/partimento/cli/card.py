"""`partimento card`: what pieces are like and how much of them is copied, beside held-out human pieces, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.bench_judge import said
from partimento.cli.screen import Flag, Problem, Screen, check_parents, counted, duration, not_negative, short
from partimento.errors import CorpusError, InvalidOption
from partimento.progress import OnProgress

if TYPE_CHECKING:
    from partimento.analysis.against import Known
    from partimento.benchmarks.judge.verdict import Verdict
    from partimento.piece import Piece

NGRAM_ENCODING = "notes:profile=score"


def card(
    *files: str,
    against: Path | None = None,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    ngram: int = 0,
    json: Flag = False,
) -> None:
    """Lays pieces beside held-out human pieces: entropy, scale, groove, notes per bar, polyphony, repetition, endings, copying.

    Examples:
      partimento card out/*.mid --against corpus
      partimento card out --against run -o card.html
      partimento card out
      partimento card out --against corpus --ngram 50 -o card.html

    A figure is marked when it is further from the human mean than two sets of human pieces of these sizes are from each other
    in 95 of 100 draws.

    Against a model that partimento bench judge has judged, the verdict stands below.

    With --json: rows (each with name, files and human (mean, low, high), floor,
    inside, others), pieces (of files, human), outside (names), judge (verdicts of the
    model), against, out, refused (name to reason), seconds.

    Parameters
    ----------
    files
        Scores, folders, zip archives: 77 or more say something.
    against
        A corpus; or a run, a checkpoint or the name of a model, for the corpus it was trained on, or what was kept of it beside the
        model. By default the house model.
    out
        A page (.html) to write.
    ngram
        Compose so many pieces with the n-gram baseline, counted on the train split, and show them beside.
    json
        Print one JSON object for scripts.
    """
    from partimento.analysis.against import Known, card_of
    from partimento.analysis.card.view import NOTES, text_table, to_html
    from partimento.files import write_atomic

    screen = Screen(json)
    if not files:
        raise Problem("card: name at least one file, folder or archive")
    not_negative("--ngram", ngram)
    if out is not None:
        check_parents("-o", out)
        if out.is_dir():
            raise InvalidOption(f"-o {out}: a folder is in the way; name a page, such as card.html")
    with screen.progress() as on_progress:
        known = Known.of(against, on_progress)
        others = {"n-gram": _ngram_pieces(known, ngram, on_progress)} if ngram else {}
        found = card_of(files, known, others, on_progress)
    summary = f"{counted(found.files, 'piece')} beside {found.human:,} of {short(Path(known.name))} that are not in its train split"
    screen.say(f"{summary}\n\n{text_table(found.rows)}\n")
    for note in NOTES:
        screen.say(note.replace("Marked:", "*:"))
    verdicts = _verdicts(Path(known.name))
    for verdict in verdicts:
        screen.say(f"\n{said(verdict)}")
    if out is not None:
        write_atomic(out, to_html(found.rows, "A card", f"{summary}."))
        screen.say(f"\nThe page: {short(out)}")
    inside = len(found.rows) - len(found.outside)
    screen.say(f"\n{inside} of {len(found.rows)} figures inside, in {duration(screen.seconds)}")
    screen.result(
        {
            "rows": [row.to_json() for row in found.rows],
            "pieces": {"files": found.files, "human": found.human},
            "outside": found.outside,
            "judge": [verdict.to_json() for verdict in verdicts],
            "against": known.name,
            "out": str(out) if out is not None else None,
            "refused": found.refused,
            "seconds": screen.seconds,
        }
    )


def _verdicts(place: Path) -> list[Verdict]:
    """What the judge said of the model at a place; nothing where it was not asked, or the place has no model."""
    from partimento.benchmarks.judge.verdict import kept
    from partimento.models.tensorfile import load_with_digest
    from partimento.models.whereabouts import FILE_NAME

    model = place / FILE_NAME if place.is_dir() else place
    if model.suffix != ".safetensors" or not kept(model.parent):
        return []
    return kept(model.parent, load_with_digest(model)[2])


def _ngram_pieces(known: Known, count: int, on_progress: OnProgress) -> list[Piece]:
    """Pieces by the n-gram of the train split, as long as the human ones are in the middle; seed 0."""
    import numpy as np

    from partimento.composing.compose import stream
    from partimento.models.baselines import fit

    if known.corpus is None:
        raise CorpusError("--ngram: the corpus that the model was trained on is not there to count; leave it out")
    encoded = known.corpus.encoded(NGRAM_ENCODING)
    human = [piece for split in ("valid", "test") for piece in known.human(split)]
    train = encoded.split("train")
    model = fit("ngram", encoded.encoding.fields, ((encoded.piece(int(at)), train.targets(int(at))) for at in train.pieces))
    notes = int(np.median([len(piece) for piece in human]))
    steps = []
    for events in stream(model, encoded.encoding, notes=notes, count=count, guard=False):
        steps.append(events)
        on_progress("n-gram", min(len(steps), notes), notes)
    events_BTF = np.stack(steps, axis=1)
    pieces = [encoded.encoding.decode(events[events.any(axis=1)]) for events in events_BTF]
    return [piece for piece in pieces if len(piece)]

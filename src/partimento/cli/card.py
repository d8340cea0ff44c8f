"""`partimento card`: what pieces are like and how much of them is copied, beside held-out human pieces, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.originality import find, known, read_pieces
from partimento.cli.screen import Flag, Problem, Screen, Tell, check_parents, counted, duration, not_negative, short
from partimento.errors import CorpusError, InvalidOption

if TYPE_CHECKING:
    from partimento.corpus import Corpus
    from partimento.piece import Piece

NGRAM_ENCODING = "notes:profile=score"


def card(
    *files: str,
    against: Path,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    ngram: int = 0,
    json: Flag = False,
) -> None:
    """Lays pieces beside held-out human pieces: entropy, scale, groove, notes a bar, polyphony, repetition, endings, copying.

    Examples:
      partimento card out/*.mid --against corpus
      partimento card out --against run -o card.html
      partimento card out --against corpus --ngram 50 -o card.html

    A figure is marked when it is further from the human mean than two sets of human pieces of these sizes are from each other
    in 95 of 100 draws.

    With --json: rows (each with name, files and human (mean, low, high), floor,
    inside, others), pieces (of files, human), outside (names), against, out,
    refused (name to reason), seconds.

    Parameters
    ----------
    files
        Scores, folders, zip archives: 77 or more say something.
    against
        A corpus; or a run or checkpoint, for the corpus it was trained on, or what was kept of it beside the model.
    out
        A page (.html) to write.
    ngram
        Compose so many pieces with the n-gram baseline, counted on the train split, and show them beside.
    json
        Print one JSON object for scripts.
    """
    from partimento.analysis.card.rows import card as rows_of
    from partimento.analysis.card.rows import figures
    from partimento.analysis.card.view import NOTES, text_table, to_html
    from partimento.analysis.originality import HUMAN_PIECES, numbers_of
    from partimento.files import write_atomic

    screen = Screen(json)
    if not files:
        raise Problem("card: name at least one file, folder or archive")
    not_negative("--ngram", ngram)
    if out is not None:
        check_parents("-o", out)
        if out.is_dir():
            raise InvalidOption(f"-o {out}: a folder is in the way; name a page, such as card.html")
    with screen.progress() as tell:
        index, corpus, reference = known(screen, against, tell)
        if corpus is None and (reference is None or not len(reference.human)):
            raise CorpusError(f"{against}: not a corpus; make one with: partimento build {against} --out corpus")
        if corpus is None and ngram:
            raise CorpusError(f"--ngram: the corpus that {against} was trained on is not there to count; leave it out")
        named, refused = read_pieces(screen, files, tell)
        sets = {"files": [piece for _, piece in named]}
        if corpus is not None:
            sets["human"] = [corpus.piece(at) for split in ("valid", "test") for at in numbers_of(corpus, split, HUMAN_PIECES)]
            if ngram:
                sets["n-gram"] = _ngram_pieces(corpus, ngram, sets["human"], tell)
        tables = {name: figures(pieces, find(index, pieces, name, len(pieces), tell)) for name, pieces in sets.items()}
    human = tables.pop("human") if reference is None else reference.human
    rows = rows_of(tables.pop("files"), human, tables)
    outside = [row.name for row in rows if not row.inside]
    summary = f"{counted(len(named), 'piece')} beside {len(human):,} of {short(against)} that are not in its train split"
    screen.say(f"{summary}\n\n{text_table(rows)}\n")
    for note in NOTES:
        screen.say(note.replace("Marked:", "*:"))
    if out is not None:
        write_atomic(out, to_html(rows, "A card", f"{summary}."))
        screen.say(f"\nThe page: {short(out)}")
    screen.say(f"\n{len(rows) - len(outside)} of {len(rows)} figures inside, in {duration(screen.seconds)}")
    screen.result(
        {
            "rows": [row.to_json() for row in rows],
            "pieces": {"files": len(named), "human": len(human)},
            "outside": outside,
            "against": str(against),
            "out": str(out) if out is not None else None,
            "refused": refused,
            "seconds": screen.seconds,
        }
    )


def _ngram_pieces(corpus: Corpus, count: int, human: list[Piece], tell: Tell) -> list[Piece]:
    """Pieces by the n-gram of the train split, as long as the human ones are in the middle; seed 0."""
    import numpy as np

    from partimento.composing.compose import stream
    from partimento.models.baselines import fit

    encoded = corpus.encoded(NGRAM_ENCODING)
    train = encoded.split("train")
    model = fit("ngram", encoded.encoding.fields, ((encoded.piece(int(at)), train.targets(int(at))) for at in train.pieces))
    notes = int(np.median([len(piece) for piece in human]))
    steps = []
    for events in stream(model, encoded.encoding, notes=notes, count=count, guard=False):
        steps.append(events)
        tell("n-gram", min(len(steps), notes), notes)
    events_BTF = np.stack(steps, axis=1)
    pieces = [encoded.encoding.decode(events[events.any(axis=1)]) for events in events_BTF]
    return [piece for piece in pieces if len(piece)]

"""`partimento originality`: how much of a piece stands verbatim in a corpus, and where."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partimento.cli.screen import Flag, Problem, Screen, Tell, counted, duration
from partimento.errors import CorpusError, PartimentoError, UnreadableFile

if TYPE_CHECKING:
    from partimento.analysis.human_reference import Reference
    from partimento.analysis.originality import Finding, Index, Limits
    from partimento.corpus import Corpus
    from partimento.piece import Piece

SHOWN, SHOWN_RUNS = 40, 2


def originality(*files: str, against: Path, json: Flag = False) -> None:
    """Looks for verbatim runs of pieces in a corpus, in any transposition, and names the nearest piece.

    Examples:
      partimento originality new.mid --against corpus
      partimento originality out/*.mid --against run
      partimento originality suspect.mid --against folder-of-scores

    A run is eight notes or more with the same intervals and rhythm, in the whole texture or in one track. Shares are of
    the notes that lie in runs of the whole texture of at least 1, 2 and 4 bars. Where the corpus has pieces that are not in
    its train split, the same is told of them: the human baseline. A file with a longer run or a larger share (2 bars) than
    97.5 of 100 human pieces is marked.

    With --json: against, files (of each name, notes, longest_notes, runs (the ten
    longest: notes, length_bars, bars, known, known_bars), share, line_share,
    over), limits (longest_notes, share_2_bars, false_alarms, pieces; null without
    human pieces), refused (name to reason), seconds.

    Parameters
    ----------
    files
        Scores, folders, zip archives.
    against
        A corpus (its train split), a run or checkpoint (the corpus it was trained on, or what was kept of it beside the
        model), or any scores.
    json
        Print one JSON object for scripts.
    """
    from partimento.analysis.originality import Limits

    screen = Screen(json)
    if not files:
        raise Problem("originality: name at least one file, folder or archive")
    with screen.progress() as tell:
        index, corpus, reference = known(screen, against, tell)
        named, refused = read_pieces(screen, files, tell)
        found = find(index, (piece for _, piece in named), "looking", len(named), tell)
        human = human_findings(index, corpus, tell) if corpus is not None else {}
    limits = None if reference is None else reference.limits
    if human.get("valid") and human.get("test"):
        limits = Limits.of(human["valid"], human["test"])
    rows = [
        {"name": name, **finding.to_json(), "over": limits.crossed(finding) if limits else None}
        for (name, _), finding in zip(named, found, strict=True)
    ]
    _show(screen, rows, limits, human.get("test", []))
    screen.result(
        {
            "against": str(against),
            "files": rows,
            "limits": vars(limits) if limits else None,
            "refused": refused,
            "seconds": screen.seconds,
        }
    )


def known(screen: Screen, against: Path, tell: Tell) -> tuple[Index, Corpus | None, Reference | None]:
    """The index of what is named, and the corpus where it is one, or a model that was trained on one; where that is gone, the
    reference beside the model."""
    from partimento.analysis.human_reference import beside
    from partimento.analysis.originality import Index, index_of
    from partimento.corpus import Corpus
    from partimento.corpus.store import MANIFEST
    from partimento.models.tensorfile import load

    if not against.exists() or (against.is_dir() and not (against / MANIFEST).exists()) or against.is_file():
        model = against / "model.safetensors" if against.is_dir() else against
        if model.suffix == ".safetensors" and model.is_file():
            from partimento.cli.places import corpus_of

            try:
                corpus = Corpus.open(corpus_of(against))
            except PartimentoError:
                reference = beside(model.parent, load(model)[1])
                if reference is None:
                    raise
                return reference.index, None, reference
        else:
            pieces, _ = read_pieces(screen, [str(against)], tell)
            return Index.of(pieces), None, None
    else:
        corpus = Corpus.open(against)
    return index_of(corpus, lambda done, of: tell("index", done, of)), corpus, None


def read_pieces(screen: Screen, files: Iterable[str], tell: Tell) -> tuple[list[tuple[str, Piece]], dict[str, str]]:
    """The pieces with notes by name, and the reasons why others were refused, which are told as well."""
    from partimento.formats import read_all

    named: list[tuple[str, Piece]] = []
    refused: dict[str, str] = {}
    for done, (name, piece) in enumerate(read_all(files, workers=len(os.sched_getaffinity(0))), 1):
        if isinstance(piece, UnreadableFile) or not len(piece):
            refused[name] = str(piece) if isinstance(piece, UnreadableFile) else f"{name}: no notes"
            screen.errors.print(f"left out: {refused[name]}", markup=False)
        else:
            named.append((name, piece))
        tell("reading", done, done)
    if not named:
        raise CorpusError(f"no piece with notes among {', '.join(files)}; name scores, folders or archives")
    return named, refused


def find(index: Index, pieces: Iterable[Piece], stage: str, of: int, tell: Tell) -> list[Finding]:
    found = []
    for piece in pieces:
        found.append(index.find(piece))
        tell(stage, len(found), of)
    return found


def human_findings(index: Index, corpus: Corpus, tell: Tell) -> dict[str, list[Finding]]:
    """What of the held-out pieces of a corpus is in its train split."""
    from partimento.analysis.originality import HUMAN_PIECES, numbers_of

    human = {}
    for split in ("valid", "test"):
        numbers = numbers_of(corpus, split, HUMAN_PIECES)
        human[split] = find(index, map(corpus.piece, numbers), f"human pieces ({split})", len(numbers), tell)
    return human


def _show(screen: Screen, rows: list[dict[str, Any]], limits: Limits | None, human: list[Finding]) -> None:
    for row in sorted(rows, key=lambda row: -row["longest_notes"])[:SHOWN]:
        screen.say(f"{row['name']}{': MORE THAN HUMAN PIECES' if row['over'] else ''}")
        if not row["runs"]:
            screen.say("  no run of eight notes")
            continue
        for run in row["runs"][:SHOWN_RUNS]:
            here, there = bars(run["bars"]), bars(run["known_bars"])
            screen.say(f"  bars {here} are bars {there} of {run['known']} ({run['notes']:,} notes, {run['length_bars']:.1f} bars)")
        shares = ", ".join(f"{100 * share:.1f}%" for share in row["share"].values())
        screen.say(f"  {shares} of its notes in runs of 1, 2, 4 bars")
    if len(rows) > SHOWN:
        screen.say(f"and {len(rows) - SHOWN:,} more with shorter runs")
    if human:
        longest = sorted(one.longest_notes for one in human)
        notes = sum(one.notes for one in human)
        inside = ", ".join(f"{100 * sum(one.share[size] * one.notes for one in human) / notes:.1f}%" for size in (1, 2, 4))
        screen.say(
            f"\nHuman pieces that are not in it ({len(human)}): longest run {longest[len(longest) // 2]} notes (median), "
            f"{longest[-1]} at most; {inside} of the notes in runs of 1, 2, 4 bars"
        )
    if limits is not None:
        screen.say(
            f"Marked: a run of more than {limits.longest_notes:.0f} notes, or more than {100 * limits.share_2_bars:.1f}% in runs "
            f"of 2 bars; {100 * limits.false_alarms:.1f}% of human pieces are"
        )
    screen.say(f"{counted(len(rows), 'piece')} in {duration(screen.seconds)}")


def bars(stretch: tuple[int, int]) -> str:
    first, last = stretch
    return f"{first}" if first == last else f"{first}-{last}"

"""`partimento originality`: how much of a piece is verbatim in a corpus, and where, and whose melody it may have in disguise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from partimento.cli.screen import Flag, Problem, Screen, counted, duration

if TYPE_CHECKING:
    from partimento.analysis.originality import Finding, Limits

SHOWN, SHOWN_RUNS = 40, 2


def originality(*files: str, against: Path | None = None, json: Flag = False) -> None:
    """Looks for verbatim runs of pieces in a corpus, in any transposition, and names the nearest piece.

    Examples:
      partimento originality new.mid
      partimento originality new.mid --against corpus
      partimento originality out/*.mid --against run
      partimento originality suspect.mid --against folder-of-scores

    A run is eight notes or more with the same intervals and rhythm, in the whole texture or in one track. Shares are of
    the notes that lie in runs of the whole texture of at least 1, 2 and 4 bars. Where the corpus has pieces that are not in
    its train split, the same is reported of them: the human baseline. A melody may be another one's with notes changed, at
    another speed, over other chords: the piece that is most alike is named. A file is marked when a run is more surprising, its
    share (2 bars) is larger, or its melody more alike than in human pieces, of which 3 in 100 are over one of these limits.

    With --json: against, files (of each name, notes, longest_notes, runs (the ten
    longest: notes, bits, length_bars, bars, known, known_bars), share, line_share,
    most_bits, telling_share, likeness (known, share; or null), over), limits
    (most_bits, share_2_bars, likeness, false_alarms, pieces; null without human
    pieces), refused (name to reason), seconds.

    Parameters
    ----------
    files
        Scores, folders, zip archives.
    against
        A corpus (its train split), a run, a checkpoint or the name of a model (the corpus it was trained on, or what was kept of
        it beside the model), or any scores. By default the house model.
    json
        Print one JSON object for scripts.
    """
    from partimento.analysis.against import copies

    screen = Screen(json)
    if not files:
        raise Problem("originality: name at least one file, folder or archive")
    with screen.progress() as on_progress:
        found = copies(files, against, on_progress)
    report = found.to_json()
    _show(screen, report["files"], found.limits, found.human)
    screen.result({"against": found.against} | report | {"seconds": screen.seconds})


def _show(screen: Screen, rows: list[dict[str, Any]], limits: Limits | None, human: list[Finding]) -> None:
    from partimento.analysis.originality import stretch

    for row in sorted(rows, key=lambda row: -row["longest_notes"])[:SHOWN]:
        screen.say(f"{row['name']}{': MORE THAN HUMAN PIECES' if row['over'] else ''}")
        if (alike := row["likeness"]) is not None and (limits is None or row["over"]):
            screen.say(f"  melody most like that of {alike['known']} ({100 * alike['share']:.0f}% over chance)")
        if not row["runs"]:
            screen.say("  no run of eight notes")
            continue
        for run in row["runs"][:SHOWN_RUNS]:
            here, there = stretch(run["bars"]), stretch(run["known_bars"])
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
            f"Marked: a run of more than {limits.most_bits:.0f} bits, over {100 * limits.share_2_bars:.1f}% in runs of 2 bars, "
            f"or a melody more than {100 * limits.likeness:.0f}% like another; {100 * limits.false_alarms:.1f}% of human pieces are"
        )
    screen.say(f"{counted(len(rows), 'piece')} in {duration(screen.seconds)}")

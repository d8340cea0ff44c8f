"""How far `melody` is from what the project's seed made of a file: music21's notes in the order of `recurse().notes`.

Usage: python bench/melody_music21.py FOLDER [--list FILE] [--files N] [--seed S] [--most-bytes B] [--seconds T] [--json]

Each file is read twice, by music21 as the seed did and by our loader. The difference is then taken apart on a ladder: a
slow model of what music21 does to a track, in which one habit after another is replaced by ours. The first rung is
music21 itself, the last one is `melody` itself, and the notes that change between two rungs are that habit's share.
"""

from __future__ import annotations

import argparse
import collections
import json
import platform
import random
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import music21
from music21 import chord, note, stream
from music21_habits import REDUCED, RUNGS, Event, Habits, chunks_of, model

from partimento.encodings import make
from partimento.errors import PartimentoError
from partimento.formats import parse


class TooLong(Exception):
    """A file took longer than the limit."""


# -- what music21 gives -------------------------------------------------------------------------------------------------


def seed_events(score: stream.Stream[Any]) -> list[Event]:
    """Parts one after another, a chord as its root: what the seed made of a parsed file."""
    events = []
    for element in score.recurse().notes:
        if isinstance(element, chord.Chord):
            events.append((element.root().pitchClass + 1, REDUCED.get(element.duration.type, 1)))
        elif isinstance(element, note.Note):
            events.append((element.pitch.pitchClass + 1, REDUCED.get(element.duration.type, 1)))
    return events


def cut_at_bar_lines(score: stream.Stream[Any]) -> int:
    """How many notes and chords are no more than the rest of one that began in an earlier bar."""
    ties = (element.tie for element in score.recurse().notes)
    return sum(tie is not None and tie.type in ("stop", "continue") for tie in ties)


# -- how alike two sequences are ----------------------------------------------------------------------------------------


def common_in_order(one: Sequence[Event], other: Sequence[Event]) -> int:
    """The length of the longest common subsequence, by bit-parallel addition (Hyyrö 2004)."""
    places: dict[Event, int] = collections.defaultdict(int)
    for at, event in enumerate(one):
        places[event] |= 1 << at
    everything = (1 << len(one)) - 1
    row = everything
    for event in other:
        hit = row & places.get(event, 0)
        row = ((row + hit) | (row - hit)) & everything
    return len(one) - row.bit_count()


def common_in_any_order(one: Sequence[Event], other: Sequence[Event]) -> int:
    return (collections.Counter(one) & collections.Counter(other)).total()


def alike(one: Sequence[Event], other: Sequence[Event]) -> dict[str, int]:
    """Equal notes in order and in any order, of the longer one's notes."""
    return {"of": max(len(one), len(other)), "in_order": common_in_order(one, other), "as_bags": common_in_any_order(one, other)}


# -- one file, and all of them ------------------------------------------------------------------------------------------


def compare(path: Path) -> dict[str, Any]:
    """Both readings of one file, their likeness, and the ladder between them."""
    data = path.read_bytes()
    piece, repairs = parse(data, path.suffix, source=path.name)
    ours: list[Event] = [(int(row[0]), int(row[1])) for row in make("melody").encode(piece)]
    score = music21.converter.parse(path, forceSource=True)
    given, cut = seed_events(score), cut_at_bar_lines(score)
    score.stripTies(inPlace=True)
    rungs = [("notes cut at bar lines", given), ("", seed_events(score))]
    chunks, ticks, file_format = chunks_of(data)
    habits = Habits()
    rungs.append(("voices of a bar one after another", model(chunks, file_format, ticks, piece, habits)))
    for name, label in RUNGS:
        habits = replace(habits, **{name: True})
        scale = piece.ticks_per_quarter if habits.own_notes else ticks
        rungs.append((label, model(chunks, file_format, scale, piece, habits)))
    rungs.append(("not explained", ours))
    ladder = {}
    labels = [rungs[0][0], *(label for label, _ in rungs[2:])]
    for label, (_, before), (_, after) in zip(labels, rungs, rungs[1:], strict=False):
        likeness = alike(before, after)
        ladder[label] = [likeness["of"] - likeness["in_order"], likeness["of"] - likeness["as_bags"]]
    return {
        "notes_ours": len(ours),
        "notes_music21": len(given),
        "notes_without_ties": len(rungs[1][1]),
        "cut_at_bar_lines": cut,
        "format": file_format,
        "repairs": dict(repairs),
        "as_given": alike(ours, given),
        "without_ties": alike(ours, rungs[1][1]),
        "ladder": ladder,
    }


def _interrupt(*_: object) -> None:
    raise TooLong


def measure(folder: Path, names: Sequence[str], seconds: int) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """The comparison of each file, and which files were left out for which reason."""
    results: dict[str, dict[str, Any]] = {}
    left_out: dict[str, list[str]] = collections.defaultdict(list)
    signal.signal(signal.SIGALRM, _interrupt)
    for number, name in enumerate(names):
        print(f"\r{number + 1}/{len(names)} {name[:80]:80s}", end="", file=sys.stderr, flush=True)
        signal.alarm(seconds)
        try:
            results[name] = compare(folder / name)
        except TooLong:
            left_out[f"longer than {seconds} s"].append(name)
        except PartimentoError as error:
            left_out["refused by our loader"].append(f"{name}: {error}")
        except Exception as error:  # music21 raises anything
            left_out["refused by music21"].append(f"{name}: {type(error).__name__}: {error}")
        finally:
            signal.alarm(0)
    print(file=sys.stderr)
    return results, left_out


def summary(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Shares over all notes, and over files (mean, median, lowest)."""
    total: dict[str, Any] = {"files": len(results)}
    total |= {key: sum(one[key] for one in results.values()) for key in ("notes_ours", "notes_music21", "notes_without_ties")}
    total["cut_at_bar_lines"] = sum(one["cut_at_bar_lines"] for one in results.values())
    for reading in ("as_given", "without_ties"):
        of = sum(one[reading]["of"] for one in results.values())
        for measure_name in ("in_order", "as_bags"):
            shares = sorted(one[reading][measure_name] / one[reading]["of"] for one in results.values())
            equal = sum(one[reading][measure_name] for one in results.values())
            total[f"{reading} {measure_name}"] = {
                "of_notes": round(equal / of, 4),
                "mean_of_files": round(sum(shares) / len(shares), 4),
                "median_file": round(shares[len(shares) // 2], 4),
                "lowest_file": round(shares[0], 4),
                "files_identical": sum(share == 1 for share in shares),
            }
    total["ladder"] = {}
    for label in next(iter(results.values()))["ladder"]:
        steps = {name: one["ladder"][label] for name, one in results.items()}
        worst = max(steps, key=lambda name: steps[name][0] / results[name]["notes_without_ties"])
        total["ladder"][label] = {
            "share_in_order": round(sum(step[0] for step in steps.values()) / total["notes_without_ties"], 5),
            "share_as_bags": round(sum(step[1] for step in steps.values()) / total["notes_without_ties"], 5),
            "files": sum(step[0] > 0 for step in steps.values()),
            "most_in": worst if steps[worst][0] else "",
            "share_there": round(steps[worst][0] / results[worst]["notes_without_ties"], 4),
        }
    return total


def show(report: dict[str, Any]) -> None:
    for reason, names in report["left_out"].items():
        print(f"left out, {reason}: {len(names)}")
        for name in names[:20] if "bytes" not in reason else []:
            print(f"    {name}")
    total = report["summary"]
    if not total["files"]:
        return
    print(f"{total['files']} files; notes: {total['notes_ours']} of melody, {total['notes_music21']} of music21, ", end="")
    print(f"{total['notes_without_ties']} after stripTies ({total['cut_at_bar_lines']} are tied to the bar before)")
    print(f"\n{'equal notes':34s} {'of notes':>9s} {'mean file':>9s} {'median':>9s} {'lowest':>9s} {'identical':>9s}")
    for reading in ("as_given", "without_ties"):
        for measure_name in ("in_order", "as_bags"):
            row = total[f"{reading} {measure_name}"]
            values = [f"{row[key]:9.2%}" for key in ("of_notes", "mean_of_files", "median_file", "lowest_file")]
            print(f"{reading + ', ' + measure_name:34s} {' '.join(values)} {row['files_identical']:9d}".replace("_", " "))
    print(f"\n{'kind of difference':46s} {'in order':>9s} {'as bags':>9s} {'files':>6s}  most in")
    for label, row in total["ladder"].items():
        place = f"{row['most_in']} ({row['share_there']:.1%})" if row["most_in"] else ""
        print(f"{label:46s} {row['share_in_order']:9.3%} {row['share_as_bags']:9.3%} {row['files']:6d}  {place}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", type=Path, help="a file with one name a line; default: every .mid under the folder")
    parser.add_argument("--files", type=int, default=120, help="how many to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-bytes", type=int, default=40_000, help="larger files are left out: music21 takes minutes for them")
    parser.add_argument("--seconds", type=int, default=60, help="time limit of a file")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.list:
        names = [line for line in options.list.read_text().splitlines() if line]
    else:
        names = sorted(str(path.relative_to(options.folder)) for path in options.folder.rglob("*.mid"))
    small = [name for name in names if (options.folder / name).stat().st_size <= options.most_bytes]
    drawn = random.Random(options.seed).sample(small, min(options.files, len(small)))
    results, left_out = measure(options.folder, drawn, options.seconds)
    large = {f"over {options.most_bytes} bytes (of {len(names)} listed)": sorted(set(names) - set(small))}
    report = {
        "music21": music21.__version__,
        "python": platform.python_version(),
        "seed": options.seed,
        "left_out": {reason: found for reason, found in (large | left_out).items() if found},
        "summary": summary(results) if results else {"files": 0},
        "files": results,
    }
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        show(report)


if __name__ == "__main__":
    main()

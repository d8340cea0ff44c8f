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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import music21
from music21 import chord, common, duration, note, pitch, stream
from music21.midi import MidiFile, translate

from partimento.encodings import make
from partimento.errors import PartimentoError
from partimento.formats import parse
from partimento.piece import Piece
from partimento.theory import chord_root_table

Event = tuple[int, int]  # pitch and duration, as the ids of `melody`

# benchmarks: `duration.type` reduced to five; zero to eighth, what one note cannot write to quarter, shorter to 16th
REDUCED = {"eighth": 2, "zero": 2, "quarter": 3, "complex": 3, "inexpressible": 3, "half": 4, "whole": 5, "breve": 5, "longa": 5}
REDUCED |= {"maxima": 5, "duplex-maxima": 5}
DIVISORS = (4, 3)
DRUM_CHANNEL = 10  # music21 counts channels from 1


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


# -- a slow model of it, habit by habit ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    """One note of a chunk, in ticks; `sound` is its channel and program."""

    start: int
    end: int
    pitch: int
    is_drum: bool = False
    sound: tuple[int, int] = (1, 0)


@dataclass(frozen=True)
class Chunk:
    """One part of a file: its notes as two ways of pairing find them, and the ticks of its other elements."""

    paired_backwards: list[Note]
    paired_in_order: list[Note]
    others: list[int]


@dataclass(frozen=True)
class Habits:
    """Each is music21's when False and ours when True."""

    by_value: bool = False  # notes of one moment: shorter values first, then lower pitches; not the order in the file
    no_drums: bool = False  # drums go before chords are gathered, not after
    notes_only: bool = False  # a gap ends at the next note, not at the next element (a tempo, say)
    in_order: bool = False  # overlapping notes of one pitch: first in, first out
    by_pitch: bool = False  # chords are gathered from the lowest note up, not in the order of the file
    own_parts: bool = False  # the sounds of one chunk are parts of their own where our loader says so
    own_notes: bool = False  # the loader's notes: unfinished ones ended, and its other repairs
    exact_gaps: bool = False  # which grid fills a gap is exact, not the remainder of a binary fraction
    one_grid: bool = False  # the grid that fills the gap is taken also for notes that outlast it; the nearer one if none does
    half_up: bool = False  # half-way ticks go to the later line
    on_grid: bool = False  # chords are notes of one grid moment and one note value, not those less than a sixteenth apart
    own_roots: bool = False  # roots by our table


RUNGS = (
    ("by_value", "order of notes within one moment"),
    ("no_drums", "drums that share a chord with pitched notes"),
    ("notes_only", "gaps that end at a tempo or a meter"),
    ("in_order", "overlapping notes of one pitch"),
    ("by_pitch", "chords gathered in the order of the file"),
    ("own_parts", "sounds of one chunk that are parts of ours"),
    ("own_notes", "unfinished notes and other repairs"),
    ("exact_gaps", "grid chosen for gaps of whole quarters"),
    ("one_grid", "grid of notes that outlast their gap"),
    ("half_up", "lengths half-way between two lines"),
    ("on_grid", "notes less than a sixteenth apart"),
    ("own_roots", "roots that depend on the order of notes"),
)


def chunks_of(data: bytes) -> tuple[list[Chunk], int, int]:
    """The chunks with notes, the ticks of a quarter, and the file's format."""
    file = MidiFile()
    file.readstr(data)
    chunks = []
    for track in file.tracks:
        if track.hasNotes():
            timed = translate.getTimeForEvents(track)
            backwards = []
            for on, off, event in translate.getNotesFromEvents(timed):
                assert event.pitch is not None
                backwards.append(Note(on, off, event.pitch, event.channel == DRUM_CHANNEL))
            chunks.append(Chunk(backwards, list(_paired_in_order(timed)), [tick for tick, _ in translate.getMetaEvents(timed)]))
    return chunks, file.ticksPerQuarterNote, file.format


def _paired_in_order(timed: Sequence[tuple[int, Any]]) -> Iterator[Note]:
    """Notes whose end is the first free one of their pitch and channel; unfinished ones are left out."""
    program: dict[int, int] = {}
    waiting: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    found: list[Note | None] = []
    for tick, event in timed:
        if event.type == music21.midi.ChannelVoiceMessages.PROGRAM_CHANGE:
            program[event.channel] = event.data
        elif event.isNoteOn():
            waiting[event.channel, event.pitch].append(len(found))
            sound = (event.channel, program.get(event.channel, 0))
            found.append(Note(tick, -1, event.pitch, event.channel == DRUM_CHANNEL, sound))
        elif event.isNoteOff() and waiting[event.channel, event.pitch]:
            at = waiting[event.channel, event.pitch].pop(0)
            begun = found[at]
            assert begun is not None
            found[at] = replace(begun, end=max(tick, begun.start + 1))
    return (one for one in found if one is not None and one.end >= 0)


def model(chunks: Sequence[Chunk], file_format: int, ticks: int, piece: Piece, habits: Habits) -> list[Event]:
    """The events of a file under the given habits."""
    events: list[Event] = []
    for notes, others in _parts(chunks, file_format, piece, habits):
        events += _part_events([one for one in notes if not (habits.no_drums and one.is_drum)], others, ticks, habits)
    return events


def _parts(chunks: Sequence[Chunk], file_format: int, piece: Piece, habits: Habits) -> Iterator[tuple[list[Note], list[int]]]:
    if habits.own_notes:
        for number, track in enumerate(piece.tracks):
            rows = piece.notes[piece.notes["track"] == number].tolist()
            yield [Note(onset, onset + length, key, track.is_drum) for onset, length, key, _, _ in rows], []
        return
    for chunk in chunks:
        notes = chunk.paired_in_order if habits.in_order else chunk.paired_backwards
        if habits.by_pitch:
            notes = sorted(notes, key=lambda one: (one.start, one.pitch, one.end))
        others = [] if habits.notes_only else chunk.others
        if not habits.own_parts:
            yield notes, others
            continue
        # as in formats/midi.py: format 0 has a part for each channel and program, the others one for each program
        sounds: dict[Any, list[Note]] = {}
        for one in sorted(notes, key=lambda one: one.sound):
            sounds.setdefault(one.sound if file_format == 0 else (one.sound[1], one.is_drum), []).append(one)
        for part in sounds.values():
            yield sorted(part, key=lambda one: (one.start, one.pitch, one.end)), others


def _part_events(notes: list[Note], others: list[int], ticks: int, habits: Habits) -> list[Event]:
    groups = [[one] for one in notes] if habits.on_grid else _gathered(notes, ticks)
    # an element: its tick, its length (that of the chord's last note), its notes; without notes it is a tempo or the like
    elements = [(group[0].start, group[-1].end - group[-1].start, group) for group in groups]
    elements += [(tick, 0, []) for tick in others]
    elements.sort(key=lambda element: element[0])
    rounding = Habits(exact_gaps=habits.exact_gaps, one_grid=habits.one_grid, half_up=habits.half_up)
    moments = [_moment(tick, ticks, rounding) for tick, _, _ in elements]
    valued: list[tuple[Fraction, int, list[Note]]] = []
    following = len(elements)
    for at in range(len(elements) - 1, -1, -1):
        if at + 1 < len(elements) and moments[at + 1] > moments[at]:
            following = at + 1
        gap = moments[following] - moments[at] if following < len(elements) else Fraction(0)
        _, length, group = elements[at]
        if group:
            valued.append((moments[at], _value(length, gap, ticks, rounding), group))
    valued.reverse()
    if habits.by_value:
        valued.sort(key=lambda element: (element[0], element[1], min(one.pitch for one in element[2])))
    if habits.on_grid:
        valued = _chords(valued)
    pitched = [element for element in valued if not any(one.is_drum for one in element[2])]
    return [(_root(tuple(one.pitch for one in group), habits.own_roots) + 1, value) for _, value, group in pitched]


def _gathered(notes: list[Note], ticks: int) -> list[list[Note]]:
    """music21's chords: notes that start less than a sixteenth after the first one and end at most a sixteenth apart."""
    tolerance = ticks / max(DIVISORS)
    taken = [False] * len(notes)
    groups = []
    for i, first in enumerate(notes):
        if taken[i]:
            continue
        group = [first]
        for j in range(i + 1, len(notes)):
            if abs(notes[j].start - first.start) >= tolerance:
                break
            if not abs(notes[j].end - first.end) > tolerance:
                group.append(notes[j])
                taken[j] = True
        groups.append(group)
    return groups


def _chords(valued: list[tuple[Fraction, int, list[Note]]]) -> list[tuple[Fraction, int, list[Note]]]:
    """Our chords: all notes of one moment and one note value, lowest first."""
    of: dict[tuple[Fraction, int], list[Note]] = {}
    for moment, value, group in valued:
        of.setdefault((moment, value), []).extend(group)
    return [(moment, value, sorted(group, key=lambda one: one.pitch)) for (moment, value), group in of.items()]


@cache
def _moment(tick: int, ticks: int, habits: Habits) -> Fraction:
    return _best(Fraction(tick, ticks), Fraction(0), True, habits)


@cache
def _value(length: int, gap: Fraction, ticks: int, habits: Habits) -> int:
    """The note value of a length in ticks: music21's `Stream.quantize`, then `duration.type`."""
    if length <= 0:
        grace = duration.Duration().getGraceDuration()
        grace.quarterLength = 0.0
        return REDUCED.get(grace.type, 1)
    return REDUCED.get(duration.Duration(_best(Fraction(length, ticks), gap, False, habits)).type, 1)


def _best(target: Fraction, gap: Fraction, zero_allowed: bool, habits: Habits) -> Fraction:
    """The line that `bestMatch` in music21's `Stream.quantize` chooses for a place or a length in quarters."""
    found = []
    for divisor in DIVISORS:
        tick = Fraction(1, divisor)
        low = target // tick * tick
        distance = target - low
        match = low if distance * 2 < tick or (distance * 2 == tick and not habits.half_up) else low + tick
        if match == 0 and not zero_allowed:
            match = tick
        if habits.exact_gaps:
            fills = gap % tick == 0
        else:  # music21's own arithmetic, where no whole number is a multiple of 1/3
            fills = common.opFrac(gap) % (1 / divisor) == 0
        left: Fraction | int = 0 if fills else max(gap - match, Fraction(0))
        if habits.one_grid:
            left = not fills
        found.append((left, round(abs(target - match), 7), tick, match))
    return min(found)[3]


@cache
def _root(pitches: tuple[int, ...], own: bool) -> int:
    """The pitch class that stands for a chord."""
    if len(pitches) == 1:
        return pitches[0] % 12
    if own:
        return int(chord_root_table()[min(pitches) % 12, sum({1 << one % 12 for one in pitches})])
    members = []
    for one in pitches:
        members.append(pitch.Pitch())
        members[-1].midi = one
    found = chord.Chord()
    found.pitches = tuple(members)
    return int(found.root().pitchClass)


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

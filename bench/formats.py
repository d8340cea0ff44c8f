"""Our readers of notated scores against independent ones, file by file: counts of notes, and notes of one pitch and place.

    python bench/formats.py SOURCE... [--files 300] [--repeats written] [--as-mei] [--against verovio] [--worst 10] [--json FILE]

SOURCE is what `partimento build` takes: folders, zips, `music21:ryans`. Readers: `verovio` (its MIDI, in worker processes,
since it crashes on some input), `music21`, `abc2midi`, `midi` (the MIDI files that a set brings along: `midi/NAME.mid` beside
`krn/NAME.krn`, `melody/BOOKn.mid` for the nth tune of `abc/BOOK.abc`). Grace notes and cues, which we leave out, are taken out
of the text before another reader gets it. With --as-mei verovio turns each file into MEI, and both readers read that.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import re
import time
import zipfile
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from partimento.errors import UnreadableFile
from partimento.formats import parse, sources, supervise
from partimento.formats.decode import text_of
from partimento.formats.musicxml.archive import unpack
from partimento.formats.safe_xml import text_of_xml
from partimento.piece import Piece

NEAR = 0.06  # quarters; a MIDI file of 120 ticks a quarter rounds quintuplets and smaller
NOTATED = (".mxl", ".musicxml", ".xml", ".mei", ".krn", ".abc")
Notes = list[tuple[int, float]]  # pitch and onset in quarters


@dataclass
class Result:
    """One file: notes of each reader, how many of ours are where the other has one, seconds of each, and what was counted."""

    name: str
    ours: int = 0
    theirs: int = 0
    common: int = 0
    seconds: float = 0.0
    their_seconds: float = 0.0
    refused: str = ""
    their_refused: str = ""
    repairs: dict[str, int] = field(default_factory=dict)
    only_ours: list[tuple[int, float]] = field(default_factory=list)
    only_theirs: list[tuple[int, float]] = field(default_factory=list)


def without_ornaments(text: str, suffix: str) -> str:
    """The score without grace notes, and without the signs that a player, but no reader of notes, makes more notes of."""
    if suffix == ".krn":
        lines = []
        text = re.sub(r"\*X?tremolo\b", "*", text)  # written out, to be shown as tremolos
        small = "".join(re.findall(r"^!!!RDF\*\*kern:\s*(\S)\s*=\s*cue", text, re.MULTILINE))
        for line in text.splitlines():
            tokens = line.split("\t") if line[:1] not in ("!", "*", "=") else []
            if any("q" in token for token in tokens):
                line = "\t".join("." if "q" in token else token for token in tokens)
                if not re.search(r"\d", line):
                    continue  # nothing of a length is left
            elif tokens:  # arpeggios, trills, mordents, turns
                line = re.sub(rf"[:tTmMwWS$O{re.escape(small)}]", "", line)
            lines.append(line)
        return "\n".join(lines) + "\n"
    if suffix == ".abc":
        return re.sub(r"\{[^}]*\}", "", text)
    text = re.sub(r"<(arpeggiate|arpeg|trill-mark|trill|mordent|turn|inverted-\w+|delayed-\w+)\b[^>]*(/>|>[^<]*</\1>)", "", text)
    text = re.sub(r'<tremolo[^>]*"single"[^>]*>[^<]*</tremolo>', "", text)
    text = text.replace('<type size="cue">', "<type>")  # small notes sound
    if suffix == ".mei":
        text = re.sub(r"</?bTrem\b[^>]*>", "", text)
        text = re.sub(r"<graceGrp\b.*?</graceGrp>", "", text, flags=re.DOTALL)
        text = re.sub(r"<chord\b[^>]*\sgrace=[^>]*[^/]>.*?</chord>", "", text, flags=re.DOTALL)
        text = re.sub(r"<note\b[^>]*\sgrace=[^>]*/>", "", text)
        return re.sub(r"<note\b[^>]*\sgrace=[^>]*[^/]>.*?</note>", "", text, flags=re.DOTALL)
    return re.sub(r"<note\b[^>]*>(?:(?!</note>).)*?<grace\b.*?</note>", "", text, flags=re.DOTALL)


def text_of_item(item: sources.Item) -> str:
    data = sources.load(item)
    if item.suffix in (".krn", ".abc"):
        return text_of(data)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + text_of_xml(unpack(data)).lstrip()


def to_mei(item: sources.Item) -> str:
    import verovio

    toolkit = verovio.toolkit()
    if not toolkit.loadData(text_of_item(item)):
        raise UnreadableFile("refused")
    return str(toolkit.getMEI())


def by_verovio(text: str, suffix: str, repeats: str) -> Notes:
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({"midiNoCue": True, "expandNever": repeats == "written"})
    if not toolkit.loadData(without_ornaments(text, suffix)):
        raise UnreadableFile("refused")
    return of_midi(base64.b64decode(toolkit.renderToMIDI()))


def by_music21(text: str, suffix: str, repeats: str) -> Notes:
    from music21 import converter

    score = converter.parseData(text, format={".krn": "humdrum", ".abc": "abc", ".mei": "mei"}.get(suffix, "musicxml"))
    if repeats == "played":
        with contextlib.suppress(Exception):
            score = score.expandRepeats()
    found: Notes = []
    for element in score.stripTies().flatten().notes:
        if "Harmony" not in element.classSet and not element.duration.isGrace:
            found += [(int(pitch.midi), float(element.offset)) for pitch in element.pitches]
    return found


def by_abc2midi(text: str, suffix: str, repeats: str) -> Notes:
    """abc2midi as symusic carries it, without the accompaniment that it makes of chord symbols."""
    import symusic

    text = re.sub(r'"[^"\n]*"', "", without_ornaments(text, suffix))
    text = re.sub(r"(?m)^R:.*\n", "", text)  # a hornpipe would swing
    text = re.sub(r"!trill!|[~TH](?=[\^_=]*[A-Ga-g])", "", text)  # these would trill, or last longer
    if repeats == "written":
        raise UnreadableFile("unsupported", "abc2midi always plays repeats")
    score: Any = symusic.Score.from_abc(text)
    return [(note.pitch, note.time / score.ticks_per_quarter) for track in score.tracks for note in track.notes]


def of_midi(data: bytes) -> Notes:
    return notes_of(parse(data, ".mid")[0])


def notes_of(piece: Piece) -> Notes:
    onset = piece.notes["onset"] / piece.ticks_per_quarter
    return list(zip(piece.notes["pitch"].tolist(), onset.tolist(), strict=True))


@cache
def _archive(path: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def by_twin(item: sources.Item) -> Notes:
    """The MIDI file that the set has of the same music."""
    if item.suffix == ".abc":
        book, _, number = Path(item.name.partition("#")[0]).stem, "", item.name.rpartition("#X")[2]
        wanted = f"melody/{book}{number}.mid"
    else:
        wanted = f"midi/{Path(item.name).stem}.mid"
    if item.member:
        members = [name for name in _archive(item.path).namelist() if name.endswith(wanted)]
        if members:
            return of_midi(_archive(item.path).read(members[0]))
    else:
        twin = Path(item.path).parent.parent / wanted
        if twin.exists():
            return of_midi(twin.read_bytes())
    raise UnreadableFile("no twin")


def compare_task(task: dict[str, Any]) -> bytes:
    """Worker side: what one other reader makes of an item; its notes and seconds."""
    item = sources.Item(**task["item"])
    text, suffix = (to_mei(item), ".mei") if task["as_mei"] else (text_of_item(item), item.suffix)
    start = time.perf_counter()
    if task["against"] == "midi":
        notes = by_twin(item)
    else:
        reader = {"verovio": by_verovio, "music21": by_music21, "abc2midi": by_abc2midi}[task["against"]]
        notes = reader(text, suffix, task["repeats"])
    seconds = time.perf_counter() - start
    return json.dumps({"notes": notes, "seconds": seconds, "text": text if task["as_mei"] else ""}).encode()


def ours_of(item: sources.Item, mei: str, repeats: str, result: Result) -> Notes:
    start = time.perf_counter()
    try:
        data, suffix = (mei.encode(), ".mei") if mei else (sources.load(item), item.suffix)
        piece, repairs = parse(data, suffix, source=item.name, repeats=repeats)
    except UnreadableFile as error:
        result.refused = f"{error.reason}: {error.detail}"
        return []
    result.seconds = time.perf_counter() - start
    result.repairs = dict(repairs)
    return notes_of(piece)


def match(ours: Notes, theirs: Notes, result: Result) -> None:
    """Pairs notes of one pitch, in the order of time, that begin at most `NEAR` apart."""
    ours, theirs = sorted(ours), sorted(theirs)
    at = other = 0
    while at < len(ours) and other < len(theirs):
        (pitch, onset), (their_pitch, their_onset) = ours[at], theirs[other]
        if pitch == their_pitch and abs(onset - their_onset) <= NEAR:
            result.common += 1
            at, other = at + 1, other + 1
        elif (pitch, onset) < (their_pitch, their_onset):
            result.only_ours.append(ours[at])
            at += 1
        else:
            result.only_theirs.append(theirs[other])
            other += 1
    result.only_ours += ours[at:]
    result.only_theirs += theirs[other:]
    result.ours, result.theirs = len(ours), len(theirs)


def compare(source: str, options: argparse.Namespace) -> list[Result]:
    items = [item for item in sources.list_items(source).items if item.suffix in NOTATED]
    count = min(options.files, len(items))
    items = [items[at * len(items) // count] for at in range(count)]
    shared = {"against": options.against, "repeats": options.repeats, "as_mei": options.as_mei}
    tasks = [{"item": vars(item), **shared} for item in items]
    results = []
    for index, reply in supervise.run("formats:compare_task", tasks, workers=1, seconds=60, memory_bytes=4 << 30):
        result = Result(items[index].name)
        answer: dict[str, Any] = json.loads(reply.data) if reply.ok else {"notes": [], "seconds": 0.0, "text": ""}
        if not reply.ok:
            result.their_refused = f"{reply.reason}: {reply.detail}"
        if not options.as_mei or answer["text"]:
            ours = ours_of(items[index], answer["text"], options.repeats, result)
            match(ours, [(pitch, onset) for pitch, onset in answer["notes"]], result)
        result.their_seconds = answer["seconds"]
        results.append(result)
    return results


def row(source: str, results: list[Result]) -> str:
    both = [one for one in results if not one.refused and not one.their_refused]
    equal = sum(one.ours == one.theirs for one in both)
    same = sum(one.ours == one.theirs == one.common for one in both)
    notes, common = sum(one.ours for one in both), sum(one.common for one in both)
    cells = [Path(source).stem, len(results), sum(bool(one.refused) for one in results)]
    cells += [sum(bool(one.their_refused) for one in results), f"{100 * equal / max(1, len(both)):.1f}"]
    cells += [f"{100 * same / max(1, len(both)):.1f}", f"{notes:,}", f"{100 * common / max(1, notes):.3f}"]
    cells += [
        f"{1000 * sum(times) / max(1, len(both)):.0f}" for times in ([r.seconds for r in both], [r.their_seconds for r in both])
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--against", choices=("verovio", "music21", "abc2midi", "midi"), default="verovio")
    parser.add_argument("--repeats", choices=("written", "played"), default="written")
    parser.add_argument("--as-mei", action="store_true")
    parser.add_argument("--worst", type=int, default=0, help="files that differ most, named with their first differences")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    heads = [
        "set",
        "files",
        "we refuse",
        "they refuse",
        "counts equal %",
        "all notes equal %",
        "our notes",
        "found there %",
        "our ms",
        "their ms",
    ]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    everything = {}
    for source in options.sources:
        results = everything[source] = compare(source, options)
        print(row(source, results), flush=True)
        for one in sorted(results, key=lambda one: one.common - max(one.ours, one.theirs))[: options.worst]:
            if one.refused or one.their_refused or one.common < max(one.ours, one.theirs):
                print(f"    {one.name}: {one.ours} / {one.theirs} / {one.common} {one.refused} {one.their_refused} {one.repairs}")
                print(
                    "        ours",
                    sorted(one.only_ours, key=lambda n: n[1])[:6],
                    "theirs",
                    sorted(one.only_theirs, key=lambda n: n[1])[:6],
                )
    if options.json:
        options.json.write_text(json.dumps({source: [asdict(one) for one in results] for source, results in everything.items()}))


if __name__ == "__main__":
    main()

"""How MEI becomes a `NotatedScore`: sections, measures and staves (MEI guidelines 5.0, CMN module).

Staves that a brace binds under one name are one track. Of editorial alternatives the first is read, of an ossia the main
staff; grace notes and cues are counted and left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import Any

from partimento.errors import UnreadableFile
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.mei.control import read_event, read_spans
from partimento.formats.mei.definitions import Reading, read_definition, words_in
from partimento.formats.mei.durations import spans_of, ticks_of_a_quarter
from partimento.formats.mei.layer import LayerReader
from partimento.formats.mei.pointers import ID, chosen, target, targets, write_out_copies
from partimento.formats.notated import Bar, NotatedScore, bar_length, finished
from partimento.formats.repeats import MOST_TIMES, complete
from partimento.formats.safe_xml import Element, tree_of
from partimento.piece import Piece

_SECTIONS = ("section", "ending", "pb", "sb", "lb", "expansion")
Items = list[Any]  # of a section as it is played: the numbers of bars, and further sections


def piece_from_mei(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in MEI. Raises `UnreadableFile`."""
    root = tree_of(data)
    if root.tag != "mei":
        raise UnreadableFile("not a score", f"XML with the root {root.tag[:40]!r}, which is not MEI")
    return finished(score_of(root), source, limits, repeats)


def score_of(root: Element) -> NotatedScore:
    """The score of an mei element. Raises `UnreadableFile`."""
    write_out_copies(root)
    score = NotatedScore()
    _read_title_page(root, score)
    out, into = ({target(tie.get(end)) for tie in root.iter("tie")} - {""} for end in ("startid", "endid"))
    spelled = any(element.get("accid.ges") for tag in ("note", "accid") for element in root.iter(tag))
    reading = Reading(score, out, into, spans_of(root), spelled, ticks_of_a_quarter(root))
    if any("verovio" in words_in(one).lower() for one in root.iterfind("meiHead//application")):
        reading.drum_channel = "9"  # it counts channels from 0, the guidelines from 1
    order = Sections()
    for mdiv in root.iterfind("music//mdiv"):
        scores = mdiv.findall("score")
        for one in scores:
            order.items.append(order.read(one, reading, ()))
            read_spans(reading)
        if not scores:
            _read_parts([part for parts in mdiv.findall("parts") for part in parts.findall("part")], reading, order)
    complete([bar.marks for bar in score.bars])
    score.order = order.expanded(len(score.bars))
    return score


def _read_title_page(root: Element, score: NotatedScore) -> None:
    for title in root.iterfind("meiHead//titleStmt/title"):
        score.title = score.title or words_in(title)
    for tag in ("composer", "persName[@role='composer']", "creator"):
        score.composer = score.composer or next((words_in(one) for one in root.iterfind(f"meiHead//{tag}")), "")
    availability = "meiHead/fileDesc/pubStmt/availability/"
    score.licence = _first(root, availability + "useRestrict", availability + "distributor")  # Verovio writes the latter
    score.genre = _first(root, "meiHead/workList/work/classification/termList/term[@type='genre']")
    score.made = _first(root, "meiHead/extMeta[@type='made']")


def _first(root: Element, *paths: str) -> str:
    """The words at the first of the paths that is there."""
    return next((words_in(found) for path in paths if (found := root.find(path)) is not None), "")


def _read_parts(parts: list[Element], reading: Reading, order: Sections) -> None:
    """Parts that stand one after another in the file and sound together."""
    score = reading.score
    begin, first = reading.bar.stop, len(score.bars)
    longest: list[Bar] = []
    items: Items = []
    for part in parts:
        reading.bar = Bar(begin, begin)
        reading.staves = {}  # the same number may stand for another staff in each part
        reading.bars_of_layers, reading.repeating = {}, {}
        read = order.read(part, reading, ())
        read_spans(reading)
        if len(score.bars) - first > len(longest):
            longest, items = score.bars[first:], read
        del score.bars[first:]
    score.bars += longest
    if longest:
        reading.bar = longest[-1]
    order.items.append(items)


class Sections:
    """Reads sections, and remembers which bars each holds and in what order expansions have them played."""

    def __init__(self) -> None:
        self.items: Items = []
        self.named: dict[str, Items] = {}
        self.expansions: dict[int, list[str]] = {}  # by the list of the section that each stands in

    def read(self, parent: Element, reading: Reading, endings: tuple[int, ...]) -> Items:
        items: Items = []
        for element in chosen(parent):
            if element.tag == "measure":
                before = len(reading.score.bars)
                _read_measure(element, reading, endings)
                items += range(before, len(reading.score.bars))
            elif element.tag in ("scoreDef", "staffDef"):
                read_definition(element, reading, reading.bar.stop)
            elif element.tag == "expansion":
                self.expansions.setdefault(id(items), targets(element.get("plist")))
            elif element.tag in _SECTIONS:
                numbers = endings
                if element.tag == "ending":
                    numbers = tuple(int(number) for number in re.findall(r"\d{1,2}", element.get("n", "")) if int(number))
                inner = self.read(element, reading, numbers)
                if element.tag == "ending" and numbers and reading.score.bars:
                    reading.bar.marks.ending_stops = True
                items.append(inner)
                self.named[element.get(ID, "")] = inner
        return items

    def expanded(self, bars: int) -> list[int]:
        """The bars as the expansions have them played; empty where there is none."""
        if not self.expansions:
            return []
        most = MOST_TIMES * (bars + 1)
        order = list(islice(self._walk(self.items, 0), most + 1))
        if len(order) > most:
            raise UnreadableFile("too long", "its expansion does not end")
        return order

    def _walk(self, items: Items, depth: int) -> Iterator[int]:
        if depth > 50:
            raise UnreadableFile("too long", "its expansion does not end")
        names = [name for name in self.expansions.get(id(items), ()) if name in self.named]
        for item in [self.named[name] for name in names] or items:
            if isinstance(item, int):
                yield item
            else:
                yield from self._walk(item, depth + 1)


def _read_measure(measure: Element, reading: Reading, endings: tuple[int, ...]) -> None:
    score = reading.score
    start = reading.bar.stop
    reading.bar = bar = Bar(start, start)
    bar.marks.endings = endings
    left, right = measure.get("left", ""), measure.get("right", "")
    if score.bars and left in ("rptend", "rptboth"):
        score.bars[-1].marks.repeat_to = 2
    bar.marks.repeat_from = left in ("rptstart", "rptboth") or reading.repeat_next
    reading.repeat_next = right in ("rptboth", "rptstart")
    place = len(score.bars)
    score.bars.append(bar)
    content, empty, rests = Fraction(0), True, 1
    finished_layers: list[LayerReader] = []
    for element in chosen(measure):
        known = reading.staves.get(element.get("n", ""))
        if element.tag in ("scoreDef", "staffDef"):
            read_definition(element, reading, start)
        if element.tag != "staff" or known is None:
            continue
        signature = known.signature
        for number, layer in enumerate(chosen(element), 1):
            if layer.tag == "layer":
                known.signature, changed = signature, known.signature
                reader = LayerReader(reading, known, element.get("n", ""), layer.get("n", str(number)))
                content = max(content, reader.read(layer, Fraction(0), Fraction(1)))
                if known.signature is signature:
                    known.signature = changed
                empty = empty and not reader.timed
                rests = max(rests, reader.rests)
                finished_layers.append(reader)
    nominal = Fraction(bar_length(Fraction(0), reading.meter))
    bar.stop = start + (nominal if empty else bar_length(content, reading.meter))
    for reader in finished_layers:
        reader.finish()
    if empty:  # a rest of several bars is as many bars
        for _ in range(rests - 1):
            start = reading.bar.stop
            reading.bar = Bar(start, start + nominal)
            reading.bar.marks.endings = endings
            score.bars.append(reading.bar)
            for reader in finished_layers:
                reader.rest()
    reading.bar.marks.repeat_to = 2 if right in ("rptend", "rptboth") else 0
    reading.bar, last = bar, reading.bar
    for element in chosen(measure):
        read_event(element, reading)
        if element.tag == "octave" or (element.tag == "tie" and not (element.get("startid") and element.get("endid"))):
            reading.spanning.append((element, place, reading.meter))
    reading.bar = last

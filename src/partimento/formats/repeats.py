"""In which order bars are played: repeats, endings, da capo and dal segno. Only the marks at bars count, not what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from partimento.errors import UnreadableFile

_LONG_ENDING = 16  # bars
MOST_TIMES = 16  # a stretch is played


Sign = bool | str  # whether a sign stands there; its name, where it has one


@dataclass(slots=True)
class Marks:
    """What stands at one bar. `repeat_to` is how often the stretch up to its end is played in all; 0: no repeat sign."""

    repeat_from: bool = False
    repeat_to: int = 0
    endings: tuple[int, ...] = ()
    ending_stops: bool = False  # at the end of the bar
    segno: Sign = False
    coda: Sign = False
    to_coda: Sign = False
    fine: bool = False
    da_capo: bool = False
    dal_segno: Sign = False
    until: str = ""  # how far one plays after the jump, where it is said: "fine" or "coda"


def read_words(marks: Marks, words: str) -> None:
    """What directions such as `D.S. al Coda`, `Fine` and `To Coda` mark."""
    text = re.sub(r"[^a-z]", "", words.lower())
    if jump := re.fullmatch(r"(dc|dacapo|ds|dalsegno)(al?(fine|coda|segno).*)?", text):
        dal_segno = jump[1] in ("ds", "dalsegno") and jump[3] != "segno"
        marks.dal_segno = marks.dal_segno or dal_segno
        marks.da_capo |= not dal_segno
        marks.until = jump[3] if jump[3] in ("fine", "coda") else marks.until
    marks.fine |= text == "fine"
    marks.to_coda = marks.to_coda or text == "tocoda"


def complete(bars: list[Marks]) -> None:
    """Lets an ending hold from the bar where it starts to the one where it stops, but not before its repeat sign.

    One that is never stopped ends with its repeat sign, or before the stretch that a sign begins.
    """
    holding: tuple[int, ...] = ()
    stopped = False
    for at, bar in enumerate(bars):
        if bar.endings:
            holding, stopped = bar.endings, _stops(bars, at)
        elif bar.repeat_from:
            holding = ()
        bar.endings = holding
        if bar.ending_stops or (bar.repeat_to and not stopped):
            holding = ()
    for at in range(1, len(bars)):
        if bars[at].endings and bars[at - 1].repeat_to and not bars[at - 1].endings:
            first = at - 1  # a bracket that was drawn too short
            while first > 0 and not bars[first].endings and not bars[first].repeat_from and at - first < _LONG_ENDING:
                first -= 1
            for bar in bars[first + 1 : at] if bars[first].endings else []:
                bar.endings = bars[first].endings
    for group in _groups(bars):
        brackets: list[list[Marks]] = []
        for bar in bars[group.start : group.stop]:
            if brackets and brackets[-1][0].endings == bar.endings:
                brackets[-1].append(bar)
            else:
                brackets.append([bar])
        numbers = {number for bracket in brackets for number in bracket[0].endings}
        if numbers != set(range(1, len(numbers) + 1)):  # such as 1 and 3: by their order then
            for number, bracket in enumerate(brackets, 1):
                for bar in bracket:
                    bar.endings = (number,)
    codas = [bar for bar in bars if bar.coda]
    if len(codas) > 1 and not any(bar.to_coda for bar in bars):  # the same sign stands where to leave and where to go on
        codas[0].coda, codas[0].to_coda = False, True


def playing_order(bars: list[Marks]) -> list[int]:
    """The numbers of the bars as they are played; as they are written where the marks would leave one out.

    After a da capo or dal segno, repeats that were played are not taken again and the last ending is played, as is the
    custom (Read, "Music Notation", 1979, ch. 13). Each jump is taken once. Raises `UnreadableFile` when marks would go on for
    ever.
    """
    order: list[int] = []
    last_ending = _last_endings(bars)
    at = start = 0  # of the stretch that may be repeated
    time = 1  # that it is played
    jumps: list[int] = []  # the bars whose jump was taken
    played: set[int] = set()
    while at < len(bars):
        bar = bars[at]
        again = bool(jumps) and at in played
        if at != start and (bar.repeat_from or (at and bars[at - 1].endings and not bar.endings)):
            start, time = at, 1
        if bar.endings and (last_ending[at] if again else time) not in bar.endings:
            at += 1
            continue
        order.append(at)
        played.add(at)
        if len(order) > MOST_TIMES * (len(bars) + 1):
            raise UnreadableFile("too long", "its repeats do not end")
        until = bars[jumps[-1]].until if jumps else ""
        if jumps and bar.fine and until != "coda":
            break
        if jumps and bar.to_coda and until != "fine" and (coda := _named(bars, "coda", bar.to_coda, range(at + 1, len(bars)))):
            at = start = coda
            continue
        if bar.repeat_to and not again:
            if time < (last_ending[at] or min(bar.repeat_to, MOST_TIMES)):
                time += 1
                at = start
                continue
            if not bar.endings:
                start, time = at + 1, 1
        if (bar.da_capo or bar.dal_segno) and at not in jumps:
            jumps.append(at)
            segno = _named(bars, "segno", bar.dal_segno, range(at, -1, -1)) if bar.dal_segno else 0
            at = start = segno or 0
            continue
        at += 1
    return order if set(order) == set(range(len(bars))) else list(range(len(bars)))


def _stops(bars: list[Marks], at: int) -> bool:
    """Whether the ending that starts at a bar is stopped before the next one starts."""
    for number in range(at, len(bars)):
        if number > at and bars[number].endings:
            return False
        if bars[number].ending_stops:
            return True
    return False


def _named(bars: list[Marks], kind: str, name: Sign, places: Iterable[int]) -> int | None:
    """The first of the places with a sign of that kind and name; else the first with one of that kind."""
    signs = [place for place in places if getattr(bars[place], kind)]
    return next((place for place in signs if getattr(bars[place], kind) == name), signs[0] if signs else None)


def _groups(bars: list[Marks]) -> Iterator[range]:
    """The runs of bars under endings."""
    at = 0
    while at < len(bars):
        stop = at
        while stop < len(bars) and bars[stop].endings:
            stop += 1
        if stop > at:
            yield range(at, stop)
        at = max(stop, at + 1)


def _last_endings(bars: list[Marks]) -> list[int]:
    """For each bar under an ending, the highest number among the endings beside it, at least 2; 0 for others."""
    result = [0] * len(bars)
    for group in _groups(bars):
        result[group.start : group.stop] = [max(2, *(max(bars[at].endings) for at in group))] * len(group)
    return result

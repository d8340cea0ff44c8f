"""Which short notes share a beam."""

from __future__ import annotations

from itertools import accumulate

from partimento.notate.meter import beats_of
from partimento.notate.score import Event

_EIGHTH = -3


def set_beams(events: list[Event], bar_start: int, meter: tuple[int, int], whole: int) -> None:
    """Beams notes within a beat; eighths alone also over half a bar, or over a bar of three beats. Rests end a beam."""
    edges = _edges(meter, whole)
    keys = [_group(event, event.start - bar_start, edges) for event in events]
    _part_tuplets(events, keys)
    if meter[1] <= 4:
        _join_eighths(events, keys, len(edges))
    run: list[Event] = []
    before: object = None
    for event, key in zip(events, keys, strict=True):
        beamed = event.kind <= _EIGHTH and bool(event.heads)
        if run and (not beamed or key != before):
            _beam(run)
            run = []
        if beamed:
            run.append(event)
        before = key
    _beam(run)


def _edges(meter: tuple[int, int], whole: int) -> list[int]:
    """Where beam groups start: at quarters, or at the beats of eighths and less."""
    numerator, denominator = meter
    if denominator <= 4:
        return list(range(0, whole * numerator // denominator, whole // 4))
    return [0, *accumulate(beat * whole // denominator for beat in beats_of(numerator, denominator))][:-1]


def _group(event: Event, at: int, edges: list[int]) -> object:
    group = sum(edge <= at for edge in edges)
    if event.tuplet is not None and len(edges) > 1 and event.tuplet.unit > -4 and event.tuplet.actual > 3:
        return id(event.tuplet)  # a tuplet that may be longer than a beat
    return group


def _part_tuplets(events: list[Event], keys: list[object]) -> None:
    """A beam holds a tuplet as a whole or stays inside it: one with rests or longer notes keeps its beams to itself."""
    split = {id(event.tuplet) for event in events if event.tuplet is not None and (event.kind > _EIGHTH or not event.heads)}
    for row, event in enumerate(events):
        if id(event.tuplet) in split:
            keys[row] = id(event.tuplet)


def _join_eighths(events: list[Event], keys: list[object], beats: int) -> None:
    """One beam over two beats, or over three where that is all, if they hold plain eighths alone."""
    size = 3 if beats == 3 else 2
    plain = [event.kind == _EIGHTH and event.dots == 0 and event.tuplet is None and bool(event.heads) for event in events]
    for first in range(1, beats + 1, size):
        members = [row for row, key in enumerate(keys) if key in range(first, first + size)]
        if len(members) == 2 * size and all(plain[row] for row in members):
            for row in members:
                keys[row] = first


def _beam(run: list[Event]) -> None:
    if len(run) < 2:
        return
    counts = [-2 - event.kind for event in run]
    for place, event in enumerate(run):
        before = counts[place - 1] if place else 0
        after = counts[place + 1] if place + 1 < len(run) else 0
        marks = []
        for level in range(1, counts[place] + 1):
            if before >= level and after >= level:
                marks.append("continue")
            elif after >= level:
                marks.append("begin")
            elif before >= level:
                marks.append("end")
            else:
                backward = after == 0 or (before > 0 and run[place - 1].dots > 0)
                marks.append("backward hook" if backward else "forward hook")
        event.beams = tuple(marks)

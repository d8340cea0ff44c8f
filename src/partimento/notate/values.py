"""Time as note values: where a duration is split, dotted, tied, or put into a tuplet.

The rules are those of Gould, "Behind Bars" (2011), p. 166-172: a note may start or end with a stretch of the meter (a bar,
half a bar, a beat, half a beat) and cover most of it, or be a syncopation in its middle; any other one is tied over the
stronger beat. Rests hide no beat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from partimento.bars import is_compound
from partimento.notate.meter import Span, tree_of
from partimento.notate.score import Tuplet

Item = tuple[int, int, bool]  # start and stop in the bar, whether it sounds
Value = tuple[int, int, int, int, int, Tuplet | None]  # number of the item, start, stop, kind, dots, tuplet

_MOST_IN_A_TUPLET = 15  # where a beat would need more, it is divided first
_MOST_ABOVE_A_BEAT = 7
_BREVE = 1


def values_of(items: Sequence[Item], meter: tuple[int, int], whole: int) -> list[Value]:
    """The note values of items that fill a bar one after another, in ticks of which `whole` make a whole note."""
    writer = _Writer(items, meter, whole)
    tree = tree_of(*meter, whole)
    writer.find_tuplets(tree)
    for number, (start, stop, sounds) in enumerate(items):
        for at, end, tuplet in writer.cut_at_tuplets(start, stop):
            span = tree if tuplet is None else tuplet[1]
            writer.emit(number, at, end, span, sounds, None if tuplet is None else tuplet[0])
    return writer.values


@cache
def note_value(numerator: int, denominator: int) -> tuple[int, int] | None:
    """The kind and dots of a duration in whole notes: 3/8 is a dotted quarter, (-2, 1); None where no note says it."""
    shared = math.gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    if denominator & (denominator - 1):
        return None
    zeros = (numerator & -numerator).bit_length() - 1
    dots = {1: 0, 3: 1, 7: 2}.get(numerator >> zeros)
    if dots is None:
        return None
    kind = zeros + dots - denominator.bit_length() + 1
    return (kind, dots) if kind <= _BREVE else None


@cache
def _parts(start: int, length: int) -> tuple[Span, ...]:
    """The halves of a span below the beat; none where it is one tick or odd."""
    half = length // 2
    return () if length % 2 or not half else (Span(start, half), Span(start + half, half))


class _Writer:
    def __init__(self, items: Sequence[Item], meter: tuple[int, int], whole: int) -> None:
        self.items, self.whole = items, whole
        self.odd = whole // (whole & -whole)  # binary places are multiples of it
        self.edges = sorted({edge for start, stop, _ in items for edge in (start, stop)})
        self.beat = whole * 3 // meter[1] if is_compound(*meter) else 0
        self.simple_beat = whole // meter[1]
        self.tuplets: list[tuple[Tuplet, Span]] = []
        self.values: list[Value] = []

    def find_tuplets(self, span: Span) -> None:
        """Puts a tuplet on every stretch of the meter, the smallest that will do, with places that halving does not reach."""
        start, stop = span.start, span.start + span.length
        if not any(edge % self.odd and start < edge < stop for edge in self.edges):
            return
        parts = span.parts or (_parts(start, span.length) if span.length % (2 * self.odd) == 0 else ())
        divisor, depth = self._divisor(span)
        cuts = [part.start for part in parts[1:]]
        whole_cuts = bool(cuts) and not any(
            at % self.odd and end % self.odd and at >= start and end <= stop and at < cut < end
            for at, end, _ in self.items
            for cut in cuts
        )
        above_beat = span.length > max(self.beat, self.simple_beat)
        if above_beat:  # half notes in threes are read; anything with shorter notes in it is tied from beat to beat
            divided = whole_cuts or depth > 0 or divisor > _MOST_ABOVE_A_BEAT
        else:
            divided = (whole_cuts and self._better_divided(parts, divisor, depth)) or divisor > _MOST_IN_A_TUPLET
        if parts and divided:
            for part in parts:
                self.find_tuplets(part)
            return
        # six sixteenths and not three eighths that are all halved
        doubled = divisor == 3 and depth == 1 and sum(start < edge < stop for edge in self.edges) > 3
        self.tuplets.append(self._tuplet(span, 2 * divisor if doubled else divisor))

    def _better_divided(self, parts: tuple[Span, ...], divisor: int, depth: int) -> bool:
        """Whether a beat is read more easily as several tuplets, or as one in a part of it."""
        if depth == 0:
            return False
        return any(
            all(not edge % self.odd for edge in self.edges if part.start < edge < part.start + part.length) for part in parts
        )

    def _divisor(self, span: Span) -> tuple[int, int]:
        """The odd number of equal parts that reaches all edges in the span, and how often these parts are halved for it."""
        odd, depth = 1, 0
        for edge in self.edges:
            if span.start < edge < span.start + span.length:
                denominator = span.length // math.gcd(edge - span.start, span.length)
                halvings = (denominator & -denominator).bit_length() - 1
                odd, depth = math.lcm(odd, denominator >> halvings), max(depth, halvings)
        return odd, depth

    def _tuplet(self, span: Span, actual: int) -> tuple[Tuplet, Span]:
        shared = math.gcd(span.length, self.whole)
        normal = (span.length // shared) >> (((span.length // shared) & -(span.length // shared)).bit_length() - 1)
        while 2 * normal <= actual:
            normal *= 2
        kind = note_value(span.length, self.whole * normal)
        part = span.length // actual
        parts = tuple(Span(span.start + number * part, part) for number in range(actual))
        return Tuplet(actual, normal, kind[0] if kind else -2), Span(span.start, span.length, parts)

    def cut_at_tuplets(self, start: int, stop: int) -> list[tuple[int, int, tuple[Tuplet, Span] | None]]:
        """A stretch of time, cut where tuplets begin and end."""
        result: list[tuple[int, int, tuple[Tuplet, Span] | None]] = []
        at = start
        for tuplet in self.tuplets:  # in the order of time
            first, last = tuplet[1].start, tuplet[1].start + tuplet[1].length
            if last <= at or first >= stop or (start <= first and last <= stop):  # one that covers all of it needs none of it
                continue
            if at < first:
                result.append((at, first, None))
            result.append((max(at, first), min(last, stop), tuplet))
            at = min(last, stop)
        if at < stop:
            result.append((at, stop, None))
        return result

    def emit(self, number: int, start: int, stop: int, span: Span, sounds: bool, tuplet: Tuplet | None) -> None:
        """Writes [start, stop) inside the span as one note value, or cuts it at a boundary of the span."""
        parts = span.parts or _parts(span.start, span.length)
        for part in parts:
            if part.start <= start and stop <= part.start + part.length and span.length > part.length:
                return self.emit(number, start, stop, part, sounds, tuplet)
        length = stop - start
        value = note_value(length * tuplet.actual, self.whole * tuplet.normal) if tuplet else note_value(length, self.whole)
        whole_span = start == span.start and length == span.length and bool(value and value[1] < 2)
        if not parts or (value and (whole_span or self._allowed(start, stop, span, parts, sounds, value[1]))):
            kind, dots = value or (max(-10, math.floor(math.log2(length / self.whole))), 0)
            self.values.append((number, start, stop, kind, dots, tuplet))
            return None
        inside = [part.start for part in parts[1:] if start < part.start < stop]
        aligned = any(part.start == start for part in parts)
        cut = inside[-1] if aligned and sounds else inside[0]
        self.emit(number, start, cut, span, sounds, tuplet)
        self.emit(number, cut, stop, span, sounds, tuplet)
        return None

    def _allowed(self, start: int, stop: int, span: Span, parts: tuple[Span, ...], sounds: bool, dots: int) -> bool:
        """Whether one value may cross boundaries of the span's parts."""
        part = parts[0].length
        even = all(other.length == part for other in parts)
        at, to = start - span.start, stop - span.start
        above_beat = span.length > max(self.beat, self.simple_beat)
        on_parts = even and at % part == 0 and to % part == 0
        if not sounds:
            return on_parts and len(parts) > 2 and at == 0 and not above_beat
        if not even or (self.beat and above_beat and (start % self.beat or stop % self.beat)):
            return False
        if len(parts) > 3:
            return on_parts
        off_beat = len(parts) == 3 and above_beat and at % part  # in three beats, a dotted note begins on one of them
        if at == 0 or (to == span.length and dots < 2 - bool(off_beat)):
            return True
        if len(parts) == 3:
            return on_parts or (at % part == 0 and dots < 2) or (to - at == part and at % part * 2 == part)
        return at * 2 == part and to * 2 == span.length * 2 - part

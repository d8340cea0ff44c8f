"""The order in which the parts of a tune are played, as `P:` says it in the header (ABC standard 2.1, section 3.1.9)."""

from __future__ import annotations

import re
from fractions import Fraction

from partimento.formats.notated import Bar
from partimento.formats.repeats import playing_order

_MOST_PARTS = 1000


def order_of_parts(parts: str, labels: list[tuple[str, Fraction]], bars: list[Bar]) -> list[int]:
    """The numbers of the bars as the header's `P:` has the parts played, from where each begins; none where that is no order."""
    names = _spelled_out(parts)
    starts = dict(reversed(labels))
    if not names or any(name not in starts for name in names):
        return []
    ordered = sorted(set(starts.values()))
    following = dict(zip(ordered, [*ordered[1:], None], strict=True))
    order = [number for number, bar in enumerate(bars) if bar.start < ordered[0]]
    for name in names:
        stop = following[starts[name]]
        inside = [number for number, bar in enumerate(bars) if starts[name] <= bar.start and (stop is None or bar.start < stop)]
        order += [inside[at] for at in playing_order([bars[number].marks for number in inside])]
    return order


def _spelled_out(parts: str) -> str:
    """`A2(BC)2` is AABCBC; nothing where that would be endless."""
    text = re.sub(r"[^A-Za-z0-9()]", "", parts)
    for _ in range(8):
        text = re.sub(r"\(([A-Za-z]*)\)(\d?)", lambda found: found[1] * int(found[2] or 1), text[:_MOST_PARTS])
        text = re.sub(r"([A-Za-z])(\d)", lambda found: found[1] * int(found[2]), text[:_MOST_PARTS])
    return text if text.isalpha() and len(text) < _MOST_PARTS else ""

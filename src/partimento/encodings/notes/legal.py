"""Which event of `notes` may follow: exactly those after which some piece is encoded so. It draws nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.encodings.notes.layout import (
    DENOMINATORS,
    DRUM_PART,
    KEYS,
    LAST_TICK,
    LONGEST,
    MAPS,
    MOST_PARTS,
    NUMERATORS,
    PITCHED,
    TEMPOS,
)
from partimento.encodings.notes.position import Position
from partimento.instruments import DRUMS


def allowed(here: Position, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which ids of field `len(drawn)` may come next, bool [S], S being its size."""
    profile = here.profile
    field = profile.fields[len(drawn)]
    legal = np.zeros(field.size, bool)
    if not drawn:
        for name, yes in _kinds(here).items():
            legal[profile.kind(name)] = yes
        return legal
    first, stop, without = _ids(here, profile.kinds[drawn[0] - 1], field.name, drawn)
    legal[first : max(stop, first + 1)] = True
    if without:
        legal[without] = False
    return legal


def _kinds(here: Position) -> dict[str, bool]:
    if here.last == "end":
        return {}
    declares = here.profile.parts and here.last in ("", "part")
    if declares and not here.parts:
        return {"part": True}
    if here.tie_due:
        return {"tie": True}
    room = _room(here)
    legal = {"note": True, "tie": here.last == "note", "end": here.last in ("note", "tie")}
    if declares:
        legal["part"] = len(here.parts) < MOST_PARTS
    legal["wait"] = _may_continue(here, "wait") and room > LONGEST
    if here.profile.beats:
        legal["bar"] = here.last != "wait" and _may_continue(here, "bar") and here.bar_tick + here.bar_length <= LAST_TICK
        legal |= {kind: _least_time(here, kind) < room for kind in MAPS}
    return legal


def _room(here: Position) -> int:
    """The next event of this bar lies less than so many ticks from here."""
    stop = LAST_TICK + 1
    return (min(stop, here.bar_tick + here.bar_length) if here.profile.beats else stop) - here.tick


def _may_continue(here: Position, kind: str) -> bool:
    """Bars and waits are as long as can be; so one follows the same only where that is the longest."""
    return here.last != kind or here.last_time == LONGEST


def _least_time(here: Position, kind: str) -> int:
    """0 where an event of this kind may follow in the same moment; otherwise 1."""
    if kind == "note" or here.last in ("", "part", "bar", "wait"):
        return 0
    return 0 if here.last in MAPS and MAPS.index(kind) > MAPS.index(here.last) else 1


def _ids(here: Position, kind: str, field: str, drawn: tuple[int, ...]) -> tuple[int, int, int]:
    """The ids first..stop - 1 that may be drawn, and one among them that may not (0: none); (0, 1, 0) where none applies."""
    none = (0, 1, 0)
    if field == "time":
        if kind == "bar":
            return 1, 1 + min(LONGEST, (LAST_TICK - here.bar_tick) // here.bar_length), 0
        if kind == "wait":
            return 1, 1 + min(LONGEST, (_room(here) - 1) // LONGEST), 0
        return none if kind in ("part", "tie", "end") else (1 + _least_time(here, kind), 1 + min(LONGEST, _room(here)), 0)
    if kind == "part":
        return _of_part(here, field, drawn)
    if kind == "note" and here.profile.parts:
        return _of_chord(here, field, drawn)
    if kind == "note":
        at, last = len(drawn), here.note
        # a note with time 0 in a chord must not come before the last one: the fields ascend, the earlier ones counting for more
        bound = last is not None and drawn[1] == 1 and list(drawn[2:]) == list(last[2:at])
        return last[at] if bound and last is not None else 1, here.profile.fields[at].size, 0
    if field == "pitch" and kind in MAPS:
        if kind == "meter":
            return 1, 1 + NUMERATORS, 0
        return (1, 1 + KEYS, here.key) if kind == "key" else (1, 1 + TEMPOS, here.tempo)
    if field == "duration" and kind == "tie":
        return max(1, here.tie_due), 1 + LONGEST, 0
    if field == "duration" and kind == "meter":
        begins = here.tick + drawn[1] - 1 == here.bar_tick  # a meter that changes nothing is not stated
        same = begins and drawn[2] == here.numerator
        return 1, 1 + DENOMINATORS, here.denominator.bit_length() if same else 0
    return none


def _of_part(here: Position, field: str, drawn: tuple[int, ...]) -> tuple[int, int, int]:
    """A part is of any instrument; one at most is drums, said by the duration of program 0."""
    if field == "pitch":
        return 1, 1 + (DRUMS if here.profile.instrument else 1), 0
    if field == "duration":
        may_drum = here.profile.instrument and drawn[2] == 1 and DRUMS + 1 not in here.parts
        return PITCHED, 1 + (DRUM_PART if may_drum else PITCHED), 0
    return (len(here.parts) + 1, len(here.parts) + 2, 0) if field == "part" else (0, 1, 0)


def _of_chord(here: Position, field: str, drawn: tuple[int, ...]) -> tuple[int, int, int]:
    """Notes of one time ascend by pitch and part: no part strikes one key twice at once."""
    count, size = len(here.parts), here.profile.fields[len(drawn)].size
    last = here.note if here.note is not None and drawn[1] == 1 else None
    if field == "pitch":
        lowest = 1 if last is None else last[2] + (last[-1] == count)
        return lowest, size, 0
    if field == "part":
        lowest = last[-1] + 1 if last is not None and last[2] == drawn[2] else 1
        return lowest, 1 + count, 0
    return 1, size, 0

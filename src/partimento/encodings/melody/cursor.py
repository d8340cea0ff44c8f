"""The cursor of `melody`: one event after another, so the tick is the sum of all lengths."""

from __future__ import annotations

from collections.abc import Sequence

from partimento.encodings.cursor import HistoryCursor, NextNote, Note, OfWhole
from partimento.encodings.melody.note_values import TICKS_PER_QUARTER


class MelodyCursor(HistoryCursor):
    """Notes, rests and ties, each of `length` [durations + 1] in ticks, one after another; only notes have the ids 1..highest,
    whose first is the MIDI pitch `lowest`."""

    ticks_per_quarter = TICKS_PER_QUARTER

    def __init__(self, encoding: OfWhole, length: Sequence[int], lowest: int, highest: int) -> None:
        super().__init__(encoding)
        self._length_of, self._lowest, self._highest = length, lowest, highest

    def push(self, event: Sequence[int]) -> None:
        super().push(event)
        end = self.tick + self._length_of[event[1]]
        is_note = 0 < event[0] <= self._highest
        self.notes_begun = [Note(self.tick, end, event[0] - 1 + self._lowest)] if is_note else []
        self.tick, self.bar_tick = end, end - end % (4 * TICKS_PER_QUARTER)

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        return None if drawn else NextNote(self.tick, range(1, self._highest + 1), self._lowest)

"""Intervals as scores: what an encoding says sounds before an event, against the pitches that may come.

Columns are those of `Encoding.context`: ids int64 [B, T, C], known before the event that is predicted. Pitches in them are
MIDI pitch + 1, 0 where there is none; so are those called `sounding` here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partimento.encodings import Pitches
from partimento.models.field_sizes import WIDEST


class IntervalScores(nn.Module):
    """A score for each id of a pitch field: the sum over references of that of the interval from it."""

    def __init__(self, width: int, pitches: Pitches, choices: int, first: int) -> None:
        super().__init__()
        self.references = len(pitches.references) + len(pitches.within)
        self.project = nn.Linear(width, self.references * (2 * WIDEST + 1), bias=False)
        nn.init.zeros_(self.project.weight)
        self.before = pitches.first - first  # ids that are no pitch
        self.pitches, self.lowest = choices - self.before, pitches.lowest

    def forward(self, h: Tensor, sounding: Tensor) -> Tensor:
        """Scores [B, T, S] of each of S ids, from h [B, T, D] and the references [B, T, R], MIDI pitch + 1; any leading dimensions
        will do."""
        scores = self.project(h).reshape(*sounding.shape, -1)
        scores = scores * (sounding > 0)[..., None]
        pitch = torch.arange(self.pitches, device=h.device) + self.lowest + 1
        interval = (pitch - sounding[..., None]).clamp(-WIDEST, WIDEST) + WIDEST  # [..., R, pitch]
        own = scores.gather(-1, interval).sum(-2)
        return nn.functional.pad(own, (self.before, 0))


class PitchChain:
    """References of the pitch fields as they are drawn one after another: from the context, then from what was drawn."""

    def __init__(self, pitches: tuple[Pitches, ...], context: Tensor) -> None:
        self.pitches, self.context = {one.field: one for one in pitches}, context
        self.drawn: dict[int, Tensor] = {}

    def draw(self, field: int, ids: Tensor) -> Tensor | None:
        """Takes the ids [B, T] of a field; gives their interval from its own last pitch as ids 0..2 WIDEST + 1, [B, T], if it is a
        pitch."""
        if field not in self.pitches:
            return None
        spec = self.pitches[field]
        last = self.context[..., spec.references[0]]
        sounding = torch.where(ids >= spec.first, ids - spec.first + spec.lowest + 1, torch.where(ids == spec.held, last, 0))
        self.drawn[field] = sounding
        return torch.where((sounding > 0) & (last > 0), (sounding - last).clamp(-WIDEST, WIDEST) + WIDEST + 1, 0)

    def references(self, field: int) -> Tensor:
        """What the scores of a pitch field count from, [B, T, R]: MIDI pitch + 1, 0 where there is none."""
        spec = self.pitches[field]
        return torch.stack([*(self.context[..., at] for at in spec.references), *(self.drawn[f] for f in spec.within)], -1)

    def passed(self, field: int, choices: int, first: int) -> Tensor:
        """Which of S ids from `first` on of an ascending field are pitches not above its last one, bool [B, T, S]."""
        spec = self.pitches[field]
        last = self.context[..., spec.references[0], None]  # MIDI pitch + 1
        ids = torch.arange(first, first + choices, device=last.device)
        return (ids >= spec.first) & (ids - spec.first + spec.lowest < last)

"""What the training chorales say of a slot before it is drawn: tunes that went alike, and counted contexts. It knows no network.

A training piece never finds itself in the memory (leave one out), so that the network meets the memory in training as it will
on new pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from jsb_past import CONTEXTS, INTERVALS, NONE, REST, Context, Symbols, contexts, heard_key, last_pitches, own_matches, uses

TUNES = 4  # places in the training pieces whose soprano went alike
NOW, LAST, BEFORE, OWN, TUNE = (slice(*ends) for ends in ((0, 4), (4, 8), (8, 12), (12, 24), (24, 40)))  # columns of `pitch`
_NEAREST = 24  # places looked at in search of TUNES different pieces

Counts = dict[Context, dict[int, int]]


@dataclass(frozen=True)
class Slots:
    """Features of the slots of one piece or of several end to end, T first."""

    pitch: Symbols  # [T, 40] symbols, which move with a transposition: the slot itself, and the slices above
    small: Symbols  # [T, 12] slots since each voice's change 0-3, place in 16 slots 4, lengths of own matches 5-7, of tunes 8-11
    key: Symbols  # [T, 2] tonic (-1 unknown) and mode heard in the past
    uses: npt.NDArray[np.float16]  # [T, 4, 46, USES] use of each candidate pitch in the piece's past
    shares: npt.NDArray[np.float16]  # [T, 4, CONTEXTS, INTERVALS] what followed each context, over intervals to the last pitch
    seen: Symbols  # [T, 4, CONTEXTS] how often each context was met, in buckets

    @classmethod
    def joined(cls, parts: Iterable[Slots]) -> Slots:
        """Several pieces end to end."""
        rows = list(parts)
        return cls(*(np.concatenate([getattr(row, field.name) for row in rows]) for field in fields(cls)))


class Memory:
    """The training pieces, as a place to look things up. With `remember` false nothing is ever found in them, which leaves the
    features of a piece's own past: for measuring what the memory is worth."""

    def __init__(self, pieces: list[Symbols], remember: bool = True) -> None:
        self.notes = np.concatenate(pieces)
        self.piece = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        self.first = np.r_[True, self.piece[1:] != self.piece[:-1]]
        parts = [_steps(piece) for piece in pieces]
        self.step, self.shape, self.chord = (np.concatenate([part[i] for part in parts]) for i in range(3))
        if not remember:
            self.step, self.chord = np.full_like(self.step, 1000), np.full_like(self.chord, -1)  # what no piece has
        self.counts: Counts = {}
        self.own: list[Counts] = []
        for piece in pieces:
            own: Counts = {}
            for row in contexts(piece) if remember else []:
                for keys, followed in row:
                    for key in keys:
                        for counts in (own.setdefault(key, {}), self.counts.setdefault(key, {})):
                            counts[followed] = counts.get(followed, 0) + 1
            self.own.append(own)

    def slots(self, piece: Symbols, index: int = -1) -> Slots:
        """All features of a piece; `index` says which training piece it is, to be left out."""
        last, before, _, age = last_pitches(piece)
        own, own_lengths = own_matches(piece)
        tune, tune_lengths = self.tunes(piece, index)
        shares, seen = self.followers(piece, self.own[index] if index >= 0 else {})
        place = (np.arange(len(piece)) % 16)[:, None]
        pitch = np.concatenate([piece, last, before, own, tune], 1).astype(np.int16)
        small = np.concatenate([age, place, own_lengths, tune_lengths], 1).astype(np.int16)
        return Slots(pitch, small, heard_key(piece), uses(piece), shares, seen)

    def tunes(self, piece: Symbols, left_out: int = -1) -> tuple[Symbols, Symbols]:
        """The `TUNES` training pieces (each once) whose soprano's past agrees longest with this one's in some transposition, ties
        by the agreement of all voices: what came next there, moved to this key [T, 4 voices x TUNES], and how long the soprano
        agreed [T, TUNES] in buckets."""
        N, T = len(self.notes), len(piece)
        step, shape, chord = _steps(piece)
        tune, chords = np.zeros(N + 1, np.int16), np.zeros(N + 1, np.int16)  # at s: how long piece[:t] and notes[:s] end alike
        found, lengths = np.full((T, 4, TUNES), NONE, np.int16), np.zeros((T, TUNES), np.int16)
        for t in range(T):
            if t and piece[t - 1, 0] != REST:
                beat = t % 4
                rank = tune[beat:N:4].astype(np.int32) * 64 + np.minimum(chords[beat:N:4], 63)
                if left_out >= 0:
                    rank[self.piece[beat::4] == left_out] = -1
                nearest = min(_NEAREST, len(rank) - 1)
                best = np.argpartition(-rank, nearest)[:nearest]
                used: list[int] = []
                for s in best[np.argsort(-rank[best], kind="stable")] * 4 + beat:
                    if tune[s] < 2 or self.first[s] or self.notes[s - 1, 0] == REST or self.piece[s] in used or len(used) == TUNES:
                        continue
                    followed = self.notes[s].astype(int)
                    moved = followed + int(piece[t - 1, 0]) - int(self.notes[s - 1, 0])
                    moved = np.where((moved < 0) | (moved >= REST), NONE, moved)
                    found[t, :, len(used)] = np.where(followed == REST, REST, moved)
                    lengths[t, len(used)] = min(tune[s], 127)
                    used.append(int(self.piece[s]))
            if t == 0:  # a first slot agrees with every first slot, its chord with those of the same shape
                tune[1:], chords[1:] = self.first, self.first & (self.shape == shape[0])
            else:
                tune[1:] = np.where(self.first, 1, np.where(self.step == step[t], tune[:-1] + 1, 0))
                chords[1:] = np.where(~self.first & (self.chord == chord[t]), chords[:-1] + 1, 0)
        edges = [1, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100]
        return found.reshape(T, -1), np.searchsorted(edges, lengths, side="right").astype(np.int16)

    def followers(self, piece: Symbols, own: Counts) -> tuple[npt.NDArray[np.float16], Symbols]:
        """Shares of what followed each context, in the training pieces less the counts `own` and in this piece so far, and how
        often it was met, in buckets."""
        T = len(piece)
        shares, seen = np.zeros((T, 4, CONTEXTS, INTERVALS), np.float16), np.zeros((T, 4, CONTEXTS), np.int16)
        here: dict[Context, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for t, row in enumerate(contexts(piece)):
            for v, (keys, _) in enumerate(row):
                for c, key in enumerate(keys):
                    less, more = own.get(key, {}), here.get(key, {})
                    counts = {y: count - less.get(y, 0) for y, count in self.counts.get(key, {}).items()}
                    for y, count in more.items():
                        counts[y] = counts.get(y, 0) + count
                    total = sum(counts.values())
                    for y, count in counts.items():
                        shares[t, v, c, y] = count / (total + 0.5)
                    seen[t, v, c] = min(total, 999)
            for keys, followed in row:
                for key in keys:
                    here[key][followed] += 1
        return shares, np.searchsorted([1, 2, 3, 5, 9, 17, 33, 65], seen, side="right").astype(np.int16)


def _steps(piece: Symbols) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of each slot: the soprano's step from the slot before (98 into or out of a rest, 99 at the start), the chord's shape, and
    both as one code."""
    pitch = piece.astype(np.int64)
    rest = pitch == REST
    step = np.full(len(piece), 99, np.int64)
    in_or_out = np.where(rest[1:, 0] == rest[:-1, 0], 0, 98)
    step[1:] = np.where(rest[1:, 0] | rest[:-1, 0], in_or_out, pitch[1:, 0] - pitch[:-1, 0])
    above = np.where(rest[:, 1:] | rest[:, :1], 120, pitch[:, 1:] - pitch[:, :1] + 60)
    shape = (above[:, 0] * 128 + above[:, 1]) * 128 + above[:, 2]
    return step, shape, (step + 100) * 128**3 + shape

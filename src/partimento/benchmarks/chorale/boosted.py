"""Boosted trees for the notes on the eighths of chorales. Between them hardly anything begins, and they are not used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale import features
from partimento.benchmarks.chorale.candidates import SYMBOLS, Floats, Table, answers, candidates
from partimento.benchmarks.chorale.features import Row
from partimento.benchmarks.chorale.past import Symbols
from partimento.benchmarks.chorale.trees import Trees, grow, joined, scores, sound
from partimento.progress import OnProgress, silent

GRAIN = 2  # sixteenths from one slot that is asked about to the next
LOTS = 4  # of trees for each voice, each grown by other chances; their scores are averaged
_AT_ONCE = 4096  # slots


class Boosted:
    """Trees for each voice, and p of each voice's symbols in the pieces they were grown on, `unigram` [4, SYMBOLS]."""

    def __init__(self, trees: Sequence[Trees], unigram: Floats) -> None:
        self.trees, self.unigram = list(trees), unigram
        digest = hashlib.sha256(unigram.tobytes())
        for array in (array for of_voice in trees for array in of_voice):
            digest.update(array.tobytes())
        self.digest = digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Boosted) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __deepcopy__(self, _: object) -> Self:
        return self  # never changed

    @classmethod
    def grown(cls, pieces: Sequence[Symbols], rows: Sequence[Row], seed: int, on_progress: OnProgress = silent) -> Self:
        """From pieces [T, 4] and their features, without what the memory has of each piece itself. Tells how many lots of
        trees are done."""
        counts = np.ones((4, SYMBOLS))
        for piece in pieces:
            np.add.at(counts, (np.arange(4), piece), 1)
        unigram = (counts / counts.sum(1, keepdims=True)).astype(np.float32).astype(np.float64)  # as it is kept
        now = np.concatenate([np.zeros((0, 4), np.int64), *(piece[::GRAIN] for piece in pieces)]).astype(np.int64)
        slots = np.concatenate([np.zeros((0, features.WIDTH), np.float16), *(row[::GRAIN] for row in rows)])
        seeds = np.random.default_rng(seed).integers(2**31, size=(4, LOTS)).tolist()
        of_voices = []
        for voice in range(4):
            found = candidates(voice, slots, unigram[voice])
            asked, right = answers(voice, slots, now, found), found.symbols == now[:, voice, None]
            lots = []
            for lot in range(LOTS):
                on_progress("growing trees", voice * LOTS + lot, 4 * LOTS)
                lots.append(grow(asked, right, found.first, found.rest, seeds[voice][lot]))
            of_voices.append(joined(lots))
        on_progress("growing trees", 4 * LOTS, 4 * LOTS)
        return cls(of_voices, unigram)

    def law(self, voice: int, rows: Row, now: Table) -> Floats:
        """ln p of a voice's symbols [N, SYMBOLS] in slots, on eighths, of the features `rows` [N, WIDTH] and symbols `now` [N, 4]
        drawn, of which those from the voice on are not looked at."""
        law = np.zeros((len(rows), SYMBOLS))
        for at in range(0, len(rows), _AT_ONCE):
            part = slice(at, at + _AT_ONCE)
            found = candidates(voice, rows[part], self.unigram[voice])
            score = found.first + scores(self.trees[voice], answers(voice, rows[part], now[part], found)) / LOTS
            law[part] = found.law
            np.put_along_axis(law[part], found.symbols, score, 1)
        law -= np.log(np.exp(law).sum(1, keepdims=True))
        return law

    def laws(self, rows: Row, piece: Symbols) -> npt.NDArray[np.float32]:
        """ln p [T, 4, SYMBOLS] of the symbols of a whole piece [T, 4]; 0 between the eighths."""
        laws = np.zeros((*piece.shape, SYMBOLS), np.float32)
        for voice in range(4):
            laws[::GRAIN, voice] = self.law(voice, rows[::GRAIN], piece[::GRAIN].astype(np.int64))
        return laws

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """All that it is, by names, each of a shape [...] of its own."""
        named = {f"{voice}.{name}": array for voice, one in enumerate(self.trees) for name, array in one._asdict().items()}
        return {**named, "unigram": self.unigram.astype(np.float32)}

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[Any]]) -> Self | None:
        """From what `tensors` gave, arrays [...] by name; None where these are no trees."""
        types = {"column": "int16", "value": "float32", "left": "int32", "root": "int64"}
        if set(tensors) != {"unigram", *(f"{voice}.{name}" for voice in range(4) for name in types)}:
            return None
        if any(tensors[f"{voice}.{name}"].dtype.name != kind for voice in range(4) for name, kind in types.items()):
            return None
        trees = [Trees(*(np.ascontiguousarray(tensors[f"{voice}.{name}"]) for name in Trees._fields)) for voice in range(4)]
        unigram = tensors["unigram"].astype(np.float64)
        if unigram.shape != (4, SYMBOLS) or not np.isfinite(unigram).all() or not (unigram > 0).all():
            return None
        return cls(trees, unigram) if all(sound(one, QUESTIONS[voice]) for voice, one in enumerate(trees)) else None


def _questions(voice: int) -> int:
    row = np.zeros((1, features.WIDTH), np.float16)
    found = candidates(voice, row, np.full(SYMBOLS, 1 / SYMBOLS))
    return int(answers(voice, row, np.zeros((1, 4), np.int64), found).shape[2])


QUESTIONS = [_questions(voice) for voice in range(4)]  # about each voice

"""A forest that asks about each note of a chorale before it is drawn: counted contexts that are chosen by what they tell.

A training piece is answered by trees that were grown without it, as a new piece is. All questions are relative to the voice's last
pitch or to the key heard, and about what the rows of `listener.py` hold. It knows no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from partimento.models.chorale import listener as said
from partimento.models.chorale.listener import OF_VOICE, VOICES, Row
from partimento.models.chorale.memory import TUNES
from partimento.models.chorale.past import AGO, CONTEXTS, INTERVALS, REST, Symbols
from partimento.models.chorale.trees import Trees, add_laws, grow, joined, sound

FOLDS, TREES = 4, 20  # trees of each fold, for each voice on beats and on eighths; half as many between
UNRELATED = 99  # where an answer would be an interval, and one of its ends is no pitch
_PLACES = [TREES, TREES, TREES // 2]  # on the beat, on the eighth between, on the other sixteenths
_PLACE = np.array([0, 2, 1, 2])

Table = npt.NDArray[np.int64]  # [T] or, of all questions, [T, F]
Laws = npt.NDArray[np.float64]  # [T, INTERVALS] probabilities of the interval to the voice's last pitch


class Forest:
    """Trees for each voice and place in the beat, of each fold of `pieces` training pieces."""

    def __init__(self, trees: Sequence[Trees], pieces: int) -> None:
        self.trees, self.fold = trees, _folds(pieces)
        digest = hashlib.sha256()
        for array in (array for of_voice in trees for array in of_voice):
            digest.update(array.tobytes())
        self.digest = digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Forest) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __deepcopy__(self, _: object) -> Self:
        return self  # never changed

    @classmethod
    def grown(cls, pieces: Sequence[Symbols], asked: Sequence[Sequence[Table]]) -> Self:
        """From the answers to the questions about each voice of each piece, as `answers` gives them."""
        fold = np.repeat(_folds(len(pieces)), [len(piece) for piece in pieces])
        place = np.concatenate([np.zeros(0, np.int64), *(_PLACE[np.arange(len(piece)) % 4] for piece in pieces)])
        classes = np.concatenate([np.zeros((0, 4), np.int64), *map(_classes, pieces)])
        seeds = np.random.default_rng(0)
        of_voices = []
        for voice in range(4):
            columns = _columns(np.concatenate([np.zeros((0, QUESTIONS[voice]), np.int64), *(one[voice] for one in asked)]))
            of_voice, trees = np.ascontiguousarray(classes[:, voice]), []
            for where, count in enumerate(_PLACES):
                prior = np.bincount(of_voice[place == where], minlength=INTERVALS) + 0.5  # all pieces', above roots: ten rows
                for k in range(FOLDS):
                    inside = np.flatnonzero((place == where) & (fold != k))
                    for _ in range(count):
                        trees.append(grow(columns, of_voice, inside, prior / prior.sum(), int(seeds.integers(2**31))))
            of_voices.append(joined(trees))
        return cls(of_voices, len(pieces))

    def law(self, voice: int, rows: Row, now: Table, fold: int = -1) -> Laws:
        """What the trees say of a voice in slots of which `rows` [T, WIDTH] are said and symbols `now` [T, 4] drawn, of which those
        from the voice on are not looked at; with a `fold`, the trees that were grown without it."""
        columns, total = _columns(answers(voice, rows, now)), np.zeros((len(rows), INTERVALS))
        place, first, trees = _PLACE[rows[:, said.PLACE.start].astype(int) % 4], 0, self.trees[voice]
        for where, count in enumerate(_PLACES):
            roots = trees.root[first : first + FOLDS * count]
            roots = roots if fold < 0 else roots[fold * count : (fold + 1) * count]
            add_laws(trees, roots, columns, np.flatnonzero(place == where), total)
            first += FOLDS * count
        law: Laws = total / total.sum(1, keepdims=True)
        return law

    def fill(self, rows: Row, piece: Symbols, left_out: int = -1) -> None:
        """Writes the laws of a piece [T, 4] into what is said of it; of a training piece, by trees grown without it."""
        fold = int(self.fold[left_out]) if left_out >= 0 else -1
        of_voices, now = rows[:, VOICES].reshape(-1, 4, OF_VOICE), piece.astype(np.int64)
        for voice in range(4):
            of_voices[:, voice, said.LAW] = self.law(voice, rows, now, fold)

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """All that it is, by names."""
        named = {f"{voice}.{name}": array for voice, one in enumerate(self.trees) for name, array in one._asdict().items()}
        return {name: array.astype(np.float16) if name.endswith("law") else array for name, array in named.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[Any]], pieces: int) -> Self | None:
        """From what `tensors` gave; None where it is no forest."""
        types = {"column": "int16", "value": "int16", "ordered": "bool", "left": "int32", "root": "int64", "law": "float32"}
        if set(tensors) != {f"{voice}.{name}" for voice in range(4) for name in types}:
            return None
        tensors = {name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in tensors.items()}
        if any(array.dtype.name != types[name.split(".")[1]] for name, array in tensors.items()):
            return None
        trees = [Trees(*(np.ascontiguousarray(tensors[f"{voice}.{name}"]) for name in Trees._fields)) for voice in range(4)]
        count = FOLDS * sum(_PLACES)
        right = (sound(one, QUESTIONS[voice], INTERVALS) and len(one.root) == count for voice, one in enumerate(trees))
        return cls(trees, pieces) if all(right) else None


def _folds(pieces: int) -> Table:
    return np.random.default_rng(0).permutation(pieces) % FOLDS


def _columns(asked: Table) -> npt.NDArray[np.int16]:
    return np.ascontiguousarray(asked.T.astype(np.int16))


def _classes(piece: Symbols) -> Table:
    now, last = piece.astype(np.int64), np.full(piece.shape, REST, np.int64)
    last[1:] = now[:-1]
    return np.where((now >= REST) | (last >= REST), INTERVALS - 1, (now - last).clip(-13, 13) + 13)


def answers(voice: int, rows: Row, now: Table) -> Table:
    """The answers [T, F] to the questions about a voice in slots of which `rows` are said. Of the slots' own symbols `now` [T, 4]
    they know those drawn before."""
    T, v, drawn = len(rows), voice, range(voice)

    def of(columns: slice) -> Table:
        return rows[:, columns].astype(np.int64)

    last, before, earlier, small, age = of(said.LAST), of(said.BEFORE), of(said.EARLIER), of(said.SMALL), of(said.AGE)
    tonic, mode = of(said.KEY).T
    own, tune = of(said.OWN).reshape(T, 3, 4), of(said.TUNE).reshape(T, 4, TUNES)
    ago = dict(zip(AGO, of(said.AGO_SYMBOLS).reshape(T, len(AGO), 4).swapaxes(0, 1), strict=True))
    lately = dict(zip(AGO, of(said.LATELY).reshape(T, len(AGO), 4).swapaxes(0, 1), strict=True))
    of_voice = rows[:, VOICES].reshape(T, 4, OF_VOICE)[:, voice]
    shares, found = of_voice[:, said.SHARE].reshape(T, CONTEXTS, INTERVALS), of_voice[:, said.SEEN].astype(np.int64)
    top = np.where(found == 0, 40, shares.argmax(-1))
    share = (shares.max(-1).astype(float) * 20).astype(np.int64)

    base = last[:, v]
    asked = [small[:, 4], mode, *of(said.SINCE).T, lately[4].sum(1), lately[2].sum(1), base, lately[16][:, v]]
    for u in range(4):
        degrees = [_degree(line[:, u], tonic) for line in (last, ago[4], ago[8])]
        asked += [age[:, u], *degrees, _step(last[:, u], before[:, u]), _step(before[:, u], earlier[:, u]), lately[8][:, u]]
        asked += [_step(line[:, u], base) for line in (last, before, ago[2], ago[4], ago[8], ago[16])]
    for u in drawn:
        step = _step(now[:, u], base)
        asked += [step, _folded(step), _step(now[:, u], last[:, u]), _degree(now[:, u], tonic)]
        asked += [_folded(_step(now[:, u], now[:, w])) for w in range(u)]
    votes = np.zeros((T, UNRELATED + 1))  # of the tunes found, by how long they agree
    for m in range(3):
        agree = (own[:, m, :voice] == now[:, :voice]).sum(1)
        asked += [_step(own[:, m, v], base), small[:, 5 + m], agree]
    for m in range(TUNES):
        agree = (tune[:, :voice, m] == now[:, :voice]).sum(1)
        step, length = _step(tune[:, v, m], base), small[:, 8 + m]
        asked += [step, length, agree]
        votes[np.arange(T), step + 30 * (step < UNRELATED)] += np.where(step < UNRELATED, (length + 0.1) * (1 + agree), 0)
    asked += [votes.argmax(1), votes.max(1).astype(np.int64)]
    for c in range(CONTEXTS):
        asked += [top[:, c], share[:, c], found[:, c]]
    return np.stack(asked, 1)


def _step(pitch: Table, other: Table) -> Table:
    return np.where((pitch >= REST) | (other >= REST), UNRELATED, (pitch - other).clip(-30, 30))


def _folded(step: Table) -> Table:
    return np.where(step == UNRELATED, UNRELATED, step % 12)


def _degree(pitch: Table, tonic: Table) -> Table:
    return np.where((pitch >= REST) | (tonic < 0), 12, (pitch - tonic) % 12)


QUESTIONS = [
    answers(voice, np.zeros((1, said.WIDTH), np.float16), np.zeros((1, 4), np.int64)).shape[1] for voice in range(4)
]  # about each voice

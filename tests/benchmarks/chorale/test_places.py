"""Places that went alike, and their votes: equal to slow twins."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.benchmarks.chorale import memory
from partimento.benchmarks.chorale.memory import PLACES, Memory, Tunes
from partimento.benchmarks.chorale.own_repeats import OWN, OwnRepeats
from partimento.benchmarks.chorale.past import BASS, INTERVALS, NONE, REST, Symbols
from partimento.benchmarks.chorale.places import LISTS, VOTES, Places
from tests.benchmarks.chorale.made import TRAIN, chorale

PIECE = np.concatenate([chorale(7, 24), np.where(chorale(7) < REST - 3, chorale(7) + 3, REST)[:20], chorale(8, 12)]).astype(
    np.int16
)
MEMORY = Memory(TRAIN)


def steps(piece: Symbols, kind: int) -> list[tuple[int, ...]]:
    """What must be alike in each slot: the step of the soprano, or of the bass; or the soprano's, and the chord above it."""
    found: list[tuple[int, ...]] = []
    for t, slot in enumerate(piece.astype(int).tolist()):
        voice = BASS if kind == 1 else 0
        before = int(piece[t - 1, voice]) if t else -1
        step = (
            (99,) if not t else (0 if slot[voice] == before else 98,) if REST in (slot[voice], before) else (slot[voice] - before,)
        )
        apart = [99 if REST in (slot[0], other) else other - slot[0] for other in slot[1:]]
        found.append((*step, *apart) if kind == 2 else step)
    return found


def agree(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> int:
    length = 0
    while length < min(len(one), len(other)) and one[-1 - length] == other[-1 - length]:
        length += 1
    return length


def moved(slot: Symbols, before: int, pitch: int) -> list[int]:
    if REST in (before, pitch):
        return [NONE] * 4
    return [
        REST if symbol == REST else symbol + pitch - before if 0 <= symbol + pitch - before < REST else NONE
        for symbol in slot.tolist()
    ]


def test_places_in_the_piece_itself() -> None:
    own, codes, longest = OwnRepeats(), [steps(PIECE, kind) for kind in range(3)], 0
    for t in range(len(PIECE)):
        following, lengths = own.found()
        for kind, voice in enumerate((0, BASS, 0)):
            ranked = sorted(
                (-length, -s) for s in range(1, t) if (t - s) % 4 == 0 and (length := agree(codes[kind][:s], codes[kind][:t])) >= 2
            )[:OWN]
            part = slice(kind * OWN, kind * OWN + len(ranked))
            assert lengths[part].tolist() == [-length for length, _ in ranked]
            expected = [moved(PIECE[-s], int(PIECE[-s - 1, voice]), int(PIECE[t - 1, voice])) for _, s in ranked]
            assert following[part].tolist() == expected
            assert not lengths[part.stop : (kind + 1) * OWN].any()
        longest = max(longest, int(lengths.max()))
        own.push(PIECE[t].tolist())
    assert longest >= 6


def test_places_in_the_training_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the soprano, and by all voices: the longest, two of a piece at most."""
    monkeypatch.setattr(memory, "_NEAREST", 1000)
    piece = np.concatenate([np.where(TRAIN[2] < REST - 3, TRAIN[2] + 3, TRAIN[2])[:24], chorale(11, 8)]).astype(np.int16)
    tunes, longest = Tunes(MEMORY, left_out=4), 0
    for t in range(len(piece)):
        for by_chords in (False, True):
            following, lengths = tunes.places(by_chords)
            found = []
            for number, other in enumerate(TRAIN):
                for s in range(t % 4 or 4, len(other), 4) if number != 4 else ():
                    if t and REST not in (other[s - 1, 0], piece[t - 1, 0]):
                        kind = 2 if by_chords else 0
                        length = agree(steps(other, kind)[1:s], steps(piece, kind)[1:t])
                        whole = length == s - 1  # back to where the other begins: by chords, both must begin, and alike
                        if by_chords:
                            whole = whole and length == t - 1 and steps(other, 2)[0] == steps(piece, 2)[0]
                        found.append((length + whole, number))
            best: list[int] = []
            kept: list[int] = []
            for length, number in sorted(found, key=lambda one: -one[0]):
                if length >= 2 and kept.count(number) < 2 and len(best) < PLACES:
                    best.append(length)
                    kept.append(number)
            size = int((lengths > 0).sum())
            assert lengths[:size].tolist() == best, (t, by_chords)
            assert (np.diff(lengths[:size]) <= 0).all()
            assert (following[size:] == NONE).all()
            longest = max(longest, int(lengths.max()))
        tunes.push(piece[t].tolist())
    assert longest >= 20


def test_votes_are_shares_by_length_and_by_the_voices_drawn() -> None:
    tunes = Tunes(MEMORY)
    places = Places(tunes)
    assert not places.votes(0, PIECE[0].tolist()).any()
    for slot in PIECE[:40].tolist():
        tunes.push(slot)
        places.push(slot)
    slot, last = PIECE[40].astype(int).tolist(), PIECE[39].astype(int)
    lists = [*(tunes.places(by_chords) for by_chords in (False, True)), None, None, None]
    following, lengths = places.own.found()
    for kind in range(3):
        lists[2 + kind] = following[kind * OWN : (kind + 1) * OWN], lengths[kind * OWN : (kind + 1) * OWN]
    for voice in range(4):
        votes = places.votes(voice, slot)
        assert votes.shape == (VOTES, INTERVALS)
        for number, found in enumerate(lists):
            assert found is not None
            expected = np.zeros((3, INTERVALS))
            for symbols, length in zip(*found, strict=True):
                if symbols[voice] == NONE:
                    continue
                is_rest = REST in (symbols[voice], last[voice])
                at = INTERVALS - 1 if is_rest else int(np.clip(symbols[voice] - last[voice], -13, 13)) + 13
                same = all(symbols[u] == slot[u] for u in range(voice))
                weight = min(int(length), 48) / 4
                expected[:, at] += (weight, weight * same, weight**3 * same)
            expected /= expected.sum(1, keepdims=True) + 1
            assert np.allclose(votes[number::LISTS], expected), (voice, number)

"""The features of a slot: equal to slow twins, nothing of the future, and no training piece remembers itself."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.benchmarks.chorale import memory
from partimento.benchmarks.chorale.features import (
    AGO_SYMBOLS,
    BARS,
    BEFORE,
    LAST,
    LATELY,
    OF_VOICE,
    OWN,
    OWN_LENGTH,
    SEEN,
    SHARE,
    SINCE,
    TUNE,
    TUNE_LENGTH,
    USE,
    VOICES,
    WIDTH,
    FeatureExtractor,
    Row,
    moved,
    rows_of,
)
from partimento.benchmarks.chorale.memory import SEEN_COUNTS, TUNE_LENGTHS, Memory, followed
from partimento.benchmarks.chorale.own_repeats import OWN_LENGTHS
from partimento.benchmarks.chorale.past import AGO, CONTEXTS, FURTHER, INTERVALS, LAGS, NONE, REST, Symbols, symbols_of
from tests.benchmarks.chorale.made import TRAIN, VALID, chorale, ids

MEMORY = Memory(TRAIN)
PIECE = VALID[0]


def bucket(edges: list[int], length: int) -> int:
    return sum(edge <= length for edge in edges)


def of_voices(rows: Row) -> Row:
    return rows[:, VOICES].reshape(-1, 4, OF_VOICE)


def alike(one: Symbols, other: Symbols) -> int:
    """How many slots two pasts end with alike."""
    length = 0
    while length < min(len(one), len(other)) and (one[len(one) - 1 - length] == other[len(other) - 1 - length]).all():
        length += 1
    return length


def test_symbols_of_ids() -> None:
    assert symbols_of(np.array([[1, 2, 47, 0]], np.uint8)).tolist() == [[REST, 0, 45, REST]]
    assert np.array_equal(symbols_of(ids(PIECE)), PIECE)


def test_lasts_and_own_matches_of_a_slow_twin() -> None:
    piece = np.concatenate([PIECE, PIECE[:20]])
    rows = rows_of(piece, FeatureExtractor(MEMORY)).astype(int)
    for t in range(len(piece)):
        for v in range(4):
            line = [NONE, NONE, *(piece[s, v] for s in range(t) if not s or piece[s, v] != piece[s - 1, v])]
            assert rows[t, LAST][v] == line[-1]
            assert rows[t, BEFORE][v] == line[-2]
        for kind, voices in enumerate(([0], [1], [0, 1, 2, 3])):
            lengths = [alike(piece[:t, voices], piece[:s, voices]) if (t - s) % 4 == 0 else 0 for s in range(t)]
            best = max(lengths, default=0)
            at = [s for s in range(t) if lengths[s] == best][-1] if best >= 2 else -1
            assert rows[t, OWN].reshape(3, 4)[kind].tolist() == (piece[at].tolist() if best >= 2 else [NONE] * 4)
            assert rows[t, OWN_LENGTH][kind] == bucket(OWN_LENGTHS, best if best >= 2 else 0)
    assert rows[-1, OWN_LENGTH].min() >= 3


def test_bars_and_phrases_of_a_slow_twin() -> None:
    piece = np.concatenate(
        [chorale(3, 96), chorale(3)[-1:].repeat(9, 0), chorale(4, 40), chorale(4)[-1:].repeat(7, 0), chorale(5, 8)]
    )
    rows = rows_of(piece, FeatureExtractor(MEMORY)).astype(int)
    changed = [np.ones(4, bool), *(piece[t] != piece[t - 1] for t in range(1, len(piece)))]
    held = [next(n for n in range(t + 2) if n > t or changed[t - n][0]) + 1 for t in range(len(piece))]
    for t in range(len(piece)):
        ends = [0, 0, 0, *(s + 1 for s in range(t) if held[s] == 6)]
        lagged = [changed[t - lag] if lag <= t else None for lag in LAGS]
        expected = [-1 if one is None else int(one.sum()) for one in lagged] + [
            -1 if one is None else int(one[1]) for one in lagged
        ]
        assert rows[t, BARS].tolist() == [*expected, t, t - ends[-1], ends[-1] - ends[-2], ends[-2] - ends[-3]], t
    assert len(ends) >= 5


def test_a_trail_of_a_slow_twin() -> None:
    piece = np.concatenate([chorale(1, 64), chorale(1, 64)[-1:].repeat(12, 0), chorale(2, 8)])
    rows, held = rows_of(piece, FeatureExtractor(MEMORY)).astype(int), []
    age = [0] * 4
    for t, slot in enumerate(piece):
        changes = [(piece[s] != piece[s - 1]) if s else np.zeros(4, bool) for s in range(t)]
        held.append(min(age) >= 7)
        expected = [symbol for k in AGO + FURTHER for symbol in (piece[t - k].tolist() if t >= k else [NONE] * 4)]
        assert rows[t, AGO_SYMBOLS].tolist() == expected
        assert rows[t, LATELY].tolist() == [sum(int(one[v]) for one in changes[-k:]) for k in AGO for v in range(4)]
        since = t - max(s for s in range(t + 1) if held[s]) if any(held) else 127
        assert rows[t, SINCE].tolist() == [min(since, 127), min(t, 127)]
        age = [age[v] + 1 if t and slot[v] == piece[t - 1, v] else 1 for v in range(4)]
    assert held.count(True) >= 5


def slow_step(piece: Symbols, t: int) -> int:
    now, before = int(piece[t, 0]), int(piece[t - 1, 0])
    return (0 if now == before else 98) if REST in (now, before) else now - before


def test_tunes_of_a_slow_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest agreement of the soprano in any transposition, and what came next there."""
    monkeypatch.setattr(memory, "_NEAREST", 1000)
    piece = np.concatenate([np.where(TRAIN[2] < REST - 3, TRAIN[2] + 3, TRAIN[2])[:24], chorale(11, 8)]).astype(np.int16)
    rows = rows_of(piece, FeatureExtractor(MEMORY)).astype(int)
    for t in range(1, len(piece)):
        found = []
        for number, other in enumerate(TRAIN):
            for s in range(t % 4 or 4, len(other), 4):
                length = 0
                while length < min(s, t) - 1 and slow_step(piece, t - 1 - length) == slow_step(other, s - 1 - length):
                    length += 1
                length += length == s - 1  # back to where the other begins
                if length >= 2 and other[s - 1, 0] != REST and piece[t - 1, 0] != REST:
                    found.append((length, number))
        longest = {number: max(length for length, of in found if of == number) for _, number in found}
        lengths = sorted(longest.values(), reverse=True)[:4]
        assert rows[t, TUNE_LENGTH].tolist() == [bucket(TUNE_LENGTHS, one) for one in lengths + [0] * (4 - len(lengths))], t
    expected = np.where(TRAIN[2][22] < REST, TRAIN[2][22] + 3, REST)
    assert rows[22, TUNE].reshape(4, 4)[:, 0].tolist() == expected.tolist()


def test_shares_of_a_slow_twin() -> None:
    rows = rows_of(PIECE, FeatureExtractor(MEMORY))
    of_train = [pair for piece in TRAIN for pair in followed(piece)]
    own = list(followed(PIECE))
    said = of_voices(rows)
    per_slot = 4 * CONTEXTS
    for t in (0, 1, 9, 31):
        known = of_train + own[: t * per_slot]
        for v, c in ((0, 0), (1, 5), (3, 3), (3, 11)):
            context = own[t * per_slot + v * CONTEXTS + c][0]
            then = np.bincount([interval for key, interval in known if key == context], minlength=INTERVALS)
            assert np.allclose(said[t, v, SHARE].reshape(-1, INTERVALS)[c], then / (then.sum() + 0.5), atol=1e-3)
            assert said[t, v, SHARE.stop + c] == bucket(SEEN_COUNTS, int(then.sum()))


@pytest.mark.parametrize("voice", range(4))
def test_a_voice_hears_those_drawn_before_it_alone(voice: int) -> None:
    t, changed = 9, PIECE.copy()
    changed[t, voice] = (PIECE[t, voice] + 1) % REST
    before, after = (rows_of(piece, FeatureExtractor(MEMORY)) for piece in (PIECE, changed))
    assert np.array_equal(before[:t], after[:t])
    assert np.array_equal(before[t, : VOICES.start], after[t, : VOICES.start])
    assert np.array_equal(of_voices(before)[t, : voice + 1], of_voices(after)[t, : voice + 1])
    assert voice == 3 or not np.array_equal(of_voices(before)[t], of_voices(after)[t])
    assert not np.array_equal(before[t + 1], after[t + 1])


def test_a_copy_goes_its_own_way() -> None:
    extractor = FeatureExtractor(MEMORY)
    for slot in PIECE[:9].tolist():
        extractor.push(slot)
    twin = extractor.copy()
    twin.push(VALID[1][3].tolist())
    for slot in PIECE[9:20].tolist():
        extractor.push(slot)
    assert np.array_equal(extractor.slot(), rows_of(PIECE, FeatureExtractor(MEMORY))[20] * (np.arange(WIDTH) < VOICES.start))
    assert twin.lines.length == 10


def test_a_training_piece_does_not_find_itself() -> None:
    left_out = rows_of(TRAIN[2], FeatureExtractor(MEMORY, 2, TRAIN[2]))
    without = rows_of(TRAIN[2], FeatureExtractor(Memory([*TRAIN[:2], *TRAIN[3:]])))
    with_itself = rows_of(TRAIN[2], FeatureExtractor(MEMORY))
    assert np.array_equal(left_out, without)
    assert with_itself[-1, TUNE_LENGTH][0] > without[-1, TUNE_LENGTH][0]
    assert not np.array_equal(of_voices(with_itself)[..., SHARE], of_voices(without)[..., SHARE])


def test_without_memory_nothing_of_train_is_known() -> None:
    piece = PIECE.copy()
    piece[:, 0] = np.arange(45, 45 - len(piece), -1)  # a run down
    one, other = (rows_of(piece, FeatureExtractor(Memory(known, remember=False))) for known in ([piece, *TRAIN], VALID))
    assert np.array_equal(one, other)
    assert (one[:, TUNE] == NONE).all()
    assert of_voices(one)[..., SHARE].any()  # of the piece's own past


@pytest.mark.parametrize("semitones", [2, -1, 0])
def test_features_of_a_moved_piece(semitones: int) -> None:
    """Transposition moves features instead of computing them anew; the two ways agree but for what leaves the compass."""
    piece = np.where(PIECE < REST, np.clip(PIECE, 3, REST - 4), REST).astype(np.int16)
    higher = np.where(piece < REST, piece + semitones, REST).astype(np.int16)
    made = moved(rows_of(piece, FeatureExtractor(MEMORY)), semitones).astype(float)
    anew = rows_of(higher, FeatureExtractor(MEMORY)).astype(float)
    of_slot = np.setdiff1d(np.arange(VOICES.start), np.r_[TUNE])  # tunes were moved to this key before
    assert np.allclose(made[:, of_slot], anew[:, of_slot], atol=2e-3)
    counted = np.r_[SHARE.start : SHARE.start + CONTEXTS * INTERVALS, SEEN]  # votes may leave the compass, too
    assert np.allclose(of_voices(made)[..., counted], of_voices(anew)[..., counted], atol=2e-3)
    uses, uses_anew = (of_voices(one)[..., USE].reshape(-1, 4, REST, 4)[:, :, 2:-2] for one in (made, anew))
    assert np.allclose(uses, uses_anew, atol=2e-3)


def test_pieces_of_odd_lengths_are_found_on_their_beat() -> None:
    """Places on one sixteenth of the beat lie four apart, whatever came before them in the memory."""
    found = [rows_of(PIECE, FeatureExtractor(Memory(pieces))) for pieces in ([TRAIN[0]], [VALID[1][:7], TRAIN[0]])]
    assert (found[1][:, TUNE_LENGTH].sum(1) >= found[0][:, TUNE_LENGTH].sum(1)).all()
    assert found[0][:, TUNE_LENGTH].any()
    tune = np.repeat(np.array([20, 21, 23, 26, 22, 29, 35], np.int16), 2)[1:, None] + np.zeros(4, np.int16)
    extractor = FeatureExtractor(Memory([tune]))
    for slot in tune.tolist():
        extractor.push(slot)
    assert extractor.slot()[TUNE].min() == NONE  # nothing came next, no rest either

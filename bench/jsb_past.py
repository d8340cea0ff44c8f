"""What a chorale's own past says of each slot before it is drawn. It knows no other piece and no network.

A piece is [T, 4] symbols, soprano to bass: 0..45 are the pitches 36..81, 46 is the rest. Everything at slot t is a function of
the slots before t, of the voices drawn before in slot t (in `ORDER`), and of the slot's index.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

REST, NONE = 46, 47  # `NONE` marks what is not known
ORDER = (0, 3, 1, 2)  # soprano, bass, alto, tenor
RANK = tuple(ORDER.index(voice) for voice in range(4))
INTERVALS = 28  # -13..13 semitones (clipped), and "no interval"
CONTEXTS = 12  # kinds of context counted
USES = 7  # figures of the use of a candidate pitch
NO_STEP = 99  # where a context would hold a step and one of its ends is no pitch

Symbols = npt.NDArray[np.int16]
Context = tuple[object, ...]

# Krumhansl and Kessler (1982), probe-tone profiles of major and minor
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_PROFILES = np.stack([np.roll(q - q.mean(), i) / np.linalg.norm(q - q.mean()) for q in (_MAJOR, _MINOR) for i in range(12)])


def last_pitches(piece: Symbols) -> tuple[Symbols, Symbols, Symbols, Symbols]:
    """Of each voice [T, 4]: its last symbol, the one before its last change, the one before that, and the slots since the last
    change (1..31; 0 at the start)."""
    T = len(piece)
    last, before, earlier = (np.full((T, 4), NONE, np.int16) for _ in range(3))
    age = np.zeros((T, 4), np.int16)
    last[1:], age[1:2] = piece[:-1], 1
    for t in range(2, T):
        moved = piece[t - 1] != piece[t - 2]
        age[t] = np.where(moved, 1, np.minimum(age[t - 1] + 1, 31))
        before[t] = np.where(moved, piece[t - 2], before[t - 1])
        earlier[t] = np.where(moved, before[t - 1], earlier[t - 1])
    return last, before, earlier, age


def own_matches(piece: Symbols) -> tuple[Symbols, Symbols]:
    """The latest longest match of the past (by soprano, by bass, by all voices) earlier in the piece, on the same sixteenth of
    the beat: the slot that came next there [T, 3 x 4], and the match's length [T, 3] in buckets."""
    T = len(piece)
    same_beat = (np.arange(T)[:, None] - np.arange(T)[None]) % 4 == 0
    found, lengths = [], []
    for voices in ([0], [3], [0, 1, 2, 3]):
        same = (piece[:, None, voices] == piece[None, :, voices]).all(-1)
        common = np.zeros((T + 1, T + 1), np.int32)  # [t, s]: how long piece[:t] and piece[:s] end alike
        for t in range(1, T + 1):
            common[t, 1:] = np.where(same[t - 1], common[t - 1, :-1] + 1, 0)
        following, length = np.full((T, 4), NONE, np.int16), np.zeros(T, np.int16)
        for t in range(1, T):
            candidates = np.where(same_beat[t, :t], common[t, :t], 0)
            s = t - 1 - int(np.argmax(candidates[::-1]))
            if candidates[s] >= 2:
                following[t], length[t] = piece[s], min(candidates[s], 63)
        found.append(following)
        lengths.append(np.searchsorted([1, 2, 4, 6, 8, 12, 16, 24, 32, 48], length, side="right"))
    return np.concatenate(found, 1), np.stack(lengths, 1).astype(np.int16)


def heard_key(piece: Symbols) -> Symbols:
    """Tonic (pitch class of the symbol) and mode (0 major, 1 minor) that fit best the pitch classes of the past, which fades with
    64 slots, [T, 2]; (-1, -1) at the start."""
    fading, out = np.zeros(12), np.full((len(piece), 2), -1, np.int16)
    for t in range(1, len(piece)):
        fading *= np.exp(-1 / 64)
        np.add.at(fading, piece[t - 1][piece[t - 1] < REST] % 12, 1)
        best = int(np.argmax(_PROFILES @ fading))
        out[t] = best % 12, best // 12
    return out


def uses(piece: Symbols) -> npt.NDArray[np.float16]:
    """How each candidate pitch was used so far, [T, 4 voices, 46 pitches, USES]: the share of its pitch class (fading with 16
    slots, with 64, not at all); the voice's own use of it; its use after the voice's last pitch; its use together with each of
    the voices just drawn (their mean), and with all of them at once."""
    T, pitch_class = len(piece), np.arange(REST) % 12
    out = np.zeros((T, 4, REST, USES), np.float16)
    shares, used, moves, pairs = np.zeros((3, 12)), np.zeros((4, 47)), np.zeros((4, 47, 47)), np.zeros((4, 4, 47, 47))
    chords: dict[tuple[int, ...], npt.NDArray[np.float64]] = {}
    for t in range(T):
        now = piece[t]
        for i in range(3):
            out[t, :, :, i] = (shares[i] / (shares[i].sum() + 1e-3))[pitch_class] * 4
        out[t, :, :, 3] = used[:, :REST] / (used.sum(1, keepdims=True) + 2) * 4
        for v in range(4 if t else 0):
            after, drawn = moves[v, piece[t - 1, v]], ORDER[: RANK[v]]
            out[t, v, :, 4] = after[:REST] / (after.sum() + 1)
            if drawn:
                beside = [pairs[u, v, now[u]] / (pairs[u, v, now[u]].sum() + 1) for u in drawn]
                out[t, v, :, 5] = np.mean(beside, 0)[:REST]
                chord = chords.get((len(drawn), *now[list(drawn)]))
                if chord is not None:
                    out[t, v, :, 6] = chord[:REST] / (chord.sum() + 1)
        shares *= np.exp([[-1 / 16], [-1 / 64], [0.0]])
        for i in range(3):
            np.add.at(shares[i], now[now < REST] % 12, 1)
        moved = np.ones(4, bool) if t == 0 else now != piece[t - 1]
        for v in np.flatnonzero(moved).tolist():
            used[v, now[v]] += 1
            if t:
                moves[v, piece[t - 1, v], now[v]] += 1
        if moved.any():
            for i in range(1, 4):
                v, drawn = ORDER[i], ORDER[:i]
                for u in drawn:
                    pairs[u, v, now[u], now[v]] += 1
                chords.setdefault((i, *now[list(drawn)]), np.zeros(47))[now[v]] += 1
    return out


def contexts(piece: Symbols) -> list[list[tuple[tuple[Context, ...], int]]]:
    """For every slot and voice: the `CONTEXTS` contexts it stands in (all relative to the voice's last pitch or to the key
    heard), and the interval to the voice's last pitch that followed."""
    last, before, earlier, age = last_pitches(piece)
    key, held = heard_key(piece), np.searchsorted([2, 3, 4, 5, 8], age, side="right")
    out = []
    for t in range(len(piece)):
        tonic, mode, row = int(key[t, 0]), int(key[t, 1]), []
        for v in range(4):
            own, drawn, others = int(last[t, v]), ORDER[: RANK[v]], [u for u in range(4) if u != v]
            chord = tuple(_relative(piece[t, u] if u in drawn else last[t, u], own) for u in others)  # as far as it is drawn
            last_chord = tuple(_relative(last[t, u], own) for u in others)
            chord_before = tuple(_relative(before[t, u], own) for u in range(4))
            step, step_before = _relative(own, before[t, v]), _relative(before[t, v], earlier[t, v])
            moved = tuple(int(piece[t, u] != last[t, u]) for u in drawn)
            degree, bass = _degree(own, tonic), _degree(last[t, 3], tonic)
            degrees = tuple(_degree(piece[t, u], tonic) for u in drawn)
            since = int(held[t, v]) if t else 0
            bodies: tuple[Context, ...] = (
                (chord, since),
                (chord, since, step),
                (chord[0], chord[-1], since, step),
                (step, step_before, since, moved),
                (chord, last_chord, since),
                (mode, degree, since, degrees, bass),
                (mode, degree, step, step_before, since),
                (chord, since, chord_before),
                (since, _folded(chord), last_chord[-1]),
                (moved, tuple(held[t].tolist())),
                (since, _folded(chord + chord_before)),
                (mode, degree, since, degrees, bass, _degree(before[t, 3], tonic), _degree(last[t, 0], tonic), step),
            )
            row.append((tuple((c, v, t % 4, *body) for c, body in enumerate(bodies)), _interval(int(piece[t, v]), own)))
        out.append(row)
    return out


def _interval(symbol: int, other: int) -> int:
    return INTERVALS - 1 if symbol >= REST or other >= REST else min(max(symbol - other, -13), 13) + 13


def _relative(symbol: int, other: int) -> int:
    return NO_STEP if symbol >= REST or other >= REST else int(symbol) - int(other)


def _degree(symbol: int, tonic: int) -> int:
    return 12 if symbol >= REST else (int(symbol) - tonic) % 12


def _folded(steps: tuple[int, ...]) -> tuple[int, ...]:
    """Steps within an octave."""
    return tuple(NO_STEP if step == NO_STEP else step % 12 for step in steps)

"""Counts the features of a set, block by block, with no loop over notes. It knows what they are from `features`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from partimento.analysis.beat_chords import NUMERALS, QUALITY_NAMES, SOUNDS, THIRD_OF_QUALITY, Beats, keys_found, tonic
from partimento.analysis.figures.declared import (
    CADENCES,
    FEATURES,
    FIGURES,
    GRIDS,
    LARGEST_INTERVAL,
    LENGTH_SECONDS,
    METERS,
    MOST_VOICES,
    PLACES,
    TEMPO_STEP,
    TEMPOS,
    Measures,
)
from partimento.analysis.figures.of_piece import statistics
from partimento.analysis.melodic_lines import VALUE_NAMES, Lines, note_value
from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.corpus.report import longest
from partimento.piece import Array
from partimento.theory import MAJOR_KEYS

Tell = Callable[[int, int], None]
Table = Callable[[Ints, Array, int], Ints]
_PLACE_OF_TWELFTH = np.array([0, 4, 3, 3, 2, 4, 2, 4, 2, 3, 3, 4])  # of a beat: 6 is its half, 4 and 8 are its thirds
_CLOSE = 0.03  # of a beat


def measure(music: Music, tell: Tell | None = None) -> Measures:
    """Counts a whole set, block by block; `tell(pieces done, of)` is told how far it is."""
    blocks, figures = [], []
    done = 0
    for block in music.blocks():
        counts, found = _measure_block(block)
        blocks.append(counts)
        figures.append(found)
        done += len(block)
        if tell is not None:
            tell(done, len(music))
    return Measures({name: np.concatenate([counts[name] for counts in blocks]) for name in FEATURES}, np.concatenate(figures))


def _measure_block(music: Music) -> tuple[dict[str, Ints], Floats]:
    lines, beats = Lines.of(music), Beats.of(music)
    fifths, minor, _ = keys_found(music)
    root_of_key = tonic(fifths, minor)
    piece, notes, tuned = music.piece_of_note, music.notes, ~music.is_drum
    pitch = notes["pitch"].astype(np.int64)

    def table(pieces: Ints, values: Array, size: int) -> Ints:
        return np.bincount(pieces * size + values, minlength=len(music) * size).reshape(len(music), size)

    counts = {
        "pitch_class": table(piece[tuned], pitch[tuned] % 12, 12),
        "degree": table(piece[tuned], (pitch[tuned] - root_of_key[piece[tuned]]) % 12, 12),
        "pitch": table(piece[tuned], pitch[tuned], 128),
        "duration": table(piece[tuned], note_value(music.in_quarters(notes["duration"]))[tuned], len(VALUE_NAMES)),
        "velocity": table(piece, notes["velocity"] // 8, 16),
        "instrument": table(piece, music.program // 8, 17),
        "polyphony": table(beats.piece, np.minimum(beats.voices, MOST_VOICES), MOST_VOICES + 1),
    }
    on = np.flatnonzero(lines.goes_on)
    step = lines.pitch[on + 1] - lines.pitch[on]
    wait = note_value(lines.wait_quarters[on]).astype(np.int64)
    line_piece, largest = lines.piece[on], LARGEST_INTERVAL
    counts["interval"] = table(line_piece, np.clip(step, -largest, largest) + largest, 2 * largest + 1)
    counts["wait"] = table(line_piece, wait, len(VALUE_NAMES))
    counts["pitch_class_change"] = table(line_piece, lines.pitch[on] % 12 * 12 + lines.pitch[on + 1] % 12, 144)
    follows = np.flatnonzero(np.diff(on) == 1)  # two moves in a row
    counts["duration_change"] = table(
        line_piece[follows], wait[follows] * len(VALUE_NAMES) + wait[follows + 1], len(VALUE_NAMES) ** 2
    )
    counts |= _places(music, table)
    counts |= _harmony(beats, root_of_key, table)
    ends = _end_ticks(music)
    seconds = np.array([head.second_at(np.array([end]))[0] for head, end in zip(music.heads, ends, strict=True)])
    with np.errstate(invalid="ignore", divide="ignore"):  # an empty piece has no tempo
        tempo = ends / music.ticks_per_quarter * 60 / seconds
    counts |= _once_a_piece(music, fifths, minor, seconds, tempo)
    return counts, _figures(music, counts, lines.wait_quarters[on], line_piece, seconds, tempo)


def _places(music: Music, table: Table) -> dict[str, Ints]:
    """Where in the beat, and where in the bars of the commonest meters, notes begin."""
    clock, piece, onset = music.clock, music.piece_of_note, music.notes["onset"].astype(np.int64)
    row = clock.row(piece, onset)
    in_bar = np.fmod(onset - clock.tick[row], clock.bar[row])
    in_beat = np.fmod(in_bar / clock.beat[row], 1)
    twelfth = np.rint(in_beat * 12).astype(np.int64)
    exact = np.abs(in_beat * 12 - twelfth) < 12 * _CLOSE
    place = np.where(exact, _PLACE_OF_TWELFTH[twelfth % 12], len(PLACES) - 1)
    on_beat = place == 0
    first = (in_bar < _CLOSE * clock.beat[row]) | (in_bar > clock.bar[row] - _CLOSE * clock.beat[row])
    place[on_beat & ~first] = 1
    counts = {"place": table(piece, place, len(PLACES))}
    stated = np.array([len(head.meters) > 0 for head in music.heads], bool)[piece]
    sixteenth = np.rint(in_bar / music.ticks_per_quarter[piece] * 4).astype(np.int64)
    for meter, size in GRIDS.items():
        upper, lower = map(int, meter.split("/"))
        inside = stated & (clock.upper[row] == upper) & (clock.lower[row] == lower)
        counts[f"place_{upper}_{lower}"] = table(piece[inside], sixteenth[inside] % size, size)
    return counts


def _harmony(beats: Beats, root_of_key: Ints, table: Table) -> dict[str, Ints]:
    heard = np.flatnonzero((beats.bass < 128) & ((beats.weight > SOUNDS).sum(axis=1) > 1))
    above = (beats.bass[heard, None] + np.arange(1, 12)) % 12
    row, interval = np.nonzero(np.take_along_axis(beats.weight[heard], above, axis=1) > SOUNDS)
    chord = np.flatnonzero(beats.root >= 0)

    def numeral(piece: Ints, root: Ints, quality: Ints) -> Ints:
        symbols: Ints = (root - root_of_key[piece]) % 12 * 3 + THIRD_OF_QUALITY[quality]
        return symbols

    piece, root, quality = beats.changes()
    symbol = numeral(piece, root, quality)
    same_piece = np.flatnonzero(np.diff(piece) == 0)
    move = same_piece[symbol[same_piece + 1] != symbol[same_piece]]
    turn = same_piece[root[same_piece + 1] != root[same_piece]]
    last = np.flatnonzero(np.diff(piece, append=-1) != 0)
    return {
        "harmonic": table(beats.piece[heard[row]], interval, 11),
        "chord": table(beats.piece[chord], numeral(beats.piece[chord], beats.root[chord], beats.quality[chord]), len(NUMERALS)),
        "quality": table(beats.piece[chord], beats.quality[chord], len(QUALITY_NAMES)),
        "root_motion": table(piece[turn], (root[turn + 1] - root[turn]) % 12, 12),
        "chord_change": table(piece[move], symbol[move] * len(NUMERALS) + symbol[move + 1], len(NUMERALS) ** 2),
        "cadence": table(piece[last], _cadence(piece, symbol, last), len(CADENCES)),
    }


def _cadence(piece: Ints, symbol: Ints, last: Ints) -> Ints:
    """An index into `CADENCES` for the last chord of each piece and the one of another degree before it."""
    degree = symbol // 3
    before = last.copy()
    for _ in range(3):  # V and V7 are one degree
        back = np.maximum(before - 1, 0)
        before = np.where((degree[before] == degree[last]) & (piece[back] == piece[last]), back, before)
    to_tonic = np.select([degree[before] == 7, degree[before] == 11, degree[before] == 5], [0, 1, 2], 3)
    ending: Ints = np.where(degree[last] == 0, to_tonic, np.where(degree[last] == 7, 4, 5))
    return ending


def _once_a_piece(music: Music, fifths: Ints, minor: npt.NDArray[np.bool_], seconds: Floats, tempo: Floats) -> dict[str, Ints]:
    """What a piece has once: a row with a single 1."""
    written, meters = [], []
    for head, end in zip(music.heads, _end_ticks(music).tolist(), strict=True):
        key, meter = longest(head.keys, end), longest(head.meters, end)
        written.append(2 * len(MAJOR_KEYS) if key is None else _key_index(int(key["fifths"]), bool(key["minor"])))
        name = "not stated" if meter is None else f"{meter['numerator']}/{meter['denominator']}"
        meters.append(METERS.index(name if name in METERS else "other"))
    found = [_key_index(*key) for key in zip(fifths.tolist(), minor.tolist(), strict=True)]
    rows = {
        "meter": np.array(meters),
        "key_written": np.array(written),
        "key_found": np.array(found),
        "length": np.searchsorted(LENGTH_SECONDS, seconds),
        "tempo": np.clip(np.nan_to_num(tempo) / TEMPO_STEP - 0.5, 0, TEMPOS - 1).astype(np.int64),
    }
    tables = {name: np.zeros((len(music), len(FEATURES[name].labels)), np.int64) for name in rows}
    for name, column in rows.items():
        tables[name][np.arange(len(music)), column] = 1
    return tables


def _key_index(fifths: int, minor: bool) -> int:
    return fifths + 7 + len(MAJOR_KEYS) * minor


def _end_ticks(music: Music) -> Ints:
    end = np.zeros(len(music), np.int64)
    np.maximum.at(end, music.piece_of_note, music.notes["onset"].astype(np.int64) + music.notes["duration"])
    return end


def _figures(music: Music, counts: dict[str, Ints], waits: Floats, wait_piece: Ints, seconds: Floats, tempo: Floats) -> Floats:
    """The figures of each piece [P, len(FIGURES)]."""
    pieces = [asdict(statistics(music.piece(number))) for number in range(len(music))]
    size = np.diff(music.offsets).astype(np.float64)
    velocity = music.notes["velocity"].astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):  # what a piece does not have is not a number
        mean_velocity = np.bincount(music.piece_of_note, velocity, len(music)) / size
        square = np.bincount(music.piece_of_note, velocity**2, len(music)) / size
        pitched = counts["pitch"] > 0
        lowest, highest = pitched.argmax(axis=1), 127 - pitched[:, ::-1].argmax(axis=1)
        moves = counts["interval"].sum(axis=1)
        by_size = np.abs(np.arange(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1))
        steps = counts["interval"][:, (by_size == 1) | (by_size == 2)].sum(axis=1)
        found = {
            "notes": size,
            "seconds": seconds,
            "tempo_qpm": tempo,
            "pitches": pitched.sum(axis=1),
            "pitch_range": np.where(pitched.any(axis=1), highest - lowest, np.nan),
            "mean_interval": counts["interval"] @ by_size / moves,
            "steps": steps / moves,
            "wait_quarters": np.bincount(wait_piece, waits, len(music)) / moves,
            "minor": np.where(pitched.any(axis=1), counts["key_found"][:, len(MAJOR_KEYS) :].sum(axis=1), np.nan),
            "chords_per_beat": counts["chord_change"].sum(axis=1) / counts["polyphony"].sum(axis=1),
            "velocity_spread": np.sqrt(np.maximum(square - mean_velocity**2, 0)),
            "off_grid": counts["place"][:, -1] / size,
        }
    columns = [found.get(name, [piece.get(name, np.nan) for piece in pieces]) for name in FIGURES]
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)

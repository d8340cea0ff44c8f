"""Whether a rule holds, whatever a model wants: pieces drawn evenly under it, judged from their written MIDI.

The checkers are plain loops over notes that share nothing with the code that obeys. Each checks one rule of the registry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.chord_symbols import parse_chord, parse_chord_symbol
from partimento.composing.compose import stream
from partimento.composing.preamble import beginning
from partimento.composing.rules import REGISTRY, Rule, Rules
from partimento.composing.rules.pitch import Bass, Chords, Instruments, Key, NoParallelFifths, Ranges
from partimento.composing.rules.time import Bars, Meter, Polyphony, Rhythm, Tempo
from partimento.encodings import Cursor, Encoding, Events, Field, make
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.models.predictor import Scores
from partimento.piece import Piece
from partimento.theory import SCALES, parse_scale

ENCODINGS = ("notes:profile=score", "notes:profile=piano", "notes:profile=score,parts=yes")  # that rules are tried on
MOST_EVENTS = 3000  # of a piece; one that is longer never ends
DRUMS = 128

Sounding = tuple[float, float, int, int]  # onset and end in quarters, pitch, program (128: drums)


@dataclass(frozen=True)
class Written:
    """A written piece from its first new bar on (`start`, in quarters), and all options that it was composed under."""

    piece: Piece
    asked: Mapping[str, Any]
    start: float = 0.0

    @property
    def notes(self) -> list[Sounding]:
        grid = self.piece.ticks_per_quarter
        notes = []
        for onset, duration, pitch, _, track in self.piece.notes.tolist():
            program = DRUMS if self.piece.tracks[track].is_drum else self.piece.tracks[track].program
            if onset / grid >= self.start:
                notes.append((onset / grid, (onset + duration) / grid, pitch, program))
        return sorted(notes)

    @property
    def pitched(self) -> list[Sounding]:
        return [note for note in self.notes if note[3] != DRUMS]

    @property
    def meters(self) -> list[tuple[int, int]]:
        return [(upper, lower) for _, upper, lower in self.piece.meters.tolist()] or [(4, 4)]

    @property
    def bar(self) -> float:
        upper, lower = self.asked["meter"] or self.meters[0]
        return float(4 * upper / lower)

    @property
    def beat(self) -> float:
        return 4 / (self.asked["meter"] or self.meters[0])[1]

    @property
    def every(self) -> float:
        """Quarters that a chord lasts."""
        return float(self.asked["chord_beats"] * self.beat or self.bar)

    @property
    def end(self) -> float:
        return float(self.start + self.asked["bars"] * self.bar)


Checker = Callable[[Written], Iterator[bool]]  # for each place where a rule may be broken, whether it is


def _key(of: Written) -> Iterator[bool]:
    tonic, name = parse_scale(of.asked["key"])
    scale = {(tonic + step) % 12 for step in SCALES[name]}
    return (note[2] % 12 not in scale for note in of.pitched)


def _meter(of: Written) -> Iterator[bool]:
    yield set(of.meters) != {of.asked["meter"]}


def _tempo(of: Written) -> Iterator[bool]:
    stated_qpm = [qpm for tick, qpm in of.piece.tempos.tolist() if tick == 0] or [120.0]
    yield abs(stated_qpm[0] / of.asked["tempo_qpm"] - 1) > 0.016


def _instruments(of: Written) -> Iterator[bool]:
    return (note[3] not in of.asked["instruments"] for note in of.notes)


def _ranges(of: Written) -> Iterator[bool]:
    for note in of.pitched:
        low, high = of.asked["ranges"].get(note[3], of.asked["ranges"].get(-1, (0, 127)))
        yield not low <= note[2] <= high


def _polyphony(of: Written) -> Iterator[bool]:
    pitched = of.pitched
    return (sum(other[0] <= note[0] < other[1] for other in pitched) > of.asked["polyphony"] for note in pitched)


def _bars(of: Written) -> Iterator[bool]:
    notes, end, bar = of.notes, of.end, of.bar
    yield any(note[1] > end for note in notes)
    last = [note for note in notes if note[1] == end]
    held = [note for note in notes if note[1] > end - bar]  # nothing need begin in a last bar that all of it is held over
    if not of.asked["rhythm"]:  # from the first beat on, without a bar of silence, and what ends the piece lasts a beat
        yield min(note[0] for note in notes) > of.start
        heard = of.start
        for note in notes:
            yield note[0] - heard > bar
            heard = max(heard, note[1])
        yield max(note[0] for note in notes) > end - of.beat
    yield not last or (max(note[0] for note in notes) < end - bar and any(note[1] < end for note in held))
    if of.asked["end_on_tonic"]:
        closing = [note[2] for note in of.pitched if note[1] == end]
        yield not closing or min(closing) % 12 != parse_scale(of.asked["key"])[0]


def _chords(of: Written) -> Iterator[bool]:
    symbols, start, every, beat, bar = of.asked["chords"], of.start, of.every, of.beat, of.bar
    for onset, stop, pitch, _ in of.pitched:
        off_beat = (onset - start) % bar % beat != 0
        next_beat = onset - (onset - start) % bar % beat + beat
        if of.asked["passing"] and off_beat and stop <= next_beat:
            continue
        place = onset
        broken = False
        while place < stop:  # in every chord that it sounds in
            number = int((place - start) // every)
            chord = parse_chord_symbol(symbols[number % len(symbols)])
            if chord is not None:
                members = {(chord.root + step) % 12 for step in (*chord.tones, *chord.colours)} | {chord.bass}
                broken |= pitch % 12 not in members
            place = start + (number + 1) * every
        yield broken


def _bass(of: Written) -> Iterator[bool]:
    chords = of.asked["chords"]
    line = list(of.asked["bass"]) or [symbol.split("/")[1] if "/" in symbol else "" for symbol in chords]
    pitched, start, every = of.pitched, of.start, of.every
    number = 0
    while any(line) and pitched and start + number * every < max(note[1] for note in pitched):
        at, name = start + number * every, line[number % len(line)]
        number += 1
        if of.asked["bars"] and at >= of.end:
            return
        sounding = [note for note in pitched if note[0] <= at < note[1]]
        begun = [note for note in sounding if note[0] == at]
        if name and at <= max(note[0] for note in pitched):
            wanted = parse_chord(name)[0]
            lowest = min(note[2] for note in sounding) if sounding else -1
            yield not any(note[2] == lowest and lowest % 12 == wanted for note in begun)
            yield any(at < note[0] < at + every and note[2] < lowest for note in pitched)


def _no_parallel_fifths(of: Written) -> Iterator[bool]:
    before: tuple[int, int] | None = None
    for onset in sorted({note[0] for note in of.notes}):
        sounding = [note[2] for note in of.pitched if note[0] <= onset < note[1]]
        now = (min(sounding), max(sounding)) if sounding else None
        if before and now:
            moves = now[0] - before[0], now[1] - before[1]
            yield (before[1] - before[0]) % 12 == 7 and (now[1] - now[0]) % 12 == 7 and moves[0] * moves[1] > 0
        before = now


def _rhythm(of: Written) -> Iterator[bool]:
    wanted: dict[int, int] = {}  # in 48ths of a quarter
    for onset, duration in of.asked["rhythm"]:
        first = round(48 * onset)
        wanted[first] = max(round(48 * (onset + duration)) - first, wanted.get(first, 0))
    yield {round(48 * (note[0] - of.start)) for note in of.notes} != set(wanted)
    for note in of.notes:
        yield round(48 * (note[1] - note[0])) != wanted.get(round(48 * (note[0] - of.start)))


CHECKERS: dict[type[Rule], Checker] = {
    **{Key: _key, Meter: _meter, Tempo: _tempo, Instruments: _instruments, Ranges: _ranges, Chords: _chords, Bass: _bass},
    **{Polyphony: _polyphony, NoParallelFifths: _no_parallel_fifths, Rhythm: _rhythm, Bars: _bars},
}


def violations(piece: Piece, rules: Rules, start: float = 0.0) -> dict[str, int]:
    """How often each rule that is asked for is broken, by the name of its first option. `start` is the place of the first new bar
    in quarters."""
    of, slash = Written(piece, rules.options, start), any("/" in symbol for symbol in rules.chords)
    main = {kind: kind.options[0] for kind in REGISTRY}
    asked = [kind for kind, one in main.items() if rules.options[one.name] != one.unset or (kind is Bass and slash)]
    return {main[kind].name: sum(CHECKERS[kind](of)) for kind in asked}


@dataclass
class EvenGenerator:
    """Every id is as likely; but for a leaning to notes and the end over changes of tempo and key, and to short times."""

    fields: tuple[Field, ...]
    end: float = 2.0  # the log-weight of the end of a piece, beside 3 of a note

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        """Not asked for: it scores no pieces [T, F]."""
        raise NotImplementedError

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> EvenGenerator:
        """Itself, for `count` sequences after the events `given` [T, F]."""
        return self

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Log-probabilities [B, S], up to a constant, of the next field, given the earlier ones `drawn` [B, f]."""
        logits = np.zeros((len(drawn), self.fields[drawn.shape[1]].size), np.float32)
        if drawn.shape[1] == 0:
            later = self.fields[-1].name == "part"  # the first kind declares parts
            logits[:, 6 + later], logits[:, 8 + later] = 3.0, self.end
        if self.fields[drawn.shape[1]].name in ("time", "duration"):
            logits[:, ::12] = 2.0
            logits[:, 1] = 3.0
            logits[:, 96:] = -3.0
        return logits

    def push(self, events: npt.NDArray[Any]) -> None:
        """One event [B, F] of each sequence, which changes nothing."""


def written(
    encoding: Encoding,
    rules: Rules,
    seed: int,
    count: int = 2,
    notes: int = 40,
    given: Events | None = None,
    end: float = 2.0,
) -> list[Piece]:
    """Pieces drawn evenly from all ids under the rules, after the events `given` [T, F], as their MIDI files say that they are."""
    drawn = stream(EvenGenerator(encoding.fields, end), encoding, given=given, notes=notes, seed=seed, count=count, rules=rules)
    steps = list(islice(drawn, MOST_EVENTS))
    assert len(steps) < MOST_EVENTS, f"{rules} never ends"
    before = beginning(encoding, rules) if given is None else given
    events = (np.concatenate([before, one[one[:, 0] > 0]]) for one in np.stack(steps, axis=1))
    return [piece_from_midi(midi_from_piece(encoding.decode(one)))[0] for one in events]


def check_rule(kind: type[Rule], seed: int = 0) -> None:
    """Holds a rule of the registry to its contract, on each of its examples: pieces drawn under it never break it, by its checker
    in `CHECKERS`, while pieces drawn freely do; and its options come back from JSON.

    Raises `AssertionError` where that is not so.
    """
    assert kind in CHECKERS, f"{kind.__name__} has no checker that judges it independently"
    assert kind.examples, f"{kind.__name__} has no examples"
    for number, example in enumerate(kind.examples):
        rules, own = Rules(**example), {option.name for option in kind.options}
        without = {name: value for name, value in example.items() if name not in own} if own & set(example) else {}
        assert rules.to_json(), f"{example} asks for nothing"
        assert Rules.from_json(json.loads(json.dumps(rules.to_json()))) == rules, f"{example} does not come back from JSON"
        for key in ("notes",) if rules.instruments else ENCODINGS:
            encoding = make(key)
            for piece in written(encoding, rules, seed + number, count=8, end=0.0):
                broken = sum(CHECKERS[kind](Written(piece, rules.options)))
                assert not broken, f"{kind.__name__} is broken {broken} times under {rules} with the encoding {key}"
            free = written(encoding, Rules(**without), seed + number, count=8, end=0.0)
            found = sum(sum(CHECKERS[kind](Written(piece, rules.options))) for piece in free)
            assert found, f"the checker of {kind.__name__} finds nothing wrong where {rules} is not asked for"

"""Rules as a composer states them, and their JSON; what cannot be met is refused here, before the first note."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from partimento.chord_symbols import chord_notes, parse_chord
from partimento.composing.rules.base import Rule
from partimento.composing.rules.masks import Masks
from partimento.composing.rules.pitch import Bass, Chords, Instruments, NoParallelFifths, Range, Scale
from partimento.composing.rules.region import Inside
from partimento.composing.rules.state import Note, State
from partimento.composing.rules.time import Bars, Polyphony, Rhythm
from partimento.encodings import Encoding, Events
from partimento.encodings.notes.layout import DENOMINATORS, NUMERATORS, Profile
from partimento.encodings.tasks import NOTE_BY_NOTE
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS
from partimento.piece import KEY, METER, TEMPO, Piece, Track, note_array
from partimento.theory import PITCH_CLASS_NAMES, SCALES, key_of_scale, parse_scale, pitch_class_set

MAX_BARS = 10_000
PIANO = 21, 108  # where the notes over a bass line lie, unless ranges say otherwise


@dataclass(frozen=True)
class Rules:
    """What must hold of every new note; the defaults ask for nothing.

    `key`: a key or scale ("G major", "D dorian"). `meter`: (3, 4). `tempo_qpm`: quarters a minute. `bars`: so many new bars, the
    last note ending on their last bar line; with `end_on_tonic` the lowest that ends there, or where a task ends, is the tonic of
    `key`. `chords`:
    symbols, one a bar, or one every `chord_beats` beats, over and over; every note belongs to its chord, but with `passing`
    those off the beat that end by the next. `bass`: note names, placed like chords (a chord with a slash also gives
    one), each the lowest note there. `ranges`: lowest and highest pitch by program, -1 for all others. `polyphony`: how
    many notes at most sound at once. `instruments`: programs, 128 for drums. `no_parallel_fifths` between the lowest and
    the highest voice. `rhythm`: (onset, duration) pairs in quarters from the first new bar: the notes' times, and no others.

    Rules count from the first bar line after the given notes. Drums are free of the rules of pitch. Under rules the meter
    and key of the beginning stay. Raises `InvalidOption` for a value that cannot work.
    """

    key: str = ""
    meter: tuple[int, int] | None = None
    tempo_qpm: float | None = None
    bars: int = 0
    end_on_tonic: bool = False
    chords: tuple[str, ...] = ()
    chord_beats: int = 0
    passing: bool = False
    bass: tuple[str, ...] = ()
    ranges: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    polyphony: int = 0
    instruments: tuple[int, ...] = ()
    no_parallel_fifths: bool = False
    rhythm: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.bars <= MAX_BARS:
            raise InvalidOption(f"bars is {self.bars}; it must be 0 (as many as come) to {MAX_BARS}")
        if self.meter is not None:
            upper, lower = self.meter
            if not 1 <= upper <= NUMERATORS or lower not in [1 << n for n in range(DENOMINATORS)]:
                raise InvalidOption(f"the meter {upper}/{lower} cannot be; write 4/4, 3/4, 6/8")
        if self.tempo_qpm is not None and not 16 <= self.tempo_qpm <= 640:
            raise InvalidOption(f"a tempo of {self.tempo_qpm} quarters a minute; it must be 16..640")
        if self.end_on_tonic and not self.key:
            raise InvalidOption("to end on the tonic, a key is needed")
        if self.polyphony < 0 or self.chord_beats < 0:
            raise InvalidOption("polyphony and beats a chord must be 0 (not limited; a bar) or more")
        for program, (low, high) in self.ranges.items():
            if not (-1 <= program < DRUMS and 0 <= low <= high <= 127):
                raise InvalidOption(f"the range {low}..{high} of program {program} cannot be")
        if any(not 0 <= program <= DRUMS for program in self.instruments):
            raise InvalidOption(f"instruments are programs 0..127, or {DRUMS} for drums")
        if any(not (onset >= 0 and duration > 0) for onset, duration in self.rhythm):
            raise InvalidOption("a rhythm has onsets from 0 on and durations above 0")
        if self.key:
            parse_scale(self.key)

    @property
    def say_the_end(self) -> bool:
        """Whether they decide how long the music is."""
        return bool(self.bars or self.rhythm)

    def to_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        rows = asdict(self)
        rows["ranges"] = {str(program): list(pair) for program, pair in self.ranges.items()}
        return {name: value for name, value in rows.items() if value}

    @classmethod
    def from_json(cls, rows: Mapping[str, Any]) -> Rules:
        """The rules that `to_json` wrote. Raises `TypeError`, `ValueError` or `InvalidOption` for anything else."""
        known: dict[str, Any] = dict(rows)
        if "ranges" in known:
            known["ranges"] = {int(program): (int(low), int(high)) for program, (low, high) in known["ranges"].items()}
        for name in ("meter", "chords", "bass", "instruments"):
            if name in known:
                known[name] = tuple(known[name])
        if "rhythm" in known:
            known["rhythm"] = tuple((float(onset), float(duration)) for onset, duration in known["rhythm"])
        return cls(**known)

    def head(self, encoding: Encoding) -> Events:
        """The events [T, F] that state meter, key and tempo before the first note. Raises `InvalidOption`."""
        layout = _layout(encoding)
        key = key_of_scale(*parse_scale(self.key)) if self.key else None
        piece = Piece(
            note_array([(0, 1, 60, 80, 0)]),
            (Track(),),
            layout.ticks_per_quarter,
            np.array([(0, self.tempo_qpm)] if self.tempo_qpm else [], TEMPO),
            np.array([(0, *self.meter)] if self.meter else [], METER),
            np.array([(0, *key)] if key else [], KEY),
        )
        return encoding.encode(piece)[:-2]

    def masks(self, encoding: Encoding, before: Events, place: Place | None = None) -> Masks:
        """The masks of one sequence after the events `before`; of a task, those after its separator, and its `place`. Raises
        `InvalidOption` when the rules contradict each other, what is given, or the encoding."""
        layout = _layout(encoding)
        state = State(layout)
        if place is not None:
            state.around, state.again_until = place.around, place.inside.end_tick
        for event in before.tolist():
            state.push(event)
        if place is not None and (self.bars or self.tempo_qpm):
            raise InvalidOption("the bars and the tempo of a task are those of its piece; leave them out")
        if place is None and self.end_on_tonic and not self.bars:
            raise InvalidOption("to end on the tonic, a number of bars is needed, or a task")
        if self.meter is not None and state.meter != self.meter:
            raise InvalidOption(f"the given notes are in {state.meter[0]}/{state.meter[1]}; go on in that meter")
        rules, drums = _Making(self, state, place).rules()
        fixed = frozenset({"meter", "key"} if self.tempo_qpm is None and place is None else {"meter", "key", "tempo"})
        return Masks(rules, state, fixed, drums, encoding.fields, place.inside.start_tick if place is not None else 0)


def _layout(encoding: Encoding) -> Profile:
    if not isinstance(encoding, NOTE_BY_NOTE) or not encoding.layout.beats:
        raise InvalidOption(
            f"rules need a model of the encoding notes or tasks with bars (score, piano, ensemble); this one is {encoding.key!r}"
        )
    return encoding.layout


@dataclass(frozen=True)
class Place:
    """Where a task is written: the rule of its region, the notes that stand around, the tick that rules count from (it may lie
    before the region), the programs that play, and whether the task ends there."""

    inside: Inside
    around: list[Note]
    start_tick: int
    programs: frozenset[int]
    is_last: bool = True


class _Making:
    """The rules of one sequence, in ticks; checked against each other as they are made."""

    def __init__(self, spec: Rules, state: State, place: Place | None) -> None:
        self.spec, self.layout, self.place = spec, state.layout, place
        self.bar, self.beat = state.bar_length, state.beat_length
        begun = any(note.onset >= state.bar_tick for note in state.notes)
        self.start = state.bar_tick + self.bar * begun if place is None else place.start_tick
        self.end = self.start + self.bar * spec.bars if spec.bars else None
        if place is not None and place.is_last and spec.end_on_tonic:
            self.end = place.inside.end_tick
        self.scale = pitch_class_set(parse_scale(spec.key)[0], SCALES[parse_scale(spec.key)[1]]) if spec.key else 0xFFF
        asked = frozenset(spec.instruments)
        given = frozenset(note.program for note in state.notes) if place is None else place.programs
        # without a wish, drums would be a way around every rule of pitch
        self.players = asked or (given if given else frozenset(range(DRUMS)) if self.layout.instrument else frozenset({0}))
        if not self.layout.instrument and self.players != {0}:
            raise InvalidOption("this model has one instrument; leave instruments out, or train one with notes:profile=ensemble")
        self.pitched = frozenset(program for program in self.players if program != DRUMS)

    def rules(self) -> tuple[list[Rule], bool]:
        spec = self.spec
        rules: list[Rule] = [Scale(self.scale)] if spec.key else []
        if self.layout.instrument:
            rules.append(Instruments(self.players))
        self.range = Range(dict(spec.ranges), self.pitched or frozenset({0}))
        if spec.ranges:
            rules.append(self.range)
        state = State(self.layout)
        self.usable = sum(1 << number for number in range(12) if self.range.pitches(state, 0)[number::12].any()) & self.scale
        if not self.usable:
            raise InvalidOption(f"no note of {spec.key} lies in the ranges; widen them")
        self.starts, self.masks = self._chords()
        if self.masks:
            rules.append(Chords(self.starts, self.masks, spec.passing))
        bass = self._bass()
        if bass is not None:
            rules.append(bass)
        if spec.polyphony:
            rules.append(Polyphony(spec.polyphony))
        if spec.no_parallel_fifths:
            rules.append(NoParallelFifths())
        rhythm = self._rhythm(bass)
        if rhythm is not None:
            rules.append(rhythm)
        if self.end is not None:
            rules.append(self._bars(rhythm))
        if self.place is not None:  # a rhythm says itself how long there are notes
            rules.append(replace(self.place.inside, last_tick=0) if rhythm is not None else self.place.inside)
        return rules, DRUMS in self.players

    def _places(self, count: int) -> tuple[int, ...]:
        """The ticks at which chords begin: as many as the bars need, or once through all of them."""
        every = self.spec.chord_beats * self.beat if self.spec.chord_beats else self.bar
        number = math.ceil((self.end - self.start) / every) if self.end is not None else 64 * count
        return tuple(self.start + every * n for n in range(number))

    def _chords(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        symbols = self.spec.chords
        if not symbols:
            return (), ()
        masks = []
        for symbol in symbols:
            root, quality, bass = parse_chord(symbol)
            mask = chord_notes(root, quality) | (1 << bass if bass >= 0 else 0)
            if not mask & self.usable:
                raise InvalidOption(f"no note of the chord {symbol} is in {self.spec.key or 'the ranges'}; change one of them")
            masks.append(mask)
        places = self._places(len(symbols))
        return places, tuple(masks[n % len(masks)] for n in range(len(places)))

    def _bass(self) -> Bass | None:
        spec = self.spec
        places = self._places(max(len(spec.bass), len(spec.chords), 1))
        if spec.bass:
            line = [parse_chord(name)[0] for name in spec.bass]
            wanted = [(tick, line[n % len(line)]) for n, tick in enumerate(places)]
        else:
            chords = [parse_chord(symbol) for symbol in spec.chords]
            slashed = [bass if bass != root else -1 for root, _, bass in chords]
            wanted = [(tick, slashed[n % len(slashed)]) for n, tick in enumerate(places) if chords]
        inside = self.place.inside if self.place is not None else Inside(self.start, 2**40, {})
        wanted = [(tick, bass) for tick, bass in wanted if bass >= 0 and inside.start_tick <= tick < inside.end_tick]
        if not wanted:
            return None
        for tick, bass in wanted:
            chord = next((mask for start, mask in zip(self.starts, self.masks, strict=True) if start == tick), 0xFFF)
            if not (self.usable & chord) >> bass & 1:
                raise InvalidOption(
                    f"the bass {PITCH_CLASS_NAMES[bass]} is not in its chord, in {spec.key or 'the scale'}, or in the ranges"
                )
        lowest, highest = self.range.span if spec.ranges else PIANO
        if highest - lowest < 2 * 11:
            raise InvalidOption("over a bass line the ranges must reach two octaves; widen them")
        ticks, classes = zip(*wanted, strict=True)
        return Bass(ticks, classes, lowest, highest - 11, spec.polyphony or 128)  # any note has a place above it

    def _rhythm(self, bass: Bass | None) -> Rhythm | None:
        spec, grid = self.spec, self.layout.ticks_per_quarter
        if not spec.rhythm:
            return None
        ends: dict[int, int] = {}
        for onset, duration in spec.rhythm:
            first, last = round(onset * grid), round((onset + duration) * grid)
            ends[self.start + first] = max(ends.get(self.start + first, 0), self.start + max(last, first + 1))
        if self.place is not None:  # what of it falls into the region
            first, last = self.place.inside.start_tick, self.place.inside.end_tick
            ends = {onset: min(end, last) for onset, end in ends.items() if first <= onset < last}
        onsets = sorted(ends)
        if self.end is not None and (max(ends.values()) != self.end or onsets[-1] < self.end - self.bar):
            raise InvalidOption(
                f"the rhythm does not end with bar {spec.bars}; leave the number of bars out, or give another rhythm"
                if spec.bars
                else "the rhythm does not end where the task does; give another one, or leave the tonic at the end out"
            )
        if bass is not None and not {tick for tick in bass.start_ticks if tick <= onsets[-1]} <= set(onsets):
            raise InvalidOption("the rhythm has no note where a bass note must begin; leave one of them out")
        if bass is not None and any(onset < tick < ends[onset] for onset in onsets for tick in bass.start_ticks):
            raise InvalidOption("the rhythm holds a note where a bass note must begin; leave one of them out")
        for onset in onsets:
            sounding = sum(before <= onset < ends[before] for before in onsets)
            if spec.polyphony and sounding > spec.polyphony:
                raise InvalidOption(f"the rhythm has {sounding} notes at once; the polyphony is {spec.polyphony}")
            if not self._held(onset, ends[onset]) & self.usable:
                raise InvalidOption(
                    "a note of the rhythm is held over chords that have no note in common; give another rhythm or other chords"
                )
        return Rhythm(tuple(onsets), tuple(ends[onset] for onset in onsets), limited=bool(spec.polyphony))

    def _held(self, onset: int, end: int) -> int:
        """The pitch classes of all chords that sound from one tick to another."""
        spans = zip(self.starts, (*self.starts[1:], 2**40), self.masks, strict=False)
        return int(np.bitwise_and.reduce([mask for start, stop, mask in spans if start < end and stop > onset] or [0xFFF]))

    def _bars(self, rhythm: Rhythm | None) -> Bars:
        assert self.end is not None
        tonic = parse_scale(self.spec.key)[0] if self.spec.end_on_tonic else None
        if tonic is not None:
            if not self.pitched:
                raise InvalidOption("drums alone cannot end on a tonic; ask for another instrument too")
            last = self.masks[-1] if self.masks else 0xFFF
            if not (self.usable & last) >> tonic & 1:
                raise InvalidOption(
                    f"the last chord, or the ranges, have no {PITCH_CLASS_NAMES[tonic]} to end on; change one of them"
                )
            notes = () if rhythm is None else zip(rhythm.onset_ticks, rhythm.end_ticks, strict=True)
            closing = [onset for onset, end in notes if end == self.end and onset >= self.end - self.bar]
            if rhythm is not None and not any(self._held(onset, self.end) & self.usable & 1 << tonic for onset in closing):
                raise InvalidOption(
                    f"no note of the rhythm that ends with the last bar can be a {PITCH_CLASS_NAMES[tonic]} over its chords; "
                    "change one of them"
                )
        return Bars(self.end - self.bar, self.end, tonic)

"""Whether a piece keeps the rules, judged from its written MIDI alone by plain loops over notes, without the code that obeys."""

from __future__ import annotations

from partimento.chord_symbols import CHORD_NOTES, parse_chord
from partimento.composing.rules import Rules
from partimento.piece import Piece
from partimento.theory import SCALES, parse_scale

Sounding = tuple[float, float, int, int]  # onset and end in quarters, pitch, program (128: drums)


def notes_of(piece: Piece, from_quarter: float = 0.0) -> list[Sounding]:
    grid = piece.ticks_per_quarter
    notes = []
    for onset, duration, pitch, _, track in piece.notes.tolist():
        program = 128 if piece.tracks[track].is_drum else piece.tracks[track].program
        if onset / grid >= from_quarter:
            notes.append((onset / grid, (onset + duration) / grid, pitch, program))
    return sorted(notes)


def violations(piece: Piece, rules: Rules, start: float = 0.0) -> dict[str, int]:
    """How often each rule is broken, by name. `start` is the place of the first new bar in quarters."""
    notes = notes_of(piece, start)
    pitched = [note for note in notes if note[3] != 128]
    stated = [(upper, lower) for _, upper, lower in piece.meters.tolist()] or [(4, 4)]
    upper, lower = rules.meter or stated[0]
    bar, beat = 4 * upper / lower, 4 / lower
    end = start + rules.bars * bar
    every = rules.chord_beats * beat or bar
    found: dict[str, int] = {}

    def count(name: str, broken: bool) -> None:
        found[name] = found.get(name, 0) + broken

    if rules.key:
        tonic, name = parse_scale(rules.key)
        scale = {(tonic + step) % 12 for step in SCALES[name]}
        for note in pitched:
            count("key", note[2] % 12 not in scale)
    if rules.meter:
        count("meter", set(stated) != {rules.meter})
    if rules.instruments:
        for note in notes:
            count("instruments", note[3] not in rules.instruments)
    if rules.ranges:
        for note in pitched:
            low, high = rules.ranges.get(note[3], rules.ranges.get(-1, (0, 127)))
            count("ranges", not low <= note[2] <= high)
    if rules.polyphony:
        for note in pitched:
            count("polyphony", sum(other[0] <= note[0] < other[1] for other in pitched) > rules.polyphony)
    if rules.bars:
        count("bars", any(note[1] > end for note in notes))
        last = [note for note in notes if note[1] == end]
        held = [note for note in notes if note[1] > end - bar]  # nothing need begin in a last bar that all of it is held over
        count("bars", not last or (max(note[0] for note in notes) < end - bar and any(note[1] < end for note in held)))
        if rules.end_on_tonic:
            closing = [note[2] for note in pitched if note[1] == end]
            count("tonic", not closing or min(closing) % 12 != parse_scale(rules.key)[0])
    if rules.chords:
        for onset, stop, pitch, _ in pitched:
            off_beat = (onset - start) % bar % beat != 0
            next_beat = onset - (onset - start) % bar % beat + beat
            if rules.passing and off_beat and stop <= next_beat:
                continue
            place = onset
            broken = False
            while place < stop:  # in every chord that it sounds in
                number = int((place - start) // every)
                root, quality, bass = parse_chord(rules.chords[number % len(rules.chords)])
                members = {(root + step) % 12 for step in CHORD_NOTES[quality]} | {bass}
                broken |= root >= 0 and pitch % 12 not in members
                place = start + (number + 1) * every
            count("chords", broken)
    line = list(rules.bass) or [symbol.split("/")[1] if "/" in symbol else "" for symbol in rules.chords]
    if any(line) and pitched:
        number = 0
        while start + number * every < max(note[1] for note in pitched) and (not rules.bars or start + number * every < end):
            at, name = start + number * every, line[number % len(line)]
            sounding = [note for note in pitched if note[0] <= at < note[1]]
            begun = [note for note in sounding if note[0] == at]
            if name and at <= max(note[0] for note in pitched):
                wanted = parse_chord(name)[0]
                lowest = min(note[2] for note in sounding) if sounding else -1
                count("bass", not any(note[2] == lowest and lowest % 12 == wanted for note in begun))
                until = at + every
                count("bass", any(at < note[0] < until and note[2] < lowest for note in pitched))
            number += 1
    if rules.no_parallel_fifths:
        before: tuple[int, int] | None = None
        for onset in sorted({note[0] for note in notes}):
            sounding_now = [note[2] for note in pitched if note[0] <= onset < note[1]]
            now = (min(sounding_now), max(sounding_now)) if sounding_now else None
            if before and now:
                moves = now[0] - before[0], now[1] - before[1]
                fifths = (before[1] - before[0]) % 12 == 7 and (now[1] - now[0]) % 12 == 7
                count("no_parallel_fifths", fifths and moves[0] * moves[1] > 0)
            before = now
    if rules.rhythm:
        wanted_times: dict[int, int] = {}  # in 48ths of a quarter
        for onset, duration in rules.rhythm:
            first = round(48 * onset)
            wanted_times[first] = max(round(48 * (onset + duration)) - first, wanted_times.get(first, 0))
        count("rhythm", {round(48 * (note[0] - start)) for note in notes} != set(wanted_times))
        for note in notes:
            count("rhythm", round(48 * (note[1] - note[0])) != wanted_times.get(round(48 * (note[0] - start))))
    return found

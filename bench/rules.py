"""Whether rules hold, and what they cost: pieces of a model under each rule, written as MIDI and judged by an independent checker.

Usage: python bench/rules.py MODEL [--bars 10000] [--count 64]. The model must be of the encoding `notes` with bars. For each rule:
pieces of 8 bars until there are --bars of them; violations that `partimento/testing/rules.py` finds in the files; the
cost in bits per note (how much probability the model gave to what the rule forbids, -log2 of what is left, over one batch);
notes a second beside the same batch without the rule but with the same number of bars, in turns. One JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from partimento.composing.compose import Composition, compose
from partimento.composing.preamble import stated
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling, weights
from partimento.encodings.texture import texture_of
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.models.checkpoint import Checkpoint
from partimento.testing.rules import violations

BARS = 8
RULES = {
    "key": Rules(bars=BARS, key="G major"),
    "minor key": Rules(bars=BARS, key="C minor"),
    "meter": Rules(bars=BARS, meter=(3, 4)),
    "bars": Rules(bars=BARS),
    "tonic at the end": Rules(bars=BARS, key="D major", end_on_tonic=True),
    "chords": Rules(bars=BARS, chords=("C", "G/B", "Am7", "Dm7", "G7")),
    "chords, passing notes": Rules(bars=BARS, key="C major", chords=("C", "F", "G7", "C"), passing=True),
    "bass": Rules(bars=BARS, key="C major", bass=("C", "B", "A", "G", "F", "E", "D", "G")),
    "range": Rules(bars=BARS, ranges={-1: (55, 79)}),
    "polyphony": Rules(bars=BARS, polyphony=3),
    "instruments": Rules(bars=BARS, instruments=(0,)),
    "no parallel fifths": Rules(bars=BARS, no_parallel_fifths=True),
    "rhythm": Rules(
        bars=BARS, rhythm=tuple((bar * 4 + at, length) for bar in range(BARS) for at, length in ((0, 1.5), (1.5, 0.5), (2, 2)))
    ),
    "all of harmony": Rules(
        bars=BARS,
        key="A minor",
        end_on_tonic=True,
        chords=("Am", "Dm", "E7", "Am"),
        polyphony=4,
        ranges={-1: (40, 81)},
        no_parallel_fifths=True,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--bars", type=int, default=10_000)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--only", help="names of rules, apart by semicolons")
    options = parser.parse_args()
    checkpoint = Checkpoint.load(options.model)
    names = options.only.split(";") if options.only else list(RULES)
    rows = {}
    for name in names:
        rows[name] = _row(checkpoint, RULES[name], options.bars, options.count)
        print(name, rows[name], file=sys.stderr)
    print(json.dumps({"model": checkpoint.recipe.name, "sha256": checkpoint.sha256, "rules": rows}, indent=1))


def _row(checkpoint: Checkpoint, rules: Rules, bars: int, count: int) -> dict[str, Any]:
    found: dict[str, int] = {}
    seconds, notes = {"with": 0.0, "without": 0.0}, {"with": 0, "without": 0}
    bits, pieces, seed = 0.0, 0, 0
    while pieces * BARS < bars:
        made = _timed(checkpoint, rules, count, seed, "with", seconds, notes)
        if seed == 0:
            bits = sum(_forbidden_bits(checkpoint, rules, one) for one in made[:8]) / sum(one.new_notes for one in made[:8])
        if seed < 2:
            _timed(checkpoint, Rules(bars=BARS), count, seed, "without", seconds, notes)
        for one in made:
            piece = piece_from_midi(midi_from_piece(one.piece))[0]
            for rule, times in violations(piece, rules).items():
                found[rule] = found.get(rule, 0) + times
        pieces, seed = pieces + count, seed + 1
    rate = {side: notes[side] / seconds[side] for side in seconds}
    return {
        "bars": pieces * BARS,
        "notes": notes["with"],
        "violations": found,
        "bits_per_note": round(bits, 3),
        "notes_per_second": round(rate["with"], 1),
        "speed_beside_bars_alone": round(rate["with"] / rate["without"], 3),
    }


def _timed(
    checkpoint: Checkpoint, rules: Rules, count: int, seed: int, side: str, seconds: dict[str, float], notes: dict[str, int]
) -> list[Composition]:
    start = time.perf_counter()
    made = compose(checkpoint, notes=1, count=count, seed=seed, rules=rules, guard=False)
    seconds[side] += time.perf_counter() - start
    notes[side] += sum(one.new_notes for one in made)
    return made


def _forbidden_bits(checkpoint: Checkpoint, rules: Rules, made: Composition) -> float:
    """-log2 of the probability that the model leaves to what the rules allow, summed over the fields of the new events."""
    encoding = checkpoint.encoding
    rest = rules.but(bars=None, end_on_tonic=False) if rules != Rules(bars=BARS) else rules
    start = texture_of(encoding.cursor())
    assert start is not None
    head = len(stated(encoding, rules))
    for event in made.events[:head].tolist():
        start.push(event)
    masks, session, cursor = rest.masks(rest.made(start), start), checkpoint.predictor().begin(1), encoding.cursor()
    bits = 0.0
    for at, event in enumerate(made.events.tolist()):
        for field in range(len(event)) if at >= head else ():
            prefix = tuple(event[:field])
            legal = cursor.allowed(prefix)
            allowed = legal & masks.allowed(prefix)
            weight = weights(session.logits(np.array([prefix], np.int64).reshape(1, field)), legal[None], Sampling())[0]
            if allowed[event[field]]:
                bits -= float(np.log2(weight[allowed].sum() / weight.sum()))
        session.push(made.events[at : at + 1])
        cursor.push(event)
        if at >= head:
            start.push(event)
            masks.moved()
    return bits


if __name__ == "__main__":
    main()

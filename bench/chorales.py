"""What musicians have counted in chorales and melodies, counted here. Prints one object of JSON.

Usage: python bench/chorales.py CORPUS, where CORPUS was built from music21:bach. docs/explore.md says what the literature says.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from partimento.analysis.beat_chords import NUMERALS
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.measures import measure
from partimento.analysis.ngrams import Ngrams, stream
from partimento.analysis.piece_set import Music
from partimento.corpus import Corpus

SKIP = 3  # semitones: von Hippel and Huron's smallest skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    print(json.dumps(facts(Music.of_corpus(Corpus.open(parser.parse_args().corpus))), indent=1, ensure_ascii=False))


def facts(music: Music) -> dict[str, Any]:
    """Shares, each the mean over pieces, but for the reversals, which are of all moves."""
    measures = measure(music)

    def share(name: str, *labels: str) -> float:
        known = HISTOGRAMS[name].labels
        return round(float(sum(measures.share(name)[known.index(label)] for label in labels)), 4)

    down, up = share("interval", "minor 2nd down", "major 2nd down"), share("interval", "minor 2nd up", "major 2nd up")
    wide = [label for label in HISTOGRAMS["interval"].labels if label.split()[0] not in ("unison", "minor", "major", "wider")]
    return {
        "pieces": len(music),
        "notes": len(music.notes),
        "steps": round(down + up, 4),
        "steps_that_fall": round(down / (down + up), 4),
        "fourths_to_octaves_that_rise": round(
            share("interval", *[label for label in wide if label.endswith("up")]) / share("interval", *wide), 4
        ),
        **_reversals(music),
        "quarters_among_notes": share("duration", "quarter"),
        "eighths_among_notes": share("duration", "8th"),
        "notes_on_a_beat": share("place", "downbeat", "other beats"),
        "changes_of_chord_a_beat": round(float(np.nanmean(measures.figures["chords_per_beat"])), 4),
        "V_to_I_or_i": share("chord_change", "V → I", "V → i"),
        "I_or_i_to_V": share("chord_change", "I → V", "i → V"),
        "V_that_goes_to_I_or_i": _after_five(measures.share("chord_change")),
        "commonest_change": HISTOGRAMS["chord_change"].labels[int(measures.share("chord_change").argmax())],
        "roots_up_a_fourth": share("root_motion", "4th"),
        "roots_up_a_fifth": share("root_motion", "5th"),
        "pieces_that_end_V_I": share("cadence", "V–I", "vii°–I"),
        "pieces_that_end_IV_I": share("cadence", "IV–I"),
    }


def _after_five(changes: Any) -> float:
    """Of the changes from V to another degree, the share that goes to I or i."""
    table = changes.reshape(len(NUMERALS), -1)
    five = table[NUMERALS.index("V")]
    same = [NUMERALS.index("v"), NUMERALS.index("v°")]
    return round(float(five[[NUMERALS.index("I"), NUMERALS.index("i")]].sum() / (five.sum() - five[same].sum())), 4)


def _reversals(music: Music) -> dict[str, float]:
    """How often a line turns back after a skip and after a step; repeated notes after it are left out."""
    runs, counts = Ngrams(*stream(music, "interval")).counts(2)
    first, then = (runs >> np.uint64(8)).astype(np.int64) - 128, (runs & np.uint64(255)).astype(np.int64) - 128
    found = {}
    for name, least, most in (("skip", SKIP, 127), ("step", 1, SKIP - 1)):
        after = (np.abs(first) >= least) & (np.abs(first) <= most) & (then != 0)
        turns = after & (np.sign(first) != np.sign(then))
        found[f"turns_back_after_a_{name}"] = round(float(counts[turns].sum() / counts[after].sum()), 4)
    return found


if __name__ == "__main__":
    main()

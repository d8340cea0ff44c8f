"""Mutants: one change at a time to what a headline promise rests on, and whether the tests notice.

Usage: python bench/mutants.py [WORD...] (only mutants whose file or change holds a word; all by default)
       python bench/mutants.py --check (no test is run: every mutant still fits the code)

It works on a copy in a temporary folder, prints a table, and exits 1 when a mutant survives. To add one: the file under
src/partimento, a text that stands in it once, what takes its place, and the tests that should fail.
"""

# ruff: noqa: E501 (one mutant a line)

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import hypothesis
import numba
import numpy
import pytest
import scipy.sparse
import torch

LIBRARIES = (hypothesis, numba, numpy, scipy.sparse, torch)  # imported once, for all mutants
ROOT = Path(__file__).parents[1]
TIMEOUT_SECONDS = 300  # a mutant that never ends is noticed too


class Mutant(NamedTuple):
    """One change of a file, and the tests that are asked."""

    file: str
    old: str
    new: str
    tests: str


BITS, BOARD = "tests/likelihood/test_bits_per_note.py", "tests/likelihood/test_leaderboard.py"
SPLIT, ENCODED = "tests/corpus/test_splits.py", "tests/corpus/test_encoded.py"
ORIGINAL, REPEAT = "tests/analysis/test_originality.py", "tests/analysis/test_repetition.py"
CARD, FIGURE = "tests/analysis/card", "tests/analysis/figures"
DISTANCE = "tests/analysis/test_distances.py"

# fmt: off
MUTANTS = [
    # likelihood
    Mutant("likelihood/bits_per_note.py", "fields] / totals[:, :1]", "fields] / totals[:, 1:2]", BITS),
    Mutant("likelihood/bits_per_note.py", "fields :] / totals[:, 1:2]", "fields :] / totals[:, :1]", BITS),
    Mutant("likelihood/bits_per_note.py", "(change[1:] < 0).mean()", "(change[1:] > 0).mean()", BITS),
    Mutant("likelihood/bits_per_note.py", "nats.sum(axis=1, keepdims=True) / np.log(2), nats", "nats.sum(axis=1, keepdims=True), nats", BITS),
    Mutant("likelihood/bits_per_note.py", "totals[:, 1] / totals[:, 0] - totals[:, 3]", "totals[:, 1] / totals[:, 0] + totals[:, 3]", BITS),
    Mutant("likelihood/bits_per_note.py", "np.stack([_notes_and_bits(row), _notes_and_bits(first)]", "np.stack([_notes_and_bits(first), _notes_and_bits(row)]", BITS),
    Mutant("likelihood/bits_per_note.py", "piece_scores.nats[scored].sum", "piece_scores.nats.sum", BITS),
    Mutant("likelihood/bits_per_note.py", "piece_scores.hits[scored].sum", "piece_scores.hits.sum", BITS),
    Mutant("likelihood/bits_per_note.py", "split.encoded.piece(number)[scored])", "split.encoded.piece(number))", BITS),
    Mutant("likelihood/bits_per_note.py", "if not np.isfinite(nats).all():", "if np.isinf(nats).all():", BITS),
    Mutant("likelihood/bits_per_note.py", "drawn = generator.integers(pieces, size=(size, pieces))", "drawn = generator.integers(pieces - 1, size=(size, pieces))", BITS),
    Mutant("likelihood/bits_per_note.py", "or not np.array_equal(row.numbers, first.numbers)", "", BITS),
    Mutant("likelihood/bits_per_note.py", 'return self.split_method != "works"', 'return self.split_method == "works"', BITS),
    Mutant("likelihood/bits_per_note.py", "if context is not None and context < 1:", "if context is not None and context < 0:", BITS),
    Mutant("likelihood/bits_per_note.py", "if scored.any():", "if True:", BITS),
    Mutant("likelihood/leaderboard.py", "return Interval(float(bits.sum() / length.sum())", "return Interval(float((bits / length).mean())", BOARD),
    Mutant("likelihood/leaderboard.py", "np.asarray(seconds, np.float64)[row.numbers]", "np.asarray(seconds, np.float64)[: len(row.numbers)]", BOARD),
    Mutant("likelihood/leaderboard.py", "key=lambda entry: entry.row.bits_per_note.mean)", "key=lambda entry: -entry.row.bits_per_note.mean)", BOARD),
    Mutant("likelihood/leaderboard.py", "entry.seconds / 60:.1f", "entry.seconds:.1f", BOARD),
    Mutant("likelihood/table.py", 'f"{row.split_method}: LEAKS" if row.leaks', 'f"{row.split_method}: LEAKS" if not row.leaks', BITS),
    Mutant("bootstrap.py", "np.percentile(drawn, [2.5, 97.5])", "np.percentile(drawn, [5, 95])", BITS),
    # splits
    Mutant("corpus/splits.py", "sorted(set(works))", "sorted(works)", SPLIT),
    Mutant("corpus/splits.py", 'side="right")\n    had', 'side="left") + 1\n    had', SPLIT),
    Mutant("corpus/splits.py", "(had < wanted / 2).any() or (had > wanted * 2).any()", "(had > wanted * 2).any()", SPLIT),
    Mutant("corpus/splits.py", "(had < wanted / 2).any() or (had > wanted * 2).any()", "True", SPLIT),
    Mutant("corpus/splits.py", "np.maximum(1, np.round(", "np.maximum(0, np.round(", SPLIT),
    Mutant("corpus/splits.py", "len(names) < FEWEST_WORKS", "len(works) < FEWEST_WORKS", SPLIT),
    Mutant("corpus/splits.py", "int(name[:16], 16)", "int(name[:8], 16)", SPLIT),
    Mutant("corpus/splits.py", "/ sum(shares)", "", SPLIT),
    Mutant("corpus/encoded.py", "self.splits == SPLITS.index(name)", "self.splits >= SPLITS.index(name)", ENCODED),
    Mutant("corpus/encoded.py", "filled & (self.splits != LEFT_OUT", "filled & (self.splits <= LEFT_OUT", ENCODED),
    Mutant("corpus/encoded.py", "np.where(chosen, self.splits, LEFT_OUT)", "np.where(chosen, self.splits, 0)", ENCODED),
    Mutant("corpus/encoded.py", "place >= share[at]", "place >= 0", ENCODED),
    # verbatim copies
    Mutant("analysis/verbatim.py", "np.diff(low) + 128", "low[1:] + 128", ORIGINAL),
    Mutant("analysis/verbatim.py", "leap << np.uint64(32) | wait", "leap << np.uint64(32)", ORIGINAL),
    Mutant("analysis/verbatim.py", "leap << np.uint64(32) | wait", "wait", ORIGINAL),
    Mutant("analysis/verbatim.py", "SEED_NOTES, SEED_MOMENTS = 8, 3", "SEED_NOTES, SEED_MOMENTS = 12, 3", ORIGINAL),
    Mutant("analysis/verbatim.py", "SEED_NOTES, SEED_MOMENTS = 8, 3", "SEED_NOTES, SEED_MOMENTS = 4, 3", ORIGINAL),
    Mutant("analysis/verbatim.py", "last = here + self._extent(lines, here, there)", "last = here + self._extent(lines, here, there) - 1", ORIGINAL),
    Mutant("analysis/verbatim.py", "whole = np.unique(np.stack([here - before, last, there - before]), axis=1)", "whole = np.stack([here, last, there])", ORIGINAL),
    Mutant("analysis/verbatim.py", "if len(tracks) > 1 else []", "if len(tracks) > 9 else []", ORIGINAL),
    Mutant("analysis/verbatim.py", "np.flatnonzero(~drums[piece.notes", "np.flatnonzero(drums[piece.notes", ORIGINAL),
    Mutant("analysis/verbatim.py", "GRID = 24", "GRID = 2", ORIGINAL),
    Mutant("analysis/verbatim.py", "np.where(same, middle, least), np.where(same, most, middle - 1)", "np.where(same, middle, least), np.where(same, middle, middle - 1)", ORIGINAL),
    # originality
    Mutant("analysis/originality.py", "length > bars - 1e-6", "length > 0", ORIGINAL),
    Mutant("analysis/originality.py", "length > bars - 1e-6", "length > bars + 1e-6", ORIGINAL),
    Mutant("analysis/originality.py", "np.lexsort((-length, -size))", "np.lexsort((-length, size))", ORIGINAL),
    Mutant("analysis/originality.py", "left = left[inside <= length[left] / 2]", "left = left[1:]", ORIGINAL),
    Mutant("analysis/originality.py", "share(bars, places[:1])", "share(bars, places)", ORIGINAL),
    Mutant("analysis/originality.py", "finding.longest_notes > self.longest_notes or", "finding.longest_notes < self.longest_notes or", ORIGINAL),
    Mutant("analysis/originality.py", "self.longest_notes or finding.share[2]", "self.longest_notes and finding.share[2]", ORIGINAL),
    Mutant("analysis/originality.py", "np.percentile(both, 97.5, axis=0)", "np.percentile(both, 90, axis=0)", ORIGINAL),
    Mutant("analysis/originality.py", "for one in test]", "for one in valid]", ORIGINAL),
    Mutant("analysis/originality.py", "return self.runs[0].notes if self.runs else 0", "return self.runs[-1].notes if self.runs else 0", ORIGINAL),
    Mutant("analysis/originality.py", 'names.append(name)\n', 'names.insert(0, name)\n', ORIGINAL),
    Mutant("analysis/originality.py", "edges = np.bincount(first, minlength=size) - np.bincount(last + 1, minlength=size)", "edges = np.bincount(first, minlength=size) - np.bincount(last, minlength=size)", ORIGINAL),
    # repetition
    Mutant("analysis/repetition.py", "heard[RUN - 1 + first] = False", "heard[first] = False", REPEAT),
    Mutant("analysis/repetition.py", "RUN = 8", "RUN = 7", REPEAT),
    Mutant("analysis/repetition.py", "heard[length - 1] / (length - RUN + 1)", "heard[length - 1] / length", REPEAT),
    Mutant("analysis/repetition.py", "(period <= GRID * most)", "(period < GRID * most)", REPEAT),
    Mutant("analysis/repetition.py", "np.diff(onset) << 8 | (np.diff(pitch) + 128)", "np.diff(onset) << 8 | pitch[1:]", REPEAT),
    Mutant("analysis/repetition.py", "np.lexsort([pitch, onset])", "np.lexsort([onset])", REPEAT),
    Mutant("analysis/repetition.py", "if drums.any() else piece.notes", "if False else piece.notes", REPEAT),
    Mutant("analysis/repetition.py", "np.percentile(table[:, len(LENGTHS) :], 99, axis=0), PERIODS)", "np.percentile(table[:, len(LENGTHS) :], 50, axis=0), PERIODS)", REPEAT),
    Mutant("analysis/repetition.py", "np.nanpercentile(table[:, : len(LENGTHS)][:, known], QUANTILES, axis=0)", "np.nanpercentile(table[:, : len(LENGTHS)][:, known], QUANTILES[::-1], axis=0)", REPEAT),
    # the card
    Mutant("analysis/card/rows.py", "abs(interval.mean - human_mean) <= floor[at]", "abs(interval.mean - human_mean) >= floor[at]", CARD),
    Mutant("analysis/card/rows.py", "interval.mean - human_mean) <=", "interval.low - human_mean) <=", CARD),
    Mutant("analysis/card/rows.py", "chance)), 95, axis=0)", "chance)), 50, axis=0)", CARD),
    Mutant("analysis/card/rows.py", "_means(human, size, chance) - _means(human, len(human), chance)", "_means(human, len(human), chance) - _means(human, len(human), chance)", CARD),
    Mutant("analysis/card/rows.py", "np.nanpercentile(means, [2.5, 97.5])", "np.nanpercentile(means, [25, 75])", CARD),
    Mutant("analysis/card/rows.py", "np.nansum(table[drawn], axis=0) / known[drawn].sum(axis=0)", "np.nansum(table[drawn], axis=0) / size", CARD),
    Mutant("analysis/card/rows.py", "(one.line_share if of_any_track else one.share)[bars]", "(one.share if of_any_track else one.line_share)[bars]", CARD),
    Mutant("analysis/card/rows.py", "one.longest_notes for one", "one.notes for one", CARD),
    Mutant("analysis/card/view.py", '("" if inside else " *")', '(" *" if inside else "")', CARD),
    Mutant("analysis/card/view.py", "half = (interval.high - interval.low) / 2", "half = interval.high - interval.low", CARD),
    # figures
    Mutant("analysis/figures/figure.py", "(100 if self.unit == '%' else 1)", "1", FIGURE),
    Mutant("analysis/figures/of_pitch.py", "SCALE = np.array([0, 2, 4, 5, 7, 9, 11])", "SCALE = np.array([0, 2, 4, 6, 7, 9, 11, 5])", FIGURE),
    Mutant("analysis/figures/of_pitch.py", "share * np.log2(share)", "share * np.log(share)", FIGURE),
    Mutant("analysis/figures/of_pitch.py", "(_SIZE == 1) | (_SIZE == 2)", "(_SIZE == 0) | (_SIZE == 2)", FIGURE),
    Mutant("analysis/figures/of_form.py", "return 1 - len(np.unique(hashes)) / len(hashes)", "return len(np.unique(hashes)) / len(hashes)", FIGURE),
    Mutant("analysis/figures/of_form.py", "(np.diff(bar[first]) == 1)", "(np.diff(bar[first]) >= 1)", FIGURE),
    Mutant("analysis/figures/of_form.py", 'tuned["duration"].mean()', 'tuned["duration"].max()', FIGURE),
    Mutant("analysis/figures/of_form.py", "- 2 * again[:-1]) / size", "- again[:-1]) / size", FIGURE),
    Mutant("analysis/figures/of_form.py", "== notes[\"track\"][:count])", ">= notes[\"track\"][:count])", FIGURE),
    Mutant("analysis/figures/of_texture.py", "notes[\"pitch\"].astype(np.int64) << 32 |", "0 * notes[\"pitch\"].astype(np.int64) << 32 |", FIGURE),
    Mutant("analysis/figures/of_texture.py", "new = np.append(True, start[1:] > reach[:-1])", "new = np.append(True, start[1:] > start[:-1])", FIGURE),
    Mutant("analysis/figures/of_harmony.py", "[degree[before] == 7, degree[before] == 11, degree[before] == 5], [0, 1, 2]", "[degree[before] == 5, degree[before] == 11, degree[before] == 7], [0, 1, 2]", FIGURE),
    Mutant("analysis/figures/of_time.py", "place[on_beat & ~first] = 1", "place[on_beat & first] = 1", FIGURE),
    # distances
    Mutant("analysis/distances.py", "np.minimum(p, q).sum", "np.maximum(p, q).sum", DISTANCE),
    Mutant("analysis/distances.py", "self.value.low <= self.floor.high and", "self.value.low >= self.floor.high and", DISTANCE),
    Mutant("analysis/distances.py", "sides[1] - sides[0], sides[3] - sides[2]", "sides[0] - sides[1], sides[3] - sides[2]", DISTANCE),
    Mutant("analysis/distances.py", "(p * np.log2(p / q))", "(q * np.log2(p / q))", DISTANCE),
]
# fmt: on


def problem(mutant: Mutant) -> str:
    """Why a mutant does not fit the code, or nothing."""
    count = (ROOT / "src/partimento" / mutant.file).read_text(encoding="utf-8").count(mutant.old)
    return "" if count == 1 else f"{mutant.file}: {mutant.old!r} stands there {count} times"


def survives(copy: Path, mutant: Mutant) -> bool:
    """Whether the tests pass in a copy of the tree with the mutant in it."""
    path = copy / "src/partimento" / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code = verdict(copy, mutant.tests.split())
    finally:
        path.write_text(text, encoding="utf-8")
    if code not in (0, 1):  # neither all passed nor some failed: a mutant that breaks the import says nothing
        print(f"  (no verdict of the tests: exit {code})")
    return code == 0


def verdict(copy: Path, tests: list[str]) -> int:
    """The exit status of the tests of a copy of the tree, in a process that finds the libraries imported already."""
    child = os.fork()
    if not child:
        os.chdir(copy)
        sys.path.insert(0, str(copy / "src"))
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            signal.alarm(TIMEOUT_SECONDS)
            os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1  # it ran out of time


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    chosen = [one for one in MUTANTS if not words or any(word in one.file or word in one.old or word in one.new for word in words)]
    wrong = [text for one in chosen if (text := problem(one))]
    if wrong:
        sys.exit("\n".join(wrong))
    if "--check" in sys.argv:
        print(f"{len(chosen)} mutants fit the code")
        return
    survivors: list[Mutant] = []
    begun = time.monotonic()
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".hypothesis", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
        for tests in dict.fromkeys(one.tests for one in chosen):
            if verdict(copy, tests.split()):
                sys.exit(f"{tests}: these tests fail without any mutant; mend them first")
        for number, one in enumerate(chosen, 1):
            alive = survives(copy, one)
            survivors += [one] * alive
            change = f"{one.old} -> {one.new}".replace("\n", " ")
            print(f"{number:3} {'SURVIVED' if alive else 'killed  '} {one.file}: {change}", flush=True)
    score = f"{len(chosen) - len(survivors)} of {len(chosen)} killed"
    print(f"\n{score} in {time.monotonic() - begun:.0f} s", *(f"survived: {one.file}: {one.old!r}" for one in survivors), sep="\n")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()

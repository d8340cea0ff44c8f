"""Mutants: one change at a time to what a headline promise rests on, and whether the tests notice.

Usage: python bench/mutants.py [WORD...] (only mutants whose file or change holds a word; all by default)
       python bench/mutants.py --check (no test is run: every mutant still fits the code)

It works on a copy in a temporary folder, prints a table, and exits 1 when a mutant survives. To add one: the file under
src/partimento, a text that stands in it once, what takes its place, and the tests that should fail.
"""

# ruff: noqa: E501 (one mutant a line)

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pytest

LIBRARIES = ("hypothesis", "numba", "numpy", "scipy.sparse", "torch")  # imported once, for all mutants
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
RULES, COMPOSE, TASKS = "tests/composing/rules/test_rules.py", "tests/composing/test_compose.py", "tests/composing/test_tasks.py"
ENDING, GUARD = "tests/composing/test_ending.py", "tests/composing/test_guard.py"
PREAMBLE, SAMPLING = "tests/composing/test_preamble.py", "tests/composing/test_sampling.py"
GUIDANCE, TEXTURE = "tests/composing/test_guidance.py", "tests/encodings/test_texture.py"
BAR, SYMBOL = "tests/test_bars.py", "tests/test_chord_symbols.py"


def held(rule: str) -> str:
    """The test that a rule of the registry holds."""
    return f"{RULES}::test_a_rule_holds_and_its_checker_would_see_if_it_did_not[{rule}]"


def of(file: str, *tests: str) -> str:
    """Some tests of a file, `test_` left out."""
    return " ".join(f"{file}::test_{test}" for test in tests)


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
    Mutant("analysis/verbatim.py", "SEED_NOTES, SEED_ONSETS = 8, 3", "SEED_NOTES, SEED_ONSETS = 12, 3", ORIGINAL),
    Mutant("analysis/verbatim.py", "SEED_NOTES, SEED_ONSETS = 8, 3", "SEED_NOTES, SEED_ONSETS = 4, 3", ORIGINAL),
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
    Mutant("analysis/originality.py", "(_measured(finding) > np.array([self.most_bits", "(_measured(finding) < np.array([self.most_bits", ORIGINAL),
    Mutant("analysis/originality.py", "self.share_2_bars, self.likeness])).any()", "self.share_2_bars, self.likeness])).all()", ORIGINAL),
    Mutant("analysis/originality.py", "math.ceil((1 - MARKED) * len(rank))", "math.ceil(MARKED * len(rank))", ORIGINAL),
    Mutant("analysis/originality.py", "for one in test]", "for one in valid]", ORIGINAL),
    Mutant("analysis/originality.py", "return self.runs[0].notes if self.runs else 0", "return self.runs[-1].notes if self.runs else 0", ORIGINAL),
    Mutant("analysis/originality.py", 'names.append(name)\n', 'names.insert(0, name)\n', ORIGINAL),
    Mutant("analysis/originality.py", "edges = np.bincount(first, minlength=size) - np.bincount(last + 1, minlength=size)", "edges = np.bincount(first, minlength=size) - np.bincount(last, minlength=size)", ORIGINAL),
    # repetition
    Mutant("analysis/repetition.py", "repeated[RUN - 1 + first] = False", "repeated[first] = False", REPEAT),
    Mutant("analysis/repetition.py", "RUN = 8", "RUN = 7", REPEAT),
    Mutant("analysis/repetition.py", "repeated[length - 1] / (length - RUN + 1)", "repeated[length - 1] / length", REPEAT),
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
    # rules of pitch
    Mutant("composing/rules/pitch.py", "(high - before[1]) > 0", "(high - before[1]) < 0", held("NoParallelFifths")),
    Mutant("composing/rules/pitch.py", "before = here.outer_before if onset == here.last_onset else here.outer_until(onset)", "before = here.outer_until(onset)", held("NoParallelFifths")),
    Mutant("composing/rules/pitch.py", "(high - low) % 12 == FIFTH", "high - low == FIFTH", held("NoParallelFifths")),
    Mutant("composing/rules/pitch.py", "pitch_class_set(tonic, SCALES[scale])", "pitch_class_set(0, SCALES[scale])", held("Key")),
    Mutant("composing/rules/pitch.py", "ALL if chord is None else chord.notes", "0 if chord is None else chord.notes", held("Chords")),
    Mutant("composing/rules/pitch.py", "ALL if chord is None else chord.notes", "ALL if chord is None else chord.notes & ~(1 << chord.bass)", of(RULES, "the_bass_of_a_chord_belongs_to_it")),
    Mutant("composing/rules/pitch.py", "if limit is None else ends <= limit", "if limit is None else ends <= limit + 1", held("Chords")),
    Mutant("composing/rules/pitch.py", "bisect_right(self.start_ticks, tick) - 1", "bisect_left(self.start_ticks, tick) - 1", of(RULES, "a_chord_holds_from_its_bar_line_on")),
    Mutant("composing/rules/pitch.py", "if self.passing and _off_the_beat", "if _off_the_beat", held("Chords")),
    Mutant("composing/rules/pitch.py", "return ends <= _next_beat(here, onset)", "return ends <= _next_beat(here, onset) + 1", held("Chords")),
    Mutant("composing/rules/pitch.py", "classes = [bass if bass != root else -1", "classes = [root if bass != root else -1", held("Bass")),
    Mutant("composing/rules/pitch.py", "if may_hold else start)", "if may_hold else start + 1)", of(RULES, "only_notes_far_above_the_bass_are_held_into_it")),
    Mutant("composing/rules/pitch.py", "return np.asarray(pitch >= self._floor(here, onset))", "return np.asarray(pitch >= self._floor(here, onset) - 1)", held("Bass")),
    Mutant("composing/rules/pitch.py", "low, high = np.array([(0, 127)", "high, low = np.array([(0, 127)", held("Ranges")),
    Mutant("composing/rules/pitch.py", "logical_or.reduce([(pitch >= low) & (pitch <= high)", "logical_or.reduce([(pitch >= low) & (pitch < high)", f"{held('Ranges')} {of(RULES, 'both_ends_of_a_range_may_be_played')}"),
    Mutant("composing/rules/pitch.py", "self.of_program.get(program, self.of_program.get(-1, (0, 127)))", "self.of_program.get(-1, self.of_program.get(program, (0, 127)))", f"{held('Ranges')} {of(RULES, 'both_ends_of_a_range_may_be_played')}"),
    Mutant("composing/rules/pitch.py", "[(0, 127) if program == DRUMS else self._of(program) for program in here.players]", "[(0, 127) for program in here.players]", f"{held('Ranges')} {of(RULES, 'both_ends_of_a_range_may_be_played')}"),
    Mutant("composing/rules/pitch.py", "np.isin(here.players, list(self.allowed))", "np.isin(here.players, [*self.allowed, 1])", held("Instruments")),
    # where rules count from, and what a task leaves
    Mutant("composing/rules/rule.py", "note.onset >= here.bar_tick for note", "note.onset > here.bar_tick for note", of(RULES, "rules_begin_at_the_bar_after_what_is_given")),
    Mutant("composing/rules/rule.py", 'self.asked["chord_beats"] * self.beat or self.bar', 'self.bar', held("Chords")),
    Mutant("composing/rules/rule.py", "math.ceil((self.end - self.start) / every)", "math.ceil((self.end - self.start) / every) - 1", f"{held('Chords')} {held('Bass')}"),
    Mutant("composing/rules/rule.py", "(ticks >= self.start_tick) & (ticks < self.end_tick)", "ticks < self.end_tick", of(TASKS, "what_stands_is_as_it_was_and_new_notes_lie_in_the_region")),
    Mutant("composing/rules/rule.py", "ends <= min([self.end_tick, *later])", "ends <= min([self.end_tick + 1, *later])", of(TASKS, "what_stands_is_as_it_was_and_new_notes_lie_in_the_region")),
    # rules of time
    Mutant("composing/rules/time.py", "here.last_onset >= self.last_bar_tick or held", "here.last_onset >= self.last_bar_tick", of(RULES, "voices_held_to_the_end_leave_no_dead_end")),
    Mutant("composing/rules/time.py", "allowed = ends <= self.end_tick", "allowed = ends <= self.end_tick + 1", held("Bars")),
    Mutant("composing/rules/time.py", "return cls(at.end - at.bar, at.end, tonic)", "return cls(at.end - at.bar, at.end - at.beat, tonic)", held("Bars")),
    Mutant("composing/rules/time.py", "            if pitch < lowest:", "            if pitch > lowest:", held("Bars")),
    Mutant("composing/rules/time.py", "tonic = parse_scale(at.asked[\"key\"])[0] if", "tonic = 0 if", held("Bars")),
    Mutant("composing/rules/time.py", "sum(1) < self.most)", "sum(1) <= self.most)", held("Polyphony")),
    Mutant("composing/rules/time.py", "(ends[None] > ticks[:, None])", "(ends[None] >= ticks[:, None])", f"{held('Polyphony')} {of(RULES, 'a_voice_may_go_on_where_its_last_note_ends')}"),
    Mutant("composing/rules/time.py", "return self._next(here) == len(self.onset_ticks)", "return self._next(here) >= len(self.onset_ticks) - 1", held("Rhythm")),
    Mutant("composing/rules/time.py", "ends == self.end_ticks[number]", "ends <= self.end_ticks[number]", held("Rhythm")),
    Mutant("composing/rules/time.py", "max(highest.get(onset, (-1, 0)), (pitch, duration))", "min(highest.get(onset, (128, 0)), (pitch, duration))", of(RULES, "a_rhythm_may_be_that_of_a_score")),
    # provenance
    Mutant("composing/provenance.py", 'options.to_json() | {"index": index}', 'options.to_json() | {"index": 0}', of(COMPOSE, "made_says_how_and_keeps_folders_private")),
    Mutant("composing/provenance.py", '"seed": self.seed', '"seed": 0', of(COMPOSE, "again_makes_the_same_bytes")),
    Mutant("composing/provenance.py", '"count": self.count}', '"count": 4 * self.count}', of(COMPOSE, "again_makes_the_same_bytes", "made_says_how_and_keeps_folders_private")),
    Mutant("composing/provenance.py", "        if self.rules is not None:\n            record", "        if False:\n            record", of(COMPOSE, "again_makes_the_same_bytes", "all_that_was_asked_for_is_in_the_note")),
    Mutant("composing/provenance.py", 'record |= {"conditions": dict(self.conditions)} if self.conditions else {}', "", of(PREAMBLE, "conditions_are_stated")),
    Mutant("composing/provenance.py", 'record |= {"guidance": self.guidance} if self.guidance != 1 else {}', "", of(GUIDANCE, "guidance_is_part_of_how_a_piece_was_made")),
    Mutant("composing/provenance.py", 'record |= {"guard": self.guard.to_json()} if self.guard is not None else {}', "", of(GUARD, "a_model_that_goes_round_is_turned_by_the_guard")),
    Mutant("composing/provenance.py", 'return record | ({"ending": True} if self.ending else {})', "return record", of(ENDING, "old_notes_of_how_a_piece_was_made_have_neither_guard_nor_ending")),
    Mutant("composing/provenance.py", "if sha256 != checkpoint.sha256:", "if False:", of(COMPOSE, "again_refuses_another_model")),
    Mutant("composing/provenance.py", "not 0 <= index < options.count", "not 0 <= index <= options.count", of(COMPOSE, "again_refuses_what_is_no_note_of_how_a_piece_was_made")),
    Mutant("composing/provenance.py", "Path(checkpoint.path).parts[-2:]", "Path(checkpoint.path).parts", of(COMPOSE, "made_says_how_and_keeps_folders_private")),
    Mutant("composing/provenance.py", "parts += [start.licence] if start else []", "", of(COMPOSE, "the_licence_of_what_is_given_follows_those_of_the_corpus")),
    Mutant("composing/provenance.py", "least = 0 if one.optional else 1", "least = 0", of(COMPOSE, "given_events_that_cannot_be")),
    Mutant("composing/provenance.py", "return cls(Task(piece, task.write)", "return cls(Task(task.given, task.write)", of(TASKS, "a_piece_is_given_as_its_note_keeps_it")),
    Mutant("composing/compose.py", "_compose(checkpoint, start, options)[index]", "_compose(checkpoint, start, options)[0]", of(COMPOSE, "again_makes_the_same_bytes")),
    Mutant("composing/compose.py", "            events = events[:-1]", "            pass", of(COMPOSE, "pieces_end_where_they_say_so_or_with_their_notes")),
    # the end
    Mutant("composing/ending.py", "EARLIEST, LATEST = 0.75, 1.25", "EARLIEST, LATEST = 0.5, 1.25", of(ENDING, "a_model_may_end_where_it_likes_when_it_is_time")),
    Mutant("composing/ending.py", "EARLIEST, LATEST = 0.75, 1.25", "EARLIEST, LATEST = 0.75, 2.5", of(ENDING, "without_bars_a_piece_ends_too", "the_end_takes_from_the_next_bar_alone")),
    Mutant("composing/ending.py", "        if self.progress < 0:\n", "        if self.progress < -1:\n", of(ENDING, "a_model_may_end_where_it_likes_when_it_is_time")),
    Mutant("composing/ending.py", "written = len(self.here.notes) - self.before", "written = len(self.here.notes)", of(ENDING, "given_notes_are_none_of_those_asked_for")),
    Mutant("composing/ending.py", "(self._until() - here.bar_tick) % here.bar_length == 0", "True", of(ENDING, "inside_a_bar_the_end_is_as_likely_as_it_was")),
    Mutant("composing/ending.py", "math.ceil((until - here.bar_tick)", "math.floor((until - here.bar_tick)", of(ENDING, "the_last_bar_is_the_next_that_can_be")),
    Mutant("composing/ending.py", "taken = room if self.progress >= 1 else", "taken = room if self.progress >= 2 else", of(ENDING, "late_a_bar_gives_all_its_chance_to_the_end")),
    Mutant("composing/ending.py", "p[self.here.bar_id] -= taken", "p[self.here.bar_id] -= 0", of(ENDING, "the_end_takes_from_the_next_bar_alone")),
    Mutant("composing/ending.py", "(ends <= self.half_tick) | (ends == self.end_tick)", "ends <= self.end_tick", of(ENDING, "notes_of_the_last_bar_are_held_to_its_end")),
    Mutant("composing/ending.py", "logits[self.here.end_id] += FULL * held", "logits[self.here.end_id] -= FULL * held", of(ENDING, "the_fuller_the_last_chord_the_likelier_the_end")),
    # the guard
    Mutant("composing/guard.py", "return without(allowed, [note.id_of(pitch) for pitch in banned])", "return allowed", of(GUARD, "habits_that_are_asked_for")),
    Mutant("composing/guard.py", "(1 + place) / 2, place)", "place, place)", of(GUARD, "a_model_that_goes_round_is_turned_by_the_guard")),
    Mutant("composing/guard.py", "            if note.program != DRUMS:", "            if True:", of(GUARD, "drums_are_not_counted")),
    Mutant("composing/guard.py", "if len(self._recent) == RUN - 2", "if len(self._recent) == RUN - 3", of(GUARD, "habits_that_are_asked_for")),
    Mutant("composing/guard.py", "if self._share(1 + len(chord)) > self._limits", "if self._share(1 + len(chord)) < self._limits", of(GUARD, "habits_that_are_asked_for")),
    Mutant("composing/guard.py", " for step in steps if step >> 8 == wait}", " for step in steps}", of(GUARD, "habits_that_are_asked_for", "a_run_is_of_waits_too")),
    Mutant("composing/guard.py", "(lasts > limit) for most", "(lasts >= limit) for most", of(GUARD, "a_loop_is_left_even_where_repeats_are_free")),
    Mutant("composing/guard.py", "(period <= most) &", "(period >= most) &", of(GUARD, "a_loop_is_left_even_where_repeats_are_free")),
    Mutant("composing/guard.py", "kept if kept.any() else allowed", "kept", of(GUARD, "something_is_always_left")),
    Mutant("composing/guard.py", "logits[event[len(drawn)]] += pull", "logits[event[len(drawn)]] -= pull", of(GUARD, "a_model_that_never_repeats_is_brought_to_repeat_as_people_do")),
    Mutant("composing/guard.py", "step / 2, number >> 1", "step / 3, number >> 1", of(GUARD, "places_lie_evenly")),
    # the preamble
    Mutant("composing/preamble.py", 'rules.key or str(asked.get("key", ""))', 'str(asked.get("key", "")) or rules.key', of(PREAMBLE, "rules_go_before_wishes")),
    Mutant("composing/preamble.py", 'rules.tempo_qpm or (', 'None or (', held("Tempo")),
    Mutant("composing/preamble.py", "np.array([(0, *key)] if key", "np.array([(0, -key[0], key[1])] if key", of(PREAMBLE, "conditions_are_stated")),
    Mutant("composing/preamble.py", " & ~np.isin(ids, list(self.unsaid))", "", of(PREAMBLE, "what_pieces_state_by_saying_nothing")),
    Mutant("composing/preamble.py", "self.missing.pop(event[0], None)", "", of(PREAMBLE, "a_preamble_closes_with_the_first_event_that_is_none")),
    Mutant("composing/preamble.py", "if kind <= following", "if kind < following", of(PREAMBLE, "a_preamble_closes_with_the_first_event_that_is_none")),
    # all constraints
    Mutant("composing/constraints.py", "        if guard is not None:\n            guard.push(event)", "", of(GUARD, "what_is_given_counts")),
    Mutant("composing/constraints.py", "guard.of(cursor, number)", "guard.of(cursor, 0)", of(GUARD, "a_model_that_goes_round_is_turned_by_the_guard")),
    Mutant("composing/constraints.py", "found = [masks, *found,", "found = [*found,", held("Key")),
    Mutant("composing/constraints.py", "return found and ending is not False", "return found", of(ENDING, "a_model_may_end_where_it_likes_when_it_is_time")),
    Mutant("composing/constraints.py", "(None if reference is None else reference.habits) or HABITS", "HABITS", of(GUARD, "habits_are_those_beside_the_model")),
    # drawing side by side
    Mutant("composing/sampler.py", "np.asarray(allowed & self.cursor.allowed(drawn))", "allowed", of(COMPOSE, "pieces_end_where_they_say_so_or_with_their_notes")),
    Mutant("composing/sampler.py", "weight.sum() >= weight[allowed].sum()", "weight.sum() < weight[allowed].sum()", of(RULES, "drums_are_drawn_no_more_often_for_being_free_of_rules_of_pitch")),
    Mutant("composing/sampler.py", "if held >= notes or", "if held > notes or", of(COMPOSE, "notes_are_counted_not_events_and_history_is_what_was_drawn")),
    Mutant("composing/sampler.py", "Uniforms(seed, count)", "Uniforms(seed + count, count)", of(COMPOSE, "seeds_and_numbers_differ_and_repeat")),
    Mutant("composing/sampler.py", "np.array(session.logits(drawn_BF))", "session.logits(drawn_BF)", of(COMPOSE, "the_numbers_of_a_model_are_left_as_they_are")),
    Mutant("composing/sampling.py", "ranked[before >= sampling.top_p", "ranked[cumulative >= sampling.top_p", of(SAMPLING, "top_k_and_min_p", "top_p_keeps_the_smallest_set")),
    Mutant("composing/sampling.py", "sampling.top_p * cumulative[:, -1:]", "sampling.top_p", of(SAMPLING, "top_k_and_min_p", "top_p_keeps_the_smallest_set")),
    Mutant("composing/sampling.py", "ranked[:, sampling.top_k :] = 0", "ranked[:, sampling.top_k + 1 :] = 0", of(SAMPLING, "top_k_and_min_p")),
    Mutant("composing/sampling.py", "kept[kept < sampling.min_p] = 0", "kept[kept <= sampling.min_p] = 0", of(SAMPLING, "top_k_and_min_p")),
    Mutant("composing/sampling.py", "kept /= temperature", "kept *= temperature", of(SAMPLING, "frequencies_are_the_probabilities")),
    Mutant("composing/sampling.py", "known.get(field, 1.0)", "known.get(field, 0.0)", of(SAMPLING, "temperature_by_field")),
    Mutant("composing/sampling.py", "spawn_key=(index,)", "spawn_key=()", of(SAMPLING, "streams_depend_on_seed_and_index_alone")),
    Mutant("composing/sampling.py", "SeedSequence(seed, ", "SeedSequence(0, ", of(SAMPLING, "streams_depend_on_seed_and_index_alone")),
    Mutant("composing/sampling.py", "cumulative > target[:, None]", "cumulative >= target[:, None]", of(SAMPLING, "what_is_not_allowed_is_never_drawn")),
    # rules as masks over fields
    Mutant("encodings/notes/field_masks.py", "rule for rule in rules if rule.drums_too)", "rule for rule in rules)", of(RULES, "where_only_drums_may_play_no_other_program_does")),
    Mutant("encodings/notes/field_masks.py", "        if not self._is_whole():", "        if False:", held("Rhythm")),
    Mutant("encodings/notes/field_masks.py", "all(rule.may_end(self.here)", "any(rule.may_end(self.here)", held("Bars")),
    Mutant("encodings/notes/field_masks.py", "onset + ids[:, None] + LONGEST * np.arange(_TIES)", "onset + ids[:, None] + 0 * np.arange(_TIES)", held("Rhythm")),
    Mutant("encodings/notes/field_masks.py", "ends = note.end + LONGEST * ids", "ends = note.end + ids", held("Rhythm")),
    Mutant("encodings/notes/field_masks.py", "here.bar_tick + ids * here.bar_length", "here.bar_tick + (ids - 1) * here.bar_length", f"{held('Rhythm')} {held('Bass')}"),
    Mutant("encodings/notes/field_masks.py", "may = may & (np.array(here.players) == DRUMS)", "may = may & (np.array(here.players) != DRUMS)", of(RULES, "where_only_drums_may_play_no_other_program_does")),
    Mutant("encodings/notes/field_masks.py", "not self.drums or len(drawn) < len(self.fields) - 1 or", "True or", of(RULES, "drums_are_drawn_no_more_often_for_being_free_of_rules_of_pitch")),
    Mutant("encodings/notes/field_masks.py", "self.fixed_maps |= {\"meter\", ", "self.fixed_maps |= {", of(RULES, "once_the_last_bar_is_known_nothing_moves_its_line")),
    # what sounds
    Mutant("encodings/texture.py", "if note.end > tick and note.program != DRUMS", "if note.end >= tick and note.program != DRUMS", of(TEXTURE, "what_sounds_at_a_tick")),
    Mutant("encodings/texture.py", "if note.end > tick and note.program != DRUMS", "if note.end > tick", of(TEXTURE, "what_sounds_at_a_tick")),
    Mutant("encodings/texture.py", "self.given[: bisect_right(self.given, tick, key=_onset)]", "self.given[: bisect_left(self.given, tick, key=_onset)]", of(TEXTURE, "what_sounds_at_a_tick")),
    Mutant("encodings/texture.py", "bisect_left(self.given, tick, key=_onset) if", "bisect_right(self.given, tick, key=_onset) if", of(TEXTURE, "outer_voices_before_and_now")),
    Mutant("encodings/texture.py", "self.sounding = [*self.sounding[:-1], note]", "pass", of(RULES, "voices_held_to_the_end_leave_no_dead_end")),
    Mutant("encodings/texture.py", "max(self._onset_before, self._given_before(self.last_onset))", "self._onset_before", of(TEXTURE, "outer_voices_before_and_now")),
    Mutant("encodings/texture.py", "max(self.last_onset, self._given_before(tick))", "tick", of(TEXTURE, "outer_voices_before_and_now")),
    # bars
    Mutant("bars.py", "numerator % 3 == 0 and numerator > 3", "numerator % 3 == 0", of(BAR, "beats")),
    Mutant("bars.py", "(self.numerator % 3 == 0) & (self.numerator > 3)", "(self.numerator % 3 == 0)", of(BAR, "beats")),
    Mutant("bars.py", "self._room[row] - 1)\n        return self.bars_before", "self._room[row])\n        return self.bars_before", of(BAR, "a_meter_that_misses_a_bar_line_by_a_little_adds_no_bar")),
    Mutant("bars.py", "piece << 32 | tick, side=\"right\") - 1", "piece << 32 | tick, side=\"left\") - 1", of(BAR, "a_meter_off_a_bar_line_cuts_the_bar_before_it", "a_meter_that_misses_a_bar_line_by_a_little_adds_no_bar")),
    Mutant("bars.py", "stretches[0].last < stretches[1].first", "stretches[0].last <= stretches[1].first", of(BAR, "an_upbeat_is_bar_0")),
    Mutant("bars.py", "CLOSE * (tick - stated[-1][0]) < ticks_per_quarter", "CLOSE * (tick - stated[-1][0]) <= ticks_per_quarter", of(BAR, "a_128th_note_is_no_near_miss")),
    Mutant("bars.py", "is_cut = rest >= close", "is_cut = rest > close", of(BAR, "a_128th_note_is_no_near_miss")),
    Mutant("bars.py", "if is_cut and full - rest >= close else full", "if is_cut else full", of(BAR, "a_meter_that_misses_a_bar_line_by_a_little_adds_no_bar")),
    Mutant("bars.py", "if tick >= max(1, end_tick):", "if tick > max(1, end_tick):", of(BAR, "meters_from_the_end_on_say_nothing")),
    Mutant("bars.py", "number.astype(np.int64) + 1, within", "number.astype(np.int64), within", of(BAR, "a_beat_is_counted_from_one")),
    Mutant("bars.py", "self.count + number - self.last_number - 1", "self.count + number - self.last_number", of(BAR, "the_halves_of_a_bar_that_a_repeat_splits_share_a_number")),
    Mutant("bars.py", "self.tick_of(self.place_of(last + 1))", "self.tick_of(self.place_of(last) + 1)", of(BAR, "the_halves_of_a_bar_that_a_repeat_splits_share_a_number")),
    Mutant("bars.py", "np.ceil((bar - self.bars_before[row]) * self.bar[row])", "np.floor((bar - self.bars_before[row]) * self.bar[row])", of(BAR, "a_line_between_two_ticks_is_at_the_later_one")),
    Mutant("bars.py", "np.minimum(self.beat, self.ticks_per_quarter)", "self.beat", "tests/analysis/test_piece_set.py"),
    # chord symbols
    Mutant("chord_symbols.py", "return ChordSymbol(root, bass,", "return ChordSymbol(bass, root,", of(SYMBOL, "a_chord_symbol_is_read_as_it_is_written")),
    Mutant("chord_symbols.py", "if match[4] else root  #", "if match[4] else 0  #", of(SYMBOL, "a_chord_symbol_is_read_as_it_is_written")),
    Mutant("chord_symbols.py", "(*self.tones, *self.colours)) | 1 << self.bass", "(*self.tones, *self.colours))", of(SYMBOL, "colours_may_sound_and_need_not", "a_bass_that_is_no_note_of_the_chord_sounds_with_it")),
    Mutant("chord_symbols.py", "11 if chord.major_seventh else 9", "11 if chord.major_seventh else 10", of(SYMBOL, "the_ways_people_write_chords")),
    Mutant("chord_symbols.py", "11: 5, 13: 9}", "11: 5, 13: 8}", of(SYMBOL, "the_notes_of_a_symbol")),
    Mutant("chord_symbols.py", "(_DEGREES[degree] + step) % 12", "(_DEGREES[degree] - step) % 12", of(SYMBOL, "the_notes_of_a_symbol")),
    Mutant("chord_symbols.py", "zip((4, 2, 1), wanted", "zip((1, 2, 4), wanted", of(SYMBOL, "the_quality_that_is_most_like_it")),
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
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".hypothesis", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
        tests = list(dict.fromkeys(test for one in chosen for test in one.tests.split()))
        if verdict(copy, tests):
            sys.exit(f"the tests fail without any mutant; mend them first: pytest {' '.join(tests)}")
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

"""No rule is ever broken, whatever a model wants: sequences drawn evenly from all ids, judged from their written MIDI."""

from __future__ import annotations

import inspect
import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.bars import BarGrid
from partimento.chord_symbols import parse_chord_symbol
from partimento.composing.compose import stream
from partimento.composing.rules import REGISTRY, Rule, Rules
from partimento.composing.rules import pitch as pitch_rules
from partimento.composing.rules.pitch import Bass, Chords, Key, NoParallelFifths, Ranges
from partimento.composing.rules.time import Bars, Polyphony, Rhythm
from partimento.encodings import Encoding, make
from partimento.encodings.notes import Notes
from partimento.encodings.texture import Texture, of_classes
from partimento.errors import InvalidOption
from partimento.formats import write
from partimento.piece import METER, Piece, Track, note_array
from partimento.testing.rules import EvenGenerator, check_rule, violations, written
from partimento.theory import PITCH_CLASS_NAMES

SCORE, ENSEMBLE, PIANO = make("notes:profile=score"), make("notes"), make("notes:profile=piano")
PARTS = make("notes:profile=score,parts=yes")


ONE_BY_ONE = {
    "key": Rules(key="A minor"),
    "mode": Rules(key="D dorian"),
    "meter": Rules(meter=(6, 8), tempo_qpm=90),
    "bars": Rules(bars=3),
    "bars of 7/8": Rules(bars=4, meter=(7, 8)),
    "long bars": Rules(bars=2, meter=(12, 4)),
    "tonic": Rules(bars=2, key="Eb major", end_on_tonic=True),
    "chords": Rules(chords=("C", "G7", "Am7", "F#dim7", "N.C.")),
    "chords by beats": Rules(chords=("C", "F", "G"), chord_beats=2, bars=4),
    "passing": Rules(chords=("C", "F", "G"), passing=True, key="C major"),
    "slash": Rules(chords=("C", "G/B", "Am", "C/G"), bars=6),
    "bass": Rules(bass=("C", "B", "A", "G"), bars=5),
    "ranges": Rules(ranges={-1: (60, 72)}),
    "polyphony": Rules(polyphony=2),
    "one voice": Rules(polyphony=1, bars=4),
    "fifths": Rules(no_parallel_fifths=True, polyphony=2),
    "rhythm": Rules(rhythm=((0, 1), (1, 0.5), (1.5, 0.5), (2, 2), (7, 9))),
}


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize("encoding", [SCORE, PIANO, PARTS], ids=["score", "piano", "parts"])
def test_each_rule_alone(name: str, encoding: Encoding) -> None:
    rules = ONE_BY_ONE[name]
    for piece in written(encoding, rules, seed=len(name)):
        found = violations(piece, rules)
        assert found
        assert not any(found.values()), found


PROGRAMS = st.sampled_from([(), (0,), (0, 40), (0, 128), (24, 32, 128)])
KEYS = st.sampled_from(["", "C major", "A minor", "F# major", "D dorian", "Bb pentatonic"])
CHORDS = st.sampled_from(
    [(), ("C", "G/B", "Am7", "Dm7", "G7"), ("Dm7", "G7", "Cmaj7"), ("C",), ("Am", "E7/G#"), ("F#m7b5", "B7", "Em")]
)
LINES = st.sampled_from([(), (), ("C", "B", "A", "G"), ("D",)])
RHYTHMS = st.sampled_from([(), (), ((0, 1), (1, 1), (2, 2), (4, 0.5), (4.5, 3.5)), ((0.5, 1 / 3), (1, 3), (2, 6))])
RANGES = st.sampled_from([{}, {-1: (36, 84)}, {0: (48, 72), 40: (55, 100)}])
METERS = st.sampled_from([None, (3, 4), (6, 8), (4, 4), (5, 16)])
sets_of_rules = st.fixed_dictionaries(
    {
        "key": KEYS,
        "meter": METERS,
        "bars": st.sampled_from([None, 1, 2, 3, 4]),
        "end_on_tonic": st.booleans(),
        "chords": CHORDS,
        "chord_beats": st.integers(0, 3),
        "passing": st.booleans(),
        "bass": LINES,
        "ranges": RANGES,
        "polyphony": st.sampled_from([0, 0, 1, 2, 4]),
        "instruments": PROGRAMS,
        "no_parallel_fifths": st.booleans(),
        "rhythm": RHYTHMS,
    }
)


@settings(max_examples=150, deadline=None)
@given(sets_of_rules, st.sampled_from(["notes", "notes:profile=score", "notes:profile=score,parts=yes"]), st.integers(0, 1000))
def test_all_rules_together_or_a_refusal_before_the_first_note(options: dict[str, Any], key: str, seed: int) -> None:
    encoding = make(key)
    try:
        rules = Rules(**options)
        stream(EvenGenerator(encoding.fields), encoding, notes=25, rules=rules)
    except InvalidOption:
        return
    try:
        pieces = written(encoding, rules, seed, count=1, notes=25)
    except InvalidOption as error:  # fifths may forbid the only notes that a bass or a last tonic leaves
        if not (rules.no_parallel_fifths and str(error).startswith("the rules leave no way on")):
            raise
        return
    for piece in pieces:
        found = violations(piece, rules)
        assert not any(found.values()), (rules.to_json(), found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "H major"}, "no key or scale"),
        ({"bars": -1}, "bars"),
        ({"bars": 0}, "bars is 0; it must be 1"),
        ({"meter": (4, 5)}, "meter 4/5"),
        ({"meter": (0, 4)}, "meter 0/4"),
        ({"tempo_qpm": 0}, "tempo"),
        ({"end_on_tonic": True, "bars": 4}, "a key is needed"),
        ({"end_on_tonic": True, "key": "C major"}, "a number of bars is needed, or a task"),
        ({"polyphony": -1}, "polyphony"),
        ({"ranges": {0: (70, 60)}}, "range 70..60"),
        ({"instruments": (129,)}, "programs"),
        ({"rhythm": ((-1, 1),)}, "onsets from 0"),
        ({"chords": ("C", "Hm")}, "no chord symbol"),
        ({"key": "C major", "chords": ("F#",)}, "chord F#"),
        ({"key": "C major", "bass": ("F#",)}, "bass F#"),
        ({"chords": ("C",), "bass": ("F",)}, "bass F"),
        ({"key": "G major", "ranges": {-1: (61, 61)}}, "ranges"),
        ({"key": "G major", "bars": 2, "end_on_tonic": True, "chords": ("G", "D")}, "no G to end on"),
        ({"rhythm": ((0, 4), (1, 4)), "polyphony": 1}, "2 notes at once"),
        ({"rhythm": ((0, 1),), "bars": 2}, "does not end with bar 2"),
        ({"rhythm": ((0, 8),), "chords": ("C", "F#")}, "no note in common"),
        ({"rhythm": ((0, 2), (2, 4), (6, 2)), "bass": ("C", "G")}, "where a bass note must begin"),
        ({"rhythm": ((0, 6), (4, 2)), "bass": ("C", "G")}, "holds a note where a bass note"),
        ({"bars": 2, "key": "C major", "end_on_tonic": True, "instruments": (128,)}, "drums alone"),
    ],
)
def test_what_cannot_be_met_is_refused_before_the_first_note(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        stream(EvenGenerator(ENSEMBLE.fields), ENSEMBLE, notes=10, rules=Rules(**options))


@pytest.mark.parametrize("key", ["melody", "voices", "leadsheet", "slots", "notes:profile=performance"])
def test_other_encodings_are_refused(key: str) -> None:
    encoding = make(key)
    with pytest.raises(InvalidOption, match=f"rules: the encoding '{key}' does not hold all notes and bars"):
        stream(EvenGenerator(encoding.fields), encoding, notes=10, rules=Rules(key="C"))


def test_instruments_of_a_model_that_has_one() -> None:
    with pytest.raises(InvalidOption, match="one instrument"):
        stream(EvenGenerator(PIANO.fields), PIANO, notes=10, rules=Rules(instruments=(40,)))


def test_rules_begin_at_the_bar_after_what_is_given() -> None:
    """Five quarters are given: the second bar is filled freely, chords and bars count from the third; the meter must be that of
    the given notes."""
    head = Piece(note_array([(0, 1, 61, 80, 0), (4, 1, 61, 80, 0)]), (Track(),), 1)
    before = SCORE.encode(head)[:-1]
    rules = Rules(chords=("C", "F"), bars=2, key="C major")
    for piece in written(SCORE, rules, seed=3, given=before):
        assert violations(piece, rules, start=8.0)
        assert not any(violations(piece, rules, start=8.0).values())
        assert piece.end_tick == 16 * piece.ticks_per_quarter
    with pytest.raises(InvalidOption, match="the given notes are in 4/4"):
        stream(EvenGenerator(SCORE.fields), SCORE, given=before, notes=10, rules=Rules(meter=(3, 4)))


@pytest.mark.parametrize("meter", [(3, 4), (4, 4), (6, 8)])
def test_after_an_upbeat_chords_change_on_the_bar_lines_of_the_page(meter: tuple[int, int]) -> None:
    """An upbeat and two full bars are given: chords, bass and bars count from the page's third bar."""
    upper, lower = meter
    tick = 48 // lower  # of a beat as the lower number says, at twelve a quarter
    meters = np.array([(0, 1, lower), (tick, *meter)], METER)
    notes = [(n * tick, tick, 60 + n % 5, 80, 0) for n in range(1 + 2 * upper)]
    head = Piece(note_array(notes), (Track(),), 12, meters=meters)
    rules = Rules(chords="C F G", bass="C F G", bars=3)
    for piece in written(SCORE, rules, seed=5, given=SCORE.encode(head)[:-1]):
        grid = BarGrid.of(piece)
        start = int(grid.lines[3])  # the upbeat is bar 0
        assert grid.numbers[:4].tolist() == [0, 1, 2, 3]
        assert piece.end_tick == start + 3 * upper * tick * piece.ticks_per_quarter // 12
        new = piece.notes[piece.notes["onset"] >= start]
        for note in new:
            symbol = rules.chords[int(grid.numbers[np.searchsorted(grid.lines, note["onset"], side="right") - 1] - 3) % 3]
            chord = parse_chord_symbol(symbol)
            assert chord is not None
            assert chord.notes >> int(note["pitch"]) % 12 & 1
        for number, name in enumerate(rules.bass):
            begun = new[new["onset"] == grid.lines[3 + number]]
            assert len(begun)
            assert PITCH_CLASS_NAMES[int(begun["pitch"].min()) % 12] == name


def test_chords_are_what_their_symbols_say() -> None:
    """Alterations and colours count: of C7b5 no G may sound, of C9 a D may."""
    rules = Rules(chords="C7b5", bars=6)
    sounding = {int(pitch) % 12 for piece in written(PIANO, rules, seed=2, count=6) for pitch in piece.notes["pitch"]}
    assert sounding == {0, 4, 6, 10}
    rules = Rules(chords="C9", bars=6)
    sounding = {int(pitch) % 12 for piece in written(PIANO, rules, seed=2, count=6) for pitch in piece.notes["pitch"]}
    assert sounding == {0, 2, 4, 7, 10}
    with pytest.raises(InvalidOption, match="no chord symbol"):
        Rules(chords="Gmaj7#13x")


@given(sets_of_rules)
def test_rules_come_back_from_json(options: dict[str, Any]) -> None:
    try:
        rules = Rules(**options)
    except InvalidOption:
        return
    assert Rules.from_json(json.loads(json.dumps(rules.to_json()))) == rules


def test_drums_are_drawn_no_more_often_for_being_free_of_rules_of_pitch() -> None:
    """Evenly from all ids: where a pitch is in the scale, drums and the piano are as likely; elsewhere drums hardly ever play."""
    rules = Rules(key="C pentatonic", instruments=(0, 128), bars=4)
    drums = notes = 0
    for piece in written(ENSEMBLE, rules, seed=1, count=16):
        is_drum = np.array([track.is_drum for track in piece.tracks])
        drums, notes = drums + int(is_drum[piece.notes["track"]].sum()), notes + len(piece)
    assert notes > 200
    assert 0.35 < drums / notes < 0.65


def test_voices_held_to_the_end_leave_no_dead_end() -> None:
    """Where as many notes as may sound are all held to the last bar line, none can begin in the last bar, and the piece ends."""
    rules = Rules(bars=2, polyphony=2)
    here = SCORE.cursor()
    assert isinstance(here, Texture)
    masks = rules.masks(rules.made(here), here)
    kind = Notes("score").layout.kind
    note = kind("note")
    for event in (
        [note, 1, 61, 192, 1],
        [kind("tie"), 0, 0, 1, 0],
        [note, 1, 65, 192, 1],
        [kind("tie"), 0, 0, 1, 0],
    ):
        here.push(event)
        masks.moved()
    allowed = masks.allowed(())
    assert allowed[kind("end")]
    assert not allowed[note]


@pytest.mark.parametrize("kind", REGISTRY, ids=lambda kind: kind.__name__)
def test_a_rule_holds_and_its_checker_would_see_if_it_did_not(kind: type[Rule]) -> None:
    check_rule(kind)


@pytest.mark.parametrize(
    ("kind", "method", "mutant"),
    [
        (Key, "pitches", lambda self, here, onset: of_classes(self.mask | 1 << 1)),
        (Chords, "ends", lambda self, here, onset, pitch, ends: np.ones(len(ends), bool)),
        (Bass, "_floor", lambda self, here, onset: 0),
        (Polyphony, "onsets", lambda self, here, ticks: np.ones(len(ticks), bool)),
        (Bars, "may_end", lambda self, here: True),
        (Rhythm, "ends", lambda self, here, onset, pitch, ends: np.ones(len(ends), bool)),
        (Ranges, "_of", lambda self, program: (0, 127)),
    ],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
def test_a_rule_that_is_wrong_fails_its_check(kind: type[Rule], method: str, mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, method, mutant)
    with pytest.raises(AssertionError, match="is broken"):
        check_rule(kind)


def test_parallel_fifths_turned_round_fail_their_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign reversed: contrary motion from fifth to fifth is forbidden, parallel motion is not."""
    source = inspect.getsource(NoParallelFifths.pitches)
    assert source.count("> 0") == 1
    space: dict[str, Any] = {}
    exec(textwrap.dedent(source.replace("> 0", "< 0")), vars(pitch_rules), space)
    monkeypatch.setattr(NoParallelFifths, "pitches", space["pitches"])
    with pytest.raises(AssertionError, match="NoParallelFifths is broken"):
        check_rule(NoParallelFifths)


def test_words_are_read_as_values_are() -> None:
    words = Rules(
        meter="3/4", ranges={"piano": "A0-C8", "violin": (55, 100)}, chords="G, C | D7 G", instruments="piano,violin", bars="8"
    )
    values = Rules(
        meter=(3, 4),
        ranges={0: (21, 108), 40: (55, 100)},
        chords=("G", "C", "D7", "G"),
        instruments=(0, 40),
        bars=8,
    )
    assert words == values
    assert Rules(ranges="piano=A0-C8,C3-C6") == Rules(ranges={0: (21, 108), -1: (48, 84)})
    assert words.meter == (3, 4)
    assert repr(words) == repr(values)
    assert words.but(bars=4).bars == 4


def test_a_rhythm_may_be_that_of_a_score(tmp_path: Path) -> None:
    write(Piece(note_array([(0, 2, 60, 80, 0), (0, 4, 72, 80, 0), (4, 1, 60, 80, 0)]), (Track(),), 4), tmp_path / "tune.mid")
    assert Rules(rhythm=tmp_path / "tune.mid").rhythm == ((0, 1), (1, 0.25))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tune": 1}, "no rule has the option tune; known: key"),
        ({"meter": "waltz"}, "waltz"),
        ({"meter": 3}, "meter"),
        ({"ranges": "C6-C3"}, "C6 is above C3"),
        ({"ranges": "low"}, "write C3-C6"),
        ({"bars": "many"}, "bars is 'many'"),
        ({"chords": (1, 2)}, "chords"),
        ({"passing": 1}, "passing"),
        ({"instruments": "kazoo"}, "kazoo"),
    ],
)
def test_what_is_no_value_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        Rules(**options)


def test_the_bass_of_a_chord_belongs_to_it() -> None:
    rules = Rules(chords="C/D")
    pieces = written(SCORE, rules, seed=5, end=0.0)
    assert not any(found for piece in pieces for found in violations(piece, rules).values())
    assert set((np.concatenate([piece.notes["pitch"] for piece in pieces]) % 12).tolist()) == {0, 2, 4, 7}


def test_both_ends_of_a_range_may_be_played() -> None:
    """The range of an instrument goes before that of all others."""
    rule, here = Ranges({-1: (60, 62), 40: (55, 57)}, frozenset({0, 40})), ENSEMBLE.cursor()
    assert isinstance(here, Texture)
    assert np.flatnonzero(rule.pitches(here, 0)).tolist() == [55, 56, 57, 60, 61, 62]
    for pitch in (55, 57):
        assert np.flatnonzero(rule.playable(here, 0)[:, pitch]).tolist() == [40, 128]
    for pitch in (60, 62):
        assert np.flatnonzero(~rule.playable(here, 0)[:, pitch]).tolist() == [40]


def test_a_voice_may_go_on_where_its_last_note_ends() -> None:
    here = SCORE.cursor()
    assert isinstance(here, Texture)
    here.push([Notes("score").layout.kind("note"), 1, 61, 48, 1])
    assert Polyphony(1).onsets(here, np.array([0, 47, 48])).tolist() == [False, False, True]


def test_where_only_drums_may_play_no_other_program_does() -> None:
    """Not even the last one."""
    rules, here = Rules(key="C major", instruments=(127, 128)), ENSEMBLE.cursor()
    assert isinstance(here, Texture)
    masks = rules.masks(rules.made(here), here)
    note = Notes("ensemble").layout.kind("note")
    assert masks.allowed((note, 1))[1:].all(), "drums are free of the key"
    assert np.flatnonzero(masks.allowed((note, 1, 61, 48, 20))).tolist() == [128, 129]
    assert np.flatnonzero(masks.allowed((note, 1, 62, 48, 20))).tolist() == [129]


def test_a_chord_holds_from_its_bar_line_on() -> None:
    rule, here = Chords((0, 192), (1 << 0 | 1 << 4, 1 << 7)), SCORE.cursor()
    assert isinstance(here, Texture)
    for onset, classes in ((0, {0, 4}), (191, {0, 4}), (192, {7})):
        assert {pitch % 12 for pitch in np.flatnonzero(rule.pitches(here, onset)).tolist()} == classes
    assert rule.ends(here, 96, 60, np.array([191, 192, 193])).tolist() == [True, True, False]


def test_only_notes_far_above_the_bass_are_held_into_it() -> None:
    rule, here = Bass((0, 192), (0, 7), lowest=40, highest=60), SCORE.cursor()
    assert isinstance(here, Texture)
    for pitch, held_over in ((51, False), (52, True)):
        assert rule.ends(here, 48, pitch, np.array([191, 192, 193])).tolist() == [True, True, held_over]


def test_once_the_last_bar_is_known_nothing_moves_its_line() -> None:
    here, kind = SCORE.cursor(), Notes("score").layout.kind
    assert isinstance(here, Texture)
    masks = here.masks([], frozenset({0}), frozenset())
    for may in (True, False):
        assert [bool(masks.allowed(())[kind(name)]) for name in ("meter", "key", "tempo")] == [may] * 3
        masks.add(Bars(0, 192))


def test_a_rhythm_ends_on_the_tonic_with_drums() -> None:
    """Drums must not fill the last onset again and again."""
    rules = Rules(key="C major", rhythm=((0, 1), (1, 1), (2, 2)), bars=1, end_on_tonic=True, instruments=(0, 128))
    for seed in range(12):
        for piece in written(ENSEMBLE, rules, seed=seed):
            assert not any(violations(piece, rules).values())

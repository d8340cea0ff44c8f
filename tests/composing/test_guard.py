"""The guard counts as the measure does, and holds to what people do, whoever plays."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.analysis.human_reference import Reference
from partimento.analysis.repetition import GRID, HABITS, LENGTHS, PERIODS, RUN, Habits, figures, loops, repeats, row_of
from partimento.composing.compose import again, compose, stream
from partimento.composing.constraints import habits_of
from partimento.composing.guard import NEAREST, Guard, Repeats, RepetitionBias, can_guard, place_of, without
from partimento.composing.sampling import Sampling
from partimento.corpus import Corpus
from partimento.encodings import Encoding, make
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS
from partimento.piece import Piece, Track, note_array
from partimento.testing.rules import EvenGenerator as Even
from tests.composing.test_compose import MELODY, Model, Thirds, given_piece, many
from tests.made import made_piece


class Aimless(Model):
    """Draws a few pitches, times and durations evenly; eight notes of it are hardly ever the same twice."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__(encoding=encoding)

    def predictor(self) -> Any:
        return Wandering(self.encoding.fields)


class Wandering(Even):
    USED: ClassVar = {
        "kind": (1, 6),
        "time": (1, 13, 25),
        "pitch": tuple(range(61, 73)),
        "duration": (3, 12, 24),
        "instrument": (1,),
    }

    def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        field = self.fields[drawn.shape[1]]
        logits = np.full((len(drawn), field.size), -12.0, np.float32)
        logits[:, [at for at in self.USED.get(field.name, ()) if at < field.size]] = 0.0
        return logits


NEVER = Habits(((0.0,) * len(LENGTHS),) * 5, tuple(map(float, PERIODS)))
ALWAYS = Habits(((1.0,) * len(LENGTHS),) * 5, (1e6,) * len(PERIODS))

waits = st.sampled_from([0, 6, 6, 12])
rows = st.lists(st.tuples(st.integers(60, 62), waits), min_size=1, max_size=60)


@settings(deadline=None)
@given(rows)
def test_the_guard_counts_as_the_measure_does(drawn: list[tuple[int, int]]) -> None:
    pitch, onset = np.array([row[0] for row in drawn]), np.cumsum([row[1] for row in drawn])
    guard = Repeats(ALWAYS, 0.5)
    for one in zip(pitch.tolist(), onset.tolist(), strict=True):
        assert guard.banned(one[1]) == set()
        guard.push(*one)
    assert guard.repeated == repeats(pitch, onset).sum()
    assert guard.share == guard.repeated / max(1, len(drawn) - RUN + 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(58, 66), waits), min_size=1, max_size=12), st.sampled_from([NEVER, HABITS]), st.floats(0, 1))
def test_a_player_of_one_figure_is_held_to_human_habits(figure: list[tuple[int, int]], habits: Habits, place: float) -> None:
    """It plays its figure for ever, unless a pitch is banned: then the next one above that is not."""
    guard = Repeats(habits, place)
    pitch, onset, now = [], [], 0
    for wanted, wait in islice(cycle(figure), 300):
        now += wait
        banned = guard.banned(now)
        one = next(other for other in range(wanted, 200) if other not in banned)
        guard.push(one, now)
        pitch.append(one)
        onset.append(now)
    heard = np.cumsum(repeats(np.array(pitch), np.array(onset)))
    limit = np.interp(np.arange(301), LENGTHS, habits.share(place))
    for notes in range(RUN, 301):
        assert heard[notes - 1] <= max(0.0, limit[notes] * (notes - RUN + 1)) + 1 or heard[notes - 1] == heard[notes - 2]
    longest = loops(np.array(pitch), np.array(onset))
    last = max((onset[at] - onset[at - 1] for at in range(1, 300)), default=0) / GRID
    assert (longest <= np.array(habits.loops) + last).all()


@pytest.mark.parametrize(("figure", "quarters"), [([60, 64, 67, 64], 8), ([60, 62, 64, 65, 67, 65, 64, 62], 16)])
def test_a_loop_is_left_even_where_repeats_are_free(figure: list[int], quarters: int) -> None:
    """A figure of one bar, and one of two, that may go on for longer."""
    guard = Repeats(replace(ALWAYS, loops=(8.0, 16.0, 24.0)), 0.5)
    now, banned_at = 0, []
    for at in range(64):
        if figure[at % len(figure)] in guard.banned(now):
            banned_at.append(at)
        guard.push(figure[at % len(figure)], now)
        now += GRID
    assert banned_at[0] == len(figure) + quarters + 1  # the figure, then so much more of it
    assert len(banned_at) == 64 - banned_at[0]


TELLING = (
    *("notes", "notes:profile=score", "notes:profile=performance", "tasks", "melody", "melody:pitch=midi", "melody:rests=yes"),
    *("melody:pitch=piano,rests=yes,durations=tied", "voices", "voices:grid=8,voices=2", "slots", "leadsheet"),
)


@pytest.mark.parametrize("key", TELLING)
def test_cursors_tell_the_notes_of_events(key: str) -> None:
    """The note that a prefix foretells is the one that the event begins, and all of them are those of the piece."""
    encoding = make(key)
    assert can_guard(encoding.cursor())
    for number in range(3):
        events = encoding.encode(made_piece(number))
        cursor = encoding.cursor()
        told: list[tuple[int, float]] = []
        for event in events.tolist():
            foretold: list[tuple[int, int]] = []
            for at in range(len(event)):
                note = cursor.next_note(tuple(event[:at]))
                if note is not None and event[at] in note.ids and event[at] != note.held:
                    assert note.chord == tuple(pitch for pitch, _ in foretold)
                    foretold.append((event[at] - note.ids.start + note.lowest, note.onset_tick))
                    assert note.id_of(foretold[-1][0]) == event[at]
            cursor.push(event)
            found = [(one.pitch, one.onset) for one in cursor.notes_begun if one.program != DRUMS]
            assert found == [note for note in foretold if event[-1] != DRUMS + 1 or not key.startswith("notes")]
            assert all(one.onset <= cursor.tick for one in cursor.notes_begun)
            assert cursor.bar_tick <= cursor.tick
            told += [(pitch, onset * GRID / cursor.ticks_per_quarter) for pitch, onset in found]
        pitch, onset = row_of(encoding.decode(events))
        twelfths = [(one, int(np.floor(at + 0.5))) for one, at in told]
        assert sorted(twelfths, key=lambda note: note[::-1]) == list(zip(pitch.tolist(), onset.tolist(), strict=True))


@pytest.mark.parametrize("key", ["frames", "roll"])
def test_encodings_that_do_not_tell_onsets_have_no_guard(key: str) -> None:
    """By default none, quietly; where one is asked for that is said."""
    encoding: Encoding = make(key)
    assert not can_guard(encoding.cursor())
    assert habits_of(None, encoding) is None
    for guard in (True, HABITS):
        with pytest.raises(InvalidOption, match=f"guard: events of the encoding '{key}' do not say when notes begin"):
            compose(Model(encoding=encoding), notes=5, guard=guard)


def test_a_model_that_goes_round_is_turned_by_the_guard() -> None:
    """`Thirds` plays four notes for ever."""
    options: dict[str, Any] = {"notes": 200, "count": 4, "sampling": Sampling(temperature=0)}
    free, guarded = many(guard=False, **options), many(**options)
    shares = [[figures(one.piece)[LENGTHS.index(128)] for one in made] for made in (free, guarded)]
    assert min(shares[0]) > 0.9
    for number, share in enumerate(shares[1]):
        upper = HABITS.share((1 + place_of(number)) / 2)[LENGTHS.index(128)]
        assert upper - 1 / 20 <= share <= upper + 1 / 100
    assert len({one.events.tobytes() for one in guarded}) == 4, "each sequence has its own place among people"
    for one in guarded:
        assert again(one.made, Model()).piece == one.piece
        assert many(guard=True, **options)[0].made == guarded[0].made
    assert '"guard"' not in free[0].made


def test_what_is_given_counts() -> None:
    """`Thirds` would go round in what is given; no run of it comes once more."""
    options: dict[str, Any] = {"notes": 40, "count": 1, "sampling": Sampling(temperature=0)}
    (given,) = many(guard=False, **options)
    for guard, again_heard in ((NEVER, 0), (ALWAYS, 40)):
        (one,) = many(given=given.piece, guard=guard, **options)
        heard = np.cumsum(repeats(*row_of(one.piece)))
        assert heard[79] - heard[39] == again_heard


def test_habits_that_are_asked_for() -> None:
    options: dict[str, Any] = {"notes": 60, "sampling": Sampling(temperature=0), "count": 1}
    (none,) = many(guard=NEVER, **options)
    assert not repeats(*row_of(none.piece)).any()
    (all_,) = many(guard=ALWAYS, **options)
    assert all_.events.tolist() == many(guard=False, **options)[0].events.tolist()
    steps = list(stream(Thirds(), MELODY, given=MELODY.encode(given_piece()), **options))
    assert len(steps) == 60


def test_something_is_always_left() -> None:
    allowed = np.array([False, True, True])
    assert without(allowed, [1]).tolist() == [False, False, True]
    assert without(allowed, [1, 2, -5, 99]).tolist() == allowed.tolist()
    assert without(allowed, []).tolist() == allowed.tolist()


def test_places_lie_evenly() -> None:
    assert [place_of(number) for number in range(3)] == [0.5, 0.25, 0.75]
    assert sorted(place_of(number) for number in range(15)) == [at / 16 for at in range(1, 16)]


@pytest.mark.parametrize("key", ["notes:profile=score", "melody:pitch=midi"])
def test_a_model_that_never_repeats_is_brought_to_repeat_as_people_do(key: str) -> None:
    options: dict[str, Any] = {"notes": 256, "count": 7, "seed": 4}
    shares = []
    for guard in (False, True):
        made = compose(Aimless(make(key)), guard=guard, **options)
        shares.append([figures(one.piece)[LENGTHS.index(256)] for one in made])
    assert max(shares[0]) < 0.02
    for number, share in enumerate(shares[1]):
        low, high = (HABITS.share(place)[LENGTHS.index(256)] for place in (place_of(number), (1 + place_of(number)) / 2))
        assert low - 0.15 <= share <= high + 0.02, number


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from([0, 3, 12, 30])), max_size=40))
def test_an_echo_is_what_followed_the_longest_stretch(drawn: list[tuple[int, int, int]]) -> None:
    """Its slow twin: every earlier place compared, event by event."""
    echo, so_far, ticks = RepetitionBias(), [], [0]
    for event, place, wait in drawn:
        ticks.append(ticks[-1] + wait)
        echo.push([event], (place, ticks[-1]))
        so_far.append((event, place))
        lengths = {}
        for at in range(1, len(so_far)):
            if ticks[at] > ticks[-1] - NEAREST:
                continue
            count = 0
            while count < at and so_far[at - 1 - count] == so_far[-1 - count]:
                count += 1
            lengths[at] = count
        longest = max(lengths.values(), default=0)
        following = max((at for at, length in lengths.items() if length == longest), default=0)
        assert echo.following() == ((((so_far[following][0],)) if longest else ()), longest)


def test_drums_are_not_counted() -> None:
    encoding = make("notes")
    cursor = encoding.cursor()
    guard = Guard(cursor, HABITS)
    rows = [(at * 48, 24, pitch, 80, track) for at in range(20) for pitch, track in ((60 + at * at % 23, 0), (36, 1))]
    for event in encoding.encode(Piece(note_array(rows), (Track(), Track(is_drum=True)), 48)).tolist():
        cursor.push(event)
        guard.push(event)
    assert (guard.repeats.notes, guard.repeats.repeated) == (20, 0)


def test_a_run_is_of_waits_too() -> None:
    guard = Repeats(replace(NEVER, loops=ALWAYS.loops), 0.5)
    tune = [60, 62, 65, 64, 69, 67, 71, 72]
    for at, pitch in enumerate([*tune, *tune[:-1]]):
        guard.push(pitch, at * GRID)
    assert guard.banned(15 * GRID) == {72}
    assert guard.banned(15 * GRID - 6) == set()


def test_habits_are_those_beside_the_model(made_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(made_corpus)
    model = Model(path=tmp_path / "model.safetensors", metadata={"fingerprint": corpus.fingerprint})
    assert habits_of(None, MELODY, model) == HABITS
    reference = Reference.of(corpus)
    reference.save(tmp_path)
    assert reference.habits != HABITS
    for guard in (None, True):
        assert habits_of(guard, MELODY, model) == reference.habits
    assert habits_of(NEVER, MELODY, model) == NEVER
    assert habits_of(False, MELODY, model) is None

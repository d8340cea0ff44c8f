"""The head of a piece as ids: what is read off a piece, what is wished for, vocabularies that grow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.encodings.conditions import KEYS, METERS, SCALES, Conditions
from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.piece import KEY, METER, NOTE, TEMPO, About, Piece, Track, note_array
from partimento.testing.random_pieces import pieces

KNOWN = Conditions(("Bach", "Mozart"), ("chorale", "folk"))
G_MAJOR, G_MINOR = (67, 71, 74, 66, 69, 72, 67, 74), (67, 70, 74, 66, 69, 72, 63, 67)
C_MAJOR = np.array([(0, 0, False)], KEY)


def tune(pitches: tuple[int, ...] = G_MAJOR, **more: object) -> Piece:
    """Quarters."""
    notes = note_array((480 * at, 480, pitch, 80, 0) for at, pitch in enumerate(pitches))
    return Piece(notes, (Track(),), 480, **more)  # type: ignore[arg-type]


def described(piece: Piece) -> dict[str, str]:
    return KNOWN.describe(KNOWN.encode(piece))


@settings(max_examples=200, deadline=None)
@given(piece=pieces())
def test_any_piece(piece: Piece) -> None:
    ids = KNOWN.encode(piece)
    assert ids.dtype == np.uint16
    assert ids.shape == (len(KNOWN.fields),)
    assert all(0 <= one < field.size for one, field in zip(ids, KNOWN.fields, strict=True))
    assert len(KNOWN.describe(ids)) == np.count_nonzero(ids)
    assert (ids[5:] > 0).all() == (len(piece) > 0)
    assert all(field.optional for field in KNOWN.fields)


def test_a_whole_head() -> None:
    piece = tune(
        tempos=np.array([(0, 96.0)], TEMPO),
        meters=np.array([(0, 2, 4)], METER),
        keys=np.array([(0, 1, False)], KEY),
        about=About(composer="Mozart", genre="folk"),
    )
    assert described(piece) == {
        "composer": "Mozart",
        "genre": "folk",
        "key": "G major",
        "meter": "2/4",
        "tempo": "87 to 104 quarters a minute",
        "density": "0.84 to 1.2 notes a quarter",
        "length": "below 4.8 bars",
    }
    wished = KNOWN.named(composer="mozart", genre="Folk", key="g major", meter="2/4", tempo="96", density=1, length=4)
    assert np.array_equal(wished, KNOWN.encode(piece))


def test_what_is_not_stated_is_absent() -> None:
    assert set(described(tune())) == {"key", "density", "length"}
    assert described(Piece(np.zeros(0, NOTE), (), about=About(composer="Bach"))) == {"composer": "Bach"}
    assert "composer" not in described(tune(about=About(composer="Somebody")))


@pytest.mark.parametrize(
    ("pitches", "written", "key"),
    [
        (G_MAJOR, None, "G major"),
        (G_MINOR, None, "G minor"),
        (G_MAJOR, (0, False), "G major"),  # C major is what programs write when nobody chose
        (G_MINOR, (-2, False), "G minor"),  # the mode is seldom written
        (G_MAJOR, (-2, False), "Bb major"),
        (G_MAJOR, (-2, True), "G minor"),
        (G_MAJOR, (0, True), "A minor"),
        (tuple(pitch - 1 for pitch in G_MAJOR), (-6, False), "Gb major"),
    ],
)
def test_keys(pitches: tuple[int, ...], written: tuple[int, bool] | None, key: str) -> None:
    keys = np.array([(0, *written)] if written else [], KEY)
    assert described(tune(pitches, keys=keys))["key"] == key


def test_the_longest_stretch_counts() -> None:
    piece = tune(
        meters=np.array([(0, 3, 4), (480, 4, 4), (2880, 3, 4)], METER),
        keys=np.array([(0, 2, False), (960, 4, True)], KEY),
    )
    assert described(piece)["meter"] == "4/4"
    assert described(piece)["key"] == "C# minor"
    assert described(replace(piece, meters=np.array([(480, 11, 16)], METER)))["meter"] == "other"


def test_4_4_holds_before_a_first_meter_that_is_stated_late() -> None:
    """A bar of 4/4 and five and a half of 3/4: 6.5 bars, and not 6.8, which is of the next class."""
    late = Piece(note_array([(0, 4920 * 2, 60, 80, 0)]), (Track(),), 480, meters=np.array([(1920, 3, 4)], METER))
    assert SCALES["length"].id_of(6.5) < SCALES["length"].id_of(6.8)
    assert described(late)["length"] == SCALES["length"].name(SCALES["length"].id_of(6.5))
    assert described(late)["meter"] == "3/4"
    after = replace(late, meters=np.array([(9840, 3, 4)], METER))
    assert "meter" not in described(after)


def test_drums_have_no_key() -> None:
    drums = Piece(note_array([(0, 480, 36, 80, 0)]), (Track(0, True),))
    assert set(described(drums)) == {"density", "length"}


def test_tempo_is_that_of_the_whole() -> None:
    """Four quarters at 60 and four at 120: eight in six seconds."""
    tempos = np.array([(0, 60.0), (1920, 120.0)], TEMPO)
    assert described(tune(tempos=tempos))["tempo"] == KNOWN.describe(KNOWN.named(tempo=80))["tempo"]


@pytest.mark.parametrize("name", SCALES)
def test_every_class_has_values(name: str) -> None:
    scale = SCALES[name]
    values = [scale.lowest * scale.factor**step for step in range(-3, scale.count + 3)]
    ids = [scale.id_of(value) for value in values]
    assert sorted(set(ids)) == list(range(1, scale.count + 1))
    assert ids == sorted(ids)
    assert len({scale.name(number) for number in set(ids)}) == scale.count


def test_every_name_can_be_wished_for() -> None:
    for kind, names in (("key", KEYS), ("meter", METERS), ("composer", KNOWN.composers)):
        for name in names:
            assert KNOWN.describe(KNOWN.named(**{kind: name.upper()})) == {kind: name}


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"key": "H major"}, "unknown key 'H major'; known: A major"),
        ({"meter": "13/8"}, "known: 12/8"),
        ({"composer": "Salieri"}, "known: Bach, Mozart"),
        ({"mood": "sad"}, "unknown condition 'mood'; known: composer, density"),
    ],
)
def test_unknown_wishes(wishes: dict[str, str], said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        KNOWN.named(**wishes)


@pytest.mark.parametrize("value", ["fast", 0, -3, float("nan"), float("inf"), ""])
def test_impossible_numbers(value: str | float) -> None:
    with pytest.raises(InvalidOption, match="quarters a minute"):
        KNOWN.named(tempo=value)


@pytest.mark.parametrize("ids", [[1, 0, 0], [9, 0, 0, 0, 0, 0, 0]])
def test_foreign_ids(ids: list[int]) -> None:
    with pytest.raises(InvalidOption, match="no ids of these conditions"):
        KNOWN.describe(ids)


def test_vocabularies_of_pieces() -> None:
    found = Conditions.of(["Liszt", "Bach", "", "Bach", "Alkan", "Liszt", "Bach"], ["b", "a"], least=2)
    assert found == Conditions(("Bach", "Liszt"), ())
    assert Conditions.of(["Liszt", "Alkan"], ["b", "a"]) == Conditions(("Alkan", "Liszt"), ("a", "b"))


def test_a_vocabulary_grows_without_moving() -> None:
    more = KNOWN.extended(["Alkan", "Bach"], ["jazz", "jazz", "aria"])
    assert more == Conditions(("Bach", "Mozart", "Alkan"), ("chorale", "folk", "jazz", "aria"))
    piece = tune(about=About(composer="Mozart", genre="folk"))
    assert np.array_equal(more.encode(piece), KNOWN.encode(piece))
    assert KNOWN.extended() == KNOWN


def test_json() -> None:
    assert Conditions.from_json(KNOWN.to_json()) == KNOWN


@pytest.mark.parametrize("text", ["", "{}", "3", '{"composers": ["a"], "genres": [1]}', '{"composers": ["a", "a"], "genres": []}'])
def test_damaged_json(text: str) -> None:
    with pytest.raises(CheckpointError, match="conditions cannot be read"):
        Conditions.from_json(text)


@pytest.mark.parametrize("names", [("Bach", "Bach"), ("Bach", "")])
def test_impossible_vocabularies(names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidOption, match="a name of its own"):
        Conditions(names)


def test_a_vocabulary_from_nothing() -> None:
    assert [field.size for field in Conditions().fields[:2]] == [1, 1]
    with pytest.raises(UnknownName, match="known: none"):
        Conditions().named(composer="Bach")


@pytest.mark.parametrize(
    ("wish", "known", "taken"),
    [
        ("Johann Sebastian Bach", ("Mozart", "Bach"), "Bach"),
        ("bach", ("Johann Sebastian Bach", "Mozart"), "Johann Sebastian Bach"),
        ("J. S. Bach", ("Johann Christian Bach", "Johann Sebastian Bach"), "Johann Sebastian Bach"),
        ("Bach, Johann Sebastian", ("Johann Sebastian Bach",), "Johann Sebastian Bach"),
        ("Clara Schumann", ("Schumann, Clara", "Schumann, Robert"), "Schumann, Clara"),
    ],
)
def test_a_composer_goes_by_the_surname_where_one_fits(
    wish: str, known: tuple[str, ...], taken: str, caplog: pytest.LogCaptureFixture
) -> None:
    conditions = Conditions(composers=known)
    assert conditions.describe(conditions.named(composer=wish)) == {"composer": taken}
    [said] = caplog.messages
    assert repr(wish) in said
    assert repr(taken) in said


@pytest.mark.parametrize(
    ("wish", "known"),
    [
        ("Bach", ("Johann Christian Bach", "Johann Sebastian Bach")),
        ("Clara Schumann", ("Robert Schumann",)),
        ("Johann", ("Johann Sebastian Bach",)),
        ("", ("Bach",)),
    ],
)
def test_a_composer_that_may_be_two_or_none_is_refused(wish: str, known: tuple[str, ...]) -> None:
    with pytest.raises(UnknownName, match="known: "):
        Conditions(composers=known).named(composer=wish)

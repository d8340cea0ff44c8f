"""What every encoding in the registry promises, under the values of its options: `partimento.testing.encodings`, check by check."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import REGISTRY, Cursor, Encoding, make
from partimento.encodings.base import option
from partimento.encodings.slots import Slots
from partimento.encodings.texture import Texture
from partimento.encodings.voices import Voices
from partimento.errors import InvalidOption, UnknownName
from partimento.piece import Piece
from partimento.testing.cursors import follow_music
from partimento.testing.encodings import CHECKS, assert_comes_back, check_encoding, check_options, random_events, variants
from partimento.testing.random_pieces import pieces
from tests.made import made_piece

NOT_INSTALLED = {"miditok"} if importlib.util.find_spec("miditok") is None else set()
INSTALLED = [name for name in REGISTRY if name not in NOT_INSTALLED]
VARIANTS = [encoding for name in INSTALLED for encoding in variants(REGISTRY[name])]
every_variant = pytest.mark.parametrize("encoding", VARIANTS, ids=lambda encoding: encoding.key)


@pytest.mark.parametrize("check", CHECKS)
@every_variant
def test_conformance(encoding: Encoding, check: str) -> None:
    CHECKS[check](encoding, 25)


class Lossy(Slots):
    """It forgets its first event."""

    def encode(self, piece: Piece) -> np.ndarray:
        return super().encode(piece)[1:]


class Lawless(Slots):
    """It forbids what it encodes."""

    def allowed(self, history: np.ndarray, drawn: tuple[int, ...]) -> np.ndarray:
        legal = super().allowed(history, drawn)
        legal[40:] = False
        return legal


class Prophetic(Slots):
    """Its context knows the event that is to come."""

    def context(self, events: np.ndarray) -> np.ndarray:
        return super().context(np.concatenate([events[1:], events[:1]]))


@dataclass(frozen=True)
class Undeclared(Voices):
    """An option takes anything."""

    grid: int = 4


@dataclass(frozen=True)
class Strayed(Voices):
    """A default that is none of its values."""

    grid: int = option(5, (1, 2))


@pytest.mark.parametrize("kind", [Lossy, Lawless, Prophetic, Undeclared, Strayed])
def test_what_breaks_a_promise_is_found(kind: type[Encoding]) -> None:
    with pytest.raises((AssertionError, InvalidOption)):
        check_encoding(kind, examples=10)


def _moved(name: str, by: int) -> Callable[[Cursor], None]:
    def spoil(cursor: Cursor) -> None:
        setattr(cursor, name, getattr(cursor, name) + by)

    return spoil


def _higher(cursor: Cursor) -> None:
    cursor.notes_begun = [note._replace(pitch=note.pitch + 1) for note in cursor.notes_begun]


def _silent(cursor: Cursor) -> None:
    cursor.notes_begun = ()


def _longer(cursor: Cursor) -> None:
    if isinstance(cursor, Texture) and cursor.notes_begun:
        cursor.lengthen(1)


def _forgetful(cursor: Cursor) -> None:
    if isinstance(cursor, Texture):
        cursor.sounding = cursor.sounding[-1:]


MUSICAL_MUTANTS: list[tuple[str, Callable[[Cursor], None]]] = [
    *((key, spoil) for key in ("voices", "slots", "melody", "leadsheet", "notes", "tasks") for spoil in (_higher, _silent)),
    *((key, _moved("tick", -1)) for key in ("voices", "melody", "leadsheet", "notes")),
    *((key, _moved("bar_tick", 1)) for key in ("voices", "melody", "leadsheet", "notes")),
    *(("notes", spoil) for spoil in (_longer, _forgetful, _moved("numerator", 1), _moved("last_onset", 1))),
]


@pytest.mark.parametrize(("key", "spoil"), MUSICAL_MUTANTS)
def test_a_cursor_that_tells_other_music_is_found(
    key: str, spoil: Callable[[Cursor], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer is spoilt after each event; the piece and the law are as they were."""
    encoding = make(key)
    kind = type(encoding.cursor())
    push = kind.push

    def spoilt(cursor: Cursor, event: Sequence[int]) -> None:
        push(cursor, event)
        spoil(cursor)

    events = encoding.encode(made_piece(3, 60))
    follow_music(encoding, events)
    monkeypatch.setattr(kind, "push", spoilt)
    with pytest.raises(AssertionError, match=key):
        follow_music(encoding, events)


@pytest.mark.slow
@every_variant
@settings(max_examples=2000, deadline=None)
@given(piece=pieces(), seed=st.integers(0, 2**32 - 1), length=st.integers(0, 40))
def test_the_law_on_thousands_of_pieces(encoding: Encoding, piece: Piece, seed: int, length: int) -> None:
    events = encoding.encode(piece)
    assert np.array_equal(encoding.encode(encoding.decode(events)), events)
    drawn = random_events(encoding, length, np.random.default_rng(seed))
    assert_comes_back(encoding, drawn)


@pytest.mark.parametrize("name", INSTALLED)
def test_the_registry(name: str) -> None:
    kind = REGISTRY[name]
    assert kind.name == name
    assert kind.keeps
    assert kind.drops
    assert make(name).key == name, "defaults are left out of the key"
    assert [field.size > 1 for field in make(name).fields]
    assert len({field.name for field in make(name).fields}) == len(make(name).fields)


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("option", ["octave=4", "octave", "=", "Pitch=midi", "name=x", "fields=3"])
def test_unknown_options(name: str, option: str) -> None:
    bare = "=" not in option and REGISTRY[name].main_option
    with pytest.raises(InvalidOption, match="must be one of" if bare else f"encoding '{name}' has no option"):
        make(f"{name}:{option}")


@pytest.mark.parametrize("name", REGISTRY)
def test_impossible_values(name: str) -> None:
    check_options(REGISTRY[name])
    for entry in fields(REGISTRY[name]):
        with pytest.raises(InvalidOption, match="must be one of"):
            make(f"{name}:{entry.name}=nonsense")


@pytest.mark.parametrize("key", ["", "melodi", "Melody", "melody ", ":pitch=midi"])
def test_unknown_encodings(key: str) -> None:
    with pytest.raises(UnknownName, match="unknown encoding"):
        make(key)

"""What every encoding in the registry promises, under every combination of its options."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import REGISTRY, Encoding, make
from partimento.encodings.tasks import Tasks
from partimento.errors import InvalidOption, UnknownName
from partimento.piece import NOTE, Piece, Track, note_array
from tests.strategies import pieces

# the values of each option; a new encoding adds its own here, and the first test below says so
OPTIONS: dict[str, dict[str, tuple[Any, ...]]] = {
    "melody": {
        "pitch": ("class", "piano", "midi"),
        "chord": ("root", "top", "bass"),
        "rests": ("no", "yes"),
        "durations": ("five", "written", "tied"),
    },
    "leadsheet": {},
    "voices": {"grid": (1, 4, 12), "voices": (1, 3, 4, 8)},
    "slots": {},
    "frames": {"grid": (2, 4)},
    "roll": {"grid": (2,)},
    "notes": {"profile": ("score", "piano", "ensemble", "performance")},
    "tasks": {"profile": ("score", "piano", "ensemble")},
    "miditok": {"tokenizer": ("REMI", "TSD", "MIDILike", "Structured")},
}
NOT_INSTALLED = {"miditok"} if importlib.util.find_spec("miditok") is None else set()


TOGETHER = {"melody": (("pitch", "chord"), ("rests", "durations"))}  # options that are varied together; by default all


def variants() -> list[Encoding]:
    found: dict[str, Encoding] = {}
    for name, kind in REGISTRY.items():
        options = OPTIONS.get(name, {})
        for names in TOGETHER.get(name, (tuple(options),)):
            for values in itertools.product(*(options[option] for option in names)):
                encoding = kind(**dict(zip(names, values, strict=True)))
                found[encoding.key] = encoding
    return list(found.values())


VARIANTS = [encoding for encoding in variants() if encoding.name not in NOT_INSTALLED]
INSTALLED = [name for name in REGISTRY if name not in NOT_INSTALLED]
every_variant = pytest.mark.parametrize("encoding", VARIANTS, ids=lambda encoding: encoding.key)
few = settings(max_examples=25, deadline=None)


def test_every_option_of_every_encoding_is_varied() -> None:
    assert {name: {field.name for field in fields(kind)} for name, kind in REGISTRY.items()} == {
        name: set(options) for name, options in OPTIONS.items()
    }


def events_of(encoding: Encoding, length: int, choose: np.random.Generator) -> npt.NDArray[Any]:
    """Random events, each field drawn from what `allowed` permits; an event that ends the piece is mostly drawn again."""
    events = np.zeros((0, len(encoding.fields)), np.int64)
    for _ in range(length):
        if encoding.ended(events) and choose.random() < 0.9:
            events = events[:-1]
        drawn: tuple[int, ...] = ()
        for field in encoding.fields:
            legal = encoding.allowed(events, drawn)
            assert legal.dtype == bool
            assert legal.shape == (field.size,)
            if not legal.any():
                return events
            drawn += (int(choose.choice(np.flatnonzero(legal))),)
        events = np.concatenate([events, [drawn]])
    return events


def assert_comes_back(encoding: Encoding, events: npt.NDArray[Any]) -> None:
    """Legal events decode, and encode to themselves up to the last note: what was drawn after it says nothing yet."""
    piece = encoding.decode(events)
    assert isinstance(piece, Piece)
    again = encoding.encode(piece)
    if not encoding.canonical:
        assert np.array_equal(encoding.encode(encoding.decode(again)), again)
        return
    if encoding.ended(again) and not encoding.ended(events):
        again = again[:-1]
    assert np.array_equal(again, events[: len(again)])
    assert encoding.notes_in(events[len(again) :]) == 0


@every_variant
@few
@given(piece=pieces())
def test_the_law(encoding: Encoding, piece: Piece) -> None:
    """encode(decode(encode(p))) == encode(p), and what encode makes is within the fields and legal."""
    events = encoding.encode(piece)
    assert events.dtype == encoding.dtype
    assert events.shape == (len(events), len(encoding.fields))
    for at, field in enumerate(encoding.fields):
        column = events[:, at]
        assert ((column >= (0 if field.optional else 1)) & (column < field.size)).all()
    assert np.array_equal(encoding.encode(encoding.decode(events)), events)
    for row in range(min(len(events), 5)):
        for at in range(len(encoding.fields)):
            legal = encoding.allowed(events[:row], tuple(int(value) for value in events[row, :at]))
            assert legal[events[row, at]]


@pytest.mark.slow
@every_variant
@settings(max_examples=2000, deadline=None)
@given(piece=pieces(), seed=st.integers(0, 2**32 - 1), length=st.integers(0, 40))
def test_the_law_on_thousands_of_pieces(encoding: Encoding, piece: Piece, seed: int, length: int) -> None:
    events = encoding.encode(piece)
    assert np.array_equal(encoding.encode(encoding.decode(events)), events)
    drawn = events_of(encoding, length, np.random.default_rng(seed))
    assert_comes_back(encoding, drawn)


@every_variant
@few
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(0, 40))
def test_legal_events_decode_and_encode_to_themselves(encoding: Encoding, seed: int, length: int) -> None:
    assert_comes_back(encoding, events_of(encoding, length, np.random.default_rng(seed)))


@every_variant
@few
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_follows_the_end(encoding: Encoding, seed: int) -> None:
    events = events_of(encoding, 30, np.random.default_rng(seed))
    ends = [row for row in range(len(events)) if encoding.ended(events[: row + 1])]
    assert ends in ([], [len(events) - 1])
    if ends:
        assert not encoding.allowed(events, ()).any()
    assert not encoding.ended(events[:0])


@every_variant
def test_id_0_is_never_legal_where_it_means_nothing(encoding: Encoding) -> None:
    events = events_of(encoding, 30, np.random.default_rng(0))
    for row, event in enumerate(events):
        for at, field in enumerate(encoding.fields):
            assert field.optional or not encoding.allowed(events[:row], tuple(event[:at]))[0]


@every_variant
def test_every_id_is_legal_somewhere(encoding: Encoding) -> None:
    """No field has ids that no event can have, but those of tasks, of which `test_tasks.py` tells."""
    seen = [np.zeros(field.size, bool) for field in encoding.fields]
    if isinstance(encoding, Tasks):
        seen[0][[encoding.separator, encoding.standing]] = True
    for seed in range(200):
        events = events_of(encoding, 40, np.random.default_rng(seed))
        for row, event in enumerate(events):
            for at in range(len(seen)):
                seen[at] |= encoding.allowed(events[:row], tuple(event[:at]))
        if all(ids[1:].all() for ids in seen):
            break
    for field, ids in zip(encoding.fields, seen, strict=True):
        assert ids[1:].all(), field.name


@every_variant
def test_empty_pieces(encoding: Encoding) -> None:
    for piece in (
        Piece(np.zeros(0, NOTE), ()),
        Piece(np.zeros(0, NOTE), (Track(),)),
        Piece(note_array([(0, 1, 60, 80, 0)]), (Track(0, True),)),
    ):
        events = encoding.encode(piece)
        assert np.array_equal(encoding.encode(encoding.decode(events)), events)


@every_variant
def test_encode_leaves_the_piece_and_decode_the_events_as_they_were(encoding: Encoding) -> None:
    piece = Piece(note_array([(0, 480, 60, 80, 0), (0, 480, 64, 80, 0), (480, 240, 62, 80, 0)]), (Track(),))
    before = piece.notes.copy()
    events = encoding.encode(piece)
    copy = events.copy()
    encoding.decode(events)
    assert np.array_equal(piece.notes, before)
    assert np.array_equal(events, copy)
    assert encoding.notes_in(events) > 0


@every_variant
def test_key_and_make_are_inverse(encoding: Encoding) -> None:
    again = make(encoding.key)
    assert again == encoding
    assert again.key == encoding.key
    assert type(again) is REGISTRY[encoding.name]


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
    for option in OPTIONS[name]:
        for value in ("", "nonsense", "0"):
            with pytest.raises(InvalidOption, match="must be one of"):
                make(f"{name}:{option}={value}")


@pytest.mark.parametrize("key", ["", "melodi", "Melody", "melody ", ":pitch=midi"])
def test_unknown_encodings(key: str) -> None:
    with pytest.raises(UnknownName, match="unknown encoding"):
        make(key)

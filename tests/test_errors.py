"""Every error is one of ours, is said in a line, and survives the way out of a worker process."""

from __future__ import annotations

import inspect
import pickle

import pytest

from partimento import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_has_one_root_and_says_what_it_is(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.PartimentoError)
    assert kind.__doc__


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.UnreadableFile("truncated"), "truncated"),
        (errors.UnreadableFile("truncated", "no complete note"), "truncated: no complete note"),
        (errors.UnreadableFile("truncated", "no complete note", name="a.mid"), "a.mid: truncated: no complete note"),
        (errors.UnknownName("encoding", "melodi", {"melody": 1, "chords": 2}), "unknown encoding 'melodi'; known: chords, melody"),
        (errors.UnknownName("format", "7", [12, 3]), "unknown format '7'; known: 12, 3"),
    ],
)
def test_message(error: Exception, message: str) -> None:
    assert str(error) == message


def test_reason_can_be_counted() -> None:
    error = errors.UnreadableFile("bad timing", "a note outside", name="a.mid")
    assert (error.reason, error.detail, error.name) == ("bad timing", "a note outside", "a.mid")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (errors.UnreadableFile, errors.UnknownName)])
def test_can_be_pickled(kind: type[Exception]) -> None:
    assert str(pickle.loads(pickle.dumps(kind("what was wrong")))) == "what was wrong"

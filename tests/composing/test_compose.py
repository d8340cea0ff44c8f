"""Composing with a small model of numpy: what is given, what is drawn, and that the same comes out again."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from partimento.analysis.repetition import HABITS
from partimento.composing.compose import Composition, again, compose, stream
from partimento.composing.provenance import Options, Trained
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling
from partimento.encodings import Encoding, Events, Field, make
from partimento.encodings.melody import Melody
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece
from partimento.formats.midi.write import midi_from_piece
from partimento.models.predictor import Predictor, Scores
from partimento.piece import About, Piece, Track, note_array

MELODY = make("melody")


class Steps:
    """Prefers the pitch a third above the last one, and its duration once more."""

    def __init__(self, model: Thirds, count: int) -> None:
        self.model, self.last, self.given = model, np.zeros((count, 2), np.int64), np.zeros((0, 2), np.uint8)

    def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        at = drawn.shape[1]
        size = self.model.fields[at].size
        wanted = (self.last[:, 0] + 3) % 12 + 1 if at == 0 else np.maximum(self.last[:, 1], 1)
        logits = np.zeros((len(drawn), size), np.float32)
        logits[np.arange(len(drawn)), wanted] = 2.0
        return logits

    def push(self, events: np.ndarray[Any, Any]) -> None:
        self.last = np.array(events, np.int64)


@dataclass
class Thirds:
    fields: tuple[Field, ...] = MELODY.fields
    sessions: list[Steps] = field(default_factory=list)

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        raise NotImplementedError

    def begin(self, count: int, given: Events | None = None, cursors: Any = None) -> Steps:
        self.sessions.append(Steps(self, count))
        if given is not None and len(given):
            self.sessions[-1].given = given
            self.sessions[-1].push(np.tile(given[-1:], (count, 1)))
        return self.sessions[-1]


@dataclass
class Model:
    path: Path = Path("/somewhere/private/run/model.safetensors")
    sha256: str = "ab" * 32
    metadata: dict[str, Any] = field(default_factory=lambda: {"licences": ["CC0-1.0", "CC-BY-4.0"]})
    recipe: Any = "seed_pair"
    encoding: Encoding = MELODY

    def predictor(self) -> Predictor:
        return Thirds()


def given_piece() -> Piece:
    rows = [(480 * at, 480, 60 + at % 5, 80, 0) for at in range(6)]
    return Piece(note_array(rows), (Track(),), about=About(title="Chorale 7", licence="CC-BY-4.0"))


def many(checkpoint: Trained | None = None, **options: Any) -> list[Composition]:
    return compose(checkpoint or Model(), **{"notes": 20, "seed": 3, "count": 4, **options})


def test_stream_yields_only_what_is_new_step_by_step() -> None:
    model = Thirds()
    steps = stream(model, MELODY, given=[[5, 3], [8, 3]], notes=3, count=2)
    first = next(steps)
    assert (first.shape, first.dtype) == ((2, 2), MELODY.dtype)
    assert model.sessions[0].given.tolist() == [[5, 3], [8, 3]]
    assert model.sessions[0].last.tolist() == [[8, 3], [8, 3]]  # this step is pushed when the next is asked for
    assert len(list(steps)) == 2


def test_given_events_come_before() -> None:
    model = Thirds()
    (step,) = stream(model, MELODY, given=np.array([[1, 3], [4, 2]], np.uint8), notes=1, sampling=Sampling(temperature=0))
    assert step.tolist() == [[8, 2]]


def test_compositions_hold_given_and_new_notes() -> None:
    given = given_piece()
    for number, made in enumerate(many(given=given), 1):
        assert np.array_equal(made.events[:6], MELODY.encode(given))
        assert len(made.events) == len(made.piece) == 26
        assert made.piece.about.title == f"After Chorale 7, seed 3, number {number}"
        assert made.piece.about.licence == "CC0-1.0; CC-BY-4.0"
        assert made.piece.about.made == made.made
        assert made.given_until_tick == 6 * 480
        assert np.count_nonzero(made.piece.notes["onset"] >= made.given_until_tick) == 20
    assert many()[0].piece.about.title == "seed_pair, seed 3, number 1"
    assert many()[0].given_until_tick == 0


def test_made_says_how_and_keeps_folders_private() -> None:
    made = many(sampling=Sampling(temperature={"pitch": 0.8}, top_p=0.9))[2].made
    note = json.loads(made)
    assert note["model"] == {"name": "run/model.safetensors", "sha256": "ab" * 32}
    assert [note["options"][name] for name in ("notes", "seed", "count", "index")] == [20, 3, 4, 2]
    assert note["options"]["sampling"] == {"temperature": {"pitch": 0.8}, "top_k": 0, "top_p": 0.9, "min_p": 0.0}
    assert note["given"] is None
    assert "private" not in made


def test_seeds_and_numbers_differ_and_repeat() -> None:
    first, second = many(), many()
    assert [one.events.tolist() for one in first] == [one.events.tolist() for one in second]
    assert len({one.events.tobytes() for one in [*first, *many(seed=4)]}) == 8
    # this model's arithmetic does not depend on the batch, so neither do the notes
    assert many(count=1)[0].events.tolist() == first[0].events.tolist()


@pytest.mark.parametrize("given", [None, given_piece()])
def test_again_makes_the_same_bytes(given: Piece | None) -> None:
    for made in many(given=given, sampling=Sampling(temperature={"pitch": 1.3}, top_k=7, min_p=0.01)):
        twin = again(made.piece.about.made, Model())
        assert twin.piece == made.piece
        assert midi_from_piece(twin.piece) == midi_from_piece(made.piece)


def test_again_refuses_another_model() -> None:
    with pytest.raises(CheckpointError, match=f"model.safetensors.*{'ab' * 32}.*other.safetensors.*{'cd' * 32}"):
        again(many()[0].made, Model(path=Path("other.safetensors"), sha256="cd" * 32))


def test_again_refuses_what_is_no_note_of_how_a_piece_was_made() -> None:
    good = json.loads(many(given=given_piece())[0].made)
    damaged: list[Any] = ["", "[]", "{}", "null", "[" * 100_000, json.dumps({**good, "options": {}})]
    damaged += [json.dumps({**good, "options": {**good["options"], "index": index}}) for index in (4, -1, None, True)]
    damaged += [
        json.dumps({**good, "options": {**good["options"], key: value}})
        for key, value in (("notes", 0), ("seed", "x"), ("count", 1e9))
    ]
    damaged += [json.dumps({**good, "options": {**good["options"], "sampling": {"heat": 1}}})]
    for key, value in (
        ("events", "%%"),
        ("events", "AAAA"),
        ("dtype", "O"),
        ("dtype", "<f8"),
        ("shape", [2, -3]),
        ("shape", [99, 2]),
    ):
        damaged.append(json.dumps({**good, "given": {**good["given"], key: value}}))
    for made in damaged:
        with pytest.raises(InvalidOption):
            again(made, Model())


def test_licence_of_the_corpus_may_be_one_line() -> None:
    assert many(Model(metadata={"licence": "CC0-1.0"}))[0].piece.about.licence == "CC0-1.0"
    assert many(Model(metadata={}))[0].piece.about.licence == ""


def test_the_licence_of_what_is_given_follows_those_of_the_corpus() -> None:
    given = replace(given_piece(), about=About(licence="CC-BY-SA-4.0"))
    for licences in (["CC0-1.0"], ["CC0-1.0", "CC-BY-SA-4.0"]):
        (one,) = many(Model(metadata={"licences": licences}), given=given, count=1)
        assert one.piece.about.licence == "CC0-1.0; CC-BY-SA-4.0"


@pytest.mark.parametrize("options", [{"notes": 0}, {"notes": 10**9}, {"count": 0}, {"count": 10**9}, {"seed": -1}, {"notes": 2.0}])
def test_options_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        many(**options)


@pytest.mark.parametrize("given", [[[0, 1]], [[13, 1]], [[1, 6]], [[1]], [1, 2], [[1.0, 2.0]]])
def test_given_events_that_cannot_be(given: Any) -> None:
    with pytest.raises(InvalidOption, match="given"):
        stream(Thirds(), MELODY, given=given, notes=1)


def test_unknown_field_of_a_temperature() -> None:
    with pytest.raises(InvalidOption, match="velocity"):
        many(sampling=Sampling(temperature={"velocity": 1.0}))


def test_a_given_piece_without_notes_and_a_model_of_other_fields() -> None:
    with pytest.raises(InvalidPiece, match="Chorale 7"):
        many(given=replace(given_piece(), notes=note_array([])))
    with pytest.raises(CheckpointError, match="fields"):
        many(Model(encoding=make("melody:pitch=midi")))


@dataclass(frozen=True)
class Rests(Melody):
    """Sixteenths are no notes here, so that notes and events differ; and no pitch follows itself."""

    name: ClassVar[str] = "rests"

    def notes_in(self, events: np.ndarray[Any, Any]) -> int:
        return int(np.count_nonzero(events[:, 1] > 1))

    def allowed(self, history: np.ndarray[Any, Any], drawn: tuple[int, ...]) -> np.ndarray[Any, Any]:
        legal = super().allowed(history, drawn)
        if not drawn and len(history):
            legal[history[-1, 0]] = False
        return legal


def test_notes_are_counted_not_events_and_history_is_what_was_drawn() -> None:
    made = many(Model(encoding=Rests()), notes=30, sampling=Sampling(temperature=50.0), given=given_piece())
    assert len({len(one.events) for one in made}) > 1
    for one in made:
        new = one.events[6:]
        assert Rests().notes_in(new) == 30
        assert Rests().notes_in(new[:-1]) == 29
        assert (np.diff(one.events[5:, 0].astype(int)) != 0).all()


def test_a_model_that_writes_no_notes_ends() -> None:
    start = given_piece()
    sixteenths = replace(start, notes=note_array([(0, 120, 60, 80, 0)]))
    (made,) = many(Model(encoding=Rests()), notes=2, count=1, sampling=Sampling(temperature=0), given=sixteenths)
    assert len(made.events) == 1 + 2 * 64


class Chance(Thirds):
    """Every id of a field is as likely; the end of a piece, when it may come, comes now and then."""

    def begin(self, count: int, given: Events | None = None, cursors: Any = None) -> Any:
        model = self

        class Flat:
            def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
                return np.zeros((len(drawn), model.fields[drawn.shape[1]].size), np.float32)

            def push(self, events: np.ndarray[Any, Any]) -> None:
                assert events.shape[1] == len(model.fields)

        return Flat()


@dataclass
class ChanceModel(Model):
    encoding: Encoding = field(default_factory=lambda: make("notes:profile=score"))

    def predictor(self) -> Predictor:
        return Chance(self.encoding.fields)


def test_pieces_end_where_they_say_so_or_with_their_notes() -> None:
    made = many(ChanceModel(), notes=6, count=12, given=given_piece(), ending=False)
    encoding = ChanceModel().encoding
    given = encoding.encode(given_piece())[:-1]
    new = [encoding.notes_in(one.events) - 6 for one in made]
    assert {encoding.ended(one.events) for one in made} == {True, False}
    for one, notes in zip(made, new, strict=True):
        assert np.array_equal(one.events[: len(given)], given), "without the end of what is given"
        assert notes == 6 if not encoding.ended(one.events) else 0 <= notes <= 6
        assert (one.events[:, 0] > 0).all(), "no padding"
        assert len(one.piece) == notes + 6
        again_events = encoding.encode(one.piece)
        assert np.array_equal(again_events[: len(one.events)], one.events)
        assert again(one.made, ChanceModel()).piece == one.piece


def test_a_stream_of_ended_sequences_ends() -> None:
    model = ChanceModel()
    steps = np.stack(list(stream(model.predictor(), model.encoding, notes=1000, count=3)), 1)
    for sequence in steps:
        ends = [row for row in range(len(sequence)) if model.encoding.ended(sequence[: row + 1])]
        assert len(ends) == 1
        assert not sequence[ends[0] + 1 :].any(), "zeros after the end"


def test_torch_has_its_threads_back() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    seen = []

    class Watched(Model):
        def predictor(self) -> Predictor:
            model = Thirds()
            begin = model.begin

            def watched(count: int, given: Events | None = None, cursors: Any = None) -> Steps:
                seen.append(torch.get_num_threads())
                return begin(count, given)

            model.begin = watched  # type: ignore[method-assign]
            return model

    many(Watched())
    assert seen == [1]
    assert torch.get_num_threads() == before


def test_progress_counts_notes() -> None:
    told: list[tuple[int, int]] = []
    many(notes=5, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(at, 5) for at in range(1, 6)]


def test_a_stream_that_is_left_frees_its_session() -> None:
    model = Thirds()
    steps = stream(model, MELODY, notes=100, count=2)
    next(steps)
    session = weakref.ref(model.sessions.pop())
    assert session() is not None
    steps.close()
    assert session() is None
    assert list(steps) == []


def test_all_that_was_asked_for_is_in_the_note() -> None:
    options = Options(
        *(9, Sampling(top_k=3), 5, 2, Rules(key="G major", bars=2), {"key": "G major"}, 2.0, HABITS, True, False),
    )
    assert Options.from_json(json.loads(json.dumps(options.to_json()))) == options
    assert all(value != other for value, other in zip(vars(options).values(), vars(Options(1)).values(), strict=True))


def test_the_numbers_of_a_model_are_left_as_they_are() -> None:
    class Fixed(Thirds):
        def begin(self, count: int, given: Events | None = None, cursors: Any = None) -> Steps:
            session = super().begin(count, given, cursors)
            fresh = session.logits

            def logits(drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
                found = fresh(drawn)
                found.flags.writeable = False
                return found

            session.logits = logits  # type: ignore[method-assign]
            return session

    assert len(list(stream(Fixed(), MELODY, notes=9, count=2))) == 9

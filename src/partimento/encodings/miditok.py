"""The encodings `miditok:NAME`: a tokeniser of the MidiTok library as one field, for comparison.

MidiTok is an extra (`pip install partimento[compare]`) and takes seconds to import, so it is imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, Events, Field, option
from partimento.piece import METER, NOTE, TEMPO, Piece, Track
from partimento.plugins import extra

TOKENIZERS = ("REMI", "TSD", "MIDILike", "Structured")  # those whose tokens are one sequence of one vocabulary
LAST_QUARTER = 2**13  # an hour at 120 quarters a minute; later notes are dropped, since every bar of silence takes tokens


@dataclass(frozen=True)
class MidiTok(Encoding):
    """Option: `tokenizer`, which the key names alone: `miditok:TSD`. Programs are tokens, all tracks one sequence.

    MidiTok itself does not give the same tokens for what it decoded, so `encode` decodes and tokenises again until tokens
    come back, or of those that follow each other in a circle takes the first in the order of their ids.
    """

    tokenizer: str = option("REMI", TOKENIZERS)

    name: ClassVar[str] = "miditok"
    main_option: ClassVar[str] = "tokenizer"
    extra: ClassVar[str] = "compare"
    canonical: ClassVar[bool] = False

    @property
    def keeps(self) -> str:  # type: ignore[override]
        timing = "durations" if self.tokenizer == "Structured" else "durations, tempos, common meters"
        return f"pitches of the piano, {timing} on MidiTok's grid (eighths of a quarter), 32 velocities, programs"

    @property
    def drops(self) -> str:  # type: ignore[override]
        parts = ["times off the grid, triplets", "pitches off the piano", "which of the tracks of one program"]
        parts += ["tempos, meters"] * (self.tokenizer == "Structured") + ["keys", "notes after 8,192 quarters"]
        return ", ".join([*parts, "what MidiTok itself does not decode again"])

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("token", len(_tokenizer(self.tokenizer))),)

    def encode(self, piece: Piece) -> Events:
        tokens = self._tokens(piece)
        seen: list[tuple[int, ...]] = []
        while tokens not in seen:
            seen.append(tokens)
            tokens = self._tokens(self._decoded(tokens))
        return np.array(min(seen[seen.index(tokens) :]), self.dtype).reshape(-1, 1)

    def _tokens(self, piece: Piece) -> tuple[int, ...]:
        """The token ids that MidiTok gives for a piece."""
        score = _score(piece)
        return tuple(_tokenizer(self.tokenizer).encode(score).ids) if score.note_num() else ()

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        return self._decoded(tuple(np.asarray(events).reshape(-1).tolist()))

    def _decoded(self, tokens: tuple[int, ...]) -> Piece:
        if not tokens:
            return Piece(np.zeros(0, NOTE), ())
        return _piece(_tokenizer(self.tokenizer).decode(list(tokens)))

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """The types of token that MidiTok's own graph lets follow the last one; at first those that may follow a silence."""
        successors, of_id = _types(self.tokenizer)
        legal: npt.NDArray[np.bool_] = successors[of_id[int(history[-1, 0])] if len(history) else -1]
        return legal.copy()

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return int(_is_note(self.tokenizer)[np.asarray(events).reshape(-1)].sum())


@cache
def _tokenizer(name: str) -> Any:
    miditok = extra("miditok", "compare", "the encoding miditok")
    with_programs = {"use_programs": True, "one_token_stream_for_programs": True}
    config = miditok.TokenizerConfig(special_tokens=["PAD"], use_tempos=True, use_time_signatures=True, **with_programs)
    return getattr(miditok, name)(config)


@cache
def _types(name: str) -> tuple[npt.NDArray[np.bool_], list[int]]:
    """Which ids may follow each type of token, and at last which may begin [types + 1, ids]; the type of each id."""
    tokenizer = _tokenizer(name)
    graph = tokenizer.tokens_types_graph
    types = sorted({kind for kind in graph if kind != "PAD"})
    of_id = [types.index(kind) if kind in types else -1 for kind in map(tokenizer.token_id_type, range(len(tokenizer)))]
    first = {"Bar"} if "Bar" in types else {"TimeShift", *graph["TimeShift"]} - {"NoteOff", "DrumOff"}
    follow = [*(graph[kind] for kind in types), first]
    return np.array([[at >= 0 and types[at] in kinds for at in of_id] for kinds in follow]), of_id


@cache
def _is_note(name: str) -> npt.NDArray[np.bool_]:
    tokenizer = _tokenizer(name)
    kinds = ("Pitch", "PitchDrum", "NoteOn", "DrumOn")
    return np.array([tokenizer.token_id_type(one) in kinds for one in range(len(tokenizer))])


def _score(piece: Piece) -> Any:
    """The piece as symusic's score, without what lies after `LAST_QUARTER`."""
    symusic = extra("symusic", "compare", "the encoding miditok")
    ticks, last = piece.ticks_per_quarter, LAST_QUARTER * piece.ticks_per_quarter
    score: Any = symusic.Score(ticks)
    for number, track in enumerate(piece.tracks):
        notes = piece.notes[(piece.notes["track"] == number) & (piece.notes["onset"] < last)]
        duration = np.minimum(notes["duration"], last)
        columns = [np.ascontiguousarray(column, np.int32) for column in (notes["onset"], duration)]
        columns += [np.ascontiguousarray(notes[name], np.int8) for name in ("pitch", "velocity")]
        score.tracks.append(symusic.Track(track.name.encode("ascii", "replace").decode(), track.program, track.is_drum))
        factory: Any = symusic.Note
        score.tracks[-1].notes = factory.from_numpy(*columns, "Tick")
    score.tempos = [symusic.Tempo(tick, qpm) for tick, qpm in piece.tempos.tolist() if tick < last]
    score.time_signatures = [symusic.TimeSignature(*row) for row in piece.meters.tolist() if row[0] < last]
    return score


def _piece(score: Any) -> Piece:
    """A piece of symusic's score; what has no length, and what is out of range, is left out."""
    parts, tracks = [np.zeros(0, NOTE)], list[Track]()
    for track in score.tracks:
        columns = track.notes.numpy()
        notes = np.zeros(len(columns["time"]), NOTE)
        kept = (columns["time"] >= 0) & (columns["duration"] > 0)
        for ours, theirs in (("onset", "time"), ("duration", "duration"), ("pitch", "pitch"), ("velocity", "velocity")):
            notes[ours] = columns[theirs]
        notes["track"] = len(tracks)
        parts.append(notes[kept])
        tracks.append(Track(track.program, track.is_drum))
    tempos = np.array([(one.time, one.qpm) for one in score.tempos], TEMPO)
    meters = np.array([(one.time, one.numerator, one.denominator) for one in score.time_signatures], METER)
    return Piece(np.concatenate(parts), tuple(tracks), score.ticks_per_quarter, tempos, meters)

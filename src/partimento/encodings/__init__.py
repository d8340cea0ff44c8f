"""Encodings by name. `make("melody:pitch=midi")` gives the encoding with its options."""

from __future__ import annotations

from dataclasses import fields

from partimento.encodings.base import Context, Encoding, Events, Field, Pitches
from partimento.encodings.cursor import Cursor
from partimento.encodings.frames.encoding import Frames
from partimento.encodings.leadsheet.encoding import Leadsheet
from partimento.encodings.melody.encoding import Melody
from partimento.encodings.miditok import MidiTok
from partimento.encodings.notes.encoding import Notes
from partimento.encodings.roll.encoding import Roll
from partimento.encodings.slots import Slots
from partimento.encodings.tasks.encoding import Tasks
from partimento.encodings.voices.encoding import Voices
from partimento.errors import InvalidOption, UnknownName

REGISTRY: dict[str, type[Encoding]] = {
    kind.name: kind for kind in (Melody, Leadsheet, Voices, Notes, Tasks, Slots, Frames, Roll, MidiTok)
}


def make(key: str) -> Encoding:
    """The encoding that `key` names, such as `melody`, `melody:pitch=midi,chord=top` or `miditok:TSD`.

    Raises `UnknownName` for a name that is not in the registry and `InvalidOption` for an option it does not have.
    """
    name, _, rest = key.partition(":")
    if name not in REGISTRY:
        raise UnknownName("encoding", name, REGISTRY)
    kind = REGISTRY[name]
    options: dict[str, str] = {}
    for option in filter(None, rest.split(",")):
        named, equals, value = option.partition("=")
        options |= {named: value} if equals or not kind.main_option else {kind.main_option: option}
    known = {field.name for field in fields(kind)}
    if unknown := set(options) - known:
        raise InvalidOption(f"encoding {name!r} has no option {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    return kind(**options)


__all__ = ["REGISTRY", "Context", "Cursor", "Encoding", "Events", "Field", "Pitches", "make"]

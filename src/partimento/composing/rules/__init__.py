"""Rules that hold: what must be true of every note drawn, as masks over the field about to be drawn.

The registry names them all; `Rules` is what a composer asks for: the options of each, in words as the command line takes them.
What cannot be met is refused before the first note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from partimento.composing.rules.pitch import Bass, Chords, Instruments, Key, NoParallelFifths, Ranges
from partimento.composing.rules.rule import Inside, Option, Rule, Setting
from partimento.composing.rules.time import Bars, Meter, Polyphony, Rhythm, Tempo
from partimento.encodings.texture import NoteMasks, Texture
from partimento.errors import InvalidOption

# a rule may contradict those before it, and is asked which it does not
REGISTRY: list[type[Rule]] = [
    *(Key, Meter, Tempo, Instruments, Ranges, Chords, Bass, Polyphony, NoParallelFifths, Rhythm, Bars),
]


def all_options() -> dict[str, Option]:
    """The options of all rules by name."""
    return {option.name: option for rule in REGISTRY for option in rule.options}


class Rules:
    """What must hold of every new note; what is not given is not asked for.

    `Rules(key="G major", chords="G C D7 G", ranges={"piano": "A0-C8"}, bars=8)`: the words are those of the command line, and each
    option is an attribute with its value. They are described, each by its rule, by `partimento compose --help` and in
    `docs/composing.md`. Values may also be given as they are kept: a meter as (3, 4), chords as a tuple, ranges by program.

    Rules count from the first bar line after the given notes. Drums are free of the rules of pitch. Under rules the meter
    and key of the beginning stay. Raises `InvalidOption` for a value that cannot work, and for an option that no rule has.
    """

    def __init__(self, **options: Any) -> None:
        known = all_options()
        if unknown := set(options) - set(known):
            raise InvalidOption(f"no rule has the option {', '.join(sorted(unknown))}; known: {', '.join(known)}")
        self.options = {name: option.unset for name, option in known.items()}
        for name, value in options.items():
            self.options[name] = _parsed(known[name], value)
        for rule in REGISTRY:
            rule.check(self.options)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["options"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and self.options == other.options

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Rules({', '.join(f'{name}={value!r}' for name, value in self._asked().items())})"

    def _asked(self) -> dict[str, Any]:
        known = all_options()
        return {name: value for name, value in self.options.items() if value != known[name].unset}

    def but(self, **options: Any) -> Rules:
        """The same rules with other values of some options."""
        return Rules(**(self._asked() | options))

    @property
    def say_the_end(self) -> bool:
        """Whether they decide how long the music is."""
        return bool(self.bars or self.rhythm)

    @property
    def fixed_statements(self) -> frozenset[str]:
        """What a piece under them does not state once more."""
        return frozenset({"meter", "key"} if self.tempo_qpm is None else {"meter", "key", "tempo"})

    def to_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        known = all_options()
        return {name: known[name].to_json(value) for name, value in self._asked().items()}

    @classmethod
    def from_json(cls, rows: Mapping[str, Any]) -> Rules:
        """The rules that `to_json` wrote. Raises `TypeError`, `ValueError` or `InvalidOption` for anything else."""
        return cls(**rows)

    def made(self, here: Texture, place: Inside | None = None, filled: bool = True) -> Setting:
        """The rules as they hold of a sequence that goes on from `here`; of a task, in its `place`. Raises `InvalidOption` when
        they contradict each other, what is given, or the encoding."""
        at = Setting(self.options, here, place)
        at.filled = filled
        for kind in REGISTRY:
            if (rule := kind.made(at)) is not None:
                at.rules.append(rule)
        if place is not None:  # a rhythm says itself how long there are notes
            at.rules.append(replace(place, last_tick=0) if at.rule(Rhythm) is not None else place)
        return at

    def masks(self, at: Setting, here: Texture) -> NoteMasks:
        """What the rules made at a place leave of each field of the events after `here`, a sequence that has come there."""
        fixed = self.fixed_statements if at.place is None else frozenset({"meter", "key", "tempo"})
        fixed = frozenset() if here.has_parts and not here.players else fixed  # still to be stated (`preamble.py`)
        return here.masks(at.rules, at.players, fixed, 0 if at.place is None else at.place.start_tick)


def _parsed(option: Option, value: Any) -> Any:
    try:
        return option.unset if value is None else option.parse(value)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise InvalidOption(f"{option.name} is {value!r}, which cannot be: {option.help}") from error


__all__ = ["REGISTRY", "Inside", "Option", "Rule", "Rules", "all_options"]

"""The rules of `partimento compose` as options: each says by itself how it is called and what it means (`composing/rules/`)."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.composing.rules import Option, Rules, all_options

UNSET: dict[type, Any] = {str: "", int: None, bool: False, float: None, Path: None}


@dataclass(frozen=True, kw_only=True)
class _Words:
    """What must hold of every new note."""

    def rules(self) -> Rules | None:
        """The rules that are asked for; None when none is. Raises `InvalidOption`, and what reading a score raises."""
        values = {option.name: getattr(self, _flag(option)) for option in all_options().values()}
        given = {name: value for name, value in values.items() if value != UNSET[all_options()[name].kind]}
        return Rules(**given) if given else None


def _flag(option: Option) -> str:
    return option.flag or option.name


def _field(option: Option) -> tuple[str, Any, Any]:
    unset = UNSET[option.kind]
    kind = option.kind if unset is not None else option.kind | None
    return _flag(option), Annotated[kind, Parameter(help=option.help, show_default=False)], field(default=unset)


if TYPE_CHECKING:
    RuleOptions = _Words
else:
    made = make_dataclass("RuleOptions", map(_field, all_options().values()), bases=(_Words,), frozen=True, kw_only=True)
    made.__doc__, made.__module__ = _Words.__doc__, __name__
    RuleOptions = Parameter(name="*", group="Rules")(made)

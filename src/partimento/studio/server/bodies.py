"""What the routes take, as models that check it and describe it: edits from the functions that make them, tasks from `Ask`."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from partimento.studio.workshop.edits import EDITS, TYPED

MOST_EDITS = 1000
_TYPED = {name: typed for typed, name in TYPED.items()}


def _model_of(name: str) -> type[BaseModel]:
    """The body of one edit, from the signature of its function."""
    function = EDITS[name]
    options: dict[str, Any] = {"edit": (Literal[name], ...)}
    for option in list(inspect.signature(function, eval_str=True).parameters.values())[1:]:
        default = ... if option.default is inspect.Parameter.empty else option.default
        options[option.name] = (option.annotation, Field(default, alias=_TYPED.get(option.name)))
    config = ConfigDict(extra="forbid", title=f"Edit_{name}")
    made: type[BaseModel] = create_model(f"Edit_{name}", __config__=config, __doc__=function.__doc__, **options)
    return made


_MODELS = tuple(_model_of(name) for name in EDITS)
OneEdit = Annotated[Union[_MODELS], Field(discriminator="edit")]  # type: ignore[valid-type]  # noqa: UP007


class Edits(BaseModel):
    """One act of one edit or several, on the state `base`."""

    model_config = ConfigDict(extra="forbid")
    base: str | None = None
    edits: list[OneEdit] = Field(min_length=1, max_length=MOST_EDITS)

    def plain(self) -> list[dict[str, Any]]:
        made: list[Any] = self.edits
        return [one.model_dump(by_alias=True, exclude_unset=True) for one in made]


class NewTrack(BaseModel):
    """A track of a blank score."""

    model_config = ConfigDict(extra="forbid")
    program: int = Field(0, ge=0, le=127)
    is_drum: bool = False
    name: str = Field("", max_length=200)


class Blank(BaseModel):
    """A score without notes."""

    model_config = ConfigDict(extra="forbid")
    title: str = Field("", max_length=200)
    meter: str = "4/4"
    key: str = "C major"
    tempo_qpm: float = Field(120.0, ge=4, le=1000)
    tracks: list[NewTrack] = Field(default_factory=list, max_length=64)


class Kept(BaseModel):
    """What of a candidate is taken; all of it by default."""

    model_config = ConfigDict(extra="forbid")
    bars: tuple[Annotated[int, Field(ge=0, le=10_000)], Annotated[int, Field(ge=0, le=10_000)]] | None = None
    tracks: list[Annotated[int, Field(ge=0, le=65_535)]] = Field(default_factory=list, max_length=1000)


class More(BaseModel):
    """How many more candidates like one."""

    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=1, le=8)] = 3
    seed: Annotated[int | None, Field(ge=0, lt=2**53)] = None


__all__ = ["Blank", "Edits", "Kept", "More", "NewTrack", "OneEdit"]

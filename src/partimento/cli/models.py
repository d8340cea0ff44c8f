"""`partimento models`: which models come with the package, and what they are good for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partimento.cli.screen import Flag, Screen
from partimento.errors import UnknownName

if TYPE_CHECKING:
    from partimento.models.shipped import Shipped


def models(*names: str, json: Flag = False) -> None:
    """Lists the models that come with the package: what each is good for, and what it has learnt from.

    Each command that wants a model takes its name. Where none is named, compose, evaluate, card and originality take the first.

    Examples:
      partimento models
      partimento models house --json

    With --json: models (of each name, good_for, path (null where this copy has no
    weights), encoding, recipe, bytes, pieces, notes, licences).

    Parameters
    ----------
    names
        Only these; all by default.
    json
        Print one JSON object for scripts.
    """
    from partimento.models.shipped import SHIPPED

    screen = Screen(json)
    if unknown := [name for name in names if name not in SHIPPED]:
        raise UnknownName("model", unknown[0], SHIPPED)
    rows = [_row(SHIPPED[name]) for name in names or SHIPPED]
    for row in rows:
        screen.say(f"{row['name']}: {row['good_for']}")
        if row["path"] is None:
            screen.say("  its weights are not in this copy; install a release, which has them")
            continue
        screen.say(f"  {row['recipe']} on {row['encoding']}, {row['bytes'] / 2**20:.1f} MB, in {row['path']}")
        screen.say(f"  learnt from {row['pieces']:,} pieces, {row['notes']:,} notes: {'; '.join(row['licences'])}")
    screen.result({"models": rows})


def _row(shipped: Shipped) -> dict[str, Any]:
    from partimento.models.tensorfile import load
    from partimento.models.whereabouts import FILE_NAME

    row: dict[str, Any] = {"name": shipped.name, "good_for": shipped.good_for, "path": None}
    if not shipped.is_there:
        return row
    path = shipped.folder / FILE_NAME
    metadata = load(path)[1]
    row |= {"path": str(path), "encoding": metadata["encoding"], "recipe": metadata["recipe"]["name"], "bytes": path.stat().st_size}
    return row | {name: metadata.get(name) for name in ("pieces", "notes", "licences")}

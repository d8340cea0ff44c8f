"""A format whose suffix another one has."""

from partimento.formats.format import Format, deferred

FORMAT = Format("Other", (".mid",), lambda data: False, deferred("nowhere:read"))

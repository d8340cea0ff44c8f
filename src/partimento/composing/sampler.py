"""Draws one event, field by field, within what the encoding and its course allow. It knows no model from the inside, no rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.constraints import Course
from partimento.composing.sampling import Sampling, Uniforms, draw, weights
from partimento.encodings import Cursor, Encoding
from partimento.errors import InvalidOption
from partimento.models.predictor import Session

MOST_REJECTIONS = 20  # of notes that only drums may play, in one event: a model may know nothing else

Prefix = tuple[int, ...]


def draw_event(
    session: Session,
    encoding: Encoding,
    cursors: list[Cursor],
    ended_B: npt.NDArray[np.bool_],
    sampling: Sampling,
    uniforms: Uniforms,
    courses: list[Course],
) -> npt.NDArray[Any]:
    """The next event of each sequence [B, F]; zeros for those that have ended. `cursors` say where each stands, `courses` what each
    may take, or none.

    Where fields drawn earlier leave nothing for a later one under the rules, they are taken back and drawn anew without that
    choice; so no rule is ever broken. Raises `InvalidOption` where no event at all is left.
    """
    count, fields = len(cursors), encoding.fields
    rows = [_Row(encoding, cursor, courses[b] if courses else None) for b, cursor in enumerate(cursors)]
    drawn_BF = np.zeros((count, 0), np.int64)
    for field in fields:
        logits_BS = np.array(session.logits(drawn_BF))  # a copy: the course may lead them
        allowed_BS = np.zeros((count, field.size), bool)
        allowed_BS[ended_B, 0] = True
        for b in np.flatnonzero(~ended_B).tolist():
            allowed_BS[b] = rows[b].allowed(tuple(drawn_BF[b].tolist()))
            logits_BS[b] = rows[b].led(logits_BS[b], tuple(drawn_BF[b].tolist()))
        uniforms_B = uniforms.next()
        kept_B = np.asarray(allowed_BS.any(axis=1))
        rejected: set[int] = set()
        for b in np.flatnonzero(~ended_B & kept_B).tolist():
            drawn = tuple(drawn_BF[b].tolist())
            if rows[b].needs_drums(drawn) and not _accepted(rows[b], logits_BS[b], allowed_BS[b], drawn, uniforms.next()[b]):
                kept_B[b] = False
                rejected.add(b)
        allowed_BS[~kept_B, 0] = True  # for now; found anew below
        ids_B = draw(logits_BS, allowed_BS, sampling, uniforms_B, field=field.name)
        drawn_BF = np.concatenate([drawn_BF, ids_B[:, None]], axis=1)
        for b in np.flatnonzero(~kept_B).tolist():
            prefix = () if b in rejected else tuple(drawn_BF[b, :-1].tolist())
            drawn_BF[b] = _anew(session, rows[b], b, count, prefix, drawn_BF.shape[1], sampling, uniforms)
    return drawn_BF.astype(encoding.dtype)


class _Row:
    """One sequence: what may follow, less what has proved to lead nowhere."""

    def __init__(self, encoding: Encoding, cursor: Cursor, course: Course | None) -> None:
        self.encoding, self.cursor, self.course = encoding, cursor, course
        self.banned: dict[Prefix, set[int]] = {}

    def legal(self, drawn: Prefix) -> npt.NDArray[np.bool_]:
        return self.cursor.allowed(drawn)

    def allowed(self, drawn: Prefix) -> npt.NDArray[np.bool_]:
        legal = self.legal(drawn)
        return legal if self.course is None else self.course.narrowed(legal, drawn, self.banned.get(drawn, set()))

    def led(self, logits: npt.NDArray[Any], drawn: Prefix) -> npt.NDArray[Any]:
        return logits if self.course is None else self.course.led(logits, drawn)

    def ban(self, drawn: Prefix) -> None:
        self.banned.setdefault(drawn[:-1], set()).add(drawn[-1])

    def needs_drums(self, drawn: Prefix) -> bool:
        return self.course is not None and self.course.needs_drums(drawn)


def _accepted(row: _Row, logits: Any, allowed: npt.NDArray[np.bool_], drawn: Prefix, uniform: float) -> bool:
    """As often as the model itself would draw one of the allowed ids."""
    weight = weights(logits[None], row.legal(drawn)[None], Sampling())[0]
    return bool(uniform * weight.sum() < weight[allowed].sum())


def _anew(
    session: Session, row: _Row, b: int, count: int, drawn: Prefix, size: int, sampling: Sampling, uniforms: Uniforms
) -> Prefix:
    """The first `size` fields, beginning with `drawn`; or without its last one and so on, where it leads nowhere."""
    rejections = 0
    while len(drawn) < size:
        allowed = row.allowed(drawn)
        if not allowed.any():
            if not drawn:
                raise InvalidOption("the rules leave no way on from here; try another seed, or loosen one of them")
            row.ban(drawn)
            drawn = drawn[:-1]
            continue
        logits = row.led(session.logits(np.tile(np.array(drawn, np.int64), (count, 1)))[b], drawn)
        only_drums = rejections < MOST_REJECTIONS and row.needs_drums(drawn)
        if only_drums and not _accepted(row, logits, allowed, drawn, uniforms.next()[b]):
            rejections, drawn = rejections + 1, ()
            continue
        field = row.encoding.fields[len(drawn)]
        drawn += (int(draw(logits[None], allowed[None], sampling, uniforms.next()[b : b + 1], field=field.name)[0]),)
    return drawn

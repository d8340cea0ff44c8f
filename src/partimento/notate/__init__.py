"""From a `Piece` to notation: bars, staves, voices, note values and spelling, as a `Score`."""

from partimento.notate.from_piece import score_of as score_of

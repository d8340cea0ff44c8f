"""Pieces to begin with, written out here: old tunes that belong to everyone. Each is read as ABC by the package's own reader."""

from __future__ import annotations

from functools import cache

from partimento.formats import parse
from partimento.piece import Piece
from partimento.studio.workshop.refusals import NotThere

# Traditional, and Christian Petzold's minuet from the notebook of 1725 for Anna Magdalena Bach (BWV Anh. 114)
_MINUET = """X:1
T:Minuet
C:Christian Petzold
M:3/4
L:1/8
Q:1/4=120
K:G
V:1 name="right hand"
V:2 name="left hand" clef=bass
[V:1] d2 GABc|d2 G2 G2|e2 cdef|g2 G2 G2|c2 dcBA|B2 cBAG|F2 GABG|A6|d2 GABc|d2 G2 G2|e2 cdef|g2 G2 G2|c2 dcBA|B2 cBAG|A2 BAGF|G6|]
[V:2] G,4 A,2|B,6|C6|B,6|A,6|G,6|D2 B,2 G,2|D2 D,CB,A,|B,4 A,2|G,2 B,2 G,2|C6|B,2 CB,A,G,|A,4 F,2|G,4 B,2|C2 D2 D,2|G,4 G,,2|]
"""
_TUNE = """X:1
T:Twinkle, Twinkle, Little Star
C:Traditional
M:4/4
L:1/4
Q:1/4=110
K:C
V:1 name="tune"
[V:1] "C"C C G G|"F"A A "C"G2|"F"F F "C"E E|"G7"D D "C"C2|"C"G G "F"F F|"C"E E "G7"D2|"C"G G "F"F F|"C"E E "G7"D2|\
"C"C C G G|"F"A A "C"G2|"F"F F "C"E E|"G7"D D "C"C2|]
"""
_TEXTS = {"minuet": _MINUET, "twinkle": _TUNE}
SAMPLES = {"minuet": "Minuet in G (Petzold)", "twinkle": "Twinkle, Twinkle, Little Star"}


@cache
def sample(name: str) -> Piece:
    """A sample piece. Raises `NotThere`."""
    if name not in _TEXTS:
        raise NotThere(f"there is no sample {name!r}; there are {', '.join(_TEXTS)}")
    return parse(_TEXTS[name].encode(), ".abc", source=f"{name}.abc")[0]

"""The settings of the family `chorale`."""

from __future__ import annotations

from dataclasses import dataclass, field

from partimento.errors import InvalidOption, UnknownName
from partimento.models.config import check_range, check_types
from partimento.models.families import FamilyConfig

FEATURES = 3  # the version of the features of a slot (`features.py`)


@dataclass(frozen=True)
class ChoraleConfig(FamilyConfig):
    """A network for four-voice chorales in the encoding `slots`: an LSTM of `width` over eighths, and a head
    that draws the voices of a slot. `dropout` follows each LSTM, one mask a sequence; `dropout_input` takes whole features and
    units of the inputs. With `memory` it looks things up in its training pieces; without, in the piece's own past alone. With
    `trees` half of its prediction of the notes on eighths is that of boosted trees, grown over the training pieces
    (`boosted.py`). `feature_version` is that of the features of a slot (`features.py`): raise `FEATURES` with every
    change of them, so that no model is given other features than it has learned from.
    """

    family: str = "chorale"
    width: int = 96
    layers: int = 2
    embedding: int = 128
    head: int = 128
    dropout: float = 0.5
    dropout_head: float = 0.5
    dropout_input: float = 0.3
    memory: bool = True
    trees: bool = True
    feature_version: int = field(default=FEATURES, metadata={"was": "hearing"})

    def __post_init__(self) -> None:
        check_types(self)
        if self.family != "chorale":
            raise UnknownName("family", self.family, ["chorale"])
        if self.feature_version != FEATURES:
            raise InvalidOption(f"its features are of version {self.feature_version}, these are of {FEATURES}; train it again")
        check_range(self, width=(1, 16384), layers=(1, 256), embedding=(1, 16384), head=(1, 16384))
        check_range(self, dropout=(0.0, 0.95), dropout_head=(0.0, 0.95), dropout_input=(0.0, 0.95))

"""The model: a network, the pieces it remembers and the trees grown over these, all of them weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from partimento.benchmarks.chorale.boosted import GRAIN, Boosted
from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.benchmarks.chorale.features import WIDTH, Row, moved
from partimento.benchmarks.chorale.library import Library, library
from partimento.benchmarks.chorale.network import Network
from partimento.benchmarks.chorale.past import REST, Symbols, symbols_of
from partimento.encodings import Encoding, Events
from partimento.encodings.conditions import Conditions
from partimento.encodings.slots import FIRST_PITCH, Slots
from partimento.errors import CheckpointError, InvalidOption
from partimento.models.base import NeuralModel
from partimento.progress import OnProgress, silent

TREES = "trees."  # begins the names of the trees' tensors
RARE = 4  # of the sixteenths between eighths, on which hardly anything begins, a step learns one in so many


class Chorale(NeuralModel):
    """A distribution over the next slot of the encoding `slots`, given all before it and the pieces remembered."""

    config: ChoraleConfig
    uses_context = False  # of the encoding

    def __init__(self, config: ChoraleConfig, encoding: Encoding) -> None:
        super().__init__()
        if not isinstance(encoding, Slots):
            raise InvalidOption(
                f"models of the family 'chorale' read the encoding 'slots', not {encoding.key!r}; take another recipe"
            )
        self.config, self.fields = config, encoding.fields
        self.network = Network(config)
        self.register_buffer("slots", torch.zeros((0, 4), dtype=torch.uint8))  # symbols of the pieces remembered, end to end
        self.register_buffer("lengths", torch.zeros(0, dtype=torch.int64))
        self.slots: Tensor
        self.lengths: Tensor
        self._trees: Boosted | None = None
        self._seed = 0  # of trees that are grown

    @classmethod
    def of(cls, config: ChoraleConfig, encoding: Encoding, vocabulary: Conditions | None = None) -> Chorale:
        """The model of `slots`; it is told no conditions."""
        return cls(config, encoding)

    def remember(self, pieces: Sequence[Events]) -> None:
        """Takes these, each [T, 4], for the training pieces."""
        joined = np.concatenate([np.zeros((0, 4), np.int16), *map(symbols_of, pieces)]).astype(np.uint8)
        self.slots = torch.from_numpy(joined).to(self.slots.device)
        self.lengths = torch.tensor([len(piece) for piece in pieces], dtype=torch.int64, device=self.slots.device)
        self._trees = None

    @property
    def library(self) -> Library:
        """The features with the pieces remembered; models that remember the same share it."""
        slots = self.slots.cpu().numpy().astype(np.int16).tobytes()
        return library(slots, tuple(self.lengths.tolist()), self.config.memory)

    @property
    def trees(self) -> Boosted | None:
        """Those it asks, if any: loaded, or grown now."""
        return self.grow()

    def grow(self, on_progress: OnProgress = silent) -> Boosted | None:
        """Grows the trees, if it asks any and has none yet: minutes for 55,000 slots."""
        if self.config.trees and self._trees is None:
            self._trees = self.library.trees(self._seed, on_progress)
        return self._trees

    def prepare(self, on_progress: OnProgress = silent) -> None:
        self.grow(on_progress)

    def extra_tensors(self) -> dict[str, Tensor]:
        """The trees. Without them, they are grown again."""
        tensors = self.trees.tensors() if self.trees is not None else {}
        return {f"{TREES}{name}": torch.from_numpy(array) for name, array in tensors.items()}

    def features(self, pieces: Sequence[Events], seed: int = 0, on_progress: OnProgress = silent) -> TrainingFeatures:
        """Remembers the training pieces, computes the features of their slots, and gives them. Trees that are grown later have this
        seed."""
        self.remember(pieces)
        self._seed = seed
        self.library.training_rows(on_progress)
        return TrainingFeatures(self.library, [symbols_of(piece) for piece in pieces])

    def loss(
        self,
        before_BTF: Tensor,
        target_BTF: Tensor,
        context_BTC: Tensor | None = None,
        conditions_BC: Tensor | None = None,
        *,
        noise: float = 0.0,
        smoothing: float = 0.0,
        scored_BT: Tensor | None = None,
    ) -> Tensor:
        """Nats of whole slots, [B, T], by the network: what training minimises. `context_BTC` are the features of each slot. In
        training most rare sixteenths have none, and the others stand for them."""
        if noise or smoothing:
            raise InvalidOption("models of the family 'chorale' know no noise and no smoothing; set both to 0")
        assert context_BTC is not None
        T, device = target_BTF.shape[1], target_BTF.device
        chosen, weight = torch.arange(T, device=device), torch.ones(T, device=device)
        if self.training:
            odd = chosen[chosen % GRAIN != 0]
            taken = odd[torch.randperm(len(odd), device=device)[: -(-len(odd) // RARE)]]
            weight[taken] = len(odd) / max(1, len(taken))
            chosen = torch.cat([chosen[::GRAIN], taken])
        now_BTV = _symbols(target_BTF)
        log_p = self.network(context_BTC, now_BTV, chosen)
        nats_BC = -log_p.gather(3, now_BTV[:, chosen][..., None])[..., 0].sum(-1) * weight[chosen]
        return torch.zeros(target_BTF.shape[:2], device=device).index_add(1, chosen, nats_BC)

    @torch.no_grad()
    def inherit(self, weights: Mapping[str, Tensor]) -> None:
        """Takes the weights of another model of this config, not what it remembers. Raises `CheckpointError` where they are of
        another form."""
        own = self.network.state_dict()
        given = {name: weights.get(f"network.{name}") for name in own}
        if any(one is None or one.shape != own[name].shape for name, one in given.items()):
            raise CheckpointError("the weights to begin from do not fit this model; take the recipe they were made by")
        self.network.load_state_dict(given)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Any number of pieces may be remembered, and the trees over them may be there."""
        slots, lengths = state_dict.get(f"{prefix}slots"), state_dict.get(f"{prefix}lengths")
        if slots is not None and lengths is not None:
            sound = slots.dtype == torch.uint8 and slots.ndim == 2 and slots.shape[1] == 4 and bool((slots <= REST).all())
            sound = sound and lengths.dtype == torch.int64 and lengths.ndim == 1
            if not (sound and bool(((lengths > 0) & (lengths <= len(slots))).all()) and int(lengths.sum()) == len(slots)):
                raise RuntimeError("the pieces it remembers are none")
            self.slots, self.lengths = torch.empty_like(slots), torch.empty_like(lengths)
            names = [name for name in state_dict if name.startswith(f"{prefix}{TREES}")] if self.config.trees else []
            tensors = {name.removeprefix(f"{prefix}{TREES}"): state_dict.pop(name).cpu().numpy() for name in names}
            if tensors:
                self._trees = Boosted.of(tensors)
                if self._trees is None:
                    raise RuntimeError("the trees it asks are none")
        super()._load_from_state_dict(state_dict, prefix, *rest)


class TrainingFeatures:
    """The features of each slot of a training piece, with the memory of all others: `Features` of a training."""

    columns, dtype, grain = WIDTH, "float32", GRAIN

    def __init__(self, shelf: Library, pieces: Sequence[Symbols]) -> None:
        self._shelf, self._pieces = shelf, pieces

    def of(self, piece: int, semitones: int, events: slice) -> Row:
        return moved(self._shelf.rows(self._pieces[piece], piece)[events], semitones)


def together(log_p: Tensor, law: Tensor) -> Tensor:
    """ln p [..., symbols] by the network and by the trees as one: the product of their probabilities, each to the power of one half
    (a logarithmic opinion pool; Hinton 2002, section 1)."""
    return torch.log_softmax((log_p + law) / 2, -1)


def _symbols(ids: Tensor) -> Tensor:
    return torch.where(ids < FIRST_PITCH, REST, ids - FIRST_PITCH)


def ids_of(log_p: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """ln p [..., 48] of the ids of the encoding from that of the symbols [..., 47]: padding (none), the rest, the pitches."""
    return np.concatenate([np.full_like(log_p[..., :1], -np.inf), log_p[..., REST:], log_p[..., :REST]], -1)

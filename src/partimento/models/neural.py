"""A model computed by torch, as a `EventNetwork` and as a `Predictor`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from partimento.encodings import Encoding
from partimento.models.model import Model
from partimento.models.network_predictor import NetworkPredictor
from partimento.models.network_protocol import Drawing, EventNetwork, Floats, Ints, NetworkRun


class NeuralPredictor(NetworkPredictor):
    """The predictor of a model; see `NetworkPredictor`. The model is in evaluation mode for as long as it computes."""

    def __init__(self, model: Model, encoding: Encoding | None = None, conditions: npt.NDArray[Any] | None = None) -> None:
        super().__init__(TorchNetwork(model), encoding, conditions)
        self.model = model


class TorchNetwork(EventNetwork):
    """Implements `EventNetwork`; vectors are tensors."""

    def __init__(self, model: Model) -> None:
        self.model, self.fields, self.uses_context = model, model.fields, model.uses_context

    @property
    def uses_conditions(self) -> bool:
        return bool(self.model.conditions.tables)

    def begin(self, count: int) -> TorchRun:
        return TorchRun(self)

    def drawing(self, h_BTD: Tensor, context_BC: Ints | None) -> Drawing:
        with torch.inference_mode(), evaluating(self.model):
            drawing = self.model.heads.drawing(h_BTD[:, -1], self.tensor(context_BC))

        def logits(drawn: Ints) -> Floats:
            with torch.inference_mode(), evaluating(self.model):
                return _array(drawing(torch.from_numpy(np.ascontiguousarray(drawn, np.int64)).to(self.device)))

        return logits

    def nats(self, h_BTD: Tensor, target_BTF: Ints, context_BTC: Ints | None) -> Floats:
        with torch.inference_mode(), evaluating(self.model):
            target = torch.from_numpy(target_BTF).to(self.device)
            return _array(self.model.heads.nats(h_BTD[:, -target.shape[1] :], target, self.tensor(context_BTC)))

    def predict(self, h_BTD: Tensor, context_BTC: Ints | None, steps: int) -> Ints:
        with torch.inference_mode(), evaluating(self.model):
            guess: Ints = self.model.heads.predict(h_BTD[:, -steps:], self.tensor(context_BTC)).cpu().numpy()
        return guess

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def tensor(self, ids: Ints | None) -> Tensor | None:
        """Ids [...] where the model lies."""
        return None if ids is None else torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)


class TorchRun(NetworkRun):
    """Implements `NetworkRun`."""

    def __init__(self, network: TorchNetwork) -> None:
        self.network = network
        self._state: Any = None

    def forward(self, before_BTF: Ints, context_BTC: Ints | None, conditions_BC: Ints | None) -> Tensor:
        tensor, model = self.network.tensor, self.network.model
        with torch.inference_mode(), evaluating(model):
            h_BTD: Tensor
            h_BTD, self._state = model(tensor(before_BTF), self._state, tensor(context_BTC), tensor(conditions_BC))
        return h_BTD

    def select(self, rows: Ints) -> None:
        if self._state is not None:
            with torch.inference_mode():
                self._state = self.network.model.backbone.select(self._state, torch.from_numpy(rows).to(self.network.device))


class evaluating:
    """Dropout is off inside."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.was_training = model, model.training

    def __enter__(self) -> None:
        if self.was_training:
            self.model.eval()

    def __exit__(self, *_: object) -> None:
        if self.was_training:
            self.model.train()


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.cpu().numpy()
    return array

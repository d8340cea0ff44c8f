"""A model in another form: with weights in 8 bits, or as ONNX."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from partimento.errors import InvalidOption
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.eight_bits import SCALE, in_eight_bits, in_single_precision
from partimento.models.onnx.whole_step import export_onnx

BITS = (32, 8)


def export(model: Checkpoint | str | os.PathLike[str], path: Path | str, bits: int | None = None) -> None:
    """Writes a model as `.safetensors`, which is a checkpoint like any other, or as `.onnx` (`docs/onnx.md`).

    ```python
    export("run", "small.safetensors", bits=8)
    ```

    `bits`: 32 for single precision, 8 for whole numbers with a scale for each row of a matrix: a quarter of the size. Without it
    they are as in the model. Raises `InvalidOption`, `CheckpointError` and `WriteFailed`.
    """
    path = Path(path)
    if bits is not None and bits not in BITS:
        raise InvalidOption(f"{bits} is not known; it must be 32 or 8", option="bits")
    if path.suffix not in (".safetensors", ".onnx"):
        raise InvalidOption(f"{path}: a model is written as .safetensors or as .onnx; end the name so")
    checkpoint = model if isinstance(model, Checkpoint) else Checkpoint.load(os.fspath(model))
    tensors = checkpoint.tensors
    if bits == 32:
        tensors = in_single_precision(tensors)
    elif bits == 8 and not any(name.endswith(SCALE) for name in tensors):
        tensors = in_eight_bits(tensors)
    if path.suffix == ".onnx":
        export_onnx(replace(checkpoint, tensors=tensors), path)
    else:
        save_model(path, tensors, checkpoint.recipe, checkpoint.metadata | {"exported_from": checkpoint.sha256})

"""`partimento export`: a model in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, check_parents, short, typed


def export(
    model: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    bits: int | None = None,
    json: Flag = False,
) -> None:
    """Writes a model with weights in 8 bits, a quarter of the size, or as ONNX, for programs in other languages.

    Examples:
      partimento export run -o small.safetensors --bits 8
      partimento export run -o model.onnx

    With --json: file, bytes, seconds.

    Parameters
    ----------
    model
        A run or a checkpoint.
    out
        The file: .safetensors is a checkpoint like any other, .onnx runs wherever ONNX Runtime does (docs/onnx.md).
    bits
        Of each weight: 32 or 8; without it as in the model.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    check_parents("-o", out)
    from partimento.models.export import export as export_model

    export_model(model, out, bits)
    size = out.stat().st_size
    screen.say(f"{short(out)}, {size / 1e6:.1f} MB")
    if out.suffix == ".safetensors":
        screen.say(f"\nNext: {typed('partimento', 'compose', out, '-o', 'new.mid')}")
    screen.result({"file": str(out), "bytes": size, "seconds": screen.seconds})

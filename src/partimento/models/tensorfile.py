"""Tensors and JSON in one safetensors file that detects damage. It needs no torch.

Layout (safetensors): 8 bytes little-endian header length, a JSON header, the tensors' bytes. The header's `__metadata__`
holds `format`, `format_version`, `metadata` (JSON) and `sha256`: that of the whole file with these 64 hex digits as zeros.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from partimento.errors import CheckpointError
from partimento.files import write_atomic

FORMAT = "partimento"
FORMAT_VERSION = 1
MAX_HEADER = 2**24  # bytes
MAX_TENSORS = 10_000  # ours have hundreds; to look at hundreds of thousands takes seconds
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')  # quotes inside a JSON string are escaped, so only the key itself matches
_NAMES = {
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "bool": "BOOL",
}
_NAMES |= {"uint8": "U8", "uint16": "U16", "uint32": "U32"}

Array = npt.NDArray[Any]


def save(path: Path | str, tensors: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Writes numpy arrays or torch tensors with metadata that JSON can hold; returns the file's SHA-256 key.

    What stood at `path` stands until the new file is whole on disk. Raises `WriteFailed` and leaves no partial file.
    """
    path = Path(path)
    arrays = {name: _array(tensor) for name, tensor in tensors.items()}
    header: dict[str, Any] = {
        "__metadata__": {
            "format": FORMAT,
            "format_version": str(FORMAT_VERSION),
            "metadata": json.dumps(metadata, sort_keys=True),
            "sha256": "0" * 64,
        }
    }
    at = 0
    for name, array in arrays.items():
        header[name] = {"dtype": _NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    parts = [struct.pack("<Q", len(text)), text, *(array.tobytes() for array in arrays.values())]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    found = _DIGEST.findall(text)
    if len(found) != 1:
        raise CheckpointError(f"{path}: a tensor or key may not be called sha256")
    parts[1] = text.replace(b'"sha256":"' + found[0] + b'"', b'"sha256":"' + digest.hexdigest().encode() + b'"')
    write_atomic(path, b"".join(parts))
    return digest.hexdigest()


def load(path: Path | str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors and metadata that `save` wrote. Raises `CheckpointError` for all else, before any of it is used. Arrays keep the
    shapes [...] that they were written in."""
    tensors, metadata, _ = load_with_digest(path)
    return tensors, metadata


def load_with_digest(path: Path | str) -> tuple[dict[str, Array], dict[str, Any], str]:
    """As `load`, with the SHA-256 key. Arrays keep the shapes [...] that they were written in."""
    data = _read(Path(path))
    metadata, sha256 = _checked(Path(path), data)
    return _tensors(Path(path), data), metadata, sha256


def _checked(path: Path, data: bytes) -> tuple[dict[str, Any], str]:
    """The metadata and SHA-256 key of a file's bytes, once its form and its SHA-256 are right."""
    foreign = CheckpointError(f"{path}: not a partimento checkpoint; give a model.safetensors that partimento wrote, or its folder")
    if len(data) < 8:
        raise CheckpointError(f"{path}: {len(data)} bytes are too few for a checkpoint; copy it again or train again")
    size = struct.unpack("<Q", data[:8])[0]
    if data[8:9] != b"{" or size > MAX_HEADER:
        raise foreign
    damaged = CheckpointError(f"{path}: damaged (truncated or changed since it was written); copy it again or train again")
    if 8 + size > len(data):
        raise damaged
    text = data[8 : 8 + size]
    if text.count(b'"data_offsets"') > MAX_TENSORS:
        raise foreign
    try:
        header = json.loads(text)
        outer = header["__metadata__"]
        if not isinstance(outer, dict) or outer["format"] != FORMAT:
            raise foreign
        version = int(outer["format_version"])
    except KeyError:
        raise foreign from None
    except (ValueError, TypeError, RecursionError):
        raise damaged from None
    if version > FORMAT_VERSION:
        newer = f"written by a newer version (format {version}, this one reads {FORMAT_VERSION})"
        raise CheckpointError(f"{path}: {newer}; update partimento")
    found = _DIGEST.search(text)
    if version != FORMAT_VERSION or found is None:
        raise damaged
    digest = hashlib.sha256()
    start, stop = found.span(1)
    view = memoryview(data)
    for part in (view[: 8 + start], b"0" * 64, view[8 + stop :]):
        digest.update(part)
    if digest.hexdigest().encode() != found.group(1):
        raise damaged
    try:
        metadata = json.loads(outer["metadata"])
    except (KeyError, ValueError, TypeError, RecursionError):
        raise damaged from None
    if not isinstance(metadata, dict):
        raise damaged
    return metadata, found.group(1).decode()


def _array(tensor: Any) -> Array:
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    array = np.asarray(tensor)
    array = np.ascontiguousarray(array).reshape(array.shape)  # ascontiguousarray makes a scalar a vector
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; train a model first, or check the path") from None
    except IsADirectoryError:
        raise CheckpointError(f"{path}: a folder, not a checkpoint file; give the model.safetensors in it") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from None


def _tensors(path: Path, data: bytes) -> dict[str, Array]:
    try:
        return safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); copy it again or train again") from None

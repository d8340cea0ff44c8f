"""An ONNX file, node by node. It knows the format (protocol buffers, `onnx.proto`), and no model.

Numbers of fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3; the file is small, and writing it ourselves
spares a dependency of 31 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.version import VERSION

IR_VERSION, OPSET = 8, 17  # of 2022: what every runtime of the last years reads
_TYPES = {"float32": 1, "int8": 3, "int64": 7, "bool": 9}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # kinds of attributes

Shape = Sequence[int | str]


class Graph:
    """Nodes in order. Each method that adds one gives the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, kind: str, shape: Shape, default: npt.NDArray[Any] | None = None) -> str:
        """An input of a kind of numbers and a shape, whose words are sizes that may vary; with a default [...] it may be
        left out."""
        self._inputs.append(_value(name, kind, shape))
        if default is not None:
            self._constants[name] = _tensor(name, default)
        return name

    def output(self, of: str, name: str, kind: str, shape: Shape) -> None:
        self._nodes.append(_node("Identity", [of], [name], {}))
        self._outputs.append(_value(name, kind, shape))

    def constant(self, array: Any, kind: str = "float32") -> str:
        """An array of any shape [...]; a number or a list of numbers likewise."""
        name = f"c{len(self._constants)}"
        self._constants[name] = _tensor(name, np.asarray(array, kind))
        return name

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """A node of the standard set; its result, or a list of several."""
        names = [f"n{self._count + number}" for number in range(outputs)]
        self._count += outputs
        self._nodes.append(_node(kind, inputs, names, attributes))
        return names[0] if outputs == 1 else names

    def linear(
        self, x: str, weight: npt.NDArray[Any], scale: npt.NDArray[Any] | None = None, bias: npt.NDArray[Any] | None = None
    ) -> str:
        """x @ W.T + b, of weights [N, K], floats or bytes with scales [N], and a bias [N]."""
        turned = np.ascontiguousarray(weight.T)
        if scale is None:
            weights = self.constant(turned)
        else:
            # DequantizeLinear would let ONNX Runtime round what is multiplied to 8 bits as well
            weights = self.op("Mul", self.op("Cast", self.constant(turned, "int8"), to=1), self.constant(scale))
        product: str = self.op("MatMul", x, weights)
        return product if bias is None else self.op("Add", product, self.constant(bias))

    def slice(self, x: str, first: int, last: int, axis: int = -1) -> str:
        taken: str = self.op("Slice", x, *(self.constant([number], "int64") for number in (first, last, axis)))
        return taken

    def reshape(self, x: str, *shape: int) -> str:
        """0 keeps a size, -1 is what is left."""
        reshaped: str = self.op("Reshape", x, self.constant(shape, "int64"))
        return reshaped

    def file(self, metadata: Mapping[str, str]) -> bytes:
        graph = b"".join(
            [
                *(_field(1, node) for node in self._nodes),
                _text(2, "step"),
                *(_field(5, tensor) for tensor in self._constants.values()),
                *(_field(11, value) for value in self._inputs),
                *(_field(12, value) for value in self._outputs),
            ]
        )
        about = [_field(14, _text(1, key) + _text(2, value)) for key, value in metadata.items()]
        opset = _field(8, _text(1, "") + _number(2, OPSET))
        return b"".join([_number(1, IR_VERSION), _text(2, "partimento"), _text(3, VERSION), _field(7, graph), opset, *about])


def _value(name: str, kind: str, shape: Shape) -> bytes:
    sizes = b"".join(_field(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, _TYPES[kind]) + _field(2, sizes)))


def _tensor(name: str, array: npt.NDArray[Any]) -> bytes:
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    sizes = b"".join(_number(1, size) for size in array.shape)
    return sizes + _number(2, _TYPES[array.dtype.name]) + _text(8, name) + _field(9, data)


def _node(kind: str, inputs: Iterable[str], outputs: Iterable[str], attributes: Mapping[str, Any]) -> bytes:
    parts = [_text(1, name) for name in inputs] + [_text(2, name) for name in outputs] + [_text(4, kind)]
    return b"".join([*parts, *(_field(5, _attribute(name, value)) for name, value in attributes.items())])


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + np.float32(value).tobytes() + _number(20, _FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _INTS)


def _varint(number: int) -> bytes:
    number &= 2**64 - 1  # negative ones in two's complement
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _field(field: int, data: bytes) -> bytes:
    return _key(field, 2) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())

"""Products of vectors with matrices, and functions of single numbers.

All products are made of one tile: 1, 2 or 4 rows by 64 columns, written as vectors, which the compiler fits to the processor. Each
number of a result is added up in the order of k, so it is the same, bit for bit, however many rows are computed beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from partimento.models.engine.matrix import WIDE

types: Any = numba.types
_JIT: Any = numba.njit
_INTRINSIC: Any = intrinsic
_UTILS: Any = cgutils
_FLOAT, _BYTE, _INT, _LONG = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_FLOATS, _BYTES, _INTS = (ir.VectorType(kind, WIDE) for kind in (_FLOAT, _BYTE, _INT))


def loop(function: Any) -> Any:
    """A loop of this kind: no index is checked, division is numpy's, sums may be taken in any order, nothing is allocated."""
    options = {"boundscheck": False, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
    return _JIT(**options, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


@_INTRINSIC
def at(typing: Any, pointer: Any, place: Any) -> Any:
    """The pointer to a number further on."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.gep(given[0], [given[1]])

    return pointer(pointer, types.int64), generate


def _pointing(kind: Any) -> Any:
    @_INTRINSIC
    def pointer(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.inttoptr(given[0], context.get_value_type(types.CPointer(kind)))

        return types.CPointer(kind)(types.int64), generate

    return pointer


floats_at, bytes_at = _pointing(types.float32), _pointing(types.int8)


def _fused(builder: Any, *numbers: Any) -> Any:
    """a * b + c of vectors, rounded once."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * 3)
    return builder.call(_UTILS.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDE}f32"), numbers)


def _spread(builder: Any, number: Any) -> Any:
    """The vector of a number in each place."""
    undefined = ir.Constant(_FLOATS, ir.Undefined)
    one = builder.insert_element(undefined, number, _INT(0))
    return builder.shuffle_vector(one, undefined, ir.Constant(_INTS, [0] * WIDE))


def _tile(rows: int, kind: Any) -> Callable[..., None]:
    """The tile of so many rows: out = (x @ block) * scale + bias, of x [rows, depth], block [depth, 64] of floats or bytes, scale
    and bias [64], out [rows, 64]. Strides are those of rows."""

    @_INTRINSIC
    def tile(typing: Any, x: Any, x_stride: Any, block: Any, depth: Any, scale: Any, bias: Any, out: Any, out_stride: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            x, x_stride, block, depth, scale, bias, out, out_stride = given

            def vector(pointer: Any, of: Any, place: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [place]), of.as_pointer())

            starts = [builder.gep(x, [builder.mul(_LONG(r), x_stride)]) for r in range(rows)]
            sums = [_UTILS.alloca_once_value(builder, ir.Constant(_FLOATS, [0.0] * WIDE)) for _ in range(rows)]
            with _UTILS.for_range(builder, depth) as over:
                place = builder.mul(over.index, _LONG(WIDE))
                weights = builder.load(vector(block, kind, place), align=1 if kind is _BYTES else 4)
                if kind is _BYTES:
                    weights = builder.sitofp(builder.sext(weights, _INTS), _FLOATS)
                for start, held in zip(starts, sums, strict=True):
                    number = _spread(builder, builder.load(builder.gep(start, [over.index])))
                    builder.store(_fused(builder, number, weights, builder.load(held)), held)
            factor, added = (builder.load(vector(one, _FLOATS, _LONG(0)), align=4) for one in (scale, bias))
            for r, held in enumerate(sums):
                whole = _fused(builder, builder.load(held), factor, added)
                builder.store(whole, vector(out, _FLOATS, builder.mul(_LONG(r), out_stride)), align=4)
            return context.get_dummy_value()

        return types.void(x, types.int64, block, types.int64, scale, bias, out, types.int64), generate

    return tile  # type: ignore[no-any-return]


_FLOATS_1, _FLOATS_2, _FLOATS_4 = (_tile(rows, _FLOATS) for rows in (1, 2, 4))
_BYTES_1, _BYTES_2, _BYTES_4 = (_tile(rows, _BYTES) for rows in (1, 2, 4))


@loop
def tiles(x, x_stride, rows, block, depth, scale, bias, out, out_stride):  # type: ignore[no-untyped-def]
    """A tile of floats of any number of rows; the arguments are as in `_tile`."""
    row = 0
    while row < rows:
        here, there = at(x, row * x_stride), at(out, row * out_stride)
        if rows - row >= 4:
            _FLOATS_4(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 4
        elif rows - row >= 2:
            _FLOATS_2(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 2
        else:
            _FLOATS_1(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 1


@loop
def byte_tiles(x, x_stride, rows, block, depth, scale, bias, out, out_stride):  # type: ignore[no-untyped-def]
    """As `tiles`, of bytes."""
    row = 0
    while row < rows:
        here, there = at(x, row * x_stride), at(out, row * out_stride)
        if rows - row >= 4:
            _BYTES_4(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 4
        elif rows - row >= 2:
            _BYTES_2(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 2
        else:
            _BYTES_1(here, x_stride, block, depth, scale, bias, there, out_stride)
            row += 1


@loop
def product(x, x_stride, rows, matrix, out):  # type: ignore[no-untyped-def]
    """out [rows, blocks * 64] = x [rows, depth] @ W.T + b, of a `Matrix.place`."""
    depth, blocks, is_byte = matrix[1], matrix[2], matrix[3]
    for number in range(blocks):
        first = WIDE * number
        scale, bias, there = at(floats_at(matrix[4]), first), at(floats_at(matrix[5]), first), at(out, first)
        if is_byte:
            byte_tiles(x, x_stride, rows, at(bytes_at(matrix[0]), first * depth), depth, scale, bias, there, blocks * WIDE)
        else:
            tiles(x, x_stride, rows, at(floats_at(matrix[0]), first * depth), depth, scale, bias, there, blocks * WIDE)


@_INTRINSIC
def exponential(typing: Any, x: Any) -> Any:
    """e to the x of a float32, to 2 units in the last place: 2 to the whole part of x / ln 2, times a Taylor series of the rest."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def call(name: str, *numbers: Any) -> Any:
            kind = ir.FunctionType(_FLOAT, [_FLOAT] * len(numbers))
            return builder.call(_UTILS.get_or_insert_function(builder.module, kind, f"llvm.{name}.f32"), numbers)

        def number(value: float) -> Any:
            return ir.Constant(_FLOAT, float(np.float32(value)))

        (x,) = given
        x = call("maxnum", call("minnum", x, number(88.0)), number(-87.0))
        whole = call("floor", call("fma", x, number(1.4426950408889634), number(0.5)))
        rest = call("fma", whole, number(-0.693359375), x)  # ln 2 in two parts, the first exact in few bits
        rest = call("fma", whole, number(2.12194440054690583e-4), rest)
        series = number(1 / 5040)
        for term in (1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0):
            series = call("fma", series, rest, number(term))
        power = builder.shl(builder.add(builder.fptosi(whole, _INT), _INT(127)), _INT(23))
        return builder.fmul(series, builder.bitcast(power, _FLOAT))

    return types.float32(types.float32), generate


ONE, TWO, HALF = np.float32(1), np.float32(2), np.float32(0.5)


@loop
def sigmoid(x):  # type: ignore[no-untyped-def]
    return ONE / (ONE + exponential(-x))


@loop
def tanh(x):  # type: ignore[no-untyped-def]
    return ONE - TWO / (ONE + exponential(x + x))


_ERF = tuple(np.float32(a) for a in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429))
_P, _ROOT = np.float32(0.3275911), np.float32(0.7071067811865476)


@loop
def gelu(x):  # type: ignore[no-untyped-def]
    """x times the normal distribution function, which is by Abramowitz and Stegun 7.1.26, within 1.5e-7."""
    z = abs(x) * _ROOT
    t = ONE / (ONE + _P * z)
    series = t * (_ERF[0] + t * (_ERF[1] + t * (_ERF[2] + t * (_ERF[3] + t * _ERF[4]))))
    half = HALF * series * exponential(-z * z)
    return x * (half if x < 0 else ONE - half)


_NEAR = np.float32(np.finfo(np.float32).eps)  # torch's, in RMSNorm


@loop
def rms_norm(x, width, weight, out):  # type: ignore[no-untyped-def]
    """out = x / sqrt(mean of x squared) * weight, of vectors [width]."""
    total = np.float32(0)
    for i in range(width):
        total += x[i] * x[i]
    scale = ONE / np.sqrt(total / np.float32(width) + _NEAR)
    for i in range(width):
        out[i] = x[i] * scale * weight[i]


@loop
def multiply(x, rows, matrix, out):  # type: ignore[no-untyped-def]
    """As `product`, of rows that follow one another."""
    product(x, matrix[1], rows, matrix, out)

"""A checkpoint as an ONNX file: one step of the whole model, in two halves that run one after the other (`docs/onnx.md`).

The first half takes the last event and the states and puts out a vector `h'` and the states after it. The second takes that vector
as `h` and the fields drawn so far and puts out log-probabilities of each field. Every input has a default, so a half is run by
asking for its outputs and giving its inputs alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from partimento.encodings import Field
from partimento.errors import InvalidOption
from partimento.files import write_atomic
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig
from partimento.models.engine.engine import BACKBONES, Engine
from partimento.models.engine.tables import Tables
from partimento.models.engine.tensors import Tensors
from partimento.models.field_sizes import Layout, first_id, reads_pitches
from partimento.models.onnx.graph import Graph
from partimento.models.onnx.onnx_heads import Fields
from partimento.models.onnx.steps import STEPS, Steps


def export_onnx(checkpoint: Checkpoint, path: Path) -> None:
    """Writes the model as ONNX, in single precision or with the 8-bit weights that it has. Raises `InvalidOption` for models that
    have no such form, and `WriteFailed`."""
    config = checkpoint.recipe.model
    if not (isinstance(config, ModelConfig) and Engine.covers(config)):
        raise InvalidOption(f"{checkpoint.path}: models of the family {config.family!r} are not written as ONNX")
    encoding, vocabulary = checkpoint.encoding, checkpoint.vocabulary
    layout = Layout(
        *(encoding.fields, encoding.context_fields, encoding.pitches),
        vocabulary.fields if vocabulary is not None and config.conditions else (),
    )
    steps = Steps(Graph(), config, Tensors(checkpoint.tensors))
    context = _step(steps, layout)
    fields = _heads(steps, layout, context)
    about = {
        "format": 1,
        "name": checkpoint.recipe.name,
        "sha256": checkpoint.sha256,
        "encoding": encoding.key,
        "licences": checkpoint.metadata.get("licences", []),
        "fields": [{"name": one.name, "size": one.size, "first": first_id(one), "output": output} for one, output in fields],
        "context": [asdict(one) for one in layout.columns] if context else [],
        "conditions": [{"name": one.name, "size": one.size} for one in layout.conditions],
        "states": [{"input": name, "output": f"{name}'", "shape": shape} for name, shape in steps.states],
        "counts_positions": config.backbone == "transformer",
        "width": config.width,
    }
    write_atomic(path, steps.graph.file({"partimento": json.dumps(about)}))


def _step(steps: Steps, layout: Layout) -> str:
    """The first half; gives the name of the context, if the model reads it."""
    graph, config, op = steps.graph, steps.config, steps.graph.op
    tables = Tables(config, layout, steps.tensors)
    tables.mapped(*BACKBONES[config.backbone].entry(config, steps.tensors, tables.width))
    ids = graph.input("event", "int64", ["B", len(layout.fields)], np.zeros((1, len(layout.fields)), np.int64))
    if tables.joint:
        sizes = [field.size for field in layout.fields]
        each = [int(np.prod(sizes[f + 1 :], dtype=np.int64)) for f in range(len(sizes))]
        ids = op("ReduceSum", op("Mul", ids, graph.constant(each, "int64")), graph.constant([1], "int64"), keepdims=1)
    context = ""
    if tables.columns or reads_pitches(config, layout.pitches):
        columns = len(layout.columns)
        context = graph.input("context", "int64", ["B", columns], np.zeros((1, columns), np.int64))
    if tables.columns:
        ids = op("Concat", ids, op("Gather", context, graph.constant(tables.columns, "int64"), axis=1), axis=1)
    if layout.conditions:
        count = len(layout.conditions)
        conditions = graph.input("conditions", "int64", ["B", count], np.zeros((1, count), np.int64))
        ids = op("Concat", ids, conditions, axis=1)
    rows = op("Gather", graph.constant(tables.rows), op("Add", ids, graph.constant(tables.first, "int64")), axis=0)
    h = op("ReduceSum", rows, graph.constant([1], "int64"), keepdims=0)
    graph.output(STEPS[config.backbone](steps, h), "h'", "float32", ["B", config.width])
    return context


def _heads(steps: Steps, layout: Layout, context: str) -> list[tuple[Field, str]]:
    """The second half; gives each field with the name of its output."""
    graph, width = steps.graph, steps.config.width
    h = graph.input("h", "float32", ["B", width], np.zeros((1, width), np.float32))
    drawn = graph.input("drawn", "int64", ["B", len(layout.fields)], np.zeros((1, len(layout.fields)), np.int64))
    named = []
    for field, log_p in zip(layout.fields, Fields(steps, layout, drawn, context).log_p(h), strict=True):
        graph.output(log_p, f"log_p {field.name}", "float32", ["B", field.size])
        named.append((field, f"log_p {field.name}"))
    return named

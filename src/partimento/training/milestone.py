"""A model out of a training that still runs: its present weights as a checkpoint, without stopping it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from partimento.corpus import Corpus
from partimento.errors import CheckpointError
from partimento.models.checkpoint import Checkpoint, load, save_model
from partimento.models.config import Recipe
from partimento.models.whereabouts import FILE_NAME, note_corpus
from partimento.training.from_corpus import metadata_of
from partimento.training.run_state import RunState, fingerprint, states


def milestone(run: Path, corpus: Corpus, out: Path) -> Checkpoint:
    """Writes the weights of a run's newest sound state to `out`, the moving average where it has one, and loads them.

    Raises `CheckpointError` where the run has no sound state, began with another model's weights, or learns from another corpus;
    `WriteFailed`.
    """
    tensors, metadata = newest(run)
    identity, state = metadata["identity"], RunState.from_json(metadata["state"])
    recipe = Recipe.from_json(json.dumps(identity["recipe"]))
    if identity.get("from"):
        raise CheckpointError(f"{run}: went on from another model; wait for its end")
    encoded = corpus.encoded(recipe.encoding, corpus.vocabulary() if recipe.model.conditions else None)
    if fingerprint(encoded) != identity["data"]:
        raise CheckpointError(f"{run}: learns from another corpus than {corpus.folder}; name the one that it was started with")
    weights = {
        name.removeprefix(kind): tensor
        for kind in ("model.", "average.")
        for name, tensor in tensors.items()
        if name.startswith(kind)
    }
    last = state.history[-1] if state.history else None
    training = {
        "step": state.step,
        "best_step": state.step,
        "notes": state.notes,
        "seconds": state.seconds,
        "valid_bits": last.valid_bits if last else None,  # of the last validation, at most `valid_every` steps ago
        "stopped": "milestone",
        "precision": state.precision,
        "split_method": identity["split_method"],
    }
    told: dict[str, Any] = {"training": training, "identity": identity} | metadata_of(corpus, encoded)
    if encoded.vocabulary is not None:
        told["conditions"] = encoded.vocabulary.to_json()
    out.mkdir(parents=True, exist_ok=True)
    save_model(out / FILE_NAME, weights, recipe, told)
    note_corpus(out, corpus.folder)
    return Checkpoint.load(out)


def newest(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and metadata of the newest state that is whole: the run may be writing one, and removes old ones."""
    for path in states(run):
        try:
            return load(path)
        except CheckpointError:
            continue
    raise CheckpointError(f"{run}: holds no sound state of a training; a finished one has its model in {FILE_NAME}")

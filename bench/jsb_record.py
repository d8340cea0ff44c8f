"""JSB chorales, nats a note (protocol P1): trains the record's networks from nothing and scores them. It knows how to train.

    python bench/jsb_record.py jsb-chorales.zip --out FOLDER              features, three networks, valid, and test once at the end
    python bench/jsb_record.py jsb-chorales.zip --out FOLDER --check      causality, sum to one, uniform, of those networks

FOLDER keeps the features and each network that is finished; the same command goes on from there. `--no-memory`, with a folder
of its own, looks nothing up in the training pieces. Prints one object of JSON; progress goes to stderr. Bench code, not a recipe
of the package: `docs/benchmarks.md` has the figures and their caveats.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from jsb_checks import check
from jsb_memory import Memory
from jsb_network import Network, Recipe
from jsb_windows import Part, draw, features, read, whole
from safetensors import safe_open
from torch import Tensor, nn

from partimento.errors import PartimentoError
from partimento.evaluation.protocol import Figures

EVERY = 200  # steps between scores on valid
WARM_UP = 100  # steps
RESAMPLES = 10_000
VOICES = ("soprano", "alto", "tenor", "bass")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="jsb-chorales.zip, or the Jsb16thSeparated.json in it")
    parser.add_argument("--out", type=Path, required=True, help="a folder for features and networks")
    parser.add_argument("--seeds", type=int, default=3, help="networks, of the seeds 0, 1, ...")
    parser.add_argument("--steps", type=int, default=1200, help="most steps of each training; the best on valid is kept")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="check the networks in the folder; test is not scored")
    parser.add_argument("--no-memory", action="store_true", help="look nothing up in the training pieces")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        print(json.dumps(run(options), indent=1))
    except PartimentoError as error:
        sys.exit(f"error: {error}")


def run(options: argparse.Namespace) -> dict[str, Any]:
    pieces, sha256 = read(options.data)
    remember, data = not options.no_memory, sha256 + (", no memory" if options.no_memory else "")
    options.out.mkdir(parents=True, exist_ok=True)
    shared = {"steps": str(options.steps), "data": data, "recipe": json.dumps(asdict(Recipe()))}
    wanted = [{"seed": str(seed), **shared} for seed in range(options.seeds)]
    paths = [options.out / f"seed-{seed}.safetensors" for seed in range(options.seeds)]
    if options.check:
        networks = [load(path)[0] for path in paths if path.exists()] or [Network(Recipe()).eval()]
        return {"checked": len(networks), "sha256": sha256, **check(networks, Memory(pieces["train"], remember), pieces["valid"])}
    start = time.process_time()
    parts = features(pieces, remember, data, options.out / "features.safetensors")
    say(f"features: {time.process_time() - start:.0f} s of processor time")
    for path, made_of in zip(paths, wanted, strict=True):
        if not (path.exists() and made_of.items() <= load(path)[1].items()):
            say(f"seed {made_of['seed']}")
            train(parts, Recipe(), path, made_of)
    loaded = [load(path) for path in paths]
    networks = [network for network, _ in loaded]
    of_each = [{key: float(of[key]) for key in ("best_step", "processor_seconds", "train_micro")} for _, of in loaded]
    figures = {name: score(networks, parts[name]) for name in ("valid", "test")}
    for name, rows in figures.items():
        for row, figure in rows.items():
            low, high = figure["interval"]["low"], figure["interval"]["high"]
            say(f"{name:5} {row:7} {figure['micro']:.4f} ({low:.3f} to {high:.3f}), piece mean {figure['piece_mean']:.4f}")
    return {
        "protocol": "P1: JSB chorales, nats a note",
        "sha256": sha256,
        "memory": remember,
        "recipe": asdict(Recipe()),
        "parameters": sum(parameter.numel() for parameter in networks[0].parameters()),
        "steps": options.steps,
        "seeds": of_each,
        **figures,
    }


def train(parts: dict[str, Part], recipe: Recipe, path: Path, made_of: dict[str, str]) -> None:
    """AdamW at a constant rate after the warm-up. Written is the moving average of the weights at its best on valid."""
    seed, steps = int(made_of["seed"]), int(made_of["steps"])
    torch.manual_seed(seed)
    generator, network = torch.Generator().manual_seed(seed), Network(recipe)
    average = copy.deepcopy(network).eval()
    matrices = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in network.parameters() if parameter.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    start, least, losses = time.process_time(), math.inf, []
    for step in range(1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1, step / WARM_UP)
        network.train()
        window, target, weight = draw(parts["train"], recipe.batch, recipe.slots, generator)
        nats = -network(**window).gather(3, target[..., None])[..., 0].mean(-1)
        loss = (nats * weight).sum() / weight.sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        with torch.no_grad():
            part_of_new = 1 - min(recipe.average, 1 - 1 / (step / 5 + 1))
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), part_of_new)
        if step % EVERY == 0 or step == steps:
            valid, known = micro(average, parts["valid"]), micro(average, parts["train"], every=10)
            spent = time.process_time() - start
            say(f"{step} steps, {spent:.0f} s, loss {np.mean(losses):.4f}, train {known:.4f}, valid {valid:.4f}")
            losses = []
            if valid < least:
                least, weights = valid, {name: value.clone() for name, value in average.state_dict().items()}
                best = {
                    "best_step": str(step),
                    "train_micro": str(known),
                    "valid_micro": str(valid),
                    "processor_seconds": str(spent),
                }
    about = {**made_of, **best, "recipe": json.dumps(asdict(recipe))}
    safetensors.torch.save_file(weights, path, about)


def load(path: Path) -> tuple[Network, dict[str, str]]:
    """A network ready to score, and what is written of it."""
    with safe_open(path, "pt") as file:
        about = file.metadata()
    network = Network(Recipe(**json.loads(about["recipe"])))
    network.load_state_dict(safetensors.torch.load_file(path))
    return network.eval(), about


@torch.no_grad()
def nats_of(networks: list[Network], part: Part, every: int = 1) -> list[Tensor]:
    """-ln p [1 + networks, T, 4] of each piece: under the mean of the networks' probabilities, and under each alone."""
    found = []
    for piece, window in enumerate(whole(part)):
        if piece % every:
            continue
        true = part.truth(piece)[..., None]
        each = torch.stack([network(**window)[0].gather(2, true)[..., 0] for network in networks])
        mean = each.logsumexp(0, keepdim=True) - math.log(len(networks))
        found.append(-torch.cat([mean, each]))
    return found


def micro(network: Network, part: Part, every: int = 1) -> float:
    return torch.cat([nats[1] for nats in nats_of([network], part, every)]).mean().item()


def score(networks: list[Network], part: Part) -> dict[str, dict[str, Any]]:
    """The protocol's figures of each network and of their mean as one declared predictor, which also less the first network."""
    nats = nats_of(networks, part)
    rows = {}
    figures = [
        Figures(np.array([one[row].double().sum().item() for one in nats]), 4.0 * part.length.numpy())
        for row in range(1 + len(networks))
    ]
    for row, figure in enumerate(figures):
        by_voice = torch.cat([one[row] for one in nats]).mean(0).tolist()
        beside = {"interval": figure.interval(resamples=RESAMPLES).to_json(), "voices": dict(zip(VOICES, by_voice, strict=True))}
        rows["mean" if row == 0 else f"seed {row - 1}"] = {**figure.to_json(), **beside}
    rows["mean"]["less_seed_0"] = figures[0].interval(figures[1], resamples=RESAMPLES).to_json()
    return rows


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

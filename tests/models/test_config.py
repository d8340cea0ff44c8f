"""Recipes survive JSON, and whatever else is given is refused with its name."""

import json
from dataclasses import replace

import pytest

from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.models.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_json_round_trip(name: str) -> None:
    made = recipe(name)
    assert made.name == name
    assert Recipe.from_json(made.to_json()) == made
    assert Recipe.from_json(json.dumps(json.loads(made.to_json()), indent=2)) == made


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"seed_joint, seed_pair"):
        recipe("sonata")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"name": "a", "encoding": "melody", "model": {}}', "lacks training"),
        ('{"name": "a", "encoding": "melody", "model": {}, "training": {}}', "model lacks"),
    ],
)
def test_bad_json_is_a_clear_error(text: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        Recipe.from_json(text)


def test_unknown_and_impossible_values() -> None:
    rows = json.loads(recipe("seed_pair").to_json())
    rows["model"]["colour"] = 1
    with pytest.raises(CheckpointError, match="colour"):
        Recipe.from_json(json.dumps(rows))
    del rows["model"]["colour"]
    rows["model"]["width"] = 10**9
    with pytest.raises(CheckpointError, match="width"):
        Recipe.from_json(json.dumps(rows))
    for wrong in ({"width": 0}, {"width": 2.5}, {"layers": -1}, {"dropout": 1.0}, {"backbone": 3}):
        with pytest.raises(InvalidOption, match=next(iter(wrong))):
            replace(ModelConfig(), **wrong)
    for bad in ({"learning_rate": float("nan")}, {"batch": 0}, {"seed": -1}):
        with pytest.raises(InvalidOption, match=next(iter(bad))):
            replace(TrainingConfig(), **bad)


@pytest.mark.parametrize(
    ("name", "now", "older"), [("gru_rolls", "key_scores", "shared_logits"), ("memory_slots", "feature_version", "hearing")]
)
def test_entries_by_the_names_of_older_files(name: str, now: str, older: str) -> None:
    made = recipe(name)
    rows = json.loads(made.to_json())
    value = rows["model"].pop(now)
    rows["model"][older] = value
    assert value
    assert Recipe.from_json(json.dumps(rows)) == made
    assert older not in made.to_json()
    rows["model"][now] = value
    with pytest.raises(CheckpointError, match=f"has {older}, unknown"):
        Recipe.from_json(json.dumps(rows))


def test_a_whole_number_will_do_for_a_float() -> None:
    assert TrainingConfig(learning_rate=1).learning_rate == 1.0
    assert isinstance(TrainingConfig(learning_rate=1).learning_rate, float)

"""Weights of training images in the loss: formulas, laws, refusals."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
import torch
from tests.engine.test_run_laws import Killed, _kill_after

from graftwork.components.objectives import build_objective
from graftwork.documents.flow import read_flow
from graftwork.engine.network import Sink
from graftwork.engine.objectives import Objectives
from graftwork.errors import DataError, RunError
from graftwork.graph.contracts import CONTRACTS

RECIPE = {"epochs": 2, "probe_first": False, "batch": 16}


def written(path, weights):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["key", "weight"])
        rows.writerows(weights.items())
    return str(path)


@pytest.fixture
def keys(stripes):
    return [p.relative_to(stripes).as_posix() for p in sorted(stripes.rglob("*.png"))]


def losses_of(component, values, weights, **settings):
    """The loss of a batch by the objectives of a flow with one sink."""
    contract = CONTRACTS.get(component)
    objective = build_objective(
        component,
        contract.settings.model_validate(settings),
        counts=torch.ones(3),
        class_weights="none",
        label_smoothing=0.1,
        num_numbers=3,
    )
    if objective.fits == "labels":
        objective.fit(values["y"])
    made = Objectives.__new__(Objectives)
    made.sinks, made.modules = (Sink("o", ("z", "y")),), [objective]
    return made.total(values, weights), objective


@pytest.mark.parametrize(
    ("component", "labels", "settings"),
    [
        ("classification", torch.tensor([0, 2, 1, 1, 0]), {}),
        ("classification", torch.tensor([0, 2, 1, 1, 0]), {"loss": "focal"}),
        ("multi_label", torch.eye(3)[[0, 1, 2, 0, 1]], {}),
        ("regression", torch.randn(5, 3, generator=torch.Generator().manual_seed(1)), {}),
    ],
)
def test_the_loss_is_the_mean_of_weighed_losses_of_single_images(component, labels, settings):
    values = {"z": torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), "y": labels}
    weights = torch.tensor([0.0, 2.0, 0.5, 1.5, 1.0])
    found, objective = losses_of(component, values, weights, **settings)
    wanted = (
        sum(w * objective(values["z"][i : i + 1], values["y"][i : i + 1]) for i, w in enumerate(weights)) / 5
    )
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)
    ones, _ = losses_of(component, values, torch.ones(5), **settings)
    plain, _ = losses_of(component, values, None, **settings)
    assert float(ones) == pytest.approx(float(plain), rel=1e-5)


def test_equal_weights_are_the_run_without_bit_for_bit(run, keys, tmp_path):
    path = written(tmp_path / "w.csv", dict.fromkeys(keys, 3.0))
    weighed = run("weighed", strategy="all_layers", recipe={**RECIPE, "image_weights": path})
    assert weighed.digest == run("plain", strategy="all_layers", recipe=RECIPE).digest


def test_images_of_weight_zero_do_not_matter_whatever_their_labels(run, stripes, keys, tmp_path):
    """Half of the images of a class get wrong labels: with weight 0 nothing of the network changes."""
    wrong = {key: "tall" for key in keys if key.startswith("flat/")}
    wrong = dict(list(wrong.items())[:8])
    path = written(tmp_path / "w.csv", {key: float(key not in wrong) for key in keys})
    recipe = {**RECIPE, "image_weights": path}
    split = {"split_seed": 0, "validation": 0.0, "test": 0.0}
    clean = run("clean", strategy="all_layers", recipe=recipe, **split)
    poisoned = run("poisoned", strategy="all_layers", recipe=recipe, relabel=wrong, **split)
    assert clean.digest == poisoned.digest
    assert clean.digest != run("plain", strategy="all_layers", recipe=RECIPE, **split).digest


def test_the_plan_says_on_how_many_images_it_stands(run, keys, tmp_path):
    path = written(tmp_path / "w.csv", {key: float(i % 2) for i, key in enumerate(keys)})
    plan = run("half", recipe={"image_weights": path}).of("plan_made")[0].plan
    (note,) = [n for n in plan.notes if "weighed" in n]
    assert "42 count like" in note


def test_a_killed_run_resumes_bit_for_bit_and_not_with_other_weights(run, keys, tmp_path):
    draw = np.random.default_rng(0)
    path = written(tmp_path / "w.csv", {key: draw.uniform(0, 2) for key in keys})
    recipe = {**RECIPE, "image_weights": path, "checkpoint_seconds": 1e-9}
    whole = run("whole", strategy="all_layers", recipe=recipe)
    with pytest.raises(Killed):
        run("killed", strategy="all_layers", recipe=recipe, stop=_kill_after(5))
    shutil.copytree(run.runs / "killed", run.runs / "other")
    again = run("killed", strategy="all_layers", recipe=recipe)
    assert again.of("run_resumed")
    assert again.digest == whole.digest
    written(tmp_path / "w.csv", {key: draw.uniform(0, 2) for key in keys})
    with pytest.raises(RunError, match=r"weights in .* changed"):
        run("other", strategy="all_layers", recipe=recipe)
    assert read_flow(run.runs / "other" / "flow.yaml").recipe.image_weights == path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key,weight\nnobody.png,1\n", "no training image"),
        ("key,weight\n{key},-1\n", "below zero"),
        ("name,weight\nx,1\n", "no column 'key'"),
        (None, "cannot be read"),
    ],
)
def test_wrong_tables_are_refused(run, keys, tmp_path, text, words):
    path = tmp_path / "w.csv"
    if text is not None:
        path.write_text("key,weight\n" + "".join(f"{k},-1\n" for k in keys) if "{key}" in text else text)
    with pytest.raises(DataError, match=words):
        run("a", recipe={"image_weights": str(path)})

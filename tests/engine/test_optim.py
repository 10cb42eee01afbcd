"""The optimizer holds exactly what is trainable; the rate's course is a function of the step."""

from __future__ import annotations

import pytest
import torch

from graftwork.documents.recipe import Recipe
from graftwork.engine.boundary import set_trainable
from graftwork.engine.build import build_flow
from graftwork.engine.optim import make_optimizer, plan_groups, rate_factor, trainable_tensors
from graftwork.engine.workspace import Workspace
from graftwork.errors import PlanError
from graftwork.graph.flows import transfer_flow

from ..conftest import TINY_BASE


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    flow = transfer_flow("somewhere", base=TINY_BASE, image_size=32)
    return build_flow(flow, 3, Workspace(tmp_path_factory.mktemp("w"), None, None)).network


@pytest.mark.parametrize("position", [0, 1, 3, -1])
@pytest.mark.parametrize("name", ["adamw", "adam", "sgd", "rmsprop", "adagrad"])
def test_optimizer_holds_exactly_what_requires_gradients(network, position, name):
    """METHODS G 8, after freezing and after unfreezing again."""
    cut = "input" if position == 0 else network.base.stage_names()[position]
    recipe = Recipe(optimizer=name)
    set_trainable(network, {"backbone": cut}, "held")
    groups = plan_groups(network, recipe, base_rate=1e-4, head_rate=1e-3)
    optimizer = make_optimizer(trainable_tensors(network), groups, recipe)
    held = {id(p) for g in optimizer.param_groups for p in g["params"]}
    assert held == {id(p) for p in network.parameters() if p.requires_grad}


def test_groups_for_another_cut_are_refused(network):
    recipe = Recipe()
    set_trainable(network, {"backbone": network.base.stage_names()[-1]}, "held")
    groups = plan_groups(network, recipe, base_rate=1e-4, head_rate=1e-3)
    set_trainable(network, {"backbone": "input"}, "held")
    with pytest.raises(PlanError, match="differ at base"):
        make_optimizer(trainable_tensors(network), groups, recipe)


def test_layer_decay_falls_towards_the_input(network):
    set_trainable(network, {"backbone": "input"}, "held")
    groups = plan_groups(network, Recipe(layer_decay=0.5), base_rate=1.0, head_rate=3.0)
    rates = {g.name.removesuffix("/plain"): g.learning_rate for g in groups}
    assert rates.pop("head") == 3.0
    assert list(rates.values()) == [0.5**i for i in reversed(range(len(rates)))]


def test_norms_and_biases_do_not_decay(network):
    set_trainable(network, {"backbone": "input"}, "held")
    tensors = network.tensors()
    for group in plan_groups(network, Recipe(), base_rate=1.0, head_rate=1.0):
        for name in group.tensors:
            assert (group.weight_decay == 0) == (tensors[name].ndim == 1), name


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "step", "constant"])
@pytest.mark.parametrize("total", [1, 2, 7, 100])
def test_rate_stays_in_bounds(schedule, total):
    recipe = Recipe(schedule=schedule, warmup=0.1)
    rates = [rate_factor(recipe, i, total, 5) for i in range(total)]
    assert all(0 < r <= 1 for r in rates)


def test_cosine_against_torch():
    """Without warm-up the course is torch's own CosineAnnealingLR."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    recipe = Recipe(schedule="cosine", warmup=0.0)
    for update in range(20):
        assert rate_factor(recipe, update, 20, 5) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-6)
        optimizer.step()
        scheduler.step()


def test_step_against_torch():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    recipe = Recipe(schedule="step", warmup=0.0, step_epochs=2, step_factor=0.1)
    for epoch in range(6):
        for step in range(4):
            assert rate_factor(recipe, epoch * 4 + step, 24, 4) == pytest.approx(
                optimizer.param_groups[0]["lr"]
            )
        optimizer.step()
        scheduler.step()


def test_warmup_rises_to_the_peak():
    recipe = Recipe(schedule="constant", warmup=0.5)
    rates = [rate_factor(recipe, i, 10, 5) for i in range(10)]
    assert rates == sorted(rates)
    assert rates[5:] == [1.0] * 5

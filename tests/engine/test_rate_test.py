"""The range test trains as a run would at each rate, and leaves everything as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from graftwork.engine.phase_runner import PhaseRunner, PhaseState, epoch_batches
from graftwork.engine.rate_test import _Watch, planned_rate, range_test, rates_between
from graftwork.engine.run import plan_flow
from graftwork.engine.start_again import StartAgain
from graftwork.engine.workspace import Workspace

from ..conftest import TINY_BASE

RECIPE = {"epochs": 1, "probe_epochs": 1, "batch": 8, "precision": "float32", "memory_format": "contiguous"}


@pytest.fixture
def begun(stripes, tmp_path):
    """Return the main phase of a probed run as it begins, and a maker of its runner."""
    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow

    def begin(**choices):
        recipe = Recipe(**{**RECIPE, **choices.pop("recipe", {})})
        flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe, **choices)
        workspace = Workspace(tmp_path / "cache", tmp_path / "runs", tmp_path / "index")
        plan = plan_flow(flow, workspace=workspace)
        again = StartAgain(flow, plan, workspace)
        phase = plan.phases[-1]
        parts = [again.stores.split(name, phase) for name in ("train", "validation")]
        start = {n: t.detach() for n, t in again.network.tensors().items()}

        def runner():
            number = len(plan.phases) - 1
            rest = (again.objectives, plan.compute, PhaseState(), start, lambda _: None)
            return PhaseRunner(again.network, phase, number, again.recipe, *parts, *rest)

        return again, phase, runner

    return begin


def test_all_is_bitwise_as_it_was(begun):
    again, _, runner = begun(strategy="all_layers", batch_norm="follow", dropout=0.3)
    network = again.network.eval()
    before = {n: t.detach().clone() for n, t in network.tensors().items()}
    modes = {n: m.training for n, m in network.named_modules()}
    frozen = {n: p.requires_grad for n, p in network.named_parameters()}
    generator = torch.get_rng_state()
    seen = []
    course = range_test(runner(), rates_between(1e-5, 10.0, 25), stop=lambda: False, tell=seen.append)
    assert len(course.losses) > 10
    assert seen == list(range(1, len(course.losses) + 1))
    assert course.losses[-1] != course.losses[0]
    assert all(torch.equal(before[n], t) for n, t in network.tensors().items())
    assert modes == {n: m.training for n, m in network.named_modules()}
    assert frozen == {n: p.requires_grad for n, p in network.named_parameters()}
    assert all(p.grad is None for p in network.parameters())
    assert torch.equal(generator, torch.get_rng_state())
    again_losses = range_test(runner(), rates_between(1e-5, 10.0, 25), stop=lambda: False).losses
    np.testing.assert_array_equal(again_losses, course.losses)


def test_each_update_is_what_the_optimizer_does_at_that_rate(begun):
    """A head alone, SGD without momentum: the same losses by hand."""
    recipe = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "clip_norm": None}
    again, phase, runner = begun(strategy="head_only", recipe=recipe)
    rates = rates_between(1e-2, 1.0, 20)
    course = range_test(runner(), rates, stop=lambda: False)
    head = next(m for m in again.network.modules() if isinstance(m, nn.Linear))
    weight, bias = head.weight.detach().clone(), head.bias.detach().clone()
    split = again.stores.split("train", phase)
    order, epoch = [], 0
    while len(order) < len(rates):
        order += [(epoch, b) for b in epoch_batches(len(split), 8, 0, 0, epoch + 1)]
        epoch += 1
    found = []
    standardized = _standardized_rows(again, split)
    labels = split.data.labels()
    for rate, (_, positions) in zip(rates, order, strict=False):
        x, y = standardized[positions], labels[positions]
        p = torch.softmax(x @ weight.T + bias, dim=1)
        found.append(float(-torch.log(p[torch.arange(len(y)), y]).mean()))
        slope = (p - nn.functional.one_hot(y, p.shape[1])) / len(y)
        weight, bias = weight - rate * slope.T @ x, bias - rate * slope.sum(0)
    np.testing.assert_allclose(course.losses, found[: len(course.losses)], rtol=2e-4)
    assert len(course.losses) == len(rates) or course.diverged


def _standardized_rows(again, split):
    from graftwork.components.head import Head

    head = next(m for m in again.network.modules() if isinstance(m, Head))
    caught = []
    linear = next(m for m in head.modules() if isinstance(m, nn.Linear))
    hook = linear.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0].detach().clone()))
    again.network.eval()
    with torch.no_grad():
        inputs = split.source.batch(np.arange(len(split)), 0)
        again.network.run(
            {**inputs, **split.data.batch(np.arange(len(split)), "cpu")}, again.network.needed_wires
        )
    hook.remove()
    return caught[0]


def test_groups_keep_their_proportion(begun, monkeypatch):
    _, phase, runner = begun(strategy="all_layers", recipe={"layer_decay": 0.5, "probe_first": False})
    rates, seen = rates_between(1e-6, 1e-4, 20), []
    update = PhaseRunner._update

    def watching(self, number):
        update(self, number)
        seen.append([g["lr"] for g in self.optimizer.param_groups])

    monkeypatch.setattr(PhaseRunner, "_update", watching)
    one = runner()
    range_test(one, rates, stop=lambda: False)
    planned = [g.learning_rate for g in phase.groups]
    assert planned_rate(phase, one.network) == pytest.approx(1e-4)  # of the last stage: no decay yet
    for rate, row in zip(rates, seen, strict=True):
        np.testing.assert_allclose(row, [p * rate / 1e-4 for p in planned])


def test_the_test_ends_when_the_loss_is_beyond_return():
    watch = _Watch()
    losses = [1.0] * 20 + [30.0] * 5
    ends = [i for i, loss in enumerate(losses) if watch.is_beyond(loss)]
    assert ends
    assert ends[0] == 20  # (0.9 · (1 − 0.9²⁰) + 0.1 · 30) / (1 − 0.9²¹) = 4.25 times the lowest
    assert _Watch().is_beyond(float("nan"))
    assert _Watch().is_beyond(float("inf"))


def test_accumulated_steps_count_as_one_update(begun):
    _, _, runner = begun(strategy="head_only", recipe={"accumulate": 3})
    one = runner()
    course = range_test(one, rates_between(1e-4, 1e-2, 20), stop=lambda: False)
    assert len(course.losses) == 20 == one.state.updates

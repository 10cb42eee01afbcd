"""A trained network on a target without labels: what each method may change, and by which formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from graftwork.data import open_images
from graftwork.data.unlabelled import hide_labels
from graftwork.engine.sources import ImageSource
from graftwork.engine.target_tuning import (
    Tent,
    TunePlace,
    adapt_statistics,
    may_change,
    pseudo_labels,
    tune_shot,
    tune_tent,
)
from graftwork.engine.trained import load_run
from graftwork.errors import PlanError


@pytest.fixture
def place(run, stripes):
    """A trained network and the stripes without their labels."""
    done = run("source", strategy="all_layers", recipe={"epochs": 1, "probe_first": False})
    model = load_run(done.folder, workspace=done.workspace)
    images = hide_labels(open_images(stripes), model.classes)
    source = ImageSource(
        images,
        range(len(images)),
        model.transform,
        augmenter=None,
        store=None,
        compute=model.compute,
        wire=model.network.image_wire,
    )
    head = next(s for s in model.network.steps if s.role == "new")
    return TunePlace(model.network, source, model.compute, head.inputs[0], 0, 16)


def copied(network):
    return {name: t.detach().clone() for name, t in network.tensors().items()}


def changed(before, network):
    return {name for name, t in network.tensors().items() if not torch.equal(before[name], t)}


@pytest.mark.parametrize("method", ["adabn", "shot", "tent"])
def test_each_method_changes_what_it_may_and_nothing_else(place, method):
    before, allowed = copied(place.network), may_change(place.network, method)
    if method == "adabn":
        assert adapt_statistics(place) > 3
    elif method == "shot":
        tune_shot(place, epochs=1, rate=1e-3)
    else:
        tune_tent(place, rate=1e-3)
    found = changed(before, place.network)
    assert found
    assert found <= allowed
    parameters = {n for n, t in place.network.tensors().items() if isinstance(t, nn.Parameter)}
    heads = {n for n in before if n.startswith("head.")}
    assert heads
    assert not found & heads
    if method == "adabn":
        assert not found & parameters
    if method == "tent":
        norms = found & parameters
        assert norms
        assert all(before[n].ndim == 1 for n in norms)
    if method == "shot":
        assert found <= parameters


def test_statistics_of_the_target_are_those_of_an_independent_pass(place):
    """The first batch-norm of the network: its input is what the convolution before it gives."""
    network = place.network
    layers = [m for s in network.steps for m in s.module.modules()]
    first = next(m for m in layers if isinstance(m, nn.BatchNorm2d))
    seen = []
    handle = first.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach().double().numpy()))
    adapt_statistics(place)
    handle.remove()
    means = [x.mean((0, 2, 3)) for x in seen]
    variances = [x.var((0, 2, 3), ddof=1) for x in seen]
    assert first.running_mean.numpy() == pytest.approx(np.mean(means, 0), abs=1e-4)
    assert first.running_var.numpy() == pytest.approx(np.mean(variances, 0), rel=1e-3, abs=1e-6)


def test_pseudo_labels_are_those_of_the_paper_by_loops():
    draw = np.random.default_rng(0)
    features, said = draw.normal(size=(40, 5)), draw.dirichlet(np.ones(3), 40)
    rows = [np.r_[f, 1.0] / np.sqrt(f @ f + 1.0) for f in features]
    centers = [sum(said[i, k] * rows[i] for i in range(40)) / said[:, k].sum() for k in range(3)]

    def nearest(row):
        return max(range(3), key=lambda k: row @ centers[k] / np.sqrt(centers[k] @ centers[k]))

    labels = [nearest(row) for row in rows]
    centers = [np.mean([r for r, y in zip(rows, labels, strict=True) if y == k], 0) for k in range(3)]
    assert pseudo_labels(features, said).tolist() == [nearest(row) for row in rows]


def test_tent_resets_bit_for_bit_and_answers_as_before(place):
    network = place.network
    before = copied(network)
    tent = Tent(network, place.compute, rate=1e-2)
    inputs = [place.images.batch(np.arange(i, i + 16), 0) for i in (0, 16)]
    first = tent.answer(inputs[0])
    tent.answer(inputs[1])
    assert changed(before, network)
    tent.reset()
    assert not changed(before, network)
    assert torch.equal(tent.answer(inputs[0]), first)


def test_tent_lowers_the_entropy_that_it_is_made_for(place):
    tent = Tent(place.network, place.compute, rate=1e-3)
    inputs = place.images.batch(np.arange(32), 0)

    def entropy(logits):
        return float(torch.distributions.Categorical(logits=logits).entropy().mean())

    values = [entropy(tent.answer(inputs)) for _ in range(8)]
    assert values[-1] < values[0]


def test_tuning_is_the_same_twice(place):
    start = copied(place.network)
    ends = []
    for _ in range(2):
        place.network.load(start)
        tune_shot(place, epochs=1, rate=1e-3)
        ends.append(copied(place.network))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in start)


def test_a_network_without_norms_has_nothing_to_adapt(place, monkeypatch):
    monkeypatch.setattr("graftwork.engine.target_tuning._BatchNorm", nn.Identity)
    monkeypatch.setattr("graftwork.engine.target_tuning._NORMS", (nn.Identity,))
    for step in place.network.steps:
        monkeypatch.setattr(step.module, "modules", lambda: iter([nn.Linear(1, 1)]))
    with pytest.raises(PlanError, match="no batch-norm layers"):
        may_change(place.network, "adabn")

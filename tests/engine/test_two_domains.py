"""Two domains in one flow: what adapts, what never reaches it, and that such runs are runs like others."""

from __future__ import annotations

import shutil
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from tests.engine.test_run_laws import Killed, _kill_after

from graftwork.documents.flow import Edge
from graftwork.engine.phase_runner import target_batches
from graftwork.errors import DataError, FlowError, PlanError, RunError
from graftwork.graph.adaptation import AdaptationMethod
from graftwork.graph.check import check
from graftwork.graph.flows import transfer_flow, with_adaptation

METHODS = get_args(AdaptationMethod)
RECIPE = {"epochs": 2, "probe_first": False, "batch": 16}


@pytest.fixture(scope="session")
def inverted(tmp_path_factory, stripes):
    """The stripes as negatives, in the folders of their classes."""
    folder = tmp_path_factory.mktemp("inverted") / "b"
    for path in sorted(stripes.rglob("*.png")):
        place = folder / path.relative_to(stripes)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - np.asarray(Image.open(path))).save(place)
    return folder


@pytest.fixture(scope="session")
def poisoned(tmp_path_factory, inverted):
    """The same files in other class folders: each label is another one."""
    folder = tmp_path_factory.mktemp("poisoned") / "b"
    names = sorted(p.name for p in inverted.iterdir())
    for at, name in enumerate(names):
        shutil.copytree(inverted / name, folder / names[(at + 1) % len(names)])
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_adds_to_the_loss_and_leaves_a_run(run, inverted, method):
    done = run(method, strategy="all_layers", target=(inverted, method), recipe=RECIPE)
    assert done.record.status == "finished"
    assert done.record.target.num_images == 60
    assert done.record.proof.frozen_unchanged
    ended = done.of("epoch_ended", phase="main", epoch=2)[0]
    assert set(ended.terms) == {method}
    assert np.isfinite(ended.terms[method])
    assert ended.terms[method] != 0
    plain = run("plain", strategy="all_layers", recipe=RECIPE)
    assert done.digest != plain.digest


@pytest.mark.parametrize("method", ["dann", "mcd"])
def test_labels_of_the_target_reach_nothing(run, inverted, poisoned, method):
    clean, other = (
        run(name, strategy="all_layers", target=(folder, method), recipe=RECIPE)
        for name, folder in (("clean", inverted), ("other", poisoned))
    )
    assert clean.digest == other.digest
    assert clean.record.metrics == other.record.metrics


@pytest.mark.parametrize("method", ["cdan", "mcd", "dan"])
@pytest.mark.parametrize("steps", [3, 5])
def test_a_killed_run_resumes_bit_for_bit(run, inverted, method, steps):
    choices = {"strategy": "all_layers", "target": (inverted, method)}
    whole = run("whole", **choices, recipe=RECIPE)
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(steps), **choices, recipe={**RECIPE, "checkpoint_seconds": 1e-9})
    again = run("killed", **choices, recipe={**RECIPE, "checkpoint_seconds": 1e-9})
    assert again.of("run_resumed")
    assert again.digest == whole.digest


def test_a_target_that_changed_is_not_gone_on_with(run, inverted, tmp_path):
    target = shutil.copytree(inverted, tmp_path / "t")
    choices = {
        "strategy": "all_layers",
        "target": (target, "dann"),
        "recipe": {**RECIPE, "checkpoint_seconds": 1e-9},
    }
    run("whole", **choices)  # decodes all images
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(5), **choices)
    next(target.rglob("*.png")).unlink()
    with pytest.raises(RunError, match="changed since run"):
        run("killed", **choices)


def test_answers_adapt_the_head_alone_on_stored_features(run, inverted):
    done = run("head", strategy="head_only", target=(inverted, "mcc"), recipe={"epochs": 2})
    plan = done.of("plan_made")[0].plan
    assert plan.cache.is_used
    assert plan.cache.rows == 120  # both domains, once
    assert done.record.cost.base_images == 120
    assert done.of("epoch_ended", phase="main", epoch=2)[0].terms["mcc"] > 0


@pytest.mark.parametrize("method", ["dann", "deep_coral", "mcd"])
def test_features_that_nothing_moves_are_not_aligned(run, inverted, method):
    with pytest.raises(PlanError, match="nothing of a base is trained"):
        run("head", strategy="head_only", target=(inverted, method))


def test_the_network_meets_each_domain_with_as_many_images(run, inverted):
    both = run("both", strategy="all_layers", target=(inverted, "dan"), recipe=RECIPE)
    alone = run("alone", strategy="all_layers", recipe=RECIPE)
    trained = 2 * alone.record.data.num_images["train"]
    assert both.record.cost.base_images - alone.record.cost.base_images == trained


def test_a_bypassed_adaptation_is_the_run_without(run, inverted, stripes):
    flow = with_adaptation(transfer_flow(str(stripes)), str(inverted), "dann")
    nodes = tuple(n.edit(is_bypassed=n.component == "adaptation") for n in flow.nodes)
    assert not [p for p in check(flow.edit(nodes=nodes)) if p.level == "error"]


def test_target_batches_are_as_large_and_spread_evenly():
    batches = [np.arange(n) for n in (8, 8, 5)]
    drawn = target_batches(10, batches, [1, 2, 3])
    assert [len(b) for b in drawn] == [8, 8, 5]
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    assert counts.min() >= 2
    assert counts.max() <= 3
    assert all((a == b).all() for a, b in zip(drawn, target_batches(10, batches, [1, 2, 3]), strict=True))


def test_a_tiny_target_is_refused(run, inverted, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    for path in sorted(inverted.rglob("*.png"))[:3]:
        shutil.copy(path, small / f"{path.parent.name}{path.name}")
    with pytest.raises(DataError, match="at least 8"):
        run("a", strategy="all_layers", target=(small, "dann"))


def test_wrong_wiring_is_told_at_once(stripes):
    flow = with_adaptation(transfer_flow(str(stripes)), "x", "dann")
    twice = with_adaptation(flow, "y", "mcc")
    assert sum("second node of component" in p.message for p in check(twice)) == 2
    loose = flow.edit(
        edges=tuple(
            Edge.model_validate({"source": "images.image", "target": "adaptation.target"})
            if e.target.node == "adaptation" and e.target.port == "target"
            else e
            for e in flow.edges
        )
    )
    assert any("wants images of a target" in p.message for p in check(loose))
    with pytest.raises(FlowError, match="not one head"):
        with_adaptation(flow.edit(nodes=tuple(n for n in flow.nodes if n.id != "objective")), "x", "dann")


def test_no_gradient_of_an_adaptation_is_lost(run, inverted):
    """The discriminator moves, and so does what feeds it: the run's proof counts all that was to move."""
    done = run("dann", strategy="all_layers", target=(inverted, "dann"), recipe=RECIPE)
    proof = done.record.proof
    assert proof.moved_tensors == proof.trainable_tensors
    assert torch.isfinite(torch.tensor(done.of("epoch_ended", epoch=2)[0].train_loss))

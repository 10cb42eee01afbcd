"""Auto-RGN: shares of the rate by relative gradient norms."""

from __future__ import annotations

import math

import pytest
import torch

from graftwork.engine.stage_rates import relative_gradient_norms
from graftwork.errors import PlanError


def test_shares_are_gradient_norms_over_parameter_norms_as_part_of_the_largest():
    """Against the formula in plain loops, with slopes by hand: f = Σ c·p² has the slope 2·c·p."""
    values = {"a": [[3.0, -4.0], [1.0]], "b": [[0.5, 0.25]], "c": [[10.0]]}
    scale = {"a": 1.0, "b": 2.0, "c": 0.001}
    stages = {n: [torch.nn.Parameter(torch.tensor(v)) for v in vs] for n, vs in values.items()}

    def losses():
        for factor in (1.0, 3.0):
            yield sum(factor * scale[n] * p.square().sum() for n, ps in stages.items() for p in ps)

    ratios = {}
    for name, vectors in values.items():
        flat = [x for v in vectors for x in v]
        per_batch = [math.sqrt(sum((2 * f * scale[name] * x) ** 2 for x in flat)) for f in (1.0, 3.0)]
        ratios[name] = sum(per_batch) / 2 / math.sqrt(sum(x * x for x in flat))
    largest = max(ratios.values())
    found = relative_gradient_norms(stages, losses())
    for name, ratio in ratios.items():
        assert found[name] == pytest.approx(max(0.01, ratio / largest), rel=1e-6), name
    assert found["b"] == 1.0
    assert found["c"] == 0.01  # 0.0005 of the largest: the least share
    assert all(p.grad is None for ps in stages.values() for p in ps)


def test_without_slopes_and_with_zero_weights_all_stages_keep_the_rate():
    zero = {"a": [torch.nn.Parameter(torch.zeros(3))], "b": [torch.nn.Parameter(torch.zeros(2))]}
    assert relative_gradient_norms(zero, [sum(p.sum() * 0 for ps in zero.values() for p in ps)]) == {
        "a": 1.0,
        "b": 1.0,
    }
    broken = {
        "a": [torch.nn.Parameter(torch.tensor([float("nan")]))],
        "b": [torch.nn.Parameter(torch.ones(1))],
    }
    loss = broken["a"][0].sum() + broken["b"][0].sum()
    assert relative_gradient_norms(broken, [loss]) == {"a": 1.0, "b": 1.0}


def test_a_run_trains_each_stage_with_its_share_and_tells_it(run):
    outcome = run(strategy="some_layers", cut="blocks.2", recipe={"stage_rates": "auto_rgn", "epochs": 2})
    assert outcome.record.proof.holds
    phase = outcome.of("plan_made")[0].plan.phases[-1]
    peak = {g.name: g.learning_rate for g in phase.groups}
    told = next(e.message for e in outcome.of("noted") if "Auto-RGN, epoch 1" in e.message)
    shares = {
        part.rpartition(" ")[0]: float(part.rpartition(" ")[2])
        for part in told.rstrip(".").split("rate: ")[1].split(", ")
    }
    assert set(shares) == {"blocks.3", "blocks.4", "conv_head"}
    assert max(shares.values()) == 1.0
    first = outcome.of("step_ended", phase="main", epoch=1)[0]
    base = {n: r for n, r in first.learning_rates.items() if n in shares}
    course = max(base.values())
    for name, share in shares.items():
        assert base[name] / course == pytest.approx(share, abs=0.006), name
    assert first.learning_rates["head"] == pytest.approx(course * peak["head"] / peak["conv_head"])
    assert any("Auto-RGN" in note for note in outcome.of("plan_made")[0].plan.notes)


def test_measuring_draws_nothing_and_changes_no_statistics(run, monkeypatch):
    """With all shares put back to one, the run is the run without measuring, bit for bit."""
    from graftwork.engine import phase_runner

    choices = {"strategy": "all_layers", "dropout": 0.3, "batch_norm": "follow"}
    plain = run("plain", **choices)
    measured = []

    def ones(stages, losses):
        measured.extend(float(loss.detach()) for loss in losses)
        return dict.fromkeys(stages, 1.0)

    monkeypatch.setattr(phase_runner, "relative_gradient_norms", ones)
    again = run("again", **choices, recipe={"stage_rates": "auto_rgn"})
    assert len(measured) == 2 * min(5, again.of("phase_started", phase="main")[0].steps_per_epoch)
    assert again.digest == plain.digest


@pytest.mark.parametrize(
    ("settings", "recipe", "words"),
    [
        ({"strategy": "all_layers"}, {"layer_decay": 0.9}, "layer_decay 0.9"),
        ({"strategy": "head_only"}, {}, "0 stages are free"),
        ({"strategy": "some_layers", "only_stages": ["blocks.1"]}, {}, "1 stage is free"),
    ],
    ids=["layer_decay", "head_only", "one stage"],
)
def test_contradictions_are_refused(run, settings, recipe, words):
    with pytest.raises(PlanError, match=words) as caught:
        run(**settings, recipe={"stage_rates": "auto_rgn", **recipe})
    assert caught.value.hint

"""Loss terms against plain loops over their formulas, and their laws in runs of a tiny base."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from graftwork.errors import GraftworkError, NoSourceHead
from graftwork.methods.near_start.bss import smallest_singular_values
from graftwork.methods.near_start.delta import channel_distances, channel_weights
from graftwork.methods.near_start.l2_sp import squared_distance, squared_length
from graftwork.methods.source_classes.co_tuning import class_relationship, relationship_loss

TERMS = {
    "l2_sp": {"l2_sp": 0.1},
    "bss": {"bss": 0.01},
    "delta": {"delta": 0.1},
    "co_tuning": {"co_tuning": 0.5},
}
TUNED = {"strategy": "some_layers"}


# -- formulas ---------------------------------------------------------------------------------------


def test_l2_sp_and_its_slope_against_loops():
    draw = torch.Generator().manual_seed(0)
    weights = {n: torch.randn(3, 2, generator=draw, requires_grad=True) for n in "ab"}
    start = {n: torch.randn(3, 2, generator=draw) for n in "ab"}
    wanted = sum(
        (float(w) - float(s)) ** 2
        for n in "ab"
        for w, s in zip(weights[n].detach().ravel(), start[n].ravel(), strict=True)
    )
    found = squared_distance(weights, start)
    assert float(found.detach()) == pytest.approx(wanted, rel=1e-5)
    (0.3 / 2 * found).backward()
    for n in "ab":
        assert torch.allclose(weights[n].grad, 0.3 * (weights[n].detach() - start[n]))
    assert float(squared_length(start)) == pytest.approx(sum(float((t**2).sum()) for t in start.values()))
    assert float(squared_distance({}, {})) == 0.0


@pytest.mark.parametrize(("rows", "columns", "count"), [(6, 4, 1), (4, 9, 2), (3, 3, 7)])
def test_spectral_shrinkage_against_eigenvalues(rows, columns, count):
    """Squared singular values are the eigenvalues of the smaller Gram matrix."""
    features = np.random.default_rng(rows).normal(size=(rows, columns))
    gram = features @ features.T if rows < columns else features.T @ features
    wanted = np.sort(np.linalg.eigvalsh(gram))[:count].sum()
    assert float(smallest_singular_values(torch.tensor(features), count)) == pytest.approx(wanted, rel=1e-4)


def test_spectral_shrinkage_is_nothing_without_full_rank():
    row = torch.arange(1.0, 5.0)
    assert float(smallest_singular_values(torch.stack([row, 2 * row, 3 * row]), 1)) == pytest.approx(
        0, abs=1e-8
    )


def test_distances_of_channels_against_loops():
    one, other = (np.random.default_rng(s).normal(size=(2, 3, 2, 2)) for s in (0, 1))
    wanted = [
        sum((one[b, c, y, x] - other[b, c, y, x]) ** 2 for b in range(2) for y in range(2) for x in range(2))
        / 8
        for c in range(3)
    ]
    found = channel_distances(torch.tensor(one), torch.tensor(other))
    assert found.tolist() == pytest.approx(wanted, rel=1e-5)
    tokens = channel_distances(torch.ones(2, 5, 3), torch.zeros(2, 5, 3))
    assert tokens.tolist() == [1.0, 1.0, 1.0]
    weights = channel_weights(torch.tensor([0.0, math.log(3.0)]))
    assert weights.tolist() == pytest.approx([0.25, 0.75])


def test_relations_of_classes_against_loops():
    said = torch.softmax(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), 1)
    labels = torch.tensor([0, 2, 0, 2, 2, 0])
    found = class_relationship(said, labels, 3)
    for k in (0, 2):
        rows = [said[i] for i in range(6) if labels[i] == k]
        wanted = [sum(float(row[j]) for row in rows) / len(rows) for j in range(4)]
        assert found[k].tolist() == pytest.approx(wanted, rel=1e-5)
    assert found[1].tolist() == pytest.approx(said.mean(0).tolist(), rel=1e-5)  # a class without images
    assert found.sum(1).tolist() == pytest.approx([1, 1, 1])
    logs = torch.log_softmax(torch.randn(2, 4), 1)
    wanted = -sum(float(found[0, j] * logs[b, j]) for b in range(2) for j in range(4)) / 2
    assert float(relationship_loss(logs, found[[0, 0]])) == pytest.approx(wanted, rel=1e-5)


# -- runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TERMS)
def test_a_killed_run_with_a_term_resumes_bit_for_bit(run, headed, name):
    choices = {"base": headed, **TUNED, "recipe": {**TERMS[name], "checkpoint_seconds": 0.001}}
    whole = run("whole", **choices)
    polls = {"left": 11}  # somewhere in the middle of the main phase

    def stop():
        polls["left"] -= 1
        return polls["left"] < 0

    first = run("parts", stop=stop, **choices)
    assert first.record.status == "stopped"
    again = run("parts", **choices)
    assert again.digest == whole.digest
    assert whole.record.proof.holds
    ended = whole.of("epoch_ended", phase="main")[-1]
    assert set(ended.terms) == {name}
    assert math.isfinite(ended.terms[name])
    assert whole.of("epoch_ended", phase="probe")[-1].terms == {}


def test_no_pull_is_no_weight_decay_bit_for_bit(run):
    none = run("none", **TUNED, recipe={"weight_decay": 0.0, "probe_first": False})
    zero = run("zero", **TUNED, recipe={"l2_sp": 0.0, "l2_sp_head": 0.0, "probe_first": False})
    assert zero.digest == none.digest
    pulled = run("pulled", **TUNED, recipe={"l2_sp": 0.5, "probe_first": False})
    assert pulled.digest != none.digest


def test_the_stronger_the_pull_the_nearer_the_start(run):
    def moved(alpha):
        recipe = {
            "l2_sp": alpha,
            "optimizer": "sgd",
            "learning_rate": 0.01,
            "probe_first": False,
            "clip_norm": None,
        }
        ended = run(f"a{alpha}", strategy="all_layers", recipe=recipe).of("epoch_ended")[-1].movement
        return sum(v for k, v in ended.items() if k != "head")

    distances = [moved(alpha) for alpha in (0.0, 5.0, 80.0)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.7 * distances[0]


def test_delta_is_small_near_the_start_and_its_plan_names_stages(run):
    def term(rate):
        found = run(
            f"delta{rate}", **TUNED, recipe={"delta": 1.0, "learning_rate": rate, "schedule": "constant"}
        )
        assert "DELTA holds the features at the ends of" in " ".join(found.of("plan_made")[0].plan.notes)
        return found.of("epoch_ended", phase="main")[1].terms["delta"]

    near, far = term(1e-5), term(1e-2)
    assert 0 <= near < 1e-3 * far


def test_l2_sp_takes_the_place_of_weight_decay_in_the_main_phase(run):
    plan = run("a", **TUNED, recipe={"l2_sp": 0.1}).of("plan_made")[0].plan
    assert {g.weight_decay for g in plan.phases[-1].groups} == {0.0}
    assert max(g.weight_decay for g in plan.phases[0].groups) == 0.01
    assert plan.phases[0].terms == ()
    assert plan.phases[-1].terms == ("l2_sp",)


@pytest.mark.parametrize(
    ("choices", "recipe", "words"),
    [
        ({"strategy": "head_only"}, {"l2_sp": 0.1}, "nothing of a base is trained"),
        ({"strategy": "head_only"}, {"bss": 0.1}, "nothing of a base is trained"),
        ({"strategy": "from_scratch"}, {"l2_sp": 0.1}, "starts without them"),
        ({"strategy": "from_scratch"}, {"delta": 0.1}, "starts without it"),
        (TUNED, {"l2_sp": 0.1, "weight_decay": 0.05}, "takes the place of weight decay"),
        (TUNED, {"l2_sp_head": 0.1}, "L2-SP is off"),
        ({**TUNED, "moving": "lora"}, {"l2_sp": 0.1}, "none of the weights moves"),
        (TUNED, {"delta": 0.1, "probe_first": False}, "no probe phase"),
        (TUNED, {"further_terms": {"l2sp": 1.0}}, "No loss term"),
    ],
)
def test_what_would_do_nothing_is_refused(run, choices, recipe, words):
    with pytest.raises(GraftworkError, match=words) as error:
        run("refused", **choices, recipe=recipe)
    assert error.value.hint


def test_co_tuning_wants_a_trained_classifier(run):
    with pytest.raises(NoSourceHead, match="no trained weights"):
        run("refused", **TUNED, recipe={"co_tuning": 0.1})

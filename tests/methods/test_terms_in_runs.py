"""Loss terms in every number format and layout, over several steps an update, and across a kill."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from tests.engine.test_run_laws import Killed, _kill_after
from tests.methods.test_terms import TERMS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from graftwork.engine import run as running
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.phase_runner import PhaseRunner
from graftwork.engine.terms import base_end

PLAIN = {"precision": "float32", "memory_format": "contiguous"}
LAST = {"precision": "float32", "memory_format": "channels_last"}
HALF = {"precision": "bfloat16", "memory_format": "channels_last"}
STEEP = {
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "schedule": "constant",
    "warmup": 0.0,
    "clip_norm": None,
    "weight_decay": 0.0,
    "epochs": 1,
    "probe_epochs": 1,
}
"""Updates that are linear in the gradients."""
STRONG = {"l2_sp": {"l2_sp": 2.0}, "delta": {"delta": 20.0}, "co_tuning": {"co_tuning": 200.0}}


FORMAT_CHOICES = {"l2_sp": {"l2_sp_head": 0.0}, "bss": {"bss_values": 16}}
"""All 16 values of a batch: a single small one is no larger than what bfloat16 rounds away."""


class Seen:
    """The main phase of a run: its parts as they were before the first step, and what moves, after the last."""

    def __init__(self) -> None:
        self.train = None
        self.before: dict[str, torch.Tensor] = {}
        self.after: dict[str, torch.Tensor] = {}

    def move(self, name: str | None = None) -> torch.Tensor:
        """Return how far all that moves went, or one tensor of it, as one vector."""
        names = sorted(self.before) if name is None else [name]
        return torch.cat([(self.after[n] - self.before[n]).ravel() for n in names])


@pytest.fixture
def watched(run, headed, monkeypatch):
    """Do a run whose main phase is watched."""

    def start(name, **recipe):
        seen, train_phase = Seen(), running.train_phase

        def phase_of(network, phase, *rest, **parts):
            tensors = trainable_tensors(network)
            if phase.name == "main":
                seen.network, seen.train = copy.deepcopy(network), parts["train"]
                seen.phase, seen.compute = phase, parts["compute"]
                seen.before = {n: t.detach().clone() for n, t in tensors.items()}
            yield from train_phase(network, phase, *rest, **parts)
            if phase.name == "main":
                seen.after = {n: t.detach().clone() for n, t in tensors.items()}

        choices = {"base": headed, "strategy": "some_layers", "validation": 0.0}
        with monkeypatch.context() as patch:
            patch.setattr(running, "train_phase", phase_of)
            seen.outcome = run(name, **choices, recipe={**PLAIN, **STEEP, **recipe})
        return seen

    return start


@pytest.mark.parametrize("name", STRONG)
def test_gradients_that_add_up_are_those_of_the_whole_batch(watched, name):
    """Of terms that are means over images, or look at weights alone; the last update has fewer images."""
    whole = watched("whole", batch=18, **STRONG[name])
    parts = watched("parts", batch=9, accumulate=2, **STRONG[name])
    without = watched("without", batch=18)
    images = len(whole.train)
    assert images % 18 > 9  # nine and fewer make the last update
    apart = float((whole.move() - parts.move()).norm() / whole.move().norm())
    assert apart < 1e-3
    assert float((whole.move() - without.move()).norm() / whole.move().norm()) > 10 * max(apart, 1e-4)
    said = [s.outcome.of("epoch_ended", phase="main")[-1].terms[name] for s in (whole, parts)]
    assert said[0] == pytest.approx(said[1], rel=1e-3)


def test_shrinkage_over_several_steps_is_the_mean_of_what_each_step_shrinks(watched):
    """Singular values are of a batch: the update is set against the slope of eigenvalues of each step's Gram matrix."""
    sizes, strength, rate = (20, 20, 11), 0.5, STEEP["learning_rate"]
    seen = watched("parts", batch=20, accumulate=3, probe_first=False, bss=strength, bss_values=2)
    network, images = seen.network, len(seen.train)
    assert images == sum(sizes)
    order = np.random.default_rng([0, 0, 1]).permutation(images)  # seed, phase, epoch
    network.train()
    total = torch.zeros(())
    for number, size in enumerate(sizes):
        positions = order[sum(sizes[:number]) :][:size]
        given = {
            **seen.train.source.batch(positions, 0),
            **seen.train.data.batch(positions, "cpu", [0] * size),
        }
        features, (logits, labels) = base_end(network, network.main), network.sinks[0].wires
        found = network.run(given, (features, logits))
        rows = found[features].flatten(2).mean(2) if found[features].ndim == 4 else found[features]
        gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
        shrunk = torch.linalg.eigvalsh(gram.double())[:2].sum()
        loss = nn.functional.cross_entropy(found[logits], given[labels])
        total = total + (loss + strength * shrunk.float()) * size / images
    total.backward()
    for name, tensor in trainable_tensors(network).items():
        group = next(g for g in seen.phase.groups if name in g.tensors)
        assert group.learning_rate == rate
        wanted = -rate * tensor.grad.ravel()
        assert float((seen.move(name) - wanted).norm()) <= 1e-3 * float(wanted.norm()) + 1e-7, name


@pytest.mark.parametrize("name", TERMS)
def test_a_term_says_the_same_in_every_format_and_layout(watched, name):
    """bfloat16 has 8 bits of mantissa, so the terms agree to some percent; layouts agree to the last digits.

    What has not moved is not pulled at all: the pretrained copy rounds as the tuned base does.
    """
    recipe = {**TERMS[name], "batch": 16, **FORMAT_CHOICES.get(name, {})}
    said, moves = {}, {}
    for key, formats in (("plain", PLAIN), ("last", LAST), ("half", HALF)):
        seen = watched(key, **recipe, **formats)
        assert (seen.compute.precision, seen.compute.memory_format) == tuple(formats.values())
        assert {t.dtype for t in seen.after.values()} == {torch.float32}
        said[key] = seen.outcome.of("epoch_ended", phase="main")[-1].terms[name]
        moves[key] = seen.move()
        first = seen.outcome.of("step_ended", phase="main", step=1)[0].terms[name]
        assert (first == 0) == (name in ("l2_sp", "delta"))
    assert said["plain"] > 0
    assert said["last"] == pytest.approx(said["plain"], rel=1e-3)
    assert said["half"] == pytest.approx(said["plain"], rel=0.1)
    for key, most in (("last", 1e-4), ("half", 0.1)):
        assert float((moves[key] - moves["plain"]).norm() / moves["plain"].norm()) < most


def test_the_stronger_delta_is_the_nearer_features_stay(watched):
    def distance(strength):
        seen = watched(f"delta{strength}", batch=8, epochs=3, delta=strength)
        return seen.outcome.of("epoch_ended", phase="main")[-1].terms["delta"] / strength

    distances = [distance(strength) for strength in (1e-6, 1.0, 20.0)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.7 * distances[0]


def slopes_of_convolution(upper, _, weight, *rest, **__):
    """Multiplications (times two) of both slopes of a convolution: each takes as many as its forward pass.

    torch's own count takes depthwise ones for full ones.
    """
    wanted = rest[-1]
    return 2 * math.prod(upper) * math.prod(weight[1:]) * (bool(wanted[0]) + bool(wanted[1]))


@pytest.mark.parametrize(
    ("moving", "words", "share"), [("all", "a third", 1 / 3), ("norm", "a half", 1 / 2)], ids=["all", "norm"]
)
def test_the_work_that_delta_adds_is_what_its_plan_says(run, headed, monkeypatch, moving, words, share):
    counted, step = {}, PhaseRunner.step

    def counting(runner, *given):
        formulas = {torch.ops.aten.convolution_backward: slopes_of_convolution}
        with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
            loss = step(runner, *given)
        key = (runner.phase.name, *runner.terms.names)
        counted[key] = counted.get(key, 0) + counter.get_total_flops()
        return loss

    monkeypatch.setattr(PhaseRunner, "step", counting)
    choices = {"base": headed, "strategy": "all_layers", "moving": moving}
    for name, terms in (("with", {"delta": 0.1}), ("without", {})):
        done = run(name, **choices, recipe={**PLAIN, "epochs": 1, "probe_epochs": 1, "batch": 64, **terms})
        notes = " ".join(done.of("plan_made")[0].plan.notes)
        assert (f"about {words} more work" in notes) == bool(terms)
    assert counted["main", "delta"] / counted["main",] - 1 == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("name", TERMS)
def test_a_run_killed_between_two_updates_of_an_epoch_resumes_bit_for_bit(run, headed, name):
    recipe = {**TERMS[name], **HALF, "batch": 8, "accumulate": 2}
    choices = {"base": headed, "strategy": "some_layers", "recipe": {**recipe, "checkpoint_seconds": 1e-9}}
    whole = run("whole", **{**choices, "recipe": {**recipe, "checkpoint_seconds": 1e9}})
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(23), **choices)
    again = run("killed", **choices)
    (resumed,) = again.of("run_resumed")
    assert (resumed.phase, resumed.epoch) == ("main", 1)
    assert resumed.step > 0
    assert again.digest == whole.digest
    ended = [o.of("epoch_ended", phase="main", epoch=2)[0] for o in (whole, again)]
    assert ended[0].terms == ended[1].terms
    assert set(ended[0].terms) == {name}
    assert again.record.metrics == whole.record.metrics

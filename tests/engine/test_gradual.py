"""Gradual unfreezing: a stage from the top every k epochs, one course of the rate, exact resume and restore."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from graftwork.engine.optim import rate_factor
from graftwork.engine.phase_runner import PhaseRunner
from graftwork.errors import PlanError

from .test_moving import fresh_base
from .test_run_laws import Killed, _kill_after

# Three stages are free, from the top: conv_head, blocks.4, blocks.3.
GRADUAL = {"epochs": 6, "probe_epochs": 1, "unfreeze_every": 2, "batch": 12}
STAGES = ["conv_head", "blocks.4", "blocks.3"]


def gradual(run, name="a", *, stop=None, recipe=None, **choices):
    extra = {} if stop is None else {"stop": stop}
    return run(
        name, strategy="some_layers", cut="blocks.2", recipe={**GRADUAL, **(recipe or {})}, **choices, **extra
    )


def main_phase(outcome):
    return outcome.of("plan_made")[0].plan.phases[-1]


@pytest.fixture
def watched(monkeypatch):
    """Note at each update of the main phase: epoch, which tensors have gradients and are in the optimizer."""
    seen = []
    update = PhaseRunner._update

    def watching(self, number):
        names = {id(t): n for n, t in self.network.tensors().items()}
        wanted = {n for n, t in self.network.tensors().items() if t.requires_grad}
        held = {names[id(p)] for g in self.optimizer.param_groups for p in g["params"]}
        with_slopes = {n for n, t in self.network.tensors().items() if t.grad is not None}
        update(self, number)
        steps = {names[id(p)]: int(s["step"]) for p, s in self.optimizer.state.items()}
        rates = [g["lr"] for g in self.optimizer.param_groups]
        if self.phase.name == "main":
            seen.append((self.state.epoch + 1, number, wanted, held, with_slopes, steps, rates))

    monkeypatch.setattr(PhaseRunner, "_update", watching)
    return seen


def test_stages_become_free_from_the_top_and_the_optimizer_holds_just_them(run, watched):
    outcome = gradual(run)
    phase = main_phase(outcome)
    assert [(s.epoch, s.stages) for s in phase.unfreezing] == [
        (1 + 2 * i, (n,)) for i, n in enumerate(STAGES)
    ]
    assert phase.unfreezing[0].not_yet == {"backbone": "blocks.4"}
    assert phase.unfreezing[-1].not_yet == {"backbone": "input"}
    per_epoch = max(n for e, n, *_ in watched if e == 1) + 1
    for epoch, number, wanted, held, with_slopes, steps, rates in watched:
        free = STAGES[: 1 + (epoch - 1) // 2]
        stages = {t for n in free for t in fresh_base().tensors_of(n)}
        own = {n.removeprefix("base.") for n in wanted if n.startswith("base.")}
        assert own == {n for n in stages if n.endswith(("weight", "bias"))}, epoch
        assert wanted == held == with_slopes
        # New groups begin with a clean state, old ones keep theirs: Adam counts each tensor's own updates.
        for index, stage in enumerate(free):
            counts = {steps[f"base.{n}"] for n in fresh_base().tensors_of(stage) if f"base.{n}" in steps}
            assert counts == {number + 1 - 2 * index * per_epoch}, (epoch, stage)
        assert steps["head.linear.weight"] == number + 1
        # One course of the rate over the whole phase.
        factor = rate_factor(main_recipe(outcome), number, 6 * per_epoch, per_epoch)
        peaks = {g.learning_rate for g in phase.groups}
        assert {round(r / factor, 9) for r in rates} <= {round(p, 9) for p in peaks}
    assert {e for e, *_ in watched} == set(range(1, 7))


def main_recipe(outcome):
    from graftwork.documents.flow import read_flow

    return read_flow(outcome.folder / "flow.yaml").recipe


def test_batch_norm_waits_too_and_follows_once_free(run):
    """Statistics move only from the epoch on in which the stage is free (METHODS G 1)."""
    waits = gradual(run, "waits", batch_norm="follow", validation=0.0, recipe={"epochs": 5})
    saved, base = load_file(waits.folder / "weights.safetensors"), fresh_base()

    def count(stage):
        names = [n for n in base.tensors_of(stage) if n.endswith("num_batches_tracked")]
        return {int(saved[f"base.{n}"]) for n in names}

    steps = waits.of("phase_started", phase="main")[0].steps_per_epoch
    assert count("conv_head") == {5 * steps}
    assert count("blocks.4") == {3 * steps}
    assert count("blocks.3") == {1 * steps}
    assert count("blocks.2") == {0}
    assert waits.record.proof.holds


@pytest.mark.parametrize("polls", [6, 13, 17, 21, 27])
def test_a_killed_run_resumes_bit_for_bit_at_and_between_the_steps(run, polls):
    choices = {
        "dropout": 0.2,
        "batch_norm": "follow",
        "recipe": {"checkpoint_seconds": 1e-9, "stage_rates": "auto_rgn", "optimizer": "adamw"},
    }
    whole = gradual(run, "whole", **choices)
    with pytest.raises(Killed):
        gradual(run, "killed", stop=_kill_after(polls), **choices)
    resumed = gradual(run, "killed", **choices)
    assert resumed.digest == whole.digest
    assert resumed.record.proof == whole.record.proof
    assert resumed.record.metrics == whole.record.metrics


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop"])
def test_any_optimizer_is_rebuilt_and_resumed(run, optimizer):
    choices = {"recipe": {"checkpoint_seconds": 1e-9, "optimizer": optimizer, "learning_rate": 1e-3}}
    whole = gradual(run, "whole", **choices)
    with pytest.raises(Killed):
        gradual(run, "killed", stop=_kill_after(19), **choices)
    assert gradual(run, "killed", **choices).digest == whole.digest
    assert whole.record.proof.holds


def test_the_best_epoch_is_restored_with_the_stages_that_still_waited(run, monkeypatch):
    """The weights of epoch 3 are those of the same run that ends after epoch 3: the same course up to there."""
    from graftwork.engine.objectives import Objectives

    def rank(self, scores, monitor):
        rank.calls += 1
        return (1.0 if rank.calls == rank.best else 0.0, 0.0)

    monkeypatch.setattr(Objectives, "rank", rank)
    constant = {"schedule": "constant", "warmup": 0.0, "probe_first": False}
    rank.calls, rank.best = 0, 4  # the state before the first epoch is ranked too
    early = gradual(run, "early", recipe=constant)
    assert early.record.best_epoch == 3
    proof = early.record.proof
    assert proof.holds
    waiting = [n for n in fresh_base().tensors_of("blocks.3") if n.endswith(("weight", "bias"))]
    assert proof.not_started == len(waiting)
    saved = load_file(early.folder / "weights.safetensors")
    for name, tensor in fresh_base().tensors_of("blocks.3").items():
        assert torch.equal(saved[f"base.{name}"], tensor), name
    assert any("blocks.3" in e.message and "as they began" in e.message for e in early.of("noted"))

    calls = [PhaseRunner.copy_movable]
    kept = {}

    def copying(self):
        found = calls[0](self)
        kept[self.state.epoch] = found
        return found

    monkeypatch.setattr(PhaseRunner, "copy_movable", copying)
    rank.calls, rank.best = 0, 4
    gradual(run, "again", recipe=constant)
    for name, tensor in kept[3].items():
        assert torch.equal(saved[name], tensor), name


def test_a_stopped_run_proves_what_had_begun(run):
    polls = iter([False] * 16)
    stopped = gradual(run, "a", stop=lambda: next(polls, True), recipe={"checkpoint_seconds": 1e-9})
    assert stopped.record.status == "stopped"
    assert stopped.of("epoch_ended", phase="main")
    assert stopped.record.proof.not_started > 0
    assert not stopped.record.proof.unmoved


def test_an_early_stop_waits_until_all_stages_are_free(run, monkeypatch):
    from graftwork.engine.objectives import Objectives

    monkeypatch.setattr(Objectives, "rank", lambda self, scores, monitor: (0.0, 0.0))
    outcome = gradual(run, recipe={"early_stop": 1, "epochs": 20})
    ended = [e.epoch for e in outcome.of("epoch_ended", phase="main")]
    assert ended[-1] == 5  # the last stage is free in epoch 5, and it did not help
    assert outcome.of("phase_ended", phase="main")[0].stopped_early


def test_several_stages_at_a_time_and_the_plan_says_when(run):
    outcome = gradual(run, recipe={"unfreeze_stages": 2})
    phase = main_phase(outcome)
    assert [(s.epoch, s.stages) for s in phase.unfreezing] == [
        (1, ("conv_head", "blocks.4")),
        (3, ("blocks.3",)),
    ]
    assert phase.from_cache
    assert phase.boundary == "blocks.2"
    notes = " ".join(outcome.of("plan_made")[0].plan.notes)
    assert "conv_head, blocks.4 from epoch 1; blocks.3 from epoch 3" in notes
    assert "Stored features stay those at 'blocks.2'" in notes
    assert [e.message for e in outcome.of("noted") if "free from here" in e.message] == [
        "Epoch 3: blocks.3 free from here on."
    ]


def test_gradual_unfreezing_works_with_lora(run):
    outcome = gradual(run, moving="lora", lora_rank=2)
    assert outcome.record.proof.holds
    assert len(main_phase(outcome).unfreezing) == 3


REFUSED = {
    "head_only": ({"strategy": "head_only"}, {}, "frees none"),
    "from_scratch": ({"strategy": "from_scratch"}, {}, "From scratch"),
    "all at once": (
        {"strategy": "some_layers", "cut": "blocks.2"},
        {"unfreeze_stages": 3},
        "would do nothing",
    ),
    "too few epochs": ({"strategy": "some_layers", "cut": "blocks.2"}, {"epochs": 4}, "takes 5 epochs"),
    "stages alone": (
        {"strategy": "all_layers"},
        {"unfreeze_every": None, "unfreeze_stages": 2},
        "is not set",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_do_nothing_is_refused(run, case):
    settings, recipe, words = REFUSED[case]
    with pytest.raises(PlanError, match=words) as caught:
        run(**settings, recipe={**GRADUAL, **recipe})
    assert caught.value.hint

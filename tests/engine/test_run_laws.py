"""Laws of a whole run: what is frozen stays, what is trainable moves, what repeats is done once."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from graftwork.bases import open_base
from graftwork.engine.trained import load_run
from graftwork.errors import CutError, PlanError, RunError

from ..conftest import TINY_BASE

STRATEGIES = ["head_only", "some_layers", "most_layers", "all_layers", "from_scratch", "probe_then_tune"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_proof_holds_for_every_strategy(run, strategy):
    outcome = run(strategy=strategy)
    proof = outcome.record.proof
    assert outcome.record.status == "finished"
    assert proof.holds
    assert proof.frozen_digest_before == proof.frozen_digest_after
    total = outcome.record.card.num_parameters
    head = sum(1 for n in load_file(outcome.folder / "weights.safetensors") if n.startswith("head.linear"))
    assert proof.trainable_tensors >= head
    if strategy in ("all_layers", "from_scratch", "probe_then_tune"):
        assert proof.trainable_values > total


def test_frozen_tensors_in_the_file_equal_those_of_the_base(run):
    """The proof's own claim, by an independent route: the saved file against a freshly opened base."""
    outcome = run(strategy="some_layers")
    saved = load_file(outcome.folder / "weights.safetensors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = open_base(TINY_BASE, image_size=32)
    names = fresh.stage_names()
    border = names.index(outcome.record.cut) + 1
    for stage in names[:border]:
        for name, tensor in fresh.tensors_of(stage).items():
            assert torch.equal(saved[f"base.{name}"], tensor), name
    for stage in names[border:]:
        for name, tensor in fresh.tensors_of(stage).items():
            if isinstance(tensor, torch.nn.Parameter):
                assert not torch.equal(saved[f"base.{name}"], tensor), name
            else:  # statistics are held by default, also where weights move
                assert torch.equal(saved[f"base.{name}"], tensor), name


def test_follow_lets_statistics_move_only_where_weights_may(run):
    outcome = run(strategy="some_layers", batch_norm="follow")
    saved = load_file(outcome.folder / "weights.safetensors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = open_base(TINY_BASE, image_size=32)
    names = fresh.stage_names()
    border = names.index(outcome.record.cut) + 1
    moved = {
        stage: any(
            not torch.equal(saved[f"base.{n}"], t)
            for n, t in fresh.tensors_of(stage).items()
            if "running" in n
        )
        for stage in names
        if any("running" in n for n in fresh.tensors_of(stage))
    }
    assert not any(moved[s] for s in moved if s in names[:border])
    assert all(moved[s] for s in moved if s in names[border:])
    assert outcome.record.proof.holds


def test_adapt_moves_statistics_and_no_weight(run):
    outcome = run(strategy="head_only", batch_norm="adapt")
    saved = load_file(outcome.folder / "weights.safetensors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = open_base(TINY_BASE, image_size=32)
    for stage in fresh.stage_names():
        for name, tensor in fresh.tensors_of(stage).items():
            same = torch.equal(saved[f"base.{name}"], tensor)
            if isinstance(tensor, torch.nn.Parameter):
                assert same, name
            elif "running" in name:
                assert not same, name
    assert outcome.record.proof.holds


def test_runs_are_deterministic_for_a_seed(run):
    first, again, other = run("a"), run("b"), run("c", recipe={"seed": 5})
    assert first.digest == again.digest
    assert first.digest != other.digest


def test_second_run_starts_from_the_cache(run):
    first, second = run("a"), run("b")
    images = sum(first.record.data.num_images.values())
    assert first.record.cost.base_images == images
    assert second.record.cost.base_images == 0
    assert second.record.cost.cache_hits == images


def test_cache_equals_recomputation(run):
    """The same run with and without stored features ends with equal weights up to rounding."""
    cached = run("a", strategy="head_only")
    anew = run("b", strategy="head_only", recipe={"feature_cache": "off"})
    assert cached.of("plan_made")[0].plan.phases[0].from_cache
    assert not anew.of("plan_made")[0].plan.phases[0].from_cache
    one, two = (load_file(o.folder / "weights.safetensors") for o in (cached, anew))
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-3, atol=1e-4, msg=name)


def test_phase_two_starts_where_phase_one_ended(run):
    """LP-FT: the tuned network's first loss is that of the probe's best epoch (METHODS G 9)."""
    outcome = run(strategy="all_layers", recipe={"probe_epochs": 4})
    best = outcome.of("epoch_ended", phase="probe", is_best=True)[-1].validation_loss
    start = outcome.of("epoch_ended", phase="main", epoch=0)[0].validation_loss
    assert start == pytest.approx(best, abs=1e-4)


def test_probe_equals_the_head_only_run(run):
    """Phase one of an unfreezing strategy is exactly the head_only result."""
    head = run("a", strategy="head_only", recipe={"epochs": 3})
    probe = run("b", strategy="most_layers", recipe={"probe_epochs": 3, "epochs": 1})
    losses = [e.validation_loss for e in head.of("epoch_ended")]
    assert losses == [e.validation_loss for e in probe.of("epoch_ended", phase="probe")]


def test_predictions_in_the_file_are_those_of_the_reloaded_run(run):
    outcome = run(strategy="some_layers")
    table = pd.read_parquet(outcome.folder / "predictions.parquet")
    model = load_run(outcome.folder, workspace=outcome.workspace)
    from graftwork.data import open_images

    images = open_images(outcome.record.data.source)
    keys = {s.key: i for i, s in enumerate(images.samples)}
    again = model.predict_images(images, [keys[k] for k in table["key"]])
    np.testing.assert_allclose(again, table[["p_0", "p_1", "p_2"]].to_numpy(), atol=1e-5)
    hits = (table["label"] == table["predicted"])[table["split"] == "test"].mean()
    assert outcome.record.metrics["test"].accuracy.value == pytest.approx(hits)


def test_augmentation_is_cached_as_views_of_training_images_only(run):
    outcome = run(strategy="head_only", recipe={"augment": "light", "cached_views": 3})
    counts = outcome.record.data.num_images
    assert outcome.record.cost.base_images == 3 * counts["train"] + counts["validation"] + counts["test"]


def test_own_run_is_a_base(run):
    textile = run("textile", strategy="all_layers")
    metal = run("metal", base="run:textile", strategy="head_only")
    saved = load_file(textile.folder / "weights.safetensors")
    grafted = load_file(metal.folder / "weights.safetensors")
    for name, tensor in saved.items():
        if name.startswith("base."):
            assert torch.equal(grafted[name], tensor), name
    assert metal.record.proof.holds


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def _kill_after(polls: int):
    count = 0

    def stop() -> bool:
        nonlocal count
        count += 1
        if count > polls:
            raise Killed
        return False

    return stop


@pytest.mark.parametrize("polls", [1, 3, 6, 9, 11])
@pytest.mark.parametrize("strategy", ["some_layers", "all_layers"])
def test_killed_run_resumes_bit_for_bit(run, polls, strategy):
    """A run killed anywhere, also inside an epoch, ends as one that never was (METHODS G 11)."""
    recipe = {"checkpoint_seconds": 1e-9, "batch": 12}
    choices = {"strategy": strategy, "dropout": 0.3, "batch_norm": "follow", "recipe": recipe}
    whole = run("whole", **choices)
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(polls), **choices)
    resumed = run("killed", **choices)
    assert resumed.digest == whole.digest
    assert resumed.record.metrics == whole.record.metrics
    assert resumed.record.best_epoch == whole.record.best_epoch


class Clock:
    """Time that passes by a third of a second whenever it is asked for."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 1 / 3
        return self.now


@pytest.mark.parametrize("polls", [3, 5, 8, 10, 12, 15])
@pytest.mark.parametrize("wait", [0.0, 3.0, 1e9])
def test_a_run_killed_between_two_checkpoints_resumes_bit_for_bit(run, polls, wait, monkeypatch):
    """However far apart the epochs' checkpoints lie, also without any."""
    monkeypatch.setattr("graftwork.engine.train.time", Clock())
    monkeypatch.setattr("graftwork.engine.train._EPOCH_CHECKPOINT_SECONDS", wait)
    recipe = {"checkpoint_seconds": 1e9, "batch": 12, "epochs": 3, "accumulate": 2}
    choices = {"strategy": "some_layers", "dropout": 0.3, "batch_norm": "follow", "recipe": recipe}
    whole = run("whole", **choices)
    with pytest.raises(Killed):
        run("killed", stop=_kill_after(polls), **choices)
    resumed = run("killed", **choices)
    assert resumed.digest == whole.digest
    assert resumed.record.metrics == whole.record.metrics
    assert resumed.record.best_epoch == whole.record.best_epoch


@pytest.mark.parametrize(("wait", "saved"), [(0.0, [1, 2, 3, 4, 5, 6]), (1e9, [6])])
def test_an_epoch_s_end_is_saved_when_the_last_checkpoint_is_old_and_a_phase_s_always(
    run, wait, saved, monkeypatch
):
    monkeypatch.setattr("graftwork.engine.train._EPOCH_CHECKPOINT_SECONDS", wait)
    outcome = run(strategy="head_only", recipe={"epochs": 6, "checkpoint_seconds": 1e9})
    assert [e.epoch for e in outcome.of("checkpoint_saved", step=0)] == saved
    assert outcome.record.cost.base_images == sum(outcome.record.data.num_images.values())


@pytest.mark.parametrize("polls", range(8))
def test_a_stopped_run_loses_no_step(run, polls):
    """It is saved where it is, at an update, also at an epoch's last; no other checkpoint is needed."""
    recipe = {"epochs": 2, "batch": 12, "accumulate": 2, "checkpoint_seconds": 1e9}
    run("cached", strategy="head_only", recipe=recipe)  # so that the wish comes in the training
    wishes = iter([False] * polls)
    stopped = run("a", strategy="head_only", recipe=recipe, stop=lambda: next(wishes, True))
    trained = stopped.of("checkpoint_saved")
    if not trained:  # before the training began
        assert polls < 3
        return
    steps = -(-stopped.record.data.num_images["train"] // 12)
    last = trained[-1]
    done = last.epoch * steps + last.step
    resumed = run("a", strategy="head_only", recipe=recipe)
    again = resumed.of("run_resumed")[0]
    assert (again.epoch, again.step) == (last.epoch, last.step)
    assert 0 < done <= 2 * steps
    assert resumed.digest == run("whole", strategy="head_only", recipe=recipe).digest


def test_stopped_run_keeps_the_best_and_can_go_on(run):
    polls = iter([False] * 7)
    stopped = run("a", recipe={"epochs": 5, "batch": 12}, stop=lambda: next(polls, True))
    assert stopped.record.status == "stopped"
    assert (stopped.folder / "weights.safetensors").is_file()
    assert stopped.record.metrics["test"].num_images > 0
    resumed = run("a", recipe={"epochs": 5, "batch": 12})
    whole = run("b", recipe={"epochs": 5, "batch": 12})
    assert resumed.record.status == "finished"
    assert resumed.digest == whole.digest


def test_stop_before_the_first_tuned_epoch_keeps_the_probe(run):
    """The best so far is then the probe's result, not half an epoch of tuning."""
    choices = {
        "strategy": "all_layers",
        "recipe": {"batch": 12, "probe_epochs": 2, "checkpoint_seconds": 1e-9},
    }
    head = run("head", strategy="head_only", recipe={"batch": 12, "epochs": 2})
    probe_steps, decoded = 2 * 4, 2 + 60
    polls = iter([False] * (decoded + probe_steps + 1))
    stopped = run("a", stop=lambda: next(polls, True), **choices)
    assert stopped.record.status == "stopped"
    assert stopped.of("step_ended", phase="main") or stopped.of("checkpoint_saved", phase="main")
    one, two = (load_file(o.folder / "weights.safetensors") for o in (head, stopped))
    for name in one:
        assert torch.equal(one[name], two[name]), name


def test_changed_images_refuse_to_resume(run, stripes, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(stripes, copy)
    choices = {"source": copy, "recipe": {"checkpoint_seconds": 1e-9}}
    with pytest.raises(Killed):
        run("a", stop=_kill_after(6), **choices)
    (copy / "flat" / "000.png").unlink()
    with pytest.raises(RunError, match="changed since"):
        run("a", **choices)


@pytest.mark.parametrize("strategy", ["head_only", "some_layers", "all_layers"])
def test_without_validation_images_the_last_epoch_counts(run, strategy):
    outcome = run(strategy=strategy, validation=0.0, recipe={"epochs": 3})
    assert outcome.record.best_epoch == 3
    assert list(outcome.record.metrics) == ["test"]
    assert outcome.of("epoch_ended")[0].validation_loss is None


def test_unknown_cut_names_the_legal_ones(run):
    with pytest.raises(CutError, match="blocks"):
        run(strategy="some_layers", cut="blocks.77")


@pytest.mark.parametrize(("strategy", "cut"), [("all_layers", "stem"), ("head_only", "stem")])
def test_contradictions_are_refused(run, strategy, cut):
    with pytest.raises(PlanError):
        run(strategy=strategy, cut=cut)


def test_rate_too_small_to_move_anything_fails_loudly(run):
    """A learning rate of nearly zero is no freezing: the proof fails and the run is marked failed."""
    from graftwork.errors import ProofFailed

    with pytest.raises(ProofFailed, match="did not move"):
        run("a", recipe={"learning_rate": 1e-30, "weight_decay": 0.0, "optimizer": "sgd"})
    record = json.loads((run.runs / "a" / "record.json").read_text())
    assert record["status"] == "failed"
    assert record["proof"]["moved_tensors"] < record["proof"]["trainable_tensors"]

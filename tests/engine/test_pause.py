"""A paused run goes on bit for bit; a stopped one is judged by what it began; telemetry only reads."""

from __future__ import annotations

import math
import mmap
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from graftwork.bases import digest_tensors
from graftwork.documents.events import EpochEnded, StepEnded
from graftwork.documents.flow import write_flow
from graftwork.engine.folder import read_record
from graftwork.engine.run import run_flow
from graftwork.engine.telemetry import recall_per_class, resident_bytes

from .test_flows import workspace_in
from .test_resume_flows import keras_flow, scratch_flow, two_backbones

DROPPING = {"strategy": "some_layers", "dropout": 0.3, "batch_norm": "follow"}


def after(number: int) -> Callable[[], bool]:
    """Return a wish that comes true at the (number + 1)-th question."""
    asked = 0

    def wish() -> bool:
        nonlocal asked
        asked += 1
        return asked > number

    return wish


def sit(flow, home, name, **wishes):
    """Do one sitting of a run and return its events."""
    folder = home / "runs" / name
    if not folder.exists():
        folder.mkdir(parents=True)
        write_flow(flow, folder / "flow.yaml")
    return list(run_flow(flow, folder, workspace=workspace_in(home), **wishes))


def weights(home, name):
    return digest_tensors(load_file(home / "runs" / name / "weights.safetensors"))


@pytest.mark.parametrize("questions", [0, 2, 5, 9, 12])
@pytest.mark.parametrize("make", [scratch_flow, keras_flow, two_backbones])
def test_a_paused_run_goes_on_bit_for_bit(make, questions, stripes, tmp_path):
    flow = make(stripes)
    flow = flow.edit(recipe=flow.recipe.edit(checkpoint_seconds=1e9))
    sit(flow, tmp_path, "whole")
    events = sit(flow, tmp_path, "paused", pause=after(questions))
    folder = tmp_path / "runs" / "paused"
    assert events[-1].status == "paused"
    assert events[-1].proof is None
    assert not any(e.kind == "scores_ready" for e in events)
    assert read_record(folder).status == "paused"
    assert not (folder / "weights.safetensors").exists()
    sit(flow, tmp_path, "paused")
    assert weights(tmp_path, "paused") == weights(tmp_path, "whole")
    records = [read_record(tmp_path / "runs" / name) for name in ("whole", "paused")]
    assert records[0].metrics == records[1].metrics
    assert records[0].best_epoch == records[1].best_epoch
    assert records[1].status == "finished"


def test_a_run_paused_at_every_turn_comes_to_the_same_end(stripes, tmp_path):
    """No step is lost or done twice, with gradients that add up over two steps too."""
    flow = scratch_flow(stripes)
    flow = flow.edit(recipe=flow.recipe.edit(accumulate=2, epochs=2, checkpoint_seconds=1e9))
    sit(flow, tmp_path, "whole")
    updates = 2 * 2
    pauses = 0
    while sit(flow, tmp_path, "paused", pause=lambda: True)[-1].status == "paused":
        pauses += 1
        assert pauses <= updates
    assert pauses == updates
    assert weights(tmp_path, "paused") == weights(tmp_path, "whole")


def test_a_pause_in_the_extraction_keeps_the_features(run, stripes, tmp_path):
    from graftwork.documents.flow import read_flow

    whole = run(
        "whole", recipe={"memory_format": "contiguous"}
    )  # the other one would be measured anew elsewhere
    images = sum(whole.record.data.num_images.values())
    flow = read_flow(whole.folder / "flow.yaml")
    home = tmp_path / "other"
    events = sit(flow, home, "a", pause=after(1))
    assert events[-1].status == "paused"
    assert not any(e.kind == "phase_started" for e in events)
    events = sit(flow, home, "a")
    record = read_record(home / "runs" / "a")
    assert 0 < record.cost.cache_hits < images
    assert events[-1].status == "finished"
    assert record.proof.weights_digest == whole.digest


def test_stopping_goes_before_pausing(stripes, tmp_path):
    events = sit(scratch_flow(stripes), tmp_path, "a", pause=after(68), stop=after(66))
    assert events[-1].status == "stopped"
    assert any(e.kind == "scores_ready" for e in events)


def test_the_proof_of_a_stopped_run_counts_what_began(run):
    """Stopped in the probe, the stages that were to be tuned later are not held against it."""
    choices = {"strategy": "all_layers", "recipe": {"batch": 12, "probe_epochs": 3}}
    decoded = 2 + 60
    early = run("early", stop=after(decoded + 6), **choices).record
    late = run("late", recipe={**choices["recipe"], "epochs": 2}, strategy="all_layers").record.proof
    assert early.status == "stopped"
    assert early.proof.holds
    assert early.proof.unmoved == ()
    assert early.proof.trainable_tensors == early.proof.moved_tensors == 2
    assert early.proof.not_started == late.trainable_tensors - 2
    assert late.not_started == 0
    tuning = run("tuning", stop=after(12 + 1), **choices).record.proof  # restored to the probe's
    assert tuning.holds
    assert tuning.not_started == early.proof.not_started


def test_telemetry_names_the_parts_that_move(run):
    outcome = run(strategy="some_layers", recipe={"probe_epochs": 1, "epochs": 2})
    phases = {p.name: p for p in outcome.of("plan_made")[0].plan.phases}
    for name, phase in phases.items():
        parts = {g.name.removesuffix("/plain") for g in phase.groups}
        first = outcome.of("step_ended", phase=name)[0]
        assert set(first.gradient_norms) == set(first.learning_rates) == parts
        assert all(norm > 0 for norm in first.gradient_norms.values())
        assert first.memory_bytes > 10**7
        epochs = outcome.of("epoch_ended", phase=name)
        assert set(epochs[0].movement) == parts
        assert all(value > 0 for value in epochs[-1].movement.values())
    start, end = outcome.of("epoch_ended", phase="main")[0], outcome.of("epoch_ended", phase="main")[-1]
    assert start.movement["head"] > 0  # since the run began, so with the probe's way
    assert all(v == 0 for part, v in start.movement.items() if part != "head")
    assert set(end.validation_per_class) == {"flat", "tall", "wide"}
    balanced = sum(end.validation_per_class.values()) / 3
    assert balanced == pytest.approx(end.validation_balanced_accuracy)


def test_movement_is_the_distance_of_the_saved_weights(run):
    outcome = run(strategy="all_layers", validation=0.0, recipe={"probe_first": False, "epochs": 1})
    from graftwork.bases import open_base

    from ..conftest import TINY_BASE

    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = open_base(TINY_BASE, image_size=32)
    saved = load_file(outcome.folder / "weights.safetensors")
    movement = outcome.of("epoch_ended")[-1].movement
    for stage in fresh.stage_names():
        pairs = [
            (saved[f"base.{n}"], t.detach())
            for n, t in fresh.tensors_of(stage).items()
            if isinstance(t, torch.nn.Parameter)
        ]
        if pairs:
            moved = math.sqrt(sum(float((a - b).square().sum()) for a, b in pairs))
            length = math.sqrt(sum(float(b.square().sum()) for _, b in pairs))
            assert movement[stage] == pytest.approx(moved / length, rel=1e-4), stage


def test_parts_of_several_bases_carry_their_node(stripes, tmp_path):
    events = sit(two_backbones(stripes), tmp_path, "a")
    main = [e for e in events if e.kind == "epoch_ended" and e.phase == "main"]
    moving = {part for e in main for part in e.movement}
    nodes = {n.id for n in two_backbones(stripes).of_component("backbone")}
    assert all("/" not in part or part.split("/")[0] in nodes for part in moving)


def test_older_events_still_parse():
    step = '{"phase":"main","epoch":1,"step":2,"loss":0.5,"learning_rate":0.1,"images_per_second":3.0}'
    assert StepEnded.model_validate_json(step).gradient_norms == {}
    epoch = (
        '{"phase":"main","epoch":1,"train_loss":1.0,"validation_loss":null,"validation_accuracy":null,'
        '"validation_balanced_accuracy":null,"learning_rate":0.1,"seconds":1.0,"is_best":true}'
    )
    assert EpochEnded.model_validate_json(epoch).movement == {}


def test_recalls_leave_out_classes_without_images():
    said = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0]], dtype=np.float32)
    assert recall_per_class(said, np.array([0, 1, 1]), "abc") == {"a": 1.0, "b": 0.5}


def test_memory_is_that_of_this_process():
    before = resident_bytes()
    with mmap.mmap(-1, 200 * 2**20) as held:  # pages of its own, not ones that Python kept
        held.write(b"x" * len(held))
        deadline = time.monotonic() + 5  # some systems count with a delay
        while (grown := resident_bytes() - before) < 100 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert grown > 100 * 2**20

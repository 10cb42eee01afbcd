"""Runs of flows of any shape go on after a kill as if there had been none, bit for bit."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from safetensors.torch import load_file

from graftwork.bases import digest_tensors
from graftwork.documents.flow import Flow, load_flow, write_flow
from graftwork.engine.folder import read_plan, read_record
from graftwork.engine.run import plan_flow, run_flow
from graftwork.errors import PlanError

from .test_flows import BRANCHES, flow_of, workspace_in
from .test_run_laws import Killed, _kill_after

KERAS = """
import keras
from keras import layers

inputs = keras.Input((16, 16, 3))
x = layers.Rescaling(1 / 255)(inputs)
x = layers.Conv2D(4, 3, padding="same", name="first")(x)
x = layers.BatchNormalization(name="norm")(x)
x = layers.ReLU()(x)
x = layers.Dropout(0.3)(x)
x = layers.Conv2D(6, 3, padding="same", name="second")(x)
x = layers.SpatialDropout2D(0.2)(x)
outputs = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, outputs)
model.get_layer("first").trainable = False
"""

RECIPE = "{epochs: 3, probe_epochs: 1, batch: 12, checkpoint_seconds: 1.0e-9, precision: float32}"


def keras_flow(source: Path) -> Flow:
    return load_flow(f"""
name: keras
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 16}}}}
- id: cell
  component: custom
  settings:
    code: |
{textwrap.indent(KERAS, "      ")}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, cell.image]
- [cell.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {RECIPE}
""")


def scratch_flow(source: Path) -> Flow:
    return load_flow(f"""
name: scratch
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 16}}}}
- {{id: convolution, component: convolution, settings: {{filters: 4, kernel: 3}}}}
- {{id: norm, component: batch_norm}}
- {{id: pooling, component: pooling}}
- {{id: dropout, component: dropout, settings: {{rate: 0.4}}}}
- {{id: dense, component: dense}}
- {{id: objective, component: classification}}
edges:
- [images.image, convolution.features]
- [convolution.features, norm.features]
- [norm.features, pooling.features]
- [pooling.features, dropout.features]
- [dropout.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {RECIPE}
""")


def run(flow: Flow, home: Path, name: str, stop=lambda: False) -> str:
    folder = home / "runs" / name
    if not folder.exists():
        folder.mkdir(parents=True)
        write_flow(flow, folder / "flow.yaml")
    for _ in run_flow(flow, folder, workspace=workspace_in(home), stop=stop):
        pass
    assert read_record(folder).proof.holds
    return digest_tensors(load_file(folder / "weights.safetensors"))


@pytest.mark.parametrize("polls", [3, 6, 8])
@pytest.mark.parametrize("make", [keras_flow, scratch_flow])
def test_killed_flows_resume_bit_for_bit(make, polls, stripes, tmp_path):
    flow = make(stripes)
    whole = run(flow, tmp_path, "whole")
    with pytest.raises(Killed):
        run(flow, tmp_path, "killed", _kill_after(polls))
    assert run(flow, tmp_path, "killed") == whole


def test_moving_statistics_of_new_layers_move_and_are_saved(stripes, tmp_path):
    run(scratch_flow(stripes), tmp_path, "whole")
    saved = load_file(tmp_path / "runs" / "whole" / "weights.safetensors")
    mean = next(t for n, t in saved.items() if n.startswith("norm.") and "running_mean" in n)
    assert mean.abs().max() > 0


def test_moving_statistics_of_a_keras_cell_that_trains_move_as_they_would_in_keras(stripes, tmp_path):
    run(keras_flow(stripes), tmp_path, "whole")
    saved = load_file(tmp_path / "runs" / "whole" / "weights.safetensors")
    mean = next(t for n, t in saved.items() if n.endswith("norm.moving_mean"))
    assert mean.abs().max() > 0
    assert read_plan(tmp_path / "runs" / "whole").batch_norm == "follow"


def test_statistics_of_keras_are_not_re_estimated_without_a_word(stripes, tmp_path):
    backbone = load_flow(f"""
name: adapt
nodes:
- {{id: images, component: images, settings: {{source: {stripes}}}}}
- {{id: backbone, component: backbone, settings: {{base: "random:keras:MobileNet", image_size: 32, batch_norm: adapt}}}}
- {{id: head, component: head}}
- {{id: objective, component: classification}}
edges:
- [images.image, backbone.image]
- [backbone.features, head.features]
- [head.logits, objective.logits]
- [images.labels, objective.labels]
""")
    with pytest.raises(PlanError, match="adapt"):
        plan_flow(backbone, workspace=workspace_in(tmp_path))


def two_backbones(source: Path) -> Flow:
    text = BRANCHES.replace("recipe: {epochs: 1, probe_epochs: 1, precision: float32}", f"recipe: {RECIPE}")
    return flow_of(text, source)


@pytest.mark.parametrize("polls", [6, 11])
def test_a_run_of_two_backbones_that_is_killed_mid_epoch_resumes_bit_for_bit(polls, stripes, tmp_path):
    flow = two_backbones(stripes)
    whole = run(flow, tmp_path, "whole")
    with pytest.raises(Killed):
        run(flow, tmp_path, "killed", _kill_after(polls))
    assert run(flow, tmp_path, "killed") == whole


def test_a_run_that_dies_while_its_scores_are_computed_keeps_its_training(stripes, tmp_path, monkeypatch):
    from graftwork.engine import run as module

    flow = scratch_flow(stripes)
    whole = run(flow, tmp_path, "whole")

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "predict", die)
        with pytest.raises(Killed):
            run(flow, tmp_path, "killed")
    assert run(flow, tmp_path, "killed") == whole
    records = [read_record(tmp_path / "runs" / name) for name in ("whole", "killed")]
    assert records[0].best_epoch == records[1].best_epoch
    assert records[0].metrics == records[1].metrics


def test_a_run_that_dies_after_its_last_wanted_epoch_does_not_train_another(stripes, tmp_path):
    flow = scratch_flow(stripes)
    flow = flow.edit(recipe=flow.recipe.edit(epochs=12, early_stop=1, learning_rate=0.1))
    whole = run(flow, tmp_path, "whole")
    last = read_record(tmp_path / "runs" / "whole").best_epoch + 1
    assert last < 12
    folder = tmp_path / "runs" / "killed"
    folder.mkdir(parents=True)
    write_flow(flow, folder / "flow.yaml")
    for event in run_flow(flow, folder, workspace=workspace_in(tmp_path)):
        if event.kind == "checkpoint_saved" and (event.epoch, event.step) == (last, 0):
            break  # killed between the checkpoint and the decision to stop
    epochs = []
    for event in run_flow(flow, folder, workspace=workspace_in(tmp_path)):
        epochs += [event.epoch] if event.kind == "epoch_ended" else []
    assert epochs == []
    assert digest_tensors(load_file(folder / "weights.safetensors")) == whole

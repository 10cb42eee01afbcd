"""Previews: the trained network's own numbers, and no more work than an edit asks for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.documents.flow import Edge, Flow, Node, load_flow, write_flow
from graftwork.documents.preview import PreviewDocument
from graftwork.engine.build import build_flow
from graftwork.engine.data_wires import DataWires
from graftwork.engine.evaluate import Split, predict
from graftwork.engine.prepare import open_data
from graftwork.engine.preview import bench as preview_bench
from graftwork.engine.preview.session import PreviewSession
from graftwork.engine.run import run_flow
from graftwork.engine.settings import read_settings
from graftwork.engine.sources import ImageSource
from graftwork.engine.trained import load_run
from graftwork.engine.workspace import Workspace
from graftwork.errors import (
    DataError,
    FlowError,
    RunError,
    RunInterrupted,
    UnknownName,
    UsageError,
    WeightsMismatch,
)
from graftwork.graph.flows import transfer_flow

from ..conftest import TINY_BASE

BRANCHES = """
name: branches
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: one, component: backbone, settings: {base: BASE}}
- {id: conv, component: convolution, settings: {filters: 20, kernel: 3}}
- {id: pool, component: pooling}
- {id: small, component: dense, settings: {units: 6}}
- {id: both, component: merge, settings: {how: concatenate}}
- {id: choice, component: switch, settings: {choice: b}}
- {id: dense, component: dense}
- {id: objective, component: classification}
edges:
- [images.image, one.image]
- [images.image, conv.features]
- [conv.features, pool.features]
- [pool.features, small.features]
- [one.features, both.a]
- [small.features, both.b]
- [small.features, choice.a]
- [both.merged, choice.b]
- [choice.chosen, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
recipe: {epochs: 1, probe_epochs: 1, precision: float32}
"""


def workspace_in(folder: Path) -> Workspace:
    return Workspace(folder / "cache", folder / "runs", folder / "data", folder)


def train(flow: Flow, folder: Path) -> Path:
    run_folder = folder / "runs" / "r"
    run_folder.mkdir(parents=True)
    write_flow(flow, run_folder / "flow.yaml")
    for _ in run_flow(flow, run_folder, workspace=workspace_in(folder)):
        pass
    return run_folder


@pytest.fixture(scope="module")
def branches(stripes, tmp_path_factory):
    """The branching flow, its run, the folder of both."""
    folder = tmp_path_factory.mktemp("previews")
    flow = load_flow(BRANCHES.replace("SOURCE", str(stripes)).replace("BASE", TINY_BASE))
    return flow, train(flow, folder), folder


@pytest.fixture
def session(tmp_path):
    return PreviewSession(workspace_in(tmp_path))


@pytest.fixture
def flow(stripes):
    return transfer_flow(str(stripes), base=TINY_BASE, image_size=32)


@pytest.fixture
def called(monkeypatch):
    """Names of the steps that really computed, in order."""
    names: list[str] = []
    run = preview_bench.try_step

    def counted(step, values):
        names.append(step.node)
        return run(step, values)

    monkeypatch.setattr(preview_bench, "try_step", counted)
    return names


def values_at(network, images, positions, port, wire):
    """The network's values by the way that evaluation takes."""
    from graftwork.data import Transform
    from graftwork.documents.plan import ComputePlan

    compute, transform = ComputePlan(), Transform.for_port(port)
    source = ImageSource(
        images, positions, transform, augmenter=None, store=None, compute=compute, wire=network.image_wire
    )
    data = DataWires(images, positions, network.data_wires, transform)
    return predict(network, Split(source, data), compute, [wire])[wire]


def shown(session, monkeypatch, *args, **choices):
    """A preview and the tensor behind it."""
    from graftwork.engine.preview import session as preview

    kept = []
    describe = preview.describe
    monkeypatch.setattr(preview, "describe", lambda s, *a, **k: kept.append(s) or describe(s, *a, **k))
    found = session.preview(*args, **choices)
    monkeypatch.undo()
    return found, kept[0].values[0]


NODES = [
    "one.features",
    "conv.features",
    "pool.features",
    "small.features",
    "both.merged",
    "choice.chosen",
    "dense.features",
]


@pytest.mark.parametrize("wire", NODES)
@pytest.mark.parametrize("is_trained", [False, True])
def test_a_preview_equals_what_the_whole_network_computes_there(branches, monkeypatch, wire, is_trained):
    flow, run, folder = branches
    workspace = workspace_in(folder)
    if is_trained:
        model = load_run(run, workspace=workspace)
        network, port = model.network, model.port
    else:
        built = build_flow(flow, 3, workspace)
        network, port = built.network, built.port
    images = open_data(read_settings(flow).images, 0, workspace)
    positions = [3, 30, 50]
    expected = values_at(network, images, positions, port, wire)
    session = PreviewSession(workspace, keep_files=False)
    choices = {"samples": positions, "run": run if is_trained else None}
    found, value = shown(session, monkeypatch, flow, wire.partition(".")[0], **choices)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    assert found.document.weights == ("r" if is_trained else "initial")
    assert found.document.stats.mean == pytest.approx(float(expected.mean()), abs=1e-5)


def test_every_node_of_a_branching_flow_has_a_preview_that_survives_json(branches, tmp_path):
    flow, _, folder = branches
    session = PreviewSession(workspace_in(folder), keep_files=False)
    views = {}
    for node in flow.nodes:
        document = session.preview(flow, node.id).document
        assert PreviewDocument.model_validate_json(document.model_dump_json()) == document
        assert len(document.samples) == 4
        views[node.id] = document.samples[0].view.view
    assert views == {
        "images": "image",
        "one": "vector",
        "conv": "maps",
        "pool": "vector",
        "small": "vector",
        "both": "vector",
        "choice": "vector",
        "dense": "scores",
        "objective": "objective",
    }


def test_stages_of_a_base_are_shown_and_computed_no_further(session, flow, called, monkeypatch):
    from graftwork.bases import open_base
    from graftwork.data import Transform, read_canvas

    with torch.random.fork_rng():
        torch.manual_seed(0)
        base = open_base(TINY_BASE, image_size=32)
    names = base.stage_names()
    found, value = shown(session, monkeypatch, flow, "backbone", port=names[1], samples=[0, 20])
    images = open_data(read_settings(flow).images, 0, session.workspace)
    transform = Transform.for_port(base.card.port.edit(height=32, width=32, crop_share=1.0))
    canvases = np.stack([read_canvas(images, i, transform) for i in (0, 20)])
    with torch.no_grad():
        x = transform.normalize(torch.from_numpy(canvases))
        expected = base.stages[1].module(base.stages[0].module(x))
    torch.testing.assert_close(value, expected)
    assert found.document.samples[0].view.view == "maps"
    assert found.document.port == names[1]


def test_a_late_edit_computes_that_node_alone(session, flow, called):
    first = session.preview(flow, "head")
    assert set(called) == {"backbone", "head"}
    called.clear()
    again = session.preview(flow, "head")
    assert called == []
    assert again.document.from_cache
    assert again.document.edit(seconds=0.0, computed=(), from_cache=False) == first.document.edit(
        seconds=0.0, computed=(), from_cache=False
    )
    edited = session.preview(flow.with_settings("head", dropout=0.5), "head")
    assert called == ["head"]
    assert edited.document.computed == ("head",)


@pytest.mark.parametrize("change", [{"strategy": "all_layers"}, {"cut": "input"}, {"batch_norm": "follow"}])
def test_how_a_base_is_to_be_trained_changes_nothing_that_is_shown(session, flow, called, change):
    session.preview(flow, "head")
    called.clear()
    assert session.preview(flow.with_settings("backbone", **change), "head").document.from_cache
    assert called == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: f.with_settings("backbone", base="random:timm:resnet10t"),
        lambda f: f.with_settings("backbone", image_size=40),
        lambda f: f.with_settings("images", size=48),
        lambda f: f.edit(recipe=f.recipe.edit(seed=7)),
    ],
    ids=["base", "image size", "size of the data", "seed"],
)
def test_an_early_edit_computes_all_that_stands_on_it(session, flow, called, edit):
    before = session.preview(flow, "head", samples=[0, 1]).document
    called.clear()
    after = session.preview(edit(flow), "head", samples=[0, 1]).document
    assert set(called) == {"backbone", "head"}
    assert after.fingerprint != before.fingerprint
    assert after.stats != before.stats


def test_an_edit_of_one_branch_leaves_the_other_alone(branches, called):
    flow, _, folder = branches
    session = PreviewSession(workspace_in(folder), keep_files=False)
    session.preview(flow, "dense")
    called.clear()
    session.preview(flow.with_settings("small", units=7), "dense")
    assert called == ["small", "both", "choice", "dense"]


def test_the_next_session_reads_what_the_last_one_stored(flow, called, tmp_path):
    first = PreviewSession(workspace_in(tmp_path)).preview(flow, "head").document
    called.clear()
    second = PreviewSession(workspace_in(tmp_path)).preview(flow, "head").document
    assert called == ["head"]
    assert second.stats == first.stats
    assert second.samples == first.samples
    for file in (tmp_path / "cache" / "previews").rglob("outputs.safetensors"):
        file.write_bytes(b"damaged")
    assert PreviewSession(workspace_in(tmp_path)).preview(flow, "head").document.samples == first.samples


def test_memory_stays_within_its_limit_and_answers_stay_the_same(branches):
    flow, _, folder = branches
    workspace = workspace_in(folder)
    roomy, tight = (
        PreviewSession(workspace, keep_files=False),
        PreviewSession(workspace, memory_bytes=20_000, keep_files=False),
    )
    for node in ("dense", "conv", "dense"):
        one, two = roomy.preview(flow, node).document, tight.preview(flow, node).document
        assert one.samples == two.samples
    assert len(tight.memory) < len(roomy.memory)


def test_problems_elsewhere_do_not_matter_and_those_upstream_name_their_node(session, flow):
    broken = flow.edit(
        nodes=(*flow.nodes, Node(id="loose", component="dense", settings={"units": "many"})),
        edges=tuple(e for e in flow.edges if e.target.node != "objective"),
    )
    assert session.preview(broken, "head").document.samples
    with pytest.raises(FlowError, match="units") as caught:
        session.preview(broken, "loose")
    assert caught.value.node == "loose"
    wrong_backbone = flow.with_settings("backbone", strategy="some")
    with pytest.raises(FlowError) as caught:
        session.preview(wrong_backbone, "head")
    assert caught.value.node == "backbone"
    assert session.preview(wrong_backbone, "images").document.kind == "image"


def test_a_loop_is_told_as_such(session, flow):
    loop = flow.edit(edges=(*flow.edges[1:], Edge(source="head.logits", target="head.features")))
    with pytest.raises(FlowError, match="loop"):
        session.preview(loop, "head")


def test_wrong_names_are_guessed(session, flow):
    with pytest.raises(UnknownName, match="Did you mean 'backbone'"):
        session.preview(flow, "backbon")
    with pytest.raises(UnknownName, match="Did you mean 'features'"):
        session.preview(flow, "backbone", port="feature")
    with pytest.raises(UnknownName, match="Did you mean 'flat/0"):
        session.preview(flow, "head", samples=["flat/00.png"])
    with pytest.raises(UnknownName, match="from 0 to 59"):
        session.preview(flow, "head", samples=[60])
    with pytest.raises(UsageError):
        session.preview(flow, "head", samples=[])
    with pytest.raises(DataError, match="test"):
        session.preview(flow.with_settings("images", test=0.0), "head", split="test")


def test_samples_come_from_each_class_and_are_always_the_same(session, flow):
    documents = [session.preview(flow, "images", number=3, split="train").document for _ in range(2)]
    assert [s.key for s in documents[0].samples] == [s.key for s in documents[1].samples]
    assert sorted(s.label[0] for s in documents[0].samples) == ["flat", "tall", "wide"]
    assert {s.split for s in documents[0].samples} == {"train"}


def test_images_are_shown_as_the_pixels_that_went_in(session, flow, stripes):
    edited = flow.with_settings("images", size=40).with_settings("backbone", base="random:timm:resnet10t")
    found = session.preview(edited, "images", samples=["tall/003.png"])
    view = found.document.samples[0].view
    with Image.open(stripes / "tall" / "003.png") as image:
        expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(found.pictures[view.picture].astype(int) - expected).max() <= 1
    assert view.stats.min < 0  # the network gets normalized values


def test_scores_are_the_softmax_of_the_logits(session, flow):
    for sample in session.preview(flow, "head").document.samples:
        view = sample.view
        z = np.exp(np.array(view.logits))
        shares = dict(zip(("flat", "tall", "wide"), z / z.sum(), strict=True))
        assert [c.name for c in view.top] == sorted(shares, key=lambda n: -shares[n])
        assert all(c.probability == pytest.approx(shares[c.name], abs=1e-5) for c in view.top)
        assert view.is_right == (view.predicted == sample.label)


def test_the_objective_shows_the_loss_of_each_sample(session, flow):
    logits = session.preview(flow, "head").document.samples
    losses = session.preview(flow, "objective").document.samples
    for said, lost in zip(logits, losses, strict=True):
        share = next(c.probability for c in said.view.top if (c.name,) == said.label)
        assert lost.view.loss == pytest.approx(-np.log(share), abs=1e-4)
        assert lost.view.is_right == said.view.is_right


def test_maps_show_the_channels_that_vary_most_or_the_one_that_is_asked_for(branches, monkeypatch):
    flow, _, folder = branches
    session = PreviewSession(workspace_in(folder), keep_files=False)
    found, value = shown(session, monkeypatch, flow, "conv")
    spread = value.double().numpy().transpose(1, 0, 2, 3).reshape(20, -1).std(1)
    view = found.document.samples[0].view
    assert {c.index for c in view.channels} == set(np.argsort(-spread)[:16].tolist())
    one = session.preview(flow, "conv", channel=18)
    assert [c.index for c in one.document.samples[1].view.channels] == [18]
    assert one.document.samples[1].view.channels[0].stats.mean == pytest.approx(
        float(value[1, 18].mean()), abs=1e-5
    )
    with pytest.raises(UsageError, match="0 to 19"):
        session.preview(flow, "conv", channel=20)
    for picture in found.pictures:
        with Image.open(io.BytesIO(found.png(picture))) as image:
            assert image.format == "PNG"
            assert min(image.size) >= 128
            assert image.width % found.pictures[picture].shape[1] == 0


CODE = {
    "nan": "def forward(image):\n    return image.mean((2, 3)) * float('nan')\n",
    "draws": "def forward(image):\n    return image.mean((2, 3))\n\n"
    "def preview(outputs):\n    return {'map': outputs['features'], 'rgb': torch.zeros(4, 5, 3)}\n",
    "fails": "def forward(image):\n    return image.mean((2, 3))\n\ndef preview(outputs):\n    return outputs['x']\n",
    "shape": "def forward(image):\n    return image.mean((2, 3))\n\ndef preview(outputs):\n    return [1.0]\n",
}


def custom_flow(source: Path, **settings: str) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": str(source), "size": 16}),
        Node(id="net", component="custom", settings=settings),
        Node(id="head", component="head"),
        Node(id="objective", component="classification"),
    )
    wires = (
        ("images.image", "net.image"),
        ("net.features", "head.features"),
        ("head.logits", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    return Flow(nodes=nodes, edges=tuple(Edge(source=a, target=b) for a, b in wires))


@pytest.mark.parametrize("node", ["net", "head", "objective"])
def test_values_that_are_no_numbers_are_counted_and_break_nothing(session, stripes, node):
    document = session.preview(custom_flow(stripes, code=CODE["nan"]), node).document
    assert document.stats.num_nan > 0
    assert document.stats.mean is None
    assert PreviewDocument.model_validate_json(document.model_dump_json()) == document


def test_custom_code_draws_its_own_preview_and_its_faults_are_told(session, stripes):
    drawn = session.preview(custom_flow(stripes, code=CODE["draws"]), "net")
    assert drawn.pictures[drawn.document.custom.pictures["map"]].shape == (4, 3, 3)
    assert drawn.pictures[drawn.document.custom.pictures["rgb"]].shape == (4, 5, 3)
    fails = session.preview(custom_flow(stripes, code=CODE["fails"]), "net").document
    assert "line 5" in fails.custom.error
    assert fails.samples
    assert "(h, w)" in session.preview(custom_flow(stripes, code=CODE["shape"]), "net").document.custom.error


def test_a_changed_file_of_code_is_computed_anew(tmp_path, stripes):
    session, file = PreviewSession(workspace_in(tmp_path)), tmp_path / "net.py"
    flow = custom_flow(stripes, file="net.py")
    file.write_text("def forward(image):\n    return image.mean((2, 3))\n")
    before = session.preview(flow, "net").document
    file.write_text("def forward(image):\n    return image.amax((2, 3))\n\n")
    after = session.preview(flow, "net").document
    assert not after.from_cache
    assert after.stats.mean > before.stats.mean


def test_added_images_are_noticed(tmp_path, session):
    from ..conftest import write_stripes

    root = write_stripes(tmp_path / "more", per_class=4)
    flow = transfer_flow(str(root), base=TINY_BASE, image_size=32)
    with pytest.raises(UnknownName):
        session.preview(flow, "images", samples=["flat/new.png"])
    (root / "flat" / "000.png").rename(root / "flat" / "new.png")
    assert session.preview(flow, "images", samples=["flat/new.png"]).document.samples[0].key == "flat/new.png"


def test_weights_that_do_not_fit_name_what_changed_since_the_run(branches):
    flow, run, folder = branches
    session = PreviewSession(workspace_in(folder), keep_files=False)
    trained = session.preview(flow, "dense", run=run).document
    assert trained.stats != session.preview(flow, "dense").document.stats
    changed = flow.with_settings("small", units=9)
    assert session.preview(changed, "conv", run=run).document.weights == "r"
    with pytest.raises(WeightsMismatch, match="Changed since that run: 'small'") as caught:
        session.preview(changed, "dense", run=run)
    assert caught.value.node == "small"
    with pytest.raises(RunError, match="no trained weights"):
        session.preview(flow, "dense", run=folder / "runs" / "absent")


def test_a_base_added_since_the_run_does_not_get_the_weights_of_another(branches):
    flow, run, folder = branches
    added = flow.edit(
        nodes=(*flow.nodes, Node(id="two", component="backbone", settings={"base": TINY_BASE})),
        edges=(*flow.edges, Edge(source="images.image", target="two.image")),
    )
    session = PreviewSession(workspace_in(folder), keep_files=False)
    assert session.preview(added, "one", run=run).document.weights == "r"
    with pytest.raises(WeightsMismatch, match="Changed since that run: 'two'"):
        session.preview(added, "two", run=run)


def test_a_stopped_preview_ends_and_the_next_one_is_whole(session, flow):
    with pytest.raises(RunInterrupted):
        session.preview(flow, "head", stop=lambda: True)
    assert session.preview(flow, "head", stop=lambda: False).document.samples


def test_bases_that_end_at_different_stages_are_told_apart(session, flow):
    """In one session, from memory and from files alike."""
    names = session.base_of(flow, flow.node("backbone")).stage_names()
    short = flow.with_settings("backbone", last_stage=names[-3])
    whole = session.preview(flow, "backbone").document
    ended = session.preview(short, "backbone").document
    assert ended.shape != whole.shape
    assert session.preview(flow, "backbone").document.shape == whole.shape
    again = PreviewSession(session.workspace)
    assert again.preview(short, "backbone").document.shape == ended.shape
    assert session.base_of(short, short.node("backbone")).stage_names() == names[: len(names) - 2]

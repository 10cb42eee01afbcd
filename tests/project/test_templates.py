"""Templates: each file is a flow and comes back as it was, passes the check, and takes what it is given."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import Flow, dump_flow, load_flow
from graftwork.errors import FlowError, UnknownName, UsageError
from graftwork.graph.check import check
from graftwork.project import Project
from graftwork.project.templates import (
    Template,
    fill_template,
    get_template,
    list_templates,
    untrained_bases,
)
from graftwork.project.trust import trust

EXAMPLES = Path(__file__).parents[2] / "examples"
TEMPLATES = {template.name: template for template in list_templates()}
each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.name)


def text_of(name: str) -> str:
    return files("graftwork.project").joinpath("template_files", f"{name}.yaml").read_text(encoding="utf-8")


def test_the_two_classic_flows_and_the_standard_one_are_there() -> None:
    assert {"transfer", "keras-binary", "keras-classes", "textile-to-metal"} <= set(TEMPLATES)
    assert next(iter(TEMPLATES)) == "transfer"


@each_template
def test_yaml_in_is_flow_is_yaml_out(template: Template) -> None:
    text = text_of(template.name)
    assert dump_flow(load_flow(text)) == text
    assert load_flow(dump_flow(template.flow)) == template.flow


@each_template
def test_a_template_has_no_problems(template: Template) -> None:
    assert check(template.flow) == ()


@each_template
def test_a_template_says_what_it_is_and_where_its_nodes_stand(template: Template) -> None:
    assert template.flow.name == template.name
    assert template.title
    assert len(template.description) > 80
    places = template.flow.layout
    assert set(places) == {node.id for node in template.flow.nodes}
    assert len(set(places.values())) == len(places)  # no node lies on another


@each_template
def test_the_example_is_the_template(template: Template) -> None:
    assert (EXAMPLES / f"{template.name}.yaml").read_text(encoding="utf-8") == text_of(template.name)


def test_no_example_is_left_over() -> None:
    assert {p.stem for p in EXAMPLES.glob("*.yaml")} == set(TEMPLATES)


def test_code_stands_in_the_file_as_people_write_it() -> None:
    code = str(TEMPLATES["keras-classes"].flow.node("cell").settings["code"])
    assert all(f"      {line}\n" in text_of("keras-classes") for line in code.splitlines() if line)


# -- the two classic flows, to the letter ------------------------------------------------------------


def test_keras_binary_is_the_classic_flow() -> None:
    flow = TEMPLATES["keras-binary"].flow
    assert flow.node("images").settings["size"] == 150
    assert flow.node("backbone").settings["base"] == "random:keras:Xception"
    assert flow.node("backbone").settings["strategy"] == "head_only"
    assert flow.node("backbone").settings["last_stage"] == "block14"  # before Xception's own pooling
    assert flow.node("pooling").settings == {"how": "average", "scope": "global"}
    assert flow.node("dense").settings == {"units": 1}
    assert flow.node("objective").component == "binary"
    recipe = flow.recipe
    assert (recipe.optimizer, recipe.epochs, recipe.learning_rate) == ("adam", 20, 0.001)
    assert (recipe.schedule, recipe.warmup) == ("constant", 0.0)


def test_keras_classes_is_the_classic_flow() -> None:
    flow = TEMPLATES["keras-classes"].flow
    code = str(flow.node("cell").settings["code"])
    assert "include_top=False, input_shape=(180, 180, 3), weights=weights" in code
    assert "base.trainable = False" in code
    assert "base(x, training=False)" in code
    wires = {(str(e.source), str(e.target)) for e in flow.edges}
    assert ("images.labels", "one_hot.labels") in wires
    assert ("one_hot.labels", "objective.labels") in wires


# -- formats -----------------------------------------------------------------------------------------


def test_flows_of_the_first_version_open() -> None:
    old = "name: old\nnodes:\n- {id: images, component: images, settings: {source: photos}}\nedges: []\n"
    assert load_flow(old) == load_flow(f"format: 1\n{old}")
    assert load_flow(old).title == ""
    assert "title" not in dump_flow(load_flow(old))


def test_a_flow_of_a_newer_format_is_refused_by_name() -> None:
    newer = Flow.newest_format + 1
    with pytest.raises(FlowError, match=f"new.yaml is written in format {newer}"):
        load_flow(f"format: {newer}\nname: x\n", name="new.yaml")


# -- filling in --------------------------------------------------------------------------------------


def test_data_base_and_name_take_their_places() -> None:
    flow = fill_template(get_template("two-views"), name="mine", data="photos", base="random:timm:resnet18")
    assert flow.name == "mine"
    assert flow.node("images").settings["source"] == "photos"
    assert {n.settings["base"] for n in flow.of_component("backbone")} == {"random:timm:resnet18"}
    other = fill_template(get_template("keras-binary"), base="random:timm:resnet18").node("backbone")
    assert other.settings["last_stage"] is None  # block14 is none of its stages


def test_weights_go_to_the_base_and_to_the_code(tmp_path: Path) -> None:
    file = tmp_path / "w.h5"
    file.write_bytes(b"x")
    binary = fill_template(get_template("keras-binary"), weights=file)
    assert binary.node("backbone").settings["base"] == f"file:{file}@keras:Xception"
    classes = fill_template(get_template("keras-classes"), weights=file)
    assert classes.node("cell").settings["weights"] == str(file)
    assert untrained_bases(binary) == untrained_bases(classes) == ()


def test_untrained_bases_are_known() -> None:
    assert untrained_bases(TEMPLATES["keras-binary"].flow) == ("backbone",)
    assert untrained_bases(TEMPLATES["keras-classes"].flow) == ("cell",)
    assert untrained_bases(TEMPLATES["transfer"].flow) == ()


def test_what_does_not_fit_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no template 'keras-binry'") as caught:
        get_template("keras-binry")
    assert "keras-binary" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no weights file"):
        fill_template(get_template("keras-binary"), weights=tmp_path / "none.h5")
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(UsageError, match="takes a weights file"):
        fill_template(get_template("transfer"), weights=tmp_path / "w.h5")
    with pytest.raises(UsageError, match="no backbone"):
        fill_template(get_template("own-module"), base="timm:resnet18")


# -- each trains -------------------------------------------------------------------------------------


def tiny(flow: Flow, size: int = 32) -> Flow:
    """Return the flow with one epoch and images and bases as small as they get."""
    recipe = flow.recipe.edit(epochs=1, probe_epochs=1, batch=16, precision="float32")
    for node in flow.nodes:
        settings = node.settings
        if node.component == "images":
            flow = flow.with_settings(node.id, size=size, validation=0.2, test=0.2)
        if str(settings.get("base", "")).startswith(("bundled:", "run:")):
            flow = flow.with_settings(node.id, base="random:timm:test_efficientnet")
            if settings.get("skips"):  # stages of the template's base
                flow = flow.with_settings(node.id, last_stage=None)
        if "height" in settings:
            flow = flow.with_settings(node.id, height=size // 2, width=size // 2)
        if node.component == "custom":
            code = str(settings["code"]).replace("180, 180", f"{size}, {size}")
            options = {**settings.get("options", {})}  # type: ignore[dict-item]
            if "base" in options:
                options["base"] = f"random:{options['base']}"
            flow = flow.with_settings(node.id, code=code, options=options)
        if node.component == "unet_decoder":
            flow = flow.with_settings(node.id, size=[size, size])
    return flow.edit(recipe=recipe)


@pytest.fixture
def train(tmp_path: Path, stripes: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))

    def start(name: str, data: Path = stripes, size: int = 32, **images: Any) -> Any:
        flow = tiny(fill_template(get_template(name), data=str(data)), size)
        if images:
            flow = flow.with_settings("images", **images)
        project = Project(tmp_path / "project")
        trust(project.root)
        run = project.run(flow)
        assert run.status == "finished", run.record.message
        return run

    return start


@pytest.fixture
def two_classes(tmp_path: Path, stripes: Path) -> Path:
    root = tmp_path / "two"
    root.mkdir()
    for name in ("flat", "tall"):
        (root / name).symlink_to(stripes / name)
    return root


@pytest.mark.parametrize("name", ["transfer", "textile-to-metal", "own-module"])
def test_a_template_trains(name: str, train: Any) -> None:
    run = train(name)
    assert run.proof.holds
    assert run.proof.moved_tensors > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-views", "anomaly"])
def test_a_larger_template_trains(name: str, train: Any) -> None:
    assert train(name).proof.holds


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A folder of pictures and masks, with a table of numbers and tags."""
    draw = np.random.default_rng(0)
    root = tmp_path / "measured"
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    lines = ["image,label,tags,thickness,temperature,speed"]
    for number in range(40):
        odd = number % 2
        pixels = draw.integers(0, 90, (40, 40, 3)).astype(np.uint8)
        mask = np.zeros((40, 40), np.uint8)
        mask[10:25, 10:25] = odd
        Image.fromarray(pixels + 120 * mask[..., None]).save(root / "images" / f"{number}.png")
        Image.fromarray(mask).save(root / "masks" / f"{number}.png")
        lines.append(
            f"images/{number}.png,{'bad' if odd else 'ok'},{'a;b' if odd else 'a'},{odd},{number},1.5"
        )
    (root / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("numbers-and-images", {}),
        ("regression", {"label_columns": ["thickness"]}),
        ("multi-label", {"label_column": "tags"}),
    ],
)
def test_a_template_for_tables_trains(name: str, columns: dict[str, Any], train: Any, measured: Path) -> None:
    assert train(name, measured / "table.csv", **columns).proof.holds


@pytest.mark.slow
@pytest.mark.parametrize("name", ["segmentation", "anomaly", "regression", "multi-label"])
def test_a_template_of_another_task_trains_on_its_own_sample(name: str, tmp_path: Path) -> None:
    template = get_template(name)
    assert not template.wants_data
    run = Project(tmp_path / "project").run(tiny(template.flow))
    assert run.status == "finished", run.record.message
    assert run.proof.holds  # type: ignore[union-attr]
    assert (run.proof.moved_tensors > 0) == (name != "anomaly")  # type: ignore[union-attr]


@pytest.mark.slow
def test_segmentation_trains_on_pictures_and_masks(train: Any, measured: Path) -> None:
    (measured / "table.csv").unlink()
    assert train("segmentation", measured).proof.holds


@pytest.mark.slow
def test_keras_binary_trains_and_stays_frozen(train: Any, two_classes: Path) -> None:
    proof = train("keras-binary", two_classes, 71).proof
    assert proof.holds
    assert (proof.moved_tensors, proof.trainable_tensors) == (2, 2)
    # Xception's paper, figure 5: 2 convolutions, 34 separable ones (two tensors each) and 4 shortcuts; after each of
    # the 40 a batch norm of four tensors
    assert proof.frozen_tensors == 2 + 34 * 2 + 4 + 40 * 4


@pytest.mark.slow
def test_keras_classes_trains_and_stays_frozen(train: Any) -> None:
    proof = train("keras-classes", size=64).proof
    assert proof.holds
    assert (proof.moved_tensors, proof.trainable_tensors) == (2, 2)
    assert proof.frozen_tensors == 52 * 5  # 52 convolutions without bias, each with a batch norm of four

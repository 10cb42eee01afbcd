"""The contract of custom code: ports from settings, shapes by words, faults found without running anything."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from graftwork.documents.flow import Edge, Flow, Node, dump_flow, load_flow
from graftwork.graph.check import check
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.custom import CustomSettings, custom_nodes, pixel_range
from graftwork.graph.custom_code import assignment_order, look_at_code
from graftwork.graph.ports import Misfit, Wire

CODE = "def forward(image):\n    return image.mean((2, 3))\n"
CUSTOM = CONTRACTS.get("custom")


def settings(**changes: Any) -> CustomSettings:
    return CustomSettings.model_validate({"code": CODE, **changes})


def flow_with(**changes: Any) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": "photos"}),
        Node(id="net", component="custom", settings={"code": CODE, **changes}),
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


def test_ports_are_those_of_the_settings() -> None:
    two = settings(
        inputs=[{"name": "left", "kind": "image"}, {"name": "right", "kind": "number", "shape": ["b", 4]}],
        outputs=[{"name": "mix", "kind": "features"}, {"name": "score", "kind": "logits"}],
    )
    inputs, outputs = CUSTOM.ports(two)
    assert [(p.name, p.kind, p.shape) for p in inputs] == [
        ("left", "image", ("...",)),
        ("right", "number", ("b", 4)),
    ]
    assert [p.name for p in outputs] == ["mix", "score"]


def test_without_ports_there_is_one_image_in_and_one_features_out() -> None:
    inputs, outputs = CUSTOM.ports(settings())
    assert [(p.name, p.kind) for p in (*inputs, *outputs)] == [("image", "image"), ("features", "features")]


def test_words_in_shapes_stand_for_what_comes_in() -> None:
    made = settings(
        inputs=[{"name": "image", "kind": "image", "shape": ["b", "c", "h", "w"]}],
        outputs=[{"name": "turned", "kind": "image", "shape": ["b", "c", "w", "h"]}],
    )
    wires = CUSTOM.wires(made, {"image": Wire(kind="image", shape=("b", 3, 20, 30))})
    assert wires["turned"].shape == ("b", 3, 30, 20)


def test_one_word_cannot_be_two_sizes() -> None:
    made = settings(
        inputs=[
            {"name": "a", "kind": "features", "shape": ["b", "d"]},
            {"name": "c", "kind": "features", "shape": ["b", "d"]},
        ]
    )
    wires = {"a": Wire(kind="features", shape=("b", 4)), "c": Wire(kind="features", shape=("b", 5))}
    with pytest.raises(Misfit, match="4 at one input and 5"):
        CUSTOM.wires(made, wires)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": [{"name": "2d", "kind": "image"}]}, "no Python name"),
        ({"inputs": [{"name": "class", "kind": "image"}]}, "no Python name"),
        ({"outputs": []}, "at least 1"),
        ({"outputs": [{"name": "a", "kind": "features"}] * 2}, "two ports are named a"),
        ({"file": "../elsewhere.py"}, "outside"),
        ({"file": "/etc/code.py"}, "outside"),
        ({"value_range": [1, 0]}, "lower to a higher"),
        ({"time_limit": 0}, "greater than 0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**changes)


def test_a_flow_with_custom_code_is_checked_and_survives_yaml() -> None:
    flow = flow_with(options={"depth": 3}, unfreeze=["block14*"], value_range=[0, 255])
    assert check(flow) == ()
    assert load_flow(dump_flow(flow)) == flow
    assert [n.id for n in custom_nodes(flow)] == ["net"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": ""}, "no code"),
        ({"file": "net.py"}, "both"),
        ({"code": "x = ("}, "line 1"),
        ({"code": "\nimport tensorflow as tf"}, "line 2: the code imports 'tensorflow'"),
        ({"code": "from tensorflow.keras import layers"}, "tensorflow.keras"),
    ],
)
def test_check_names_the_node_and_the_line_of_code_that_cannot_run(
    changes: dict[str, Any], said: str
) -> None:
    (problem,) = check(flow_with(**changes))
    assert said in problem.message
    assert (problem.node, problem.setting) == ("net", "code")


def test_check_runs_nothing(tmp_path: Any) -> None:
    mark = tmp_path / "mark"
    assert check(flow_with(code=f"open({str(mark)!r}, 'w')\ndef forward(image): return image")) == ()
    assert not mark.exists()


def test_tensorflow_is_told_how_to_be_written() -> None:
    fault = look_at_code("import tensorflow as tf\nm = tf.keras.Sequential()").fault
    assert fault is not None
    assert "import keras" in fault.hint
    assert "from keras import layers" in fault.hint


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("class Component(nn.Module): pass", "component"),
        ("def build(settings): pass", "build"),
        ("def forward(image): pass", "forward"),
        ("model = keras.Sequential()", "script"),
        ("def helper(): pass\nmodel = 1", "script"),
    ],
)
def test_the_form_of_code_is_read_from_its_text(code: str, form: str) -> None:
    assert look_at_code(code).form == form


def test_pixels_go_to_255_for_keras_and_to_1_for_torch() -> None:
    assert pixel_range(settings(code="from keras import layers\nmodel = 1")) == (0, 255)
    assert pixel_range(settings()) == (0, 1)
    assert pixel_range(settings(value_range=[-1, 1])) == (-1, 1)
    assert pixel_range(CustomSettings(file="a.py"), "import keras.layers") == (0, 255)


def test_order_of_assignments_counts_the_last_one_and_no_inner_names() -> None:
    code = "x = 1\nbase = 2\ndef f():\n    inner = 3\nfor i in range(2):\n    x = i\n"
    assert assignment_order(code) == ("base", "i", "x")

"""Custom code: each form runs, what it froze stays frozen, and errors name node, line and shapes."""

from __future__ import annotations

import copy
import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.components.custom.build import Custom, build_custom
from graftwork.components.custom.watch import listen_to_calls
from graftwork.components.registry import Site, build_component
from graftwork.errors import CustomCodeError, MissingExtra, PlanError
from graftwork.graph.custom import CustomSettings

IMAGE = {"image": (4, 3, 16, 16)}
FORWARD = "def forward(image):\n    return image.mean((2, 3))\n"
NET = """
def build(settings):
    return nn.Sequential(
        nn.Conv2d(3, settings["width"], 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(settings["width"], num_classes),
    )
"""
CELL = """
import keras
from keras import layers

base = keras.Sequential(
    [layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm"), layers.Dropout(0.5, name="drop")],
    name="base",
)
base.trainable = False
inputs = keras.Input((16, 16, 3))
x = base(inputs, training=False)
x = layers.Dropout(0.5, name="outer")(x)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(2, name="top")(x)
"""


def build(
    code: str,
    shapes: dict[str, tuple[int, ...]] | None = None,
    *,
    seed: int = 7,
    node: str = "net",
    root: Path | None = None,
    **settings: Any,
) -> Custom:
    made = CustomSettings.model_validate({"code": code, **settings})
    return build_custom(made, Site(node, shapes or IMAGE, num_classes=3, seed=seed), root=root)


def port(name: str, kind: str = "features", *shape: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, **({"shape": shape} if shape else {})}


# -- torch ------------------------------------------------------------------------------------------------


def test_a_plain_function_gets_named_tensors_in_any_order() -> None:
    code = "def forward(b, a):\n    return a - b\n"
    made = build(code, {"a": (2, 3), "b": (2, 3)}, inputs=[port("a", "number"), port("b", "number")])
    assert torch.equal(made.module(torch.full((2, 3), 5.0), torch.ones(2, 3)), torch.full((2, 3), 4.0))
    assert (made.base, made.trainable, made.is_deterministic) == (None, {}, True)


def test_a_torch_model_opens_into_stages_and_keeps_its_own_classifier() -> None:
    made = build(NET, options={"width": 5})
    assert made.base is not None
    x = torch.rand(2, 3, 16, 16)
    last = made.base.stage_names()[-1]
    assert torch.equal(made.base.features(x, last), made.module(x))
    assert made.module(x).shape == (2, 3)
    assert made.base.classifier is None
    assert {id(p) for p in made.module.parameters()} == {id(p) for p in made.base.module.parameters()}


def test_a_component_class_gets_its_settings() -> None:
    code = """
class Component(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.gain = settings["gain"]
    def forward(self, image, extra):
        return {"second": extra, "first": image * self.gain}
"""
    made = build(
        code,
        {"image": (2, 3, 4, 4), "extra": (2, 1)},
        options={"gain": 3},
        inputs=[port("image", "image"), port("extra", "number")],
        outputs=[port("first", "image"), port("second", "number")],
    )
    image, extra = torch.rand(2, 3, 4, 4), torch.rand(2, 1)
    first, second = made.module(image, extra)
    assert torch.equal(first, image * 3)
    assert torch.equal(second, extra)


def test_a_script_leaves_the_model_that_it_assigned_last() -> None:
    made = build("first = nn.Conv2d(3, 2, 1)\nsecond = nn.Conv2d(3, 5, 1)\nother = 3\n")
    assert made.module(torch.rand(2, 3, 4, 4)).shape[1] == 5
    made = build("model = nn.Conv2d(3, 2, 1)\nsecond = nn.Conv2d(3, 5, 1)\n")
    assert made.module(torch.rand(2, 3, 4, 4)).shape[1] == 2


def test_new_weights_depend_on_seed_and_node_alone_and_no_random_state_moves() -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    first = build(NET, options={"width": 4})
    drawn = (torch.rand(1).item(), random.random(), np.random.rand())
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    assert drawn == (torch.rand(1).item(), random.random(), np.random.rand())
    again = build(NET, options={"width": 4})
    others = [build(NET, options={"width": 4}, seed=8), build(NET, options={"width": 4}, node="net2")]
    values = [next(c.module.parameters()).detach() for c in (first, again, *others)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    assert not torch.equal(values[0], values[3])


def test_weights_that_the_code_loads_stay_as_they_are(tmp_path: Path) -> None:
    kept = {"weight": torch.randn(2, 3, 1, 1), "bias": torch.randn(2)}
    torch.save(kept, tmp_path / "conv.pt")
    code = "model = nn.Conv2d(3, 2, 1)\nmodel.load_state_dict(torch.load(weights, weights_only=True))\n"
    made = build(code, root=tmp_path, weights="conv.pt")
    assert made.base is not None
    assert all(torch.equal(made.base.module.state_dict()[n], t) for n, t in kept.items())
    with pytest.raises(CustomCodeError, match="not there"):
        build(code, root=tmp_path, weights="other.pt")


def test_requires_grad_of_the_code_is_read_and_patterns_are_laid_over_it() -> None:
    code = "model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1))\n"
    code += "model[0].requires_grad_(False)\n"
    assert build(code).trainable == {"0": False, "1": True, "2": True}
    assert build(code, freeze=["*"], unfreeze=["2"]).trainable == {"0": False, "1": False, "2": True}
    with pytest.raises(PlanError, match="'blok' names no layer"):
        build(code, freeze=["blok"])


def test_code_that_draws_numbers_is_not_deterministic() -> None:
    assert not build("def forward(image):\n    return image + torch.rand(())\n").is_deterministic


def test_digest_follows_code_options_and_weights(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"1")
    first = build(FORWARD, root=tmp_path, weights="w").digest
    assert build(FORWARD, root=tmp_path, weights="w", seed=9).digest == first
    assert build(FORWARD, root=tmp_path, weights="w", options={"a": 1}).digest != first
    with_seed = FORWARD.replace("(2, 3)", "(2, 3 + 0 * seed)")
    assert build(with_seed).digest != build(with_seed, seed=9).digest
    assert build(FORWARD + "\n", root=tmp_path, weights="w").digest != first
    (tmp_path / "w").write_bytes(b"2")
    assert build(FORWARD, root=tmp_path, weights="w").digest != first


def test_code_from_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def forward(image):\n    return image @ torch.ones(9, 9)\n")
    with pytest.raises(CustomCodeError, match="line 2") as caught:
        build("", root=tmp_path, file="net.py")
    assert caught.value.fields["line"] == 2
    (tmp_path / "away.py").symlink_to("/etc/hostname")
    with pytest.raises(CustomCodeError, match="outside"):
        build("", root=tmp_path, file="away.py")
    with pytest.raises(CustomCodeError, match="cannot be read"):
        build("", root=tmp_path, file="none.py")


def test_preview_is_the_codes_own_and_its_errors_name_the_line() -> None:
    made = build(FORWARD + "def preview(outputs):\n    return outputs['features'][0]\n")
    assert made.preview is not None
    assert torch.equal(made.preview({"features": torch.ones(2, 3)}), torch.ones(3))
    with pytest.raises(CustomCodeError, match="line 4") as caught:
        made.preview({"other": torch.ones(2)})
    assert caught.value.node == "net"
    wrong = build(FORWARD + "def preview(outputs):\n    return 'x'\n")
    assert wrong.preview is not None
    with pytest.raises(CustomCodeError, match="gave str"):
        wrong.preview({})


def test_each_call_is_told_to_who_listens() -> None:
    told: list[tuple[str | None, float | None]] = []
    made = build(FORWARD, time_limit=3)
    listen_to_calls(lambda node, limit, file: told.append((node, limit)))
    try:
        made.module(torch.rand(2, 3, 4, 4))
    finally:
        listen_to_calls(None)
    assert told == [("net", 3.0), (None, None)]


def test_stages_of_an_opened_model_are_watched_and_blamed_as_the_node_is() -> None:
    code = """
class Odd(nn.Module):
    def forward(self, x):
        if len(x) == 5:
            raise ValueError("five")
        return x
model = nn.Sequential(nn.Conv2d(3, 2, 1), Odd(), nn.Conv2d(2, 2, 1))
"""
    made = build(code, time_limit=9)
    assert made.base is not None
    told: list[Any] = []
    listen_to_calls(lambda node, limit, file: told.append((node, limit)))
    try:
        with pytest.raises(CustomCodeError, match="ValueError: five") as caught:
            made.base.features(torch.rand(5, 3, 8, 8), made.base.stage_names()[-1])
    finally:
        listen_to_calls(None)
    assert caught.value.fields["line"] == 5
    assert told[:2] == [("net", 9.0), (None, None)]
    for stage in made.base.stages:
        with pytest.raises(CustomCodeError, match="stage"):
            copy.deepcopy(stage.module)(torch.rand(5, 7, 1, 1))
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(copy.deepcopy(made.module)(x), made.module(x))


def test_stored_features_of_other_code_are_told_apart() -> None:
    cards = [
        build(NET.replace("3)", size), options={"width": 4}).base.card for size in ("3)", "3, stride=2)")
    ]  # type: ignore[union-attr]
    assert cards[0].architecture != cards[1].architecture
    assert cards[0].id == cards[1].id == "custom:net"


def test_the_registry_builds_it_as_any_component() -> None:
    module = build_component("custom", CustomSettings(code=FORWARD), Site("net", IMAGE, 3, 0))
    assert module(torch.ones(2, 3, 4, 4)).shape == (2, 3)


# -- bad code ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("x = 1\nraise RuntimeError('not today')\n", 2, "RuntimeError: not today"),
        ("import sys\nsys.exit(3)", 2, "SystemExit"),
        ("def build(settings):\n    return settings['depth']\n", 2, "KeyError"),
        (
            "def forward(image):\n    y = 1\n    return image @ torch.zeros(9, 9)\n",
            3,
            r"image \(2, 3, 16, 16\)",
        ),
        ("def build(settings):\n    return 3\n", None, "got int"),
        ("x = 1\n", None, "left none"),
        ("def forward(image):\n    return image[:1]\n", None, "the batch holds 2"),
        ("def forward(image):\n    return 'x'\n", None, "gave str for 'features'"),
        (
            "def forward(image):\n    return {'feature': image}\n",
            None,
            "a dict of feature; wanted: 'features'",
        ),
        ("def forward(image):\n    return image, image\n", None, "gave 2 values"),
        ("def forward(picture, size):\n    return picture\n", None, "TypeError"),
        ("import tensorflow as tf\n", 1, "imports 'tensorflow'"),
        ("x = (\n", 1, "no Python"),
    ],
)
def test_bad_code_names_node_line_and_what_was_wrong(code: str, line: int | None, said: str) -> None:
    with pytest.raises(CustomCodeError, match=said) as caught:
        build(code)
    assert caught.value.node == "net"
    assert "'net'" in caught.value.message
    assert caught.value.fields.get("line") == line


def test_a_declared_shape_is_held_against_what_comes() -> None:
    with pytest.raises(CustomCodeError, match=r"gave \(2, 3\) for 'features'; wanted: 'features' \(b, 4\)"):
        build(FORWARD, outputs=[port("features", "features", "b", 4)])


def test_errors_say_which_shapes_came_in() -> None:
    made = build("def forward(image):\n    return image.reshape(len(image), 768)\n")
    with pytest.raises(CustomCodeError) as caught:
        made.module(torch.rand(5, 3, 10, 10))
    assert caught.value.fields["shapes"] == {"image": [5, 3, 10, 10]}
    assert caught.value.fields["line"] == 2


def test_a_missing_library_is_named_with_what_to_install() -> None:
    with pytest.raises(MissingExtra, match="imports 'no_such_library'") as caught:
        build("import no_such_library.part\n")
    assert caught.value.hint == "Install it with: pip install no_such_library"
    assert caught.value.fields["line"] == 1


# -- Keras ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras() -> Any:
    if find_spec("keras") is None:
        pytest.skip("Keras is optional")
    from graftwork.bases.keras_guest.backend import import_keras

    return import_keras()


def test_the_keras_cell_goes_in_as_it_stands(keras: Any) -> None:
    made = build(CELL)
    assert made.base is not None
    assert made.value_range == (0, 255)
    assert {name.rpartition(".")[2]: flag for name, flag in made.trainable.items()} == {
        "conv": False,
        "norm": False,
        "top": True,
    }
    assert made.module(torch.rand(2, 3, 16, 16)).shape == (2, 2)


def test_the_opened_cell_gives_what_keras_gives(keras: Any) -> None:
    made = build(CELL + "\nmodel = keras.Model(inputs, outputs)\nkeras.kept = model\n")
    model = keras.kept
    del keras.kept
    x = torch.rand(2, 3, 16, 16) * 255
    with torch.no_grad():
        assert torch.allclose(made.module(x), model(x.permute(0, 2, 3, 1), training=False), atol=1e-4)


def test_what_was_called_in_inference_mode_stays_in_it_also_when_unfrozen(keras: Any) -> None:
    made = build(CELL, unfreeze=["base"])
    assert made.base is not None
    assert all(made.trainable.values())
    network = copy.deepcopy(made.base.module).train()
    before = {n: b.clone() for n, b in network.named_buffers()}
    modes = {n.rpartition(".")[2]: m.training for n, m in network.named_modules()}
    assert (modes["norm"], modes["drop"], modes["outer"]) == (False, False, True)
    network(torch.rand(4, 3, 16, 16)).sum().backward()
    assert all(torch.equal(b, before[n]) for n, b in network.named_buffers())


def test_a_frozen_model_overrules_its_children(keras: Any) -> None:
    code = CELL.replace("base.trainable = False", "base.trainable = False\nbase.layers[0].trainable = True")
    made = build(code)
    assert not any(flag for name, flag in made.trainable.items() if name.endswith(".conv"))
    assert "conv" in made.notes[0]


def test_names_and_weights_do_not_depend_on_what_was_built_before(keras: Any) -> None:
    code = "import keras\nmodel = keras.Sequential([keras.layers.Conv2D(2, 3), keras.layers.Dense(2)])\n"
    first, second = build(code), build(code)
    assert list(first.module.state_dict()) == list(second.module.state_dict())
    pairs = zip(first.module.state_dict().values(), second.module.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_keras_class_with_two_inputs_and_two_outputs(keras: Any) -> None:
    code = """
class Component(keras.layers.Layer):
    def __init__(self, settings):
        super().__init__()
        self.dense = keras.layers.Dense(4)
        self.norm = keras.layers.BatchNormalization()
    def call(self, image, other):
        return {"maps": self.norm(self.dense(image)), "twice": other * 2}
"""
    made = build(
        code,
        {"image": (2, 3, 8, 6), "other": (2, 5)},
        inputs=[port("image", "image"), port("other")],
        outputs=[port("maps"), port("twice")],
        freeze=["norm"],
    )
    module = made.module.train()
    frozen = {n: t.clone() for n, t in module.state_dict().items() if "normalization" in n}
    assert len(frozen) == 4
    for _ in range(2):
        maps, twice = module(torch.rand(2, 3, 8, 6), torch.ones(2, 5))
        (maps.sum() + twice.sum()).backward()
        with torch.no_grad():
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter -= parameter.grad
    assert maps.shape == (2, 4, 8, 6)  # channels second, as on all wires
    assert torch.equal(twice, torch.full((2, 5), 2.0))
    assert all(torch.equal(module.state_dict()[n], t) for n, t in frozen.items())


def test_a_functional_model_with_named_inputs_holds_its_frozen_part(keras: Any) -> None:
    code = """
a, b = keras.Input((8, 8, 3), name="image"), keras.Input((2,), name="extra")
norm = keras.layers.BatchNormalization(name="norm")
x = norm(a, training=False)
x = keras.layers.GlobalAveragePooling2D()(x)
model = keras.Model([b, a], [keras.layers.Concatenate()([x, b]), x])
"""
    made = build(
        code,
        {"image": (2, 3, 8, 8), "extra": (2, 2)},
        inputs=[port("image", "image"), port("extra", "number")],
        outputs=[port("both"), port("pooled")],
    )
    module = copy.deepcopy(made.module).train()
    image, extra = torch.rand(2, 3, 8, 8) * 9, torch.rand(2, 2)
    both, pooled = module(image, extra)
    assert torch.allclose(
        pooled, image.mean((2, 3)) / (1 + 1e-3) ** 0.5, atol=1e-4
    )  # moving mean 0, variance 1
    assert torch.equal(both[:, 3:], extra)
    assert made.held == ("norm",)


def test_pretrained_weights_that_cannot_be_fetched_are_told(keras: Any) -> None:
    code = """
import keras
def fetch(**_):
    raise Exception("URL fetch failure on https://example.org/w.h5: None -- no route")
model = fetch(weights="imagenet")
"""
    with pytest.raises(CustomCodeError, match="not on this machine") as caught:
        build(code)
    assert "weights=None" in str(caught.value.hint)
    assert caught.value.fields["line"] == 4


def test_keras_errors_name_the_users_line(keras: Any) -> None:
    code = """
class Component(keras.layers.Layer):
    def __init__(self, settings):
        super().__init__()
    def call(self, image):
        return keras.ops.reshape(image, (2, 7))
"""
    with pytest.raises(CustomCodeError, match="line 6"):
        build(code)


def test_images_of_another_size_than_the_model_was_built_for(keras: Any) -> None:
    with pytest.raises(CustomCodeError, match=r"for images 16 × 16 × 3 but gets 20 × 24 × 3") as caught:
        build(CELL, {"image": (2, 3, 20, 24)})
    assert "resize to 16 × 16" in str(caught.value.hint)


def test_a_listener_that_fails_does_not_end_the_watching():
    from graftwork.components.custom.watch import listen_to_calls, watching

    heard: list[str | None] = []

    def listen(node, limit, file):
        heard.append(node)
        if node == "first":
            raise OSError("the pipe is gone")

    listen_to_calls(listen)
    try:
        with pytest.raises(OSError, match="pipe"), watching("first"):
            pass
        with watching("second"):
            pass
    finally:
        listen_to_calls(None)
    assert heard == ["first", None, "second", None]

"""What contracts say without torch: shapes with words in them, misfits in a flow, offers of plugins."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from math import inf
from typing import Any

import pytest

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.errors import UnknownName, UsageError
from graftwork.graph import contract as contract_module
from graftwork.graph.check import check
from graftwork.graph.contract import Contract, Contracts
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.layers import DropoutSettings
from graftwork.graph.ports import Misfit, Wire


def gives(component: str, shape: tuple[Any, ...], came_range: Any = None, /, **settings: Any) -> Wire:
    """Return what the one output of a component gives for what comes in at its first input."""
    contract = CONTRACTS.get(component)
    port = contract.inputs[0]
    found = contract.wires(
        contract.settings.model_validate(settings),
        {port.name: Wire(kind=port.kind, shape=shape, value_range=came_range)},
    )
    (wire,) = found.values()
    return wire


@pytest.mark.parametrize(
    ("component", "shape", "settings", "wanted"),
    [
        ("resize", ("b", 3, "h", "w"), {"height": 5, "width": 6}, ("b", 3, 5, 6)),
        ("pad", ("b", 3, "h", 8), {"top": 1, "left": 2}, ("b", 3, "(h+1)", 10)),
        ("grayscale", ("b", "c", "h", "w"), {"channels": 1}, ("b", 1, "h", "w")),
        ("one_hot", ("b",), {}, ("b", "classes")),
        ("dense", ("b", "d"), {}, ("b", "classes")),
        ("dense", ("b", "n", "d"), {"units": 7}, ("b", "n", 7)),
        ("dense", ("...",), {"units": 7}, ("...",)),
        ("flatten", ("b", 4, "h", 3), {}, ("b", "12*h")),
        ("reshape", ("b", 12, "h"), {"shape": [4, -1]}, ("b", 4, "12*h/4")),
        ("permute", ("b", "n", "d"), {}, ("b", "d", "n")),
        ("convolution", ("b", 3, "h", "w"), {"filters": 8}, ("b", 8, "h", "w")),
        ("convolution", ("b", 3, "h", 9), {"filters": 8, "stride": 2}, ("b", 8, "h/2", 5)),
        ("convolution", ("b", 3, "h", 9), {"padding": "valid", "filters": 8}, ("b", 8, "(h-2)", 7)),
        ("convolution", ("b", 3, "h", 9), {"type": "transposed", "stride": 2}, ("b", 32, "h*2", 18)),
        ("convolution", ("b", "c", 4, 4), {"type": "depthwise", "depth_multiplier": 2}, ("b", "2*c", 4, 4)),
        ("pooling", ("b", 1280, "h", "w"), {}, ("b", 1280)),
        ("pooling", ("...",), {}, ("b", "d")),
        ("recurrent", ("...",), {"units": 5, "bidirectional": True}, ("b", 10)),
        ("embedding", ("b", "n"), {"num_categories": 9, "width": 3}, ("b", "n", 3)),
        ("argmax", ("b", "classes"), {}, ("b",)),
        ("softmax", ("b", "classes"), {}, ("b", "classes")),
        ("unet_decoder", ("b", 64, "h", 7), {"filters": [8, 4]}, ("b", "classes", "2*2*h", 28)),
    ],
)
def test_words_stand_for_sizes_that_are_not_known(component, shape, settings, wanted):
    assert gives(component, shape, **settings).shape == wanted


@pytest.mark.parametrize(
    ("component", "came", "settings", "wanted"),
    [
        ("rescale", (0.0, 255.0), {"scale": -1.0, "offset": 1.0}, (-254.0, 1.0)),
        ("rescale", None, {}, None),
        ("normalize", (0.0, 1.0), {"preset": "tf"}, (-1.0, 1.0)),
        ("pad", (0.5, 1.0), {"value": 0.0, "top": 1}, (0.0, 1.0)),
        ("resize", (0.0, 1.0), {"interpolation": "bilinear"}, (0.0, 1.0)),
        ("resize", (0.0, 1.0), {"interpolation": "bicubic"}, None),
        ("activation", (0.0, 1.0), {"function": "none"}, (0.0, 1.0)),
        ("activation", (0.0, 1.0), {"function": "relu"}, (0.0, inf)),
    ],
)
def test_the_range_of_values_is_followed(component, came, settings, wanted):
    assert gives(component, ("b", 3, 8, 8), came, **settings).value_range == wanted


def test_pixels_of_another_range_than_the_presets_mean_are_refused():
    with pytest.raises(Misfit, match="white pixels to be 1, but they are 255") as caught:
        gives("normalize", ("b", 3, 8, 8), (0.0, 255.0))
    assert caught.value.setting == "pixel_max"
    assert gives("normalize", ("b", 3, 8, 8), (0.0, 255.0), pixel_max=255.0).is_normalized


def merged(how: str, **shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    contract = CONTRACTS.get("merge")
    settings = contract.settings.model_validate({"how": how, "inputs": len(shapes)})
    wires = {name: Wire(kind="features", shape=shape) for name, shape in shapes.items()}
    return contract.wires(settings, wires)["merged"].shape


def test_merge_follows_words_and_sizes():
    assert merged("add", a=("b", 8), b=("b", "d")) == ("b", 8)
    assert merged("multiply", a=("b", 8), b=("b", 8, "h", "w")) == ("b", 8, "h", "w")
    assert merged("multiply", a=("b", "c", 1, 1), b=("b", 8, 5, 5)) == ("b", 8, 5, 5)
    assert merged("add", a=("b", 8, "h", "w"), b=("b", 8, 1, 1)) == ("b", 8, "h", "w")
    assert merged("add", a=("b", 8, 1, "w"), b=("b", 8, 7, 5)) == ("b", 8, 7, 5)
    assert merged("add", a=("b", 8, "h", "w"), b=("b", 8, 7, 5)) == ("b", 8, 7, 5)
    assert merged("add", a=("b", 8, 1, 1), b=("b", "c", 1, 1)) == ("b", 8, 1, 1)
    assert merged("concatenate", a=("b", 8), b=("b", "d"), c=("b", 3)) == ("b", "d+11")
    assert merged("concatenate", a=("b", 8, 5, "w"), b=("b", 2, "h", 6)) == ("b", 10, 5, 6)


def test_merge_has_a_port_for_each_input():
    contract = CONTRACTS.get("merge")
    inputs, _ = contract.ports(contract.settings.model_validate({"inputs": 4}))
    assert [p.name for p in inputs] == ["a", "b", "c", "d"]


def test_only_the_chosen_input_of_a_switch_must_be_connected():
    contract = CONTRACTS.get("switch")
    inputs, _ = contract.ports(contract.settings.model_validate({"inputs": 3, "choice": "b"}))
    assert [(p.name, p.is_optional) for p in inputs] == [("a", True), ("b", False), ("c", True)]


@pytest.mark.parametrize("contract", list(CONTRACTS), ids=lambda c: c.name)
def test_each_contract_describes_itself(contract):
    assert contract.summary.endswith(".")
    for name, field in contract.settings.model_fields.items():
        assert field.description, f"{contract.name}.{name} has no description"


def test_contracts_load_without_torch():
    code = "import sys, graftwork.graph.contracts as c; c.CONTRACTS.get('dense'); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_does_not_fit_in_a_drawing_is_said_at_its_node():
    boxes = (
        ("images", "images", {"source": "photos"}),
        ("small", "resize", {"height": 32, "width": 32}),
        ("cut", "crop", {"height": 40, "width": 8}),
        ("backbone", "backbone", {}),
        ("look", "attention", {"heads": 3}),
        ("dense", "dense", {}),
        ("objective", "classification", {}),
    )
    wires = (
        ("images.image", "small.image"),
        ("small.image", "cut.image"),
        ("cut.image", "backbone.image"),
        ("backbone.features", "look.features"),
        ("look.features", "dense.features"),
        ("dense.features", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    flow = Flow(
        nodes=tuple(Node(id=i, component=c, settings=s) for i, c, s in boxes),
        edges=tuple(Edge.model_validate({"source": a, "target": b}) for a, b in wires),
    )
    (problem,) = check(flow)
    assert (problem.level, problem.node, problem.setting) == ("error", "cut", "height")
    assert "cuts height 40 from 0 on, but the images have 32" in problem.message
    assert check(flow.with_settings("cut", height=8)) == ()


# -- plugins ------------------------------------------------------------------------------------------------

OFFER = Contract(name="blur", title="Blur", summary="Blurs.", settings=DropoutSettings)
OFFERS = (OFFER.edit(name="blur_more"), OFFER.edit(name="blur_less"))
NO_OFFER = 3


def offering(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Let installed packages offer values of this module; return the list of groups asked for."""
    asked: list[str] = []
    monkeypatch.setitem(sys.modules, "offers_for_tests", sys.modules[__name__])

    def points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint(name=n, value=f"offers_for_tests:{n}", group=group) for n in names]

    monkeypatch.setattr(contract_module, "entry_points", points)
    return asked


def test_plugins_are_asked_once_and_only_when_needed(monkeypatch):
    asked = offering(monkeypatch, "OFFER", "OFFERS")
    contracts = Contracts([OFFER.edit(name="own")], plugins="some.group")
    assert contracts.get("own").name == "own"
    assert asked == []
    assert contracts.get("blur_less").title == "Blur"
    assert contracts.names() == ("own", "blur", "blur_more", "blur_less")
    with pytest.raises(UnknownName, match="blur"):
        contracts.get("blurr")
    assert asked == ["some.group"]


@pytest.mark.parametrize(
    ("name", "words"), [("GONE", "cannot be loaded"), ("NO_OFFER", "gives|not iterable")]
)
def test_a_broken_plugin_is_named(monkeypatch, name, words):
    offering(monkeypatch, name)
    with pytest.raises(UsageError, match=words) as caught:
        Contracts(plugins="some.group").names()
    assert "offers_for_tests" in str(caught.value)


def test_a_plugin_cannot_take_a_name(monkeypatch):
    offering(monkeypatch, "OFFER")
    with pytest.raises(UsageError, match="registered already"):
        Contracts([OFFER], plugins="some.group").names()

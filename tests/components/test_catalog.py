"""Laws of all components: shapes are as inferred, each contract is built, seeds decide, gradients flow."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.components import catalog, registry
from graftwork.errors import ShapeError
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import Misfit, Wire


def _load_cases() -> Any:
    spec = importlib.util.spec_from_file_location("component_cases", Path(__file__).with_name("cases.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


cases = _load_cases()
CASES, NUM_CLASSES, one = cases.CASES, cases.NUM_CLASSES, cases.one
OWN_BUILDERS = {"data", "base", "objective", "adaptation"}


def said_shape(case: Any) -> tuple[int, ...]:
    """Return the inferred shape of the one output, with the classes counted."""
    (wire,) = case.inferred().values()
    return tuple(NUM_CLASSES if size == "classes" else size for size in wire.shape)


def made(case: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = case.module().eval()(*case.tensors())
    return found


def test_each_contract_has_a_builder_and_each_builder_a_contract():
    assert catalog.layers
    wanted = {c.name for c in CONTRACTS if c.group not in OWN_BUILDERS}
    assert set(registry._builders) == wanted


def test_each_built_component_is_tried():
    wanted = {c.name for c in CONTRACTS if c.group in ("preprocess", "layer", "merge")} - {"head"}
    assert {case.component for case in CASES} == wanted


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shape_is_as_inferred(case):
    assert tuple(made(case).shape) == said_shape(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_kind_and_range_are_as_inferred(case):
    (wire,) = case.inferred().values()
    found = made(case)
    whole = wire.kind in ("category", "mask")
    assert (found.dtype == torch.int64) == whole or case.component == "switch"
    if wire.value_range is not None:
        low, high = wire.value_range
        assert low <= float(found.min())
        assert float(found.max()) <= high


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equal_seeds_give_equal_weights_and_others_do_not(case):
    first, again, other = (case.module(seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[k], again[k]) for k in first)
    drawn = any(t.ndim > 1 and t.numel() > 1 for t in case.module().parameters())
    assert drawn == any(not torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_reach_parameters_and_what_comes_in(case):
    module = case.module()
    inputs = [t.requires_grad_() if t.is_floating_point() else t for t in case.tensors()]
    found = module(*inputs)
    if not found.is_floating_point() or case.component == "one_hot":
        return
    torch.manual_seed(0)
    (found * torch.randn_like(found)).sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert bool((parameter.grad != 0).any()) or "in_proj_bias" in name, name
    reached = [t for t in inputs if t.is_floating_point()]
    goes = [t for t in reached if t.grad is not None and bool((t.grad != 0).any())]
    assert len(goes) == (1 if case.component == "switch" else len(reached))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_image_does_not_change_another(case):
    module, inputs = case.module().eval(), case.tensors()
    alone = module(*(t[:1] for t in inputs))
    torch.testing.assert_close(alone, module(*inputs)[:1], rtol=1e-4, atol=1e-5)


def _with_a_word(case: Any, port: str, axis: int) -> dict[str, Wire]:
    wires = {}
    for p in case.ports():
        shape: list[int | str] = list(case.shapes[p.name])
        if p.name == port:
            shape[axis] = "word"
        wires[p.name] = Wire(kind=p.kind, shape=tuple(shape))
    return case.contract.wires(case.parsed(), wires)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_said_of_a_size_that_is_not_known_holds_for_each_size(case):
    (exact,) = case.inferred().values()
    for port, shape in case.shapes.items():
        for axis in range(len(shape)):
            (vague,) = _with_a_word(case, port, axis).values()
            assert len(vague.shape) == len(exact.shape)
            for said, size in zip(vague.shape, exact.shape, strict=True):
                assert isinstance(said, str) or said == size, f"axis {axis} of {port}"


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:The tensor attribute"
)  # torch assigns weights of its LSTM while it traces
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_can_be_exported_with_any_number_of_images(case):
    module, inputs = case.module().eval(), tuple(torch.cat([t, t, t])[:5] for t in case.tensors())

    class Around(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, *given: torch.Tensor) -> torch.Tensor:
            return self.inner(*given)

    images = torch.export.Dim("images", min=2, max=64)
    shapes = (tuple({0: images} for _ in inputs),)
    exported = torch.export.export(Around(), inputs, dynamic_shapes=shapes, strict=False).module()
    fewer = tuple(t[:3] for t in inputs)
    torch.testing.assert_close(exported(*fewer), module(*fewer), rtol=1e-4, atol=1e-5)


# -- sizes as the layers of torch and Keras make them ---------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(1, 14),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    kind=st.sampled_from(["standard", "transposed", "separable", "depthwise"]),
)
def test_any_convolution_gives_the_inferred_size_or_is_refused(size, kernel, stride, dilation, padding, kind):
    case = one(
        "convolution",
        (1, size, 2),
        filters=3,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        type=kind,
    )
    reach = (kernel - 1) * dilation + 1
    if kind != "transposed" and padding == "valid" and size < reach:
        with pytest.raises(Misfit, match="smaller"):
            case.inferred()
        return
    # the formulas of Keras' documentation of Conv and Conv-Transpose layers
    if kind == "transposed":
        wanted = size * stride if padding == "same" else size * stride + max(reach - stride, 0)
    else:
        wanted = -(-size // stride) if padding == "same" else -(-(size - reach + 1) // stride)
    assert said_shape(case)[1] == wanted
    assert tuple(made(case).shape) == said_shape(case)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.none() | st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    how=st.sampled_from(["average", "max"]),
)
def test_any_pooling_gives_the_inferred_size_or_is_refused(height, width, kernel, stride, padding, how):
    case = one(
        "pooling",
        (1, 2, height, width),
        scope="local",
        kernel=kernel,
        stride=stride,
        padding=padding,
        how=how,
    )
    if padding == "valid" and min(height, width) < kernel:
        with pytest.raises(ShapeError, match="Node 'it'"):
            case.module()
        return
    found = made(case)
    assert tuple(found.shape) == said_shape(case)
    assert bool(torch.isfinite(found).all())


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    hole=st.integers(-1, 2),
)
def test_any_reshape_keeps_all_values_or_is_refused(shape, sizes, hole):
    if 0 <= hole < len(sizes):
        sizes[hole] = -1
    case = one("reshape", (2, *shape), shape=sizes)
    try:
        wanted = said_shape(case)
    except Misfit:
        with pytest.raises(RuntimeError):
            torch.zeros(2, *shape).reshape(2, *sizes)
    else:
        assert tuple(made(case).shape) == wanted


SIZES = st.lists(st.integers(1, 3), min_size=2, max_size=4)


@settings(max_examples=150, deadline=None)
@given(a=SIZES, b=SIZES, how=st.sampled_from(["add", "divide", "concatenate"]))
def test_any_merge_gives_the_inferred_shape_or_is_refused(a, b, how):
    case = cases.Case("merge", {"a": tuple(a), "b": tuple(b)}, {"how": how})
    try:
        wanted = said_shape(case)
    except Misfit:
        assert a != b
        return
    assert tuple(made(case).shape) == wanted
    if how != "concatenate":
        assert wanted in (tuple(a), tuple(b))
    elif len(a) < 4:
        assert wanted[-1] == a[-1] + b[-1]


# -- what does not fit ------------------------------------------------------------------------------------

WRONG = (
    (one("dense", (4,)), "wants features"),
    (one("recurrent", (2, 3)), r"wants tokens \(b, n, d\) but gets \(2, 3\)"),
    (one("convolution", (2, 3)), "wants tokens"),
    (one("pooling", (2, 3), scope="local"), "pooled already"),
    (one("convolution", (2, 4, 5, 5), kernel=[3, 3, 3]), "kernel has 3 numbers"),
    (one("convolution", (2, 4, 5, 5), groups=3), "no multiple"),
    (one("convolution", (2, 4, 5, 5), groups=2, type="separable"), "groups of its own"),
    (one("attention", (2, 5, 6), heads=4), "6 features do not divide"),
    (one("crop", (2, 3, 8, 8), height=9, width=3), "cuts height 9"),
    (one("crop", (2, 3, 8, 8), height=6, width=3, place="box", top=3), "from 3 on"),
    (one("pad", (2, 3, 4, 4), top=4, fill="reflect"), "mirrors 4 pixels"),
    (one("normalize", (2, 4, 8, 8)), "3 channels but gets images of 4"),
    (one("normalize", (2, 3, 8, 8), preset="own"), "0 means"),
    (one("normalize", (2, 3, 8, 8), mean=[0.1]), "numbers of its own"),
    (one("grayscale", (2, 4, 8, 8)), "gets 4"),
    (one("one_hot", (2, 4)), r"port 'labels', wants \(b\) but gets \(2, 4\)"),
    (one("softmax", (2, 1)), "always 1"),
    (one("argmax", (2, 4, 3, 3)), "is a mask"),
    (one("permute", (2, 4)), "orders 2 axes but gets 1"),
    (one("permute", (2, 4, 3), order=[1, 3]), "each axis"),
    (one("dropout", (2, 4), whole_channels=True), "no places"),
    (one("unet_decoder", (2, 4, 3, 3), filters=[2], skips=2), "2 skips but 1 steps"),
    (cases.Case("merge", {"a": (2, 4), "b": (2, 5)}), "equal shapes"),
    (cases.Case("merge", {"a": (2, 9, 4), "b": (2, 4)}), "equal shapes"),
    (cases.Case("merge", {"a": (2, 4, 5, 5), "b": (2, 4, 5, 1)}), "equal shapes"),
    (cases.Case("merge", {"a": (2, 4, 5, 5), "b": (2, 4, 4, 5)}, {"how": "concatenate"}), "beside"),
    (cases.Case("merge", {"a": (2, 4, 5, 5), "b": (2, 4)}, {"how": "concatenate"}), "beside"),
    (cases.Case("switch", {"a": (2, 4)}, {"choice": "b"}), "lets 'b' through"),
)


@pytest.mark.parametrize(("case", "words"), WRONG, ids=lambda x: str(x))
def test_what_does_not_fit_is_refused_at_build_with_the_node_named(case, words):
    with pytest.raises(ShapeError, match=words) as caught:
        case.module()
    assert caught.value.node == "it"
    assert "Node 'it'" in caught.value.message

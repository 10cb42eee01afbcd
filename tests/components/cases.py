"""Settings and shapes that each component is tried with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from graftwork.components import catalog  # noqa: F401
from graftwork.components.registry import Site, build_component
from graftwork.graph.contract import Contract
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import Wire

NUM_CLASSES = 5


@dataclass(frozen=True)
class Case:
    """One component, its settings, and the shape at each connected input."""

    component: str
    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shapes = "+".join("x".join(map(str, s)) for s in self.shapes.values())
        said = ",".join(f"{k}={v}" for k, v in self.settings.items())
        return f"{self.component}-{shapes}-{said}"

    @property
    def contract(self) -> Contract:
        return CONTRACTS.get(self.component)

    def parsed(self) -> Any:
        return self.contract.settings.model_validate(dict(self.settings))

    def site(self) -> Site:
        return Site(node="it", shapes=self.shapes, num_classes=NUM_CLASSES, seed=0)

    def module(self, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return build_component(self.component, self.parsed(), self.site())

    def ports(self) -> tuple[Any, ...]:
        return tuple(p for p in self.contract.ports(self.parsed())[0] if p.name in self.shapes)

    def tensors(self) -> list[Tensor]:
        draw = torch.Generator().manual_seed(3)
        found = []
        for port in self.ports():
            shape = self.shapes[port.name]
            if port.kind in ("labels", "category"):
                found.append(torch.randint(0, 4, shape, generator=draw))
            else:
                found.append(torch.rand(shape, generator=draw))
        return found

    def inferred(self) -> dict[str, Wire]:
        wires = {p.name: Wire(kind=p.kind, shape=self.shapes[p.name]) for p in self.ports()}
        return self.contract.wires(self.parsed(), wires)


def one(component: str, came: tuple[int, ...], /, **settings: Any) -> Case:
    """Return a case with one input."""
    contract = CONTRACTS.get(component)
    return Case(component, {contract.inputs[0].name: came}, settings)


IMAGE, MAPS, TOKENS, ROWS, VOLUME = (2, 3, 8, 6), (2, 4, 7, 5), (2, 9, 4), (3, 4), (2, 2, 5, 4, 6)

CASES = (
    *(one("resize", IMAGE, height=5, width=9, interpolation=i) for i in ("nearest", "bilinear", "bicubic")),
    one("resize", IMAGE, height=4, width=3, interpolation="area"),
    one("resize", IMAGE, height=4, width=3, antialias=False),
    one("crop", IMAGE, height=5, width=3),
    one("crop", IMAGE, height=5, width=3, place="box", top=3, left=2),
    one("pad", IMAGE, top=1, bottom=2, left=3, value=9.0),
    one("pad", IMAGE, right=3, top=2, fill="reflect"),
    one("pad", IMAGE, right=3, top=2, fill="edge"),
    one("normalize", IMAGE),
    one("normalize", IMAGE, preset="tf"),
    one("normalize", (2, 1, 4, 4), preset="own", mean=[0.2], std=[0.3]),
    one("rescale", IMAGE, scale=2.0, offset=-1.0),
    one("grayscale", IMAGE),
    one("grayscale", IMAGE, channels=1),
    one("grayscale", (2, 1, 4, 4)),
    one("one_hot", (6,)),
    one("one_hot", (6,), num_classes=4),
    one("reshape", MAPS, shape=[5, -1]),
    one("reshape", ROWS, shape=[2, 2]),
    one("permute", TOKENS),
    one("permute", MAPS, order=[2, 3, 1], kind="image"),
    *(one("flatten", shape) for shape in (MAPS, TOKENS, ROWS)),
    *(one("dense", shape) for shape in (MAPS, TOKENS, ROWS, VOLUME)),
    one("dense", ROWS, units=1, activation="sigmoid", bias=False),
    *(one("batch_norm", shape) for shape in (MAPS, TOKENS, ROWS, VOLUME)),
    *(one("layer_norm", shape, epsilon=1e-3) for shape in (MAPS, TOKENS, ROWS)),
    one("dropout", MAPS, rate=0.2),
    *(one("dropout", shape, rate=0.5, whole_channels=True) for shape in (MAPS, TOKENS)),
    *(one("activation", MAPS, function=f) for f in ("none", "relu", "leaky_relu", "gelu", "silu", "tanh")),
    *(one("softmax", shape) for shape in (MAPS, ROWS)),
    *(one("argmax", shape) for shape in (TOKENS, ROWS)),
    one("argmax", MAPS, kind="mask"),
    *(one("convolution", shape, filters=6) for shape in (MAPS, TOKENS, VOLUME)),
    *(
        one("convolution", shape, filters=6, type=kind, stride=2, padding=padding)
        for shape in (MAPS, TOKENS, VOLUME)
        for kind in ("standard", "transposed", "separable", "depthwise")
        for padding in ("same", "valid")
    ),
    one("convolution", MAPS, filters=6, kernel=[1, 3], stride=[2, 1], dilation=[1, 2], padding="valid"),
    one("convolution", MAPS, filters=6, groups=2, bias=False, activation="relu"),
    one("convolution", MAPS, type="depthwise", depth_multiplier=3),
    one("convolution", MAPS, type="transposed", kernel=2, stride=3, padding="valid", filters=2),
    *(one("pooling", shape, how=how) for shape in (MAPS, TOKENS, VOLUME, ROWS) for how in ("average", "max")),
    *(
        one("pooling", shape, how=how, scope="local", kernel=3, stride=2, padding=padding)
        for shape in (MAPS, TOKENS, VOLUME)
        for how in ("average", "max")
        for padding in ("same", "valid")
    ),
    *(one("embedding", shape, num_categories=4, width=3) for shape in ((5,), (5, 2))),
    *(
        one("recurrent", TOKENS, type=cell, units=3, bidirectional=both, return_sequence=whole)
        for cell in ("lstm", "gru")
        for both in (False, True)
        for whole in (False, True)
    ),
    *(one("attention", shape, heads=2, dropout=0.1) for shape in (MAPS, TOKENS)),
    *(
        Case("merge", {"a": MAPS, "b": MAPS, "c": MAPS}, {"inputs": 3, "how": how})
        for how in ("add", "subtract", "multiply", "divide", "concatenate")
    ),
    Case("merge", {"a": (2, 4), "b": MAPS}, {"how": "multiply"}),
    Case("merge", {"a": MAPS, "b": (2, 4, 1, 1)}),
    Case("merge", {"a": (2, 4), "b": (2, 7)}, {"how": "concatenate"}),
    Case("merge", {"a": (2, 9, 4), "b": (2, 9, 1)}, {"how": "concatenate"}),
    Case("switch", {"a": MAPS, "c": ROWS}, {"inputs": 3, "choice": "c"}),
    Case("switch", {"a": MAPS, "b": ROWS}),
    one("unet_decoder", MAPS, filters=[4, 3]),
    one("unet_decoder", MAPS, filters=[4, 3], size=[20, 21], num_classes=2),
    Case(
        "unet_decoder",
        {"features": MAPS, "skip_1": (2, 3, 13, 10)},
        {"filters": [4, 3], "skips": 1},
    ),
    one("patch_features", MAPS),
    one("patch_features", MAPS, neighborhood=1, size=3),
    Case("patch_features", {"features": MAPS, "skip_1": (2, 3, 13, 10)}, {"skips": 1}),
)

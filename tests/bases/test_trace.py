"""Cuts are legal exactly where one tensor holds everything."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from graftwork.bases import Base
from graftwork.bases.assemble import assemble
from graftwork.bases.conformance import check_base
from graftwork.bases.registry import Blueprint
from graftwork.bases.trace import depends_on_mode, legal_cuts, slice_graph, trace_module
from graftwork.documents.card import InputPort, Origin


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.two(self.one(x).relu())


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.blocks = nn.Sequential(Residual(4), Residual(4))
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.conv1(x))
        return self.fc(x.mean((2, 3)))


class WritesInPlace(nn.Module):
    """The second block begins with a ReLU that writes into what the first one gave."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3)),
            nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3)),
        )
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.blocks(x).mean((2, 3)))


class Tied(nn.Module):
    """One layer used twice, with another one between."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 3, 1)
        self.b = nn.Conv2d(3, 3, 1)
        self.c = nn.Conv2d(3, 3, 1)
        self.fc = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c(self.a(self.b(self.a(x))))
        return self.fc(x.mean((2, 3)))


class Branching(nn.Module):
    """Looks at values: it cannot be traced, but its children are a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        if x.abs().sum() < 0:
            raise ValueError
        return self.fc(self.features(x).flatten(1))


class BranchingOutOfOrder(Branching):
    """Neither: what it does is not what the chain of its children does."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


class Stubborn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return y if y.sum() > 0 else -y


class WithStubbornPart(Toy):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Residual(4), Stubborn(), Residual(4))


class Drops(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)

    def inner(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, self.training)


class Optional(Toy):
    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Tensor:
        y = super().forward(x)
        return y if mask is None else y * mask


def build(module: nn.Module, classifier: tuple[str, ...] | None = None) -> Base:
    port = InputPort(height=8, width=8)
    return assemble(
        "toy:x", Blueprint(module, "toy", "toy:x", port, Origin(source="random"), classifier_names=classifier)
    )


@pytest.mark.parametrize("kind", [Toy, WritesInPlace, Tied, Branching, WithStubbornPart, Optional])
def test_all_laws_hold(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    check_base(build(kind()))


def test_no_cut_inside_a_residual_block() -> None:
    module = Toy().eval()
    graph = trace_module(module)
    assert graph is not None
    targets = [str(n.target) for n in legal_cuts(module, graph) if n.op == "call_module"]
    # By hand: the first layer and the last; those in the blocks have the shortcut beside them.
    assert targets == ["conv1", "fc"]
    assert build(Toy()).stage_names() == ("stem", "blocks.0", "blocks.1", "pool")


def test_a_stage_that_writes_into_its_input_is_joined() -> None:
    assert build(WritesInPlace()).stage_names() == ("blocks.0", "pool")


def test_no_cut_between_two_uses_of_one_layer() -> None:
    base = build(Tied())
    assert base.stage_names() == ("a", "c", "pool")
    assert set(base.tensors_of("a")) == {"a.weight", "a.bias", "b.weight", "b.bias"}


class Rotary(nn.Module):
    """Each block reads one table that the model computes itself."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.rand(1, 3, 1, 1), persistent=False)
        self.a = nn.Conv2d(3, 3, 1)
        self.b = nn.Conv2d(3, 3, 1)
        self.fc = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.b(self.a(x * self.table) * self.table)
        return self.fc(x.mean((2, 3)))


def test_a_computed_table_may_be_read_on_both_sides() -> None:
    base = build(Rotary())
    check_base(base)
    assert base.stage_names() == ("a", "b", "pool")
    assert set(base.tensors_of("a")) == {"a.weight", "a.bias"}


def test_untraceable_part_stays_whole() -> None:
    base = build(WithStubbornPart())
    assert base.card.traced
    assert base.stage_names() == ("stem", "blocks.0", "blocks.1", "blocks.2", "pool")


def test_untraceable_model_is_cut_by_what_runs_after_what() -> None:
    base = build(Branching())
    assert base.card.traced
    assert base.stage_names() == ("features.0", "features.1", "pool")


def test_model_that_is_no_chain_is_one_stage() -> None:
    base = build(BranchingOutOfOrder())
    assert (base.card.traced, base.stage_names(), base.classifier) == (False, ("whole",), None)
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(base.features(x, "whole"), base.module(x))


def test_a_stage_follows_the_training_mode() -> None:
    class Model(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(Residual(4), nn.Sequential(Drops(), Residual(4)))

    base = build(Model())
    stage, h = base.stages[2].module, torch.ones(2, 4, 8, 8)
    assert torch.equal(stage(h), stage(h))
    stage.train()
    assert not torch.equal(stage(h), stage(h))


def test_mode_is_seen_through_other_methods() -> None:
    assert depends_on_mode(Drops)
    assert not depends_on_mode(Residual)


def test_gradients_reach_the_module_through_a_stage() -> None:
    base = build(Toy())
    base.rest(base.features(torch.rand(2, 3, 8, 8), "stem"), "stem").sum().backward()
    grads = {n for n, p in base.module.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert "conv1.weight" in grads
    assert "blocks.1.two.weight" in grads


def test_channels_last_values_are_turned_and_back() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 1)
            self.lin = nn.Linear(5, 6)
            self.fc = nn.Linear(6, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.lin(self.conv(x).permute(0, 2, 3, 1))
            return self.fc(x.mean((1, 2)))

    base = build(Last())
    check_base(base)
    # 5 and 6 channels at 8 × 8, channels first, although the model itself computes channels last.
    assert [s.output_shape for s in base.card.stages] == [(5, 8, 8), (6, 8, 8), (6,)]


def test_slice_keeps_names_and_tensors() -> None:
    module = Toy().eval()
    graph = trace_module(module)
    assert graph is not None
    whole = slice_graph(module, graph, None, None)
    assert list(whole.state_dict()) == list(module.state_dict())
    assert all(a is b for a, b in zip(whole.parameters(), module.parameters(), strict=True))


def test_model_without_classifier_keeps_all() -> None:
    base = build(Toy(), ())
    assert base.classifier is None
    assert base.card.old_classifier is None
    assert base.stage_names()[-1] == "fc"

"""A package adds a component with two entry points: its contract and its builder."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from graftwork.components import registry
from graftwork.components.shapes import builds_checked
from graftwork.documents.document import Document
from graftwork.errors import ShapeError, UnknownName
from graftwork.graph import contract as contract_module
from graftwork.graph.contract import Contract, Contracts
from graftwork.graph.ports import Port


class DoubleSettings(Document):
    """No settings."""


DOUBLE = Contract(
    name="double_for_tests",
    title="Double",
    summary="Doubles.",
    inputs=(Port(name="features", kind="features", shape=("b", "d")),),
    outputs=(Port(name="features", kind="features", shape=("b", "d")),),
    settings=DoubleSettings,
)


class Double(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return 2 * features


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a package whose builder module registers itself when it is loaded."""
    package = ModuleType("package_for_tests")
    package.DOUBLE = DOUBLE  # type: ignore[attr-defined]

    def register(name: str) -> Any:
        if name != "builders":
            raise AttributeError(name)
        if DOUBLE.name not in registry._builders:
            builds_checked(DOUBLE.name)(lambda *_: Double())
        return package

    package.__getattr__ = register  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    values = {"graftwork.contracts": "DOUBLE", "graftwork.components": "builders"}

    def points(*, group: str) -> list[EntryPoint]:
        name = values.get(group)
        return [EntryPoint(name="double", value=f"package_for_tests:{name}", group=group)] if name else []

    monkeypatch.setattr(contract_module, "entry_points", points)
    monkeypatch.setattr(registry, "entry_points", points)
    registry.load_plugins.cache_clear()
    yield
    registry._builders.pop(DOUBLE.name, None)
    registry.load_plugins.cache_clear()


def site(*shape: int) -> registry.Site:
    return registry.Site("it", {"features": shape}, num_classes=2, seed=0)


def test_a_package_adds_a_component(installed, monkeypatch):
    contracts = Contracts(plugins="graftwork.contracts")
    monkeypatch.setattr("graftwork.components.shapes.CONTRACTS", contracts)
    contract = contracts.get("double_for_tests")
    module = registry.build_component(contract.name, contract.settings(), site(1, 2))
    assert module(torch.ones(1, 2)).tolist() == [[2, 2]]
    with pytest.raises(ShapeError, match=r"wants \(b, d\) but gets \(1, 2, 3\)"):
        registry.build_component(contract.name, contract.settings(), site(1, 2, 3))


def test_a_name_that_nothing_builds_is_refused_with_the_node():
    with pytest.raises(UnknownName, match="of node 'it'"):
        registry.build_component("nothing_of_the_kind", DoubleSettings(), site(1, 2))

"""The cut table as a task: the network stays open while cut and strategy are changed, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.flow import Node
from graftwork.engine import build
from graftwork.engine.cut_table import cut_table
from graftwork.errors import NotTrusted
from graftwork.graph.flows import transfer_flow
from graftwork.project.bench_tasks import TASKS
from graftwork.project.cut_task import cut_table_task
from graftwork.project.project import Project

from ..conftest import TINY_BASE


class State:
    """What a bench keeps."""

    def __init__(self, project: Project) -> None:
        self.root, self.workspace = project.root, project.workspace
        self.kept: dict[str, Any] = {}


@pytest.fixture
def state(tmp_path: Path) -> Any:
    return State(Project(tmp_path / "project"))


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The bases that were opened, in order."""
    found: list[str] = []
    real = build.open_backbone

    def counted(settings, *args, **choices):
        found.append(settings.base)
        return real(settings, *args, **choices)

    monkeypatch.setattr(build, "open_backbone", counted)
    return found


def test_a_boundary_that_moves_opens_nothing_and_says_what_a_fresh_table_says(stripes, state, opened):
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32)
    first = cut_table_task(state, flow, "backbone")
    assert len(opened) == 1
    for row in [r for r in first.cuts if r.is_legal]:
        moved = flow.with_settings("backbone", cut=row.cut, strategy=row.strategy)
        assert cut_table_task(state, moved, "backbone").current == row.cut
    assert len(opened) == 1
    moved = flow.with_settings("backbone", strategy="some_layers")
    assert cut_table_task(state, moved, "backbone") == cut_table(moved, "backbone", state.workspace)


def test_any_other_edit_opens_the_network_anew(stripes, state, opened):
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32)
    cut_table_task(state, flow, "backbone")
    titled = flow.edit(nodes=tuple(n.edit(title="Mine") for n in flow.nodes))
    cut_table_task(state, titled, "backbone")
    assert len(opened) == 1
    changed = cut_table_task(state, flow.with_settings("head", hidden=[4]), "backbone")
    assert len(opened) == 2
    assert (
        changed.cuts[0].trainable_parameters
        != cut_table_task(state, flow, "backbone").cuts[0].trainable_parameters
    )
    cut_table_task(state, flow.with_settings("backbone", strategy="from_scratch"), "backbone")
    assert len(opened) == 4


def test_custom_code_is_asked_about_before_it_runs(stripes, state, monkeypatch):
    monkeypatch.setattr("graftwork.project.trust.is_trusted", lambda _: False)
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32)
    code = Node(
        id="own",
        component="custom",
        settings={
            "code": "raise SystemExit",
            "inputs": [{"name": "x", "kind": "features"}],
        },
    )
    edges = tuple(
        e.edit(source="own.features") if str(e.target) == "head.features" else e for e in flow.edges
    )
    wire = edges[0].edit(source="backbone.features", target="own.x")
    flow = flow.edit(nodes=(*flow.nodes, code), edges=(*edges, wire))
    with pytest.raises(NotTrusted):
        cut_table_task(state, flow, "backbone")
    bypassed = flow.edit(nodes=tuple(n.edit(is_bypassed=n.id == "own") for n in flow.nodes))
    assert cut_table_task(state, bypassed, "backbone").cuts


def test_the_bench_knows_the_task():
    assert TASKS["cut_table"] == "graftwork.project.cut_task:cut_table_task"

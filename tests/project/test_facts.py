"""Facts of data and bases make a check's shapes known."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import TINY_BASE

from graftwork.graph.faces import check_flow
from graftwork.graph.flows import transfer_flow
from graftwork.project.bench_state import BenchState
from graftwork.project.facts import data_facts, gather_facts, readable_parts
from graftwork.project.project import Project


@pytest.fixture
def state(tmp_path: Path) -> BenchState:
    Project(tmp_path / "project")
    return BenchState(tmp_path / "project")


def test_data_and_base_say_what_they_are(state: BenchState, stripes: Path) -> None:
    flow = transfer_flow(str(stripes), base=TINY_BASE)
    facts = gather_facts(state, *readable_parts(flow))
    assert facts.num_classes == 3
    assert facts.label_kind == "category"
    card = state.session.open_base(*_base_of(flow)).card
    assert facts.ports["backbone"] == card.port
    assert facts.num_features["backbone"] == card.stages[-1].output_shape[0]


def test_facts_fill_in_the_shapes_of_a_check(state: BenchState, stripes: Path) -> None:
    flow = transfer_flow(str(stripes), base=TINY_BASE)
    facts = gather_facts(state, *readable_parts(flow))
    logits = next(p for p in check_flow(flow, facts).faces["head"].outputs if p.name == "logits")
    assert logits.shape == "b × 3"
    assert (
        next(p for p in check_flow(flow, None).faces["head"].outputs if p.name == "logits").shape != "b × 3"
    )


def test_what_cannot_be_opened_says_nothing(state: BenchState) -> None:
    flow = transfer_flow("/nowhere/at/all", base="timm:no_such_model")
    facts = gather_facts(state, *readable_parts(flow))
    assert facts.num_classes is None
    assert not facts.ports


def test_settings_that_do_not_read_are_passed_over(stripes: Path) -> None:
    flow = transfer_flow(str(stripes))
    broken = flow.with_settings("images", validation="much").with_settings("backbone", strategy="none")
    assert readable_parts(broken) == (None, 0, {})
    assert data_facts(broken).num_classes is None
    assert data_facts(flow).num_classes == 3


def _base_of(flow):
    _, seed, bases = readable_parts(flow)
    return bases["backbone"], None, seed

"""Saved things: frozen, strict, versioned; YAML in = flow = YAML out."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graftwork.documents.events import EventLine, Noted, RunStarted, parse_event
from graftwork.documents.flow import Flow, dump_flow, load_flow, read_flow, write_flow
from graftwork.documents.recipe import Recipe
from graftwork.errors import FlowError, did_you_mean
from graftwork.graph.flows import transfer_flow


@settings(deadline=None)  # how long it takes says nothing
@given(
    epochs=st.integers(1, 500),
    rate=st.one_of(st.none(), st.floats(1e-6, 1.0)),
    seed=st.integers(0, 2**32 - 1),
    name=st.text(min_size=1, max_size=20),
    hidden=st.lists(st.integers(1, 9), max_size=2),
)
@example(epochs=1, rate=None, seed=0, name="\x85", hidden=[])
@example(epochs=1, rate=None, seed=0, name="a\r\nb\u2028c", hidden=[])
def test_yaml_in_is_yaml_out(epochs, rate, seed, name, hidden):
    recipe = Recipe(epochs=epochs, learning_rate=rate, seed=seed)
    flow = transfer_flow("photos/", name=name, recipe=recipe, hidden=tuple(hidden))
    text = dump_flow(flow)
    assert load_flow(text) == flow
    assert dump_flow(load_flow(text)) == text


def test_file_round_trip(tmp_path):
    flow = transfer_flow("fotos/größe", strategy="some_layers", cut="blocks.3")
    write_flow(flow, tmp_path / "a.yaml")
    assert read_flow(tmp_path / "a.yaml") == flow


def test_saved_things_are_frozen_and_edits_validated():
    recipe = Recipe()
    with pytest.raises(ValidationError):
        recipe.epochs = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        recipe.edit(epochs=0)
    assert recipe.edit(epochs=3).epochs == 3
    assert recipe.epochs == Recipe().epochs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: 99", "written in format 99"),
        ("nodes: [{id: 'a b', component: x}]", "'id' in entry 1 of 'nodes' is 'a b'; it wants letters"),
        ("nods: []", "nods"),
        ("edges: [[a, b.c]]", "no endpoint"),
        ("edges: [[a.b]]", r"no wire: write it as \[a.out, b.in\]"),
        ("edges: [a.b]", "no wire"),
        ("[1, 2]", "holds no flow"),
        ("a: [", "not readable as YAML"),
        ("recipe: {epochs: 0}", "'epochs' in 'recipe' is 0; it wants at least 1"),
    ],
)
def test_unreadable_flows_say_why(text, said):
    with pytest.raises(FlowError, match=said):
        load_flow(text, name="x.yaml")


def test_missing_flow_file(tmp_path):
    with pytest.raises(FlowError, match="no flow file"):
        read_flow(tmp_path / "none.yaml")


def test_no_code_can_hide_in_a_flow_file():
    with pytest.raises(FlowError):
        load_flow("nodes: !!python/object/apply:os.system ['true']")


def test_event_lines_round_trip():
    for event in (RunStarted(run="a"), Noted(level="warning", message="ü")):
        line = EventLine(time=1.5, event=event)
        assert parse_event(line.model_dump_json()) == line


def test_every_recipe_field_is_explained():
    for name, field in Recipe.model_fields.items():
        assert (field.description or "").endswith((".", ").")), name


def test_flow_without_format_is_the_first_format():
    assert load_flow("name: old") == Flow(name="old")


def test_did_you_mean():
    assert "head_only" in did_you_mean("headonly", ["head_only", "all_layers"])
    assert did_you_mean("zzz", ["b", "a"]) == "Known: a, b."

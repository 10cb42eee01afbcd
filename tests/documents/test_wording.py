"""Why something does not read, in words that say what was there and what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graftwork.documents.flow import Flow, load_flow
from graftwork.documents.recipe import Recipe
from graftwork.documents.wording import faults_of
from graftwork.documents.yaml_faults import yaml_fault
from graftwork.errors import FlowError
from graftwork.graph.contracts import CONTRACTS


def _faults(component: str, **settings: Any) -> dict[str, str]:
    kind = CONTRACTS.get(component).settings
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(settings)
    return {f.name: str(f) for f in faults_of(caught.value, kind, noun="setting")}


@pytest.mark.parametrize(
    ("component", "settings", "said"),
    [
        ("dense", {"unit": 3}, "there is no setting 'unit'; did you mean 'units'?"),
        ("dense", {"units": 0}, "setting 'units' is 0; it wants at least 1"),
        ("dense", {"units": "many"}, "setting 'units' is 'many'; it wants a whole number"),
        ("dense", {"units": 1.5}, "setting 'units' is 1.5; it wants a whole number"),
        ("dense", {"bias": "perhaps"}, "setting 'bias' is 'perhaps'; it wants true or false"),
        ("dropout", {"rate": 1.0}, "setting 'rate' is 1.0; it wants less than 1"),
        ("head", {"hidden": [64, 0]}, "entry 2 of 'hidden' is 0; it wants at least 1"),
        ("head", {"hidden": 64}, "setting 'hidden' is 64; it wants a list"),
        ("images", {}, "setting 'source' is missing"),
        ("unet_decoder", {"size": [1]}, "entry 2 of 'size' is missing"),
        ("custom", {"inputs": []}, "setting 'inputs' has 0 entries; it wants at least 1"),
    ],
)
def test_settings_say_what_is_wrong(component, settings, said):
    assert said in _faults(component, **settings).values()


def test_a_choice_that_is_nearly_right_is_guessed():
    said = _faults("backbone", strategy="hed_only")["strategy"]
    assert said.startswith("setting 'strategy' is 'hed_only'; it wants 'head_only'")
    assert said.endswith("did you mean 'head_only'?")


def test_a_setting_of_several_types_is_told_once_with_all_of_them():
    found = _faults("convolution", kernel="big")
    assert list(found) == ["kernel"]
    assert found["kernel"].startswith("setting 'kernel' is 'big'; it wants integer ≥ 1, or list of integer")


def test_values_of_our_own_rules_keep_their_sentence():
    assert "no Python name" in str(_faults("custom", inputs=[{"name": "a b", "kind": "image"}]))
    assert "outside of the project" in str(_faults("custom", file="/etc/passwd"))


@given(
    st.dictionaries(
        st.sampled_from(sorted(Recipe.model_fields)), st.sampled_from([None, -1, "x", [], {}, 1.5])
    )
)
def test_any_wrong_recipe_is_told_without_words_of_the_library(values):
    found: list[ValidationError] = []
    try:
        Recipe.model_validate(values)
    except ValidationError as error:
        found.append(error)
    for error in found:
        faults = faults_of(error, Recipe)
        assert {f.name for f in faults} == {str(e["loc"][0]) for e in error.errors()}
        for fault in faults:
            assert "Input should" not in fault.message
            assert "valid" not in fault.message


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("nodes: []\nedges: [", 2, 9, "Close what a bracket opens"),
        ("name: a: b", 1, 8, "a second ':' stands in one line"),
        ("nodes:\n\t- a", 2, 1, "a tab stands where spaces are wanted"),
        ("title: 'x", 1, 10, "a quote is not closed"),
        ("name: a\nnodes:\n  - b\n c: d", 4, 2, "not indented as those before it"),
        ("a: *b", 1, 4, "defined nowhere"),
        ("a: b\nc: \x07", 2, 4, "cannot be in a text file"),
    ],
)
def test_broken_yaml_is_one_sentence_with_its_place(text, line, column, said):
    with pytest.raises(FlowError) as caught:
        load_flow(text, name="x.yaml")
    error = caught.value
    assert "\n" not in str(error)
    assert said in str(error)
    assert f"line {line}, column {column}" in error.message
    assert (error.fields["line"], error.fields["column"]) == (line, column)
    stands = text.splitlines()[line - 1].strip()
    assert repr(stands) in error.message


@given(st.text(max_size=60))
def test_any_text_is_a_flow_or_one_sentence(text):
    said = ""
    try:
        load_flow(text)
    except FlowError as error:
        said = error.message
    assert "\n" not in said


def test_a_fault_without_a_place_is_told_too():
    assert yaml_fault(yaml.YAMLError("odd"), "").message == "odd"


def test_fields_of_a_flow_say_where_they_stand():
    with pytest.raises(
        FlowError, match="there is no field 'setings' in entry 1 of 'nodes'; did you mean 'settings'"
    ):
        Flow.parse({"nodes": [{"id": "a", "component": "b", "setings": {}}]}, name="x.yaml")

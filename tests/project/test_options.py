from __future__ import annotations

import pytest

from graftwork.documents.recipe import Recipe
from graftwork.errors import UnknownName, UsageError
from graftwork.graph.check import check
from graftwork.project.options import OPTIONS, flow_from_options, parse_settings


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("epochs=5", "epochs", 5),
        ("feature_cache=off", "feature_cache", "off"),
        ("feature-cache=off", "feature_cache", "off"),
        ("probe_first=off", "probe_first", False),
        ("clip_norm=null", "clip_norm", None),
        ("clip_norm=", "clip_norm", None),
        ("hidden=[64, 32]", "hidden", [64, 32]),
    ],
)
def test_values_of_set_are_yaml_but_words_stay_words(text: str, key: str, value: object) -> None:
    assert parse_settings([text]) == {key: value}


def test_exponents_reach_the_recipe_as_numbers() -> None:
    flow = flow_from_options("photos", **parse_settings(["learning_rate=1e-3"]))
    assert flow.recipe.learning_rate == 0.001


def test_unknown_keys_are_guessed() -> None:
    with pytest.raises(UnknownName) as caught:
        parse_settings(["epocs=3"])
    assert "'epochs'" in (caught.value.hint or "")


@pytest.mark.parametrize("texts", [["epochs"], ["=3"], ["epochs=1", "epochs=2"], ["epochs=[1"]])
def test_settings_that_cannot_be_meant_are_refused(texts: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_settings(texts)


def test_every_field_of_the_recipe_is_an_option() -> None:
    assert set(Recipe.model_fields) <= set(OPTIONS)


def test_defaults_give_the_default_recipe_and_a_flow_without_problems() -> None:
    flow = flow_from_options("photos")
    assert flow.recipe == Recipe()
    assert flow.name == "photos-head_only"
    assert check(flow) == ()


def test_each_option_lands_in_the_node_that_defines_it() -> None:
    flow = flow_from_options(
        "photos", strategy="some_layers", cut="layer2", image_size=64, test=0.3, label_column="kind", epochs=2
    )
    assert flow.node("images").settings == {"source": "photos", "test": 0.3, "label_column": "kind"}
    backbone = flow.node("backbone").settings
    assert (backbone["strategy"], backbone["cut"], backbone["image_size"]) == ("some_layers", "layer2", 64)
    assert flow.recipe == Recipe(epochs=2)


def test_all_wrong_values_of_the_recipe_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        flow_from_options("photos", epochs=0, batch="many")
    assert caught.value.fields["options"] == ["epochs", "batch"]
    assert "'epochs' is 0; it wants at least 1" in caught.value.message
    assert "'batch' is 'many'; it wants a whole number" in caught.value.message


def test_none_means_the_default_except_where_none_is_a_choice() -> None:
    flow = flow_from_options("photos", epochs=None, clip_norm=None)
    assert flow.recipe.epochs == Recipe().epochs
    assert flow.recipe.clip_norm is None

"""Outputs of the images follow their settings; objectives refuse labels of another kind."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from graftwork.documents.flow import Flow
from graftwork.graph.check import check
from graftwork.graph.contracts import CONTRACTS, ImagesSettings
from graftwork.graph.objectives import OBJECTIVES


def flow(objective: str, images: dict[str, Any] | None = None, **settings: Any) -> Flow:
    return Flow.model_validate(
        {
            "name": "a",
            "nodes": [
                {"id": "images", "component": "images", "settings": {"source": "x", **(images or {})}},
                {"id": "base", "component": "backbone"},
                {"id": "head", "component": "head"},
                {"id": "goal", "component": objective, "settings": settings},
            ],
            "edges": [
                {"source": "images.image", "target": "base.image"},
                {"source": "base.features", "target": "head.features"},
                {"source": "head.logits", "target": "goal.logits"},
                {"source": "images.labels", "target": "goal.labels"},
            ],
        }
    )


def outputs(**settings: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
    _, ports = CONTRACTS.get("images").ports(ImagesSettings(source="x", **settings))
    return {p.name: (p.kind, p.shape) for p in ports}


def test_outputs_of_the_images_follow_their_settings() -> None:
    image = ("image", ("b", 3, "h", "w"))
    assert outputs() == {"image": image, "labels": ("labels", ("b",))}
    assert outputs(label_kind="tags")["labels"] == ("labels", ("b", "tags"))
    assert outputs(label_kind="number", label_columns=("x", "y"))["labels"] == ("number", ("b", 2))
    assert outputs(label_kind="mask", size=64) == {
        "image": ("image", ("b", 3, 64, 64)),
        "labels": ("mask", ("b", 64, 64)),
    }
    more = outputs(number_columns=("x",), category_columns=("y", "z"))
    assert more["numbers"] == ("number", ("b", 1))
    assert more["categories"] == ("category", ("b", 2))


@pytest.mark.parametrize(
    ("objective", "kind"),
    [
        ("classification", "category"),
        ("binary", "category"),
        ("multi_label", "tags"),
        ("regression", "number"),
    ],
)
def test_an_objective_takes_labels_of_its_kind_and_no_others(objective: str, kind: str) -> None:
    assert check(flow(objective, {"label_kind": kind})) == ()
    for other in {"category", "tags", "number", "mask"} - {kind}:
        found = check(flow(objective, {"label_kind": other}))
        assert [p.port for p in found] == ["labels"], (objective, other, found)


def test_a_loss_that_is_not_there_is_named() -> None:
    (found,) = check(flow("classification", loss="hinge"))
    assert (found.node, found.setting) == ("goal", "loss")


def test_settings_refuse_what_makes_no_sense() -> None:
    for contract in OBJECTIVES:
        with pytest.raises(ValidationError):
            contract.settings.model_validate({"weight": 0.0})

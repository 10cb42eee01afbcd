"""One image over HTTP: maps and saliency of a run's image and of one that was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject

from ..conftest import TINY_BASE

KEY = "wide/003.png"


@pytest.fixture
def run(opened: OpenProject, stripes: Path) -> str:
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous", probe_first=False)
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe)
    return opened.project.run(flow).id


def picture(page: TestClient, home: str, name: str) -> bytes:
    answer = page.get(f"{home}/pictures/{name}.png")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\x89PNG")
    return answer.content


def test_one_image_from_maps_to_saliency(page: TestClient, home: str, run: str, stripes: Path) -> None:
    def ask(what: str, **body: Any) -> Any:
        answer = page.post(f"{home}/inspections/{what}", json={"run": run, "image": KEY, **body})
        return answer.status_code, answer.json()

    code, maps = ask("maps")
    assert code == 200, maps
    assert maps["weights"] == ["pretrained", "trained"]
    picture(page, home, maps["input"])
    picture(page, home, maps["stages"][0]["sides"]["trained"]["picture"])
    code, other = ask("maps", stage="stem", order="change", number=2)
    assert code == 200
    assert [c["sides"]["trained"]["picture"] is not None for c in other["channels"]] == [True, True]
    code, found = ask("saliency", of="wide", sanity=True)
    assert code == 200, found
    assert found["document"]["of"] == "wide"
    assert found["document"]["sanity"]["verdict"]
    assert picture(page, home, found["heat"]) != picture(page, home, found["image"])

    sent = page.post(f"{home}/inspections/images/new", content=(stripes / KEY).read_bytes()).json()["picture"]
    code, own = ask("saliency", of="wide", image="mine.png", picture=sent)
    assert code == 200, own
    assert own["document"]["digest"] == found["document"]["digest"]
    assert own["document"]["label"] == []

    for body, code, words in (
        ({"image": str(stripes / KEY)}, 400, "neither a file nor the key"),
        ({"picture": "0" * 32}, 400, "not kept any more"),
        ({"of": "round"}, 400, "says nothing about"),
    ):
        refused, answer = ask("saliency", **body)
        assert refused >= code
        assert words in answer["message"]
        assert refused < 500
    assert page.post(f"{home}/inspections/images/new", content=b"").status_code >= 400


def test_a_flow_has_maps_but_no_saliency(
    page: TestClient, home: str, stripes: Path, opened: OpenProject
) -> None:
    recipe = Recipe(precision="float32", memory_format="contiguous")
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe)
    body = {"flow": flow.model_dump(mode="json"), "image": KEY}
    refused = page.post(f"{home}/inspections/maps", json=body)
    assert refused.status_code == 403  # its folder was not opened
    answer = page.post(f"{home}/inspections/saliency", json=body)
    assert answer.status_code == 422
    assert "wants a run" in answer.text

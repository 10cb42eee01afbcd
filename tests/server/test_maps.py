"""Maps and neighbors as a page asks for them; the work is the bench's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


@pytest.fixture
def run(opened: OpenProject, studio: Studio, stripes: Path) -> str:
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    studio.roots.open(stripes)
    return opened.project.run(transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe)).id


def ask(page: TestClient, home: str, path: str, **body: Any) -> Any:
    return page.post(f"{home}/inspections/{path}", json=body)


def test_a_page_gets_map_and_neighbors(page: TestClient, home: str, run: str, stripes: Path) -> None:
    answer = ask(page, home, "map", run=run)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["num_shown"] == len(found["points"]["keys"]) == len(found["sides"][0]["x"]) == 60
    key = found["points"]["keys"][7]
    near = ask(page, home, "neighbors", run=run, key=key, number=3).json()
    assert [near["image"], len(near["neighbors"])] == [key, 3]
    content = (stripes / near["neighbors"][0]["key"]).read_bytes()
    address = f"{home}/inspections/neighbors/image?run={run}&name=mine.png&number=2"
    same = page.post(address, content=content).json()
    assert same["image"] == "mine.png"
    assert same["neighbors"][0]["key"] == near["neighbors"][0]["key"]
    assert same["neighbors"][0]["distance"] < 1e-5
    refused = page.post(address, content=b"no image")
    assert refused.status_code == 422
    assert refused.json()["message"].startswith("mine.png cannot be read as an image")
    outside = ask(page, home, "map", run=run, beside="/etc")
    assert outside.json()["error"] == "NotOpened"
    unknown = ask(page, home, "neighbors", run=run, key="nowhere.png")
    assert unknown.json()["error"] == "UnknownName"
    both = ask(page, home, "map", run=run, flow={"name": "x"})
    assert both.status_code == 422

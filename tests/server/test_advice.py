"""Advice over HTTP: the same document as in Python; images outside opened folders are not read."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from graftwork.documents.advice import Advice
from graftwork.documents.rate_test import RateTest
from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


def test_advice_is_the_one_that_python_gives(
    page: TestClient, home: str, opened: OpenProject, studio: Studio, stripes: Path, tmp_path: Path
) -> None:
    studio.roots.open(stripes)
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    source = transfer_flow(
        str(stripes), base=TINY_BASE, strategy="from_scratch", image_size=32, recipe=recipe
    )
    run = opened.project.run(source)
    flow = transfer_flow(str(stripes), base=f"run:{run.id}", image_size=32, recipe=recipe)
    body = {"flow": flow.model_dump(mode="json")}
    outside = page.post(f"{home}/inspections/advice", json={**body, "trained_on": str(tmp_path)})
    assert outside.status_code >= 400
    assert "outside the folders" in outside.json()["message"]
    found = Advice.model_validate(page.post(f"{home}/inspections/advice", json=body).json())
    assert found == opened.project.advise(flow)


def test_a_range_test_is_the_one_that_python_gives(
    page: TestClient, home: str, opened: OpenProject, studio: Studio, stripes: Path
) -> None:
    studio.roots.open(stripes)
    recipe = Recipe(precision="float32", memory_format="contiguous")
    flow = transfer_flow(str(stripes), base=TINY_BASE, strategy="head_only", image_size=32, recipe=recipe)
    body = {"flow": flow.model_dump(mode="json"), "choices": {"updates": 20}}
    found = RateTest.model_validate(page.post(f"{home}/inspections/rate", json=body).json())
    assert found == opened.project.find_rate(flow, choices={"updates": 20})
    refused = page.post(f"{home}/inspections/rate", json={**body, "choices": {"lowest": 2.0, "highest": 1.0}})
    assert refused.status_code == 422
    assert "below the highest" in refused.text

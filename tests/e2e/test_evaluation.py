"""From a run's scores to its curves, a slice and its images, other data, and another run image by image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import flow_of, make_flow, trained
from tests.e2e.conftest import Server


@pytest.fixture(scope="module")
def pair(server: Server, stripes: Path) -> tuple[str, str]:
    """Two finished runs on the same images."""
    from tests.conftest import TINY_BASE

    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow

    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, name="pair", test=0.4, recipe=recipe)
    name = make_flow(server, flow=flow.model_dump(mode="json"), name="pair")
    content, found = flow_of(server, name), []
    for rate in (0.0001, 0.01):
        content["recipe"]["learning_rate"] = rate
        found.append(trained(server, content))
    return found[0], found[1]


def open_evaluation(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("tab", name="Evaluation").click()
    # The first look starts the project's bench and measures the images.
    page.get_by_role("region", name="Calibration").wait_for(timeout=90_000)


def test_a_slice_leads_to_its_images(page: Any, server: Server, pair: tuple[str, str]) -> None:
    open_evaluation(page, server, pair[0])
    with server.api as api:
        asked = {"run": pair[0]}
        found = api.post(
            f"/projects/{server.project_id}/inspections/evaluation", json=asked, timeout=90
        ).json()
    scores = page.get_by_role("region", name="Scores of each class")
    assert scores.get_by_role("row").count() == 1 + len(found["parts"]) == 4
    roc = page.get_by_role("figure", name="ROC")
    roc.get_by_role("button", name="View as table").click()
    assert roc.get_by_role("row").count() > 3
    column = next(one for one in found["slices"] if one["name"] == "brightness")
    chosen = column["slices"][0]
    page.get_by_role("button", name=f"brightness {chosen['name']}").click()
    slices = page.get_by_role("region", name="Slices").first
    slices.get_by_role("group", name=f"{chosen['num_images']} images").wait_for()


def test_a_run_is_looked_at_on_other_data(
    page: Any, server: Server, pair: tuple[str, str], stripes: Path
) -> None:
    with server.api as api:
        asked = {"run": pair[0], "source": str(stripes)}
        answer = api.post(f"/projects/{server.project_id}/inspections/other-data", json=asked, timeout=90)
        assert answer.json()["scores"]["num_images"] == 60
    open_evaluation(page, server, pair[0])
    page.get_by_label("Looked at").select_option(label=str(stripes))
    page.get_by_role("heading", name="Scores on 60 images").wait_for(timeout=90_000)
    page.get_by_text(re.compile("were used to train or choose the run")).wait_for()
    page.get_by_role("button", name="Evaluate on other data…").click()
    page.get_by_role("dialog", name="Evaluate on other data").wait_for()


def test_two_runs_are_compared_image_by_image(page: Any, server: Server, pair: tuple[str, str]) -> None:
    with server.api as api:
        query = {"run": pair[0], "other": pair[1]}
        found = api.get(f"/projects/{server.project_id}/inspections/comparison", params=query).json()
    page.goto(f"{server.address}/p/{server.project_id}/runs?compare={pair[0]},{pair[1]}")
    paired = page.get_by_role("region", name="Image by image")
    paired.get_by_text("McNemar's exact test").wait_for()
    cell = max(found["cells"], key=lambda one: int(one["num_images"]))
    words = cell["cell"].replace("_", " ").replace("only a", "only A").replace("only b", "only B")
    name = f"{words[:1].upper()}{words[1:]}"
    paired.get_by_role("button", name=re.compile(f"^{name}")).click()
    images = paired.get_by_role("list", name=re.compile(f"^{name}"))
    images.get_by_role("listitem").first.wait_for()
    assert images.get_by_role("listitem").count() == cell["num_images"]

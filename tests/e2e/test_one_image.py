"""One image in a browser: from a prediction to why, through every stage, and an image of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import flow_of, make_flow, trained
from tests.e2e.conftest import Server
from tests.e2e.test_access import faults


@pytest.fixture(scope="module")
def run(server: Server, stripes: Path) -> str:
    """A finished run on the tiny base, whose last stages were trained."""
    from tests.conftest import TINY_BASE

    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow

    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous", probe_first=False)
    flow = transfer_flow(
        str(stripes), base=TINY_BASE, image_size=64, name="look", strategy="some_layers", recipe=recipe
    )
    name = make_flow(server, flow=flow.model_dump(mode="json"), name="look")
    return trained(server, flow_of(server, name))


def heat(page: Any) -> Any:
    """Return the map that lies over the image, once there is one."""
    found = page.locator("img[data-heat]")
    found.wait_for(timeout=60_000)
    return found


def test_why_leads_from_a_prediction_to_every_stage(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/predictions")
    page.get_by_label("Show", exact=True).select_option("all")
    page.get_by_role("button", name=re.compile(r"predicted .*Open\.")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Why?").click()
    heat(page)
    dialog.get_by_role("button", name="See it through every stage").click()
    page.get_by_role("tab", name="One image", selected=True).wait_for()
    stages = page.get_by_role("group", name="Stages of the base")
    stages.wait_for(timeout=60_000)
    assert stages.get_by_role("button", name=re.compile("^(stem|pool)")).count() == 2


def test_the_view_is_used_by_keyboard_and_passes_the_check(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/image")
    heat(page)
    stages = page.get_by_role("group", name="Stages of the base")
    stages.wait_for(timeout=60_000)
    assert "unchanged" in stages.get_by_role("button", name=re.compile("^stem")).inner_text()
    depth = page.get_by_label("Depth")
    depth.focus()
    depth.press("Home")
    channels = page.get_by_role("group", name="Channels of stem")
    channels.wait_for(timeout=60_000)
    channels.get_by_role("button").first.press("Enter")
    large = page.get_by_role("dialog")
    assert large.get_by_role("img").count() == 2
    large.press("Escape")
    large.wait_for(state="detached")
    over = page.get_by_label("Map over the image")
    over.focus()
    over.press("Home")
    assert heat(page).evaluate("e => e.style.opacity") == "0"
    page.get_by_label("Evidence for").select_option("flat")
    page.get_by_label("Method").select_option("integrated_gradients")
    page.get_by_text(re.compile("The pixels add up to")).wait_for(timeout=60_000)
    page.get_by_role("button", name="Can it be trusted?").click()
    page.get_by_text("Step by step").wait_for(timeout=60_000)
    assert faults(page) == []


def test_an_image_of_ones_own_is_looked_into(page: Any, server: Server, run: str, stripes: Path) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/image")
    page.get_by_label("Image file to look into").set_input_files(stripes / "wide" / "001.png")
    page.get_by_role("region", name="Evidence in 001.png").wait_for()
    heat(page)
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/try")
    page.get_by_label("Image file", exact=True).set_input_files(stripes / "wide" / "001.png")
    page.get_by_role("article").get_by_role("button", name="Why?").click(timeout=60_000)
    assert heat(page).is_visible()

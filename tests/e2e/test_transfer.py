"""Transfer beyond retraining, as a person finds it: the words, and a target without labels."""

from __future__ import annotations

import re
from typing import Any

from tests.conftest import TINY_BASE
from tests.e2e import acts
from tests.e2e.conftest import Server

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow

SLOW_MS = 120_000  # the first look of a bench starts its process and opens the base


def test_the_words_lead_to_adapting_and_its_flow(page: Any, server: Server) -> None:
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow(
        "sample:surfaces", base=TINY_BASE, image_size=32, name="two", strategy="all_layers", recipe=recipe
    )
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="two")
    page.goto(f"{server.address}/p/{server.project_id}/flow/two")
    page.get_by_role("link", name="Transfer", exact=True).click()
    page.get_by_role("heading", name="Domain shift").wait_for()
    assert page.get_by_role("img", name=re.compile("^A labeled metal sheet goes through")).is_visible()
    assert page.locator("svg[role=img]:empty").count() == 0
    page.get_by_role("button", name="Transfer › Gap").click()
    page.get_by_label("Target", exact=True).fill("sample:surfaces")
    page.get_by_role("button", name="Measure the gap").click()
    page.get_by_role("table", name="Distances by stage").wait_for(timeout=SLOW_MS)
    assert page.get_by_text("no shift to see").is_visible()
    assert page.get_by_role("list", name="Images least like it, of the target").get_by_role("img").count() > 0
    page.get_by_role("tab", name="Instances").click()
    page.get_by_label("Target", exact=True).fill("sample:surfaces")
    page.get_by_role("button", name="Weigh", exact=True).click()
    page.get_by_role("button", name="Train with these weights").click(timeout=SLOW_MS)
    page.get_by_role("button", name="Train with all images alike").click()
    page.get_by_role("tab", name="Labels").click()
    page.get_by_label("Target", exact=True).fill("sample:surfaces")
    page.get_by_role("button", name="Pass labels on").click()
    page.get_by_role("table", name="What a confidence is worth").wait_for(timeout=SLOW_MS)
    page.get_by_role("tab", name="Adapt").click()
    start = page.get_by_role("button", name="Adapt", exact=True)
    assert start.get_attribute("aria-disabled") == "true"
    page.get_by_label("Target", exact=True).fill("sample:surfaces")
    start.click()
    table = page.get_by_role("table", name="Methods of adaptation")
    table.wait_for(timeout=SLOW_MS)
    assert table.get_by_role("row").count() == 8  # the head, source only, six methods
    assert page.get_by_text("Oracle, which knows the labels").is_visible()
    assert page.get_by_text(re.compile("nothing to adapt")).count() == 1
    page.get_by_label("Color").select_option("class")
    page.get_by_role("button", name="Put it into the flow").click()
    page.get_by_role("button", name="Put it into the flow").and_(
        page.locator("[aria-disabled=true]")
    ).wait_for()
    page.get_by_role("button", name=re.compile("^Undo")).click()
    page.get_by_role("button", name="Put it into the flow").and_(
        page.locator(":not([aria-disabled=true])")
    ).wait_for()

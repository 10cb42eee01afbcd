"""The map of a run in a browser: colors, choosing, neighbors, a correction, the table twin, one's own image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import write_stripes
from tests.e2e.acts import flow_of, saved, tiny_flow, trained
from tests.e2e.conftest import Server


@pytest.fixture(scope="module")
def run(server: Server, stripes: Path) -> str:
    """A finished run of the flow 'mapped'."""
    return trained(server, flow_of(server, tiny_flow(server, str(stripes), name="mapped")))


def open_map(page: Any, server: Server, run: str) -> Any:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/map")
    chart = page.get_by_role("figure", name=re.compile("^Images (before|after) training"))
    chart.get_by_text("60 points", exact=True).wait_for(timeout=60_000)
    return chart


def test_from_a_color_to_an_image_its_neighbors_and_a_correction(page: Any, server: Server, run: str) -> None:
    chart = open_map(page, server, run)
    page.get_by_text("How far to trust this picture").wait_for()
    before = page.get_by_role("button", name="Before training")
    assert before.get_attribute("aria-disabled") == "true"  # the base is frozen: both are one map

    page.get_by_label("Color", exact=True).select_option("label")
    colors = page.get_by_role("list", name="Colors")
    assert colors.get_by_role("button").count() == 3
    for name in ("tall", "wide"):
        colors.get_by_role("button", name=re.compile(f"^{name}")).click()
    chart.get_by_text("20 points", exact=True).wait_for()
    page.get_by_role("button", name="Choose shown").click()
    panel = page.get_by_role("region", name="Chosen images")
    panel.get_by_role("heading", name=re.compile("20 images")).wait_for()

    panel.get_by_role("button", name=re.compile(": label flat")).first.click()
    near = panel.get_by_role("list", name="Nearest training images")
    near.wait_for(timeout=60_000)
    assert near.get_by_role("listitem").count() == 8
    first = near.get_by_role("button").first
    key = str(first.get_attribute("title"))
    first.click()
    panel.get_by_role("article", name=key).wait_for()

    panel.get_by_role("button", name="Exclude").click()
    panel.get_by_text(re.compile("Exclude 1 image, in the flow 'mapped'")).wait_for()

    def excludes(flow: dict[str, Any]) -> bool:
        node = next(n for n in flow["nodes"] if n["component"] == "images")
        return key in node["settings"].get("exclude", [])

    saved(server, "mapped", excludes, "the exclusion in the flow")
    panel.get_by_role("button", name="Undo").click()
    saved(server, "mapped", lambda flow: not excludes(flow), "the undone exclusion")


def test_the_map_is_a_table_too_and_keys_move_it(page: Any, server: Server, run: str) -> None:
    chart = open_map(page, server, run)
    field = chart.get_by_test_id("scatter")
    field.focus()
    left = field.locator("text").first.text_content()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "(was) => document.querySelector('[data-testid=scatter] text').textContent !== was", arg=left
    )
    chart.get_by_role("button", name="View as table").click()
    table = chart.get_by_role("table")
    table.wait_for()
    assert table.get_by_role("row").count() == 61
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads[:6] == ["Name", "Source", "Split", "Label", "Predicted", "Confidence"]


def test_a_loop_chooses_and_escape_takes_it_back(page: Any, server: Server, run: str) -> None:
    chart = open_map(page, server, run)
    field = chart.get_by_test_id("scatter")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    left, top = box["x"] + 56, box["y"] + 8
    right, bottom = box["x"] + box["width"] - 8, box["y"] + box["height"] - 36
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    chart.get_by_text("60 of 60 chosen").wait_for()
    field.focus()
    page.keyboard.press("Escape")
    chart.get_by_text("60 points", exact=True).wait_for()
    assert chart.get_by_text(re.compile("chosen")).count() == 0


def test_an_image_of_ones_own_shows_what_it_is_like(
    page: Any, server: Server, run: str, stripes: Path
) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/try")
    page.get_by_label("Show the nearest training images").check()
    page.get_by_label("Image file").set_input_files(stripes / "flat" / "001.png")
    near = page.get_by_role("list", name="Nearest training images")
    near.wait_for(timeout=60_000)
    assert near.get_by_role("listitem").count() == 6


def test_images_of_another_folder_are_shown_beside(
    page: Any, server: Server, run: str, tmp_path: Path
) -> None:
    others = write_stripes(tmp_path / "others", per_class=3)
    open_map(page, server, run)
    page.get_by_role("button", name="Show others beside").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Open another folder").fill(str(others))
    dialog.get_by_label("Open another folder").press("Enter")
    dialog.get_by_role("button", name="Use this folder").click()
    chart = page.get_by_role("figure", name=re.compile("^Images (before|after) training"))
    chart.get_by_text("69 points", exact=True).wait_for(timeout=60_000)
    page.get_by_label("Color", exact=True).select_option("domain")
    colors = page.get_by_role("list", name="Colors")
    colors.get_by_role("button", name=re.compile("^others")).get_by_text("9", exact=True).wait_for()
    page.get_by_role("button", name="Without others").click()
    chart.get_by_text("60 points", exact=True).wait_for(timeout=60_000)
    assert colors.get_by_role("button", name=re.compile("^others")).count() == 0

"""A search as a person sees it: begun beside a flow, watched, and its settings taken over."""

from __future__ import annotations

from typing import Any

from tests.conftest import TINY_BASE
from tests.e2e import acts
from tests.e2e.conftest import Server

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow

SLOW_MS = 120_000


def test_a_search_is_begun_watched_and_taken_over(page: Any, server: Server) -> None:
    recipe = Recipe(epochs=1, probe_epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow("sample:surfaces", base=TINY_BASE, name="tuned", image_size=32, recipe=recipe)
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="tuned")
    page.goto(f"{server.address}/p/{server.project_id}/choose/tuned/search")
    page.get_by_role("tab", name="Search").click()
    page.get_by_text("Nothing was searched yet").wait_for()
    rounds = page.get_by_label("Rounds", exact=True)
    rounds.fill("1")
    assert page.get_by_role("button", name="Search", exact=True).get_attribute("aria-disabled") == "true"
    rounds.fill("2")
    page.get_by_text("What is searched").click()
    settings = page.get_by_role("list", name="Settings of the search")
    settings.wait_for(timeout=SLOW_MS)
    page.get_by_label("Lowest learning rate").fill("0.01")
    page.get_by_label("Highest learning rate").fill("0.001")
    assert settings.get_by_role("alert").inner_text() == "The first end must be the smaller one."
    page.get_by_label("Highest learning rate").fill("0.02")
    page.get_by_label("What to do with cut").select_option("leave")
    page.get_by_text("layer_decay does nothing").wait_for()  # what the server says of it
    page.get_by_label("What to do with cut").select_option("search")
    page.get_by_label("What to do with augment").select_option("fix")
    page.get_by_label("Value of augment").select_option("light")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("button", name="Ten rounds more").wait_for(timeout=SLOW_MS)
    table = page.get_by_role("region", name="Rounds as a table")
    assert table.get_by_role("row").count() == 3
    assert page.get_by_role("img", name="Settings of each round").is_visible()
    header = table.get_by_role("row").nth(1).inner_text()
    assert "augment" not in header  # fixed, so no round has it as a setting of its own
    page.get_by_role("button", name="View slices as table").click()
    slices = page.get_by_role("region", name="Score against each setting as a table")
    assert slices.get_by_role("row").count() == 3
    assert page.get_by_text("Too few to say: 2 finished rounds").is_visible()
    table.get_by_role("button", name="2", exact=True).click()
    assert table.get_by_role("button", name="2", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Use these settings").click()
    taken = acts.saved(server, "tuned", _is_taken, "the settings of the search")
    assert _is_taken(taken)
    page.get_by_role("button", name="Undo").click()
    acts.saved(server, "tuned", lambda flow: not _is_taken(flow), "what was there before")


def _is_taken(flow: dict[str, Any]) -> bool:
    """Whether the flow has what every round of the search had: which round is best may differ from machine to machine."""
    return bool(flow["recipe"].get("augment") == "light")

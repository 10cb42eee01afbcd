"""Choosing as a person sees it: the advice beside a flow."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.conftest import TINY_BASE
from tests.e2e import acts
from tests.e2e.conftest import Server

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow

SLOW_MS = 120_000  # the first look of a bench starts its process and opens the base


def settings() -> dict[str, Any]:
    return {"image_size": 32, "recipe": Recipe(epochs=1, precision="float32", memory_format="contiguous")}


@pytest.fixture(scope="module")
def base(server: Server) -> str:
    """A base that was trained: a run of the project."""
    flow = transfer_flow(
        "sample:surfaces", base=TINY_BASE, name="source", strategy="from_scratch", **settings()
    )
    return f"run:{acts.trained(server, flow)}"


def test_an_advice_is_asked_for_read_and_taken_over(page: Any, server: Server, base: str) -> None:
    flow = transfer_flow("sample:surfaces", base=base, name="advised", strategy="all_layers", **settings())
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="advised")
    page.goto(f"{server.address}/p/{server.project_id}/choose/advised")
    page.get_by_role("button", name="Advise me").click()
    verdict = page.get_by_role("region", name="Advice")
    verdict.wait_for(timeout=SLOW_MS)
    assert page.get_by_role("img", name=re.compile("images per class, similarity")).is_visible()
    signals = page.get_by_role("table", name=re.compile("Five signals"))
    assert signals.get_by_role("row").count() == 6
    costs = page.get_by_role("table", name=re.compile("each strategy would take"))
    assert costs.get_by_role("row").count() == 7
    verdict.get_by_role("button", name="Use the advice").click()
    page.get_by_role("button", name="The flow is as advised").wait_for()
    words = verdict.get_by_role("heading").inner_text().replace(" ", "_")
    taken = acts.saved(server, "advised", lambda flow: strategy_of(flow) != "all_layers", "the advice")
    assert words.startswith(strategy_of(taken))
    page.get_by_role("button", name="Undo").click()
    acts.saved(server, "advised", lambda flow: strategy_of(flow) == "all_layers", "what was there before")


def test_a_race_is_run_as_lanes_and_its_winner_kept(page: Any, server: Server, base: str) -> None:
    flow = transfer_flow("sample:surfaces", base=base, name="raced", **settings())
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="raced")
    page.goto(f"{server.address}/p/{server.project_id}/choose/raced/race")
    for lane in ("Some layers", "Most layers", "All layers", "Probe, then tune"):
        page.get_by_role("checkbox", name=lane).uncheck()
    page.get_by_role("button", name="Start the race").click()
    lanes = page.get_by_role("table", name=re.compile("Lanes: validation score"))
    lanes.wait_for(timeout=SLOW_MS)
    assert lanes.get_by_role("row").count() == 3
    result = page.get_by_role("region", name="What came out")
    result.wait_for(timeout=SLOW_MS)
    assert result.get_by_role("img", name=re.compile("Cost against accuracy")).is_visible()
    assert result.get_by_text("The advice", exact=True).is_visible()
    result.get_by_role("button", name="Keep as a run").click()
    page.wait_for_url(re.compile("/run/"))
    kept = acts.run_of(server, page.url.rpartition("/")[2])
    assert kept["card"]["status"] == "finished"


def strategy_of(flow: dict[str, Any]) -> str:
    return str(next(n["settings"]["strategy"] for n in flow["nodes"] if n["id"] == "backbone"))


def test_a_learning_rate_is_found_beside_its_field_and_taken(page: Any, server: Server) -> None:
    name = acts.tiny_flow(server, name="rates")
    page.goto(f"{server.address}/p/{server.project_id}/flow/{name}")
    page.get_by_role("tab", name="Recipe").click()
    page.get_by_role("button", name="Find a rate…").first.click()
    dialog = page.get_by_role("dialog", name="Find a learning rate")
    dialog.get_by_label("Lowest rate").fill("none")
    assert dialog.get_by_role("alert").is_visible()
    dialog.get_by_label("Lowest rate").fill("1e-4")
    dialog.get_by_label("Highest rate").fill("10")
    dialog.get_by_role("button", name="Test the rates").click()
    dialog.get_by_role("img", name=re.compile("the plan would take")).wait_for(timeout=SLOW_MS)
    dialog.get_by_role("button", name="As table").click()
    assert dialog.get_by_role("row").count() > 20
    take = dialog.get_by_role("button", name=re.compile("^Take "))
    words = take.inner_text().removeprefix("Take ").replace("−", "-")
    take.click()
    saved = acts.saved(server, name, lambda flow: flow["recipe"]["learning_rate"] is not None, "the rate")
    assert saved["recipe"]["learning_rate"] == pytest.approx(float(words), rel=0.01)

"""The probe by depth and what moved, as a person sees them: on the run's page and on the opened base."""

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


@pytest.fixture(scope="module")
def run(server: Server) -> str:
    """A finished run that retrained some layers."""
    recipe = Recipe(epochs=1, probe_epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow(
        "sample:surfaces",
        base=TINY_BASE,
        image_size=32,
        name="looked",
        strategy="some_layers",
        recipe=recipe,
    )
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="looked")
    return acts.trained(server, acts.flow_of(server, "looked"))


def test_the_best_cut_is_marked_and_taken_into_a_new_flow(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("tab", name="Look inside").click()
    page.get_by_role("tab", name="Depth").click()
    table = page.get_by_role("table", name=re.compile("Probes by stage"))
    table.wait_for(timeout=SLOW_MS)
    assert page.get_by_role("img", name=re.compile("by depth.*chart")).is_visible()
    assert table.get_by_text("best", exact=True).count() == 1
    record = acts.run_of(server, run)["record"]
    stages = [s["name"] for s in record["card"]["stages"]]
    other = next(s for s in stages[:-1] if s != record["cut"])
    table.get_by_role("button", name=f"Use the cut after {other}", exact=True).click()
    page.get_by_label("Flow canvas").wait_for()
    name = page.url.rpartition("/")[2]
    flow = acts.flow_of(server, name)
    settings = next(n["settings"] for n in flow["nodes"] if n["id"] == "backbone")
    assert settings["cut"] == other
    assert acts.flow_of(server, "looked") != flow


def test_what_moved_says_that_frozen_stages_did_not(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/drift")
    table = page.get_by_role("table", name=re.compile("What moved, part by part"))
    table.wait_for(timeout=SLOW_MS)
    plan = acts.run_of(server, run)["plan"]
    for stage in (s for s in plan["stages"] if s["num_parameters"]):
        row = table.get_by_role("row").filter(
            has=page.get_by_role("rowheader", name=stage["name"], exact=True)
        )
        words = row.inner_text()
        assert ("trainable" in words) is not stage["is_frozen"]
        assert ("0 %" in words.split("\t")) is stage["is_frozen"]
    assert table.get_by_role("rowheader", name="head (new)").is_visible()


def test_both_stand_beside_the_stages_of_the_opened_base(page: Any, server: Server, run: str) -> None:
    assert run
    acts.open_flow(page, server, "looked")
    acts.node(page, "backbone").click(position={"x": 40, "y": 12})
    panel = page.get_by_role("region", name="Freeze boundary")
    panel.get_by_role("button", name="Probe by depth").click()
    panel.get_by_text("within one standard error").wait_for(timeout=SLOW_MS)
    assert panel.get_by_label("Best cut:").count() == 1
    panel.get_by_role("button", name="What moved").click()
    panel.get_by_text("unmoved").first.wait_for(timeout=SLOW_MS)
    assert panel.get_by_text(re.compile(r"^moved \d")).count() >= 1

"""Mixing a run with its start and averaging two runs, as a person does it."""

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
    """A finished run with a probe before it."""
    recipe = Recipe(epochs=1, probe_epochs=1, precision="float32", memory_format="contiguous")
    settings = {"base": TINY_BASE, "image_size": 32, "strategy": "some_layers", "recipe": recipe}
    flow = transfer_flow("sample:surfaces", name="mixed", **settings)  # type: ignore[arg-type]
    acts.make_flow(server, flow=flow.model_dump(mode="json"), name="mixed")
    return acts.trained(server, acts.flow_of(server, "mixed"))


def test_a_place_on_the_line_becomes_a_run_and_is_averaged(page: Any, server: Server, run: str) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/mix")
    table = page.get_by_role("table", name=re.compile("Each place with 95 % intervals"))
    table.wait_for(timeout=SLOW_MS)
    assert table.get_by_role("radio").count() == 11
    assert page.get_by_role("img", name=re.compile("from the start.*chart")).is_visible()
    table.get_by_role("radio", name="0.3", exact=True).check()
    page.get_by_role("button", name="Make t = 0.3 a run").click()
    page.get_by_role("button", name="Open it", exact=True).click(timeout=SLOW_MS)
    page.get_by_text("30 % of the way from the start").wait_for()
    made = page.url.rpartition("/run/")[2].partition("/")[0]
    assert acts.run_of(server, made)["record"]["averaged"]["t"] == 0.3
    page.goto(f"{server.address}/p/{server.project_id}/runs?compare={run},{made}")
    page.get_by_role("button", name="Average weights").click()
    page.get_by_role("button", name=re.compile("^Open .*soup")).click(timeout=SLOW_MS)
    page.get_by_text("Where the weights come from").wait_for()
    soup = page.url.rpartition("/run/")[2].partition("/")[0]
    averaged = acts.run_of(server, soup)["record"]["averaged"]
    assert averaged["method"] == "greedy"
    assert {step["run"] for step in averaged["steps"]} == {run, made}

"""Which base, as a person finds out: bases ranked, one measure after the other, and one taken into the flow."""

from __future__ import annotations

import re
from typing import Any

from tests.e2e import acts
from tests.e2e.conftest import Server

SLOW_MS = 120_000  # the first task of a bench starts its process and opens the bases


def test_bases_are_ranked_and_one_is_taken(page: Any, server: Server) -> None:
    name = acts.tiny_flow(server, name="which")
    page.goto(f"{server.address}/p/{server.project_id}/choose/{name}/bases")
    page.get_by_role("button", name="Rank the bases at hand").click()
    table = page.get_by_role("table", name="Bases, best first")
    page.get_by_text("bundled:efficientnet_lite0 is first").wait_for(timeout=SLOW_MS)
    page.get_by_role("button", name="Stop").wait_for(state="hidden", timeout=SLOW_MS)
    table.get_by_text("control", exact=True).wait_for(timeout=SLOW_MS)
    table.get_by_role("button", name="k-NN").click()
    assert table.get_by_role("columnheader", name="k-NN").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="View as table").click()
    page.get_by_role("region", name=re.compile("by cost as a table")).wait_for()
    page.get_by_role("button", name="Use bundled:efficientnet_lite0", exact=True).click()
    base = lambda flow: next(n["settings"]["base"] for n in flow["nodes"] if n["id"] == "backbone")  # noqa: E731
    acts.saved(server, name, lambda flow: base(flow) == "bundled:efficientnet_lite0", "the new base")
    page.get_by_role("button", name="Undo").last.click()
    acts.saved(server, name, lambda flow: base(flow) != "bundled:efficientnet_lite0", "the old base again")
    assert page.get_by_role("button", name="Train the head on 1 base to check").is_enabled()

"""What loss terms add to the loss is drawn beside the other curves of a run, and there as a table."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import TINY_BASE
from tests.e2e import acts
from tests.e2e.conftest import Server

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow


@pytest.mark.slow
def test_loss_terms_have_a_chart_with_a_table(page: Any, server: Server) -> None:
    recipe = Recipe(epochs=4, probe_epochs=2, batch=16, l2_sp=0.5, bss=0.01, precision="float32")
    flow = transfer_flow(
        "sample:surfaces", base=TINY_BASE, image_size=32, strategy="some_layers", recipe=recipe
    )
    run = acts.trained(server, flow)
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("tab", name="Curves").click()
    chart = page.get_by_role("figure", name="Loss terms")
    chart.wait_for()
    chart.get_by_role("button", name="View as table").click()
    table = chart.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["Epoch", "L2 sp", "Bss"]
    shown = [row.get_by_role("cell").count() for row in table.get_by_role("row").all()[1:]]
    assert len(shown) >= 4
    assert set(shown) == {2}

"""The journeys that the product is judged by, walked in a browser. What the page says is held against the files."""

from __future__ import annotations

from typing import Any

from tests.e2e.acts import ended, newest, open_flow, press_run, run_of, tiny_flow
from tests.e2e.conftest import Server


def test_j1_a_template_runs_at_once_on_embedded_images(page: Any, server: Server) -> None:
    card = page.get_by_role("listitem").filter(has_text="A new head on a frozen base")
    card = card.or_(page.get_by_role("article").filter(has_text="A new head on a frozen base")).first
    card.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/flow/transfer*")
    run = newest(server)
    page.wait_for_function("/\\d+ %/.test(document.title)")
    record = ended(server, run)["record"]
    assert record["status"] == "finished"
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_text("The proof holds").first.wait_for()
    page.get_by_text(f"{record['proof']['frozen_values']:,} frozen values bit-identical").first.wait_for()


def test_j1_what_transfer_gave_is_one_click_away(page: Any, server: Server) -> None:
    open_flow(page, server, tiny_flow(server, name="gain"))
    run = press_run(page, server)
    ended(server, run)
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("row", name="From scratch").get_by_role("button", name="Run it").click()
    control = newest(server, after=run)
    ended(server, control)
    with server.api as api:
        told = api.get(f"/projects/{server.project_id}/runs/{run}/controls").json()
    points = round(told["gain_over_scratch"])
    page.get_by_text(f"transfer gave {'+' if points >= 0 else '−'}{abs(points)} points").first.wait_for()
    assert run_of(server, control)["record"]["strategy"] == "from_scratch"

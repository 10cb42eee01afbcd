"""Runs in a browser: stop, pause, a page that goes, a server that dies, two tabs, names, notes, comparison."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acts import ended, flow_of, make_flow, node, open_flow, press_run, run_of, runs, saved, tiny_flow, until
from tests.e2e.conftest import Server, fresh_page


def long_flow(server: Server, stripes: Path, name: str, epochs: int) -> str:
    """Make a flow whose epochs take a tenth of a second and more, so that there is time to act."""
    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow
    from tests.conftest import TINY_BASE

    recipe = Recipe(epochs=epochs, batch=8, probe_first=False, precision="float32", memory_format="contiguous")
    flow = transfer_flow(
        str(stripes), base=TINY_BASE, image_size=32, name=name, strategy="all_layers", recipe=recipe
    )
    return make_flow(server, flow=flow.model_dump(mode="json"), name=name)


def trains(server: Server, run: str, epoch: int = 3) -> None:
    """Wait until a run is in its epoch ``epoch``."""

    def look() -> bool:
        found = run_of(server, run)
        assert found["card"]["status"] in ("starting", "queued", "running"), found["card"]
        return bool(found["progress"] and found["progress"]["epoch"] >= epoch)

    until(look, f"epoch {epoch} of run {run}")


def main_button(page: Any, words: str) -> Any:
    """Return the button that starts, stops and resumes."""
    return page.get_by_role("banner").get_by_role("button", name=re.compile(f"^{words}")).first


def order(page: Any, words: str) -> None:
    """Choose from the menu beside the button."""
    page.get_by_role("button", name="More about running").click()
    page.get_by_role("menuitem", name=words).click()


def rows_of_loss(page: Any) -> int:
    """Open the loss as a table and return how many rows it has."""
    page.get_by_role("tab", name="Training").click()
    chart = page.get_by_role("figure", name="Loss")
    chart.get_by_role("button", name="View as table").click()
    chart.get_by_role("rowheader").first.wait_for()
    return int(chart.get_by_role("rowheader").count())


def test_stop_keeps_the_best(page: Any, server: Server, stripes: Path) -> None:
    open_flow(page, server, long_flow(server, stripes, "stop", 2000), is_settled=False)
    run = press_run(page, server)
    trains(server, run)
    main_button(page, r"Stop · \d").click()
    record = ended(server, run)["record"]
    assert record["status"] == "stopped"
    score = record["metrics"]["test"]["accuracy"]
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_text("Stopped", exact=True).first.wait_for()
    page.get_by_text(f"{100 * score['value']:.1f}").first.wait_for()


def test_a_paused_run_goes_on_to_its_end(page: Any, server: Server, stripes: Path) -> None:
    open_flow(page, server, long_flow(server, stripes, "pause", 40), is_settled=False)
    run = press_run(page, server)
    trains(server, run)
    order(page, "Pause")
    main_button(page, "Resume").wait_for()
    assert run_of(server, run)["card"]["status"] == "paused"
    main_button(page, "Resume").click()
    record = ended(server, run)["record"]
    assert record["status"] == "finished"
    assert record["proof"]["frozen_unchanged"]
    page.get_by_role("tab", name="Results").click()
    page.get_by_text("The proof holds").first.wait_for()
    with server.api as api:
        lines = api.get(f"/projects/{server.project_id}/runs/{run}/events").json()
    epochs = [line["event"]["epoch"] for line in lines if line["event"]["kind"] == "epoch_ended"]
    assert epochs == sorted(set(epochs))


def test_a_page_that_comes_back_finds_the_run(page: Any, server: Server, stripes: Path) -> None:
    name = long_flow(server, stripes, "again", 2000)
    open_flow(page, server, name, is_settled=False)
    run = press_run(page, server)
    page.close()
    trains(server, run)
    other = page.context.new_page()
    open_flow(other, server, name, is_settled=False)
    main_button(other, r"Stop · \d").wait_for()
    assert rows_of_loss(other) > 3
    main_button(other, r"Stop · \d").click()
    ended(server, run)
    main_button(other, "Run").wait_for()


def bypass(page: Any, name: str) -> None:
    """Bypass a node with the keyboard."""
    node(page, name).focus()
    page.keyboard.press("Control+b")


def is_bypassed(flow: dict[str, Any], name: str) -> bool:
    return any(n["is_bypassed"] for n in flow["nodes"] if n["id"] == name)


def test_a_server_that_dies_takes_neither_edits_nor_the_run(page: Any, server: Server, stripes: Path) -> None:
    name = long_flow(server, stripes, "crash", 100)
    open_flow(page, server, name, is_settled=False)
    run = press_run(page, server)
    trains(server, run)
    server.kill()
    page.get_by_text("Reconnecting…").wait_for()
    bypass(page, "head")
    page.get_by_text("Offline: kept here").wait_for()
    server.start()
    page.get_by_text("Reconnecting…").wait_for(state="hidden")
    saved(server, name, lambda f: is_bypassed(f, "head"), "the edit that was made meanwhile")
    assert ended(server, run)["record"]["status"] == "finished"
    main_button(page, "Run").wait_for()
    page.get_by_role("region", name="Training, results, problems and log").get_by_text(
        "Finished", exact=True
    ).first.wait_for()
    assert rows_of_loss(page) == 100

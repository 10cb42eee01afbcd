"""Runs in a browser: stop, pause, a page that goes, a server that dies, two tabs, names, comparison."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import (
    ended,
    flow_of,
    make_flow,
    node,
    open_flow,
    press_run,
    run_of,
    runs,
    saved,
    tiny_flow,
    trained,
    until,
)
from tests.e2e.conftest import Server, fresh_page


def long_flow(server: Server, stripes: Path, name: str, epochs: int) -> str:
    """Make a flow whose epochs take a tenth of a second and more, so that there is time to act."""
    from tests.conftest import TINY_BASE

    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow

    recipe = Recipe(
        epochs=epochs, batch=8, probe_first=False, precision="float32", memory_format="contiguous"
    )
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


def epochs_shown(page: Any) -> list[str]:
    """Open the watched score as a table and return the epochs that it has a row for."""
    page.get_by_role("tab", name="Training").click()
    chart = page.get_by_role("figure", name="Accuracy")
    chart.get_by_role("button", name="View as table").click()
    chart.get_by_role("rowheader").first.wait_for()
    return list(chart.get_by_role("rowheader").all_inner_texts())


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
    assert len(epochs_shown(other)) >= 3
    main_button(other, r"Stop · \d").click()
    ended(server, run)
    main_button(other, "Run").wait_for()


def add(page: Any, component: str) -> None:
    """Add a component with the keyboard."""
    node(page, "head").focus()
    page.keyboard.press("Shift+A")
    page.get_by_role("dialog").get_by_role("combobox").wait_for()
    page.keyboard.type(component)
    page.keyboard.press("Enter")
    node(page, component).wait_for()


def holds(*components: str) -> Callable[[dict[str, Any]], bool]:
    """Return whether a flow has just these of the components that the tests add."""
    own = {"dropout", "flatten"}
    return lambda flow: {n["component"] for n in flow["nodes"]} & own == set(components)


def test_a_server_that_dies_takes_neither_edits_nor_the_run(page: Any, server: Server, stripes: Path) -> None:
    name = long_flow(server, stripes, "crash", 100)
    open_flow(page, server, name, is_settled=False)
    run = press_run(page, server)
    trains(server, run)
    server.kill()
    page.get_by_text("Reconnecting…").wait_for()
    add(page, "dropout")
    page.get_by_text("Offline: kept here").wait_for()
    server.start()
    page.get_by_text("Reconnecting…").wait_for(state="hidden")
    saved(server, name, holds("dropout"), "the edit that was made meanwhile")
    assert ended(server, run)["record"]["status"] == "finished"
    main_button(page, "Run").wait_for()
    page.get_by_role("region", name="Training, results, problems and log").get_by_text(
        "Finished", exact=True
    ).first.wait_for()
    assert epochs_shown(page) == [str(epoch) for epoch in range(101)], "before training, and each epoch"


def test_what_was_not_fetched_opens_when_the_server_is_back(page: Any, server: Server) -> None:
    open_flow(page, server, tiny_flow(server, name="away"), is_settled=False)
    server.kill()
    page.get_by_text("Reconnecting…").wait_for()
    node(page, "head").focus()
    page.keyboard.press("?")
    page.wait_for_timeout(500)
    assert page.get_by_label("Flow canvas").is_visible()
    server.start()
    page.get_by_role("dialog").wait_for()


@contextlib.contextmanager
def two_pages(browser: Any, server: Server, name: str) -> Iterator[tuple[Any, Any]]:
    """Open a flow on two pages, the second of which is told of no change."""
    with fresh_page(browser, server) as one, fresh_page(browser, server) as two:
        two.route_web_socket(re.compile("/api/feed"), lambda _: None)
        open_flow(one, server, name, is_settled=False)
        open_flow(two, server, name, is_settled=False)
        yield one, two


def test_what_another_page_edits_is_taken_in(browser: Any, server: Server) -> None:
    name = tiny_flow(server, name="followed")
    with fresh_page(browser, server) as one, fresh_page(browser, server) as two:
        open_flow(one, server, name, is_settled=False)
        open_flow(two, server, name, is_settled=False)
        add(one, "dropout")
        node(two, "dropout").wait_for()


@pytest.mark.parametrize("kept", ["theirs", "mine"])
def test_the_second_of_two_edits_overwrites_nothing(browser: Any, server: Server, kept: str) -> None:
    name = tiny_flow(server, name=f"two-{kept}")
    with two_pages(browser, server, name) as (one, two):
        add(one, "dropout")
        saved(server, name, holds("dropout"), "the first edit")
        add(two, "flatten")
        two.get_by_text("This flow was changed elsewhere.").wait_for()
        two.get_by_text("Changed elsewhere", exact=True).wait_for()
        assert holds("dropout")(flow_of(server, name))
        two.get_by_role("button", name="Take theirs" if kept == "theirs" else "Keep mine").click()
        two.get_by_text("This flow was changed elsewhere.").wait_for(state="hidden")
        if kept == "mine":
            saved(server, name, holds("flatten"), "the second edit")
            node(one, "flatten").wait_for()
            return
        node(two, "dropout").wait_for()
        assert node(two, "flatten").count() == 0
        two.keyboard.press("Control+z")
        saved(server, name, holds("flatten"), "what undo brought back")


@pytest.fixture(scope="module")
def pair(server: Server) -> tuple[str, str]:
    """Two finished runs of one flow that differ in their learning rate."""
    name = tiny_flow(server, name="pair", epochs=3)
    flow = flow_of(server, name)
    found = []
    for rate in (0.001, 0.02):
        flow["recipe"]["learning_rate"] = rate
        found.append(trained(server, flow))
    return found[0], found[1]


def test_two_runs_are_compared(page: Any, server: Server, pair: tuple[str, str]) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/runs")
    for run in pair:
        page.get_by_role("checkbox", name=re.compile(run)).check()
    both = page.get_by_role("region", name="Comparison")
    loss = both.get_by_role("figure", name="Training loss")
    loss.get_by_role("button", name="View as table").click()
    loss.get_by_role("columnheader").nth(2).wait_for()
    assert loss.get_by_role("columnheader").count() == 3
    row = both.get_by_role("row", name=re.compile("learning rate", re.IGNORECASE))
    row.get_by_text("0.001").wait_for()
    row.get_by_text("0.02").wait_for()
    assert both.get_by_role("table", name="Settings that differ").get_by_role("row").count() == 2


def test_a_run_is_renamed_noted_and_deleted(page: Any, server: Server, pair: tuple[str, str]) -> None:
    run = pair[0]
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("button", name="Rename the run").click()
    page.get_by_role("textbox", name="Name").fill("slow and sure")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_role("heading", name="slow and sure").wait_for()
    page.get_by_role("textbox", name="Note on this run").fill("kept for later")
    page.get_by_role("button", name="Save the note").click()
    page.get_by_text("The note is saved.").first.wait_for()
    card = run_of(server, run)["card"]
    assert (card["name"], card["note"]) == ("slow and sure", "kept for later")
    page.get_by_role("button", name="Delete the run").click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/runs*")
    page.get_by_role("link", name="slow and sure").wait_for(state="hidden")
    assert run not in [card["id"] for card in runs(server)]


def test_the_learning_curve_is_measured_stopped_and_gone_on_with(page: Any, server: Server) -> None:
    open_flow(page, server, tiny_flow(server, name="curve"))
    run = press_run(page, server)
    ended(server, run)
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("button", name="Measure the learning curve").click()
    dialog = page.get_by_role("dialog", name="Measure the learning curve")
    shares = dialog.get_by_label("Shares of the training labels")
    shares.fill("nothing")
    dialog.get_by_text("Numbers above 0").wait_for()
    shares.fill("50")
    dialog.get_by_label("Seeds").fill("1")
    dialog.get_by_label("Epochs from scratch").fill("3000")  # so that there is time to stop it
    dialog.get_by_text(re.compile(r"^2 runs, about .* on this machine")).wait_for(timeout=90_000)
    dialog.get_by_role("button", name="Measure", exact=True).click()
    part = page.get_by_role("region", name="Learning curve")
    part.get_by_text(re.compile(r"1 of 2 runs done · from scratch, 50 % of the labels")).wait_for(
        timeout=90_000
    )
    part.get_by_role("button", name="Stop measuring").click()
    part.get_by_text("what was measured so far is kept").wait_for(timeout=90_000)
    part.get_by_role("button", name="Go on measuring").wait_for()
    part.get_by_role("img", name=re.compile("^Accuracy by labels")).wait_for()
    part.get_by_role("button", name="Measure more of it").click()
    dialog.get_by_label("Epochs from scratch").fill("1")
    dialog.get_by_text(re.compile(r"^1 run, about")).wait_for(timeout=90_000)
    dialog.get_by_role("button", name="Measure", exact=True).click()
    with server.api as api:
        address = f"/projects/{server.project_id}/inspections/curve/{run}"
        until(lambda: api.get(address).json()["status"] == "finished", "the end of the curve", seconds=120)
        curve = api.get(address).json()["curve"]
    part.get_by_text(curve["answer"]).wait_for()
    part.get_by_role("button", name="View as table").click()
    row = part.get_by_role("row", name=re.compile(rf"^{curve['transfer'][0]['num_labels']}\b"))
    row.get_by_text(f"{100 * curve['scratch'][0]['score']['value']:.1f}".removesuffix(".0")).first.wait_for()

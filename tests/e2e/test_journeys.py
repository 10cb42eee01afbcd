"""The journeys that the product is judged by, walked in a browser. What the page says is held against the files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import (
    ended,
    newest,
    node,
    open_flow,
    press_run,
    run_of,
    saved,
    settle,
    tiny_flow,
)
from tests.e2e.conftest import Server
from tests.e2e.journey_acts import (
    choose_an_untrained_base,
    correct_the_data,
    create_from_folder,
    export_and_load,
    faulty_copy,
    inspect,
    keras_flow,
    open_run,
    set_line,
    settings_of,
    shows_the_proof,
    start_run,
)


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


def test_j2_my_folder_from_its_faults_to_a_checked_export(
    page: Any, server: Server, stripes: Path, tmp_path: Path
) -> None:
    create_from_folder(page, server, faulty_copy(stripes, tmp_path / "mine"))
    correct_the_data(page, server)
    page.get_by_role("button", name="Go to the flow").click()
    choose_an_untrained_base(page, server)
    run = press_run(page, server)
    record = ended(server, run)["record"]
    assert record["status"] == "finished"
    assert record["strategy"] == "some_layers"
    assert record["data"]["num_skipped"] == 1
    open_run(page, server, run, "Confusion")
    rows = record["metrics"]["test"]["confusion"]
    page.get_by_role("button", name=f"label wide, predicted wide: {rows[2][2]} images").wait_for()
    export_and_load(page, tmp_path)


def test_j3_ones_own_run_is_the_base_of_a_flow_on_other_images(
    page: Any, server: Server, stripes: Path
) -> None:
    textile = start_run(server, tiny_flow(server, str(stripes), name="textile"))
    ended(server, textile)
    open_flow(page, server, tiny_flow(server, name="metal"))
    inspect(page, "backbone")
    page.get_by_role("button", name="Choose a base…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From", exact=True).select_option(label="My runs")
    dialog.get_by_role("option", name=f"run:{textile}").click()
    dialog.get_by_text("Trained from random:timm:test_efficientnet.").wait_for()
    dialog.get_by_role("button", name="Use this base").click()
    saved(
        server, "metal", lambda f: settings_of(f, "backbone")["base"] == f"run:{textile}", "the run as base"
    )
    settle(page)
    slider = node(page, "backbone").get_by_role("slider", name="Freeze boundary")
    slider.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    flow = saved(server, "metal", lambda f: settings_of(f, "backbone").get("cut") is not None, "a cut")
    trainable = re.search(r"(\d+) of (\d+) stages frozen", slider.get_attribute("aria-valuetext"))
    assert trainable is not None
    assert int(trainable[1]) < int(trainable[2])
    run = press_run(page, server)
    found = ended(server, run)
    record = found["record"]
    assert record["status"] == "finished"
    assert record["base"] == settings_of(found["flow"], "backbone")["base"] == f"run:{textile}"
    assert record["cut"] == settings_of(flow, "backbone")["cut"]
    assert record["data"]["source"] != run_of(server, textile)["record"]["data"]["source"]
    shows_the_proof(page, server, run, record)


def test_j4_ones_own_torch_module_opens_freezes_and_trains(page: Any, server: Server) -> None:
    card = page.get_by_role("listitem").filter(has_text="Your own torch module as the base")
    card.get_by_role("button", name="Open", exact=True).click()
    page.wait_for_url("**/flow/own-module")
    settle(page)
    cell = node(page, "encoder")
    cell.get_by_role("button", name=re.compile("labeled fold: 32 values")).wait_for()
    cell.get_by_role("button", name="encoder.0, trainable, 2 layers, 448 parameters").click()
    cell.get_by_title("convolution 3×3").first.wait_for()
    cell.get_by_role("button", name="Freeze encoder.0, whatever the boundary").click()
    saved(
        server,
        "own-module",
        lambda f: settings_of(f, "encoder").get("freeze") == ["encoder.0"],
        "a frozen stage",
    )
    cell.get_by_role("button", name="encoder.0, frozen, 2 layers, 448 parameters").wait_for()
    page.get_by_role("tab", name="Recipe").click()
    set_line(page, "Epochs", "2")
    saved(server, "own-module", lambda f: f["recipe"]["epochs"] == 2, "two epochs")
    run = press_run(page, server)
    record = ended(server, run)["record"]
    assert record["status"] == "finished"
    assert record["proof"]["frozen_values"] >= 448
    shows_the_proof(page, server, run, record)


@pytest.mark.slow
def test_j4_the_keras_cell_opens_freezes_and_trains(page: Any, server: Server) -> None:
    open_flow(page, server, keras_flow(server, name="cell"))
    cell = node(page, "cell")
    cell.get_by_role("button", name=re.compile("labeled fold: 1,280 channels of 2 × 2")).wait_for()
    cell.get_by_role("button", name="Conv_1, frozen, 3 layers, 412,160 parameters").click()
    cell.get_by_role("button", name="Unfreeze Conv_1.Conv_1_bn, whatever its stage").wait_for()
    frozen = cell.get_by_role("slider", name="Freeze boundary").get_attribute("aria-valuetext")
    assert frozen == "19 of 19 stages frozen; 0 trainable"
    run = press_run(page, server)
    record = ended(server, run, 300)["record"]
    assert record["status"] == "finished"
    assert record["proof"]["frozen_tensors"] == 52 * 5
    shows_the_proof(page, server, run, record)


def test_j7_from_a_cell_of_the_confusion_to_a_run_on_corrected_data(
    page: Any, server: Server, stripes: Path
) -> None:
    open_flow(page, server, tiny_flow(server, str(stripes), name="why"))
    first = press_run(page, server)
    before = ended(server, first)["record"]
    rows = before["metrics"]["test"]["confusion"]
    row, column = max(((r, c) for r in range(3) for c in range(3)), key=lambda at: rows[at[0]][at[1]])
    names = ["flat", "tall", "wide"]
    open_run(page, server, first, "Confusion")
    cell = f"label {names[row]}, predicted {names[column]}: {rows[row][column]} images"
    page.get_by_role("button", name=cell).click()
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose "))
    boxes.first.wait_for()
    assert boxes.count() == rows[row][column]
    keys = [boxes.nth(at).get_attribute("aria-label").removeprefix("Choose ") for at in range(2)]
    other = names[(row + 1) % 3]
    boxes.nth(0).check()
    page.get_by_role("button", name="Relabel to").click()
    page.get_by_role("menuitem", name=other).click()
    page.get_by_text(f"Relabel 1 image to {other}, in the flow 'why'.").first.wait_for()
    boxes.nth(1).check()
    page.get_by_role("button", name="Exclude").click()
    page.get_by_text("Exclude 1 image, in the flow 'why'.").first.wait_for()
    page.get_by_role("button", name="Run again").click()
    second = newest(server, after=first)
    page.wait_for_url(f"**/run/{second}**")
    found = ended(server, second)
    assert count(found["record"]) == count(before) - 1
    corrected = {"source": str(stripes), "exclude": [keys[1]], "relabel": {keys[0]: other}}
    assert settings_of(found["flow"], "images") == corrected
    assert settings_of(run_of(server, first)["flow"], "images") == {"source": str(stripes)}


def count(record: dict[str, Any]) -> int:
    """Return how many images a run had."""
    return sum(record["data"]["num_images"].values())

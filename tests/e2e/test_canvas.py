"""The canvas in a browser: wires, undo, the freeze boundary, code, the keyboard alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.e2e.acts import drag, edges, flow_of, make_flow, node, open_flow, port, saved, tiny_flow
from tests.e2e.conftest import Server

WIRE = "head.logits>objective.logits"

SLOW_MS = 90_000  # code runs in a process that may have to start first


@pytest.fixture(scope="module")
def flow(server: Server) -> str:
    """A flow that the tests of this module leave as they found it."""
    return tiny_flow(server, name="canvas")


def test_a_wire_is_cut_drawn_undone_and_done_again(page: Any, server: Server, flow: str) -> None:
    open_flow(page, server, flow)
    page.get_by_label(re.compile("^Wire head.logits to objective.logits")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    saved(server, flow, lambda f: WIRE not in edges(f), "the flow without the wire")
    drag(page, port(page, "head", "Output logits"), port(page, "objective", "Input logits"))
    saved(server, flow, lambda f: WIRE in edges(f), "the flow with the wire")
    page.keyboard.press("Control+z")
    page.get_by_text(re.compile("Undid: Connect")).first.wait_for()
    saved(server, flow, lambda f: WIRE not in edges(f), "the flow as before")
    page.keyboard.press("Control+y")
    again = saved(server, flow, lambda f: WIRE in edges(f), "the flow with the wire again")
    assert len(edges(again)) == 4


def test_a_wire_that_does_not_fit_is_refused_with_the_reason(page: Any, server: Server, flow: str) -> None:
    open_flow(page, server, flow)
    before = edges(flow_of(server, flow))
    drag(page, port(page, "images", "Output image"), port(page, "objective", "Input labels"), drop=False)
    page.get_by_text(re.compile("images? cannot feed labels", re.IGNORECASE)).first.wait_for()
    page.mouse.up()
    page.wait_for_timeout(500)
    assert edges(flow_of(server, flow)) == before


def test_moving_a_node_is_one_step_and_makes_no_picture_stale(page: Any, server: Server, flow: str) -> None:
    open_flow(page, server, flow)
    start = flow_of(server, flow)["layout"].get("head")
    head = node(page, "head")
    head.locator("header, [data-part=head]").or_(head.get_by_text("Head", exact=True)).first.hover()
    page.mouse.down()
    page.mouse.move(640, 620, steps=8)
    page.mouse.up()
    saved(server, flow, lambda f: f["layout"].get("head") != start, "the new place")
    page.keyboard.press("Control+z")
    page.get_by_text(re.compile("Undid: Move")).first.wait_for()
    back = saved(server, flow, lambda f: f["layout"].get("head") == start, "the old place after one undo")
    assert set(edges(back)) == set(edges(flow_of(server, flow)))
    assert page.locator('[aria-label*=", stale"]').count() == 0


def boundary(page: Any, name: str = "backbone") -> Any:
    """Return the freeze boundary inside a node."""
    return node(page, name).get_by_role("slider", name="Freeze boundary")


def settings_of(flow: dict[str, Any], name: str = "backbone") -> dict[str, Any]:
    found: dict[str, Any] = next(n["settings"] for n in flow["nodes"] if n["id"] == name)
    return found


def test_the_boundary_moves_by_keys_and_the_plan_follows(page: Any, server: Server, flow: str) -> None:
    open_flow(page, server, flow)
    slider = boundary(page)
    slider.wait_for()
    frozen = slider.get_attribute("aria-valuetext")
    slider.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    with server.api as api:
        flow_now = saved(server, flow, lambda f: settings_of(f).get("cut") is not None, "a cut")
        path = f"/projects/{server.project_id}/nodes/backbone"
        table = api.post(f"{path}/cuts", json={"flow": flow_now}).json()
        plan = api.post(f"/projects/{server.project_id}/plan", json={"flow": flow_now}).json()
    row = next(c for c in table["cuts"] if c["cut"] == settings_of(flow_now)["cut"])
    assert plan["cut"] == row["cut"]
    assert plan["estimated_seconds"] == pytest.approx(row["estimated_seconds"], rel=0.5)
    text = slider.get_attribute("aria-valuetext")
    assert text != frozen
    assert "stages frozen" in text
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    saved(server, flow, lambda f: settings_of(f).get("cut") is None, "the flow without a cut")


def test_the_boundary_is_dragged_and_snaps_to_a_legal_cut(page: Any, server: Server, flow: str) -> None:
    open_flow(page, server, flow)
    slider = boundary(page)
    slider.wait_for()
    page.get_by_role("toolbar", name="View of the canvas").wait_for()
    stages = node(page, "backbone").get_by_role("button", name=re.compile(r"parameters$"))
    drag(page, slider, stages.nth(1))
    after = saved(server, flow, lambda f: settings_of(f).get("cut") is not None, "a cut")
    with server.api as api:
        path = f"/projects/{server.project_id}/nodes/backbone/cuts"
        table = api.post(path, json={"flow": after}).json()
    assert settings_of(after)["cut"] in [c["cut"] for c in table["cuts"] if c["is_legal"]]
    page.keyboard.press("Control+z")
    saved(server, flow, lambda f: settings_of(f).get("cut") is None, "the flow without a cut")


CODE = """import torch


def forward(x):
    return 2 * x
"""


def test_an_error_in_code_is_shown_at_its_line_and_mended(page: Any, server: Server, flow: str) -> None:
    found = flow_of(server, flow)
    ports = {"inputs": [{"name": "x", "kind": "image"}], "outputs": [{"name": "y", "kind": "image"}]}
    custom = {"id": "twice", "component": "custom", "settings": {"code": CODE, **ports}}
    wire = {"source": {"node": "images", "port": "image"}, "target": {"node": "twice", "port": "x"}}
    body = {**found, "nodes": [*found["nodes"], custom], "edges": [*found["edges"], wire]}
    name = make_flow(server, flow=body, name="code")
    open_flow(page, server, name)
    node(page, "twice").focus()
    page.keyboard.press("Enter")
    editor = page.get_by_role("textbox", name=re.compile("code", re.IGNORECASE)).first
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.type(" + nowhere")
    page.keyboard.press("Control+Enter")
    page.get_by_text(re.compile("nowhere.*not defined")).first.wait_for(timeout=SLOW_MS)
    page.get_by_text(re.compile("[Ll]ine 5")).first.wait_for(timeout=SLOW_MS)
    editor.click()
    page.keyboard.press("Control+End")  # where the click sets the cursor depends on what else the panel shows
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    for _ in " + nowhere":
        page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    saved(server, name, lambda f: settings_of(f, "twice")["code"] == CODE, "the mended code")
    page.get_by_text(re.compile("nowhere.*not defined")).first.wait_for(state="hidden", timeout=SLOW_MS)
    assert "nowhere" not in editor.inner_text()


def test_all_is_done_with_the_keyboard_alone(page: Any, server: Server) -> None:
    name = tiny_flow(server, name="keys")
    open_flow(page, server, name)
    node(page, "head").focus()
    page.keyboard.press("Shift+A")
    page.get_by_role("dialog").get_by_role("combobox").wait_for()
    page.keyboard.type("dropout")
    page.keyboard.press("Enter")
    saved(server, name, lambda f: any(n["component"] == "dropout" for n in f["nodes"]), "a new node")
    node(page, "dropout").focus()
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    saved(server, name, lambda f: any("dropout" in e for e in edges(f)), "a wire of the new node")
    node(page, "dropout").focus()
    page.keyboard.press("Control+b")
    saved(
        server,
        name,
        lambda f: any(n["is_bypassed"] for n in f["nodes"] if n["id"] == "dropout"),
        "the bypass",
    )
    page.keyboard.press("Delete")
    saved(server, name, lambda f: all(n["component"] != "dropout" for n in f["nodes"]), "no such node")
    for _ in range(3):
        page.keyboard.press("Control+z")
    saved(server, name, lambda f: any(n["id"] == "dropout" for n in f["nodes"]), "the node again")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").wait_for()
    page.keyboard.type("head")
    page.get_by_role("option", name=re.compile("^Head"), selected=True).first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Settings").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert any(n["id"] == "dropout" for n in flow_of(server, name)["nodes"])

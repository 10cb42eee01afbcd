"""Nothing on the main screens breaks the rules of WCAG 2.0 to 2.2, levels A and AA, in either theme."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.e2e.acts import flow_of, make_flow, node, open_flow, settle, tiny_flow, trained
from tests.e2e.conftest import ROOT, Server

AXE = ROOT / "studio" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CODE = "def forward(x):\n    return x / 2\n"


def faults(page: Any, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return what axe finds on the page as it is, each with the first place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["id"] not in allowed]


@pytest.fixture(scope="module")
def run(server: Server) -> str:
    """A finished run on the tiny base."""
    return trained(server, flow_of(server, tiny_flow(server, name="seen", epochs=1)))


@pytest.fixture(params=["dark", "light"])
def themed(request: pytest.FixtureRequest, page: Any) -> Any:
    """The page in one of the themes."""
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return page


def test_start_project_and_data_are_sound(themed: Any, server: Server, run: str) -> None:
    themed.get_by_role("heading", level=1).wait_for()
    assert faults(themed) == []
    themed.goto(f"{server.address}/p/{server.project_id}")
    themed.get_by_text("proof holds").first.wait_for()
    assert faults(themed) == []
    themed.goto(f"{server.address}/p/{server.project_id}/data/seen")
    themed.get_by_text(re.compile("240 images")).first.wait_for()
    assert faults(themed) == []


def test_the_flow_and_its_dialogs_are_sound(themed: Any, server: Server, run: str) -> None:
    open_flow(themed, server, "seen")
    node(themed, "backbone").focus()
    themed.keyboard.press("Enter")
    themed.get_by_role("tab", name="Settings").wait_for()
    # Rows inside the zoomed canvas are repeated at full size in the inspector.
    assert faults(themed, ("target-size",)) == []
    themed.keyboard.press("Control+k")
    themed.get_by_role("dialog").get_by_role("combobox").wait_for()
    assert faults(themed, ("target-size",)) == []
    themed.keyboard.press("Escape")
    themed.keyboard.press("?")
    themed.get_by_role("dialog").wait_for()
    assert faults(themed, ("target-size",)) == []


def test_the_code_editor_is_sound(themed: Any, server: Server, run: str) -> None:
    with server.api as api:
        flow = api.get(f"/projects/{server.project_id}/flows/seen").json()["flow"]
    ports = {"inputs": [{"name": "x", "kind": "image"}], "outputs": [{"name": "y", "kind": "image"}]}
    custom = {"id": "half", "component": "custom", "settings": {"code": CODE, **ports}}
    wire = {"source": {"node": "images", "port": "image"}, "target": {"node": "half", "port": "x"}}
    body = {**flow, "nodes": [*flow["nodes"], custom], "edges": [*flow["edges"], wire]}
    open_flow(themed, server, make_flow(server, flow=body, name="half"))
    settle(themed)
    node(themed, "half").focus()
    themed.keyboard.press("Enter")
    themed.get_by_role("textbox", name=re.compile("code", re.IGNORECASE)).first.wait_for()
    assert faults(themed, ("target-size",)) == []


def test_the_pages_of_a_run_are_sound(themed: Any, server: Server, run: str) -> None:
    for tab, sign in (
        ("", "The proof holds"),
        ("/confusion", "mistakes"),
        ("/predictions", "label"),
        ("/evaluation", "Brier score"),
        ("/export", "ONNX"),
    ):
        themed.goto(f"{server.address}/p/{server.project_id}/run/{run}{tab}")
        # Evaluation measures the images first, in a process that starts for it.
        themed.get_by_text(re.compile(sign, re.IGNORECASE)).first.wait_for(timeout=90_000)
        assert faults(themed) == [], tab

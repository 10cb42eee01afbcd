"""Probe by depth and drift over HTTP: the same documents as in Python, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from graftwork.documents.depth import DepthReport
from graftwork.documents.drift import DriftReport
from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.project.looks.drift import drift_of
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


def test_a_run_and_a_flow_are_looked_into(
    page: TestClient, home: str, opened: OpenProject, studio: Studio, stripes: Path
) -> None:
    studio.roots.open(stripes)
    recipe = Recipe(epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, recipe=recipe)
    run = opened.project.run(flow)

    def ask(look: str, **subject: object) -> dict[str, object]:
        answer = page.post(f"{home}/inspections/{look}", json=subject)
        found: dict[str, object] = answer.json()
        assert answer.status_code == 200 or "hint" in found
        return found

    as_flow = DepthReport.model_validate(ask("depth", flow=flow.model_dump(mode="json")))
    assert DepthReport.model_validate(ask("depth", run=run.id)) == as_flow
    assert DepthReport.model_validate(ask("depth", run=run.id, is_trained=True)).weights == "trained"
    drift = DriftReport.model_validate(ask("drift", run=run.id))
    assert drift == drift_of(opened.project.inspect(run.id))
    assert "not trained" in str(ask("drift", flow=flow.model_dump(mode="json"))["message"])
    assert "nowhere" in str(ask("depth", run=run.id, node="nowhere")["message"])

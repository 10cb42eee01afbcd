"""The line between start and end, mixed runs and soups over HTTP."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from graftwork.documents.mix_curve import MixCurve
from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


def test_a_place_on_the_line_and_a_soup_become_runs(
    page: TestClient, home: str, opened: OpenProject, studio: Studio, stripes: Path
) -> None:
    studio.roots.open(stripes)
    recipe = Recipe(epochs=1, probe_epochs=1, precision="float32", memory_format="contiguous")
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, strategy="some_layers", recipe=recipe)
    run = opened.project.run(flow)
    curve = MixCurve.model_validate(
        page.post(f"{home}/inspections/mix", json={"run": run.id, "steps": 2}).json()
    )
    assert curve == opened.project.mix_curve(run.id, steps=2)
    assert curve.start == "after_probe"
    answer = page.post(f"{home}/mixes", json={"run": run.id, "t": 0.5})
    assert answer.status_code == 200, answer.text
    mixed = answer.json()
    view = page.get(f"{home}/runs/{mixed['id']}").json()
    assert view["record"]["averaged"]["parents"][0]["run"] == run.id
    soup = page.post(f"{home}/soups", json={"runs": [run.id, mixed["id"]], "kind": "uniform"})
    assert soup.status_code == 200, soup.text
    assert soup.json()["proof_holds"]
    as_flow = page.post(f"{home}/inspections/mix", json={"flow": flow.model_dump(mode="json")})
    assert as_flow.status_code == 422
    assert page.post(f"{home}/mixes", json={"run": run.id, "t": 2}).status_code == 422
    assert page.post(f"{home}/soups", json={"runs": ["nobody"]}).status_code == 404

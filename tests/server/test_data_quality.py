"""Looks at data over HTTP: findings, the effect of a fix, and what may not be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


@pytest.fixture
def flow(stripes: Path, studio: Studio) -> dict[str, object]:
    studio.roots.open(stripes)
    relabel = {f"tall/00{i}.png": "wide" for i in range(3)}
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32, relabel=relabel)
    return flow.model_dump(mode="json")


def test_findings_and_the_effect_of_mending(
    page: TestClient, home: str, flow: dict[str, object], opened: OpenProject
) -> None:
    answer = page.post(f"{home}/inspections/data", json={"flow": flow})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["num_images"] == 60
    assert opened.extraction is None
    assert page.get(f"{home}/inspections/data/progress").json() is None
    wanted = {"flow": flow, "changes": {"relabel": {}}, "what": "Labels as found."}
    answer = page.post(f"{home}/inspections/data/effect", json=wanted)
    assert answer.status_code == 200, answer.text
    effect = answer.json()
    assert effect["what"] == "Labels as found."
    assert effect["num_changed"] + effect["num_scored_changed"] == 3
    own = page.post(f"{home}/inspections/data/effect", json={"flow": flow}).json()
    assert own["num_changed"] == effect["num_changed"]


def test_images_outside_opened_folders_are_not_read(page: TestClient, home: str, tmp_path: Path) -> None:
    flow = transfer_flow(str(tmp_path / "elsewhere"), base=TINY_BASE).model_dump(mode="json")
    for address in ("data", "data/effect"):
        answer = page.post(f"{home}/inspections/{address}", json={"flow": flow})
        assert answer.status_code == 403, answer.text


def test_a_look_at_nobody_and_at_both_is_refused(
    page: TestClient, home: str, flow: dict[str, object]
) -> None:
    for body in ({}, {"run": "x", "flow": flow}, {"flow": flow, "changes": {"exclude": 3}}):
        assert page.post(f"{home}/inspections/data/effect", json=body).status_code == 422
    assert page.post(f"{home}/inspections/data", json={"run": "nobody"}).status_code == 404

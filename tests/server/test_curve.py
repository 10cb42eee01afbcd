"""What transfer gave, over HTTP: estimate, start, look, stop, and the missing controls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.project.project import Project
from graftwork.server.state import OpenProject

from ..conftest import TINY_BASE


@pytest.fixture
def run(opened: OpenProject, stripes: Path) -> str:
    """A finished run of the open project."""
    options: dict[str, Any] = {"base": TINY_BASE, "image_size": 32, "epochs": 2, "precision": "float32"}
    return Project(opened.project.root).transfer(stripes, name="mine", **options).id


def until(page: TestClient, address: str, *wanted: str) -> Any:
    deadline = time.monotonic() + 90
    while (state := page.get(address).json())["status"] not in wanted:
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state


def test_a_curve_is_estimated_started_watched_and_there(page: TestClient, home: str, run: str) -> None:
    curve = f"{home}/inspections/curve"
    assert page.get(f"{curve}/{run}").json()["status"] == "none"
    question = {"run": run, "choices": {"shares": [0.5], "seeds": 1, "scratch_epochs": 1}}
    cost = page.post(f"{curve}/estimate", json=question)
    assert cost.status_code == 200, cost.text
    assert cost.json()["num_runs"] == 2
    assert cost.json()["seconds"] > 0
    started = page.post(f"{curve}/start", json=question)
    assert started.status_code == 200, started.text
    assert started.json()["status"] == "starting"
    again = page.post(f"{curve}/start", json=question)
    assert again.status_code >= 400
    assert "already" in again.json()["message"]
    state = until(page, f"{curve}/{run}", "finished", "failed")
    assert state["status"] == "finished", state
    assert [p["num_labels"] for p in state["curve"]["transfer"]] == [21]
    assert state["curve"]["answer"]
    stopped = page.post(f"{curve}/{run}/stop")
    assert stopped.status_code >= 400
    assert "Nobody" in stopped.json()["message"]
    assert len(page.get(f"{home}/runs").json()) == 1  # what is behind the curve is no run of the list


def test_wrong_questions_are_answered_with_a_sentence(page: TestClient, home: str, run: str) -> None:
    start = f"{home}/inspections/curve/start"
    for choices in ({"shares": []}, {"shares": [2.0]}, {"seeds": 0}, {"strategy": "from_scratch"}):
        answer = page.post(start, json={"run": run, "choices": choices})
        assert 400 <= answer.status_code < 500
        assert answer.json()["message"]
    assert page.post(start, json={"run": "nothing", "choices": {}}).status_code == 404
    assert page.get(f"{home}/inspections/curve/nothing").status_code == 404


def test_missing_controls_start_as_runs(page: TestClient, home: str, run: str) -> None:
    controls = page.get(f"{home}/runs/{run}/controls").json()
    assert controls["missing"] == ["from_scratch"]
    started = page.post(f"{home}/inspections/controls/{run}/start").json()
    assert [card["strategy"] for card in started] == ["from_scratch"]
    until_ended(page, f"{home}/runs/{started[0]['id']}")
    held = page.get(f"{home}/runs/{run}/controls").json()
    assert held["missing"] == []
    gain = held["interval_over_scratch"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert gain["value"] == pytest.approx(held["gain_over_scratch"] / 100)
    assert page.post(f"{home}/inspections/controls/{run}/start").json() == []


def until_ended(page: TestClient, address: str) -> None:
    deadline = time.monotonic() + 90
    while (card := page.get(address).json()["card"])["status"] in ("starting", "queued", "running"):
        assert time.monotonic() < deadline, card
        time.sleep(0.1)
    assert card["status"] == "finished", card

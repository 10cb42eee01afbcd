"""Reports as a page asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.project import Run
from graftwork.server.routes.reports import PAGE_POLICY
from graftwork.server.state import OpenProject

from ..conftest import TINY_BASE, write_stripes


@pytest.fixture
def runs(opened: OpenProject) -> list[str]:
    """Two runs on the same images below the project, so that these may be read."""
    photos = write_stripes(opened.project.root / "photos", per_class=10)
    options: dict[str, Any] = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "test": 0.4}
    made: list[Run] = [
        opened.project.transfer(str(photos), learning_rate=rate, **options) for rate in (0.01, 0.1)
    ]
    return [run.id for run in made]


def test_a_page_gets_reports(page: TestClient, home: str, runs: list[str], opened: OpenProject) -> None:
    run, other = runs
    assert 'id="drift"' not in page.get(f"{home}/runs/{run}/report").text
    made = page.post(f"{home}/inspections/report", json={"run": run, "looks": ["drift"]})
    assert made.status_code == 200, made.text
    assert Path(made.json()["path"]) == opened.project.find(run).path / "report.html"
    shown = page.get(f"{home}/runs/{run}/report")
    assert 'id="drift"' in shown.text
    assert 'id="depth"' not in shown.text
    assert shown.headers["content-security-policy"] == PAGE_POLICY

    beside = page.get(f"{home}/comparison-report", params={"run": [other, run]})
    assert beside.status_code == 200, beside.text
    assert beside.headers["content-type"].startswith("text/html")
    assert beside.headers["content-security-policy"] == PAGE_POLICY
    assert "Image by image" in beside.text
    assert list((opened.project.root / "reports").iterdir()) != []

    for answer, status, error in (
        (page.post(f"{home}/inspections/report", json={"run": run, "looks": ["dept"]}), 422, None),
        (page.post(f"{home}/inspections/report", json={"run": "nowhere"}), 404, "RunNotFound"),
        (page.post(f"{home}/inspections/report", json={}), 422, None),
        (page.get(f"{home}/comparison-report", params={"run": [run]}), 422, None),
        (page.get(f"{home}/comparison-report", params={"run": [run, "nowhere"]}), 404, "RunNotFound"),
    ):
        assert answer.status_code == status, answer.text
        assert error is None or answer.json()["error"] == error
    twice = page.get(f"{home}/comparison-report", params={"run": [run, run]})
    assert twice.json()["error"] == "UsageError"
    assert "twice" in twice.json()["message"]


def test_strangers_get_none(stranger: TestClient, home: str) -> None:
    assert stranger.post(f"{home}/inspections/report", json={"run": "a"}).status_code in (401, 403)
    assert stranger.get(f"{home}/comparison-report?run=a&run=b").status_code in (401, 403)

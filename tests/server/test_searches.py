"""Searches over HTTP: begun, watched, listed, refused, deleted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from graftwork.project.project import Project
from graftwork.server.state import OpenProject

from ..conftest import TINY_BASE


def test_a_search_is_begun_watched_listed_and_deleted(
    page: TestClient, home: str, opened: OpenProject, stripes: Path
) -> None:
    options: dict[str, Any] = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "precision": "float32"}
    flow = Project(opened.project.root).make_flow(stripes, name="mine", **options).model_dump(mode="json")
    address = f"{home}/searches"
    assert page.get(address).json() == []
    choices = {"rounds": 2, "over": [{"name": "weight_decay"}]}
    for wrong in (
        {"rounds": 1},
        {"over": [{"name": "waight_decay"}]},
        {"over": [{"name": "epochs", "low": 9, "high": 2}]},
    ):
        refused = page.post(address, json={"flow": flow, "choices": wrong})
        assert refused.status_code >= 400
        assert refused.json()["message"]
    began = page.post(address, json={"flow": flow, "choices": choices})
    assert began.status_code == 200, began.text
    search = began.json()["id"]
    deadline = time.monotonic() + 90
    while (state := page.get(f"{address}/{search}").json())["status"] not in ("finished", "failed"):
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    assert state["status"] == "finished", state
    assert len(state["search"]["rounds"]) == 2
    assert [row["done"] for row in page.get(address).json()] == [2]
    assert page.get(f"{home}/runs").json() == []  # rounds are no runs of the list
    assert page.post(f"{address}/{search}/stop").status_code >= 400
    assert page.delete(f"{address}/{search}").json() == search
    assert page.get(f"{address}/{search}").status_code == 404

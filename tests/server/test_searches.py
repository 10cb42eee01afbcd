"""Searches over HTTP: begun, watched, listed, refused, deleted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from graftwork.project.choosing.tune_space import dimension_names
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
    outside = page.post(address, json={"flow": flow, "choices": {**choices, "prior": "/etc/passwd"}})
    assert outside.json()["error"] == "NotOpened"
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


def test_the_settings_of_a_flow_are_listed_narrowed_and_refused(
    page: TestClient, home: str, opened: OpenProject, stripes: Path
) -> None:
    options: dict[str, Any] = {"base": TINY_BASE, "image_size": 32, "epochs": 8}
    flow = Project(opened.project.root).make_flow(stripes, name="mine", **options).model_dump(mode="json")

    def ask(**choices: Any) -> Any:
        answer = page.post(f"{home}/searches/space", json={"flow": flow, "choices": choices})
        return answer.json() | {"code": answer.status_code}

    found = ask()
    assert found["code"] == 200, found
    usual = {d["name"]: d for d in found["dimensions"]}
    assert set(usual) == set(dimension_names())
    assert (usual["epochs"]["low"], usual["epochs"]["high"]) == (2, 16)  # a quarter to twice of 8
    assert usual["cut"]["own"] == usual["cut"]["values"][-1]
    assert found["idle"] == {}

    frozen = ask(fixed={"cut": usual["cut"]["own"], "epochs": 4})
    idle = {"layer_decay", "batch_norm", "l2_sp", "lora_rank"}  # they move pretrained layers, and none moves
    assert set(frozen["idle"]) == idle
    assert {d["name"] for d in frozen["dimensions"]} == set(usual) - idle - {"cut", "epochs"}

    narrowed = ask(over=[{"name": "learning_rate", "low": 1e-5, "high": 1e-3}])
    assert [d["name"] for d in narrowed["dimensions"]] == ["learning_rate"]
    assert (narrowed["dimensions"][0]["low"], narrowed["dimensions"][0]["is_factor"]) == (1e-5, False)

    for words, refused in (
        ("no dimension 'waight_decay'", ask(over=[{"name": "waight_decay"}])),
        ("cannot be both", ask(over=[{"name": "epochs"}], fixed={"epochs": 3})),
        ("layer_decay does nothing", ask(over=[{"name": "layer_decay"}])),
        ("'epochs' is 0", ask(fixed={"epochs": 0})),
    ):
        assert refused["code"] >= 400
        assert words in refused["message"], refused
    assert page.get(f"{home}/searches").json() == []  # nothing was begun

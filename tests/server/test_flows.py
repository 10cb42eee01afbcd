"""Flow files over HTTP: saving never overwrites another's work, broken files open with their problems."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.server.state import OpenProject


@pytest.fixture
def file(page: TestClient, home: str) -> dict[str, Any]:
    """A flow made from the standard template."""
    found: dict[str, Any] = page.post(f"{home}/flows", json={"template": "transfer"}).json()
    return found


def test_the_second_of_two_writers_is_refused(page: TestClient, home: str, file: dict[str, Any]) -> None:
    first = {**file["flow"], "title": "first"}
    second = {**file["flow"], "title": "second"}
    saved = page.put(f"{home}/flows/transfer", json={"flow": first, "if_digest": file["digest"]})
    assert saved.status_code == 200
    refused = page.put(f"{home}/flows/transfer", json={"flow": second, "if_digest": file["digest"]})
    assert refused.status_code == 409
    assert refused.json()["error"] == "FlowChanged"
    assert refused.json()["fields"]["digest"] == saved.json()["digest"]
    assert page.get(f"{home}/flows/transfer").json()["flow"]["title"] == "first"


def test_a_deleted_flow_is_not_written_back_unasked(
    page: TestClient, home: str, file: dict[str, Any]
) -> None:
    page.delete(f"{home}/flows/transfer").raise_for_status()
    body = {"flow": file["flow"], "if_digest": file["digest"]}
    assert page.put(f"{home}/flows/transfer", json=body).status_code == 409


def test_a_new_file_does_not_replace_an_old_one(page: TestClient, home: str, file: dict[str, Any]) -> None:
    answer = page.put(f"{home}/flows/transfer", json={"flow": file["flow"], "if_digest": None})
    assert answer.status_code == 409


def test_names_that_clash_get_a_number(page: TestClient, home: str, file: dict[str, Any]) -> None:
    again = page.post(f"{home}/flows", json={"template": "transfer"}).json()
    assert again["name"] == "transfer-2"
    assert again["flow"]["name"] == "transfer-2"


def test_renaming_to_a_taken_name_is_refused(page: TestClient, home: str, file: dict[str, Any]) -> None:
    page.post(f"{home}/flows", json={"template": "transfer"})
    answer = page.post(f"{home}/flows/transfer-2/name", json={"name": "transfer"})
    assert answer.status_code == 422
    assert "already" in answer.json()["message"]
    renamed = page.post(f"{home}/flows/transfer-2/name", json={"name": "other"}).json()
    assert renamed["flow"]["name"] == "other"
    assert page.get(f"{home}/flows/transfer-2").status_code == 422


@pytest.mark.parametrize("name", ["..%2Fproject", "a%2Fb", ".hidden", "a%5Cb"])
def test_names_are_no_paths(page: TestClient, home: str, file: dict[str, Any], name: str) -> None:
    answer = page.put(f"{home}/flows/{name}", json={"flow": file["flow"], "if_digest": None})
    assert answer.status_code in (404, 405, 422)


@pytest.mark.parametrize("text", ["nodes: [", "- a\n- b\n", "nodes: [{id: a}]", "", "format: 99"])
def test_a_broken_file_opens_with_its_problems(
    page: TestClient, home: str, opened: OpenProject, text: str
) -> None:
    (opened.flows.folder / "broken.yaml").write_text(text)
    found = page.get(f"{home}/flows/broken").json()
    assert found["flow"] is None
    assert found["text"] == text
    assert found["problems"]
    card = next(c for c in page.get(f"{home}/hub").json()["flows"] if c["name"] == "broken")
    assert card["problem"]
    mended = page.put(
        f"{home}/flows/broken", json={"text": "name: broken\nnodes: []\n", "if_digest": found["digest"]}
    ).json()
    assert mended["flow"]["name"] == "broken"


def test_a_full_disk_is_told_and_the_old_file_stays(
    page: TestClient, home: str, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    body = {"flow": {**file["flow"], "title": "new"}, "if_digest": file["digest"]}
    answer = page.put(f"{home}/flows/transfer", json=body)
    monkeypatch.undo()
    assert answer.status_code == 507
    assert "no space left" in answer.json()["message"]
    assert page.get(f"{home}/flows/transfer").json()["digest"] == file["digest"]


def test_check_lists_problems_with_their_nodes(page: TestClient, home: str, file: dict[str, Any]) -> None:
    flow = file["flow"]
    assert page.post(f"{home}/check", json={"flow": flow}).json()["problems"] == []
    torn = {**flow, "edges": [e for e in flow["edges"] if e["target"]["node"] != "head"]}
    problems = page.post(f"{home}/check", json={"flow": torn}).json()["problems"]
    assert any(p["node"] == "head" for p in problems)


def test_a_request_that_does_not_read_gets_a_sentence(page: TestClient, home: str) -> None:
    answer = page.post(f"{home}/check", json={"flow": {"nodes": 3}})
    assert answer.status_code == 422
    assert "does not read" in answer.json()["message"]


def test_a_flow_starts_from_images_and_fits_their_labels(
    page: TestClient, home: str, opened: OpenProject
) -> None:
    body = {"source": "sample:surfaces", "settings": {"validation": 0.2}, "name": "mine"}
    flow = page.post(f"{home}/flows", json=body).json()["flow"]
    images = next(n for n in flow["nodes"] if n["component"] == "images")
    assert images["settings"]["validation"] == 0.2
    assert {n["component"] for n in flow["nodes"]} >= {"images", "backbone", "head", "classification"}
    assert opened.flows.names() == ("mine",)


def test_nothing_to_start_from_is_told(page: TestClient, home: str) -> None:
    assert "template" in page.post(f"{home}/flows", json={}).json()["message"]


def test_an_unknown_project_is_told(page: TestClient) -> None:
    answer = page.get("/api/projects/nowhere-12345678/hub")
    assert answer.status_code == 404
    assert answer.json()["hint"]

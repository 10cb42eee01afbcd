"""Whatever comes, the answer is JSON that a browser reads, with a sentence; nothing is broken afterwards."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.documents.document import Document
from graftwork.documents.flow import dump_flow
from graftwork.errors import CustomCodeError
from graftwork.graph.flows import transfer_flow
from graftwork.project.controls import Controls
from graftwork.server.app import create_app
from graftwork.server.plain_json import plain_json
from graftwork.server.refusals import body_of
from graftwork.server.security import Access
from graftwork.server.state import OpenProject, Studio

NAN, INF = float("nan"), float("inf")


def as_browser(text: str) -> Any:
    """Read JSON as a browser does: it knows no NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


class Numbers(Document):
    """A document as any other one."""

    values: tuple[float, ...]
    text: str


def test_what_is_no_finite_number_is_null_in_the_feed() -> None:
    document = Numbers(values=(NAN, INF, -INF, 0.5), text="NaN and Infinity stay words")
    found = as_browser(plain_json(document.model_dump_json()))
    assert found == {"values": [None, None, None, 0.5], "text": "NaN and Infinity stay words"}


def test_what_is_no_finite_number_is_null_in_answers(
    page: TestClient, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Controls.model_construct(**dict.fromkeys(Controls.model_fields))
    nan = empty.model_copy(update={"gain_over_scratch": NAN})
    monkeypatch.setattr("graftwork.server.routes.runs.controls", lambda *_: nan)
    answer = page.get(f"{home}/runs/any/controls")
    assert answer.status_code == 200
    assert as_browser(answer.text)["gain_over_scratch"] is None


def test_an_error_of_any_length_gives_an_answer_that_can_be_shown() -> None:
    assert len(str(body_of(CustomCodeError("x" * 1_000_000))["message"])) < 5_000


@pytest.mark.parametrize(
    "body", [r'{"path": "/tmp/\ud800"}', r'{"path": "/tmp/\u0000"}', '{"path": "~nobody-of-that-name/x"}']
)
@pytest.mark.parametrize("route", ["/api/roots", "/api/projects", "HOME/source"])
def test_a_path_that_no_system_has_is_refused(page: TestClient, home: str, route: str, body: str) -> None:
    answer = page.post(
        route.replace("HOME", home), content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert "is no path" in as_browser(answer.text)["message"]


def test_text_that_is_no_unicode_is_refused(page: TestClient, home: str) -> None:
    headers = {"content-type": "application/json"}
    answer = page.put(f"{home}/flows/odd", content=r'{"text": "\ud800"}', headers=headers)
    assert answer.status_code == 422
    assert "Unicode" in answer.json()["message"]


@pytest.mark.parametrize(
    "settings", ["{", "null", "[]", '{"source": 5}', '{"source": "sample:surfaces", "no": 1}']
)
def test_settings_that_do_not_read_are_refused_in_words(page: TestClient, home: str, settings: str) -> None:
    answer = page.get(f"{home}/thumbnails/0.jpg", params={"settings": settings, "key": "x"})
    assert answer.status_code == 422
    assert "settings of the images do not read" in answer.json()["message"]


def test_an_address_that_leads_nowhere_is_answered_as_json(page: TestClient, home: str) -> None:
    for answer in (page.get("/api/nothing"), page.put(f"{home}/flows"), page.get(f"{home}/runs/a/b/c")):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"] == "NoSuchRoute"


def test_an_error_of_the_server_is_confessed_as_json(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("graftwork.server.routes.application.list_templates", fail)
    app = create_app(studio, Access("t" * 16, 80))
    page = TestClient(
        app,
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {'t' * 16}"},
        raise_server_exceptions=False,
    )
    answer = page.get("/api/templates")
    assert (answer.status_code, answer.json()["error"]) == (500, "ServerError")


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 3000, "a: &a [*a]", "when: 2001-99-99", "\0", "- 1", "", "x: !!python/name:os.system"],
)
def test_one_file_that_is_no_flow_hides_no_other(
    page: TestClient, home: str, opened: OpenProject, text: str
) -> None:
    (opened.flows.folder / "odd.yaml").write_text(text)
    (opened.flows.folder / "no\nname.yaml").write_text(text)
    (opened.flows.folder / "good.yaml").write_text(dump_flow(transfer_flow("sample:surfaces")))
    flows = {card["name"]: card for card in page.get(f"{home}/hub").json()["flows"]}
    assert set(flows) == {"odd", "good"}
    assert flows["odd"]["problem"]
    assert not flows["good"]["problem"]


@pytest.mark.parametrize("path", ["a/" * 100 + "x", "x" * 250, "a/../../x", "a\0b"])
def test_a_dropped_path_that_no_disk_takes_is_refused(page: TestClient, home: str, path: str) -> None:
    upload = page.post(f"{home}/uploads").json()["id"]
    answer = page.put(f"{home}/uploads/{upload}/files", params={"path": path}, content=b"x")
    assert answer.status_code == 422
    assert "no path of a dropped file" in answer.json()["message"]


def test_a_dropped_file_takes_no_folder_away(page: TestClient, home: str) -> None:
    files = f"{home}/uploads/{page.post(f'{home}/uploads').json()['id']}/files"
    assert page.put(files, params={"path": "a/b"}, content=b"x").status_code == 200
    assert page.put(files, params={"path": "a"}, content=b"x").status_code == 422


def test_nothing_is_written_where_a_project_was(page: TestClient, home: str, opened: OpenProject) -> None:
    root = opened.project.root
    shutil.rmtree(root)
    saved = page.put(f"{home}/flows/a", json={"text": "a"})
    started = page.post(f"{home}/uploads")
    assert {saved.status_code, started.status_code} == {404}
    assert not root.exists()
    assert page.post("/api/projects", json={"path": str(root), "create": True}).status_code == 200
    assert page.get(f"{home}/hub").status_code == 200


def test_events_are_numbered_as_in_the_feed(page: TestClient, home: str, opened: OpenProject) -> None:
    run = opened.project.folder_of_runs / "20260101-000000-head_only-aaaa"
    run.mkdir(parents=True)
    line = '{"time": 1.0, "event": {"kind": "noted", "level": "info", "message": "%s"}}\n'
    (run / "events.jsonl").write_text(line % "one" + "no event\n" + line % "three")
    found = page.get(f"{home}/runs/{run.name}/events", params={"after": 2}).json()
    assert [e["event"]["message"] for e in found] == ["three"]


@pytest.mark.parametrize(
    "headers", [{"host": "["}, {"host": "[::1"}, {"host": "127.0.0.1", "origin": "http://["}]
)
def test_brackets_that_hold_no_address_are_refused(
    page: TestClient, home: str, headers: dict[str, str]
) -> None:
    assert page.post(f"{home}/uploads", headers=headers).status_code in (403, 421)


def test_a_cookie_of_another_program_does_not_hide_ours() -> None:
    access = Access("t" * 16, 80)
    assert access.has_token({"cookie": f"odd one [x]; graftwork-80={access.token}"})
    assert not access.has_token({"cookie": f"odd one [x]; graftwork-81={access.token}"})


@pytest.mark.parametrize("name", ["x" * 300, "é" * 150, " ", "a\nb", ".hidden"])
def test_names_that_no_file_can_have_are_refused(page: TestClient, home: str, name: str) -> None:
    flow = transfer_flow("sample:surfaces").model_dump(mode="json")
    answer = page.post(f"{home}/flows", json={"flow": flow, "name": name})
    assert answer.status_code == 200  # a new flow gets a name that is like the wish
    made = answer.json()["name"]
    assert page.post(f"{home}/flows/{made}/name", json={"name": name[:200]}).status_code in (200, 422)
    assert page.get(f"{home}/hub").json()["flows"]

"""The feed tells what is written, at once, from where the page left off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.documents.events import EventLine, Noted
from graftwork.documents.flow import dump_flow
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject


@pytest.fixture
def run(opened: OpenProject) -> Path:
    """The folder of a run that nothing writes."""
    folder = opened.project.folder_of_runs / "20260101-000000-head_only-aaaa"
    folder.mkdir(parents=True)
    (folder / "flow.yaml").write_text(dump_flow(transfer_flow("sample:surfaces")))
    return folder


def note(run: Path, text: str) -> float:
    """Write an event and return when."""
    now = time.time()
    line = EventLine(time=now, event=Noted(level="info", message=text))
    with (run / "events.jsonl").open("a") as file:
        file.write(line.model_dump_json() + "\n")
    return now


def next_events(socket: Any) -> dict[str, Any]:
    while (message := socket.receive_json())["kind"] != "events":
        pass
    found: dict[str, Any] = message
    return found


def texts(message: dict[str, Any]) -> list[str]:
    return [line["event"]["message"] for line in message["lines"]]


def watch(opened: OpenProject, run: Path, after: int = 0) -> dict[str, Any]:
    return {"kind": "watch", "project": opened.id, "run": run.name, "after": after}


def test_what_was_missed_comes_first_then_what_is_new(
    page: TestClient, opened: OpenProject, run: Path
) -> None:
    note(run, "one")
    note(run, "two")
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_json(watch(opened, run))
        backlog = next_events(socket)
        assert (backlog["first"], texts(backlog)) == (0, ["one", "two"])
        note(run, "three")
        news = next_events(socket)
        assert (news["first"], texts(news)) == (2, ["three"])


def test_a_page_that_comes_back_gets_the_rest_only(page: TestClient, opened: OpenProject, run: Path) -> None:
    for text in ("one", "two", "three"):
        note(run, text)
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_json(watch(opened, run, after=2))
        rest = next_events(socket)
        assert (rest["first"], texts(rest)) == (2, ["three"])


def test_an_event_is_told_soon_after_it_is_written(page: TestClient, opened: OpenProject, run: Path) -> None:
    delays = []
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_json(watch(opened, run))
        note(run, "first")
        next_events(socket)
        for number in range(10):
            written = note(run, str(number))
            next_events(socket)
            delays.append(time.time() - written)
    assert sorted(delays)[len(delays) // 2] < 0.5  # a loose bound for a busy machine; the benchmark measures


def test_half_a_line_waits_until_it_is_whole(page: TestClient, opened: OpenProject, run: Path) -> None:
    note(run, "whole")
    line = EventLine(time=0.0, event=Noted(level="info", message="late")).model_dump_json() + "\n"
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_json(watch(opened, run))
        next_events(socket)
        with (run / "events.jsonl").open("a") as file:
            file.write(line[:20])
            file.flush()
            time.sleep(0.1)
            file.write(line[20:])
        assert texts(next_events(socket)) == ["late"]


def test_changed_flows_and_runs_are_told(page: TestClient, opened: OpenProject, home: str) -> None:
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        assert socket.receive_json()["kind"] == "hello"
        time.sleep(1.0)  # the lists are known by now
        made = page.post(f"{home}/flows", json={"template": "transfer"}).json()
        message = socket.receive_json()
        assert message["kind"] == "flows_changed"
        assert message["flows"] == [{"name": "transfer", "digest": made["digest"]}]


def test_a_page_that_comes_is_told_what_there_is(page: TestClient, home: str) -> None:
    made = page.post(f"{home}/flows", json={"template": "transfer"}).json()
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        assert socket.receive_json()["kind"] == "hello"
        message = socket.receive_json()
    assert message["flows"] == [{"name": "transfer", "digest": made["digest"]}]


def test_orders_that_do_not_read_end_nothing(page: TestClient, opened: OpenProject, run: Path) -> None:
    note(run, "one")
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_text("{")
        socket.send_json({"kind": "watch", "project": "none", "run": "none", "after": 0})
        socket.send_json(watch(opened, run))
        assert texts(next_events(socket)) == ["one"]


def test_a_long_log_comes_in_parts_and_whole(
    page: TestClient, opened: OpenProject, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.server.feed._MOST_BYTES", 500)
    sent = [f"number {i}" for i in range(60)]
    for text in sent:
        note(run, text)
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        socket.send_json(watch(opened, run))
        found: list[str] = []
        parts = 0
        while len(found) < len(sent):
            message = next_events(socket)
            assert message["first"] == len(found)
            found += texts(message)
            parts += 1
    assert found == sent
    assert parts > 5


def test_what_does_not_read_is_passed_over(page: TestClient, opened: OpenProject, run: Path) -> None:
    note(run, "one")
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        for text in ("{", "null", '{"kind": "watch", "project": "\\ud800", "run": "\\u0000"}', "x" * 1000):
            socket.send_text(text)
        socket.send_bytes(b"\xff\xfe")
        socket.send_json({**watch(opened, run), "run": "../" + "x" * 5000})
        socket.send_json(watch(opened, run))
        assert texts(next_events(socket)) == ["one"]


def test_a_project_that_is_gone_for_a_while_silences_no_page(
    page: TestClient, opened: OpenProject, run: Path
) -> None:
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        time.sleep(0.6)
        flows = opened.flows.folder
        moved = flows.rename(flows.with_name("away"))
        time.sleep(0.6)
        moved.rename(flows)
        (flows / "late.yaml").write_text(dump_flow(transfer_flow("sample:surfaces")))
        while (message := socket.receive_json())["kind"] != "flows_changed":
            pass
        assert [f["name"] for f in message["flows"]] == ["late"]

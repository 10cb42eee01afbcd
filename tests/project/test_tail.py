"""The log's end, while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.documents.events import EventLine, Noted
from graftwork.project.run import EventTail, Run


def line(text: str) -> str:
    return EventLine(time=1.0, event=Noted(level="info", message=text)).model_dump_json() + "\n"


def messages(found: list[EventLine]) -> list[str]:
    return [entry.event.message for entry in found if isinstance(entry.event, Noted)]


def test_a_tail_gives_each_whole_line_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert tail.read() == []
    path.write_text(line("a") + line("ü")[:-20], encoding="utf-8")
    assert [(n, e.event.message) for n, e in tail.read()] == [(0, "a")]  # type: ignore[union-attr]
    assert tail.read() == []
    path.write_text(line("a") + line("ü") + "nonsense\n" + line("c"), encoding="utf-8")
    assert [(n, e.event.message) for n, e in tail.read()] == [(1, "ü"), (3, "c")]  # type: ignore[union-attr]
    path.write_text(line("new"))
    assert [n for n, _ in tail.read()] == [0]


def test_a_tail_reads_in_stretches_whatever_a_line_is_long(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    wanted = ["a", "b" * 5000, "c", "ü" * 300, "e"]
    path.write_text("".join(map(line, wanted)), encoding="utf-8")
    tail = EventTail(path)
    found: list[EventLine] = []
    calls = 0
    while part := tail.read(200):
        assert [n for n, _ in part] == list(range(len(found), len(found) + len(part)))
        found += [event for _, event in part]
        calls += 1
    assert messages(found) == wanted
    assert calls > 1


def test_a_run_is_read_from_a_line_on(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.tail(0) == ([], 0)
    (tmp_path / "events.jsonl").write_text(line("a") + line("b") + line("c") + '{"time"')
    found, following = run.tail(1)
    assert (messages(found), following) == (["b", "c"], 3)
    assert run.tail(following) == ([], 3)


def test_both_ways_agree(tmp_path: Path, project: Any) -> None:
    run = project.transfer("photos")
    found, following = run.tail()
    assert found == list(run.events()) == [e for _, e in EventTail(run.path / "events.jsonl").read()]
    assert following == len(found)

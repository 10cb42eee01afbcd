from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.events import EventLine, Noted, RunStarted
from graftwork.errors import RunError
from graftwork.project import Run
from graftwork.project.lock import lock_run
from graftwork.project.run import new_run_id


def test_ids_tell_time_and_strategy_and_do_not_repeat() -> None:
    ids = {new_run_id("head_only") for _ in range(20)}
    assert len(ids) > 15
    date, time, strategy, tail = next(iter(ids)).split("-")
    assert (len(date), len(time), strategy, len(tail)) == (8, 6, "head_only", 4)


def test_events_come_back_as_written_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    lines = [
        EventLine(time=1.0, event=RunStarted(run="r")),
        EventLine(time=2.0, event=Noted(level="info", message="zwölf")),
    ]
    text = "".join(line.model_dump_json() + "\n" for line in lines)
    (tmp_path / "events.jsonl").write_text(text + '{"time": 3.0, "ev', encoding="utf-8")
    assert list(Run(tmp_path).events()) == lines


def test_a_run_that_says_running_without_a_writer_was_interrupted(add_run: Any) -> None:
    folder = add_run("r1", status="running")
    assert Run(folder).status == "interrupted"
    with lock_run(folder):
        assert Run(folder).status == "running"


def test_metrics_print_value_and_interval(add_run: Any) -> None:
    metrics = Run(add_run("r1")).metrics
    assert metrics["test"].num_images == 4
    assert repr(metrics) == ("test: accuracy 0.750 (0.500–0.900), balanced 0.700 (0.400–0.800), 4 images")


@pytest.mark.parametrize("content", [None, "{", '{"run": 3}', '{"format": 99}', "[]"])
def test_a_missing_or_broken_record_is_one_clear_error(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "record.json").write_text(content)
    with pytest.raises(RunError, match=r"record\.json"):
        _ = Run(tmp_path).record
    assert tmp_path.name in repr(Run(tmp_path))

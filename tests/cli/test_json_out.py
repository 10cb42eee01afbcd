from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from graftwork.cli.json_out import plain, print_json
from graftwork.cli.show import count, duration, interval, size
from graftwork.documents.record import Interval


@dataclass
class Thing:
    path: Path
    values: tuple[float, ...]


def test_what_json_cannot_write_becomes_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": math.nan, "b": [math.inf, 1.5], "c": Interval(value=math.nan, low=0.0, high=1.0)})
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": None, "b": [None, 1.5], "c": {"value": None, "low": 0.0, "high": 1.0}}
    assert "NaN" not in text


def test_dataclasses_and_paths_are_written() -> None:
    assert plain(Thing(Path("a/b"), (1.0, 2.0))) == {"path": "a/b", "values": [1.0, 2.0]}


def test_numbers_are_shown_in_words() -> None:
    assert count(3413024) == "3,413,024"
    assert [size(n) for n in (5, 1_500_000, 2_000_000_000)] == ["5 bytes", "1.5 MB", "2.0 GB"]
    assert [duration(s) for s in (5.25, 75, 7300)] == ["5.2 s", "1 min 15 s", "2 h 1 min"]
    assert interval(Interval(value=0.5, low=0.25, high=0.75)) == "0.500 (0.250–0.750)"
    assert interval(None) == "–"

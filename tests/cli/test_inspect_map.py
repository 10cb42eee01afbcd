"""``graftwork inspect map`` and ``neighbors``."""

from __future__ import annotations

import csv
from pathlib import Path

from .conftest import Home


def test_a_map_in_words_as_json_and_as_a_table(home: Home, tmp_path: Path) -> None:
    told = home("inspect", "map", "first", "--out", tmp_path / "map.csv")
    assert told.code == 0, told.err
    assert "trustworthiness" in told.out
    assert "before and after are the same map" in told.out
    summary = home("inspect", "map", "first", "--json").json
    assert summary["num_shown"] == 42
    assert "points" not in summary
    full = home("inspect", "map", "first", "--json", "--full").json
    with (tmp_path / "map.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["key"] for row in rows] == full["points"]["keys"]
    assert [float(row["x_trained"]) for row in rows] == full["sides"][0]["x"]


def test_neighbors_of_an_image(home: Home, photos: Path) -> None:
    found = home("inspect", "neighbors", "first", "red/3.png", "--number", "3", "--json").json
    assert found["image"] == "red/3.png"
    assert found["label"] == "red"
    assert len(found["neighbors"]) == 3
    shown = home("inspect", "neighbors", "first", photos / "red" / "3.png")
    assert shown.code == 0, shown.err
    assert "distance" in shown.out


def test_what_is_not_there_is_one_sentence(home: Home, tmp_path: Path) -> None:
    for args, code in (
        (("map", "nowhere"), 2),
        (("map", "first", "--at", "nowhere"), 2),
        (("map", "first", "--out", tmp_path / "map.png"), 2),
        (("map", "first", "--beside", tmp_path / "nowhere"), 3),
        (("neighbors", "first", "nowhere.png"), 2),
    ):
        ended = home("inspect", *args)
        assert ended.code == code, (args, ended.err)
        assert "Traceback" not in ended.err
        assert "Error: " in ended.err

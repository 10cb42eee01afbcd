"""``inspect data``: findings, the effect of a fix, the fix in the flow's file, pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from graftwork.documents.flow import read_flow, write_flow
from graftwork.graph.flows import transfer_flow

Graftwork = Callable[..., Any]


@pytest.fixture
def flow(photos: Path, tmp_path: Path) -> Path:
    """A flow in which two photos are called another color, and which may be edited."""
    relabel = {"red/0.png": "green", "blue/3.png": "red"}
    path = tmp_path / "flow.yaml"
    write_flow(transfer_flow(str(photos), base="random:timm:resnet10t", image_size=32, relabel=relabel), path)
    return path


def test_findings_fixes_and_pictures(graftwork: Graftwork, flow: Path, home: Any, tmp_path: Path) -> None:
    seen = home("inspect", "data", flow, "--json", "--out", tmp_path / "out")
    assert seen.code == 0, seen.err
    found = seen.json
    planted = set(read_flow(flow).node("images").settings["relabel"])
    assert planted <= {s["key"] for s in found["suspects"]}
    assert found["effect"] is None
    assert found["pictures"][0].endswith("suspects.webp")
    for path in found["pictures"]:
        with Image.open(path) as picture:
            assert min(picture.size) > 100
    shown = home("inspect", "data", flow, "--suspects", "1", "--effect", "corrections")
    assert found["suspects"][0]["key"] in shown.out
    assert "accuracy before" in shown.out
    assert f"the first 1 of {len(found['suspects'])}" in shown.out
    assert "The base looks at" not in shown.err  # kept: no image passes the base again


def test_a_fix_is_written_into_the_flow(flow: Path, home: Any) -> None:
    key = home("inspect", "data", flow, "--json").json["suspects"][0]["key"]
    done = home("inspect", "data", flow, "--apply", f"exclude:{key}", "--json")
    assert done.code == 0, done.err
    assert read_flow(flow).node("images").settings["exclude"] == [key]
    assert key not in {s["key"] for s in done.json["suspects"]}
    measured = home("inspect", "data", flow, "--effect", "corrections", "--json").json["effect"]
    assert {c["split"] for c in measured["changes"]} == {"validation", "test"}
    assert all(c["difference"]["low"] <= c["difference"]["value"] for c in measured["changes"])


def test_a_run_stays_as_it_was(home: Any, tmp_path: Path) -> None:
    run = home.trained.json["run"]
    refused = home("inspect", "data", run, "--apply", "exclude:red/0.png")
    assert refused.code == 2
    assert "--into" in refused.err
    into = tmp_path / "new.yaml"
    assert home("inspect", "data", run, "--apply", "exclude:red/0.png", "--into", into).code == 0
    assert read_flow(into).node("images").settings["exclude"] == ["red/0.png"]


def test_ways_to_ask_that_cannot_be_meant(flow: Path, home: Any) -> None:
    for args in (
        ("nobody",),
        (flow, "--apply", "magic"),
        (flow, "--effect", "magic"),
        (flow, "--suspects", "0"),
    ):
        ended = home("inspect", "data", *args)
        assert ended.code == 2 or (args == ("nobody",) and ended.code != 0), ended.err
        assert "Traceback" not in ended.err

"""``inspect depth`` and ``inspect drift``: what they print, and for whom they have nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.documents.depth import DepthReport
from graftwork.documents.drift import DriftReport
from graftwork.documents.flow import write_flow
from graftwork.graph.flows import transfer_flow


def test_depth_prints_one_document_or_a_table(home: Any) -> None:
    ended = home("inspect", "depth", "first", "--json")
    assert ended.code == 0, ended.err
    report = DepthReport.model_validate(ended.json)
    assert report.best in [s.stage for s in report.stages]
    table = home("inspect", "depth", "first")
    assert table.code == 0
    assert "one standard error" in table.out
    assert all(s.stage in table.out for s in report.stages)


def test_depth_of_a_flow_that_was_not_trained(home: Any, photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    write_flow(transfer_flow(str(photos), base="random:timm:resnet10t", image_size=32), path)
    ended = home("inspect", "depth", str(path), "--max-images", "20", "--json")
    assert ended.code == 0, ended.err
    assert DepthReport.model_validate(ended.json).num_scored == 20
    drift = home("inspect", "drift", str(path), "--json")
    assert drift.code != 0
    assert drift.json["hint"]


def test_depth_after_training_is_another_document(home: Any) -> None:
    report = DepthReport.model_validate(home("inspect", "depth", "first", "--trained", "--json").json)
    assert report.weights == "trained"


def test_drift_prints_one_document_or_a_table(home: Any) -> None:
    ended = home("inspect", "drift", "first", "--json")
    assert ended.code == 0, ended.err
    report = DriftReport.model_validate(ended.json)
    assert {p.state for p in report.parts if p.role == "base"} <= {"frozen", "no_parameters"}
    table = home("inspect", "drift", "first")
    assert table.code == 0
    assert "0.00%" in table.out
    assert "head (new)" in table.out


def test_wrong_names_are_one_sentence_and_a_hint(home: Any) -> None:
    for verb in ("depth", "drift"):
        ended = home("inspect", verb, "no-such-run", "--json")
        assert ended.code != 0
        assert ended.json["hint"]
        assert "Traceback" not in ended.err
    ended = home("inspect", "depth", "first", "--node", "head", "--json")
    assert "backbone" in ended.json["hint"]


def test_a_flow_file_needs_no_project_and_a_run_does(graftwork: Any, photos: Path, tmp_path: Path) -> None:
    root, path = tmp_path / "new", tmp_path / "mine.yaml"
    write_flow(transfer_flow(str(photos), base="random:timm:resnet10t", image_size=32), path)
    for what in ("depth", "data", "map"):
        missing = graftwork("inspect", what, "first", "--project", root)
        assert missing.code != 0
        assert "no project" in missing.err
        assert not root.exists()
    ended = graftwork("inspect", "depth", path, "--max-images", "20", "--project", root, "--json")
    assert ended.code == 0, ended.err
    assert "prepared 20 views" in ended.err
    ended = graftwork("inspect", "map", path, "--project", root, "--json")
    assert ended.code == 0, ended.err
    assert "20 were in the cache" in ended.err

"""``graftwork preview`` on a real project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from graftwork.documents.flow import Edge, Flow, Node, read_flow, write_flow
from graftwork.documents.preview import PreviewDocument

Graftwork = Callable[..., Any]


def test_json_names_pictures_that_can_be_opened(home: Any) -> None:
    ended = home("preview", "first", "--node", "images", "--number", "3", "--json")
    assert ended.code == 0, ended.err
    document = PreviewDocument.model_validate(ended.json)
    assert len(document.samples) == 3
    for sample in document.samples:
        path = Path(sample.view.picture)  # type: ignore[union-attr]
        assert path.is_relative_to(home.root / "cache" / "previews" / document.fingerprint)
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.size == (128, 128)  # 32 pixels, each one enlarged by four
    assert json.loads((path.parent / "preview.json").read_text())["node"] == "images"


def test_a_run_is_shown_with_its_weights_and_a_second_call_starts_from_what_was_stored(home: Any) -> None:
    run = home.trained.json["run"]
    plain = home("preview", "first", "--node", "head", "--json").json
    first = home("preview", "first", "--node", "head", "--run", "first", "--json").json
    second = home("preview", "first", "--node", "head", "--run", run, "--json").json
    assert (plain["weights"], first["weights"], second["weights"]) == ("initial", run, run)
    assert first["samples"] == second["samples"] != plain["samples"]
    assert "backbone" in first["computed"]
    assert "backbone" not in second["computed"]


def test_the_table_says_what_a_node_gives(home: Any, tmp_path: Path) -> None:
    flow = home.root / "flows" / "first.yaml"
    named = ("--samples", "red/0.png", "--samples", "blue/3.png", "--out", tmp_path / "out")
    ended = home("preview", flow, "--node", "objective", *named)
    assert ended.code == 0, ended.err
    assert "loss" in ended.out
    assert "red/0.png" in ended.out
    assert (tmp_path / "out" / "preview.json").is_file()
    maps = home("preview", flow, "--node", "backbone", *named)
    assert "features" in maps.out


def test_wrong_names_are_guessed(home: Any) -> None:
    for args, guess in (
        (("first", "--node", "haed"), "head"),
        (("firs", "--node", "head"), "first"),
        (("first", "--node", "head", "--run", "frist"), "first"),
        (("first", "--node", "head", "--samples", "red/0.pgn"), "red/0.png"),
    ):
        ended = home("preview", *args, "--json")
        assert ended.code != 0
        assert guess in ended.json["hint"]


def custom_flow(photos: Path, code: str) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": str(photos), "size": 16}),
        Node(id="net", component="custom", settings={"code": code}),
    )
    return Flow(nodes=nodes, edges=(Edge(source="images.image", target="net.image"),))


def test_custom_code_runs_in_a_worker_once_its_folder_is_trusted(
    photos: Path, tmp_path: Path, graftwork: Graftwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))
    root, mark = tmp_path / "project", tmp_path / "process"
    code = (
        f"import os, pathlib\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "def forward(image):\n    return image.mean((2, 3))\n"
        "def preview(outputs):\n    return outputs['features']\n"
    )
    write_flow(custom_flow(photos, code), tmp_path / "flow.yaml")
    call = ("preview", tmp_path / "flow.yaml", "--node", "net", "--project", root, "--json")
    root.mkdir()
    (root / "note.txt").write_text("here before graftwork")
    refused = graftwork(*call)
    assert refused.json["error"] == "NotTrusted"
    assert not mark.exists()
    assert graftwork("preview", tmp_path / "flow.yaml", "--node", "images", "--project", root).code == 0
    assert graftwork("trust", root).code == 0
    assert graftwork(*call).json["error"] == "NotTrusted"  # the file lies elsewhere
    assert graftwork("trust", tmp_path).code == 0
    ended = graftwork(*call)
    assert ended.code == 0, ended.out + ended.err
    import os

    assert int(mark.read_text()) != os.getpid()
    assert Path(ended.json["custom"]["pictures"]["preview"]).is_file()


def test_python_keeps_what_an_edit_leaves_alone(home: Any) -> None:
    from graftwork import Project

    project = Project(home.root)
    flow = read_flow(home.root / "flows" / "first.yaml")
    project.preview(flow, "head")
    edited = project.preview(flow.with_settings("head", dropout=0.25), "head")
    assert edited.document.computed == ("head",)

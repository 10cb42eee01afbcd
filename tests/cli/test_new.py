"""``graftwork new``: a flow file, what is still to be done, and the next command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.flow import read_flow
from graftwork.project.trust import trust

Graftwork = Callable[..., Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_templates_are_listed(graftwork: Graftwork) -> None:
    ended = graftwork("new", "--list")
    assert ended.code == 0
    assert "keras-binary" in ended.out
    names = [t["name"] for t in graftwork("new", "--list", "--json").json["templates"]]
    assert names[0] == "transfer"
    assert {"keras-classes", "segmentation", "two-views"} <= set(names)


def test_the_file_names_the_images_by_their_full_path(graftwork: Graftwork, here: Path) -> None:
    (here / "photos").mkdir()
    ended = graftwork("new", "mine", "--data", "photos")
    assert ended.code == 0
    assert "graftwork train --flow mine.yaml" in ended.out
    assert ended.err == ""
    flow = read_flow(here / "mine.yaml")
    assert flow.name == "mine"
    assert flow.node("images").settings["source"] == str(here / "photos")


def test_what_is_written_trains(graftwork: Graftwork, photos: Path) -> None:
    assert graftwork("new", "mine", "--data", photos, "--base", "random:timm:test_efficientnet").code == 0
    text = Path("mine.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").write_text(text.replace("recipe: {}", "recipe: {epochs: 1}"), encoding="utf-8")
    ended = graftwork("train", "--flow", "mine.yaml", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["proof"]["frozen_unchanged"]


def test_an_untrained_base_is_told_and_where_weights_are(graftwork: Graftwork, here: Path) -> None:
    ended = graftwork("new", "--template", "keras-binary", "--data", here)
    assert ended.code == 0
    assert "Warning: node backbone starts from random weights" in ended.err
    assert "keras.applications" in ended.err
    assert "--weights FILE" in ended.err


def test_with_weights_there_is_no_warning(graftwork: Graftwork, here: Path) -> None:
    (here / "x.keras").write_bytes(b"x")
    ended = graftwork("new", "--template", "keras-binary", "--data", here, "--weights", "x.keras")
    assert "random" not in ended.err
    base = read_flow(here / "keras-binary.yaml").node("backbone").settings["base"]
    assert base == f"file:{here / 'x.keras'}@keras:Xception"


def test_what_is_still_to_be_filled_in_is_told(graftwork: Graftwork) -> None:
    told = graftwork("new", "--template", "numbers-and-images").err
    assert "name yours with --data" in told
    assert "temperature, speed" in told
    assert "run:ID" in graftwork("new", "--template", "textile-to-metal").err
    assert "--data" not in graftwork("new", "--template", "anomaly").err  # a sample fits it
    assert graftwork("new", "a", "--template", "textile-to-metal", "--base", "run:x").err == ""


def test_code_asks_for_trust_unless_it_is_given(graftwork: Graftwork, here: Path) -> None:
    assert f"graftwork trust {here}" in graftwork("new", "a", "--template", "own-module").err
    trust(here)
    assert "trust" not in graftwork("new", "b", "--template", "own-module").err


def test_nothing_is_written_over_or_half_written(graftwork: Graftwork, here: Path) -> None:
    (here / "transfer.yaml").write_text("mine")
    ended = graftwork("new")
    assert ended.code == 2
    assert "is there already" in ended.err
    assert (here / "transfer.yaml").read_text() == "mine"
    assert graftwork("new", "--template", "keras-binry").code == 2
    (here / "file").write_text("mine")
    assert graftwork("new", "x", "--out", "file/x.yaml").code == 7
    assert graftwork("new", "x", "--template", "transfer", "--weights", "none.h5").code == 2
    assert {p.name for p in here.iterdir()} == {"transfer.yaml", "file"}


def test_json_names_file_and_next_command(graftwork: Graftwork) -> None:
    told = graftwork("new", "a", "--template", "keras-classes", "--out", "b.yaml", "--json").json
    assert told["flow"] == "b.yaml"
    assert told["next"] == "graftwork train --flow b.yaml"
    assert any("random weights" in note for note in told["notes"])

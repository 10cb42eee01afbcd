"""``data check`` with fixes, and corrections on the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftwork.cli.options import corrections
from graftwork.documents.flow import read_flow, write_flow
from graftwork.errors import UsageError
from graftwork.graph.flows import transfer_flow

Graftwork = Callable[..., Any]


@pytest.fixture
def flawed(photos: Path, tmp_path: Path) -> Path:
    """The photos, with a twin and a copy that is called another color."""
    root = tmp_path / "photos"
    shutil.copytree(photos, root)
    names = sorted(p.name for p in (root / "red").iterdir())
    shutil.copy(root / "red" / names[0], root / "red" / "twin.png")
    shutil.copy(root / "red" / names[1], root / "blue" / "liar.png")
    return root


def test_fixes_are_shown_and_written_into_a_flow(graftwork: Graftwork, flawed: Path, tmp_path: Path) -> None:
    found = graftwork("data", "check", flawed, "--json").json
    assert {fix["id"] for fix in found["fixes"]} == {"keep_one_of_copies", "exclude_conflicts"}
    assert "keep_one_of_copies" in graftwork("data", "check", flawed).out
    file = tmp_path / "flow.yaml"
    write_flow(transfer_flow(str(flawed)), file)
    done = graftwork(
        "data",
        "check",
        "--flow",
        file,
        "--apply",
        "keep_one_of_copies",
        "--apply",
        "exclude_conflicts",
        "--json",
    )
    assert done.json["fixes"] == []
    excluded = read_flow(file).node("images").settings["exclude"]
    assert len(excluded) == 3
    assert done.json["num_images"] == 44 - 3
    again = graftwork("data", "check", "--flow", file, "--apply", "keep_one_of_copies")
    assert again.code == 2
    assert "Nothing is left" in again.err + again.out


def test_ways_to_ask_that_cannot_be_meant(graftwork: Graftwork, flawed: Path, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    write_flow(transfer_flow(str(flawed)), file)
    for args in (
        (),
        (flawed, "--flow", file),
        (flawed, "--apply", "x"),
        ("--flow", file, "--label-column", "x"),
    ):
        assert graftwork("data", "check", *args).code == 2


def test_corrections_are_options_of_a_transfer(graftwork: Graftwork, photos: Path, tmp_path: Path) -> None:
    name = sorted(p.name for p in (photos / "red").iterdir())[0]
    options = ("--base", "random:timm:resnet10t", "--image-size", "32", "--project", tmp_path / "p", "--json")
    args = ("--exclude", f"red/{name}", "--relabel", f"blue/{name}=green")
    planned = graftwork("plan", photos, *args, *options)
    assert planned.code == 0, planned.out + planned.err
    assert sum(planned.json["num_images"].values()) == 41
    assert graftwork("plan", photos, "--relabel", "blue", *options).code == 2


def test_a_key_may_hold_an_equals_sign() -> None:
    assert corrections(None, ["a=b/1.png=cat"]) == {"relabel": {"a=b/1.png": "cat"}}
    assert corrections(["x"], None) == {"exclude": ("x",)}
    with pytest.raises(UsageError, match="two labels"):
        corrections(None, ["a=1", "a=2"])

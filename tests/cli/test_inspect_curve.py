"""``graftwork inspect curve`` and ``controls``, and ``train --controls``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import TINY_BASE, write_stripes

Graftwork = Callable[..., Any]
TINY = [
    "--base",
    TINY_BASE,
    "--image-size",
    "32",
    "--epochs",
    "2",
    "--batch",
    "16",
    "--set",
    "precision=float32",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Images and a project."""
    root = tmp_path_factory.mktemp("curve")
    return write_stripes(root / "images", per_class=10), root / "home"


@pytest.fixture(scope="module")
def trained(graftwork: Graftwork, place: tuple[Path, Path]) -> Any:
    images, home = place
    return graftwork("train", images, *TINY, "--name", "mine", "--controls", "--json", "--project", home)


def test_train_runs_the_missing_controls(
    graftwork: Graftwork, place: tuple[Path, Path], trained: Any
) -> None:
    assert trained.code == 0, trained.err
    held = trained.json["controls"]
    assert held["scratch"]["name"] == "mine-from_scratch"
    assert held["missing"] == []
    assert held["interval_over_scratch"]["low"] <= held["gain_over_scratch"] / 100
    names = [row["name"] for row in graftwork("runs", "list", "--json", "--project", place[1]).json["runs"]]
    assert sorted(names) == ["mine", "mine-from_scratch"]
    shown = graftwork("inspect", "controls", "mine", "--project", place[1])
    assert "from scratch" in shown.out
    assert "constant answer" in shown.out
    again = graftwork("inspect", "controls", "mine", "--missing", "--json", "--project", place[1])
    assert again.json == held


def test_a_curve_states_its_cost_measures_and_is_not_measured_again(
    graftwork: Graftwork, place: tuple[Path, Path], trained: Any
) -> None:
    asked = ["inspect", "curve", "mine", "--shares", "0.3,1", "--seeds", "1", "--project", place[1]]
    cost = graftwork(*asked, "--estimate", "--json").json
    assert cost["num_runs"] == 2  # all labels: the run itself, and its control from scratch
    assert "2 runs, about" in graftwork(*asked, "--estimate").out
    first = graftwork(*asked, "--json")
    assert first.code == 0, first.err
    assert "2 runs are to be done, about" in first.err
    made = first.json
    assert [p["num_labels"] for p in made["transfer"]] == [6, 18]
    assert made["scratch"][1]["scores"] == [trained.json["controls"]["scratch"]["score"]]
    again = graftwork(*asked)
    assert "runs are to be done" not in again.err
    assert made["answer"] in again.out


def test_wrong_choices_are_told(graftwork: Graftwork, place: tuple[Path, Path], trained: Any) -> None:
    for words, said in (
        (["--shares", "0.1,x"], "numbers"),
        (["--shares", "2"], "at most 1"),
        (["--seeds", "0"], "at least 1"),
        (["--strategy", "from_scratch"], "held against"),
    ):
        ended = graftwork("inspect", "curve", "mine", *words, "--project", place[1])
        assert ended.code == 2
        assert said in ended.err
    assert graftwork("inspect", "curve", "nothing", "--project", place[1]).code != 0

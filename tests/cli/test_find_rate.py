"""``graftwork find-rate``: what it prints and writes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from graftwork.documents.flow import read_flow

from ..conftest import TINY_BASE

Graftwork = Callable[..., Any]
TINY = ["--base", TINY_BASE, "--image-size", "32", "--batch", "16", "--set", "precision=float32"]


def test_it_draws_the_course_and_writes_the_rate(graftwork: Graftwork, stripes: Path, tmp_path: Path) -> None:
    home, written = tmp_path / "home", tmp_path / "found.yaml"
    short = ["--strategy", "head_only", "--updates", "30", "--highest", "300", "--project", home]
    shown = graftwork("find-rate", stripes, *TINY, *short, "--write", written)
    assert shown.code == 0, shown.err
    assert "planned" in shown.out
    assert "suggested" in shown.out
    assert f"graftwork train --flow {written}" in " ".join(shown.err.split()) + " ".join(shown.out.split())
    found = graftwork("find-rate", stripes, *TINY, *short, "--json").json
    assert read_flow(written).recipe.learning_rate == found["suggested"]
    assert [p["rate"] for p in found["points"]] == sorted(p["rate"] for p in found["points"])
    again = graftwork("find-rate", stripes, *TINY, *short, "--write", written)
    assert again.code != 0
    assert "is there already" in again.err


def test_what_it_refuses(graftwork: Graftwork, stripes: Path, tmp_path: Path) -> None:
    call = ["find-rate", stripes, *TINY, "--project", tmp_path / "home"]
    for extra, words in (
        (["--lowest", "1", "--highest", "0.1"], "below the highest"),
        (["--phase", "end"], "phase"),
        (["--updates", "5"], "20"),
    ):
        ended = graftwork(*call, *extra)
        assert ended.code == 2, ended.err
        assert words in ended.err

"""``graftwork tune``: what it prints and writes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftwork.cli.choose.tune import read_fixed, read_span
from graftwork.documents.flow import read_flow
from graftwork.errors import UsageError

from ..conftest import TINY_BASE, write_stripes

Graftwork = Callable[..., Any]
TINY = [
    "--base",
    TINY_BASE,
    "--image-size",
    "32",
    "--epochs",
    "1",
    "--batch",
    "16",
    "--set",
    "precision=float32",
]
CHEAP = ["--over", "weight_decay", "--rounds", "2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Images and a project."""
    root = tmp_path_factory.mktemp("tune")
    return write_stripes(root / "images", per_class=8), root / "home"


def test_a_search_writes_its_flow_goes_on_and_is_tested(
    graftwork: Graftwork, place: tuple[Path, Path], tmp_path: Path
) -> None:
    images, home = place
    flow = tmp_path / "tuned.yaml"
    first = graftwork("tune", images, *TINY, *CHEAP, "--write", flow, "--json", "--project", home)
    assert first.code == 0, first.err
    assert [r["origin"] for r in first.json["rounds"]] == ["default", "suggested"]
    assert read_flow(flow).model_dump(mode="json") == first.json["best_flow"]
    search = first.json["id"]
    more = graftwork("tune", "--resume", search, "--rounds", "3", "--final", "--project", home)
    assert more.code == 0, more.err
    assert "to take" in more.out
    assert "test accuracy" in more.out
    refused = graftwork("tune", "--resume", search, *CHEAP[:2], "--json", "--project", home)
    assert refused.code == 2
    assert "keeps its images" in refused.json["message"]
    neither = graftwork("tune", "--json", "--project", home)
    assert (neither.code, neither.json["error"]) == (2, "UsageError")


def test_spans_and_values_are_read() -> None:
    span = read_span("learning-rate=1e-5..1e-3")
    assert (span.name, span.low, span.high) == ("learning_rate", 1e-5, 1e-3)
    assert read_span("augment=none,light").values == ("none", "light")
    assert read_span("cut").values == ()
    assert read_fixed(["epochs=3", "weight_decay=1e-2", "augment=none"]) == {
        "epochs": 3,
        "weight_decay": 0.01,
        "augment": "none",
    }
    for text in ("=1..2", "epochs=", "epochs=a..b", "epochs=9..2"):
        with pytest.raises(UsageError):
            read_span(text)
    for texts in (["epochs"], ["=3"], ["epochs=1", "epochs=2"]):
        with pytest.raises(UsageError):
            read_fixed(texts)

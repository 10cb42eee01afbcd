"""Two runs image by image: counted by hand, on the common images only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from graftwork.documents.record import DataSummary
from graftwork.errors import RunError, UsageError
from graftwork.project import Run
from graftwork.project.looks.pairing import CELLS, compare_images, images_of_cell

from ..conftest import make_record
from ..test_predictions import stored


@pytest.fixture
def put(add_run: Callable[..., Path]) -> Callable[..., Run]:
    """Return a function that makes a run of classes from (key, digest, label, right) for each test image."""

    def make(name: str, rows: list[tuple[str, str, int, bool]], classes: tuple[str, ...] = ("a", "b")) -> Run:
        folder = add_run(name)
        table = pd.DataFrame({"key": [r[0] for r in rows], "split": "test", "label": [r[2] for r in rows]})
        said = [r[2] if r[3] else 1 - r[2] for r in rows]
        table["predicted"] = said
        table[["p_0", "p_1"]] = np.eye(2, dtype=np.float32)[said] * 0.6 + 0.2
        table.to_parquet(folder / "predictions.parquet")
        samples = [(r[0], r[1], "test") for r in rows] + [("learned", "z", "train")]
        pd.DataFrame(samples, columns=["key", "digest", "split"]).to_parquet(folder / "samples.parquet")
        data = DataSummary(source="p", digest="d", classes=classes, num_images={})
        (folder / "record.json").write_text(make_record(name, data=data, metrics={}).model_dump_json())
        return Run(folder)

    return make


def rows(rights: str, *, label: int = 0) -> list[tuple[str, str, int, bool]]:
    """Return images 0, 1, … that are told right where there is a 1."""
    return [(f"{i}.png", f"d{i}", label, right == "1") for i, right in enumerate(rights)]


def test_cells_are_counted_and_their_images_listed(put: Any) -> None:
    a, b = put("a", rows("11110000")), put("b", rows("11001000"))
    found = compare_images(a, b)
    assert {c.cell: c.num_images for c in found.cells} == dict(zip(CELLS, (2, 2, 1, 3), strict=True))
    assert {c.cell: c.keys for c in found.cells}["only_a"] == ("2.png", "3.png")
    assert found.p_value == pytest.approx(binomtest(2, 3).pvalue)
    assert found.difference.value == pytest.approx(1 / 8)
    assert (found.num_common, found.num_only_a, found.notes) == (8, 0, ())
    page = images_of_cell(a, b, "only_a", limit=1, offset=1)
    assert page.total == 2
    assert [(row.a.key, row.a.predicted, row.b.predicted) for row in page.rows] == [("3.png", "a", "b")]


def test_runs_with_other_images_are_compared_on_the_common_ones(put: Any) -> None:
    first = [*rows("110"), ("only.png", "z", 0, True)]
    second = [("moved/2.png", "d2", 0, True), ("1.png", "d1", 0, True), ("9.png", "other", 0, False)]
    found = compare_images(put("a", first), put("b", second))
    assert (found.num_common, found.num_only_a, found.num_only_b, found.num_learned) == (2, 2, 1, 1)
    assert {c.cell: c.num_images for c in found.cells} == dict(zip(CELLS, (1, 0, 1, 0), strict=True))
    assert "compared are the 2" in found.notes[0]
    assert "1 of the others" in found.notes[1]


def test_classes_are_compared_by_name_and_other_labels_are_left_out(put: Any) -> None:
    a = put("a", [*rows("11"), ("x.png", "x", 1, True)])
    b = put("b", [("0.png", "d0", 1, True), ("1.png", "d1", 1, False), ("x.png", "x", 1, True)], ("b", "a"))
    found = compare_images(a, b)
    assert found.num_common == 2
    assert any("another label" in note for note in found.notes)
    same_bytes_other_labels = put("c", rows("11", label=1))
    with pytest.raises(RunError, match="different labels"):
        compare_images(put("d", rows("11")), same_bytes_other_labels)


def test_what_cannot_be_compared_is_refused(put: Any, add_run: Any) -> None:
    a = put("a", rows("11"))
    with pytest.raises(UsageError, match="itself"):
        compare_images(a, a)
    with pytest.raises(RunError, match="no test image in common"):
        compare_images(a, put("b", [("q.png", "q", 0, True)]))
    with pytest.raises(UsageError, match="gives a number"):
        compare_images(a, stored(add_run("n"), "number", [[1.0]], [[1.5]], ("w",)))
    tags = stored(add_run("t"), "tags", [[1, 0]], [[0.9, 0.2]], ("red", "big"))
    with pytest.raises(UsageError, match="tags"):
        compare_images(a, tags)

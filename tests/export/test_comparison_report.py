"""Runs side by side on one page: numbers of their records, safely."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from graftwork.documents.paired import PairedCell, PairedComparison
from graftwork.documents.record import Interval
from graftwork.export.comparison_report import render_comparison
from graftwork.export.folder import RunFolder, read_run_folder

from .conftest import make_record, write_run
from .made_looks import EVIL
from .test_report import Page


def grey(key: str) -> Image.Image:
    if key == "gone.png":
        raise FileNotFoundError(key)
    return Image.new("L", (64, 48), 90)


@pytest.fixture
def folders(tmp_path: Path, make: SimpleNamespace) -> Callable[..., list[RunFolder]]:
    """Return a function that writes runs; each keyword set changes one record."""

    def write(*changes: dict[str, Any]) -> list[RunFolder]:
        found = []
        for number, change in enumerate(changes):
            record = make_record(**{"run": f"r-{number}", "name": f"run {number}", **change})
            found.append(read_run_folder(write_run(tmp_path / f"r-{number}", record)))
        return found

    return write


def paired(**changes: Any) -> PairedComparison:
    values: dict[str, Any] = {
        "run_a": "r-0", "run_b": "r-1", "split": "test", "num_common": 150, "num_only_a": 0, "num_only_b": 0,
        "num_learned": 0, "accuracy_a": Interval(value=0.893, low=0.83, high=0.93),
        "accuracy_b": Interval(value=0.747, low=0.67, high=0.81),
        "difference": Interval(value=0.147, low=0.081, high=0.212), "p_value": 0.000042,
        "cells": (PairedCell(cell="both_right", num_images=105, keys=("b.png",)),
                  PairedCell(cell="only_a", num_images=29, keys=("a1.png", "gone.png")),
                  PairedCell(cell="only_b", num_images=7, keys=()),
                  PairedCell(cell="both_wrong", num_images=9, keys=("w.png",))),
        "notes": ("Mind this.",),
    }  # fmt: skip
    return PairedComparison(**{**values, **changes})


def render(runs: list[RunFolder], **more: Any) -> Page:
    return Page(render_comparison(runs, **{"split": "test", "differences": {}, "pairs": {}, **more}))


def test_the_page_stands_alone_and_names_do_no_harm(folders: Callable[..., list[RunFolder]]) -> None:
    runs = folders({"name": EVIL}, {"name": "<script>alert(3)</script>"})
    page = render(runs, differences={EVIL: [EVIL, None]}, pairs={"r-1": paired()}, notes=[EVIL], images=grey)
    assert (page.wrong, page.open) == ([], [])
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object"}
    addresses = [v for _, a in page.elements for k, v in a.items() if k in ("src", "href")]
    assert addresses
    assert all(v and v.startswith("data:image/jpeg;base64,") for v in addresses)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_scores_are_those_of_the_records(
    folders: Callable[..., list[RunFolder]], make: SimpleNamespace
) -> None:
    worse = make.scores([[45, 3, 8, 4], [8, 3, 2, 2], [12, 1, 22, 5], [10, 2, 8, 15]])
    runs = folders({}, {"metrics": {"test": worse}}, {"metrics": {}, "status": "failed", "proof": None})
    text = render(runs).text
    for scores in (runs[0].record.metrics["test"], worse):
        assert f"{scores.balanced_accuracy.value:.3f}" in text or f"{scores.accuracy.value:.3f}" in text
    assert "failed, no scores on these images" in text
    assert "Recall of each class" not in text  # one of them has none
    both = render(runs[:2]).text
    assert "Recall of each class" in both
    row = both[both.index("Recall of each class") :]
    hole = re.search(r"hole ?([\d.]+) % ?([\d.]+) %", row)
    assert hole is not None
    expected = [round(100 * s.classes[1].recall.value, 1) for s in (runs[0].record.metrics["test"], worse)]
    assert [float(x) for x in hole.groups()] == expected


def test_a_pair_is_told_in_words_and_cells(folders: Callable[..., list[RunFolder]]) -> None:
    page = render(folders({}, {}), pairs={"r-1": paired()}, images=grey)
    for words in (
        "+14.7 points",
        "+8.1 to +21.2",
        "more than chance would give",
        "p = 4.2e-05",
        "Mind this.",
    ):
        assert words in page.text
    table = page.text[page.text.index("Images by who is right") :]
    assert "run 0 right10529" in table  # 105 both right, 29 only the first
    assert "run 0 wrong79" in table
    assert len(page.of("img")) == 1  # of two images that only one gets right, one is gone
    assert "no picture" in page.text
    assert "Only run 1 is right" not in page.text


def test_chance_is_called_chance(folders: Callable[..., list[RunFolder]]) -> None:
    page = render(folders({}, {}), pairs={"r-1": paired(p_value=0.31)})
    assert "which chance alone could give as well" in page.text
    assert page.of("img") == []


def test_differences_and_curves_have_a_column_and_a_line_a_run(
    folders: Callable[..., list[RunFolder]],
) -> None:
    runs = folders({}, {}, {})
    found = render(runs, differences={"strategy": ["all_layers", "head_only", None]})
    assert re.search(r"strategy ?all_layers ?head_only ?–", found.text)
    assert {line["class"] for line in found.of("polyline")} == {"run0", "run1", "run2"}
    assert "All choices are the same." in render(runs).text
    assert "All choices are the same." not in found.text

"""Each look inside has a section of the report when it is kept, and its numbers are those of the document."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from graftwork.documents.evaluation import ScoreHistogram
from graftwork.documents.record import AnomalyScores, Interval
from graftwork.errors import DataError
from graftwork.export.looks import Looks, read_looks
from graftwork.export.report_looks import show_looks

from .made_looks import EVIL, MADE, curve, depth, embedding, evaluation, keep
from .test_report import Page, page_of

HEADINGS = {
    "evaluation": "confidence",
    "depth": "depth",
    "drift": "drift",
    "data": "data-check",
    "map": "map",
    "curve": "labels-saved",
}
SAID = {
    "evaluation": ("0.124", "0.046", "T = 1.73", "0.701", "0.187", "0.03", "0.417", "0.319", "0.023"),
    "depth": ("0.515", "0.919", "0.444", "680", "850 images", "5-fold", "A branch goes round it.", "0.250"),
    "drift": ("8 of 9", "0.0372", "0.876", "0.39", "1,234 validation images"),
    "data": (
        "1,017",
        "1,003",
        "29",
        "13 groups, 0 across splits",
        "17",
        "8.25 to 1",
        "Two images are empty.",
    ),
    "map": ("6 images by PCA of 1,280", "61 %", "83 %", "34 %"),
    "curve": ("Transfer saves 630 labels", "0.717", "0.828", "0.939", "0.313", "0.626", "Two seeds each."),
}


def grey(key: str) -> Image.Image:
    return Image.new("L", (64, 48), 90)


def headings(page: Page) -> set[str | None]:
    return {heading.get("id") for heading in page.of("h2")}


@pytest.mark.parametrize("name", MADE)
def test_a_look_that_is_kept_has_its_section_and_no_other(
    name: str, write_run_folder: Callable[..., Path]
) -> None:
    folder = write_run_folder()
    before = page_of(folder)
    keep(folder, name, MADE[name]())
    page = page_of(folder, images=grey)
    assert headings(page) - headings(before) == {HEADINGS[name]}
    assert headings(before) <= headings(page)
    missing = [text for text in SAID[name] if text not in page.text]
    assert missing == []
    assert [text for text in SAID[name] if text in before.text] != list(SAID[name])


def test_a_page_of_all_looks_is_whole_and_runs_nothing(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    for name, make in MADE.items():
        keep(folder, name, make())
    page = page_of(folder, images=grey, saliency=grey)
    assert (page.wrong, page.open) == ([], [])
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object"}
    addresses = [v for _, a in page.elements for k, v in a.items() if k in ("src", "href", "xlink:href")]
    assert all(v and v.startswith("data:image/jpeg;base64,") for v in addresses)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert (
        page.text.count(EVIL) == 5
    )  # the column of two parts, the suggestion, the key of the map, the answer
    ids = [a["id"] for _, a in page.elements if "id" in a and a["id"] != "partly-frozen"]
    assert len(ids) == len(set(ids))


def test_saliency_stands_below_each_mistake(write_run_folder: Callable[..., Path]) -> None:
    plain = page_of(write_run_folder(), images=grey)
    page = page_of(write_run_folder(), images=grey, saliency=grey)
    marked = [image for image in page.of("img") if image.get("class") == "saliency"]
    assert len(marked) == len(plain.of("img")) == 12
    assert all(str(image["alt"]).startswith("The same under a map") for image in marked)


def test_images_that_are_gone_leave_the_page_without_pictures(write_run_folder: Callable[..., Path]) -> None:
    def gone(key: str) -> Image.Image:
        raise DataError("The images are not there any more.")

    folder = write_run_folder()
    keep(folder, "data", MADE["data"]())
    page = page_of(folder, images=gone, saliency=gone)
    assert page.of("img") == []
    assert "hole/suspect_0.jpg" in page.text
    assert "no picture" in page.text


def test_parts_that_fare_worse_are_named_the_worst_first(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    keep(folder, "evaluation", evaluation())
    text = page_of(folder).text
    assert text.index("worst lens") < text.index("old lens")
    assert "new lens" not in text
    assert "rare lens" not in text
    errors = show_looks(Looks(evaluation=evaluation(slice_score="mae")), cut="x", images=None).evaluation
    assert errors is not None
    assert [s.name for _, s in errors.slices] == ["new lens"]  # a higher error is worse


def test_a_run_of_anomalies_says_what_its_bars_are(write_run_folder: Callable[..., Path]) -> None:
    interval = Interval(value=0.9, low=0.8, high=0.95)
    scores = AnomalyScores(
        num_images=20, num_odd=8, odd_share=0.4, auroc=interval, average_precision=interval
    )
    folder = write_run_folder(metrics={"test": scores})
    histogram = ScoreHistogram(low=0.0, high=3.0, counts={"normal": (9, 3), "anomalous": (1, 7)})
    keep(folder, "evaluation", evaluation(kind="anomaly", calibration=None, confidence=histogram, slices=()))
    text = page_of(folder).text
    assert "Images by anomaly score" in text
    assert "normal anomalous" in text
    assert "right wrong" not in text
    assert "None" not in text


def test_an_evaluation_of_another_split_or_other_images_is_not_shown(
    write_run_folder: Callable[..., Path],
) -> None:
    folder = write_run_folder()
    keep(folder, "evaluation", evaluation(split="validation"), "1" * 16)
    keep(folder, "evaluation", evaluation(on="elsewhere"), "2" * 16)
    assert read_looks(folder, "test") == Looks()
    keep(folder, "evaluation", evaluation(), "3" * 16)
    assert read_looks(folder, "test").evaluation == evaluation()


def test_the_newest_counts_and_what_does_not_read_does_not(tmp_path: Path) -> None:
    old = keep(tmp_path, "depth", depth(best="stem"), "a" * 16)
    new = keep(tmp_path, "depth", depth(), "b" * 16)
    half = keep(tmp_path, "depth", depth(), "c" * 16)
    half.write_text(half.read_text()[:40])
    later = keep(tmp_path, "depth", depth(), "d" * 16)
    later.write_text(later.read_text().replace('"version":1', '"version":99', 1))
    keep(tmp_path, "depth-of-something", depth(), "e" * 16)
    for age, path in enumerate((later, half, new, old)):
        os.utime(path, (1000 - age, 1000 - age))
    assert read_looks(tmp_path, None).depth == depth()
    os.utime(old, (2000, 2000))
    assert read_looks(tmp_path, None).depth == depth(best="stem")


def test_a_map_with_one_side_and_many_classes_has_no_key() -> None:
    one = show_looks(Looks(map=embedding(sides=1)), cut="x", images=None).map
    assert one is not None
    assert [name for name, _, _ in one.sides] == ["Pretrained"]
    many = embedding().model_copy(update={"labels": tuple(f"class {i}" for i in range(11))})
    shown = show_looks(Looks(map=many), cut="x", images=None).map
    assert shown is not None
    assert shown.labels == ()


def test_the_runs_own_cut_is_marked_unless_it_is_the_best(make: SimpleNamespace) -> None:
    other = show_looks(Looks(depth=depth()), cut="blocks.5", images=None).depth
    same = show_looks(Looks(depth=depth()), cut="blocks.4", images=None).depth
    assert other is not None
    assert same is not None
    assert "mark present" in other.picture
    assert "mark present" not in same.picture
    assert "mark best" in same.picture


def test_a_curve_without_scratch_has_one_line() -> None:
    both, alone = (
        show_looks(Looks(curve=curve(scratch)), cut="x", images=None).curve for scratch in (True, False)
    )
    assert both is not None
    assert alone is not None
    assert (both.picture.count("<polyline"), alone.picture.count("<polyline")) == (2, 1)
    assert not alone.has_scratch

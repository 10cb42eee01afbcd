"""The report counts what was made to be found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from graftwork.data import DataReport, check_images, open_images

Photo = Callable[..., Image.Image]
MakeFolder = Callable[..., Path]


@pytest.fixture
def report(make_folder: MakeFolder, photo: Photo) -> DataReport:
    """A set with one of each fault."""
    root = make_folder({"train/cat": 30, "train/dog": 12, "train/emu": 2, "test/cat": 3, "test/dog": 2})
    train, test = root / "train", root / "test"
    (test / "dog" / "exact.png").write_bytes((train / "dog" / "0.png").read_bytes())
    mirrored = photo(5).transpose(Image.Transpose.FLIP_LEFT_RIGHT)  # of train/cat/5.png
    mirrored.save(train / "dog" / "near.png")
    (train / "cat" / "bad.png").write_bytes(b"no image")
    (train / "cat" / ".hidden.png").write_bytes(b"no image")
    (train / "cat" / "notes.txt").write_text("x")
    photo(99, (200, 20)).convert("L").save(train / "cat" / "grey.png")
    return check_images(open_images(root))


def test_counts(report: DataReport) -> None:
    assert report.num_images == 30 + 12 + 2 + 3 + 2 + 3
    assert report.class_counts == {"cat": 34, "dog": 16, "emu": 2}
    assert report.split_counts["test"] == {"cat": 3, "dog": 3, "emu": 0}
    assert (report.num_unreadable, report.num_hidden, report.num_other) == (1, 1, 1)
    assert report.sizes == {"64 x 48": 51, "200 x 20": 1}
    assert (report.smallest_side, report.largest_side) == (20, 200)
    assert report.modes == {"RGB": 51, "L": 1}
    assert report.imbalance == 17.0
    assert report.tiny_classes == ("emu",)


def test_copies(report: DataReport) -> None:
    assert (report.num_exact_duplicates, report.num_near_duplicates) == (1, 1)
    assert set(report.duplicate_groups) == {
        ("test/dog/exact.png", "train/dog/0.png"),
        ("train/cat/5.png", "train/dog/near.png"),
    }
    assert (report.num_crossing, report.num_conflicts) == (1, 1)


@pytest.mark.parametrize(
    "words",
    [
        "copies in more than one split",
        "copies with another label",
        "nearly the same",
        "17 times as many images",
        "The test split has no image of emu",
        "fewer than 10 images: emu (2)",
        "bad.png is left out: it is not an image of a known format",
    ],
)
def test_each_finding_is_a_sentence(report: DataReport, words: str) -> None:
    assert words in "\n".join(map(str, report.problems))


def test_a_clean_set_has_no_problem(make_folder: MakeFolder) -> None:
    clean = check_images(open_images(make_folder({"cat": 10, "dog": 10})))
    assert clean.problems == ()
    assert clean.duplicate_groups == ()


def test_the_report_is_a_document(report: DataReport) -> None:
    assert DataReport.model_validate_json(report.model_dump_json()) == report

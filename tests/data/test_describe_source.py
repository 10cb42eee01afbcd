"""What a source is, told from names, cells and heads of arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.data import open_images
from graftwork.data.column_kinds import describe_columns
from graftwork.data.describe_source import describe_source
from graftwork.errors import DataError, UnknownName
from graftwork.graph.contracts import ImagesSettings

MakeFolder = Callable[..., Path]
Photo = Callable[..., Image.Image]


def opens_as_proposed(settings: dict[str, Any]) -> Any:
    """Open a source by the settings that its card proposes."""
    chosen = ImagesSettings(**settings).model_dump(
        exclude={"size", "validation", "test", "train_share", "split_seed"}
    )
    return open_images(chosen.pop("source"), **chosen)


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()  # no image at all: nothing may open it
    return root


def test_a_folder_of_classes(tmp_path: Path) -> None:
    names = [f"train/{c}/{i}.jpg" for c in ("cat", "dog") for i in range(3)]
    card = describe_source(touch(tmp_path, *names, "test/cat/9.jpg", "test/dog/9.jpg", "readme.txt"))
    assert (card.kind, card.label_kind, card.num_images, card.num_files) == ("folder", "category", 8, 9)
    assert card.title == "Folder of 2 classes in 2 splits"
    roles = {c.name: c.role for c in card.columns}
    assert roles == {"image": "image", "folder": "label", "split folder": "split"}
    assert card.settings == {"source": str(tmp_path)}


def test_masks(tmp_path: Path) -> None:
    card = describe_source(touch(tmp_path, *(f"{f}/{i}.png" for f in ("images", "masks") for i in range(4))))
    assert (card.kind, card.label_kind, card.num_images) == ("masks", "mask", 4)
    assert card.settings["label_kind"] == "mask"


@pytest.mark.parametrize("names", [("1.jpg", "2.jpg"), ("photos/1.jpg", "photos/2.jpg")])
def test_images_that_nobody_labelled(tmp_path: Path, names: tuple[str, ...]) -> None:
    card = describe_source(touch(tmp_path, *names))
    assert (card.kind, card.label_kind, card.num_images) == ("unlabelled", None, 2)
    assert card.problems[0].level == "error"


def test_a_table_and_its_folder(tmp_path: Path, photo: Photo) -> None:
    for i in range(6):
        photo(i).save(tmp_path / f"{i}.png")
    content = {
        "file": [f"{i}.png" for i in range(6)],
        "age": [31, 40, 52, 18, 77, 23],
        "species": ["cat", "dog"] * 3,
        "subset": ["train"] * 4 + ["test"] * 2,
        "patient": ["p1", "p1", "p2", "p2", "p3", "p3"],
        "remark": [""] * 6,
    }
    pd.DataFrame(content).to_csv(tmp_path / "t.csv", index=False)
    card = describe_source(tmp_path / "t.csv")
    assert (card.kind, card.label_kind, card.num_images) == ("table", "category", 6)
    found = {c.name: (c.type, c.role) for c in card.columns}
    assert found == {
        "file": ("image", "image"),
        "age": ("number", "ignore"),
        "species": ("category", "label"),
        "subset": ("category", "split"),
        "patient": ("category", "group"),
        "remark": ("empty", "ignore"),
    }
    images = opens_as_proposed(card.settings)
    assert images.classes == ("cat", "dog")
    assert {s.group for s in images.samples} == {"p1", "p2", "p3"}
    beside = describe_source(tmp_path)
    assert (beside.kind, beside.num_files) == ("table", 7)
    assert opens_as_proposed(beside.settings).classes == ("cat", "dog")


def test_missing_files_of_a_table_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,label\nx/1.png,a\nx/2.png,b\n")
    (problem,) = describe_source(tmp_path / "t.csv").problems
    assert problem.message.startswith("2 of 2 images named in the table do not exist: x/1.png, x/2.png.")


@pytest.mark.parametrize(
    ("columns", "label_kind", "labels"),
    [
        ({"label": ["a", "b", "a", "b"]}, "category", ["label"]),
        ({"label": ["0", "1", "1", "0"]}, "category", ["label"]),
        ({"class": ["0", "1", "2", "2", "1", "0"]}, "category", ["class"]),
        ({"label": [str(i % 40) for i in range(90)]}, "category", ["label"]),
        ({"label": [str(3 * i % 120) for i in range(90)]}, "number", ["label"]),
        ({"price": ["1.5", "2", "3e2", ""]}, "number", ["price"]),
        ({"target": ["1.5", "2.5", "3", "9"]}, "number", ["target"]),
        ({"things": ["sky;sea", "sky", "sea", "sky;sea"]}, "tags", ["things"]),
        ({"sky": ["1", "0", "1", "1"], "sea": ["yes", "no", "no", "yes"]}, "tags", ["sky", "sea"]),
        ({"seg": ["a_m.png"] * 4}, None, []),
        ({"mask": ["a_m.png"] * 4}, "mask", []),
        ({"text": [f"a long story number {i}" for i in range(90)]}, None, []),
    ],
)
def test_labels_are_found_by_what_they_hold(
    columns: dict[str, list[str]], label_kind: str | None, labels: list[str]
) -> None:
    num = len(next(iter(columns.values())))
    cells = {"photo": [f"{i}.jpg" for i in range(num)], **columns}
    found = describe_columns({n: [x or None for x in column] for n, column in cells.items()})
    assert found.label_kind == label_kind
    assert found.of_role("label") == labels
    assert found.of_role("image") == ["photo"]


def test_cards_of_columns_count_what_is_there() -> None:
    found = describe_columns({"image": ["1.png", "2.png", "3.png"], "label": ["a", "a", None]})
    card = found.columns[1]
    assert (card.num_missing, card.num_distinct, card.examples) == (1, 1, ("a",))


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([0, 1] * 4), "category"),
        (np.array(["a", "b"] * 4), "category"),
        (np.linspace(0, 1, 8), "number"),
        (np.array([[0, 1, 1]] * 8), "tags"),
        (np.array([[0.5, 2]] * 8), "number"),
        (np.zeros((8, 6, 6), np.uint8), "mask"),
    ],
)
def test_arrays(tmp_path: Path, labels: np.ndarray, kind: str) -> None:
    images = np.random.default_rng(0).integers(0, 255, (8, 6, 6, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    for path in (tmp_path / "a.npz", tmp_path):
        card = describe_source(path)
        assert (card.kind, card.label_kind, card.num_images) == ("arrays", kind, 8)
        assert "6 × 6 × 3" in card.title


def test_arrays_in_parts_and_class_names(tmp_path: Path) -> None:
    x, y = np.zeros((4, 5, 5), np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2], classes=["cat", "dog"])
    card = describe_source(tmp_path / "a.npz")
    assert card.num_images == 6
    assert {c.role: c.examples for c in card.columns}["split"] == ("train", "test")
    assert set({c.role: c.examples for c in card.columns}["label"]) == {"cat", "dog"}


def test_samples() -> None:
    card = describe_source("sample:animals")
    assert (card.kind, card.num_images, card.settings) == ("sample", 1200, {"source": "sample:animals"})
    with pytest.raises(UnknownName):
        describe_source("sample:nothing")


def test_a_sample_that_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.png", "a/2.png", "b/1.png")
    monkeypatch.setattr("graftwork.data.describe_source.open_sample", lambda name: tmp_path)
    card = describe_source("sample:textile")
    assert (card.kind, card.num_images, card.settings) == ("sample", 3, {"source": "sample:textile"})


def test_a_folder_around_one_array_file_or_several_tables(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((4, 5, 5), np.uint8), labels=[0, 1, 0, 1])
    card = describe_source(tmp_path)
    assert (card.kind, card.settings["source"]) == ("arrays", str(tmp_path / "a.npz"))
    touch(tmp_path, "1.png", "one.csv", "two.csv")
    card = describe_source(tmp_path)
    assert card.kind == "unlabelled"
    assert "one.csv, two.csv" in str(card.problems[0].hint)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jpg", b"", "is a single image"),
        ("flow.yaml", b"name: x", "is a flow"),
        ("a.zip", b"", "is an archive"),
        ("a.txt", b"", "is no source"),
        ("t.csv", b"", "cannot be read"),
        ("t.csv", b"image,label\n", "has no rows"),
        ("t.csv", b"a,b\n1,2\n", "names image files; it has: a, b"),
        ("a.npz", b"no zip", "cannot be read"),
    ],
)
def test_what_is_no_source_is_told_what_it_is(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        describe_source(tmp_path / name)
    assert caught.value.hint or "npz" in name


def test_paths_and_folders_without_images(tmp_path: Path) -> None:
    touch(tmp_path, "notes/a.txt", "notes/b.txt", "notes/c.pdf")
    with pytest.raises(DataError, match=r"2 \.txt, 1 \.pdf files"):
        describe_source(tmp_path / "notes")
    with pytest.raises(DataError, match="There is no folder") as caught:
        describe_source(tmp_path / "note")
    assert "notes" in str(caught.value.hint)
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="no images with labels; it holds: x"):
        describe_source(tmp_path / "a.npz")


def test_the_first_column_of_categories_is_the_label(tmp_path: Path) -> None:
    rows = [f"{i}.png,{'scratch' if i % 2 else 'good'},line {i % 3},{i % 5}" for i in range(12)]
    for i in range(12):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / f"{i}.png")
    (tmp_path / "t.csv").write_text("photo,defect,line,shift\n" + "\n".join(rows) + "\n")
    card = describe_source(tmp_path / "t.csv")
    assert {c.name: c.role for c in card.columns}["defect"] == "label"
    assert card.settings["label_column"] == "defect"

"""Numbers, tags and masks as labels, and further inputs from a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.data import (
    ImageSet,
    Transform,
    augment_mask,
    augment_view,
    check_images,
    open_images,
    read_canvas,
    split_images,
)
from graftwork.errors import DataError

Photo = Callable[..., Image.Image]


def write_images(root: Path, photo: Photo, num: int, **columns: Any) -> Path:
    """Write images 0.png, 1.png … and a table beside them."""
    root.mkdir(exist_ok=True)
    for i in range(num):
        photo(i).save(root / f"{i}.png")
    pd.DataFrame({"image": [f"{i}.png" for i in range(num)], **columns}).to_csv(root / "t.csv", index=False)
    return root / "t.csv"


def messages(images: ImageSet) -> str:
    return "\n".join(map(str, images.problems))


# --- numbers ---------------------------------------------------------------------------------------


def test_numbers_of_one_column_by_its_usual_name(tmp_path: Path, photo: Photo) -> None:
    path = write_images(tmp_path / "a", photo, 4, label=["1.5", "-2", "NA", "4e1"])
    images = open_images(path, label_kind="number")
    assert (images.classes, images.label_names, images.num_targets) == ((), ("label",), 1)
    labels = images.labels(range(3))
    assert labels.dtype == np.float32
    assert labels.tolist() == [[1.5], [-2.0], [40.0]]
    assert "1 rows" in messages(images)
    assert ": 4." in messages(images)  # the header is row 1
    assert images.num_other == 1
    assert open_images(tmp_path / "a", label_kind="number").labels([0]).tolist() == [[1.5]]


def test_numbers_of_several_columns(tmp_path: Path, photo: Photo) -> None:
    path = write_images(tmp_path, photo, 3, x=["1", "2", "3"], y=["4", "", "6"])
    images = open_images(path, label_kind="number", label_columns=("y", "x"))
    assert images.label_names == ("y", "x")
    assert images.labels(range(2)).tolist() == [[4.0, 1.0], [6.0, 3.0]]
    kept = open_images(path, label_kind="number", label_columns=("y", "x"), need_labels=False)
    assert np.isnan(kept.labels([1])).all()
    with pytest.raises(DataError, match="no column 'z'"):
        open_images(path, label_kind="number", label_columns=("z",))


def test_words_are_no_numbers(tmp_path: Path, photo: Photo) -> None:
    path = write_images(tmp_path, photo, 3, label=["1", "two", "3"])
    with pytest.raises(DataError, match=r"Row 3 of .*t.csv, column 'label', holds 'two'"):
        open_images(path, label_kind="number")
    with pytest.raises(DataError, match="come from a table"):
        open_images(_empty(tmp_path / "c", photo), label_kind="number")


def _empty(root: Path, photo: Photo) -> Path:
    root.mkdir()
    photo(0).save(root / "0.png")
    return root


def test_numbers_that_never_vary_are_reported(tmp_path: Path, photo: Photo) -> None:
    images = open_images(write_images(tmp_path, photo, 3, label=["7"] * 3), label_kind="number")
    assert "is 7 for each image" in messages(images)


# --- tags ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [";", "|"])
def test_tags_in_one_column(tmp_path: Path, photo: Photo, sign: str) -> None:
    cells = [f"sky{sign}sea", "", f"sea {sign} sea", "sky"]
    images = open_images(write_images(tmp_path, photo, 4, label=cells), label_kind="tags")
    assert images.classes == ("sea", "sky")
    assert images.labels(range(4)).tolist() == [[1, 1], [0, 0], [1, 0], [0, 1]]
    assert {s: c.tolist() for s, c in split_images(images, test=0.3, validation=0).counts().items()}


def test_tags_in_columns_are_the_same_tags(tmp_path: Path, photo: Photo) -> None:
    one = open_images(write_images(tmp_path / "a", photo, 3, label=["sea;sky", "sky", ""]), label_kind="tags")
    several = open_images(
        write_images(tmp_path / "b", photo, 3, sea=["1", "0", "no"], sky=["yes", "true", "0"]),
        label_kind="tags",
        label_columns=("sea", "sky"),
    )
    assert several.classes == one.classes
    assert several.labels(range(3)).tolist() == one.labels(range(3)).tolist()
    with pytest.raises(DataError, match="0 or 1 is wanted"):
        open_images(
            write_images(tmp_path / "c", photo, 3, sea=["1", "0", "2"]),
            label_kind="tags",
            label_columns=("sea",),
        )


def test_tags_of_a_run_that_is_evaluated_keep_their_order(tmp_path: Path, photo: Photo) -> None:
    path = write_images(tmp_path, photo, 3, label=["b;a", "a", "b"])
    images = open_images(path, label_kind="tags", classes=("c", "b", "a"))
    assert images.labels([0]).tolist() == [[0, 1, 1]]
    with pytest.raises(DataError, match="the tags b that are not among"):
        open_images(path, label_kind="tags", classes=("a",))


# --- masks -----------------------------------------------------------------------------------------


def write_masks(root: Path, photo: Photo, num: int = 4, values: tuple[int, ...] = (0, 1, 2, 255)) -> Path:
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for i in range(num):
        photo(i).save(root / "images" / f"{i}.jpg")
        pixels = np.random.default_rng(i).choice(values, (48, 64)).astype(np.uint8)
        Image.fromarray(pixels).save(root / "masks" / f"{i}.png")
    return root


def test_masks_lie_beside_images(tmp_path: Path, photo: Photo) -> None:
    root = write_masks(tmp_path / "a", photo)
    photo(9).save(root / "images" / "9.jpg")
    (root / "masks" / "3.png").rename(root / "masks" / "3_mask.png")
    images = open_images(root, label_kind="mask")
    assert images.classes == ("0", "1", "2")
    assert [s.key for s in images.samples] == [f"images/{i}.jpg" for i in range(4)]
    assert "images/9.jpg" in messages(images)
    stored = np.asarray(Image.open(root / "masks" / "0.png"))
    mask = images.read_mask(0, (48, 64))
    assert mask.dtype == np.int64
    assert (mask == stored).all()
    shares = [(stored == c).sum() / (stored != 255).sum() for c in range(3)]
    assert images.labels([0])[0].tolist() == pytest.approx(shares)


def test_palette_sparse_and_two_valued_masks(tmp_path: Path, photo: Photo) -> None:
    root = write_masks(tmp_path / "a", photo, values=(0, 38, 75, 255))
    for path in sorted((root / "masks").iterdir()):
        indices = Image.open(path)
        indices.putpalette(list(range(255, -1, -1)) * 3)
        indices.save(path)
    images = open_images(root, label_kind="mask")
    assert images.classes == ("0", "38", "75")
    assert set(np.unique(images.read_mask(1, (48, 64)))) == {0, 1, 2, 255}
    two = open_images(write_masks(tmp_path / "b", photo, values=(0, 255)), label_kind="mask")
    assert two.classes == ("0", "255")
    assert set(np.unique(two.read_mask(0, 48))) == {0, 1}
    again = open_images(tmp_path / "b", label_kind="mask", classes=two.classes)
    assert (again.read_mask(0, 48) == two.read_mask(0, 48)).all()
    with pytest.raises(DataError, match="hold the values 38, 75"):
        open_images(root, label_kind="mask", classes=("0", "1"))


def test_masks_that_cannot_serve_are_left_out(tmp_path: Path, photo: Photo) -> None:
    root = write_masks(tmp_path / "a", photo, num=6)
    photo(3).save(root / "masks" / "0.png")
    Image.fromarray(np.zeros((64, 30), np.uint8)).save(root / "masks" / "1.png")
    (root / "masks" / "2.png").write_bytes(b"no image")
    images = open_images(root, label_kind="mask", max_broken_share=0.5)
    assert (len(images), images.num_skipped) == (3, 3)
    assert "it has colors" in messages(images)
    assert "its mask is 30 x 64 but the image 64 x 48" in messages(images)
    with pytest.raises(DataError, match="3 of 6 images"):
        open_images(root, label_kind="mask")
    with pytest.raises(DataError, match="no image with a mask"):
        open_images(_empty(tmp_path / "b", photo), label_kind="mask")


def test_masks_of_split_folders_and_of_a_table(tmp_path: Path, photo: Photo) -> None:
    for split in ("train", "val"):
        write_masks(tmp_path / "a" / split, photo, num=2)
    images = open_images(tmp_path / "a", label_kind="mask")
    assert [s.split for s in images.samples] == ["train", "train", "validation", "validation"]
    root = write_masks(tmp_path / "b", photo, num=3)
    table = {"image": [f"images/{i}.jpg" for i in range(3)], "seg": [f"masks/{i}.png" for i in range(3)]}
    pd.DataFrame(table).to_csv(root / "t.csv", index=False)
    from_table = open_images(root / "t.csv", label_kind="mask", mask_column="seg")
    assert (from_table.read_mask(2, 48) == open_images(root, label_kind="mask").read_mask(2, 48)).all()
    (root / "masks" / "1.png").unlink()
    with pytest.raises(DataError, match="do not exist"):
        open_images(root / "t.csv", label_kind="mask", mask_column="seg")


@pytest.mark.parametrize("size", [(32, 32), (40, 24), (24, 40)])
@pytest.mark.parametrize("crop_share", [1.0, 0.875])
@pytest.mark.parametrize("shape", [(90, 60), (60, 90), (50, 50)])
def test_a_mask_lies_over_the_pixels_of_its_canvas(
    tmp_path: Path, size: tuple[int, int], crop_share: float, shape: tuple[int, int]
) -> None:
    """The image shows its mask in black and white; the canvas must show the mask that is read for it."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    rng = np.random.default_rng(0)
    for i in range(2):
        mask = np.kron(rng.integers(0, 2, (shape[0] // 10, shape[1] // 10)), np.ones((10, 10))).astype(
            np.uint8
        )
        Image.fromarray(mask * 255).convert("RGB").save(tmp_path / "images" / f"{i}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i}.png")
    images = open_images(tmp_path, label_kind="mask")
    transform = Transform(*size, 3, "rgb", (0.0, 1.0), (0.0,) * 3, (1.0,) * 3, "nearest", False, crop_share)
    canvas = read_canvas(images, 0, transform)
    assert (images.read_mask(0, size, crop_share=crop_share) == canvas[..., 0] // 255).all()


@pytest.mark.parametrize("kind", ["light", "strong"])
@pytest.mark.parametrize("view", range(6))
def test_a_mask_is_turned_cropped_and_flipped_as_its_image(kind: Any, view: int) -> None:
    """The image shows its mask in black and white; where the view is black or white, so is its mask."""
    mask = np.kron(np.random.default_rng(view).integers(0, 2, (4, 5)), np.ones((20, 20), np.int64))
    canvas = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2)
    draw: dict[str, Any] = {"out_size": (72, 80), "seed": 3, "key": "a", "view": view}
    seen = augment_mask(mask, kind, **draw)
    image = augment_view(canvas, kind, **draw)[..., 0].astype(int)
    counts = seen != 255
    assert counts.mean() > 0.75
    assert seen.shape == (72, 80)
    same = (image[counts] > 127) == (seen[counts] == 1)
    assert same.mean() > (0.97 if kind == "light" else 0.8)  # an erased rectangle is gray, up to 15 %


# --- further inputs --------------------------------------------------------------------------------


def test_further_inputs_from_a_table(tmp_path: Path, photo: Photo) -> None:
    path = write_images(
        tmp_path,
        photo,
        6,
        label=list("aabbab"),
        age=["1", "2.5", "3", "", "5", "6"],
        place=["x", "y", "x", "x", "", "z"],
    )
    columns = {"number_columns": ("age",), "category_columns": ("place",)}
    images = open_images(path, **columns)
    assert images.labels(range(4)).tolist() == [0, 0, 1, 1]
    assert images.numbers(range(4)).tolist() == [[1.0], [2.5], [3.0], [6.0]]
    assert images.category_values == (("x", "y", "z"),)
    assert images.categories([0, 1, 3]).tolist() == [[0], [1], [2]]
    assert "have no value in the column 'age' and are left out: 5" in messages(images)
    assert "have no value in the column 'place' and are left out: 6" in messages(images)
    known = open_images(path, **columns, classes=("a", "b"), category_values=(("z", "x"),))
    assert known.categories([0, 1, 3]).tolist() == [[1], [-1], [0]]
    without = open_images(path)
    assert without.numbers([0]).shape == (1, 0)
    assert without.categories([0]).shape == (1, 0)


# --- arrays ----------------------------------------------------------------------------------------


def test_arrays_hold_any_kind(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    numbers = open_images((pixels, np.arange(5) / 2), label_kind="number")
    assert numbers.labels(range(5)).tolist() == [[0.0], [0.5], [1.0], [1.5], [2.0]]
    tags = rng.integers(0, 2, (5, 3))
    assert open_images((pixels, tags), label_kind="tags").labels(range(5)).tolist() == tags.tolist()
    masks = rng.integers(0, 3, (5, 8, 8))
    np.savez(tmp_path / "m.npz", images=pixels, masks=masks)
    assert (open_images(tmp_path / "m.npz", label_kind="mask").read_mask(3, 8) == masks[3]).all()
    with pytest.raises(DataError, match=r"numbers \(n, k\)"):
        open_images((pixels, np.arange(5)), label_kind="tags")
    with pytest.raises(DataError, match="0 or 1"):
        open_images((pixels, tags * 2), label_kind="tags")
    with pytest.raises(DataError, match="has classes, no labels of the kind 'number'"):
        open_images("sample:animals", label_kind="number")


# --- what holds for all kinds ----------------------------------------------------------------------


def test_splits_are_random_but_copies_and_groups_stay_together(tmp_path: Path, photo: Photo) -> None:
    numbers = [str(i) for i in range(40)]
    path = write_images(tmp_path, photo, 40, label=numbers, who=[f"g{i // 4}" for i in range(40)])
    photo(0).save(tmp_path / "39.png")
    images = open_images(path, label_kind="number", group_column="who")
    assert "same image has different labels" in messages(images)
    done = split_images(images, validation=0.2, test=0.2)
    places = defaultdict(set)
    for s in done.samples:
        places[s.group].add(s.split)
    assert all(len(p) == 1 for p in places.values())
    assert places["g0"] == places["g9"]  # joined by the copy
    assert 4 <= len(done.of_split("test")) <= 12
    assert done.labels(done.of_split("test")).shape[1] == 1
    assert [s.split for s in split_images(images, seed=1).samples] != [
        s.split for s in split_images(images).samples
    ]


def test_the_digest_covers_each_kind_of_label(tmp_path: Path, photo: Photo) -> None:
    path = write_images(
        tmp_path / "a", photo, 3, label=["1", "2", "3"], age=["1", "2", "3"], place=list("xyx")
    )
    found = {
        open_images(path, label_kind="number").digest(),
        open_images(path, label_kind="number", number_columns=("age",)).digest(),
        open_images(path, label_kind="number", category_columns=("place",)).digest(),
        open_images(path, label_kind="number", label_columns=("age",)).digest(),
    }
    assert len(found) == 4
    root = write_masks(tmp_path / "b", photo)
    images = open_images(root, label_kind="mask")
    before = images.digest()
    pixels = np.asarray(Image.open(root / "masks" / "0.png")).copy()
    pixels[:2] = pixels[:2][::-1]  # the same shares, another mask
    Image.fromarray(pixels).save(root / "masks" / "0.png")
    assert open_images(root, label_kind="mask").digest() != before
    changed = replace(images.samples[0], values=(1.0, 0.0, 0.0))
    assert replace(images, samples=(changed, *images.samples[1:])).digest() != before


@pytest.mark.parametrize("kind", ["number", "tags", "mask"])
def test_reports_cope_with_each_kind(tmp_path: Path, photo: Photo, kind: Any) -> None:
    if kind == "mask":
        source = write_masks(tmp_path, photo)
    else:
        source = write_images(
            tmp_path, photo, 4, label=["1", "2;3", "1", "2"] if kind == "tags" else list("1234")
        )
    images = split_images(open_images(source, label_kind=kind), test=0.3)
    report = check_images(images)
    assert report.num_images == 4
    expected = {"number": {}, "tags": {"1": 2, "2": 2, "3": 1}, "mask": {"0": 4, "1": 4, "2": 4}}[kind]
    assert report.class_counts == expected
    assert report.digest == images.digest()


def test_odd_images_may_be_there_for_testing_alone(tmp_path: Path, photo: Photo) -> None:
    for i, folder in enumerate(["train/good"] * 4 + ["test/good"] * 2 + ["test/dent"] * 2):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        photo(i).save(tmp_path / folder / f"{i}.png")
    images = open_images(tmp_path)
    with pytest.raises(DataError, match="No training image of 'dent'"):
        split_images(images)
    done = split_images(images, validation=0.0, need_all_classes=False)
    assert "No training image of 'dent'" in messages(done)
    assert len(done.of_split("test")) == 4

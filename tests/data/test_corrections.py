"""Images left out and labels replaced: what a run, a check and a split see of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from graftwork.data import check_images, open_images, split_images
from graftwork.data.duplicates import find_duplicates
from graftwork.data.opening import list_images
from graftwork.errors import DataError
from graftwork.graph.contracts import ImagesSettings

MakeFolder = Callable[..., Path]
Photo = Callable[..., Image.Image]


def splits(images: Any) -> dict[str, str]:
    return {s.key: s.split for s in images.samples}


def labels(images: Any) -> dict[str, tuple[str, ...]]:
    return {s.key: images.label_words(i) for i, s in enumerate(images.samples)}


def table(root: Path, photo: Photo, **columns: Any) -> Path:
    num = len(next(iter(columns.values())))
    for i in range(num):
        photo(i).save(root / f"{i}.png")
    pd.DataFrame({"image": [f"{i}.png" for i in range(num)], **columns}).to_csv(root / "t.csv", index=False)
    return root / "t.csv"


def test_excluded_images_are_gone_and_still_known(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 6})
    images = open_images(root, exclude=("cat/0.png", "dog/3.png"))
    assert len(images) == 9
    assert [s.key for s in images.excluded] == ["cat/0.png", "dog/3.png"]
    assert images.found == {"cat/0.png": ("cat",), "dog/3.png": ("dog",)}
    assert images.reader.facts(images.excluded)[0].width == 64
    assert check_images(images).class_counts == {"cat": 4, "dog": 5}


def test_new_labels_are_the_labels(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 6})
    images = open_images(root, relabel={"cat/0.png": "dog", "dog/1.png": "dog"})
    assert labels(images)["cat/0.png"] == ("dog",)
    assert images.found == {"cat/0.png": ("cat",)}  # dog/1.png was a dog already
    assert images.digest() != open_images(root).digest()


def test_a_class_that_gave_all_its_images_away_is_gone(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "catt": 2, "dog": 3})
    images = open_images(root, relabel={"catt/0.png": "cat"}, exclude=("catt/1.png",))
    assert images.classes == ("cat", "dog")
    merged = open_images(root, relabel={"catt/0.png": "cat", "catt/1.png": "cat"})
    assert check_images(merged).class_counts == {"cat": 5, "dog": 3}


def test_a_new_class_needs_two_images_as_each_does(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 4, "dog": 4})
    with pytest.raises(DataError, match="a single image of 'lynx'"):
        open_images(root, relabel={"cat/0.png": "lynx"})
    images = open_images(root, relabel={"cat/0.png": "lynx", "dog/0.png": " lynx "})
    assert images.classes == ("cat", "dog", "lynx")
    looked_at = open_images(root, relabel={"cat/0.png": "lynx"}, only_report=True)
    assert next(p.level for p in looked_at.problems if "lynx" in p.message) == "error"


@pytest.mark.parametrize(
    ("relabel", "exclude", "words"),
    [
        ({}, ("cat/0.png", "cat/1.png"), "All images of 'cat' .* are excluded"),
        ({}, ("cat/0.png",), "a single image of 'cat'"),
        ({"cat/0.png": "  "}, (), "new label of cat/0.png is empty"),
        ({"cat/0.png": "dog", "cat/1.png": "dog"}, (), "one class only"),
    ],
)
def test_corrections_that_leave_nothing_to_learn(
    make_folder: MakeFolder, relabel: dict[str, str], exclude: tuple[str, ...], words: str
) -> None:
    root = make_folder({"cat": 2, "dog": 4})
    with pytest.raises(DataError, match=words):
        open_images(root, relabel=relabel, exclude=exclude)
    images = open_images(root, relabel=relabel, exclude=exclude, only_report=True)
    assert any(p.level == "error" for p in images.problems)


def test_corrections_of_images_that_are_not_there_are_reported(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    gone = tuple(f"cat/gone{i}.png" for i in range(7))
    images = open_images(root, exclude=gone, relabel={"dog/x.png": "cat"})
    (problem,) = [p for p in images.problems if "corrected" in p.message]
    assert problem.level == "warning"
    assert problem.message.startswith("8 corrected images are not in")
    assert problem.message.count("gone") == 5
    assert "and 3 more" in problem.message


def test_a_broken_image_that_is_excluded_counts_no_more(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    (root / "cat" / "9.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="1 of 7 images"):
        open_images(root)
    images = open_images(root, exclude=("cat/9.png",))
    assert (images.num_skipped, images.excluded) == (0, ())
    assert list(images.unreadable) == ["cat/9.png"]
    assert not [p for p in images.problems if "corrected" in p.message]


def test_tags_and_numbers(tmp_path: Path, photo: Photo) -> None:
    path = table(tmp_path, photo, label=["a;b", "b", "a", ""], x=["1", "2", "3", "4"], y=["0", "1", "2", "3"])
    tags = open_images(path, label_kind="tags", relabel={"0.png": "c; b", "3.png": "a"})
    assert labels(tags) == {"0.png": ("b", "c"), "1.png": ("b",), "2.png": ("a",), "3.png": ("a",)}
    assert tags.found == {"0.png": ("a", "b"), "3.png": ()}
    numbers = {"label_kind": "number", "label_columns": ("x", "y")}
    images = open_images(path, relabel={"1.png": "2.5;-1e2"}, **numbers)
    assert images.samples[1].values == (2.5, -100.0)
    assert images.found == {"1.png": ("2", "1")}
    with pytest.raises(DataError, match=r"'2\.5'; 2 numbers"):
        open_images(path, relabel={"1.png": "2.5"}, **numbers)
    with pytest.raises(DataError, match="holds 'two'"):
        open_images(path, relabel={"1.png": "two;1"}, **numbers)


def test_tags_in_columns_know_no_other_tag(tmp_path: Path, photo: Photo) -> None:
    path = table(tmp_path, photo, sky=["1", "0", "1"], sea=["0", "0", "1"])
    kind = {"label_kind": "tags", "label_columns": ("sky", "sea")}
    images = open_images(path, relabel={"1.png": "sea"}, **kind)
    assert labels(images)["1.png"] == ("sea",)
    with pytest.raises(DataError, match="name lake, which is no column"):
        open_images(path, relabel={"1.png": "lake"}, **kind)


def test_masks_can_only_be_left_out(tmp_path: Path, photo: Photo) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(4):
        photo(i).save(tmp_path / "images" / f"{i}.png")
        pixels = np.zeros((48, 64), np.uint8)
        pixels[: 5 * i + 5] = 1
        Image.fromarray(pixels).save(tmp_path / "masks" / f"{i}.png")
    images = open_images(tmp_path, label_kind="mask", exclude=("images/2.png",))
    assert [s.key for s in images.samples] == ["images/0.png", "images/1.png", "images/3.png"]
    with pytest.raises(DataError, match="mask, which a text cannot replace"):
        open_images(tmp_path, label_kind="mask", relabel={"images/2.png": "1"})


def test_arrays_are_corrected_by_row() -> None:
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 255, (8, 12, 12), dtype=np.uint8)
    images = open_images((pixels, [0, 1] * 4), exclude=("row:3",), relabel={"row:0": "1"})
    assert [s.key for s in images.samples] == [f"row:{i}" for i in (0, 1, 2, 4, 5, 6, 7)]
    assert labels(images)["row:0"] == ("1",)
    assert np.array_equal(np.asarray(images.reader.open(images.samples[3])), pixels[4])


def test_the_settings_of_a_node_go_through_the_one_door(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder({"cat": 4, "dog": 4})
    node = ImagesSettings(source=str(root), exclude=("cat/1.png",), relabel={"dog/0.png": "cat"})
    images = list_images(node, tmp_path / "index")
    assert len(images) == 7
    assert labels(images)["dog/0.png"] == ("cat",)


# --- the split ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, list[str]]:
    draw = np.random.default_rng(3)
    pixels = draw.integers(0, 255, (60, 10, 10), dtype=np.uint8)
    pixels[7] = pixels[3]  # a copy, so that units of two are drawn too
    return pixels, [["a", "b", "c"][i % 3] for i in range(60)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    exclude=st.sets(st.integers(0, 59), max_size=12),
    relabel=st.dictionaries(st.integers(0, 59), st.sampled_from("abc"), max_size=6),
    seed=st.integers(0, 3),
)
def test_a_correction_moves_no_other_image(
    drawn: Any, exclude: set[int], relabel: dict[int, str], seed: int
) -> None:
    before = splits(split_images(open_images(drawn), seed=seed))
    corrected = open_images(
        drawn,
        exclude=tuple(f"row:{i}" for i in exclude),
        relabel={f"row:{i}": name for i, name in relabel.items()},
    )
    after = splits(split_images(corrected, seed=seed))
    assert after == {key: split for key, split in before.items() if int(key[4:]) not in exclude}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.sets(st.integers(0, 7), min_size=1))
def test_copies_among_some_images_are_those_found_among_them_alone(copies: Any, kept: set[int]) -> None:
    order = sorted(kept)
    assert find_duplicates(copies).only(order) == find_duplicates(copies.subset(order))


@pytest.fixture(scope="module")
def copies() -> Any:
    """Eight images: three alike, their mirror image twice, and three others."""
    draw = np.random.default_rng(5)
    soft = [
        np.asarray(Image.fromarray(draw.integers(0, 255, (9, 9), dtype=np.uint8)).resize((64, 64)))
        for _ in range(4)
    ]
    pixels = [soft[0], soft[1], soft[0], soft[0][:, ::-1], soft[2], soft[0], soft[0][:, ::-1], soft[3]]
    images = open_images((np.stack(pixels), [0, 1] * 4))
    assert (len(find_duplicates(images).exact), len(find_duplicates(images).near)) == (3, 1)
    return images


def test_given_splits_stay_and_an_excluded_test_copy_frees_its_training_copy(
    tmp_path: Path, photo: Photo
) -> None:
    split = ["train"] * 4 + ["test"] * 2
    path = table(tmp_path, photo, label=["a", "b"] * 3, split=split)
    (tmp_path / "4.png").write_bytes((tmp_path / "0.png").read_bytes())
    with_copy = split_images(open_images(path), validation=0)
    assert "0.png" not in splits(with_copy)
    freed = split_images(open_images(path, exclude=("4.png",)), validation=0, need_all_classes=False)
    assert splits(freed) == {
        "0.png": "train",
        "1.png": "train",
        "2.png": "train",
        "3.png": "train",
        "5.png": "test",
    }

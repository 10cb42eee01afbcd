"""Folders, tables and arrays become the same kind of set; what cannot be used is named."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.data import ImageSet, files, open_images
from graftwork.errors import DataError, StorageError, UsageError

Photo = Callable[..., Image.Image]
MakeFolder = Callable[..., Path]


def messages(images: ImageSet) -> str:
    return "\n".join(str(p) for p in images.problems)


def class_of(images: ImageSet) -> dict[str, str]:
    return {s.key: images.classes[s.label] for s in images.samples if s.label is not None}


# --- folders ---------------------------------------------------------------------------------------


def test_a_folder_per_class(make_folder: MakeFolder) -> None:
    images = open_images(make_folder({"dog": 3, "cat": 4}))
    assert images.classes == ("cat", "dog")
    assert len(images) == 7
    assert class_of(images)["dog/2.png"] == "dog"
    assert {s.split for s in images.samples} == {None}
    assert images.labels(range(7)).tolist() == [0] * 4 + [1] * 3


def test_class_order_is_natural_and_not_the_folders_order(make_folder: MakeFolder) -> None:
    root = make_folder({"class 10": 2, "Class 9": 2, "alpha": 2, "class 2": 2})
    assert open_images(root).classes == ("alpha", "class 2", "Class 9", "class 10")


def test_class_index_is_the_same_when_a_split_lacks_a_folder(make_folder: MakeFolder) -> None:
    root = make_folder({"train/a": 3, "train/b": 3, "train/c": 3, "test/c": 2, "test/a": 2, "val/b": 2})
    images = open_images(root)
    assert images.classes == ("a", "b", "c")
    assert class_of(images)["test/c/0.png"] == "c"
    assert {s.split for s in images.samples} == {"train", "validation", "test"}
    assert [images.samples[i].key for i in images.of_split("validation")] == ["val/b/0.png", "val/b/1.png"]


@pytest.mark.parametrize("name", ["validation", "valid", "Val"])
def test_names_of_the_validation_folder(make_folder: MakeFolder, name: str) -> None:
    images = open_images(make_folder({"Train/a": 2, "Train/b": 2, f"{name}/a": 1}))
    assert len(images.of_split("validation")) == 1


def test_classes_may_be_called_train_and_test(make_folder: MakeFolder) -> None:
    images = open_images(make_folder({"train": 2, "bus": 2, "test": 2}))
    assert images.classes == ("bus", "test", "train")
    assert {s.split for s in images.samples} == {None}


def test_deeper_folders_belong_to_their_class(make_folder: MakeFolder) -> None:
    images = open_images(make_folder({"cat/old/grey": 2, "cat": 1, "dog": 2}))
    assert class_of(images)["cat/old/grey/1.png"] == "cat"


def test_hidden_and_other_files_are_counted_and_never_opened(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2, ".cache": 3, "__MACOSX/cat": 2})
    (root / "cat" / ".DS_Store").write_bytes(b"x")
    (root / "cat" / "._0.png").write_bytes(b"x")
    (root / "dog" / "notes.txt").write_text("x")
    images = open_images(root)
    assert (len(images), images.num_hidden, images.num_other, images.num_skipped) == (4, 2, 1, 0)


def test_images_beside_the_class_folders_are_reported(make_folder: MakeFolder, photo: Photo) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    photo(9).save(root / "stray.png")
    images = open_images(root)
    assert len(images) == 4
    assert "stray.png" in messages(images)


def test_an_empty_class_folder_is_reported(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    (root / "emu").mkdir()
    images = open_images(root)
    assert images.classes == ("cat", "dog")
    assert "emu holds no image" in messages(images)


def test_links_in_a_circle_end(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    os.symlink(root, root / "cat" / "again")
    assert len(open_images(root)) == 4


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder or file .*photos"):
        open_images(tmp_path / "photos")
    with pytest.raises(DataError, match="holds no image; it is empty") as caught:
        open_images(tmp_path)
    assert "one folder per class" in str(caught.value)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="holds no image among its 1 files"):
        open_images(tmp_path)


def test_loose_images_without_classes(tmp_path: Path, photo: Photo) -> None:
    photo(1).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="lie in no class folder"):
        open_images(tmp_path)
    images = open_images(tmp_path, need_labels=False, classes=("cat", "dog"))
    assert [(s.key, s.label) for s in images.samples] == [("a.png", None)]
    assert images.labels([0]).tolist() == [-1]
    assert len(open_images(tmp_path / "a.png", need_labels=False)) == 1


def test_one_class_and_one_image_in_a_class(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match=r"one class only \('cat'\)"):
        open_images(make_folder({"cat": 3}, root="one"))
    with pytest.raises(DataError, match="single image of 'dog'"):
        open_images(make_folder({"cat": 3, "dog": 1}, root="two"))


def test_given_classes_keep_their_order_and_may_be_absent(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 1, "dog": 2})
    images = open_images(root, classes=("emu", "dog", "cat"))
    assert images.classes == ("emu", "dog", "cat")
    assert images.labels(range(3)).tolist() == [2, 1, 1]
    with pytest.raises(DataError, match="has the classes cat that are not among the ones given: dog, emu"):
        open_images(root, classes=("dog", "emu"))


# --- broken files ----------------------------------------------------------------------------------


def test_broken_files_are_named_and_skipped(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 10, "dog": 10}, suffix=".jpg")
    whole = (root / "cat" / "3.jpg").read_bytes()
    (root / "cat" / "3.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "dog" / "7.jpg").write_bytes(b"")
    images = open_images(root)
    assert (len(images), images.num_skipped) == (18, 2)
    assert "cat/3.jpg is left out: the file is truncated" in messages(images)
    assert "dog/7.jpg is left out: the file is empty" in messages(images)


def test_too_many_broken_files_are_an_error(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    for number in range(2):
        (root / "cat" / f"{number}.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"2 of 10 images .* more than 10%: cat/0\.png") as caught:
        open_images(root)
    assert caught.value.fields["broken"] == ["cat/0.png", "cat/1.png"]
    assert open_images(root, max_broken_share=0.2).num_skipped == 2
    with pytest.raises(UsageError, match="max_broken_share"):
        open_images(root, max_broken_share=20)


def test_all_broken_is_an_error_whatever_is_allowed(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    for path in root.rglob("*.png"):
        path.write_bytes(b"x")
    with pytest.raises(DataError, match="4 of 4 images"):
        open_images(root, max_broken_share=1.0)


def test_a_file_that_became_unreadable_is_named(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    images = open_images(root)
    (root / "cat" / "1.png").unlink()
    with pytest.raises(DataError, match=r"cat/1\.png was readable .* no such file"):
        images.reader.open(images.samples[1])


# --- the index -------------------------------------------------------------------------------------


def test_a_second_opening_reads_only_what_changed(
    make_folder: MakeFolder, photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, index = make_folder({"cat": 4, "dog": 4}), tmp_path / "data" / "x.index"
    (root / "cat" / "0.png").write_bytes(b"broken")
    first = open_images(root, index_path=index, max_broken_share=0.5)
    looked: list[int] = []
    real = files.decode_image
    monkeypatch.setattr(files, "decode_image", lambda data, **k: looked.append(len(data)) or real(data, **k))
    second = open_images(root, index_path=index, max_broken_share=0.5)
    assert looked == []
    assert (second, second.digest()) == (first, first.digest())
    assert second.reader.facts(second.samples) == first.reader.facts(first.samples)
    assert np.array_equal(second.reader.thumbnails(second.samples), first.reader.thumbnails(first.samples))
    photo(77, (50, 50)).save(root / "dog" / "2.png")
    third = open_images(root, index_path=index, max_broken_share=0.5)
    assert len(looked) == 1
    assert third.digest() != first.digest()


def test_a_damaged_index_is_made_anew(make_folder: MakeFolder, tmp_path: Path) -> None:
    index = tmp_path / "x.index"
    index.write_bytes(b"this is no database" * 100)
    assert len(open_images(make_folder({"cat": 2, "dog": 2}), index_path=index)) == 4
    assert sqlite3.connect(index).execute("SELECT count(*) FROM facts").fetchone() == (4,)


def test_an_index_that_cannot_be_written_is_named(make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=r"x\.index"):
        open_images(make_folder({"cat": 2, "dog": 2}), index_path=tmp_path / "file" / "x.index")


def test_digest_follows_bytes_labels_and_names(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    digest = open_images(root).digest()
    assert open_images(root).digest() == digest
    (root / "cat").rename(root / "cow")
    assert open_images(root).digest() != digest


# --- tables ----------------------------------------------------------------------------------------


def write_table(root: Path, name: str = "table.csv", **columns: list[object]) -> Path:
    path = root / name
    frame = pd.DataFrame(columns)
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    return path


FOUR = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_table_of_images_and_labels(make_folder: MakeFolder, name: str) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    images = open_images(write_table(root, name, image=FOUR, label=["x", "y", "y", "x"]))
    assert class_of(images) == dict(zip(FOUR, ["x", "y", "y", "x"], strict=True))


def test_a_table_with_splits_groups_and_other_names(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    path = write_table(
        root,
        datei=FOUR,
        art=[7, 10, 7, 10],
        teil=["train", "val", "train", "test"],
        tier=["a", "b", "a", None],
    )
    images = open_images(
        path, image_column="datei", label_column="art", split_column="teil", group_column="tier"
    )
    assert images.classes == ("7", "10")
    assert [s.split for s in images.samples] == ["train", "validation", "train", "test"]
    assert [s.group for s in images.samples] == ["a", "b", "a", None]


def test_a_folder_with_loose_images_and_one_table(make_folder: MakeFolder) -> None:
    root = make_folder({"images": 4})
    names = [f"images/{i}.png" for i in range(4)]
    write_table(root, image=names, label=["a", "b", "a", "b"])
    assert open_images(root).classes == ("a", "b")


def test_a_stray_table_beside_class_folders_is_not_taken(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    write_table(root, image=FOUR, label=list("abab"))
    assert open_images(root).classes == ("cat", "dog")
    assert open_images(root, label_column="label").classes == ("a", "b")
    write_table(root, "second.csv", image=FOUR, label=list("abab"))
    with pytest.raises(DataError, match="holds 2 tables"):
        open_images(root, label_column="label")


def test_missing_images_of_a_table_are_all_named(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    path = write_table(root, image=[*FOUR, *(f"gone/{i}.png" for i in range(7))], label=list("abababababa"))
    with pytest.raises(DataError, match=r"7 of 11 images .* gone/0\.png.* and 2 more") as caught:
        open_images(path)
    assert caught.value.fields["missing"] == [f"gone/{i}.png" for i in range(7)]


def test_missing_columns_are_named(make_folder: MakeFolder) -> None:
    path = write_table(make_folder({"cat": 2, "dog": 2}), image=FOUR, kind=list("abab"))
    with pytest.raises(DataError, match=r"no column that is known to hold the label; it has: image, kind"):
        open_images(path)
    with pytest.raises(DataError, match=r"no column 'kynd' for the label. Did you mean 'kind'"):
        open_images(path, label_column="kynd")


def test_rows_without_label_and_repeated_rows_are_left_out(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 2})
    path = write_table(root, image=[*FOUR, "cat/2.png", "cat/0.png"], label=["a", "a", "b", "b", None, "a"])
    images = open_images(path)
    assert len(images) == 4
    assert "1 rows of" in messages(images)
    assert "no image or no label and are left out: 6" in messages(images)


def test_contradicting_rows_and_unknown_splits_are_errors(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    with pytest.raises(DataError, match=r"names the image cat/0\.png twice"):
        open_images(write_table(root, image=[*FOUR, "cat/0.png"], label=list("aabbb")))
    with pytest.raises(DataError, match=r"Row 3 of .* names the split 'eval'"):
        open_images(
            write_table(root, image=FOUR, label=list("aabb"), split=["train", "eval", "train", "test"])
        )


def test_unreadable_tables(tmp_path: Path) -> None:
    for name, content in (("a.csv", b""), ("b.csv", b"\xff\xfe\x00\x80"), ("c.parquet", b"no parquet")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            open_images(tmp_path / name)
    (tmp_path / "d.doc").write_bytes(b"x")
    with pytest.raises(DataError, match="is not a source of labelled images"):
        open_images(tmp_path / "d.doc")


def test_separators_and_class_names_are_kept_as_text(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 2, "dog": 2})
    (root / "t.csv").write_text(
        "image;label\n" + "".join(f"{n};{c}\n" for n, c in zip(FOUR, ["007", "NA"] * 2, strict=True))
    )
    assert open_images(root / "t.csv").classes == ("007", "NA")


# --- arrays ----------------------------------------------------------------------------------------


def noise(num: int, *shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (num, *shape)).astype(dtype)


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3), (8, 6, 4), (3, 8, 6)])
def test_arrays_of_all_layouts(shape: tuple[int, ...]) -> None:
    images = open_images((noise(4, *shape), np.array([1, 0, 1, 0])))
    assert images.classes == ("0", "1")
    assert [s.key for s in images.samples] == ["row:0", "row:1", "row:2", "row:3"]
    assert images.reader.open(images.samples[2]).size == (6, 8)


def test_number_formats_mean_the_same_picture() -> None:
    bytes_ = noise(4, 5, 5)
    y = ["a", "b", "a", "b"]
    for other in (bytes_.astype("int64"), bytes_ / 255, bytes_.astype("uint16") * 257):
        images = open_images((other, np.array(y)))
        assert np.array_equal(np.asarray(images.reader.open(images.samples[1])), bytes_[1])


def test_array_files(tmp_path: Path) -> None:
    x, y = noise(6, 8, 8), np.array([0, 1, 0, 1, 0, 1])
    np.savez(tmp_path / "a.npz", images=x, labels=y, classes=np.array(["cat", "dog"]))
    np.save(tmp_path / "images.npy", x)
    np.save(tmp_path / "labels.npy", y)
    np.savez(
        tmp_path / "m.npz", train_images=x[:4], train_labels=y[:4, None], test_images=x[4:], test_labels=y[4:]
    )
    assert open_images(tmp_path / "a.npz").classes == ("cat", "dog")
    assert [s.digest for s in open_images(tmp_path).samples] == [
        s.digest for s in open_images(tmp_path / "a.npz").samples
    ]
    assert len(open_images(tmp_path / "images.npy")) == 6
    assert open_images(tmp_path / "m.npz").of_split("test") == [4, 5]


def test_bad_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\(3, 8, 8\) and \(2,\)"):
        open_images((noise(3, 8, 8), np.array([0, 1])))
    with pytest.raises(DataError, match="1, 3 or 4 channels"):
        open_images((noise(2, 8, 8, 7), np.array([0, 1])))
    with pytest.raises(DataError, match="float64 from -1 to 1"):
        open_images((np.linspace(-1, 1, 128).reshape(2, 8, 8), np.array([0, 1])))
    with pytest.raises(DataError, match="holds no image"):
        open_images((noise(0, 8, 8), np.zeros(0)))
    np.savez(tmp_path / "a.npz", pictures=noise(2, 8, 8))
    with pytest.raises(DataError, match="it holds: pictures"):
        open_images(tmp_path / "a.npz")
    np.save(tmp_path / "images.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(DataError, match=r"images\.npy cannot be read"):
        open_images(tmp_path / "images.npy")


# --- exact copies ----------------------------------------------------------------------------------


def test_copies_and_torn_labels_are_reported(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 3, "dog": 3})
    (root / "dog" / "copy.png").write_bytes((root / "cat" / "0.png").read_bytes())
    images = open_images(root)
    assert images.num_duplicates == 1
    assert "cat/0.png = dog/copy.png" in messages(images)
    assert "different labels: cat/0.png (cat), dog/copy.png (dog)" in messages(images)

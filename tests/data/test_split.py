"""Splits are stratified, keep together what belongs together, and depend on seed and data only."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from graftwork.data import ImageFacts, ImageSet, Sample, open_images, split_images
from graftwork.data.sample import Split
from graftwork.engine.prepare import open_data
from graftwork.engine.workspace import Workspace
from graftwork.errors import DataError, UsageError
from graftwork.graph.contracts import ImagesSettings

Photo = Callable[..., Image.Image]
MakeFolder = Callable[..., Path]


class NoiseReader:
    """Thumbnails of pure noise, one per digest: no image resembles another."""

    def open(self, sample: Sample, *, short_side: int | None = None) -> Image.Image:
        return Image.fromarray(self.thumbnails([sample])[0])

    def read_bytes(self, sample: Sample) -> bytes:
        return sample.digest.encode()

    def facts(self, samples: Sequence[Sample]) -> list[ImageFacts]:
        return [ImageFacts(32, 32, "L")] * len(samples)

    def thumbnails(self, samples: Sequence[Sample]) -> NDArray[np.uint8]:
        draws = [np.random.default_rng(zlib.crc32(s.digest.encode())) for s in samples]
        return np.stack([d.integers(0, 256, (32, 32), dtype=np.uint8) for d in draws])


def set_of(samples: Sequence[Sample], num_classes: int) -> ImageSet:
    return ImageSet("made up", tuple(samples), tuple("abcdefgh"[:num_classes]), (), 0, 0, NoiseReader())


def plain(counts: Sequence[int], split: Split | None = None, start: int = 0) -> list[Sample]:
    labels = [y for y, n in enumerate(counts) for _ in range(n)]
    return [Sample(f"{split}{start + i:04}", y, split, None, f"d{start + i}") for i, y in enumerate(labels)]


def splits_of(images: ImageSet) -> dict[str, str | None]:
    return {s.key: s.split for s in images.samples}


def text_of(images: ImageSet) -> str:
    return "\n".join(map(str, images.problems))


def test_each_class_is_shared_out_alike() -> None:
    done = split_images(set_of(plain([100, 40, 20]), 3))
    counts = done.counts()
    assert counts["test"].tolist() == counts["validation"].tolist() == [15, 6, 3]
    assert counts["train"].tolist() == [70, 28, 14]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(3, 30), min_size=2, max_size=5), st.integers(0, 5))
def test_three_images_of_a_class_are_enough_for_all_splits(counts: list[int], seed: int) -> None:
    done = split_images(set_of(plain(counts), len(counts)), seed=seed).counts()
    assert all((done[s] >= 1).all() for s in ("train", "validation", "test"))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_groups_and_copies_never_cross_splits(data: st.DataObject) -> None:
    num = data.draw(st.integers(12, 60))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    groups = [None if g < 4 else f"g{g}" for g in draw.integers(0, 12, num)]
    digests = [f"d{d}" for d in draw.integers(0, num, num)]
    samples = [
        Sample(f"k{i:03}", int(y), None, g, d)
        for i, (y, g, d) in enumerate(zip(draw.integers(0, 2, num), groups, digests, strict=True))
    ]
    try:
        done = split_images(set_of(samples, 2), seed=num)
    except DataError:  # all images of a class hang together and went into another split
        assume(False)
    places: dict[str, set[str | None]] = defaultdict(set)
    for s in done.samples:
        places[s.digest].add(s.split)
        if s.group:
            places[s.group].add(s.split)
    assert len(done) == num
    assert all(len(p) == 1 for p in places.values())


def test_the_order_of_the_files_does_not_matter_and_the_seed_does() -> None:
    samples = plain([30, 30])
    first = split_images(set_of(samples, 2), seed=1)
    assert splits_of(split_images(set_of(samples[::-1], 2), seed=1)) == splits_of(first)
    assert splits_of(split_images(set_of(samples, 2), seed=2)) != splits_of(first)
    assert split_images(set_of(samples, 2), seed=1).digest() == first.digest()


def test_near_copies_on_disk_stay_together(photo: Photo, tmp_path: Path) -> None:
    for number in range(24):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        image = photo(number, (96, 80))
        image.save(folder / f"{number}.png")
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((72, 60)).save(folder / f"{number}_copy.png")
    done = split_images(open_images(tmp_path))
    splits = splits_of(done)
    assert all(splits[k] == splits[k.replace("_copy", "")] for k in splits)
    assert done.num_duplicates == 24
    assert "24 pairs of images are nearly the same" in text_of(done)
    assert {s: int(n.sum()) for s, n in done.counts().items()} == {"train": 32, "validation": 8, "test": 8}


def test_given_splits_are_kept() -> None:
    samples = [*plain([9, 9], "train"), *plain([3, 3], "validation", 50), *plain([4, 4], "test", 90)]
    done = split_images(set_of(samples, 2), validation=0.5, test=0.3)
    assert splits_of(done) == splits_of(set_of(samples, 2))


def test_a_missing_validation_split_is_taken_from_training() -> None:
    samples = [*plain([20, 20], "train"), *plain([5, 5], "test", 100)]
    done = split_images(set_of(samples, 2), validation=0.2)
    assert done.counts()["validation"].tolist() == [4, 4]
    assert done.counts()["test"].tolist() == [5, 5]
    assert all(s.split == "test" for s in done.samples if s.key.startswith("test"))


def test_copies_that_cross_given_splits_leave_training() -> None:
    samples = [*plain([9, 9], "train"), *plain([3, 3], "validation", 50), *plain([4, 4], "test", 90)]
    samples[0] = replace(samples[0], digest="d90")  # training = test
    samples[1] = replace(samples[1], digest="d50")  # training = validation
    samples[20] = replace(samples[20], digest="d91")  # validation = test
    done = split_images(set_of(samples, 2))
    gone = {s.key for s in samples} - set(splits_of(done))
    assert gone == {"train0000", "train0001", samples[20].key}
    assert "3 images are copies of images in another given split" in text_of(done)


def test_a_class_that_cannot_be_learned_is_an_error() -> None:
    samples = [*plain([5, 0], "train"), *plain([2, 2], "test", 50)]
    with pytest.raises(DataError, match="No training image of 'b'"):
        split_images(set_of(samples, 2))


def test_a_class_that_cannot_be_measured_is_reported() -> None:
    samples = [*plain([9, 9], "train"), *plain([3, 3], "validation", 50), *plain([4, 0], "test", 90)]
    assert "The test split has no image of 'b'" in text_of(split_images(set_of(samples, 2)))


def test_no_training_images_and_torn_groups_are_errors() -> None:
    with pytest.raises(DataError, match="names the splits test, but no training images"):
        split_images(set_of(plain([5, 5], "test"), 2))
    samples = [*plain([5, 5], "train"), *plain([3, 3], "test", 50)]
    samples[0], samples[12] = replace(samples[0], group="cow 7"), replace(samples[12], group="cow 7")
    with pytest.raises(DataError, match=r"1 groups .*: cow 7"):
        split_images(set_of(samples, 2))


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.2), (0.2, 1.0)])
def test_shares_must_leave_training_images(shares: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="leave nothing to train on"):
        split_images(set_of(plain([9, 9]), 2), validation=shares[0], test=shares[1])


def test_a_share_of_zero_makes_no_split() -> None:
    done = split_images(set_of(plain([9, 9]), 2), test=0.0)
    assert sorted(done.counts()) == ["train", "validation"]


def test_two_images_of_a_class_give_one_to_train_and_one_to_measure() -> None:
    counts = split_images(set_of(plain([30, 2]), 2), validation=0.2, test=0.3).counts()
    assert counts["train"][1] == 1
    assert counts["train"].sum() + counts["validation"].sum() + counts["test"].sum() == 32


def test_given_split_folders_end_to_end(make_folder: MakeFolder) -> None:
    root = make_folder({"train/a": 10, "train/b": 10, "test/b": 3})
    (root / "test" / "b" / "leak.png").write_bytes((root / "train" / "a" / "0.png").read_bytes())
    done = split_images(open_images(root))
    assert "train/a/0.png" not in splits_of(done)
    assert done.classes == ("a", "b")
    assert "The test split has no image of 'a'" in text_of(done)
    assert done.counts()["validation"].tolist() == [1, 2]


# -- a share of the training images ----------------------------------------------------------------------


def keys_of(images: ImageSet, split: str) -> set[str]:
    return {s.key for s in images.samples if s.split == split}


counts = st.lists(st.integers(3, 40), min_size=1, max_size=4)
shares = st.floats(0.01, 1.0)


@given(counts, shares, shares, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_smaller_share_lies_inside_a_larger_one(
    numbers: list[int], one: float, other: float, seed: int
) -> None:
    small, large = sorted((one, other))
    images = set_of(plain(numbers), len(numbers))
    whole = split_images(images, seed=1)
    less = split_images(images, seed=1, train_share=small, share_seed=seed)
    more = split_images(images, seed=1, train_share=large, share_seed=seed)
    assert keys_of(less, "train") <= keys_of(more, "train") <= keys_of(whole, "train")
    for split in ("validation", "test"):
        assert keys_of(less, split) == keys_of(more, split) == keys_of(whole, split)


@given(counts, shares)
@settings(max_examples=40, deadline=None)
def test_each_class_gives_its_share_and_at_least_one_image(numbers: list[int], share: float) -> None:
    images = set_of(plain(numbers), len(numbers))
    whole = split_images(images).counts()["train"]
    part = split_images(images, train_share=share).counts()["train"]
    for of_all, given_ in zip(whole.tolist(), part.tolist(), strict=True):
        assert given_ >= 1
        assert abs(given_ - of_all * share) <= 0.5 + 1e-9 or given_ == 1


def test_other_seeds_draw_other_images_of_the_same_split() -> None:
    images = set_of(plain([40, 40]), 2)
    one, again, other = (split_images(images, seed=3, train_share=0.25, share_seed=s) for s in (0, 0, 1))
    assert keys_of(one, "train") == keys_of(again, "train") != keys_of(other, "train")
    assert keys_of(one, "test") == keys_of(other, "test")


def test_the_whole_share_changes_nothing() -> None:
    images = set_of(plain([9, 9]), 2)
    assert split_images(images, train_share=1.0, share_seed=7).digest() == split_images(images).digest()


def test_a_group_is_used_whole_or_not_at_all() -> None:
    samples = [
        replace(s, group=f"g{i // 4}", split=("test" if i >= 72 else "train"))
        for i, s in enumerate(plain([80]))
    ]
    images = set_of(samples, 1)
    done = split_images(images, validation=0, train_share=0.3, need_all_classes=False)
    groups: dict[str, int] = {}
    for sample in done.samples:
        if sample.split == "train":
            groups[str(sample.group)] = groups.get(str(sample.group), 0) + 1
    assert set(groups.values()) == {4}
    assert len(groups) == round(18 * 0.3)  # 72 training images in groups of four


def test_an_image_that_is_corrected_moves_no_other(tmp_path: Path) -> None:
    samples = plain([30, 30])
    images = set_of(samples, 2)
    before = split_images(images, train_share=0.4)
    gone = sorted(keys_of(before, "train"))[0]
    kept = tuple(s for s in samples if s.key != gone)
    left_out = next(s for s in samples if s.key == gone)
    corrected = replace(images, samples=kept, excluded=(replace(left_out, label=None),), found={gone: ("a",)})
    after = split_images(corrected, train_share=0.4)
    assert keys_of(after, "train") == keys_of(before, "train") - {gone}


def test_it_says_how_many_are_used() -> None:
    done = split_images(set_of(plain([20, 20]), 2), train_share=0.5)
    assert "14 of 28 training images are used: a share of 0.5." in "\n".join(map(str, done.problems))


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_shares_that_are_none_are_refused(share: float) -> None:
    with pytest.raises(UsageError, match="share of"):
        split_images(set_of(plain([9]), 1), train_share=share)


def test_images_without_classes_are_drawn_too() -> None:
    samples = [Sample(f"n{i:03}", None, None, None, f"d{i}", values=(float(i),)) for i in range(40)]
    images = replace(set_of(samples, 0), label_kind="number", label_names=("y",))
    small, large = (split_images(images, train_share=s) for s in (0.25, 0.5))
    assert [len(keys_of(s, "train")) for s in (small, large)] == [7, 14]  # of 28
    assert keys_of(small, "train") < keys_of(large, "train")


def test_a_flow_takes_the_share_and_keeps_its_split_while_the_seed_changes(
    tmp_path: Path, stripes: Path
) -> None:
    home = Workspace(cache=tmp_path / "c", runs=tmp_path / "r", index=tmp_path / "i")
    chosen = ImagesSettings(source=str(stripes), train_share=0.5, split_seed=4)
    one, other = (open_data(chosen, seed, home) for seed in (0, 1))
    plain_split = open_data(ImagesSettings(source=str(stripes)), 4, home)
    assert keys_of(one, "test") == keys_of(other, "test") == keys_of(plain_split, "test")
    assert keys_of(one, "train") != keys_of(other, "train")
    assert keys_of(one, "train") | keys_of(other, "train") <= keys_of(plain_split, "train")

"""Training, validation and test images: stratified, in groups, the same for the same seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graftwork.data.duplicates import Duplicates, Links, find_duplicates
from graftwork.data.sample import SPLITS, ImageSet, Split, natural_order
from graftwork.data.share import share_ranks
from graftwork.documents.problem import Problem
from graftwork.errors import DataError, UsageError

__all__ = ["split_images", "with_excluded"]

_MIN_FOR_ALL_SPLITS = 3


def split_images(
    images: ImageSet,
    *,
    validation: float = 0.15,
    test: float = 0.15,
    seed: int = 0,
    train_share: float = 1.0,
    share_seed: int = 0,
    need_all_classes: bool = True,
) -> ImageSet:
    """Return the set with a split for each sample.

    Classes are shared out alike; images with numbers, tags or masks are drawn at random.
    Splits that the data came with are kept; missing ones are taken from the training images. Samples of
    one group, and copies of one image (exact, resized, recompressed, mirrored, turned), always stay
    together. A copy that crosses given splits is left out of training (or of validation, when the other
    one is a test image) and reported.

    Images that the user excluded, and labels as they were found, take part in the draw: a correction moves no
    other image from one split to another.

    Args:
        images: the set; its order does not matter.
        validation, test: shares of the images of each class.
        seed: start of the draw.
        train_share: share of the training images that is used, above 0, at most 1: the others are left out.
            Each class gives its share, at least one image; groups and copies stay together. For one
            ``share_seed`` a smaller share lies inside each larger one; validation and test stay as they are.
        share_seed: start of the draw of that share.
        need_all_classes: whether a class without a training image is an error; else it is only reported,
            as where odd images are known for testing alone.

    Raises:
        UsageError: shares that leave nothing to train on.
        DataError: a class without a training image, no training images among given splits, or a group
            that the given splits tear apart.
    """
    _check_shares(validation, test, train_share)
    everything = with_excluded(images)
    all_copies = find_duplicates(everything)
    excluded = {s.key for s in images.excluded}
    used, duplicates = _only(everything, all_copies, excluded)
    given = {s.split for s in used.samples if s.split is not None}
    problems: list[Problem] = []
    if given:
        _check_given(used, given)
        left_out, problems = _crossing(used, duplicates)
        everything, all_copies = _only(everything, all_copies, left_out)
        used, duplicates = _only(used, duplicates, left_out)
    wanted: dict[Split, float] = {"validation": validation, "test": test}
    shares = {split: share for split, share in wanted.items() if split not in given}
    strata = _strata(everything)
    units = _units(everything, strata, all_copies)
    splits = _assigned(everything, strata, units, shares, seed)
    samples = tuple(replace(s, split=splits[s.key]) for s in used.samples)
    done = replace(used, samples=samples, num_duplicates=_num_copies(len(samples), duplicates))
    if train_share < 1:
        beyond = _beyond_share(everything, splits, units, strata, train_share, share_seed)
        done, duplicates, told = _with_share(done, duplicates, beyond, train_share)
        problems.append(told)
    problems += [*_near_problem(done, duplicates), *_check_classes(done, need_all_classes)]
    return replace(done, problems=(*images.problems, *problems))


def _check_shares(validation: float, test: float, train_share: float) -> None:
    if validation < 0 or test < 0 or validation + test >= 1:
        raise UsageError(
            f"Shares of {validation} for validation and {test} for test leave nothing to train on.",
            hint="Both are shares from 0, together below 1.",
        )
    if not 0 < train_share <= 1:
        raise UsageError(
            f"A share of {train_share} of the training images was asked for.",
            hint="train_share is above 0 and at most 1.",
        )


def with_excluded(images: ImageSet) -> ImageSet:
    """Return the set with the excluded images back in it, ordered by key."""
    return replace(images, samples=tuple(sorted((*images.samples, *images.excluded), key=lambda s: s.key)))


def _only(images: ImageSet, duplicates: Duplicates, left_out: set[str]) -> tuple[ImageSet, Duplicates]:
    """Return the set and its copies without some images."""
    kept = [i for i, s in enumerate(images.samples) if s.key not in left_out]
    if len(kept) == len(images):
        return images, duplicates
    return images.subset(kept), duplicates.only(kept)


@dataclass(frozen=True)
class _Unit:
    """Samples that must stay together, with their number per class."""

    members: tuple[int, ...]
    counts: NDArray[np.int64]
    name: str


def _units(images: ImageSet, strata: NDArray[np.int64], duplicates: Duplicates) -> list[_Unit]:
    links = Links(len(images))
    for a, b in duplicates.pairs():
        links.join(a, b)
    first_of_group: dict[str, int] = {}
    for position, sample in enumerate(images.samples):
        if sample.group is not None:
            links.join(position, first_of_group.setdefault(sample.group, position))
    num = int(strata.max(initial=0)) + 1
    units = []
    for members in links.parts():
        labels = strata[members]
        counts = np.bincount(labels[labels >= 0], minlength=num)
        units.append(_Unit(tuple(members), counts, images.samples[members[0]].key))
    return units


def _strata(images: ImageSet) -> NDArray[np.int64]:
    """Return what is shared out alike: classes as they were found; of other kinds of labels just the images."""
    if images.label_kind != "category":
        return np.zeros(len(images), np.int64)
    words = [
        images.found[s.key] if s.key in images.found else images.label_words(i)
        for i, s in enumerate(images.samples)
    ]
    names = sorted({w for word in words for w in word}, key=natural_order)
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[w[0]] if w else -1 for w in words], np.int64)


def _assigned(
    images: ImageSet,
    strata: NDArray[np.int64],
    units: Sequence[_Unit],
    shares: dict[Split, float],
    seed: int,
) -> dict[str, Split | None]:
    """Give each open unit the split that lacks its classes most, large units first; return splits by key."""
    free = [u for u in units if all(images.samples[m].split in (None, "train") for m in u.members)]
    splits: list[Split | None] = [s.split or "train" for s in images.samples]
    total = sum((u.counts for u in free), np.zeros(int(strata.max(initial=0)) + 1, np.int64))
    targets = _targets(total, shares)
    lacking = dict(targets)
    free.sort(key=lambda u: (-len(u.members), _draw(seed, u.name)))
    for unit in free:
        split = _neediest(unit, lacking, targets)
        lacking[split] = lacking[split] - unit.counts
        for member in unit.members:
            splits[member] = split
    return {s.key: split for s, split in zip(images.samples, splits, strict=True)}


def _beyond_share(
    images: ImageSet,
    splits: dict[str, Split | None],
    units: Sequence[_Unit],
    strata: NDArray[np.int64],
    share: float,
    seed: int,
) -> set[str]:
    """Return the keys of the training images that a share leaves out."""
    keys = [
        [s.key for s in (images.samples[m] for m in u.members) if splits[s.key] == "train"] for u in units
    ]
    training = [i for i, names in enumerate(keys) if names]
    ranks = share_ranks(
        [units[i].counts for i in training],
        [_draw(seed, f"share\x1f{units[i].name}") for i in training],
        num_strata=int(strata.max(initial=0)) + 1,
    )
    return {key for i, rank in zip(training, ranks, strict=True) if rank > share for key in keys[i]}


def _with_share(
    images: ImageSet, duplicates: Duplicates, beyond: set[str], share: float
) -> tuple[ImageSet, Duplicates, Problem]:
    """Return the set and its copies without what lies beyond the share, and the word that says so."""
    before = len(images.of_split("train"))
    images, duplicates = _only(images, duplicates, beyond)
    told = Problem(
        level="warning",
        message=f"{len(images.of_split('train'))} of {before} training images are used: a share of {share:g}.",
        hint="Set train_share to 1 to use all of them.",
    )
    return replace(images, num_duplicates=_num_copies(len(images), duplicates)), duplicates, told


def _targets(total: NDArray[np.int64], shares: dict[Split, float]) -> dict[Split, NDArray[np.int64]]:
    """Return how many images of each class each split should get; at least one where there are enough."""
    targets = {}
    for split, share in shares.items():
        wanted = np.floor(total * share + 0.5).astype(np.int64)
        if share > 0:
            wanted = np.where(total >= _MIN_FOR_ALL_SPLITS, np.maximum(wanted, 1), wanted)
        targets[split] = wanted
    taken = sum(targets.values(), np.zeros_like(total))
    over = np.maximum(taken - np.maximum(total - 1, 0), 0)  # one image of each class stays for training
    for split in targets:
        back = np.minimum(over, targets[split])
        targets[split] = targets[split] - back
        over = over - back
    return {"train": total - sum(targets.values(), np.zeros_like(total)), **targets}


def _neediest(
    unit: _Unit, lacking: dict[Split, NDArray[np.int64]], targets: dict[Split, NDArray[np.int64]]
) -> Split:
    brought = np.maximum(unit.counts, 1)
    # A rare class weighs as much as a common one.
    weight = unit.counts / np.maximum(sum(targets.values(), np.zeros_like(unit.counts)), 1)

    def need(split: Split) -> tuple[float, float, int]:
        # What is still wanted counts up to what the unit brings; what is too much counts against it.
        use = float((weight * np.minimum(lacking[split] / brought, 1.0)).sum())
        emptiness = float((weight * lacking[split].clip(0) / np.maximum(targets[split], 1)).sum())
        return round(use, 9), round(emptiness, 9), -SPLITS.index(split)

    return max(lacking, key=need)


def _draw(seed: int, name: str) -> bytes:
    """Return a random sort key that depends on nothing but the seed and the name."""
    return hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()


def _check_given(images: ImageSet, given: set[Split]) -> None:
    if "train" not in given and all(s.split for s in images.samples):
        raise DataError(
            f"{images.source} names the splits {', '.join(sorted(given))}, but no training images.",
            hint="Add a folder (or rows) named train.",
        )
    places: dict[str, set[Split]] = defaultdict(set)
    for s in images.samples:
        if s.group is not None:
            places[s.group].add(s.split or "train")
    torn = sorted(g for g, splits in places.items() if len(splits) > 1)
    if torn:
        raise DataError(
            f"{len(torn)} groups of {images.source} lie in more than one of its splits: "
            f"{', '.join(torn[:5])}{', …' if len(torn) > 5 else ''}.",
            hint="Correct the splits, or leave them out so that they are drawn by group.",
            groups=torn,
        )


def _crossing(images: ImageSet, duplicates: Duplicates) -> tuple[set[str], list[Problem]]:
    """Return keys of copies of test images everywhere else, and of validation images in training."""
    links = Links(len(images))
    for a, b in duplicates.pairs():
        links.join(a, b)
    left_out: set[int] = set()
    for members in links.parts():
        ranks = {m: SPLITS.index(images.samples[m].split or "train") for m in members}
        left_out |= {m for m in members if ranks[m] < max(ranks.values())}
    if not left_out:
        return set(), []
    names = [images.samples[i].key for i in sorted(left_out)]
    problem = Problem(
        level="warning",
        message=f"{len(names)} images are copies of images in another given split and are left out of "
        f"training or validation: {_some(names)}.",
        hint="Otherwise the scores would be too good.",
    )
    return set(names), [problem]


def _num_copies(num: int, duplicates: Duplicates) -> int:
    links = Links(num)
    for a, b in duplicates.pairs():
        links.join(a, b)
    return num - len(links.parts())


def _near_problem(images: ImageSet, duplicates: Duplicates) -> list[Problem]:
    if not duplicates.near:
        return []
    names = [f"{images.samples[a].key} ~ {images.samples[b].key}" for a, b in duplicates.near]
    return [
        Problem(
            level="warning",
            message=f"{len(names)} pairs of images are nearly the same (resized, recompressed, mirrored or "
            f"turned copies): {_some(names)}.",
            hint="Copies stay in the same split.",
        )
    ]


def _check_classes(images: ImageSet, need_all: bool) -> list[Problem]:
    """Refuse a class that cannot be learned; report one that cannot be measured."""
    if images.label_kind == "number":
        return []
    counts = images.counts()
    train = counts.get("train", np.zeros(len(images.classes), np.int64))
    absent = [c for c, n in zip(images.classes, train, strict=True) if n == 0]
    problems = []
    if absent and (images.label_kind != "category" or not need_all):
        problems.append(
            Problem(
                level="warning",
                message=f"No training image of {', '.join(map(repr, absent))} is left in {images.source}.",
                hint="Nothing is learned about it; add training images or take another seed.",
            )
        )
    elif absent:
        raise DataError(
            f"No training image of {', '.join(repr(c) for c in absent)} is left in {images.source}.",
            hint="Add training images of it, or remove the class from the other splits.",
            classes=absent,
        )
    for split in SPLITS[1:]:
        lacking = [c for c, n in zip(images.classes, counts.get(split, train * 0), strict=True) if n == 0]
        if split in counts and lacking:
            problems.append(
                Problem(
                    level="warning",
                    message=f"The {split} split has no image of {', '.join(repr(c) for c in lacking)}.",
                    hint="Its scores say nothing about these classes.",
                )
            )
    return problems


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

"""What all of the data layer speaks about: samples, sets of them, and how their pixels are reached."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data.transform import mask_canvas
from graftwork.documents.problem import Problem
from graftwork.errors import DataError
from graftwork.graph.contracts import LabelKind

__all__ = [
    "SPLITS",
    "ImageFacts",
    "ImageSet",
    "LabelKind",
    "Masks",
    "Reader",
    "Sample",
    "Split",
    "natural_order",
]

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image, without its pixels.

    Args:
        key: unique and stable: path relative to the root with forward slashes, or ``row:12``.
        label: index into the set's classes; None when the image has no label.
        split: part of the data it belongs to, given by the user or assigned by ``split_images``.
        group: samples of one group never cross splits.
        digest: SHA-256 (hex) of the file's bytes; for arrays of shape, dtype and bytes.
        values: labels of other kinds: numbers; 0 or 1 per tag; share of the mask's pixels per class.
        numbers, categories: further inputs; categories as index into the set's ``category_values``.
        mask_digest: SHA-256 (hex) of the mask's bytes.
    """

    key: str
    label: int | None
    split: Split | None
    group: str | None
    digest: str
    values: tuple[float, ...] | None = None
    numbers: tuple[float, ...] = ()
    categories: tuple[int, ...] = ()
    mask_digest: str | None = None

    @property
    def truth(self) -> tuple[Any, ...]:
        """All that is said of the image: copies of one image should agree in it."""
        return self.label, self.values, self.mask_digest


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What was seen of an image when it was scanned: size in pixels as stored, and Pillow's mode."""

    width: int
    height: int
    mode: str


class Reader(Protocol):
    """How the pixels of a sample are reached."""

    def open(self, sample: Sample, *, short_side: int | None = None) -> Image.Image:
        """Return the decoded, upright image in the mode it is stored in.

        Args:
            sample: which one.
            short_side: pixels that the caller needs of the short side; a JPEG at least twice as
                large is then decoded at a half, a quarter or an eighth of its size.

        Raises:
            DataError: the image cannot be read any more.
        """
        ...

    def read_bytes(self, sample: Sample) -> bytes:
        """Return the bytes that ``sample.digest`` belongs to (arrays: of the row)."""
        ...

    def facts(self, samples: Sequence[Sample]) -> list[ImageFacts]:
        """Return size and mode of each sample without decoding."""
        ...

    def thumbnails(self, samples: Sequence[Sample]) -> NDArray[np.uint8]:
        """Return grey thumbnails, shape (n, 32, 32), without decoding."""
        ...


class Masks(Protocol):
    """How the mask of a sample is reached."""

    def read(self, sample: Sample) -> NDArray[np.int64]:
        """Return the class of each pixel as stored, (h, w); 255 where none counts.

        Raises:
            DataError: the mask cannot be read any more.
        """
        ...


@dataclass(frozen=True)
class ImageSet:
    """Labelled images, listed but not loaded.

    ``classes``: names of the classes, the tags, or the masks' classes; empty for numbers.
    ``label_names``: columns of numbers that are labels. ``number_names`` and ``category_names``: columns
    that are further inputs, the latter with their ``category_values``.
    ``excluded``: images that the user left out, without their labels. ``found``: labels, as they were found,
    of the images that were left out or given another label. ``unreadable``: why an image is not used, by key.
    """

    source: str
    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    problems: tuple[Problem, ...]
    num_skipped: int
    num_duplicates: int
    reader: Reader = field(compare=False, repr=False)
    num_hidden: int = 0
    num_other: int = 0
    label_kind: LabelKind = "category"
    label_names: tuple[str, ...] = ()
    number_names: tuple[str, ...] = ()
    category_names: tuple[str, ...] = ()
    category_values: tuple[tuple[str, ...], ...] = ()
    masks: Masks | None = field(default=None, compare=False, repr=False)
    excluded: tuple[Sample, ...] = ()
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)
    unreadable: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.samples)

    def of_split(self, split: Split | None) -> list[int]:
        """Return the positions in ``samples`` of one split, in order."""
        return [i for i, s in enumerate(self.samples) if s.split == split]

    @property
    def num_targets(self) -> int:
        """How many classes, tags or numbers there are to predict."""
        return len(self.label_names) if self.label_kind == "number" else len(self.classes)

    def labels(self, indices: Iterable[int]) -> NDArray[Any]:
        """Return the labels at ``indices``.

        Returns:
            category: int64 (n,), -1 where an image has none. number: float32 (n, m). tags: float32 (n, k),
            0 or 1. mask: float32 (n, k), share of the pixels that count per class; the masks themselves
            come from ``read_mask``. Not a number where an image has no labels.
        """
        if self.label_kind == "category":
            labels = [self.samples[i].label for i in indices]
            return np.array([-1 if x is None else x for x in labels], dtype=np.int64)
        absent = (float("nan"),) * self.num_targets
        rows = [absent if (v := self.samples[i].values) is None else v for i in indices]
        return np.array(rows, dtype=np.float32).reshape(-1, self.num_targets)

    def label_words(self, index: int) -> tuple[str, ...]:
        """Return the class of a sample, its tags or its numbers; nothing without a label, or of masks."""
        sample = self.samples[index]
        if self.label_kind == "category":
            return () if sample.label is None else (self.classes[sample.label],)
        if sample.values is None or self.label_kind == "mask":
            return ()
        if self.label_kind == "tags":
            return tuple(tag for tag, v in zip(self.classes, sample.values, strict=True) if v)
        return tuple(f"{v:g}" for v in sample.values)

    def numbers(self, indices: Iterable[int]) -> NDArray[np.float32]:
        """Return the numbers that are further inputs, float32 (n, c)."""
        rows = [self.samples[i].numbers for i in indices]
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(self.number_names))

    def categories(self, indices: Iterable[int]) -> NDArray[np.int64]:
        """Return the categories that are further inputs, int64 (n, c); -1 for one never seen before."""
        rows = [self.samples[i].categories for i in indices]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.category_names))

    def read_mask(
        self, index: int, size: tuple[int, int] | int, *, crop_share: float = 1.0
    ) -> NDArray[np.int64]:
        """Return the mask of one image over the very pixels of its canvas.

        Args:
            index: position in ``samples``.
            size: height and width of the canvas, or its side.
            crop_share: of the transform that makes the canvas.

        Returns:
            int64 (h, w): class of each pixel, 255 where none counts.

        Raises:
            DataError: the images have no masks, or this one cannot be read any more.
        """
        if self.masks is None:
            raise DataError(
                f"{self.source} has no masks.", hint="Open it with label_kind: mask, and masks beside it."
            )
        side = (size, size) if isinstance(size, int) else size
        return mask_canvas(self.masks.read(self.samples[index]), side, crop_share=crop_share)

    def counts(self) -> dict[Split, NDArray[np.int64]]:
        """Return the images per class, tag or class of masks of each split that has any; nothing of numbers."""
        if self.label_kind == "number":
            return {}
        found = {s: self.labels(self.of_split(s)) for s in SPLITS}
        if self.label_kind != "category":
            return {s: (x > 0).sum(0).astype(np.int64) for s, x in found.items() if len(x)}
        return {s: np.bincount(x[x >= 0], minlength=len(self.classes)) for s, x in found.items() if len(x)}

    def digest(self) -> str:
        """Return a SHA-256 (hex) over keys, labels by name, bytes and splits of all samples."""
        digest = hashlib.sha256()
        for s in self.samples:
            name = None if s.label is None else self.classes[s.label]
            content: list[Any] = [s.key, name, s.digest, s.split]
            chosen = [
                v[i] if i >= 0 else None for v, i in zip(self.category_values, s.categories, strict=True)
            ]
            further = [s.values, s.numbers, chosen, s.mask_digest]
            content += [further] if any(x not in (None, (), []) for x in further) else []
            digest.update(json.dumps(content).encode() + b"\n")
        digest.update(json.dumps(self.classes).encode())
        if names := (*self.label_names, *self.number_names, *self.category_names):
            digest.update(json.dumps([self.label_kind, names]).encode())
        return digest.hexdigest()

    def subset(self, indices: Iterable[int]) -> ImageSet:
        """Return a set of the samples at ``indices``, classes unchanged."""
        return replace(self, samples=tuple(self.samples[i] for i in indices))


def natural_order(text: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key in which numbers count as numbers: class 2 comes before class 10.

    >>> sorted(["b", "class 10", "class 2"], key=natural_order)
    ['b', 'class 2', 'class 10']
    """
    parts = re.findall(r"\d+|\D+", text.casefold())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts), text

"""What all of the data layer speaks about: samples, sets of them, and how their pixels are reached."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.documents.problem import Problem

__all__ = ["SPLITS", "ImageFacts", "ImageSet", "Reader", "Sample", "Split", "natural_order"]

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
    """

    key: str
    label: int | None
    split: Split | None
    group: str | None
    digest: str


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


@dataclass(frozen=True)
class ImageSet:
    """Labelled images, listed but not loaded."""

    source: str
    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    problems: tuple[Problem, ...]
    num_skipped: int
    num_duplicates: int
    reader: Reader = field(compare=False, repr=False)
    num_hidden: int = 0
    num_other: int = 0

    def __len__(self) -> int:
        return len(self.samples)

    def of_split(self, split: Split | None) -> list[int]:
        """Return the positions in ``samples`` of one split, in order."""
        return [i for i, s in enumerate(self.samples) if s.split == split]

    def labels(self, indices: Iterable[int]) -> NDArray[np.int64]:
        """Return the labels at ``indices``, shape (n,); -1 where an image has none."""
        labels = [self.samples[i].label for i in indices]
        return np.array([-1 if x is None else x for x in labels], dtype=np.int64)

    def counts(self) -> dict[Split, NDArray[np.int64]]:
        """Return the images per class of each split that has any."""
        found = {s: self.labels(self.of_split(s)) for s in SPLITS}
        return {s: np.bincount(x[x >= 0], minlength=len(self.classes)) for s, x in found.items() if len(x)}

    def digest(self) -> str:
        """Return a SHA-256 (hex) over keys, labels by name, bytes and splits of all samples."""
        digest = hashlib.sha256()
        for s in self.samples:
            name = None if s.label is None else self.classes[s.label]
            digest.update(json.dumps([s.key, name, s.digest, s.split]).encode() + b"\n")
        digest.update(json.dumps(self.classes).encode())
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

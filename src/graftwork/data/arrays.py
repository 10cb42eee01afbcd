"""Images that lie in arrays, in memory or memory-mapped."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data.decode import THUMBNAIL_SIDE, make_thumbnail
from graftwork.data.sample import ImageFacts, LabelKind, Sample, Split
from graftwork.errors import DataError

__all__ = ["ArrayReader", "ArraySource", "array_pairs", "load_arrays", "row_digest"]

_PAIRS = (("images", "labels"), ("x", "y"), ("X", "y"), ("data", "labels"), ("data", "target"))
_PARTS: tuple[tuple[str, str, Split], ...] = (
    ("train_images", "train_labels", "train"),
    ("val_images", "val_labels", "validation"),
    ("test_images", "test_labels", "test"),
    ("x_train", "y_train", "train"),
    ("x_val", "y_val", "validation"),
    ("x_test", "y_test", "test"),
)


@dataclass(frozen=True)
class ArraySource:
    """Checked images and labels: images (n, h, w) or (n, h, w, c), labels as class names.

    Other kinds of labels are in ``values``: numbers (n, m), tags (n, k), masks (n, h, w), and ``names`` are
    those of the columns.
    """

    images: NDArray[Any]
    labels: Sequence[str | None]
    splits: Sequence[Split | None]
    values: NDArray[Any] | None = None
    names: tuple[str, ...] = ()


def load_arrays(source: Path | tuple[Any, Any], kind: LabelKind = "category") -> ArraySource:
    """Return the images and labels of an ``.npz``, an ``.npy`` pair, or a pair of arrays.

    An ``.npz`` holds ``images`` and ``labels`` (also x and y, data and target), optionally ``classes``
    (names that integer labels point to), or parts such as ``train_images`` and ``x_test``. An ``.npy``
    pair is ``images.npy`` beside ``labels.npy``; its images are memory-mapped. Labels of other kinds are
    numbers (n,) or (n, m), tags (n, k), and masks (n, h, w), in the place of labels or as ``masks``.

    Raises:
        DataError: arrays missing, of unequal length, or no images.
    """
    if isinstance(source, tuple):
        images, labels = source
        return _checked("the arrays", np.asarray(images), np.asarray(labels), None, None, kind)
    if source.suffix.lower() == ".npz":
        return _load_npz(source, kind)
    folder = source if source.is_dir() else source.parent
    images = _load_npy(folder / "images.npy" if source.is_dir() else source, mmap_mode="r")
    return _checked(str(source), images, _load_npy(folder / "labels.npy"), None, None, kind)


def _load_npy(path: Path, mmap_mode: Any = None) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"The array file {path} cannot be read: {error}.",
            hint="Wanted are images.npy and labels.npy side by side, saved without pickled objects.",
        ) from error
    return array


def _load_npz(path: Path, kind: LabelKind) -> ArraySource:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, BadZipFile, zlib.error) as error:
        raise DataError(f"The array file {path} cannot be read: {str(error).rstrip('.')}.") from error
    names, pairs = content.get("classes"), array_pairs(content, kind)
    if len(pairs) == 1 and pairs[0][2] is None:
        return _checked(str(path), content[pairs[0][0]], content[pairs[0][1]], None, names, kind)
    parts = [(content[x], content[y], split) for x, y, split in pairs]
    if not parts:
        raise DataError(
            f"The file {path} holds no arrays named images and labels; it holds: {', '.join(content)}.",
            hint="Save it with numpy.savez(path, images=…, labels=…).",
        )
    images = np.concatenate([p[0] for p in parts])
    labels = np.concatenate([p[1] if p[1].ndim > 1 else p[1].reshape(len(p[0]), -1) for p in parts])
    splits: list[Split | None] = [p[2] for p in parts for _ in range(len(p[0]))]
    return _checked(str(path), images, labels, splits, names, kind)


def array_pairs(names: Collection[str], kind: LabelKind) -> list[tuple[str, str, Split | None]]:
    """Return which arrays of a file are images and their labels: one pair, or one for each split."""
    for x, y in ((("images", "masks"),) if kind == "mask" else ()) + _PAIRS:
        if x in names and y in names:
            return [(x, y, None)]
    return [(x, y, split) for x, y, split in _PARTS if x in names and y in names]


def _checked(
    name: str,
    images: NDArray[Any],
    labels: NDArray[Any],
    splits: list[Split | None] | None,
    class_names: NDArray[Any] | None,
    kind: LabelKind,
) -> ArraySource:
    images = _checked_images(name, images)
    if kind != "category":
        values, names = _checked_values(name, images, labels, class_names, kind)
        return ArraySource(images, [None] * len(images), splits or [None] * len(images), values, names)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(
            f"Images (n, h, w) or (n, h, w, c) and labels (n,) are wanted, {name} gives "
            f"{images.shape} and {labels.shape}."
        )
    named = class_names is not None and np.issubdtype(labels.dtype, np.integer)
    texts: list[str | None] = [
        str(class_names[int(x)]) if named and class_names is not None else _text(x) for x in labels
    ]
    return ArraySource(images, texts, splits or [None] * len(labels))


def _checked_images(name: str, images: NDArray[Any]) -> NDArray[Any]:
    """Return images (n, h, w) or (n, h, w, c), c = 1, 3 or 4."""
    if images.ndim not in (3, 4):
        raise DataError(f"Images (n, h, w) or (n, h, w, c) are wanted, {name} gives {images.shape}.")
    if images.ndim == 4 and images.shape[-1] not in (1, 3, 4):
        if images.shape[1] not in (1, 3, 4):
            raise DataError(f"Images have 1, 3 or 4 channels; {name} gives the shape {images.shape}.")
        images = np.moveaxis(images, 1, -1)
    _check_range(name, images)
    return images


def _checked_values(
    name: str, images: NDArray[Any], labels: NDArray[Any], names: NDArray[Any] | None, kind: LabelKind
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels that are no classes, (n, m) or (n, h, w), and the names of their columns."""
    is_mask = kind == "mask"
    if kind == "number" and labels.ndim == 1:
        labels = labels[:, None]
    is_number = np.issubdtype(labels.dtype, np.number) or labels.dtype == np.bool_
    fits = labels.shape == images.shape[:3] if is_mask else labels.ndim == 2 and len(labels) == len(images)
    if not fits or not is_number:
        wanted = {"number": "(n,) or (n, m)", "tags": "(n, k)", "mask": "(n, h, w)"}[kind]
        raise DataError(
            f"Labels of the kind '{kind}' are numbers {wanted} for {len(images)} images; {name} gives "
            f"{labels.dtype} {labels.shape}."
        )
    if is_mask:
        if (np.asarray(labels) < 0).any() or (labels != np.floor(labels)).any():
            raise DataError(f"Masks hold whole numbers from 0; those of {name} do not.", hint="Correct them.")
        return labels, ()
    if not np.isfinite(labels.astype(np.float64)).all():
        raise DataError(f"Labels of {name} are missing or infinite.", hint="Leave these images out.")
    if kind == "tags" and not np.isin(labels, (0, 1)).all():
        raise DataError(f"Tags are 0 or 1; the labels of {name} are not.", hint="Scale them first.")
    width = labels.shape[1]
    if names is not None and len(names) == width:
        return labels.astype(np.float64), tuple(map(str, names))
    single = "number" if kind == "number" else "tag"
    return labels.astype(np.float64), (single,) if width == 1 else tuple(
        f"{single} {i}" for i in range(width)
    )


def _text(label: Any) -> str:
    return str(int(label)) if isinstance(label, np.floating) and float(label).is_integer() else str(label)


def _check_range(name: str, images: NDArray[Any]) -> None:
    """Refuse numbers whose meaning would have to be guessed: guesses differ from one array to the next."""
    kind = images.dtype
    if kind in (np.uint8, np.uint16, np.bool_) or not len(images):
        return
    low, high = float(images.min()), float(images.max())
    if np.issubdtype(kind, np.integer) and low >= 0 and high <= 255:
        return
    if np.issubdtype(kind, np.floating) and low >= 0 and high <= 1:
        return
    raise DataError(
        f"Pixels of {name} are {kind} from {low:g} to {high:g}; whole numbers 0 to 255, uint16, or "
        "fractions 0 to 1 are wanted.",
        hint="Scale them first.",
    )


def row_digest(row: NDArray[Any]) -> str:
    """Return the SHA-256 (hex) over shape, dtype and bytes of one image."""
    digest = hashlib.sha256(f"{row.shape} {row.dtype.str} ".encode())
    digest.update(np.ascontiguousarray(row).tobytes())
    return digest.hexdigest()


class ArrayReader:
    """Reads rows of an image array; keys are ``row:0``, ``row:1``, …"""

    def __init__(self, images: NDArray[Any]) -> None:
        self._images = images

    def row(self, sample: Sample) -> NDArray[Any]:
        """Return the sample's image as it lies in the array."""
        row: NDArray[Any] = self._images[int(sample.key.removeprefix("row:"))]
        return row

    def read_bytes(self, sample: Sample) -> bytes:
        """Return the bytes of the row."""
        return np.ascontiguousarray(self.row(sample)).tobytes()

    def open(self, sample: Sample, *, short_side: int | None = None) -> Image.Image:
        """Return the row as an image; ``short_side`` changes nothing."""
        del short_side
        pixels = _as_bytes(self.row(sample))
        return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)

    def facts(self, samples: Sequence[Sample]) -> list[ImageFacts]:
        """Return size and mode; all rows are alike."""
        height, width = self._images.shape[1:3]
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[self._images.shape[3] if self._images.ndim == 4 else 1]
        return [ImageFacts(width, height, mode)] * len(samples)

    def thumbnails(self, samples: Sequence[Sample]) -> NDArray[np.uint8]:
        """Return thumbnails, shape (n, 32, 32)."""
        rows = [make_thumbnail(self.open(s)) for s in samples]
        return np.stack(rows) if rows else np.zeros((0, THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)


def _as_bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / 257.0)
    elif pixels.dtype == np.bool_ or np.issubdtype(pixels.dtype, np.floating):
        pixels = np.rint(pixels * 255.0)
    return np.ascontiguousarray(pixels.astype(np.uint8))

"""Masks: which belongs to which image, which values they hold, and their pixels as classes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data.decode import UndecodableImage, decode_image
from graftwork.data.files import Entry, Listing, read_file
from graftwork.data.folder import image_names_below, split_of_name
from graftwork.data.sample import Sample
from graftwork.documents.problem import Problem
from graftwork.errors import DataError

__all__ = [
    "IGNORED",
    "ArrayMasks",
    "FileMasks",
    "MaskFacts",
    "array_mask_facts",
    "class_values",
    "has_mask_folder",
    "list_mask_folders",
    "scan_masks",
]

IGNORED = 255
"""Value of pixels that do not count, where 255 is not the only value beside 0."""

_IMAGE_FOLDERS = frozenset({"images", "image", "imgs"})
_MASK_FOLDERS = frozenset({"masks", "mask", "labels", "annotations"})
_MASK_ENDINGS = ("_mask", "-mask", "_seg", "_labels")
_MAX_CLASSES = 256
_NUM_THREADS = 2


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """What one read of a mask told: pixels per value, size, digest of its bytes. ``broken`` says why not."""

    counts: Mapping[int, int]
    width: int
    height: int
    digest: str
    broken: str | None = None


def list_mask_folders(root: Path, *, need_labels: bool = True) -> Listing:
    """Return the images of folders named ``images`` with the masks of the same name in ``masks`` beside.

    Split folders may lie above or below: ``train/images/1.jpg`` with ``train/masks/1.png``. A mask may be
    called ``1_mask.png``.

    Raises:
        DataError: two images or masks of one name.
    """
    listing = Listing()
    images: dict[tuple[tuple[str, ...], str], PurePosixPath] = {}
    masks: dict[tuple[tuple[str, ...], str], PurePosixPath] = {}
    for name in image_names_below(root, listing):
        found = _place(name)
        if found is None:
            listing.num_other += 1
            continue
        is_mask, place = found
        other = (masks if is_mask else images).setdefault(place, name)
        if other != name:
            raise DataError(
                f"{root / other} and {root / name} have one name, so that it is open which is meant.",
                hint="Rename one of them.",
            )
    alone = []
    for place, name in sorted(images.items(), key=lambda x: str(x[1])):
        mask = masks.pop(place, None)
        if mask is None and need_labels:
            alone.append(str(name))
            continue
        split = next((s for part in place[0] if (s := split_of_name(part))), None)
        path = None if mask is None else root / mask
        listing.entries.append(Entry(name.as_posix(), root / name, None, split, mask=path))
    listing.num_other += len(alone)
    _report(listing, alone, f"images in {root} have no mask and are left out")
    _report(listing, sorted(map(str, masks.values())), f"masks in {root} belong to no image")
    return listing


def has_mask_folder(names: Sequence[PurePosixPath]) -> bool:
    """Return whether any of these files lies in a folder called as those of masks are."""
    return any(
        part.casefold() in _MASK_FOLDERS for folder in {n.parent for n in names} for part in folder.parts
    )


def _place(name: PurePosixPath) -> tuple[bool, tuple[tuple[str, ...], str]] | None:
    """Return whether a file is a mask, and what it shares with its partner; None in neither folder."""
    folders = name.parts[:-1]
    for i, folder in enumerate(folders):
        is_mask = folder.casefold() in _MASK_FOLDERS
        if is_mask or folder.casefold() in _IMAGE_FOLDERS:
            stem = name.stem
            if is_mask:
                stem = next((stem.removesuffix(e) for e in _MASK_ENDINGS if stem.endswith(e)), stem)
            return is_mask, ((*folders[:i], *folders[i + 1 :]), stem)
    return None


def _report(listing: Listing, names: Sequence[str], what: str) -> None:
    if names:
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        listing.problems.append(Problem(level="warning", message=f"{len(names)} {what}: {some}."))


def scan_masks(paths: Sequence[Path]) -> list[MaskFacts]:
    """Return the facts of mask files; each is read once. What cannot be used comes back as broken."""
    with ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="scan") as pool:
        return list(pool.map(_scan_mask, paths))


def _scan_mask(path: Path) -> MaskFacts:
    try:
        data = read_file(path)
        pixels = _pixels(decode_image(data))
    except OSError as error:
        return MaskFacts({}, 0, 0, "", (error.strerror or type(error).__name__).lower())
    except UndecodableImage as error:
        return MaskFacts({}, 0, 0, "", str(error))
    counts = _count(pixels)
    height, width = pixels.shape
    broken = None
    if len(counts) > _MAX_CLASSES or (path.suffix.lower() in (".jpg", ".jpeg") and len(counts) > 2):
        broken = f"it has {len(counts)} values; a mask is a PNG, since JPEG blurs its values"
    return MaskFacts(counts, width, height, hashlib.sha256(data).hexdigest(), broken)


def array_mask_facts(mask: NDArray[np.generic]) -> MaskFacts:
    """Return the facts of a mask in an array, (h, w)."""
    pixels = np.ascontiguousarray(mask).astype(np.int64)
    height, width = pixels.shape
    return MaskFacts(_count(pixels), width, height, hashlib.sha256(pixels.tobytes()).hexdigest())


def _count(pixels: NDArray[np.int64]) -> dict[int, int]:
    values, counts = np.unique(pixels, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _pixels(image: Image.Image) -> NDArray[np.int64]:
    """Return the values of a grey, palette or two-valued image as they are stored, (h, w).

    Raises:
        UndecodableImage: a colored one.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 3:
        gray = pixels[..., 0]
        colors = 1 if pixels.shape[2] == 2 else 3
        if image.mode not in ("RGB", "RGBA", "LA") or (pixels[..., :colors] != gray[..., None]).any():
            raise UndecodableImage("it has colors; a mask has one value per pixel, gray or palette")
        pixels = gray
    if np.issubdtype(pixels.dtype, np.floating) or int(pixels.min(initial=0)) < 0:
        raise UndecodableImage("its values are no whole numbers from 0")
    return pixels.astype(np.int64)


def class_values(
    found: Sequence[Mapping[int, int]], classes: Sequence[str] | None, source: str
) -> tuple[int, ...]:
    """Return the mask value of each class, in the order of the classes.

    Without ``classes``: all values found, ascending; 255 only when nothing but 0 stands beside it.

    Raises:
        DataError: fewer than two classes, more than 256, or values that are not among ``classes``.
    """
    present = {value for counts in found for value in counts}
    if classes is None:
        values = sorted(present if present <= {0, IGNORED} else present - {IGNORED})
        if not 2 <= len(values) <= _MAX_CLASSES:
            raise DataError(
                f"The masks of {source} hold {len(values)} classes; 2 to {_MAX_CLASSES} are wanted.",
                hint="The value of a pixel is its class; 255 marks pixels that do not count.",
            )
        return tuple(values)
    known = tuple(int(c) for c in classes if c.isdecimal())
    unknown = sorted(present - {*known, IGNORED})
    if len(known) != len(classes) or unknown:
        raise DataError(
            f"The masks of {source} hold the values {', '.join(map(str, unknown or sorted(present)))}, the "
            f"classes are {', '.join(classes)}.",
            hint="Correct the masks.",
        )
    return known


def _to_classes(pixels: NDArray[np.int64], values: Sequence[int], name: str) -> NDArray[np.int64]:
    table = np.full(max(IGNORED, *values) + 1, -1, np.int64)
    table[IGNORED] = IGNORED
    table[list(values)] = np.arange(len(values))
    inside = pixels <= len(table) - 1
    ids = np.where(inside, table[np.where(inside, pixels, 0)], -1)
    if (ids < 0).any():
        raise DataError(
            f"The mask {name} holds the value {int(pixels[ids < 0][0])}, which it did not when the data was "
            "opened.",
            hint="Open the data again.",
        )
    return ids


class FileMasks:
    """Reads mask files by the key of their sample; ``values`` are those of the classes."""

    def __init__(self, paths: Mapping[str, Path], values: Sequence[int]) -> None:
        self._paths, self._values = dict(paths), tuple(values)

    def read(self, sample: Sample) -> NDArray[np.int64]:
        """Return the class of each pixel; see ``Masks.read``."""
        path = self._paths.get(sample.key)
        if path is None:
            raise DataError(f"The image {sample.key} has no mask.", hint="Add one beside it.")
        try:
            pixels = _pixels(decode_image(read_file(path)))
        except (OSError, UndecodableImage) as error:
            raise DataError(
                f"The mask {path} was readable when the data was opened and is not any more: {error}.",
                hint="Restore the file, or open the data again so that it is left out.",
                path=str(path),
            ) from error
        return _to_classes(pixels, self._values, str(path))


class ArrayMasks:
    """Reads masks from an array (n, h, w); keys are ``row:0``, ``row:1``, …"""

    def __init__(self, masks: NDArray[np.generic], values: Sequence[int]) -> None:
        self._masks, self._values = masks, tuple(values)

    def read(self, sample: Sample) -> NDArray[np.int64]:
        """Return the class of each pixel; see ``Masks.read``."""
        row = self._masks[int(sample.key.removeprefix("row:"))]
        return _to_classes(np.asarray(row).astype(np.int64), self._values, sample.key)

"""Folders of images: a folder per class, with or without split folders above."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from graftwork.data.files import Entry, Listing
from graftwork.data.sample import Split
from graftwork.documents.problem import Problem

__all__ = [
    "IMAGE_SUFFIXES",
    "image_names_below",
    "is_image_name",
    "label_by_folder",
    "list_folder",
    "split_of_name",
]

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
    | {".pbm", ".pnm", ".tga", ".jp2", ".avif", ".mpo", ".dib"}
)
_SYSTEM_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}


def is_image_name(name: str) -> bool:
    """Return whether a file of this name is taken for an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def split_of_name(name: str) -> Split | None:
    """Return the split that a folder or a table cell of this name means, if any."""
    return _SPLIT_NAMES.get(name.strip().casefold())


def list_folder(root: Path, *, need_labels: bool = True) -> Listing:
    """Return all images below ``root`` with class and split from their folders.

    With folders such as ``train`` and ``test`` directly below the root, the class is the folder below
    them; else the folder directly below the root. Deeper folders belong to their class.

    Args:
        root: the folder.
        need_labels: images that lie in no class folder are left out and counted; else they are kept
            without a label.
    """
    listing = Listing()
    return label_by_folder(root, image_names_below(root, listing), listing, need_labels=need_labels)


def label_by_folder(
    root: Path, names: list[PurePosixPath], listing: Listing, *, need_labels: bool = True
) -> Listing:
    """Add the images of these names to ``listing``, as ``list_folder`` says, and return it."""
    # A class may be called "train" or "test"; a split folder has class folders below it.
    splits = {split_of_name(n.parts[0]) for n in names if len(n.parts) > 2}
    use_splits = bool(splits & {"train", "test"})
    beside = []
    for name in names:
        split = split_of_name(name.parts[0]) if use_splits and len(name.parts) > 1 else None
        folders = name.parts[1 if split else 0 : -1]
        if need_labels and (not folders or (use_splits and not split)):
            beside.append(name)
            continue
        class_name = folders[0] if folders else None
        listing.entries.append(Entry(name.as_posix(), root / name, class_name, split))
    if beside:
        listing.num_other += len(beside)
        listing.problems.append(_beside(root, beside))
    return listing


def _beside(root: Path, names: list[PurePosixPath]) -> Problem:
    some = ", ".join(map(str, names[:5])) + (", …" if len(names) > 5 else "")
    return Problem(
        level="warning",
        message=f"{len(names)} images in {root} lie in no class folder and are left out: {some}.",
        hint="Move them into the folder of their class.",
    )


def image_names_below(root: Path, listing: Listing) -> list[PurePosixPath]:
    """Return the image files below ``root``, sorted; hidden and other files are only counted."""
    names = []
    for folder, files in _walk(root):
        place = PurePosixPath(Path(folder).relative_to(root).as_posix())
        seen = False
        for name in files:
            if _is_hidden(name):
                listing.num_hidden += 1
            elif is_image_name(name):
                names.append(place / name)
                seen = True
            else:
                listing.num_other += 1
        if not seen and not os.path.samefile(folder, root) and not _has_folders(folder):
            listing.problems.append(Problem(level="warning", message=f"The folder {folder} holds no image."))
    return sorted(names, key=str)


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Walk visible folders, links too, each real folder once."""
    seen = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(f for f in folders if not _is_hidden(f))
        yield folder, files


def _has_folders(folder: str) -> bool:
    with os.scandir(folder) as found:
        return any(e.is_dir() and not _is_hidden(e.name) for e in found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _SYSTEM_NAMES

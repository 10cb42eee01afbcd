"""What lies in a folder, for choosing data: folders first, then files, each with its kind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from graftwork.data.folder import is_image_name
from graftwork.errors import UsageError
from graftwork.server.documents import FileItem, FileListing
from graftwork.server.roots import Roots

__all__ = ["list_folder"]

_MOST_ITEMS = 1_000
_KINDS: dict[str, Literal["table", "arrays", "archive", "weights", "flow"]] = {
    ".csv": "table",
    ".tsv": "table",
    ".parquet": "table",
    ".npz": "arrays",
    ".npy": "arrays",
    ".zip": "archive",
    ".tar": "archive",
    ".tgz": "archive",
    ".gz": "archive",
    ".xz": "archive",
    ".safetensors": "weights",
    ".pth": "weights",
    ".pt": "weights",
    ".pt2": "weights",
    ".keras": "weights",
    ".h5": "weights",
    ".yaml": "flow",
}


def list_folder(folder: Path, roots: Roots) -> FileListing:
    """Return the entries of ``folder``; hidden ones are left out, images beyond the first ones counted only.

    Raises:
        UsageError: no folder, or one that may not be read.
    """
    items: list[FileItem] = []
    num_images = 0
    is_cut = False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                item = _item(entry)
                num_images += item.kind == "image"
                if len(items) < _MOST_ITEMS:
                    items.append(item)
                else:
                    is_cut = True
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be listed: {error.strerror}.", hint="Choose another folder."
        ) from error
    items.sort(key=lambda i: (i.kind != "folder", i.kind == "image", i.name.lower()))
    above = folder.parent if folder != folder.parent and roots.top_of(folder.parent) else None
    return FileListing(
        path=str(folder),
        parent=None if above is None else str(above),
        items=tuple(items),
        num_images=num_images,
        is_cut=is_cut,
    )


def _item(entry: os.DirEntry[str]) -> FileItem:
    if entry.is_dir():
        return FileItem(name=entry.name, path=entry.path, kind="folder")
    kind = "image" if is_image_name(entry.name) else _KINDS.get(Path(entry.name).suffix.lower(), "other")
    try:
        size = entry.stat().st_size
    except OSError:
        size = None
    return FileItem(name=entry.name, path=entry.path, kind=kind, size=size)

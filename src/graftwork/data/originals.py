"""Single images of a source by their key, listed but not scanned: for pictures of many images at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from graftwork.data.arrays import ArrayReader, ArraySource, row_digest
from graftwork.data.decode import UndecodableImage, decode_image
from graftwork.data.files import read_file
from graftwork.data.folder import list_folder
from graftwork.data.opening import columns_of
from graftwork.data.sample import Sample
from graftwork.data.sources import find_source, list_source
from graftwork.errors import DataError, UnknownName
from graftwork.graph.contracts import ImagesSettings

__all__ = ["Originals"]


class Originals:
    """The images that an images node names, whether excluded, readable or not.

    Args:
        settings: of the node; corrections do not matter.

    Raises:
        DataError: there is nothing there.
    """

    def __init__(self, settings: ImagesSettings) -> None:
        self._name = settings.source
        self._rows: ArrayReader | None = None
        self._num_rows = 0
        self._paths: dict[str, Path] = {}
        self._folder: Path | None = None
        place = find_source(settings.source, settings.label_kind)
        if isinstance(place, ArraySource):
            self._rows, self._num_rows = ArrayReader(place.images), len(place.images)
        else:
            listing = list_source(place, columns_of(settings))
            self._folder = place if place.is_dir() else None
            self._paths = {e.key: e.path.absolute() for e in listing.entries}

    def path(self, key: str) -> Path | None:
        """Return the file of an image; None for a row of an array.

        Raises:
            UnknownName: no image of that key.
        """
        return None if self._rows is not None else self._path(key)

    def has(self, key: str) -> bool:
        """Return whether there is an image of that key; of files, whether the file is there."""
        try:
            self.state(key)
        except (DataError, UnknownName):
            return False
        return True

    def state(self, key: str) -> str:
        """Return what changes when an image's file changes; costs no reading.

        Raises:
            UnknownName: no image of that key.
            DataError: the file is gone.
        """
        if self._rows is not None:
            self._row(key)
            return key
        try:
            facts = self._path(key).stat()
        except OSError as error:
            raise self._unreadable(key, error.strerror or "it is gone") from error
        return f"{key}:{facts.st_size}:{facts.st_mtime_ns}"

    def digest(self, key: str) -> str:
        """Return the SHA-256 (hex) that samples carry: of the file's bytes, or of the row.

        Raises:
            UnknownName: no image of that key.
            DataError: the file cannot be read.
        """
        if self._rows is not None:
            return row_digest(self._rows.row(self._row(key)))
        return hashlib.sha256(self._bytes(key)).hexdigest()

    def open(
        self, key: str, *, short_side: int, on_header: Callable[[tuple[int, int]], object] | None = None
    ) -> Image.Image:
        """Return the decoded, upright image; a large JPEG at a fraction of its size.

        Args:
            key: of the image.
            short_side: pixels needed of the short side.
            on_header: of files, is told (width, height) before anything is decoded.

        Raises:
            UnknownName: no image of that key.
            DataError: it cannot be read.
        """
        if self._rows is not None:
            return self._rows.open(self._row(key))
        try:
            return decode_image(self._bytes(key), short_side=short_side, on_header=on_header)
        except UndecodableImage as error:
            raise self._unreadable(key, str(error)) from error

    def _row(self, key: str) -> Sample:
        number = key.removeprefix("row:")
        if not (
            key.startswith("row:")
            and number.isdecimal()
            and len(number) < 20
            and int(number) < self._num_rows
        ):
            raise self._unknown(key)
        return Sample(key, None, None, None, "")

    def _path(self, key: str) -> Path:
        if key not in self._paths:
            self._add_unlabelled()
        if key not in self._paths:
            raise self._unknown(key)
        return self._paths[key]

    def _add_unlabelled(self) -> None:
        """List images that lie in no class folder too; they are shown beside others."""
        if self._folder is not None:
            loose = list_folder(self._folder, need_labels=False)
            self._paths = {e.key: e.path.absolute() for e in loose.entries} | self._paths
            self._folder = None

    def _bytes(self, key: str) -> bytes:
        try:
            return read_file(self._path(key))
        except OSError as error:
            raise self._unreadable(key, error.strerror or type(error).__name__) from error

    def _unknown(self, key: str) -> UnknownName:
        return UnknownName(f"There is no image '{key}' in {self._name}.", hint="Look at the data again.")

    def _unreadable(self, key: str, reason: str) -> DataError:
        return DataError(
            f"The image {key} of {self._name} cannot be read: {reason[:1].lower()}{reason[1:]}.",
            hint="Restore the file, or exclude the image.",
            key=key,
        )

"""From the settings of an images node to its images: the one door for runs, plans, previews and checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from graftwork.data.sample import ImageSet
from graftwork.data.sources import open_images
from graftwork.data.table import TableColumns
from graftwork.graph.contracts import ImagesSettings

__all__ = ["columns_of", "index_path", "list_images"]

_AS_THEY_ARE = (
    "image_column",
    "label_column",
    "split_column",
    "group_column",
    "label_kind",
    "label_columns",
    "mask_column",
    "number_columns",
    "category_columns",
    "exclude",
    "relabel",
)


def list_images(
    settings: ImagesSettings,
    index: Path | None,
    *,
    classes: Sequence[str] | None = None,
    only_report: bool = False,
    watch: Callable[[int, int], object] | None = None,
) -> ImageSet:
    """Return the images that an images node names, corrected as it says, unsplit.

    Args:
        settings: source, columns and corrections.
        index: folder of what is remembered of files; None remembers nothing.
        classes: classes in order, of a run that is used on these images.
        only_report: whether data that cannot be trained on is opened all the same, to be looked at.
        watch: told of files that are read for the first time; see ``open_images``.

    Raises:
        DataError: as ``open_images`` says.
    """
    return open_images(
        settings.source,
        **{name: getattr(settings, name) for name in _AS_THEY_ARE},
        index_path=index_path(settings.source, index) if index is not None else None,
        classes=classes,
        only_report=only_report,
        watch=watch,
    )


def index_path(source: str, folder: Path) -> Path:
    """Return the file that remembers facts of the files of ``source``."""
    name = hashlib.sha256(str(Path(source).absolute()).encode()).hexdigest()[:16]
    return folder / f"{name}.sqlite"


def columns_of(settings: ImagesSettings) -> TableColumns:
    """Return the columns of a table that an images node names."""
    return TableColumns(
        settings.image_column,
        settings.label_column,
        settings.split_column,
        settings.group_column,
        settings.label_kind,
        settings.label_columns,
        settings.mask_column,
        settings.number_columns,
        settings.category_columns,
    )

"""What a folder, a table, an array file or a sample is, told without opening an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from graftwork.data.column_kinds import describe_columns
from graftwork.data.describe_arrays import describe_arrays
from graftwork.data.files import Listing
from graftwork.data.folder import image_names_below, is_image_name, label_by_folder
from graftwork.data.masks import has_mask_folder, list_mask_folders
from graftwork.data.samples import SAMPLE_PREFIX, open_sample
from graftwork.data.sources import are_arrays
from graftwork.data.table import TABLE_SUFFIXES, read_cells, tables_in
from graftwork.documents.problem import Problem
from graftwork.documents.source_card import ColumnCard, ColumnType, SourceCard
from graftwork.errors import DataError

__all__ = ["describe_source"]

_NUM_NAMED = 5
_MOST_LOOKED_AT = 10_000
_FLOWS = (".yaml", ".yml")
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".7z", ".rar")


def describe_source(path: str | Path) -> SourceCard:
    """Return what a source of images is, and settings of an images node that read it.

    No image is opened: names, cells of tables and heads of arrays are looked at.

    Args:
        path: folder, table, array file, or ``sample:NAME``.

    Raises:
        DataError: no such path, no images in it, or a file that is no source; each says what it is instead.
        UnknownName, MissingExtra: a sample that is not there.
    """
    name = str(path)
    if name.startswith(SAMPLE_PREFIX):
        return _sample(name)
    place = Path(path).expanduser()
    if not place.exists():
        raise DataError(f"There is no folder or file {place}.", hint=_nearby(place))
    if are_arrays(place):
        return describe_arrays(name, place)
    if place.is_file():
        if place.suffix.lower() not in TABLE_SUFFIXES:
            raise _no_source(place)
        return _table(name, place)
    return _folder(name, place)


def _nearby(place: Path) -> str:
    """Return a hint that names what lies where the path stops to exist."""
    above = next((p for p in place.parents if p.is_dir()), Path())
    found = sorted(p.name for p in above.iterdir() if not p.name.startswith("."))[:_NUM_NAMED]
    return f"{above} holds: {', '.join(found)}." if found else f"{above} is empty."


def _no_source(place: Path) -> DataError:
    suffix = place.suffix.lower()
    if is_image_name(place.name):
        return DataError(
            f"{place.name} is a single image; images are learned from a folder of them.",
            hint=f"Name the folder: {place.parent}.",
        )
    if suffix in _FLOWS:
        return DataError(
            f"{place.name} is a flow or another text file, no source of images.",
            hint="Open a flow as a flow; name the folder or the table of the images here.",
        )
    if suffix in _ARCHIVES:
        return DataError(
            f"{place.name} is an archive.", hint="Drop it onto the studio, or unpack it and name its folder."
        )
    return DataError(
        f"{place.name} is no source of images.",
        hint="Name a folder per class, a .csv, .tsv or .parquet table, or an .npz or .npy file.",
    )


def _folder(name: str, place: Path) -> SourceCard:
    seen = Listing()
    images = image_names_below(place, seen)  # the one walk: it may be a large folder
    num_files = len(images) + seen.num_other + seen.num_hidden
    tables = tables_in(place)
    arrays = sorted(place.glob("*.npz"))
    if not images and not tables and len(arrays) == 1:
        return describe_arrays(str(arrays[0]), arrays[0]).edit(source=name, num_files=num_files)
    if not images and len(tables) != 1:
        raise _no_images(place)
    if has_mask_folder(images) and (masks := _masks(name, place, num_files)) is not None:
        return masks
    listing = label_by_folder(place, images, seen)
    classes = Counter(e.class_name for e in listing.entries if e.class_name is not None)
    if len(tables) == 1 and len(classes) < 2:
        return _table(name, tables[0]).edit(num_files=num_files)
    if len(classes) < 2:
        return _unlabelled(name, len(images), num_files, listing, tables)
    splits = Counter(e.split for e in listing.entries if e.split is not None)
    columns = [
        ColumnCard(name="image", type="image", role="image", num_distinct=len(listing.entries)),
        _column("folder", "category", "label", classes),
        *(
            [_column("split folder", "category", "split", Counter(map(str, splits.elements())))]
            if splits
            else []
        ),
    ]
    return SourceCard(
        source=name,
        kind="folder",
        title=f"Folder of {len(classes)} classes" + (f" in {len(splits)} splits" if splits else ""),
        num_files=num_files,
        num_images=len(listing.entries),
        columns=tuple(columns),
        label_kind="category",
        settings={"source": name},
        problems=tuple(listing.problems),
    )


def _column(name: str, kind: ColumnType, role: Any, counted: Counter[str]) -> ColumnCard:
    examples = tuple(x for x, _ in counted.most_common(_NUM_NAMED))
    return ColumnCard(name=name, type=kind, role=role, num_distinct=len(counted), examples=examples)


def _no_images(place: Path) -> DataError:
    names = Counter(
        p.suffix.lower() or p.name for p in islice(place.rglob("*"), _MOST_LOOKED_AT) if p.is_file()
    )
    what = ", ".join(f"{n} {kind}" for kind, n in names.most_common(_NUM_NAMED))
    return DataError(
        f"{place} holds no image" + (f"; it holds {what} files." if what else "; it is empty."),
        hint="Name a folder with a folder of images per class, or a table that names images.",
    )


def _masks(name: str, place: Path, num_files: int) -> SourceCard | None:
    """Return the card of a folder whose images have masks; None of any other."""
    try:
        listing = list_mask_folders(place)
    except DataError:
        return None
    if not listing.entries:
        return None
    splits = Counter(str(e.split) for e in listing.entries if e.split is not None)
    masks = [e.mask.name for e in listing.entries[:_NUM_NAMED] if e.mask is not None]
    num = len(listing.entries)
    return SourceCard(
        source=name,
        kind="masks",
        title="Folder of images with masks",
        num_files=num_files,
        num_images=num,
        columns=(
            ColumnCard(name="image", type="image", role="image", num_distinct=num),
            ColumnCard(name="mask", type="mask", role="mask", num_distinct=num, examples=tuple(masks)),
            *([_column("split folder", "category", "split", splits)] if splits else []),
        ),
        label_kind="mask",
        settings={"source": name, "label_kind": "mask"},
        problems=tuple(listing.problems),
    )


def _unlabelled(name: str, num: int, num_files: int, listing: Listing, tables: Sequence[Path]) -> SourceCard:
    single = next((e.class_name for e in listing.entries), None)
    said = f"All images lie in the folder '{single}'" if single else "The images lie in no class folder"
    problem = Problem(
        level="error",
        message=f"{said}, and {'several tables lie' if tables else 'no table lies'} beside them.",
        hint=f"Name the table that says what they are: {', '.join(p.name for p in tables[:_NUM_NAMED])}."
        if tables
        else "Make one folder per class, or put a table with the columns image and label beside them.",
    )
    return SourceCard(
        source=name,
        kind="unlabelled",
        title="Images without labels",
        num_files=num_files,
        num_images=num,
        columns=(ColumnCard(name="image", type="image", role="image", num_distinct=num),),
        settings={"source": name},
        problems=(problem,),
    )


def _table(name: str, table: Path) -> SourceCard:
    cells = read_cells(table)
    if not cells or not len(next(iter(cells.values()))):
        raise DataError(f"The table {table} has no rows.", hint="One row per image is wanted.")
    found = describe_columns(cells)
    image = next(iter(found.of_role("image")), None)
    if image is None:
        raise DataError(
            f"No column of the table {table} names image files; it has: {', '.join(cells)}.",
            hint="One column holds paths such as photos/1.jpg, relative to the table.",
        )
    names = sorted({x for x in cells[image] if x is not None})
    problems = _missing_files(table, names)
    if found.label_kind is None:
        hint = "Name the column of labels, or add one."
        problems.append(Problem(level="error", message="No column looks like labels.", hint=hint))
    settings: dict[str, Any] = {"source": str(table) if Path(name).is_dir() else name, "image_column": image}
    labels = found.of_role("label")
    if found.label_kind not in (None, "category"):
        settings["label_kind"] = found.label_kind
    if len(labels) > 1:
        settings["label_columns"] = labels
    elif labels:
        settings["label_column"] = labels[0]
    for role in ("mask", "split", "group"):
        settings |= {f"{role}_column": column for column in found.of_role(role)}
    num_rows = len(cells[image])
    return SourceCard(
        source=name,
        kind="table",
        title=f"Table of {num_rows} rows and {len(cells)} columns",
        num_files=1 + len(names),
        num_images=len(names),
        columns=found.columns,
        label_kind=found.label_kind,
        settings=settings,
        problems=tuple(problems),
    )


def _missing_files(table: Path, names: Sequence[str]) -> list[Problem]:
    missing = [n for n in names if not (table.parent / n.replace("\\", "/")).is_file()]
    if not missing:
        return []
    more = f" and {len(missing) - _NUM_NAMED} more" if len(missing) > _NUM_NAMED else ""
    return [
        Problem(
            level="error",
            message=f"{len(missing)} of {len(names)} images named in the table do not exist: "
            f"{', '.join(missing[:_NUM_NAMED])}{more}.",
            hint=f"Paths are taken relative to {table.parent}.",
        )
    ]


def _sample(name: str) -> SourceCard:
    place = open_sample(name.removeprefix(SAMPLE_PREFIX))
    if isinstance(place, Path):
        card = _folder(name, place)
        return card.edit(source=name, kind="sample", title=_sample_title(name), settings={"source": name})
    labels = Counter(x for x in place.labels if x is not None)
    num = len(place.images)
    return SourceCard(
        source=name,
        kind="sample",
        title=_sample_title(name),
        num_files=1,
        num_images=num,
        columns=(
            ColumnCard(name="image", type="image", role="image", num_distinct=num),
            _column("label", "category", "label", labels),
        ),
        label_kind="category",
        settings={"source": name},
    )


def _sample_title(name: str) -> str:
    return f"Embedded sample '{name.removeprefix(SAMPLE_PREFIX)}'"

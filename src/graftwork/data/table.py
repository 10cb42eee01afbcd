"""Tables (CSV, Parquet) with a column of image paths and a column of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.data.cells import number_of, place_of, switch_of, tags_of
from graftwork.data.files import Entry, Listing
from graftwork.data.folder import split_of_name
from graftwork.data.sample import LabelKind, Split
from graftwork.documents.problem import Problem
from graftwork.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TABLE_SUFFIXES",
    "TableColumns",
    "cells_by_key",
    "has_usual_columns",
    "list_table",
    "read_cells",
    "tables_in",
    "usual_names",
]

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
_USUAL = {
    "image": ("image", "image_path", "path", "file", "filename", "file_name", "filepath", "img"),
    "label": ("label", "class", "class_name", "target", "category", "y"),
    "mask": ("mask", "mask_path", "segmentation"),
    "split": ("split", "subset", "partition"),
    "group": (),
}


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Names of the columns; None means: find it by its usual names.

    ``kind`` says what the labels are; ``labels`` are several columns of them; ``numbers`` and
    ``categories`` are further inputs.
    """

    image: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None
    kind: LabelKind = "category"
    labels: tuple[str, ...] = ()
    mask: str | None = None
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether the user named any column, so that a table must be meant."""
        single = (self.image, self.label, self.split, self.group, self.mask)
        return any(single) or bool(self.labels or self.numbers or self.categories)

    @property
    def label_role(self) -> str | None:
        """What the single column of labels is called here; None when several columns are named."""
        if self.kind == "mask":
            return "mask"
        return None if self.labels else "label"


def has_usual_columns(path: Path) -> bool:
    """Return whether image and label columns can be told from their names."""
    known = {str(c).casefold() for c in _read_table(path).columns}
    return all(known.intersection(_USUAL[role]) for role in ("image", "label"))


def usual_names(role: str) -> tuple[str, ...]:
    """Return the names by which the column of a role is found, the commonest first, in lower case."""
    return _USUAL[role]


def read_cells(path: Path) -> dict[str, list[str | None]]:
    """Return the texts of a table by column, None where a cell is empty.

    Raises:
        DataError: the table cannot be read.
    """
    frame = _read_table(path)
    return {str(name): [_text(x) for x in frame.iloc[:, i].tolist()] for i, name in enumerate(frame.columns)}


def cells_by_key(path: Path, columns: TableColumns) -> dict[str, dict[str, str | None]]:
    """Return what a table says about its images beside their labels: texts by column, by key of the image.

    Columns that say image, label, mask or split are left out, and those of labels and further inputs stay.

    Raises:
        DataError: the table cannot be read, or has no column of images.
    """
    frame = _read_table(path)
    used = _find_columns(frame, columns, path, need_labels=False)
    roles = {used[role] for role in ("image", "label", "mask", "split") if role in used}
    found = {}
    for row in frame.to_dict("records"):
        texts = {str(name): _text(value) for name, value in row.items()}
        name = texts[used["image"]]
        if name is not None:
            key, _ = _place_of_image(path, name)
            found[key] = {name: text for name, text in texts.items() if name not in roles}
    return found


def _place_of_image(table: Path, cell: str) -> tuple[str, Path]:
    """Return the key and the file of an image that a table names."""
    name = cell.replace("\\", "/")
    path = table.parent / name
    inside = path.is_relative_to(table.parent)
    return path.relative_to(table.parent).as_posix() if inside else name, path


def tables_in(folder: Path) -> list[Path]:
    """Return the visible tables that lie directly in ``folder``."""
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in TABLE_SUFFIXES and not p.name.startswith(".")
    )


def list_table(path: Path, columns: TableColumns, *, need_labels: bool = True) -> Listing:
    """Return the images that the table names, paths relative to the table's folder.

    Raises:
        DataError: not readable, columns or image files missing, a split of unknown name, an image
            with two labels. All missing files are in the error's field ``missing``.
    """
    frame = _read_table(path)
    used = _find_columns(frame, columns, path, need_labels)
    wanted = [*used.values(), *columns.labels, *columns.numbers, *columns.categories]
    listing = Listing(label_names=columns.labels or ((used["label"],) if "label" in used else ()))
    if columns.kind not in ("number", "tags") or (columns.kind == "tags" and not columns.labels):
        listing.label_names = ()
    rows: dict[str, Entry] = {}
    empty, repeated = [], []
    lacking: dict[str, list[int]] = {}
    for number, row in enumerate(frame[list(dict.fromkeys(wanted))].to_dict("records"), start=2):
        cells = _Cells(path, number, {str(name): _text(value) for name, value in row.items()}, used)
        entry = _entry(cells, columns) if cells.role("image") is not None else None
        if entry is None or (need_labels and not _has_label(entry, columns)):
            empty.append(number)
        elif missing := _missing_inputs(entry, cells, columns):
            lacking.setdefault(missing, []).append(number)
        elif entry.key in rows:
            _check_same(path, rows[entry.key], entry)
            repeated.append(number)
        else:
            rows[entry.key] = entry
    listing.entries = sorted(rows.values(), key=lambda e: e.key)
    _check_files(path, listing.entries)
    what = "have no image or no label" if columns.kind != "mask" else "have no image or no mask"
    _add_row_problem(listing, path, empty, what)
    _add_row_problem(listing, path, repeated, "name an image a second time")
    for column, numbers in lacking.items():
        _add_row_problem(listing, path, numbers, f"have no value in the column '{column}'")
    listing.num_other += len(empty) + sum(map(len, lacking.values()))
    return listing


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row of a table: its texts by column, and which column has which role."""

    table: Path
    row: int
    texts: dict[str, str | None]
    used: dict[str, str]

    def role(self, role: str) -> str | None:
        return self.texts[self.used[role]] if role in self.used else None

    def number(self, column: str) -> float | None:
        return number_of(self.texts[column], place_of(self.table, self.row, column))

    def switch(self, column: str) -> float | None:
        return switch_of(self.texts[column], place_of(self.table, self.row, column))


def _has_label(entry: Entry, columns: TableColumns) -> bool:
    if columns.kind == "category":
        return entry.class_name is not None
    if columns.kind == "mask":
        return entry.mask is not None
    return entry.values is not None or entry.tags is not None


def _missing_inputs(entry: Entry, cells: _Cells, columns: TableColumns) -> str | None:
    """Return the first further input that the row has no value of."""
    if len(entry.numbers) < len(columns.numbers):
        return next(c for c in columns.numbers if cells.number(c) is None)
    return next((c for c, x in zip(columns.categories, entry.categories, strict=True) if not x), None)


def _read_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        # All as text: a class named 007 or NA stays what it is.
        return pd.read_csv(path, dtype=str, keep_default_na=False, sep=separator, encoding="utf-8-sig")
    except (OSError, ValueError, ImportError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(
            f"The table {path} cannot be read: {str(error).splitlines()[0]}.",
            hint="A CSV in UTF-8 with a header line, or a Parquet file, is wanted.",
        ) from error


def _find_columns(
    frame: pd.DataFrame, columns: TableColumns, path: Path, need_labels: bool
) -> dict[str, str]:
    known = [str(c) for c in frame.columns]
    label_role = columns.label_role
    for name in (*columns.labels, *columns.numbers, *columns.categories):
        if name not in known:
            raise DataError(f"The table {path} has no column '{name}'.", hint=did_you_mean(name, known))
    used = {}
    for role, usual in _USUAL.items():
        if role in ("label", "mask") and role != label_role:
            continue
        named = getattr(columns, role)
        if named is not None and named not in known:
            raise DataError(
                f"The table {path} has no column '{named}' for the {role}.", hint=did_you_mean(named, known)
            )
        by_name = {name.casefold(): name for name in reversed(known)}
        found = named or next((by_name[u] for u in usual if u in by_name), None)
        if found is not None:
            used[role] = found
    for needed in ("image", label_role) if need_labels else ("image",):
        if needed is not None and needed not in used:
            raise DataError(
                f"The table {path} has no column that is known to hold the {needed}; it has: "
                f"{', '.join(known)}.",
                hint=f"Name it with {needed}_column (--{needed}-column).",
            )
    return used


def _text(value: Any) -> str | None:
    if value is None or value != value:  # an empty cell of a Parquet number column is not a number
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _entry(cells: _Cells, columns: TableColumns) -> Entry:
    table = cells.table
    key, path = _place_of_image(table, cells.role("image") or "")
    split: Split | None = None
    if (cell := cells.role("split")) is not None:
        split = split_of_name(cell)
        if split is None:
            raise DataError(
                f"Row {cells.row} of {table} names the split '{cell}'; train, validation or test is wanted.",
                hint="Correct the column, or leave the cell empty.",
            )
    mask = cells.role("mask")
    has_tags = columns.kind == "tags" and "label" in cells.used
    numbers = [cells.number(c) for c in columns.numbers]
    return Entry(
        key,
        path,
        cells.role("label") if columns.kind == "category" else None,
        split,
        cells.role("group"),
        values=_values(cells, columns),
        tags=tags_of(cells.role("label")) if has_tags else None,
        mask=None if mask is None else table.parent / mask.replace("\\", "/"),
        numbers=tuple(x for x in numbers if x is not None),
        categories=tuple(cells.texts[c] or "" for c in columns.categories),
    )


def _values(cells: _Cells, columns: TableColumns) -> tuple[float, ...] | None:
    """Return the numbers or the 0s and 1s of a row's labels; None when one is missing."""
    if columns.kind == "tags":
        found = [cells.switch(c) for c in columns.labels]
    elif columns.kind == "number":
        single = [cells.used["label"]] if "label" in cells.used else []
        found = [cells.number(c) for c in columns.labels or single]
    else:
        return None
    values = tuple(x for x in found if x is not None)
    return values if values and len(values) == len(found) else None


def _check_same(table: Path, first: Entry, second: Entry) -> None:
    if first != second:
        raise DataError(
            f"The table {table} names the image {first.key} twice with different labels, splits or groups.",
            hint="One label per image is wanted; remove one of the rows.",
        )


def _check_files(table: Path, entries: Sequence[Entry]) -> None:
    missing = [e.key for e in entries if not e.path.is_file()]
    missing += [str(e.mask) for e in entries if e.mask is not None and not e.mask.is_file()]
    if missing:
        some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise DataError(
            f"{len(missing)} of {len(entries)} images named in {table} do not exist: {some}.",
            hint=f"Paths are taken relative to {table.parent}; correct the table or restore the files.",
            missing=missing,
        )


def _add_row_problem(listing: Listing, path: Path, rows: list[int], what: str) -> None:
    if rows:
        some = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
        listing.problems.append(
            Problem(level="warning", message=f"{len(rows)} rows of {path} {what} and are left out: {some}.")
        )

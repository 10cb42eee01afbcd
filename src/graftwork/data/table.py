"""Tables (CSV, Parquet) with a column of image paths and a column of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.data.files import Entry, Listing
from graftwork.data.folder import split_of_name
from graftwork.data.sample import Split
from graftwork.documents.problem import Problem
from graftwork.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLE_SUFFIXES", "TableColumns", "has_usual_columns", "list_table", "tables_in"]

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
_USUAL = {
    "image": ("image", "image_path", "path", "file", "filename", "file_name", "filepath", "img"),
    "label": ("label", "class", "class_name", "target", "category", "y"),
    "split": ("split", "subset", "partition"),
    "group": (),
}


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Names of the columns; None means: find it by its usual names."""

    image: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether the user named any column, so that a table must be meant."""
        return any((self.image, self.label, self.split, self.group))


def has_usual_columns(path: Path) -> bool:
    """Return whether image and label columns can be told from their names."""
    known = {str(c).casefold() for c in _read_table(path).columns}
    return all(known.intersection(_USUAL[role]) for role in ("image", "label"))


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
    listing = Listing()
    rows: dict[str, Entry] = {}
    empty, repeated = [], []
    for number, row in enumerate(frame[list(used.values())].to_dict("records"), start=2):
        cells = {role: _text(row[name]) for role, name in used.items()}
        if cells["image"] is None or (need_labels and cells["label"] is None):
            empty.append(number)
            continue
        entry = _entry(path, cells, number)
        if entry.key in rows:
            _check_same(path, rows[entry.key], entry)
            repeated.append(number)
            continue
        rows[entry.key] = entry
    listing.entries = sorted(rows.values(), key=lambda e: e.key)
    _check_files(path, listing.entries)
    _add_row_problem(listing, path, empty, "have no image or no label")
    _add_row_problem(listing, path, repeated, "name an image a second time")
    listing.num_other += len(empty)
    return listing


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
    used = {}
    for role, usual in _USUAL.items():
        named = getattr(columns, role)
        if named is not None and named not in known:
            raise DataError(
                f"The table {path} has no column '{named}' for the {role}.", hint=did_you_mean(named, known)
            )
        by_name = {name.casefold(): name for name in reversed(known)}
        found = named or next((by_name[u] for u in usual if u in by_name), None)
        if found is not None:
            used[role] = found
    for role in ("image", "label") if need_labels else ("image",):
        if role not in used:
            raise DataError(
                f"The table {path} has no column that is known to hold the {role}; it has: {', '.join(known)}.",
                hint=f"Name it with {role}_column (--{role}-column).",
            )
    return used


def _text(value: Any) -> str | None:
    if value is None or value != value:  # an empty cell of a Parquet number column is not a number
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _entry(table: Path, cells: dict[str, str | None], number: int) -> Entry:
    name = (cells["image"] or "").replace("\\", "/")
    path = table.parent / name
    split: Split | None = None
    if (cell := cells.get("split")) is not None:
        split = split_of_name(cell)
        if split is None:
            raise DataError(
                f"Row {number} of {table} names the split '{cell}'; train, validation or test is wanted.",
                hint="Correct the column, or leave the cell empty.",
            )
    key = path.relative_to(table.parent).as_posix() if path.is_relative_to(table.parent) else name
    return Entry(key, path, cells.get("label"), split, cells.get("group"))


def _check_same(table: Path, first: Entry, second: Entry) -> None:
    if first != second:
        raise DataError(
            f"The table {table} names the image {first.key} twice with different labels, splits or groups.",
            hint="One label per image is wanted; remove one of the rows.",
        )


def _check_files(table: Path, entries: Sequence[Entry]) -> None:
    missing = [e.key for e in entries if not e.path.is_file()]
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

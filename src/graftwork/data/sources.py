"""The one door: whatever the user names becomes an ``ImageSet``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from graftwork.data.arrays import ArrayReader, ArraySource, load_arrays, row_digest
from graftwork.data.corrections import Corrected, Corrections, correct
from graftwork.data.files import Entry, FileReader, Listing, scan_files
from graftwork.data.findings import check_broken, exact_duplicates, nothing_found
from graftwork.data.folder import is_image_name, list_folder
from graftwork.data.index import FactIndex, FileFacts
from graftwork.data.labels import Known, Labelled, label_entries, refuse_errors
from graftwork.data.masks import (
    ArrayMasks,
    FileMasks,
    MaskFacts,
    array_mask_facts,
    list_mask_folders,
    scan_masks,
)
from graftwork.data.sample import ImageSet, LabelKind, Masks, Reader
from graftwork.data.samples import SAMPLE_PREFIX, open_sample
from graftwork.data.table import TABLE_SUFFIXES, TableColumns, has_usual_columns, list_table, tables_in
from graftwork.documents.problem import Problem
from graftwork.errors import DataError, UsageError

__all__ = ["are_arrays", "find_source", "list_source", "open_images", "table_of"]


@dataclass(frozen=True)
class _Request:
    """How a source is to be opened."""

    columns: TableColumns
    known: Known
    need_labels: bool
    max_broken_share: float
    corrections: Corrections
    only_report: bool
    watch: Callable[[int, int], object] | None

    def __post_init__(self) -> None:
        if not 0 <= self.max_broken_share <= 1:
            raise UsageError(f"max_broken_share is a share from 0 to 1, got {self.max_broken_share}.")


def open_images(
    source: str | Path | tuple[Any, Any],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    max_broken_share: float = 0.1,
    index_path: Path | None = None,
    classes: Sequence[str] | None = None,
    need_labels: bool = True,
    label_kind: LabelKind = "category",
    label_columns: Sequence[str] = (),
    mask_column: str | None = None,
    number_columns: Sequence[str] = (),
    category_columns: Sequence[str] = (),
    category_values: Sequence[Sequence[str]] | None = None,
    exclude: Collection[str] = (),
    relabel: Mapping[str, str] | None = None,
    only_report: bool = False,
    watch: Callable[[int, int], object] | None = None,
) -> ImageSet:
    """List, check and label the images of ``source``; no image stays in memory.

    Args:
        source: a folder per class (``train/ validation/ test/`` above are respected), a table (CSV,
            Parquet), a folder with one table, an ``.npz`` or ``.npy`` pair, a pair of arrays, or
            ``sample:NAME``.
        image_column, label_column, split_column, group_column: columns of a table; the first three
            are found by their usual names when not given.
        max_broken_share: more than this share of unreadable images is an error, fewer are left out.
        index_path: file that remembers what was seen, so that the next opening decodes nothing.
        classes: the classes in order, of a run that is evaluated; else the names found, sorted.
        need_labels: images without a label are left out; else they are kept with the label None.
        label_kind: 'category'; 'number': from columns of a table, or labels (n,) or (n, m) of arrays;
            'tags': from a column such as ``a;b``, columns of 0 and 1, or labels (n, k); 'mask': from
            folders ``images`` and ``masks``, a column of paths, or masks (n, h, w).
        label_columns: of numbers, or of 0 and 1 for each tag, instead of ``label_column``.
        mask_column: found by its usual names when not given.
        number_columns, category_columns: further inputs from a table.
        category_values: of each category column in order, of a run that is evaluated.
        exclude: keys of images that are left out.
        relabel: new labels by key: a class, tags as ``a;b``, numbers as ``1.5;2``.
        only_report: data that cannot be trained on (too few classes or images, too many broken ones) is
            opened, with what is wrong among its problems, so that it can be looked at and corrected.
        watch: told of files that are read for the first time, how many so far and of how many; it may raise.

    Raises:
        DataError: nothing there, too much of it broken, fewer than two classes, a class with one
            image, missing files or columns; each names what it is about.
        StorageError: the index cannot be written.
        MissingExtra: a sample that lies in a package that is not installed.
    """
    names = (image_column, label_column, split_column, group_column)
    inputs = (tuple(number_columns), tuple(category_columns))
    columns = TableColumns(*names, label_kind, tuple(label_columns), mask_column, *inputs)
    known, corrections = Known(classes, category_values), Corrections(exclude, relabel or {})
    request = _Request(columns, known, need_labels, max_broken_share, corrections, only_report, watch)
    return _open(source, request, index_path)


def _open(source: str | Path | tuple[Any, Any], request: _Request, index_path: Path | None) -> ImageSet:
    columns, label_kind = request.columns, request.columns.kind
    if isinstance(source, tuple):
        return _from_arrays("arrays", load_arrays(source, label_kind), request)
    name, place = str(source), find_source(source, label_kind)
    if isinstance(place, ArraySource):
        return _from_arrays(name, place, request)
    listing = list_source(place, columns, need_labels=request.need_labels)
    return _from_files(name, place, listing, FactIndex(index_path), request)


def find_source(source: str | Path, kind: LabelKind = "category") -> ArraySource | Path:
    """Return the arrays that a source means, or its folder or table; nothing is read but arrays.

    Raises:
        DataError: arrays that cannot be read.
        UnknownName, MissingExtra: a sample that is not there.
    """
    name = str(source)
    is_sample = name.startswith(SAMPLE_PREFIX)
    place = open_sample(name.removeprefix(SAMPLE_PREFIX), kind) if is_sample else Path(source).expanduser()
    if isinstance(place, Path) and are_arrays(place):
        return load_arrays(place, kind)
    return place


def are_arrays(path: Path) -> bool:
    """Return whether a path is an array file, or a folder with ``images.npy`` and ``labels.npy``."""
    if path.is_dir():
        return (path / "images.npy").is_file() and (path / "labels.npy").is_file()
    return path.suffix.lower() in (".npz", ".npy") and path.is_file()


def list_source(path: Path, columns: TableColumns, *, need_labels: bool = True) -> Listing:
    """Return the image files of a folder or a table with what they are labelled; none is opened.

    Raises:
        DataError: nothing there, or a table without the columns wanted.
    """
    if not path.exists():
        raise DataError(f"There is no folder or file {path}.", hint="Check the path.")
    if path.is_file():
        return _list_file(path, columns, need_labels)
    tables = tables_in(path)
    if columns.is_named:
        if len(tables) != 1:
            raise DataError(
                f"A column is named, but the folder {path} holds {len(tables)} tables; one is wanted.",
                hint="Name the table itself instead of its folder.",
            )
        return list_table(tables[0], columns, need_labels=need_labels)
    if columns.kind != "category" and need_labels:
        return _list_other_kind(path, columns, tables)
    listing = list_folder(path, need_labels=need_labels)
    # Images in one folder, or loose, beside a table that labels them.
    found = {e.class_name for e in listing.entries}
    if len(found) < 2 and len(tables) == 1 and need_labels and has_usual_columns(tables[0]):
        return list_table(tables[0], columns)
    return listing


def table_of(source: str, columns: TableColumns) -> Path | None:
    """Return the table that a source is or whose images it means, None of other sources.

    Args:
        source: as ``open_images`` takes it.
        columns: of the table.
    """
    place = find_source(source, columns.kind)
    if isinstance(place, ArraySource):
        return None
    if place.is_dir():
        tables = tables_in(place)
        return tables[0] if len(tables) == 1 else None
    return place if place.suffix.lower() in TABLE_SUFFIXES and place.is_file() else None


def _list_other_kind(path: Path, columns: TableColumns, tables: Sequence[Path]) -> Listing:
    """Return the images of a folder whose labels are no classes: its table, or its masks."""
    if columns.kind == "mask":
        return list_mask_folders(path)
    if len(tables) != 1:
        raise DataError(
            f"Labels of the kind '{columns.kind}' come from a table, but the folder {path} holds "
            f"{len(tables)}; one is wanted.",
            hint="Put a table with the columns image and label into it, or name the table itself.",
        )
    return list_table(tables[0], columns)


def _list_file(path: Path, columns: TableColumns, need_labels: bool) -> Listing:
    if path.suffix.lower() in TABLE_SUFFIXES:
        return list_table(path, columns, need_labels=need_labels)
    if is_image_name(path.name) and not need_labels:
        return Listing([Entry(path.name, path, None)])
    raise DataError(
        f"The file {path} is not a source of labelled images.",
        hint="Name a folder per class, a .csv, .tsv or .parquet table, or an .npz file.",
    )


def _from_files(
    name: str,
    path: Path,
    listing: Listing,
    index: FactIndex,
    request: _Request,
) -> ImageSet:
    kind = request.columns.kind
    if not listing.entries:
        raise nothing_found(path, listing, kind)
    entries = [(e, e.path.absolute()) for e in listing.entries]
    facts = scan_files([p for _, p in entries], index, request.watch)
    masks = _scan_all_masks(listing.entries)
    reasons = {
        e.key: facts[str(p)].broken or _mask_fault(facts[str(p)], masks.get(e.key)) for e, p in entries
    }
    unreadable = {key: why for key, why in reasons.items() if why is not None}
    excluded = set(request.corrections.exclude)
    wanted = [e for e, _ in entries if e.key not in excluded]
    broken = [(e, unreadable[e.key]) for e in wanted if e.key in unreadable]
    too_many = check_broken(path, broken, len(wanted), request.max_broken_share)
    if too_many is not None and not request.only_report:
        raise too_many
    good = [(e, p) for e, p in entries if reasons[e.key] is None]
    rows = [(e, facts[str(p)].digest) for e, p in good]
    corrected, done = _label(name, rows, listing.label_names, masks, request, unreadable)
    faults = [Problem(level="error", message=too_many.message, hint=too_many.hint)] if too_many else []
    skipped = [
        Problem(level="warning", message=f"The image {e.path} is left out: {why}.") for e, why in broken
    ]
    mask_paths = {e.key: e.mask.absolute() for e, _ in good if e.mask is not None}
    return _image_set(
        name,
        done,
        request.columns,
        listing,
        corrected,
        reader=FileReader({e.key: p for e, p in good}, {e.key: facts[str(p)] for e, p in good}, index),
        masks=FileMasks(mask_paths, done.mask_values) if mask_paths else None,
        problems=[*faults, *listing.problems, *skipped],
        unreadable=unreadable,
        num_skipped=len(broken),
    )


def _label(
    name: str,
    rows: Sequence[tuple[Entry, str]],
    label_names: tuple[str, ...],
    masks: Mapping[str, MaskFacts],
    request: _Request,
    unreadable: Collection[str],
) -> tuple[Corrected, Labelled]:
    """Correct the labels of listed images, and make samples of those that stay."""
    kind = request.columns.kind
    corrected = correct(name, rows, kind, request.corrections, label_names=label_names, unreadable=unreadable)
    if not request.only_report:
        refuse_errors(corrected.problems)
    done = label_entries(
        name,
        corrected.rows,
        kind,
        known=request.known,
        need_labels=request.need_labels,
        label_names=label_names,
        masks={e.key: masks[e.key] for e, _ in corrected.rows if e.key in masks},
        only_report=request.only_report,
    )
    return corrected, done


def _scan_all_masks(entries: Sequence[Entry]) -> dict[str, MaskFacts]:
    with_mask = [(e.key, e.mask) for e in entries if e.mask is not None]
    found = scan_masks([mask for _, mask in with_mask])
    return {key: facts for (key, _), facts in zip(with_mask, found, strict=True)}


def _mask_fault(image: FileFacts, mask: MaskFacts | None) -> str | None:
    """Return why a mask does not serve its image; a mask may be smaller, but not of another shape."""
    if mask is None:
        return None
    if mask.broken is not None:
        return f"its mask cannot be used: {mask.broken}"
    # The size of an image is the one it is stored in, before it is turned upright.
    across = [image.width * mask.height, image.height * mask.width]
    turned = [image.height * mask.height, image.width * mask.width]
    if all(abs(a - b) > 0.02 * max(a, b) for a, b in (across, turned)):
        return f"its mask is {mask.width} x {mask.height} but the image {image.width} x {image.height}"
    return None


def _image_set(
    name: str,
    done: Labelled,
    columns: TableColumns,
    listing: Listing,
    corrected: Corrected,
    *,
    reader: Reader,
    masks: Masks | None,
    problems: Sequence[Problem],
    unreadable: Mapping[str, str],
    num_skipped: int = 0,
) -> ImageSet:
    copies, num_duplicates = exact_duplicates(done.samples, done.classes)
    return ImageSet(
        source=name,
        samples=done.samples,
        classes=done.classes,
        problems=(*problems, *corrected.problems, *done.problems, *copies),
        num_skipped=num_skipped,
        num_duplicates=num_duplicates,
        reader=reader,
        num_hidden=listing.num_hidden,
        num_other=listing.num_other,
        label_kind=columns.kind,
        label_names=listing.label_names if columns.kind == "number" else (),
        number_names=columns.numbers,
        category_names=columns.categories,
        category_values=done.category_values,
        masks=masks,
        excluded=corrected.excluded,
        found=corrected.found,
        unreadable=unreadable,
    )


def _from_arrays(name: str, source: ArraySource, request: _Request) -> ImageSet:
    columns = request.columns
    if not len(source.images):
        raise DataError(f"{name} holds no image.", hint="At least two images of two classes are wanted.")
    if columns.numbers or columns.categories:
        raise DataError(
            f"{name} holds arrays; further inputs come from columns of a table.", hint="Use a table."
        )
    kind = columns.kind
    if kind == "category":
        values = np.zeros(0)
    elif source.values is None:
        raise DataError(
            f"{name} has classes, no labels of the kind '{kind}'.", hint="Use label_kind: category."
        )
    else:
        values = source.values
    rows = []
    for i, (y, split, x) in enumerate(zip(source.labels, source.splits, source.images, strict=True)):
        row = tuple(values[i].tolist()) if kind in ("number", "tags") else None
        rows.append((Entry(f"row:{i}", Path(), y, split, values=row), row_digest(x)))
    is_mask = kind == "mask"
    facts = {e.key: array_mask_facts(values[i]) for i, (e, _) in enumerate(rows)} if is_mask else {}
    request = replace(request, need_labels=True)
    corrected, done = _label(name, rows, source.names, facts, request, ())
    return _image_set(
        name,
        done,
        columns,
        Listing(label_names=source.names),
        corrected,
        reader=ArrayReader(source.images),
        masks=ArrayMasks(values, done.mask_values) if is_mask else None,
        problems=(),
        unreadable={},
    )

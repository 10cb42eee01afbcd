"""The one door: whatever the user names becomes an ``ImageSet``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graftwork.data.arrays import ArrayReader, ArraySource, load_arrays, row_digest
from graftwork.data.files import Entry, FileReader, Listing, scan_files
from graftwork.data.folder import is_image_name, list_folder
from graftwork.data.index import FactIndex, FileFacts
from graftwork.data.labels import Known, Labelled, label_entries
from graftwork.data.masks import (
    ArrayMasks,
    FileMasks,
    MaskFacts,
    array_mask_facts,
    list_mask_folders,
    scan_masks,
)
from graftwork.data.sample import ImageSet, LabelKind, Masks, Reader, Sample
from graftwork.data.samples import SAMPLE_PREFIX, open_sample
from graftwork.data.table import TABLE_SUFFIXES, TableColumns, has_usual_columns, list_table, tables_in
from graftwork.documents.problem import Problem
from graftwork.errors import DataError, UsageError

__all__ = ["open_images"]


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

    Raises:
        DataError: nothing there, too much of it broken, fewer than two classes, a class with one
            image, missing files or columns; each names what it is about.
        StorageError: the index cannot be written.
        MissingExtra: a sample that lies in a package that is not installed.
    """
    if not 0 <= max_broken_share <= 1:
        raise UsageError(f"max_broken_share is a share from 0 to 1, got {max_broken_share}.")
    columns = TableColumns(
        image_column,
        label_column,
        split_column,
        group_column,
        label_kind,
        tuple(label_columns),
        mask_column,
        tuple(number_columns),
        tuple(category_columns),
    )
    known = Known(classes, category_values)
    if isinstance(source, tuple):
        return _from_arrays("arrays", load_arrays(source, label_kind), columns, known)
    name = str(source)
    place: ArraySource | Path = (
        open_sample(name.removeprefix(SAMPLE_PREFIX)) if name.startswith(SAMPLE_PREFIX) else Path(source)
    )
    if isinstance(place, ArraySource):
        return _from_arrays(name, place, columns, known)
    path = place.expanduser()
    if _are_arrays(path):
        return _from_arrays(name, load_arrays(path, label_kind), columns, known)
    listing = _list(path, columns, need_labels)
    return _from_files(
        name, path, listing, FactIndex(index_path), max_broken_share, columns, known, need_labels
    )


def _are_arrays(path: Path) -> bool:
    if path.is_dir():
        return (path / "images.npy").is_file() and (path / "labels.npy").is_file()
    return path.suffix.lower() in (".npz", ".npy") and path.is_file()


def _list(path: Path, columns: TableColumns, need_labels: bool) -> Listing:
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
    max_broken_share: float,
    columns: TableColumns,
    known: Known,
    need_labels: bool,
) -> ImageSet:
    if not listing.entries:
        raise _nothing_found(path, listing, columns.kind)
    entries = [(e, e.path.absolute()) for e in listing.entries]
    facts = scan_files([p for _, p in entries], index)
    masks = _scan_all_masks(listing.entries)
    reasons = {
        e.key: facts[str(p)].broken or _mask_fault(facts[str(p)], masks.get(e.key)) for e, p in entries
    }
    broken = [(e, reasons[e.key]) for e, _ in entries if reasons[e.key] is not None]
    _check_broken(path, broken, len(entries), max_broken_share)
    good = [(e, p) for e, p in entries if reasons[e.key] is None]
    done = label_entries(
        name,
        [(e, facts[str(p)].digest) for e, p in good],
        columns.kind,
        known=known,
        need_labels=need_labels,
        label_names=listing.label_names,
        masks={e.key: masks[e.key] for e, _ in good if e.key in masks},
    )
    skipped = [
        Problem(level="warning", message=f"The image {e.path} is left out: {why}.") for e, why in broken
    ]
    mask_paths = {e.key: e.mask.absolute() for e, _ in good if e.mask is not None}
    return _image_set(
        name,
        done,
        columns,
        listing,
        reader=FileReader({e.key: p for e, p in good}, {e.key: facts[str(p)] for e, p in good}, index),
        masks=FileMasks(mask_paths, done.mask_values) if mask_paths else None,
        problems=[*listing.problems, *skipped],
        num_skipped=len(broken),
    )


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
    *,
    reader: Reader,
    masks: Masks | None,
    problems: Sequence[Problem],
    num_skipped: int = 0,
) -> ImageSet:
    copies, num_duplicates = _exact_duplicates(done.samples, done.classes)
    return ImageSet(
        source=name,
        samples=done.samples,
        classes=done.classes,
        problems=(*problems, *done.problems, *copies),
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
    )


def _from_arrays(name: str, source: ArraySource, columns: TableColumns, known: Known) -> ImageSet:
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
    done = label_entries(
        name, rows, kind, known=known, need_labels=True, label_names=source.names, masks=facts
    )
    return _image_set(
        name,
        done,
        columns,
        Listing(label_names=source.names),
        reader=ArrayReader(source.images),
        masks=ArrayMasks(values, done.mask_values) if is_mask else None,
        problems=(),
    )


def _nothing_found(path: Path, listing: Listing, kind: LabelKind) -> DataError:
    if kind == "mask":
        return DataError(
            f"{path} holds no image with a mask.",
            hint="Put images into a folder 'images', and masks of the same names into 'masks' beside it.",
        )
    if listing.problems:
        return DataError(
            f"{path} holds no image in a class folder. {listing.problems[0].message}",
            hint="Make one folder per class, such as photos/cat and photos/dog.",
        )
    others = listing.num_other + listing.num_hidden
    return DataError(
        f"{path} holds no image" + (f" among its {others} files." if others else "; it is empty."),
        hint="Make one folder per class with images in it, such as photos/cat and photos/dog.",
    )


def _check_broken(
    path: Path, broken: Sequence[tuple[Entry, str | None]], total: int, max_share: float
) -> None:
    if len(broken) <= max_share * total and len(broken) < total:
        return
    some = "; ".join(f"{e.key}: {why}" for e, why in broken[:5])
    more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
    raise DataError(
        f"{len(broken)} of {total} images in {path} cannot be read, more than {max_share:.0%}: {some}{more}.",
        hint="Repair or remove them, or allow more with max_broken_share.",
        broken=[e.key for e, _ in broken],
    )


def _exact_duplicates(samples: Sequence[Sample], names: Sequence[str]) -> tuple[list[Problem], int]:
    """Report identical images, and above all those that lie in two classes."""
    by_digest: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_digest[sample.digest].append(sample)
    copies = [same for same in by_digest.values() if len(same) > 1]
    num_duplicates = sum(len(same) - 1 for same in copies)
    if not copies:
        return [], 0
    some = "; ".join(" = ".join(s.key for s in same[:3]) for same in copies[:3])
    problems = [
        Problem(
            level="warning",
            message=f"{num_duplicates} images are exact copies of others: {some}"
            + ("; …" if len(copies) > 3 else "")
            + ".",
            hint="Copies stay in the same split.",
        )
    ]
    torn = [same for same in copies if len({s.truth for s in same}) > 1]
    for same in torn[:20]:
        places = ", ".join(
            s.key if s.values is not None else f"{s.key} ({names[s.label] if s.label is not None else '?'})"
            for s in same
        )
        problems.append(Problem(level="warning", message=f"The same image has different labels: {places}."))
    return problems, num_duplicates

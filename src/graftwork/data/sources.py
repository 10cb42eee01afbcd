"""The one door: whatever the user names becomes an ``ImageSet``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graftwork.data.arrays import ArrayReader, ArraySource, load_arrays, row_digest
from graftwork.data.files import Entry, FileReader, Listing, scan_files
from graftwork.data.folder import is_image_name, list_folder
from graftwork.data.index import FactIndex
from graftwork.data.sample import ImageSet, Sample, natural_order
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

    Raises:
        DataError: nothing there, too much of it broken, fewer than two classes, a class with one
            image, missing files or columns; each names what it is about.
        StorageError: the index cannot be written.
        MissingExtra: a sample that lies in a package that is not installed.
    """
    if not 0 <= max_broken_share <= 1:
        raise UsageError(f"max_broken_share is a share from 0 to 1, got {max_broken_share}.")
    if isinstance(source, tuple):
        return _from_arrays("arrays", load_arrays(source), classes)
    name = str(source)
    place: ArraySource | Path = (
        open_sample(name.removeprefix(SAMPLE_PREFIX)) if name.startswith(SAMPLE_PREFIX) else Path(source)
    )
    if isinstance(place, ArraySource):
        return _from_arrays(name, place, classes)
    path = place.expanduser()
    if _are_arrays(path):
        return _from_arrays(name, load_arrays(path), classes)
    columns = TableColumns(image_column, label_column, split_column, group_column)
    listing = _list(path, columns, need_labels)
    return _from_files(name, path, listing, FactIndex(index_path), max_broken_share, classes, need_labels)


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
    listing = list_folder(path, need_labels=need_labels)
    # Images in one folder, or loose, beside a table that labels them.
    found = {e.class_name for e in listing.entries}
    if len(found) < 2 and len(tables) == 1 and need_labels and has_usual_columns(tables[0]):
        return list_table(tables[0], columns)
    return listing


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
    classes: Sequence[str] | None,
    need_labels: bool,
) -> ImageSet:
    if not listing.entries:
        raise _nothing_found(path, listing)
    entries = [(e, e.path.absolute()) for e in listing.entries]
    facts = scan_files([p for _, p in entries], index)
    broken = [(e, facts[str(p)].broken) for e, p in entries if facts[str(p)].broken is not None]
    _check_broken(path, broken, len(entries), max_broken_share)
    good = [(e, p) for e, p in entries if facts[str(p)].broken is None]
    labelled = [(e.key, e.class_name, e.split, e.group, facts[str(p)].digest) for e, p in good]
    reader = FileReader({e.key: p for e, p in good}, {e.key: facts[str(p)] for e, p in good}, index)
    samples, names, problems = _label(name, labelled, classes, need_labels)
    skipped = [
        Problem(level="warning", message=f"The image {e.path} is left out: {why}.") for e, why in broken
    ]
    copies, num_duplicates = _exact_duplicates(samples, names)
    return ImageSet(
        source=name,
        samples=samples,
        classes=names,
        problems=(*listing.problems, *skipped, *problems, *copies),
        num_skipped=len(broken),
        num_duplicates=num_duplicates,
        reader=reader,
        num_hidden=listing.num_hidden,
        num_other=listing.num_other,
    )


def _from_arrays(name: str, source: ArraySource, classes: Sequence[str] | None) -> ImageSet:
    if not len(source.images):
        raise DataError(f"{name} holds no image.", hint="At least two images of two classes are wanted.")
    rows = zip(source.labels, source.splits, source.images, strict=True)
    labelled = [(f"row:{i}", y, split, None, row_digest(x)) for i, (y, split, x) in enumerate(rows)]
    samples, names, problems = _label(name, labelled, classes, need_labels=True)
    copies, num_duplicates = _exact_duplicates(samples, names)
    return ImageSet(
        source=name,
        samples=samples,
        classes=names,
        problems=(*problems, *copies),
        num_skipped=0,
        num_duplicates=num_duplicates,
        reader=ArrayReader(source.images),
    )


def _nothing_found(path: Path, listing: Listing) -> DataError:
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


def _label(
    source: str,
    rows: Sequence[tuple[str, str | None, Any, str | None, str]],
    classes: Sequence[str] | None,
    need_labels: bool,
) -> tuple[tuple[Sample, ...], tuple[str, ...], list[Problem]]:
    """Turn class names into labels. Class order comes from the names, never from the folders' order."""
    found = Counter(class_name for _, class_name, *_ in rows if class_name is not None)
    if classes is None:
        names = tuple(sorted(found, key=natural_order))
        problems = _check_classes(source, names, found) if need_labels else []
    else:
        names, problems = tuple(classes), []
        unknown = sorted(set(found) - set(names), key=natural_order)
        if unknown and need_labels:
            raise DataError(
                f"{source} has the classes {', '.join(unknown)} that are not among the ones given: "
                f"{', '.join(names)}.",
                hint="Rename or remove them.",
            )
    label_of = {name: i for i, name in enumerate(names)}
    samples = (
        Sample(key, label_of.get(class_name) if class_name is not None else None, split, group, digest)
        for key, class_name, split, group, digest in rows
    )
    return tuple(samples), names, problems


def _check_classes(source: str, names: Sequence[str], found: Counter[str]) -> list[Problem]:
    if len(names) < 2:
        raise DataError(
            f"{source} has one class only ('{names[0] if names else '?'}'); at least two are wanted.",
            hint="Make one folder per class, such as photos/cat and photos/dog.",
        )
    single = [n for n in names if found[n] == 1]
    if single:
        raise DataError(
            f"{source} has a single image of {', '.join(repr(n) for n in single)}; each class needs at "
            "least two, one to train on and one to test with.",
            hint="Add images, or remove the class.",
        )
    tiny = [f"{n} ({found[n]})" for n in names if found[n] < 10]
    if not tiny:
        return []
    return [Problem(level="warning", message=f"Classes with fewer than 10 images: {', '.join(tiny)}.")]


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
    torn = [same for same in copies if len({s.label for s in same}) > 1]
    for same in torn[:20]:
        places = ", ".join(f"{s.key} ({names[s.label] if s.label is not None else '?'})" for s in same)
        problems.append(Problem(level="warning", message=f"The same image has different labels: {places}."))
    return problems, num_duplicates

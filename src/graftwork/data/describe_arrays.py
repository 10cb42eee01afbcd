"""What an array file holds, told from the heads of its arrays and from its labels."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from graftwork.data.arrays import array_pairs
from graftwork.data.sample import LabelKind
from graftwork.documents.problem import Problem
from graftwork.documents.source_card import ColumnCard, SourceCard
from graftwork.errors import DataError

__all__ = ["describe_arrays"]

_NUM_EXAMPLES = 5
_MOST_CODES = 20

Head = tuple[tuple[int, ...], np.dtype[Any]]


def describe_arrays(name: str, place: Path) -> SourceCard:
    """Return what an ``.npz``, or ``images.npy`` with ``labels.npy``, holds; images are not loaded.

    Raises:
        DataError: it cannot be read, or holds no images with labels.
    """
    heads = _npz_heads(place) if place.suffix.lower() == ".npz" else _npy_heads(place)
    pairs = array_pairs(heads, "category") or array_pairs(heads, "mask")
    if not pairs:
        held = ", ".join(f"{n} {shape}" for n, (shape, _) in heads.items())
        raise DataError(
            f"The file {place} holds no images with labels; it holds: {held or 'nothing'}.",
            hint="Save it with numpy.savez(path, images=…, labels=…).",
        )
    image, label, _ = pairs[0]
    kind, values = _kind_of(place, label, heads[label])
    num = sum(heads[x][0][0] for x, _, _ in pairs)
    columns = [ColumnCard(name=image, type="image", role="image", num_distinct=num)]
    columns.append(_label_column(label, kind, values, _class_names(place, heads)))
    if pairs[0][2] is not None:
        splits = tuple(str(split) for _, _, split in pairs)
        columns.append(
            ColumnCard(name="parts", type="category", role="split", num_distinct=len(splits), examples=splits)
        )
    size = " × ".join(map(str, heads[image][0][1:]))
    return SourceCard(
        source=name,
        kind="arrays",
        title=f"Arrays of {num} images, {size}",
        num_files=1 if place.suffix.lower() == ".npz" else 2,
        num_images=num,
        columns=tuple(columns),
        label_kind=kind,
        settings={"source": name, **({} if kind == "category" else {"label_kind": kind})},
        problems=_unequal(heads, pairs),
    )


def _unequal(heads: Mapping[str, Head], pairs: list[Any]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            message=f"{x} holds {heads[x][0][0]} images, {y} {heads[y][0][0]} labels.", hint="Correct them."
        )
        for x, y, _ in pairs
        if heads[x][0][:1] != heads[y][0][:1]
    )


def _npz_heads(place: Path) -> dict[str, Head]:
    try:
        with zipfile.ZipFile(place) as archive:
            names = [n for n in archive.namelist() if n.endswith(".npy")]
            heads = {}
            for name in names:
                with archive.open(name) as file:
                    heads[name.removesuffix(".npy")] = _head(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"The array file {place} cannot be read: {error}.") from error
    return {n: head for n, head in heads.items() if head[0]}


def _head(file: Any) -> Head:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _npy_heads(place: Path) -> dict[str, Head]:
    folder = place if place.is_dir() else place.parent
    files = {"images": folder / "images.npy" if place.is_dir() else place, "labels": folder / "labels.npy"}
    heads = {}
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                heads[name] = _head(file)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"The array file {path} cannot be read: {error}.",
                hint="Wanted are images.npy and labels.npy side by side, saved without pickled objects.",
            ) from error
    return heads


def _load(place: Path, name: str) -> NDArray[Any]:
    try:
        if place.suffix.lower() == ".npz":
            with np.load(place, allow_pickle=False) as archive:
                loaded: NDArray[Any] = archive[name]
                return loaded
        folder = place if place.is_dir() else place.parent
        values: NDArray[Any] = np.load(folder / f"{name}.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"The array {name} of {place} cannot be read: {error}.") from error
    return values


def _class_names(place: Path, heads: Mapping[str, Head]) -> list[str] | None:
    return [str(x) for x in _load(place, "classes")] if "classes" in heads else None


def _kind_of(place: Path, name: str, head: Head) -> tuple[LabelKind, NDArray[Any] | None]:
    """Return what labels are, and the labels themselves where they are few numbers per image."""
    if len(head[0]) > 2:
        return "mask", None
    values = _load(place, name)
    if values.ndim == 2 and values.shape[1] > 1:
        is_switch = np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_
        return ("tags" if is_switch and np.isin(values, (0, 1)).all() else "number"), values
    values = values.reshape(-1)
    if not np.issubdtype(values.dtype, np.number):
        return "category", values
    distinct = np.unique(values)
    is_whole = np.isfinite(distinct).all() and bool((distinct == np.floor(distinct)).all())
    most = max(_MOST_CODES, len(values) // 2) if np.issubdtype(values.dtype, np.integer) else _MOST_CODES
    return ("category" if is_whole and len(distinct) <= most else "number"), values


def _label_column(
    name: str, kind: LabelKind, values: NDArray[Any] | None, classes: list[str] | None
) -> ColumnCard:
    if values is None:
        return ColumnCard(name=name, type="mask", role="mask")
    if kind == "tags":
        tags = tuple((classes or [f"tag {i}" for i in range(values.shape[1])])[:_NUM_EXAMPLES])
        return ColumnCard(name=name, type="tags", role="label", num_distinct=values.shape[1], examples=tags)
    counted = Counter(_word(x, classes) for x in values.reshape(-1).tolist())
    examples = tuple(x for x, _ in counted.most_common(_NUM_EXAMPLES))
    return ColumnCard(name=name, type=kind, role="label", num_distinct=len(counted), examples=examples)


def _word(value: Any, classes: list[str] | None) -> str:
    if classes is not None and isinstance(value, int) and 0 <= value < len(classes):
        return classes[value]
    return f"{value:g}" if isinstance(value, float) else str(value)

"""A map as a table, for programs that draw it their own way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from graftwork.documents.embedding import EmbeddingMap
from graftwork.documents.files import write_atomically
from graftwork.errors import UsageError

__all__ = ["map_columns", "require_table_name", "write_map"]

_ENDINGS = (".csv", ".parquet")


def map_columns(found: EmbeddingMap) -> dict[str, list[Any]]:
    """Return the columns of a map with a row for each image: what it is, and x and y for each set of weights."""
    points = found.points

    def named(names: tuple[str, ...], numbers: tuple[int, ...]) -> list[str | None]:
        return [names[i] if i >= 0 else None for i in numbers]

    columns: dict[str, list[Any]] = {
        "key": list(points.keys),
        "digest": list(points.digests),
        "domain": [found.domains[i].name for i in points.domain],
        "split": named(found.splits, points.split),
        "label": named(found.labels, points.label),
        "predicted": named(found.labels, points.predicted),
        "confidence": list(points.confidence),
        "is_wrong": list(points.is_wrong),
    }
    for side in found.sides:
        columns[f"x_{side.weights}"] = list(side.x)
        columns[f"y_{side.weights}"] = list(side.y)
    return columns


def require_table_name(path: Path) -> None:
    """Refuse a file name that says no kind of table, before any work is done.

    Raises:
        UsageError: it ends neither in .csv nor in .parquet.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError(
            f"A map is written as {' or '.join(_ENDINGS)}, not as '{path.name}'.", hint="Use map.csv."
        )


def write_map(found: EmbeddingMap, path: Path) -> None:
    """Write a map as a table.

    Args:
        found: the map.
        path: ends in .csv or .parquet.

    Raises:
        UsageError: another ending.
        StorageError: the file cannot be written.
    """
    require_table_name(path)
    columns = map_columns(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _csv(columns) if path.suffix.lower() == ".csv" else _parquet(columns))


def _csv(columns: dict[str, list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()

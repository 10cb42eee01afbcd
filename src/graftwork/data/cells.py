"""Cells of a table as numbers, tags and categories."""

from __future__ import annotations

import math
import re
from pathlib import Path

from graftwork.errors import DataError

__all__ = ["number_of", "place_of", "switch_of", "tags_of"]

_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "?"})
_ON, _OFF = frozenset({"1", "true", "yes", "1.0"}), frozenset({"0", "false", "no", "0.0"})


def number_of(text: str | None, place: str) -> float | None:
    """Return the number in a cell, None when it is missing.

    Args:
        text: of the cell.
        place: for errors, such as "Row 3 of t.csv".

    Raises:
        DataError: it is no number.

    >>> number_of("3.5", "here"), number_of("NA", "here")
    (3.5, None)
    """
    if text is None or text.strip().casefold() in _MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{place} holds '{text}'; a number is wanted.",
            hint="Write numbers with a point, and leave the cell empty when it is not known.",
        )
    return value


def tags_of(text: str | None) -> tuple[str, ...]:
    """Return the tags in a cell, each once; an empty cell means none.

    >>> tags_of("sky; sea|sky")
    ('sky', 'sea')
    """
    parts = [p.strip() for p in re.split(r"[;|]", text or "")]
    return tuple(dict.fromkeys(p for p in parts if p))


def switch_of(text: str | None, place: str) -> float | None:
    """Return 0 or 1 for the cell of a tag's column, None when it is missing.

    Raises:
        DataError: it is neither.
    """
    known = (text or "").strip().casefold()
    if known in _MISSING:
        return None
    if known in _ON | _OFF:
        return float(known in _ON)
    raise DataError(f"{place} holds '{text}'; 0 or 1 is wanted.", hint="Correct the cell.")


def place_of(table: Path, row: int, column: str) -> str:
    """Return how errors name a cell."""
    return f"Row {row} of {table}, column '{column}',"

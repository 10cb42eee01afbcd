"""Cells of a table as numbers, tags and categories."""

from __future__ import annotations

import math
import re
from pathlib import Path

from graftwork.errors import DataError

__all__ = ["is_missing", "is_switch", "number_of", "number_or_none", "place_of", "switch_of", "tags_of"]

_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "?"})
_ON, _OFF = frozenset({"1", "true", "yes", "1.0"}), frozenset({"0", "false", "no", "0.0"})


def is_missing(text: str | None) -> bool:
    """Return whether a cell says nothing: empty, or a usual word for that.

    >>> is_missing(" N/A "), is_missing("0")
    (True, False)
    """
    return text is None or text.strip().casefold() in _MISSING


def is_switch(text: str) -> bool:
    """Return whether a cell says 0 or 1, in any of the usual words.

    >>> is_switch("Yes"), is_switch("2")
    (True, False)
    """
    return text.strip().casefold() in _ON | _OFF


def number_or_none(text: str) -> float | None:
    """Return the finite number in a cell, None when it is none.

    >>> number_or_none("1e3"), number_or_none("inf")
    (1000.0, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


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

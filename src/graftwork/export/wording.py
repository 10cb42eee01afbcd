"""How the report writes numbers: with units, thousands apart, never with more digits than they carry."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from graftwork.documents.record import Interval

__all__ = [
    "NARROW",
    "format_bytes",
    "format_count",
    "format_duration",
    "format_interval",
    "format_moment",
    "format_number",
    "format_percent",
    "format_probability",
    "format_words",
]

NARROW = "\u202f"
"""Space that does not break, between a number and its unit."""


def format_count(value: int) -> str:
    """Return a whole number with commas: 3,368,992."""
    return f"{value:,}"


def format_number(value: float | None, digits: int = 4) -> str:
    """Return a number with ``digits`` significant digits; a dash for none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.{digits}g}"


def format_percent(share: float | None) -> str:
    """Return a share as percent with one decimal; a dash for none.

    >>> format_percent(0.915).replace(NARROW, " ")
    '91.5 %'
    """
    return "–" if share is None else f"{share * 100:.1f}{NARROW}%"


def format_interval(interval: Interval, *, is_share: bool = True) -> str:
    """Return the bounds of an interval: 88.1–94.1 %."""
    if is_share:
        return f"{interval.low * 100:.1f}–{interval.high * 100:.1f}{NARROW}%"
    return f"{interval.low:.3f}–{interval.high:.3f}"


def format_bytes(size: int) -> str:
    """Return a size in the unit that leaves at most three digits before the point.

    >>> format_bytes(17_300_000).replace(NARROW, " ")
    '17.3 MB'
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f}{NARROW}{unit}" if unit == "B" else f"{value:.1f}{NARROW}{unit}"
        value /= 1000
    return f"{value:.1f}{NARROW}TB"


def format_duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> format_duration(3725).replace(NARROW, " ")
    '1 h 2 min'
    """
    if seconds < 60:
        return f"{seconds:.1f}{NARROW}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NARROW}min {rest}{NARROW}s"
    return f"{minutes // 60}{NARROW}h {minutes % 60}{NARROW}min"


def format_moment(created: str) -> str:
    """Return an ISO 8601 time to the minute, and as it is if it is none.

    >>> format_moment("2026-07-14T10:15:02Z")
    '2026-07-14 10:15 UTC'
    """
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_probability(value: float) -> str:
    """Return a probability as percent, never rounded to certainty.

    >>> format_probability(0.99999).replace(NARROW, " ")
    '> 99.9 %'
    """
    if value > 0.999:
        return f">{NARROW}99.9{NARROW}%"
    if value < 0.001:
        return f"<{NARROW}0.1{NARROW}%"
    return format_percent(value)


def format_words(name: str) -> str:
    """Return a name of a setting as words: head_only → head only."""
    return name.replace("_", " ")

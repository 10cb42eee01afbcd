"""What a project offers to whoever has to choose; each method leaves the work to its own module."""

from __future__ import annotations

__all__ = ["Choosing"]


class Choosing:
    """The part of a project that helps to choose, with evidence."""

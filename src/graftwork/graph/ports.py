"""Ports: what travels on a wire, with a symbolic shape, and whether two ends fit."""

from __future__ import annotations

from typing import Literal

from graftwork.documents.document import Document

__all__ = ["Dim", "Kind", "Port", "bind", "show_shape"]

Kind = Literal["image", "features", "logits", "labels", "mask", "number", "category", "text"]
Dim = int | str


class Port(Document):
    """A socket of a component.

    A shape is a tuple of sizes; a word stands for a size that is not known yet (``b`` is the batch),
    and ``...`` for any number of sizes.
    """

    name: str
    kind: Kind
    shape: tuple[Dim, ...] = ("...",)
    is_optional: bool = False
    help: str = ""


def show_shape(shape: tuple[Dim, ...]) -> str:
    """Return a shape as people write it.

    >>> show_shape(("b", 3, 224, 224))
    '(b, 3, 224, 224)'
    """
    return "(" + ", ".join(map(str, shape)) + ")"


def bind(source: tuple[Dim, ...], target: tuple[Dim, ...]) -> dict[str, Dim] | None:
    """Return what the words in ``target`` stand for when ``source`` arrives, or None if it cannot fit.

    >>> bind(("b", 768), ("b", "d"))
    {'b': 'b', 'd': 768}
    >>> bind(("b", 3, 8, 8), ("b", "d")) is None
    True
    """
    if "..." in source or "..." in target:
        return {}
    if len(source) != len(target):
        return None
    bound: dict[str, Dim] = {}
    for given, wanted in zip(source, target, strict=True):
        if isinstance(wanted, str):
            if bound.setdefault(wanted, given) != given:
                return None
        elif isinstance(given, int) and given != wanted:
            return None
    return bound

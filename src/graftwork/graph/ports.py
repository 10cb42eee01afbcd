"""Ports and wires: what travels, with a symbolic shape, and whether two ends fit."""

from __future__ import annotations

from typing import Literal

from graftwork.documents.document import Document

__all__ = ["Dim", "Kind", "Misfit", "Port", "Wire", "accepts", "bind", "show_shape"]

Kind = Literal["image", "features", "logits", "probabilities", "labels", "mask", "number", "category", "text"]
Dim = int | str


class Port(Document):
    """A socket of a component.

    A shape is a tuple of sizes; a word stands for a size that is not known yet (``b`` is the batch),
    and ``...`` for any number of sizes.
    """

    name: str
    kind: Kind
    also: tuple[Kind, ...] = ()  # further kinds that an input takes
    shape: tuple[Dim, ...] = ("...",)
    is_optional: bool = False
    help: str = ""


class Wire(Document):
    """What an output really gives: its kind, its shape as far as it is known, the range of its values."""

    kind: Kind
    shape: tuple[Dim, ...] = ("...",)
    value_range: tuple[float, float] | None = None
    is_normalized: bool = False  # mean and deviation were taken out on the way


class Misfit(ValueError):
    """Inputs or settings that a component cannot work with; ``check`` turns it into a problem.

    Args:
        message: what is wrong, with both sides named.
        port: the input that does not fit, when it is one.
        setting: the setting that does not fit, when it is one.
        hint: the next step.
    """

    def __init__(
        self, message: str, *, port: str | None = None, setting: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.port, self.setting, self.hint = message, port, setting, hint


def accepts(port: Port, kind: Kind) -> bool:
    """Whether an input takes what is of ``kind``."""
    return kind == port.kind or kind in port.also


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

"""Ports and wires: what travels, with a symbolic shape, and whether two ends fit."""

from __future__ import annotations

from typing import Literal

from graftwork.documents.document import Document

__all__ = ["Dim", "Kind", "Misfit", "Port", "Wire", "accepts", "bind", "fits", "show_shape"]

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
        line: of the user's code, when that is at fault.
    """

    def __init__(
        self,
        message: str,
        *,
        port: str | None = None,
        setting: str | None = None,
        hint: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.port, self.setting, self.hint, self.line = message, port, setting, hint, line


def accepts(port: Port, kind: Kind) -> bool:
    """Whether an input takes what is of ``kind``."""
    return kind == port.kind or kind in port.also


_PLURAL: dict[Kind, str] = {
    "image": "images",
    "mask": "masks",
    "number": "numbers",
    "category": "categories",
    "text": "texts",
}


def fits(source: Port | Wire, target: Port) -> str | None:
    """Return why an output cannot feed an input; None when it can, as far as is known.

    >>> image = Port(name="image", kind="image", shape=("b", 3, "h", "w"))
    >>> fits(image, Port(name="labels", kind="labels", shape=("b",)))
    'images cannot feed labels: the input wants labels (b) but would get image (b, 3, h, w).'
    >>> fits(image, Port(name="features", kind="features", also=("image",))) is None
    True
    """
    wants = f"{' or '.join((target.kind, *target.also))} {show_shape(target.shape)}"
    gets = f"{source.kind} {show_shape(source.shape)}"
    if not accepts(target, source.kind):
        given, wanted = (_PLURAL.get(kind, kind) for kind in (source.kind, target.kind))
        return f"{given} cannot feed {wanted}: the input wants {wants} but would get {gets}."
    if bind(source.shape, target.shape) is None:
        return f"the shapes differ: the input wants {wants} but would get {gets}."
    return None


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

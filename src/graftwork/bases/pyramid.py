"""Which stages of a base give maps, and the last one of each size: what a decoder joins on its way up."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.documents.card import BaseCard
from graftwork.errors import CutError, did_you_mean

__all__ = ["choose_skips", "is_map", "last_map", "map_stages"]

Shape = tuple[int, ...]


def map_stages(card: BaseCard) -> tuple[str, ...]:
    """Return the stages that give maps (c, h, w) laid out as the image is, in order.

    Tokens and pooled features are none; nor is a stage after which data passes through several tensors.
    """
    return tuple(s.name for s in card.stages if s.cut_is_legal and _is_map(s.output_shape, card))


def last_map(stages: Sequence[tuple[str, Shape]], size: tuple[int, int]) -> str | None:
    """Return the last stage that gives maps; None where none does.

    Args:
        stages: names and shapes without the batch, in order.
        size: height and width of the image.
    """
    found = [name for name, shape in stages if is_map(shape, size)]
    return found[-1] if found else None


def choose_skips(card: BaseCard, count: int, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the stages whose maps leave a backbone beside its features, smallest maps first.

    Args:
        card: of the base, which ends with the stage that gives the features.
        count: how many, where none is named: the last stage of each size that is larger than the features'.
        named: stages of the user's own choice, in their order.

    Raises:
        CutError: a base without maps or with fewer sizes, or a named stage that does not serve.
    """
    end = card.stages[-1]
    if not _is_map(end.output_shape, card):
        given = "tokens" if len(end.output_shape) == 2 else "no maps"
        raise CutError(
            f"The base '{card.id}' gives {given} after '{end.name}', {_show(end.output_shape)}; skips want maps "
            "(c, h, w) in several sizes.",
            hint="Choose a convolutional base, or one whose stages give maps; graftwork bases show BASE lists them.",
        )
    if named:
        return tuple(_checked(card, name) for name in named)
    rows = {s.name: s.output_shape[1] for s in card.stages if s.name in map_stages(card)}
    last_of_size = {height: name for name, height in rows.items()}
    larger = [last_of_size[h] for h in sorted(last_of_size) if h > end.output_shape[1]]
    if count > len(larger):
        raise CutError(
            f"The base '{card.id}' has maps in {len(larger)} sizes larger than those of '{end.name}', but "
            f"{count} skips are wanted.",
            hint=f"Set skips to {len(larger)} on the backbone and on what reads them.",
        )
    return tuple(larger[:count])


def _checked(card: BaseCard, name: str) -> str:
    known = map_stages(card)
    if name == card.stages[-1].name:
        raise CutError(f"'{name}' gives the features already.", hint="Name an earlier stage.", cut=name)
    if name not in known:
        names = [s.name for s in card.stages]
        why = "gives no maps (c, h, w) in one tensor" if name in names else "is no stage of it"
        raise CutError(
            f"'{name}' {why}: base '{card.id}'.",
            hint=did_you_mean(name, known[:-1]) if known else None,
            cut=name,
        )
    return name


def is_map(shape: Shape, size: tuple[int, int]) -> bool:
    """Whether a shape without the batch is that of maps over an image of height and width ``size``."""
    if len(shape) != 3 or min(shape[1:]) < 2:
        return False
    strides = size[0] / shape[1], size[1] / shape[2]
    return abs(strides[0] - strides[1]) <= 0.25 * max(strides)


def _is_map(shape: Shape, card: BaseCard) -> bool:
    return is_map(shape, (card.port.height, card.port.width))


def _show(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"

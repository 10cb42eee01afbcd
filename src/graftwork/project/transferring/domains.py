"""The two domains of an adaptation: a labelled source, and a target whose labels only the scorer gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.errors import DataError

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.data.unlabelled import Truth

__all__ = ["Target", "open_target"]


@dataclass(frozen=True)
class Target:
    """A target domain.

    Args:
        images: without labels, in an order that tells nothing of them; all that methods may see.
        truth: labels in that order, for scoring alone; None where there are none.
    """

    images: ImageSet
    truth: Truth | None


def open_target(
    source: str,
    index: Path | None,
    *,
    classes: Sequence[str],
    names: Mapping[str, str] | None = None,
    needs_shared: bool = True,
) -> Target:
    """Open images as a target domain: a folder with or without class folders, a table, an array file, a sample.

    Args:
        source: as a flow names it.
        index: folder of what is remembered of files; None remembers nothing.
        classes: of the source domain, in order.
        names: class of the source by class of the target, where they are called otherwise.
        needs_shared: whether labels that share no class with the source are refused.

    Raises:
        DataError: nothing there, fewer than ``LEAST_TARGET`` images, or labels that share no class with the source.
    """
    from graftwork.data import open_images
    from graftwork.data.opening import index_path
    from graftwork.data.unlabelled import hide_labels, truth_of
    from graftwork.engine.prepare import LEAST_TARGET

    remembered = None if index is None else index_path(source, index)
    images = open_images(source, index_path=remembered, need_labels=False, only_report=True)
    if len(images) < LEAST_TARGET:
        raise DataError(
            f"The target {source} has {len(images)} images; at least {LEAST_TARGET} are wanted.",
            hint="Add images; they need no labels.",
        )
    return Target(hide_labels(images, classes), truth_of(images, classes, names, needs_shared=needs_shared))

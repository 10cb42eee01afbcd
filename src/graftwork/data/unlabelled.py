"""Images of a target domain, of which nothing may learn the labels: they are cut off before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from graftwork.data.sample import ImageSet, Sample
from graftwork.errors import DataError

__all__ = ["Truth", "hide_labels", "truth_of"]


def hide_labels(images: ImageSet, classes: Sequence[str] = ()) -> ImageSet:
    """Return the same images without anything that their labels could be read from.

    Labels, masks, corrections and classes are gone, and the order is that of the images' own bytes, so that not even
    the order of folders tells. Splits and groups are gone too; a target is used as a whole.

    Args:
        images: with or without labels.
        classes: names that the set is given instead of its own: those of the source.
    """
    bare = [
        Sample(key=s.key, label=None, split=None, group=None, digest=s.digest)
        for s in sorted(images.samples, key=lambda s: (s.digest, s.key))
    ]
    return replace(
        images,
        samples=tuple(bare),
        classes=tuple(classes),
        label_kind="category",
        label_names=(),
        number_names=(),
        category_names=(),
        category_values=(),
        masks=None,
        excluded=(),
        found={},
        problems=(),
    )


@dataclass(frozen=True)
class Truth:
    """Labels of a target, for scoring alone; they are kept apart from the images that methods see.

    Args:
        labels: int64 (n,), in the order of ``hide_labels``; index into the source's classes, -1 where an image has no
            label or one that the source does not know.
        unseen: images per class that the source does not know.
        absent: classes of the source that no target image has.
    """

    labels: NDArray[np.int64]
    unseen: Mapping[str, int] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def truth_of(
    images: ImageSet,
    classes: Sequence[str],
    names: Mapping[str, str] | None = None,
    *,
    needs_shared: bool = True,
) -> Truth | None:
    """Return the labels of a target by the source's classes; None where no image has a label.

    Args:
        images: the target with its labels.
        classes: of the source, in order.
        names: class of the source by class of the target, where they are called otherwise.
        needs_shared: whether classes that have nothing in common are refused.

    Raises:
        DataError: a name that neither side has; or no class in common, with both sides named.
    """
    if images.label_kind != "category" or all(s.label is None for s in images.samples):
        return None
    names = dict(names or {})
    _check_names(names, images.classes, classes)
    place = {name: i for i, name in enumerate(classes)}
    known = [place.get(names.get(c, c), -1) for c in images.classes]
    if needs_shared and all(k < 0 for k in known):
        raise DataError(
            f"The target's classes ({_listed(images.classes)}) are none of the source's ({_listed(classes)}).",
            hint=f"If they mean the same, say which is which: --map {images.classes[0]}={classes[0]}. "
            "If they do not, there is nothing to adapt: train on labelled images of the target.",
        )
    ordered = sorted(images.samples, key=lambda s: (s.digest, s.key))
    labels = np.array([-1 if s.label is None else known[s.label] for s in ordered], dtype=np.int64)
    counts = {c: sum(s.label == i for s in ordered) for i, c in enumerate(images.classes) if known[i] < 0}
    absent = tuple(c for i, c in enumerate(classes) if not (labels == i).any())
    return Truth(labels, {c: n for c, n in counts.items() if n}, absent)


def _check_names(names: Mapping[str, str], theirs: Sequence[str], ours: Sequence[str]) -> None:
    for their, our in names.items():
        if their not in theirs:
            raise DataError(f"The target has no class '{their}'.", hint=f"It has {_listed(theirs)}.")
        if our not in ours:
            raise DataError(f"The source has no class '{our}'.", hint=f"It has {_listed(ours)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")

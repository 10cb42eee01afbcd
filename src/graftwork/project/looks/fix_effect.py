"""What corrections of images change, measured by a probe on stored features; no training, no second base pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.data_quality import FixEffect, SplitChange
from graftwork.errors import DataError
from graftwork.insight.quality.effect import compare_labels
from graftwork.project.looks.data_quality import QualityLook

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.graph.contracts import ImagesSettings
    from graftwork.project.looks.inspection import Inspection

__all__ = ["measure_effect"]

_SCORED = ("validation", "test")


def measure_effect(
    inspection: Inspection, changes: Mapping[str, Any] | None = None, *, what: str = ""
) -> FixEffect:
    """Return what a fix would change, or what the flow's own corrections change.

    A logistic probe on the pretrained base's features is fitted to the training images before and after, and
    scored on validation and test images with the labels that they had before.

    Args:
        inspection: of the run or the flow.
        changes: new values of ``exclude`` and ``relabel`` of the images node; None compares the data as it
            was found with the flow as it is.
        what: of the changes, in words.

    Raises:
        DataError: the labels are no classes, or there is nothing to train or to score on.
        UnknownName, FlowError: as ``look_at_data``.
        RunInterrupted: it was stopped.
    """
    own = QualityLook(inspection).settings
    plain = own.edit(exclude=(), relabel={})
    before, after = (plain, own) if changes is None else (own, own.edit(**changes))
    what = what or "The flow's corrections, beside the data as it was found."
    look = QualityLook(inspection, settings=plain)
    facts = {
        **look.facts,
        "before": [sorted(before.exclude), dict(before.relabel)],
        "after": [sorted(after.exclude), dict(after.relabel)],
        "what": what,
    }
    return inspection.kept(FixEffect, "data-effect", facts, lambda: _measure(look, before, after, what))


def _measure(look: QualityLook, before: ImagesSettings, after: ImagesSettings, what: str) -> FixEffect:
    images = look.images
    if images.label_kind != "category":
        raise DataError(
            f"The images of {images.source} have no single class each, so no probe can compare labels.",
            hint="Train the flow with and without the corrections, and compare the runs.",
        )
    names: dict[str, int] = {name: i for i, name in enumerate(images.classes)}
    old, new = (_labels(images, s, names) for s in (before, after))
    split = {row.key: row.split for row in look.opened.rows}  # copies that a split leaves out have none
    rows = {
        name: np.flatnonzero([split.get(s.key) == name for s in images.samples])
        for name in ("train", *_SCORED)
    }
    scored = {name: rows[name] for name in _SCORED if (old[rows[name]] >= 0).any()}
    if not scored or len(np.unique(old[rows["train"]][old[rows["train"]] >= 0])) < 2:
        raise DataError(
            f"The images of {images.source} leave nothing to train or nothing to score on.",
            hint="Give the flow validation or test images, and training images of two classes at least.",
        )
    found = compare_labels(
        look.features,
        old,
        new,
        train=rows["train"],
        scored=scored,
        groups=look.bound,
        seed=look.seed,
        step=look.inspection.check_stop,
    )
    moved = sum(int((old[r] != new[r]).sum()) for r in scored.values())
    return FixEffect(
        what=what,
        base=look.table.base_id,
        stage=look.table.stage,
        num_changed=found.num_changed,
        num_scored_changed=moved,
        changes=tuple(
            SplitChange(
                split=name, num_images=c.num_images, before=c.before, after=c.after, difference=c.difference
            )
            for name, c in found.changes.items()
        ),
        strength=found.strength,
        notes=tuple(_notes(found.num_changed, moved)),
    )


def _labels(images: ImageSet, settings: ImagesSettings, names: dict[str, int]) -> NDArray[np.int64]:
    """Return the labels after corrections, -1 where an image is left out; new classes are added to ``names``."""
    excluded, labels = set(settings.exclude), []
    for sample in images.samples:
        label = sample.label
        if sample.key in settings.relabel:
            label = names.setdefault(settings.relabel[sample.key].strip(), len(names))
        labels.append(-1 if label is None or sample.key in excluded else label)
    return np.array(labels, np.int64)


def _notes(num_changed: int, num_scored: int) -> list[str]:
    notes = []
    if not num_changed:
        notes.append("No training image changes, so the probe stays the same.")
    if num_scored:
        notes.append(
            f"{num_scored} validation or test images are corrected too; they are scored as they were before."
        )
    return notes

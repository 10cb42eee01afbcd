"""What is worth knowing of a data set before anything is trained on it."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from graftwork.data.duplicates import Duplicates, Links, find_duplicates
from graftwork.data.fixes import IMBALANCE
from graftwork.data.sample import SPLITS, ImageSet
from graftwork.documents.data_view import DataReport
from graftwork.documents.problem import Problem

__all__ = ["DataReport", "check_images"]

_TINY_CLASS = 10
_NUM_LISTED = 50


def check_images(images: ImageSet, duplicates: Duplicates | None = None) -> DataReport:
    """Look for all that commonly spoils a result: copies, conflicts, imbalance, broken files.

    Reads no image again: works from what was seen when the set was opened.

    Args:
        images: the set.
        duplicates: of this set, when they are known already.
    """
    found = duplicates or find_duplicates(images)
    links = Links(len(images))
    for a, b in found.pairs():
        links.join(a, b)
    groups = [g for g in links.parts() if len(g) > 1]
    samples = images.samples
    counts = _class_counts(images)
    facts = images.reader.facts(samples)
    sides = list(chain.from_iterable((f.width, f.height) for f in facts))
    num_copies = sum(len(g) - 1 for g in groups)
    crossing = [g for g in groups if len({samples[i].split for i in g}) > 1]
    conflicts = [g for g in groups if len({samples[i].truth for i in g}) > 1]
    report = DataReport(
        source=images.source,
        digest=images.digest(),
        classes=images.classes,
        num_images=len(images),
        class_counts={c: counts[c] for c in images.classes},
        split_counts=_split_counts(images),
        sizes=dict(Counter(f"{f.width} x {f.height}" for f in facts).most_common()),
        smallest_side=min(sides, default=0),
        largest_side=max(sides, default=0),
        modes=dict(Counter(f.mode for f in facts).most_common()),
        num_unreadable=images.num_skipped,
        num_hidden=images.num_hidden,
        num_other=images.num_other,
        num_exact_duplicates=len(found.exact),
        num_near_duplicates=num_copies - len(found.exact),
        duplicate_groups=tuple(tuple(samples[i].key for i in g) for g in groups[:_NUM_LISTED]),
        num_crossing=len(crossing),
        num_conflicts=len(conflicts),
        imbalance=max(counts.values(), default=0) / max(1, min(counts.values(), default=1)),
        tiny_classes=tuple(c for c in images.classes if counts[c] < _TINY_CLASS),
        problems=(),
    )
    return report.edit(problems=(*images.problems, *_findings(report)))


def _class_counts(images: ImageSet) -> Counter[str]:
    """Return the images per class, tag or class of masks; of numbers none."""
    if images.label_kind == "category":
        return Counter(images.classes[s.label] for s in images.samples if s.label is not None)
    rows = [s.values for s in images.samples if s.values is not None]
    return Counter({c: sum(row[i] > 0 for row in rows) for i, c in enumerate(images.classes)})


def _split_counts(images: ImageSet) -> dict[str, dict[str, int]]:
    return {
        split: dict(zip(images.classes, counts.tolist(), strict=True))
        for split, counts in images.counts().items()
    }


def _findings(report: DataReport) -> list[Problem]:
    texts = []
    if report.num_crossing:
        texts.append(
            (
                f"{report.num_crossing} images have copies in more than one split.",
                "The training copies are left out when the data is split.",
            )
        )
    if report.num_conflicts:
        texts.append(
            (f"{report.num_conflicts} images have copies with another label.", "Correct the labels.")
        )
    if report.num_near_duplicates:
        texts.append(
            (
                f"{report.num_near_duplicates} images are nearly the same as others.",
                "Copies stay in the same split.",
            )
        )
    if report.imbalance > IMBALANCE:
        texts.append(
            (
                f"The commonest class has {report.imbalance:.0f} times as many images as the rarest.",
                "Look at balanced accuracy, and consider class_weights: balanced.",
            )
        )
    for split in SPLITS:
        lacking = [c for c, n in report.split_counts.get(split, {}).items() if n == 0]
        if lacking:
            texts.append((f"The {split} split has no image of {', '.join(lacking)}.", "Add some."))
    return [Problem(level="warning", message=message, hint=hint) for message, hint in texts]

"""What can be done about the findings of a data check: each fix is new settings, nothing is changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from graftwork.data.duplicates import Duplicates, Links
from graftwork.data.sample import SPLITS, ImageSet, Sample
from graftwork.documents.data_view import DataFix, DataReport
from graftwork.graph.contracts import ImagesSettings

__all__ = ["IMBALANCE", "excluding", "propose_fixes", "relabeling"]

IMBALANCE = 10.0
"""Images of the commonest class over those of the rarest, above which weights are proposed."""

_NUM_KEYS = 200
_NUM_MAJORITIES = 20


def propose_fixes(
    images: ImageSet, duplicates: Duplicates, report: DataReport, settings: ImagesSettings
) -> tuple[DataFix, ...]:
    """Return what can be done about copies, contradictions and imbalance.

    Files that cannot be read are left out already; small classes need more images, which no setting gives.

    Args:
        images: the corrected set.
        duplicates: of this set.
        report: of this set.
        settings: of the images node; fixes are made upon them.
    """
    return (
        *_keep_one(images, settings),
        *_exclude_conflicts(images, duplicates, settings),
        *_majorities(images, duplicates, settings),
        *_balance(images, report),
    )


def _keep_one(images: ImageSet, settings: ImagesSettings) -> Iterator[DataFix]:
    """Of exact copies that agree, keep the first; of given splits the one that is left for testing."""
    by_digest: dict[str, list[Sample]] = defaultdict(list)
    for sample in images.samples:
        by_digest[sample.digest].append(sample)
    agreeing = [g for g in by_digest.values() if len(g) > 1 and len({s.truth for s in g}) == 1]
    if not agreeing:
        return
    kept = [max(g, key=lambda s: SPLITS.index(s.split or "train")).key for g in agreeing]
    keys = [s.key for g, first in zip(agreeing, kept, strict=True) for s in g if s.key != first]
    yield excluding(
        "keep_one_of_copies",
        "keep_one",
        f"Keep one of each: leave {_images(keys)} out",
        f"{_images(keys)} {'is an exact copy' if len(keys) == 1 else 'are exact copies'} of others with the "
        "same label. Copies add nothing to learn from and count twice in the scores.",
        keys,
        settings,
    )


def _conflicts(images: ImageSet, duplicates: Duplicates) -> list[list[int]]:
    """Return groups of copies whose labels contradict each other, as positions."""
    links = Links(len(images))
    for a, b in duplicates.pairs():
        links.join(a, b)
    return [g for g in links.parts() if len({images.samples[i].truth for i in g}) > 1]


def _exclude_conflicts(
    images: ImageSet, duplicates: Duplicates, settings: ImagesSettings
) -> Iterator[DataFix]:
    groups = _conflicts(images, duplicates)
    if not groups:
        return
    keys = [images.samples[i].key for g in groups for i in g]
    yield excluding(
        "exclude_conflicts",
        "exclude",
        f"Leave out {_images(keys)} whose copies have another label",
        "Copies of one image, or nearly the same images, have different labels; at most one of them can be "
        "right. Look at them first: correcting a label keeps an image that leaving out loses.",
        keys,
        settings,
    )


def _majorities(images: ImageSet, duplicates: Duplicates, settings: ImagesSettings) -> Iterator[DataFix]:
    """For each of the first groups, give all copies the label that most of them have."""
    if images.label_kind == "mask":
        return
    num = 0
    for group in _conflicts(images, duplicates):
        (label, count), *others = Counter(images.samples[i].truth for i in group).most_common()
        if others[0][1] == count or num == _NUM_MAJORITIES:
            continue
        num += 1
        model = next(i for i in group if images.samples[i].truth == label)
        keys = [images.samples[i].key for i in group if images.samples[i].truth != label]
        words = ", ".join(images.label_words(model)) or "no tag"
        yield DataFix(
            id=f"majority_{images.samples[group[0]].digest[:12]}",
            kind="relabel",
            title=f"Label {_named(keys)} as {words}",
            detail=f"{count} of {len(group)} copies of {images.samples[model].key} say {words}.",
            keys=tuple(keys[:_NUM_KEYS]),
            num_keys=len(keys),
            changes={"relabel": _relabeled(images, model, keys, settings)},
        )


def _relabeled(images: ImageSet, model: int, keys: Sequence[str], settings: ImagesSettings) -> dict[str, str]:
    """Return the new labels; an image that gets back the label it was found with needs none."""
    sample, words = images.samples[model], images.label_words(model)
    text = ";".join(map(repr, sample.values or ())) if images.label_kind == "number" else ";".join(words)
    relabel = {**settings.relabel, **dict.fromkeys(keys, text)}
    return {k: v for k, v in relabel.items() if k not in keys or images.found.get(k) != words}


def _balance(images: ImageSet, report: DataReport) -> Iterator[DataFix]:
    if images.label_kind == "category" and report.imbalance > IMBALANCE:
        yield DataFix(
            id="balance_classes",
            kind="settings",
            title="Let rare classes weigh more",
            detail=f"The commonest class has {report.imbalance:.0f} times as many images as the rarest. With "
            "class_weights: balanced each class counts alike in the loss.",
            recipe_changes={"class_weights": "balanced"},
        )


def excluding(
    name: str, kind: str, title: str, detail: str, keys: Sequence[str], settings: ImagesSettings
) -> DataFix:
    """Return a fix that leaves images out.

    Args:
        name: of the fix.
        kind: of the fix: 'exclude' or 'keep_one'.
        title, detail: for people.
        keys: of the images.
        settings: of the images node; the fix is made upon them.
    """
    exclude = list(dict.fromkeys((*settings.exclude, *keys)))
    content = {"id": name, "kind": kind, "title": title, "detail": detail, "keys": tuple(keys[:_NUM_KEYS])}
    return DataFix.model_validate({**content, "num_keys": len(keys), "changes": {"exclude": exclude}})


def relabeling(
    name: str,
    title: str,
    detail: str,
    labels: Mapping[str, str],
    images: ImageSet,
    settings: ImagesSettings,
) -> DataFix:
    """Return a fix that gives images other classes; one that gets back the class it was found with needs none.

    Args:
        name: of the fix.
        title, detail: for people.
        labels: new class by the image's key.
        images: the corrected set.
        settings: of the images node; the fix is made upon them.
    """
    relabel = {**settings.relabel, **labels}
    kept = {k: v for k, v in relabel.items() if k not in labels or images.found.get(k) != (v,)}
    return DataFix(
        id=name,
        kind="relabel",
        title=title,
        detail=detail,
        keys=tuple(labels)[:_NUM_KEYS],
        num_keys=len(labels),
        changes={"relabel": kept},
    )


def _images(keys: Sequence[str]) -> str:
    return f"{len(keys)} image{'' if len(keys) == 1 else 's'}"


def _named(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else _images(keys)

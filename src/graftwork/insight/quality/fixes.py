"""What can be done about doubtful labels, look-alikes and outliers: each fix is new settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graftwork.data.fixes import excluding, relabeling
from graftwork.data.sample import SPLITS, ImageSet
from graftwork.documents.data_quality import DataQuality, LookAlike
from graftwork.documents.data_view import DataFix
from graftwork.errors import UnknownName, did_you_mean
from graftwork.graph.contracts import ImagesSettings

__all__ = ["find_fix", "fixes_of"]

_SURE = 0.9


def fixes_of(quality: DataQuality, images: ImageSet, settings: ImagesSettings) -> tuple[DataFix, ...]:
    """Return what can be done about all findings of a kind at once.

    Labels are corrected and outliers left out among training images alone: what a run is scored by should be
    looked at one by one.

    Args:
        quality: the findings.
        images: the corrected set that they were found in.
        settings: of the images node; fixes are made upon them.
    """
    return (
        *_labels(quality, images, settings),
        *_copies(quality, settings),
        *_outliers(quality, settings),
    )


def find_fix(name: str, quality: DataQuality, images: ImageSet, settings: ImagesSettings) -> DataFix:
    """Return a fix of that name, or for one image: ``relabel:KEY`` to the suggestion, or ``exclude:KEY``.

    Raises:
        UnknownName: there is none.
    """
    known = {fix.id: fix for fix in quality.fixes}
    if name in known:
        return known[name]
    verb, _, key = name.partition(":")
    suggested = {s.key: s.suggested for s in quality.suspects}
    if verb == "relabel" and key in suggested:
        title, detail = f"Label {key} as {suggested[key]}", "As the probe suggests."
        return relabeling(name, title, detail, {key: suggested[key]}, images, settings)
    if verb == "exclude" and any(s.key == key for s in images.samples):
        return excluding(name, "exclude", f"Leave {key} out", "It is not used.", [key], settings)
    hint = did_you_mean(name, list(known)) if known else "Nothing is left to be mended at once."
    raise UnknownName(f"There is no fix '{name}' for these images.", hint=hint)


def _labels(quality: DataQuality, images: ImageSet, settings: ImagesSettings) -> Iterator[DataFix]:
    suspects = [s for s in quality.suspects if s.split == "train"]
    sure = {
        s.key: s.suggested
        for s in suspects
        if s.suggested_probability >= _SURE and s.label_probability <= 1 - _SURE
    }
    if sure:
        yield relabeling(
            "relabel_sure_suspects",
            f"Label {_images(len(sure))} as suggested",
            f"Training images for which the probe gives the suggested class {100 * _SURE:.0f} % or more. Look at them "
            "first: a probe is no judge, and an image may show both.",
            sure,
            images,
            settings,
        )
    confident = [s for s in suspects if s.is_confident]
    if confident:
        yield excluding(
            "exclude_suspects",
            "exclude",
            f"Leave out {_images(len(confident))} with a doubtful label",
            "Suspects among the training images of whose suggestion the probe is confident. Hard but right images are among them; measure the effect.",
            [s.key for s in confident],
            settings,
        )


def _copies(quality: DataQuality, settings: ImagesSettings) -> Iterator[DataFix]:
    agreeing = [g for g in quality.look_alikes if not g.is_conflict]
    for name, title, by_feature in (
        ("keep_one_of_look_alikes", "copies", False),
        ("keep_one_by_feature", "look-alikes by feature", True),
    ):
        keys = _surplus([g for g in agreeing if (g.how == "feature") is by_feature])
        if keys:
            yield excluding(
                name,
                "keep_one",
                f"Keep one of each: leave out {_images(len(keys))}",
                f"Groups of {title} with one label: the image that is left for testing stays, else the first. "
                "Copies across splits make scores look better than they are.",
                keys,
                settings,
            )


def _surplus(groups: Sequence[LookAlike]) -> list[str]:
    """Return all but one image of each group; one that stays in a group may go with another."""
    gone: dict[str, None] = {}
    for group in groups:
        members = [
            (key, split) for key, split in zip(group.keys, group.splits, strict=True) if key not in gone
        ]
        if members:
            kept = max(members, key=lambda m: [*SPLITS, None].index(m[1]) if m[1] else -1)  # type: ignore[arg-type]
            gone.update(dict.fromkeys(key for key, _ in members if key != kept[0]))
    return list(gone)


def _outliers(quality: DataQuality, settings: ImagesSettings) -> Iterator[DataFix]:
    keys = [o.key for o in quality.outliers if o.split == "train"]
    if keys:
        yield excluding(
            "exclude_outliers",
            "exclude",
            f"Leave out {_images(len(keys))} that {'look' if len(keys) > 1 else 'looks'} like no other",
            "Training images far from all others. Rare is not wrong: look at them first.",
            keys,
            settings,
        )


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"

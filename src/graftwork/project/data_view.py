"""What is to be seen of a flow's data: classes, images, findings and fixes, corrections undone or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graftwork.data.check import check_images
from graftwork.data.duplicates import Duplicates, Links, find_duplicates
from graftwork.data.fixes import propose_fixes
from graftwork.data.opening import list_images
from graftwork.data.sample import ImageFacts, ImageSet, Sample
from graftwork.data.split import split_images, with_excluded
from graftwork.documents.data_view import ClassRow, DataReport, DataView, SamplePage, SampleRow, Shown
from graftwork.documents.problem import Problem
from graftwork.engine.workspace import Workspace
from graftwork.errors import GraftworkError, UnknownName, UsageError
from graftwork.graph.contracts import ImagesSettings

__all__ = ["OpenedData", "data_view", "open_view", "sample_page"]

_NUM_EXAMPLES = 6
_MAX_ROWS = 1000


@dataclass(frozen=True)
class OpenedData:
    """A data set opened to be looked at.

    Args:
        settings: that it was opened with.
        images: all images that are used or could be, corrected, with their splits.
        duplicates: among them.
        report: of them.
        rows: of them and of the excluded and unreadable ones, ordered by key.
    """

    settings: ImagesSettings
    images: ImageSet
    duplicates: Duplicates
    report: DataReport
    rows: tuple[SampleRow, ...]


def open_view(
    settings: ImagesSettings,
    seed: int,
    workspace: Workspace,
    *,
    watch: Callable[[int, int], object] | None = None,
) -> OpenedData:
    """Open the images of an images node to look at them, even if they cannot be trained on yet.

    All training images are there, also when runs use a share of them.

    Args:
        settings: of the node.
        seed: of the recipe; the splits are those of a run.
        workspace: the project's folders.
        watch: told of files that are read for the first time, how many so far and of how many; it may raise.

    Raises:
        DataError: there are no images, or a table or an array file cannot be read.
    """
    unsplit = list_images(settings, workspace.index, only_report=True, watch=watch)
    whole = with_excluded(unsplit)
    excluded = {s.key for s in unsplit.excluded}
    kept = [i for i, s in enumerate(whole.samples) if s.key not in excluded]
    duplicates = find_duplicates(whole).only(kept)
    splits, problems = _splits(unsplit, settings, seed)
    samples = tuple(_in_split(whole.samples[i], splits) for i in kept)
    images = replace(whole, samples=samples, problems=problems)
    rows = _rows(images, duplicates, settings, splits)
    return OpenedData(settings, images, duplicates, check_images(images, duplicates), rows)


def _splits(
    images: ImageSet, settings: ImagesSettings, seed: int
) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """Return the split by key, None where they cannot be drawn, and all problems so far."""
    try:
        done = split_images(
            images,
            validation=settings.validation,
            test=settings.test,
            seed=settings.seed_of_split(seed),
            need_all_classes=False,
        )
    except GraftworkError as error:
        fault = Problem(level="error", message=error.message, hint=error.hint)
        return None, (*images.problems, fault)
    return {s.key: s.split for s in done.samples}, done.problems


def _in_split(sample: Sample, splits: dict[str, Any] | None) -> Sample:
    return sample if splits is None else replace(sample, split=splits.get(sample.key, sample.split))


def _rows(
    images: ImageSet,
    duplicates: Duplicates,
    settings: ImagesSettings,
    splits: dict[str, Any] | None,
) -> tuple[SampleRow, ...]:
    faults = _copy_faults(images, duplicates)
    rows = []
    for i, (sample, facts) in enumerate(
        zip(images.samples, images.reader.facts(images.samples), strict=True)
    ):
        is_left_out = splits is not None and sample.key not in splits
        fault = "It is a copy of an image in another split, and left out." if is_left_out else faults.get(i)
        label, found = _label(images, i), images.found.get(sample.key)
        split = None if is_left_out else sample.split
        rows.append(_row(sample, facts, label=label, found_label=found, split=split, problem=fault))
    for sample, facts in zip(images.excluded, images.reader.facts(images.excluded), strict=True):
        rows.append(_row(sample, facts, label=images.found.get(sample.key, ()), is_excluded=True))
    excluded = set(settings.exclude)
    for key, why in images.unreadable.items():
        problem = f"It cannot be used and is left out: {why}."
        rows.append(SampleRow(key=key, digest="", label=(), is_excluded=key in excluded, problem=problem))
    return tuple(sorted(rows, key=lambda r: r.key))


def _label(images: ImageSet, index: int) -> tuple[str, ...]:
    if images.label_kind != "mask":
        return images.label_words(index)
    shares = images.samples[index].values or ()
    return tuple(name for name, share in zip(images.classes, shares, strict=False) if share > 0)


def _row(sample: Sample, facts: ImageFacts, **rest: Any) -> SampleRow:
    return SampleRow(key=sample.key, digest=sample.digest, width=facts.width, height=facts.height, **rest)


def _copy_faults(images: ImageSet, duplicates: Duplicates) -> dict[int, str]:
    """Return what is to be said of images that have copies, by position."""
    links = Links(len(images))
    for a, b in duplicates.pairs():
        links.join(a, b)
    faults = {}
    for group in (g for g in links.parts() if len(g) > 1):
        for i in group:
            own = images.samples[i]
            others = [images.samples[j] for j in group if j != i]
            other = next((s for s in others if s.truth != own.truth), None)
            if other is not None:
                faults[i] = f"A copy of it, {other.key}, has another label."
            elif twin := next((s for s in others if s.digest == own.digest), None):
                faults[i] = f"It is an exact copy of {twin.key}."
            else:
                faults[i] = f"It is nearly the same as {others[0].key}."
    return faults


def data_view(
    settings: ImagesSettings, seed: int, workspace: Workspace, *, opened: OpenedData | None = None
) -> DataView:
    """Return a data set at a glance, with what can be done about its findings.

    Args:
        settings: of the images node.
        seed: of the recipe.
        workspace: the project's folders.
        opened: of these settings, when it is at hand.

    Raises:
        DataError: as ``open_view`` says.
    """
    data = opened or open_view(settings, seed, workspace)
    images = data.images
    excluded = {r.key for r in data.rows if r.is_excluded}
    return DataView(
        report=data.report,
        classes=_class_rows(data),
        fixes=propose_fixes(images, data.duplicates, data.report, data.settings),
        num_excluded=len(excluded),
        num_relabeled=len(set(images.found) - excluded),
    )


def _class_rows(data: OpenedData) -> tuple[ClassRow, ...]:
    images, rows = data.images, {r.key: r for r in data.rows}
    members: dict[int, list[int]] = defaultdict(list)
    for i, sample in enumerate(images.samples):
        if images.label_kind == "category":
            classes: tuple[int, ...] = () if sample.label is None else (sample.label,)
        elif images.label_kind == "number":
            classes = ()
        else:
            classes = tuple(c for c, share in enumerate(sample.values or ()) if share > 0)
        for c in classes:
            members[c].append(i)
    counts = data.report.split_counts
    return tuple(
        ClassRow(
            name=name,
            num_images=len(members[c]),
            by_split={split: of_class[name] for split, of_class in counts.items() if name in of_class},
            examples=tuple(rows[images.samples[i].key] for i in _spread(members[c], _NUM_EXAMPLES)),
        )
        for c, name in enumerate(images.classes)
    )


def _spread(positions: Sequence[int], number: int) -> list[int]:
    if len(positions) <= number:
        return list(positions)
    return [positions[i * len(positions) // number] for i in range(number)]


def sample_page(
    settings: ImagesSettings,
    seed: int,
    workspace: Workspace,
    *,
    label: str | None = None,
    split: str | None = None,
    text: str = "",
    only: Shown = "all",
    offset: int = 0,
    limit: int = 100,
    opened: OpenedData | None = None,
) -> SamplePage:
    """Return a stretch of the images, ordered by key; excluded ones are among them, so that they can be put back.

    Args:
        settings: of the images node.
        seed: of the recipe.
        workspace: the project's folders.
        label: a class or a tag that the images have.
        split: train, validation or test.
        text: a part of the key, in any case.
        only: excluded, relabeled, or with a problem.
        offset, limit: which of them; at most 1000 at once.
        opened: of these settings, when it is at hand.

    Raises:
        UsageError: a stretch that cannot be meant.
        UnknownName: another ``only``.
        DataError: as ``open_view`` says.
    """
    if offset < 0 or not 1 <= limit <= _MAX_ROWS:
        raise UsageError(
            f"A page begins at 0 or later and has 1 to {_MAX_ROWS} images, got offset {offset} and limit {limit}."
        )
    data = opened or open_view(settings, seed, workspace)
    found = [r for r in data.rows if _fits(r, label, split, text.casefold(), only)]
    return SamplePage(total=len(found), offset=offset, rows=tuple(found[offset : offset + limit]))


def _fits(row: SampleRow, label: str | None, split: str | None, text: str, only: Shown) -> bool:
    return (
        (label is None or label in row.label)
        and (split is None or row.split == split)
        and text in row.key.casefold()
        and _is_shown(row, only)
    )


def _is_shown(row: SampleRow, only: Shown) -> bool:
    match only:
        case "all":
            return True
        case "excluded":
            return row.is_excluded
        case "relabeled":
            return row.found_label is not None
        case "problem":
            return row.problem is not None
    raise UnknownName(f"Images are shown as all, excluded, relabeled or problem, not '{only}'.")

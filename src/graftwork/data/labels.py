"""From what a listing says of its images to samples with labels, of whatever kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graftwork.data.files import Entry
from graftwork.data.masks import MaskFacts, class_values
from graftwork.data.sample import LabelKind, Sample, natural_order
from graftwork.documents.problem import Problem
from graftwork.errors import DataError

__all__ = ["Known", "Labelled", "label_entries", "refuse_errors"]

_FEW = 10


@dataclass(frozen=True)
class Known:
    """What a run that is evaluated knows already; None means: found in the data."""

    classes: Sequence[str] | None = None
    category_values: Sequence[Sequence[str]] | None = None


@dataclass
class Labelled:
    """Samples with their labels, and the names that go with them."""

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    problems: list[Problem]
    category_values: tuple[tuple[str, ...], ...] = ()
    mask_values: tuple[int, ...] = ()


def label_entries(
    source: str,
    rows: Sequence[tuple[Entry, str]],
    kind: LabelKind,
    *,
    known: Known,
    need_labels: bool,
    label_names: Sequence[str] = (),
    masks: Mapping[str, MaskFacts] | None = None,
    only_report: bool = False,
) -> Labelled:
    """Return the samples of listed images.

    Args:
        source: for errors.
        rows: what was listed, with the digest of each image's bytes.
        kind: of the labels.
        known: classes and category values of a run that is evaluated.
        need_labels: whether images without labels, or data without classes, are an error.
        label_names: columns that the values come from; of tags, their names.
        masks: facts of the masks, by key.
        only_report: whether too few classes or images are told as problems instead of raised.

    Raises:
        DataError: too few classes or images, or classes that are not among the known ones.
    """
    if kind == "category":
        done = _categories(source, rows, known.classes, need_labels)
    elif kind == "number":
        done = _numbers(source, rows, label_names, need_labels)
    elif kind == "tags":
        done = _tags(source, rows, label_names, known.classes, need_labels)
    else:
        done = _masks(source, rows, masks or {}, known.classes, need_labels)
    if not only_report:
        refuse_errors(done.problems)
    return _with_inputs(done, [e for e, _ in rows], known.category_values)


def refuse_errors(problems: Sequence[Problem]) -> None:
    """Raise the first problem that is an error.

    Raises:
        DataError: there is one.
    """
    if error := next((p for p in problems if p.level == "error"), None):
        raise DataError(error.message, hint=error.hint)


def _sample(entry: Entry, digest: str, **rest: Any) -> Sample:
    return Sample(entry.key, rest.pop("label", None), entry.split, entry.group, digest, **rest)


def _with_inputs(done: Labelled, entries: Sequence[Entry], known: Sequence[Sequence[str]] | None) -> Labelled:
    """Add numbers and categories that are further inputs; a category never seen before is -1."""
    columns = list(zip(*(e.categories for e in entries), strict=True))
    values = tuple(
        tuple(v) for v in (known or [sorted({x for x in c if x}, key=natural_order) for c in columns])
    )
    places = [{name: i for i, name in enumerate(v)} for v in values]
    samples = tuple(
        replace(
            s,
            numbers=e.numbers,
            categories=tuple(p.get(x, -1) for p, x in zip(places, e.categories, strict=True)),
        )
        if e.numbers or e.categories
        else s
        for s, e in zip(done.samples, entries, strict=True)
    )
    return replace(done, samples=samples, category_values=values)


def _categories(
    source: str, rows: Sequence[tuple[Entry, str]], classes: Sequence[str] | None, need_labels: bool
) -> Labelled:
    """Turn class names into labels. Class order comes from the names, never from the folders' order."""
    found = Counter(e.class_name for e, _ in rows if e.class_name is not None)
    if classes is None:
        names = tuple(sorted(found, key=natural_order))
        problems = _check_classes(source, names, found) if need_labels else []
    else:
        names, problems = tuple(classes), []
        _refuse_unknown(source, "classes", found, names, need_labels)
    label_of = {name: i for i, name in enumerate(names)}
    samples = tuple(
        _sample(e, digest, label=label_of.get(e.class_name) if e.class_name is not None else None)
        for e, digest in rows
    )
    return Labelled(samples, names, problems)


def _refuse_unknown(
    source: str, what: str, found: Counter[str], names: Sequence[str], need_labels: bool
) -> None:
    unknown = sorted(set(found) - set(names), key=natural_order)
    if unknown and need_labels:
        raise DataError(
            f"{source} has the {what} {', '.join(unknown)} that are not among the ones given: "
            f"{', '.join(names)}.",
            hint="Rename or remove them.",
        )


def _check_classes(source: str, names: Sequence[str], found: Counter[str]) -> list[Problem]:
    if len(names) < 2:
        return _error(
            f"{source} has one class only ('{names[0] if names else '?'}'); at least two are wanted.",
            "Make one folder per class, such as photos/cat and photos/dog.",
        )
    single = [n for n in names if found[n] == 1]
    if single:
        return _error(
            f"{source} has a single image of {', '.join(repr(n) for n in single)}; each class needs at "
            "least two, one to train on and one to test with.",
            "Add images, or remove the class.",
        )
    return _few("Classes", {n: found[n] for n in names})


def _error(message: str, hint: str) -> list[Problem]:
    return [Problem(level="error", message=message, hint=hint)]


def _few(what: str, counts: Mapping[str, int]) -> list[Problem]:
    tiny = [f"{name} ({count})" for name, count in counts.items() if count < _FEW]
    if not tiny:
        return []
    return [Problem(level="warning", message=f"{what} with fewer than {_FEW} images: {', '.join(tiny)}.")]


def _numbers(
    source: str, rows: Sequence[tuple[Entry, str]], names: Sequence[str], need_labels: bool
) -> Labelled:
    problems = []
    if need_labels:
        problems = _check_num(source, rows)
        columns = list(zip(*(e.values or () for e, _ in rows), strict=True)) if rows else []
        for name, column in zip(names, columns, strict=bool(rows)):
            if len(set(column)) == 1:
                message = f"The number '{name}' of {source} is {column[0]:g} for each image."
                problems.append(
                    Problem(level="warning", message=message, hint="There is nothing to learn about it.")
                )
    return Labelled(tuple(_sample(e, d, values=e.values) for e, d in rows), (), problems)


def _check_num(source: str, rows: Sequence[Any]) -> list[Problem]:
    if len(rows) >= 2:
        return []
    return _error(
        f"{source} has {'a single' if rows else 'no'} labelled image; at least two are wanted, one to train on "
        "and one to test with.",
        "Add images.",
    )


def _tags(
    source: str,
    rows: Sequence[tuple[Entry, str]],
    columns: Sequence[str],
    classes: Sequence[str] | None,
    need_labels: bool,
) -> Labelled:
    said = [_said_tags(e, columns) for e, _ in rows]
    found = Counter(tag for tags in said if tags is not None for tag in tags)
    names = tuple(columns or sorted(found, key=natural_order))
    problems: list[Problem] = []
    if classes is not None:
        _refuse_unknown(source, "tags", found, classes, need_labels)
        names = tuple(classes)
    elif need_labels:
        problems = _check_num(source, rows)
        if not found:
            hint = "Several tags are written as a;b, or as columns of 0 and 1."
            problems += _error(f"No image of {source} has a tag.", hint)
        problems += _few("Tags", {n: found[n] for n in names})
    samples = tuple(
        _sample(e, d, values=None if tags is None else tuple(float(n in tags) for n in names))
        for (e, d), tags in zip(rows, said, strict=True)
    )
    return Labelled(samples, names, problems)


def _said_tags(entry: Entry, columns: Sequence[str]) -> set[str] | None:
    if entry.values is not None:
        return {name for name, value in zip(columns, entry.values, strict=True) if value}
    return None if entry.tags is None else set(entry.tags)


def _masks(
    source: str,
    rows: Sequence[tuple[Entry, str]],
    facts: Mapping[str, MaskFacts],
    classes: Sequence[str] | None,
    need_labels: bool,
) -> Labelled:
    """Turn the values of masks into classes; a sample's values are its pixels' shares."""
    problems = _check_num(source, rows) if need_labels else []
    found = [f.counts for f in facts.values()]
    values = class_values(found, classes, source) if found or classes is None else ()
    names = tuple(map(str, values)) if classes is None else tuple(classes)
    counted = Counter(v for counts in found for v in counts)
    if classes is None:
        problems += _few("Classes", {str(v): counted[v] for v in values})
    samples = tuple(
        _sample(e, d, values=_shares(facts[e.key], values), mask_digest=facts[e.key].digest)
        if e.key in facts
        else _sample(e, d)
        for e, d in rows
    )
    return Labelled(samples, names, problems, mask_values=values)


def _shares(facts: MaskFacts, values: Sequence[int]) -> tuple[float, ...]:
    counts = [facts.counts.get(v, 0) for v in values]
    total = sum(counts)
    return tuple(c / total if total else 0.0 for c in counts)

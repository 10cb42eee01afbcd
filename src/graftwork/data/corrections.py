"""What the user corrects in a data set without touching its files: images left out, labels replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graftwork.data.cells import number_of, tags_of
from graftwork.data.files import Entry
from graftwork.data.sample import LabelKind, Sample
from graftwork.documents.problem import Problem
from graftwork.errors import DataError

__all__ = ["Corrected", "Corrections", "correct", "words_of"]

_NUM_NAMED = 5

Rows = Sequence[tuple[Entry, str]]


@dataclass(frozen=True)
class Corrections:
    """Keys of images that are left out, and new labels by key.

    A new label is the name of a class, tags as ``a;b``, or numbers as ``1.5;2`` in the order of the columns.
    """

    exclude: Collection[str] = ()
    relabel: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Corrected:
    """Listed images after corrections.

    ``rows``: those that stay, with their new labels. ``excluded``: the others, without labels. ``found``:
    labels as they were found, of all images that were left out or given another label.
    """

    rows: list[tuple[Entry, str]]
    excluded: tuple[Sample, ...]
    found: dict[str, tuple[str, ...]]
    problems: list[Problem]


def correct(
    source: str,
    rows: Rows,
    kind: LabelKind,
    corrections: Corrections,
    *,
    label_names: Sequence[str] = (),
    unreadable: Collection[str] = (),
) -> Corrected:
    """Return listed images without the excluded ones and with new labels.

    A label that no image had makes a new class, which is held to what each class is held to: two images at
    least. A class whose images all got other labels is gone; one whose images were all left out is an error,
    since leaving out is meant for single images.

    Args:
        source: for messages.
        rows: what was listed, with the digest of each image's bytes.
        kind: of the labels; masks cannot be replaced.
        corrections: what to do.
        label_names: columns that the values come from; of tags, their names.
        unreadable: keys of images that are left out already.

    Returns:
        The images; problems with the level "error" are for the caller to raise or to report.
    """
    exclude, relabel = set(corrections.exclude), corrections.relabel
    kept: list[tuple[Entry, str]] = []
    excluded: list[Sample] = []
    found: dict[str, tuple[str, ...]] = {}
    problems = _unknown(source, [e.key for e, _ in rows], unreadable, corrections)
    for entry, digest in rows:
        words = words_of(entry, kind, label_names)
        new = entry
        if entry.key in relabel:
            try:
                new = _relabeled(entry, relabel[entry.key], kind, label_names)
            except DataError as error:
                problems.append(Problem(level="error", message=error.message, hint=error.hint))
        if entry.key in exclude:
            excluded.append(Sample(entry.key, None, entry.split, entry.group, digest))
            found[entry.key] = words
            continue
        if words_of(new, kind, label_names) != words:
            found[entry.key] = words
        kept.append((new, digest))
    problems += _emptied(source, rows, kept, exclude, relabel) if kind == "category" else []
    return Corrected(kept, tuple(excluded), found, problems)


def words_of(entry: Entry, kind: LabelKind, label_names: Sequence[str]) -> tuple[str, ...]:
    """Return the class of a listed image, its tags or its numbers; nothing without a label, or of masks."""
    if kind == "category":
        return () if entry.class_name is None else (entry.class_name,)
    if kind == "number":
        return tuple(f"{v:g}" for v in entry.values or ())
    if kind == "tags" and entry.values is not None:
        return tuple(name for name, v in zip(label_names, entry.values, strict=True) if v)
    return tuple(sorted(entry.tags or ())) if kind == "tags" else ()


def _relabeled(entry: Entry, text: str, kind: LabelKind, names: Sequence[str]) -> Entry:
    if kind == "category":
        if not text.strip():
            raise DataError(
                f"The new label of {entry.key} is empty.", hint="Exclude the image, or name a class."
            )
        return replace(entry, class_name=text.strip())
    if kind == "number":
        return replace(entry, values=_numbers(entry, text, names))
    if kind == "tags":
        return _retagged(entry, tags_of(text), names)
    raise DataError(
        f"The image {entry.key} is labelled by a mask, which a text cannot replace.",
        hint="Correct the mask's file, or exclude the image.",
    )


def _numbers(entry: Entry, text: str, names: Sequence[str]) -> tuple[float, ...]:
    values = [number_of(part, f"The new label of {entry.key}") for part in text.split(";")]
    numbers = tuple(v for v in values if v is not None)
    if len(numbers) != len(values) or len(numbers) != len(entry.values or names):
        raise DataError(
            f"The new label of {entry.key} is '{text}'; {len(entry.values or names)} numbers are wanted.",
            hint="Write numbers with a point, several of them with a semicolon between.",
        )
    return numbers


def _retagged(entry: Entry, tags: tuple[str, ...], names: Sequence[str]) -> Entry:
    if entry.values is None:
        return replace(entry, tags=tags)
    if unknown := [t for t in tags if t not in names]:
        raise DataError(
            f"The new tags of {entry.key} name {', '.join(unknown)}, which is no column of tags.",
            hint=f"The columns are: {', '.join(names)}.",
        )
    return replace(entry, values=tuple(float(name in tags) for name in names))


def _unknown(
    source: str, keys: Sequence[str], unreadable: Collection[str], corrections: Corrections
) -> list[Problem]:
    """Report corrections of images that are not there; files may have been renamed or removed."""
    known = {*keys, *unreadable}
    gone = list(dict.fromkeys(k for k in (*corrections.exclude, *corrections.relabel) if k not in known))
    if not gone:
        return []
    more = f" and {len(gone) - _NUM_NAMED} more" if len(gone) > _NUM_NAMED else ""
    return [
        Problem(
            level="warning",
            message=f"{len(gone)} corrected images are not in {source}: {', '.join(gone[:_NUM_NAMED])}{more}.",
            setting="exclude" if gone[0] in corrections.exclude else "relabel",
            hint="Remove them from exclude and relabel, or restore the files.",
        )
    ]


def _emptied(
    source: str, rows: Rows, kept: Rows, exclude: Collection[str], relabel: Mapping[str, str]
) -> list[Problem]:
    """Report classes that lost all their images, and none of them to another class."""
    if not exclude:
        return []
    left = {e.class_name for e, _ in kept}
    lost = Counter(e.class_name for e, _ in rows if e.class_name not in left)
    moved = {e.class_name for e, _ in rows if e.key in relabel and e.key not in exclude}
    names = sorted(n for n in lost if n is not None and n not in moved)
    if not names:
        return []
    return [
        Problem(
            level="error",
            message=f"All images of {', '.join(map(repr, names))} in {source} are excluded.",
            setting="exclude",
            hint="Put at least two back, give them another label, or remove the class from the data.",
        )
    ]

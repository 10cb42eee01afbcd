"""Which samples a preview shows, and what they are called."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from graftwork.data import ImageSet, Split
from graftwork.errors import DataError, UnknownName, UsageError, did_you_mean

__all__ = ["choose_samples", "label_of", "samples_digest", "source_state"]

_GUESSED_FROM = 2000
_MAX_SAMPLES = 64


def choose_samples(
    images: ImageSet, samples: Sequence[str | int] | None, split: Split | None, number: int
) -> list[int]:
    """Return positions of the samples that are named, or of a handful spread over the classes of a split.

    Without a split: of the validation images, or of whatever there is.

    Raises:
        UnknownName: no sample of that key or position.
        DataError: the split is empty.
        UsageError: fewer than one sample, or more than 64.
    """
    count = number if samples is None else len(samples)
    if not 1 <= count <= _MAX_SAMPLES:
        raise UsageError(f"A preview shows 1 to {_MAX_SAMPLES} samples, got {count}.", hint="Name fewer.")
    if samples is not None:
        return _named(images, samples)
    if split is not None:
        positions = images.of_split(split)
        if not positions:
            raise DataError(f"There are no {split} images in {images.source}.", hint="Choose another split.")
    else:
        positions = images.of_split("validation") or list(range(len(images)))
    return _spread(images, positions, number)


def _named(images: ImageSet, samples: Sequence[str | int]) -> list[int]:
    by_key = {s.key: i for i, s in enumerate(images.samples)}
    found = []
    for name in samples:
        position = by_key.get(name) if isinstance(name, str) else name
        if position is None or not 0 <= position < len(images):
            hint = did_you_mean(name, list(by_key)[:_GUESSED_FROM]) if isinstance(name, str) else None
            raise UnknownName(
                f"There is no sample '{name}' in {images.source}.",
                hint=hint or f"Positions go from 0 to {len(images) - 1}.",
            )
        found.append(position)
    return found


def _spread(images: ImageSet, positions: Sequence[int], number: int) -> list[int]:
    """Return positions in turns from each class, classes spread evenly when there are more than samples."""
    groups: dict[int, list[int]] = {}
    for position in positions:
        label = images.samples[position].label
        groups.setdefault(-1 if label is None else label, []).append(position)
    names = sorted(groups)
    if len(names) == 1:
        whole = groups[names[0]]
        return (
            [whole[i * len(whole) // number] for i in range(number)] if number < len(whole) else list(whole)
        )
    if number < len(names):
        return [groups[names[i * len(names) // number]][0] for i in range(number)]
    found: list[int] = []
    turn = 0
    while len(found) < min(number, len(positions)):
        found += [groups[name][turn] for name in names if turn < len(groups[name])]
        turn += 1
    return found[:number]


def label_of(images: ImageSet, position: int) -> tuple[str, ...]:
    """Return the class of a sample, its tags or its numbers; nothing without a label, or of masks."""
    return images.label_words(position)


def samples_digest(images: ImageSet, positions: Sequence[int]) -> str:
    """Return a digest over pixels, labels and further inputs of some samples, and the names of classes."""
    chosen = [images.samples[p] for p in positions]
    rows = [[s.key, s.digest, s.label, s.values, s.numbers, s.categories, s.mask_digest] for s in chosen]
    names = [images.classes, images.label_kind, images.category_values]
    return hashlib.sha256(json.dumps([rows, names]).encode()).hexdigest()


def source_state(source: str) -> str:
    """Return what tells that files were added to, removed from or renamed in a source since the last look.

    Times of the source and of the folders in it; a file changed in its place deeper down is not seen.
    """
    path = Path(source).expanduser()
    try:
        times = [path.stat().st_mtime_ns, path.stat().st_size]
        if path.is_dir():
            with os.scandir(path) as entries:
                times += sorted(e.stat().st_mtime_ns for e in entries)
    except OSError:
        return source
    return f"{source}:{hash(tuple(times))}"

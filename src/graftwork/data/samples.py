"""Embedded samples: small data sets that need no download, for demos and tests."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import numpy as np

from graftwork.data.arrays import ArraySource
from graftwork.data.defects import DEFECTS, Defects, draw_defects, draw_odd_surfaces
from graftwork.data.sample import LabelKind
from graftwork.data.surfaces import draw_surfaces
from graftwork.errors import MissingExtra, UnknownName, did_you_mean

__all__ = ["SAMPLE_PREFIX", "open_sample", "sample_names"]

SAMPLE_PREFIX = "sample:"
_NAMES = ("animals", "defects", "odd-surfaces", "surfaces", "textile")


def sample_names() -> tuple[str, ...]:
    """Return the names that ``open_images("sample:NAME")`` knows.

    ``animals``: 1,200 silhouettes of real animals, 28 × 28, ten classes (Animal-Shape, MIT).
    ``defects``: 240 synthetic surfaces, 96 × 96, with no, one or several defects; as classes, as tags, as
    masks, or as the per cent of pixels that belong to a defect.
    ``odd-surfaces``: 160 pieces of synthetic cloth, 96 × 96, of which only test images have a defect; as classes
    or as masks.
    ``surfaces``: synthetic surfaces with defects, drawn by a formula, 96 × 96, four classes.
    ``textile``: 2,000 simulated textile images, 250 × 250, three classes (MIT; needs the extra
    ``samples``).
    """
    return _NAMES


def open_sample(name: str, kind: LabelKind = "category") -> ArraySource | Path:
    """Return the arrays of an embedded sample, or the folder that holds its files.

    Args:
        name: of the sample.
        kind: of the labels that are wanted; samples that have no such labels give classes.

    Raises:
        UnknownName: no sample of that name.
        MissingExtra: its package is not installed.
    """
    match name:
        case "animals":
            return _animals()
        case "defects":
            return _with_labels(draw_defects(num=240, side=96, seed=0), kind)
        case "odd-surfaces":
            return _with_labels(draw_odd_surfaces(num_normal=100, num_odd=60, side=96, seed=0), kind)
        case "surfaces":
            images, labels = draw_surfaces(num_per_class=60, side=96, seed=0)
            return ArraySource(images, labels, [None] * len(labels))
        case "textile":
            return _textile_folder()
    raise UnknownName(f"There is no sample '{name}'.", hint=did_you_mean(name, _NAMES))


def _with_labels(found: Defects, kind: LabelKind) -> ArraySource:
    source = ArraySource(found.images, found.labels, found.splits)
    if kind == "mask":
        return replace(source, values=found.masks)
    if kind == "tags":
        return replace(source, values=found.tags, names=tuple(DEFECTS))
    return replace(source, values=found.shares, names=("defect_percent",)) if kind == "number" else source


def _animals() -> ArraySource:
    content = files("graftwork.data").joinpath("samples_files", "animals.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        names, labels, images = archive["classes"], archive["labels"], archive["images"]
    return ArraySource(images, [str(names[i]) for i in labels], [None] * len(labels))


def _textile_folder() -> Path:
    try:
        package = import_module("conformal_clip_data")
    except ImportError as error:
        raise MissingExtra(
            "The sample 'textile' lies in the package conformal-clip-data, which is not installed.",
            hint="Install it with: pip install 'graftwork[samples]'.",
        ) from error
    return Path(package.textile_simulated_root())

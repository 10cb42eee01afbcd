"""Embedded samples: small data sets that need no download, for demos and tests."""

from __future__ import annotations

import io
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import numpy as np

from graftwork.data.arrays import ArraySource
from graftwork.data.surfaces import draw_surfaces
from graftwork.errors import MissingExtra, UnknownName, did_you_mean

__all__ = ["SAMPLE_PREFIX", "open_sample", "sample_names"]

SAMPLE_PREFIX = "sample:"
_NAMES = ("animals", "surfaces", "textile")


def sample_names() -> tuple[str, ...]:
    """Return the names that ``open_images("sample:NAME")`` knows.

    ``animals``: 1,200 silhouettes of real animals, 28 × 28, ten classes (Animal-Shape, MIT).
    ``surfaces``: synthetic surfaces with defects, drawn by a formula, 96 × 96, four classes.
    ``textile``: 2,000 simulated textile images, 250 × 250, three classes (MIT; needs the extra
    ``samples``).
    """
    return _NAMES


def open_sample(name: str) -> ArraySource | Path:
    """Return the arrays of an embedded sample, or the folder that holds its files.

    Raises:
        UnknownName: no sample of that name.
        MissingExtra: its package is not installed.
    """
    match name:
        case "animals":
            return _animals()
        case "surfaces":
            images, labels = draw_surfaces(num_per_class=60, side=96, seed=0)
            return ArraySource(images, labels, [None] * len(labels))
        case "textile":
            return _textile_folder()
    raise UnknownName(f"There is no sample '{name}'.", hint=did_you_mean(name, _NAMES))


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

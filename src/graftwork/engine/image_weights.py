"""How much each training image counts in the loss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from graftwork.data import ImageSet
from graftwork.errors import DataError, PlanError

__all__ = ["read_image_weights", "weight_notes"]


def read_image_weights(path: str | None, images: ImageSet) -> Tensor | None:
    """Return the weights of the training images in their order, float32 (n,), scaled to mean 1.

    Images that the table does not name count 0. None without a table, and where all count alike: such a run is bit for
    bit the one without weights.

    Args:
        path: of a CSV file with the columns key and weight.
        images: the split set.

    Raises:
        DataError: no such file or columns; weights below zero, not finite, or zero for all; no image of the set in it.
        PlanError: masks, whose loss is no mean over images.
    """
    if path is None:
        return None
    if images.label_kind == "mask":
        raise PlanError("Weights of images are not for masks.", hint="Leave image_weights empty.")
    table = _read(Path(path).expanduser())
    known = dict(zip(table["key"].astype(str), table["weight"].astype(float), strict=True))
    found = np.array([known.get(images.samples[i].key, 0.0) for i in images.of_split("train")])
    if not np.isfinite(found).all() or (found < 0).any():
        raise DataError(
            f"{path} holds weights that are below zero or no numbers.", hint="Weights are 0 or more."
        )
    if not found.any():
        raise DataError(
            f"{path} gives no training image of {images.source} a weight.",
            hint="Its keys must be the names that the data view shows; make it with graftwork weigh on the same images.",
        )
    if np.ptp(found) == 0:
        return None
    return torch.from_numpy((found / found.mean()).astype(np.float32))


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"key": str})
    except (OSError, ValueError) as error:
        raise DataError(
            f"The weights {path} cannot be read: {error}",
            hint="Make them with graftwork weigh.",
            path=str(path),
        ) from error
    if missing := [name for name in ("key", "weight") if name not in table.columns]:
        raise DataError(
            f"{path} has no column '{missing[0]}'.",
            hint="Two columns are wanted: key and weight.",
            path=str(path),
        )
    return table


def weight_notes(weights: Tensor | None) -> Iterator[str]:
    """Yield what a plan says of weights: on how many images the training really stands."""
    if weights is None:
        return
    values = weights.double()
    effective = float(values.sum() ** 2 / values.square().sum())
    none = int((weights == 0).sum())
    yield (
        f"Training images are weighed: {len(weights)} count like {effective:.0f} equal ones, {none} count nothing. Validation and "
        "test images count alike."
    )

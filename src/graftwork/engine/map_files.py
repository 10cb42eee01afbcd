"""What a run said of each place of its validation and test images, kept in one file of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from graftwork.data import ImageSet, Split
from graftwork.documents.files import write_atomically
from graftwork.engine.metrics.masks import mask_counts, mean_iou
from graftwork.errors import RunError

__all__ = ["MAPS", "StoredMaps", "has_maps", "read_maps", "write_maps"]

MAPS = "maps.parquet"
MOST_BYTES = 256 * 2**20
_STEPS = 65535


@dataclass(frozen=True)
class StoredMaps:
    """The maps of a run, a row for each image.

    Args:
        keys, splits: of the images.
        overlaps: of masks, the mean intersection over union of each image (n,); nan for anomalies.
        scale: of anomalies, the distance below which a twentieth of all places lies, and the largest one.
        pictures: a PNG of each map; empty where the file was full.
    """

    keys: tuple[str, ...]
    splits: tuple[str, ...]
    overlaps: NDArray[np.float64]
    scale: tuple[float, float]
    pictures: tuple[bytes, ...]

    @property
    def is_heat(self) -> bool:
        """Whether these are distances of places, not classes of pixels."""
        return not np.isnan(self.scale[1])

    def map(self, row: int) -> NDArray[Any] | None:
        """Return the class of each pixel, uint8 (h, w), or the distance of each place, float32 (h, w).

        None where the map of this image was not kept.
        """
        if not self.pictures[row]:
            return None
        with Image.open(BytesIO(self.pictures[row])) as picture:
            values = np.asarray(picture)
        return values.astype(np.float32) / _STEPS * self.scale[1] if self.is_heat else values.astype(np.uint8)


def write_maps(
    folder: Path,
    images: ImageSet,
    maps: Mapping[Split, NDArray[Any]],
    labels: Mapping[Split, NDArray[Any]],
) -> str | None:
    """Write the maps of validation and test images; return what the user should know, if anything.

    Args:
        folder: of the run.
        images: the image set.
        maps: by split, uint8 classes (n, H, W) or float32 distances (n, h, w).
        labels: by split; masks (n, H, W) give each image its overlap.
    """
    if not maps:
        return None
    heat = [m.ravel() for m in maps.values() if m.dtype != np.uint8 and m.size]
    low, top = _scale(np.concatenate(heat)) if heat else (float("nan"),) * 2
    rows: list[dict[str, Any]] = []
    kept = 0
    for split, values in maps.items():
        for place, index in enumerate(images.of_split(split)):
            picture = _encoded(values[place], top) if kept < MOST_BYTES else b""
            kept += len(picture)
            overlap = float("nan")
            if not heat:
                counts = mask_counts(values[place], labels[split][place], len(images.classes))
                overlap = mean_iou(counts)
            key = images.samples[index].key
            known = {"key": key, "split": split, "overlap": overlap, "low": low, "top": top}
            rows.append({**known, "picture": picture})
    content = BytesIO()
    pd.DataFrame(rows).to_parquet(content, index=False)
    write_atomically(folder / MAPS, content.getvalue())
    lost = sum(not row["picture"] for row in rows)
    if not lost:
        return None
    return f"The maps of {lost} images are not kept: those of a run may take {MOST_BYTES // 2**20} MB."


def has_maps(folder: Path) -> bool:
    """Whether the run in ``folder`` kept maps."""
    return (folder / MAPS).is_file()


def read_maps(folder: Path) -> StoredMaps:
    """Return the maps of the run in ``folder``.

    Raises:
        RunError: it kept none.
    """
    path = folder / MAPS
    if not path.is_file():
        raise RunError(
            f"The run {folder.name} kept no masks and no heat maps.",
            hint="Runs of the objective 'segmentation', and of 'anomaly' with the method 'padim' or 'patchcore', do.",
            run=folder.name,
        )
    columns = pq.read_table(path).to_pydict()
    ends = [columns[name][0] if columns[name] else None for name in ("low", "top")]
    return StoredMaps(
        keys=tuple(columns["key"]),
        splits=tuple(columns["split"]),
        overlaps=np.array([_float(x) for x in columns["overlap"]], dtype=np.float64),
        scale=(_float(ends[0]), _float(ends[1])),
        pictures=tuple(columns["picture"]),
    )


def _float(value: float | None) -> float:
    """Return a number as it was written; what is no number comes back as None from the file."""
    return float("nan") if value is None else float(value)


def _scale(values: NDArray[np.floating]) -> tuple[float, float]:
    return float(np.quantile(values, 0.05)), float(max(values.max(), 1e-12))


def _encoded(values: NDArray[Any], top: float) -> bytes:
    if values.dtype != np.uint8:
        values = np.round(np.clip(values / top, 0.0, 1.0) * _STEPS).astype(np.uint16)
    content = BytesIO()
    Image.fromarray(values).save(content, "PNG")
    return content.getvalue()

"""What images can be parted by: measured properties, columns of their table, groups and folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.files import write_atomically
from graftwork.errors import DataError, GraftworkError, UnknownName, did_you_mean
from graftwork.graph.contracts import ImagesSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["IMAGE_TRAITS", "Trait", "Traits", "gather_traits", "named_traits", "read_traits", "traits_path"]

Origin = Literal["image", "table", "data"]
Values = list[Any]

IMAGE_TRAITS = ("width", "height", "aspect", "brightness", "contrast", "sharpness")
_FEW = 4
_LONGEST = 1024  # of strips that are thousands of times as long as they are wide


@dataclass(frozen=True)
class Trait:
    """The images parted by one thing."""

    name: str
    origin: Origin
    parts: NDArray[np.str_]
    names: list[str]


@dataclass(frozen=True)
class Traits:
    """Raw values by name of the trait, one for each image in order."""

    values: Mapping[str, Values]
    origins: Mapping[str, Origin]
    notes: tuple[str, ...] = ()

    def part(self, name: str) -> Trait:
        """Return the images parted by one trait: numbers into up to four parts, texts as they are.

        Raises:
            UnknownName: no such trait.
        """
        import numpy as np

        from graftwork.insight.evaluation.slices import parts_of_numbers, parts_of_words

        if name not in self.values:
            raise UnknownName(
                f"Nothing is known of the images that is called '{name}'.",
                hint=did_you_mean(name, list(self.values)),
            )
        values = self.values[name]
        numbers = _as_numbers(values)
        if numbers is not None:
            parts, names = parts_of_numbers(np.asarray(numbers, dtype=np.float64))
        else:
            parts, names = parts_of_words([None if v is None else str(v) for v in values])
        return Trait(name, self.origins[name], parts, names)


def _as_numbers(values: Values) -> list[float] | None:
    """Return values as numbers where all that are there are, and they are more than a few; else None."""
    found = []
    for value in values:
        if value is None:
            found.append(float("nan"))
            continue
        try:
            found.append(float(value))
        except ValueError:
            return None
    distinct = {v for v in found if v == v}
    is_measured = any(isinstance(v, float) for v in values)
    return found if is_measured or len(distinct) > _FEW else None


def traits_path(folder: Path, keys: Sequence[str], digests: Sequence[str]) -> Path:
    """Return the file that keeps the traits of some images; other images have another one."""
    text = "\n".join(f"{k}\t{d}" for k, d in zip(keys, digests, strict=True))
    return folder / "inspections" / f"traits-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"


def read_traits(path: Path) -> Traits | None:
    """Return kept traits, None where there are none or none that read."""
    import pyarrow.parquet as pq

    try:
        columns: dict[str, Values] = pq.read_table(path).to_pydict()
    except (OSError, ValueError):
        return None
    values: dict[str, Values] = {}
    origins: dict[str, Origin] = {}
    for title, column in columns.items():
        origin, _, name = title.partition(":")
        if origin in ("image", "table", "data"):
            values[name], origins[name] = column, origin  # type: ignore[assignment]
    return Traits(values, origins)


def gather_traits(
    path: Path,
    settings: ImagesSettings,
    keys: Sequence[str],
    groups: Sequence[str | None],
    *,
    check_stop: Callable[[], None],
) -> Traits:
    """Return the traits of images, from their file or measured and kept.

    Images that cannot be read have no measured properties; when none can, what is known without them
    is returned, with a note, and nothing is kept.

    Args:
        path: from ``traits_path``.
        settings: of the images node, by which the images are found.
        keys: of the images.
        groups: of the images.
        check_stop: called between images; raises to end the work.
    """
    kept = read_traits(path)
    if kept is not None:
        return kept
    columns = _named(keys, groups)
    try:
        measured = _measured(settings, keys, check_stop)
    except DataError as error:
        note = f"Slices by image properties want the images: {error.message} {error.hint or ''}".strip()
        return _as_traits(columns, (note,))
    columns |= {f"image:{name}": values for name, values in measured.items()}
    columns |= {f"table:{name}": values for name, values in _table_columns(settings, keys).items()}
    _keep(path, columns)
    return _as_traits(columns, ())


def named_traits(keys: Sequence[str], groups: Sequence[str | None]) -> Traits:
    """Return what is known of images without looking at them: folder, group and file type."""
    return _as_traits(_named(keys, groups), ())


def _named(keys: Sequence[str], groups: Sequence[str | None]) -> dict[str, Values]:
    return {
        "data:folder": [str(PurePosixPath(key).parent) for key in keys],
        "data:group": list(groups),
        "image:file type": [PurePosixPath(key).suffix.lower().lstrip(".") or None for key in keys],
    }


def _as_traits(columns: Mapping[str, Values], notes: tuple[str, ...]) -> Traits:
    split = {title: title.partition(":") for title in columns}
    values = {split[title][2]: column for title, column in columns.items()}
    origins: dict[str, Any] = {split[title][2]: split[title][0] for title in columns}
    return Traits(values, origins, notes)


def _keep(path: Path, columns: Mapping[str, Values]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = BytesIO()
    pq.write_table(pa.table(dict(columns)), content)
    write_atomically(path, content.getvalue())


def _measured(
    settings: ImagesSettings, keys: Sequence[str], check_stop: Callable[[], None]
) -> dict[str, list[float | None]]:
    """Return the measured properties of images by name; None of one that cannot be read.

    Raises:
        DataError: the images are not there.
    """
    from graftwork.data.originals import Originals

    originals = Originals(settings)
    found: dict[str, list[float | None]] = {name: [] for name in IMAGE_TRAITS}
    problem: DataError | None = None
    for key in keys:
        check_stop()
        try:
            measures = _measure(originals, key)
        except (DataError, UnknownName) as error:
            measures = {}
            problem = DataError(error.message, hint=error.hint)
        for name in IMAGE_TRAITS:
            found[name].append(measures.get(name))
    if problem is not None and all(value is None for value in found["width"]):
        raise problem
    return found


def _measure(originals: Any, key: str) -> dict[str, float]:
    import numpy as np
    from PIL import Image

    from graftwork.data.decode import to_rgb
    from graftwork.insight.evaluation.image_traits import GREY_SIDE, grey_traits

    sizes: list[tuple[int, int]] = []
    picture = originals.open(key, short_side=GREY_SIDE, on_header=sizes.append)
    width, height = sizes[0] if sizes else picture.size
    if (width > height) != (picture.width > picture.height):  # stored turned
        width, height = height, width
    grey = to_rgb(picture).convert("L")
    share = GREY_SIDE / min(grey.size)
    width_now, height_now = (min(_LONGEST, max(1, round(side * share))) for side in grey.size)
    size = (width_now, height_now)
    small = grey.resize(size, Image.Resampling.BILINEAR) if size != grey.size else grey
    sizes_found = {"width": float(width), "height": float(height), "aspect": width / height}
    return sizes_found | grey_traits(np.asarray(small, dtype=np.uint8))


def _table_columns(settings: ImagesSettings, keys: Sequence[str]) -> dict[str, Values]:
    """Return the further columns of the table that the images come from; nothing of other sources."""
    from graftwork.data.opening import columns_of
    from graftwork.data.sources import table_of
    from graftwork.data.table import cells_by_key

    columns = columns_of(settings)
    try:
        table = table_of(settings.source, columns)
        cells = {} if table is None else cells_by_key(table, columns)
    except GraftworkError:
        return {}
    names = list(dict.fromkeys(name for row in cells.values() for name in row))
    labels = set(settings.label_columns)
    return {
        name: [cells.get(key, {}).get(name) for key in keys]
        for name in names
        if name not in labels and name not in (*IMAGE_TRAITS, "folder", "group", "file type")
    }

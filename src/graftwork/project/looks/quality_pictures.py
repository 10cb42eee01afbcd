"""Pictures of what is wrong with a data set: a sheet for each kind of finding, with words under each image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from graftwork.data.decode import to_rgb
from graftwork.documents.data_quality import DataQuality
from graftwork.documents.files import storing

if TYPE_CHECKING:
    from graftwork.data import ImageSet

__all__ = ["write_sheets"]

_SIDE = 160
_GAP = 6
_LINE = 12
_COLUMNS = 6
_NUM_ROWS = 8

Cell = tuple[Sequence[str], Sequence[str]]  # keys of its images, lines of words


def write_sheets(quality: DataQuality, images: ImageSet, folder: Path, *, number: int) -> list[Path]:
    """Write ``suspects.webp``, ``look-alikes.webp`` and ``outliers.webp``, each with the first findings.

    Args:
        quality: the findings.
        images: that they were found in.
        folder: made when it is not there.
        number: of findings on a sheet, at most 48.

    Returns:
        The files; none for a kind without findings.

    Raises:
        StorageError: they cannot be written.
        DataError: an image cannot be read any more.
    """
    samples = {s.key: s for s in images.samples}
    read: Callable[[str], Image.Image] = lambda key: images.reader.open(samples[key], short_side=_SIDE)  # noqa: E731
    number = min(number, _COLUMNS * _NUM_ROWS)
    found = []
    for name, cells in _sheets(quality, number).items():
        if cells:
            path = folder / f"{name}.webp"
            with storing("The pictures", folder):
                folder.mkdir(parents=True, exist_ok=True)
                _sheet(cells, read).save(path, quality=70, method=6)
            found.append(path)
    return found


def _sheets(quality: DataQuality, number: int) -> dict[str, list[Cell]]:
    return {
        "suspects": [
            ([s.key], [s.key, f"{s.label} > {s.suggested} {s.suggested_probability:.0%}"])
            for s in quality.suspects[:number]
        ],
        "look-alikes": [
            (g.keys[:2], [g.keys[0], g.keys[1], " | ".join(", ".join(w) for w in g.labels[:2])])
            for g in quality.look_alikes[: number // 2]
        ],
        "outliers": [([o.key], [o.key, ", ".join(o.label)]) for o in quality.outliers[:number]],
    }


def _sheet(cells: Sequence[Cell], read: Callable[[str], Image.Image]) -> Image.Image:
    across = len(cells[0][0])
    lines = len(cells[0][1])
    columns = min(len(cells), _COLUMNS // across)
    width, height = across * (_SIDE + 2) + _GAP, _SIDE + lines * _LINE + _GAP
    rows = -(-len(cells) // columns)
    out = Image.new("RGB", (columns * width - _GAP, rows * height - _GAP), "white")
    draw = ImageDraw.Draw(out)
    for index, (keys, words) in enumerate(cells):
        left, top = (index % columns) * width, (index // columns) * height
        for place, key in enumerate(keys):
            out.paste(_square(read(key)), (left + place * (_SIDE + 2), top))
        for line, text in enumerate(words):
            most = (across * _SIDE) // 6
            shown = text if len(text) <= most else "…" + text[1 - most :]
            draw.text((left, top + _SIDE + line * _LINE), shown, fill="black")
    return out


def _square(image: Image.Image) -> Image.Image:
    """Return the whole image in a square, on grey."""
    picture = to_rgb(image)
    picture.thumbnail((_SIDE, _SIDE))
    square = Image.new("RGB", (_SIDE, _SIDE), (225, 225, 225))
    square.paste(picture, ((_SIDE - picture.width) // 2, (_SIDE - picture.height) // 2))
    return square

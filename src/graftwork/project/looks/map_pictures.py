"""Pictures of masks and heat maps, to lie over the image: red, green, blue and opacity."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.places import LegendEntry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from graftwork.engine.trained import TrainedModel

__all__ = [
    "class_color",
    "class_legend",
    "heat_picture",
    "mask_layer",
    "png_of",
    "scale_colors",
    "write_map",
    "wrong_layer",
]

_IGNORED = 255
_GRAY = (128, 128, 128)
_WRONG = (255, 45, 85)


def class_color(index: int) -> str:
    """Return the color of a class as #rrggbb."""
    from graftwork.engine.preview.pictures import color_of_class

    return "#{:02x}{:02x}{:02x}".format(*color_of_class(index))


def class_legend(classes: Sequence[str]) -> tuple[LegendEntry, ...]:
    """Return the classes of masks with their colors; the first one is not drawn."""
    return tuple(
        LegendEntry(name=name, color=class_color(i), is_drawn=i > 0) for i, name in enumerate(classes)
    )


def scale_colors() -> tuple[str, ...]:
    """Return nine colors from the beginning to the end of the heat maps' scale, as #rrggbb."""
    from graftwork.engine.preview.pictures import color_table

    return tuple("#{:02x}{:02x}{:02x}".format(*color.tolist()) for color in color_table()[:: 255 // 8][:9])


def mask_layer(classes: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a mask (h, w) as a layer (h, w, 4): the first class is clear, pixels that do not count are gray."""
    import numpy as np

    from graftwork.engine.preview.pictures import color_of_class

    layer = np.zeros((*classes.shape, 4), dtype=np.uint8)
    for index in np.unique(classes):
        if index:
            color = _GRAY if index == _IGNORED else color_of_class(int(index))
            layer[classes == index] = (*color, 255)
    return layer


def wrong_layer(wrong: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the pixels that are wrong (h, w) as a layer (h, w, 4); the others are clear."""
    import numpy as np

    layer = np.zeros((*wrong.shape, 4), dtype=np.uint8)
    layer[wrong] = (*_WRONG, 255)
    return layer


def heat_picture(heat: NDArray[np.floating], scale: tuple[float, float]) -> NDArray[np.uint8]:
    """Return distances (h, w) as colors (h, w, 3), dark to pale from the first to the second of ``scale``."""
    import numpy as np

    from graftwork.engine.preview.pictures import color_table

    low, high = scale
    level = np.clip((heat - low) / max(high - low, 1e-12), 0.0, 1.0)
    picture: NDArray[np.uint8] = color_table()[np.round(level * 255.0).astype(np.int64)]
    return picture


def png_of(picture: NDArray[Any]) -> bytes:
    """Return a PNG file of a picture, uint8 (h, w), (h, w, 3) or (h, w, 4), or uint16 (h, w)."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=3)
    return content.getvalue()


def write_map(
    folder: Path,
    name: str,
    picture: Image.Image,
    said: NDArray[Any],
    model: TrainedModel,
    *,
    taken: Collection[Path] = (),
) -> list[Path]:
    """Write what a run says of each pixel of an image, in the image's own size; return the files.

    ``NAME-mask.png`` has the value of its class in each pixel, as the masks that were learned from, 255 where
    the run did not look; ``NAME-heat.png`` has 16 bits, 65535 for the double of the threshold, or for the
    image's own largest distance without one. ``NAME-over.png`` lies over the image in color.

    Args:
        folder: is made where it is missing.
        name: of the image file.
        picture: the image, upright.
        said: class of each pixel of the canvas, uint8 (h, w), or how odd it is, float32.
        model: that said it.
        taken: files of other images, which are not written over.
    """
    import numpy as np
    from PIL import Image

    from graftwork.data.transform import mask_of_image
    from graftwork.documents.files import write_atomically

    folder.mkdir(parents=True, exist_ok=True)
    share, size = model.transform.crop_share, picture.size
    is_heat = said.dtype != np.uint8
    if is_heat:
        top = _top(said, model)
        whole = mask_of_image(said, size, crop_share=share, outside=0)
        plain = np.round(np.clip(whole / top, 0.0, 1.0) * 65535).astype(np.uint16)
        layer = np.dstack([heat_picture(whole, (0.0, top)), np.full(whole.shape, 160, np.uint8)])
    else:
        whole = mask_of_image(said, size, crop_share=share)
        plain = _values_of(model.classes)[whole]
        layer = mask_layer(whole)
        layer[..., 3] = layer[..., 3] // 2
    over = Image.alpha_composite(picture.convert("RGBA"), Image.fromarray(layer)).convert("RGB")
    stem = Path(name).stem
    kind = "heat" if is_heat else "mask"
    files = [_free(folder, stem, ending, taken) for ending in (f"-{kind}.png", "-over.png")]
    contents: list[NDArray[Any]] = [plain, np.asarray(over)]
    for path, content in zip(files, contents, strict=True):
        write_atomically(path, png_of(content))
    return files


def _top(heat: NDArray[Any], model: TrainedModel) -> float:
    """Return the distance that full white stands for."""
    threshold = float(getattr(model.objective, "threshold", float("nan")))
    return 2.0 * threshold if threshold == threshold and threshold > 0 else float(max(heat.max(), 1e-12))


def _values_of(classes: Sequence[str]) -> NDArray[np.uint8]:
    """Return the mask value of each class number, and 255 for 255."""
    import numpy as np

    table = np.full(256, 255, dtype=np.uint8)
    for index, name in enumerate(classes):
        table[index] = int(name) if name.isdecimal() and int(name) < 256 else index
    return table


def _free(folder: Path, stem: str, ending: str, taken: Collection[Path]) -> Path:
    """Return a path that no file of another image has taken."""
    path, number = folder / f"{stem}{ending}", 2
    while path in taken:
        path, number = folder / f"{stem}-{number}{ending}", number + 1
    return path

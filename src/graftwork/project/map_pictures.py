"""Pictures of masks and heat maps, to lie over the image: red, green, blue and opacity."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["class_color", "heat_picture", "mask_layer", "png_of", "scale_colors", "wrong_layer"]

_IGNORED = 255
_GRAY = (128, 128, 128)
_WRONG = (255, 45, 85)


def class_color(index: int) -> str:
    """Return the color of a class as #rrggbb."""
    from graftwork.engine.preview.pictures import color_of_class

    return "#{:02x}{:02x}{:02x}".format(*color_of_class(index))


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


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """Return a PNG file of a picture (h, w), (h, w, 3) or (h, w, 4)."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=3)
    return content.getvalue()

"""One image that was sent, with what a run says of it and of its places."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from graftwork.documents.places import PlacesOfImage
from graftwork.errors import GraftworkError
from graftwork.project.looks.map_pictures import class_legend, heat_picture, mask_layer, png_of, scale_colors
from graftwork.project.using import Prediction, predict_images, unreadable_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from graftwork.engine.trained import TrainedModel
    from graftwork.project.bench_state import BenchState
    from graftwork.project.run import Run

__all__ = ["inspect_tried", "places_of"]

Tried = tuple[Prediction, PlacesOfImage | None, dict[str, bytes]]


def inspect_tried(state: BenchState, subject: str, content: bytes) -> Tried:
    """Return what a run says of an image, of its places where it tells them, and pictures: the bench's task.

    Args:
        state: of the bench's child.
        subject: id of the run.
        content: of the image file; one that cannot be read says so in the prediction.
    """
    from PIL import Image, ImageOps

    model, run = state.model(subject), state.project.find(subject)
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return Prediction("image", problem=unreadable_in_words(error)), None, {}
    taken: list[NDArray[Any]] = []
    said = next(predict_images(model, [picture], on_map=lambda _name, _picture, found: taken.append(found)))
    if not taken:
        return said, None, {}
    places, layers = places_of(run, model, picture, taken[0])
    return said, places, {name: png_of(layer) for name, layer in layers.items()}


def places_of(
    run: Run, model: TrainedModel, picture: Image, said: NDArray[Any]
) -> tuple[PlacesOfImage, dict[str, NDArray[np.uint8]]]:
    """Return what was said of the places of an image, and its pictures by name, all of the canvas's size.

    Args:
        run: whose colors are used, so that heat maps compare with those of its own images.
        model: of the run.
        picture: the image, upright.
        said: class of each pixel of the canvas, uint8 (h, w), or how odd it is, float32.
    """
    import numpy as np

    from graftwork.insight.places import peak_of

    layers = {"image": model.transform.canvas(picture)}
    names = {"image": "image"}
    if said.dtype == np.uint8:
        layers["said"], names["said"] = mask_layer(said), "said"
        return PlacesOfImage(kind="mask", legend=class_legend(model.classes), pictures=names), layers
    threshold = float(getattr(model.objective, "threshold", float("nan")))
    scale = _scale(run, said, threshold)
    layers["heat"], names["heat"] = heat_picture(said, scale), "heat"
    return PlacesOfImage(
        kind="heat",
        threshold=threshold if threshold == threshold else None,
        scale=scale,
        scale_colors=scale_colors(),
        peak=peak_of(said),
        pictures=names,
    ), layers


def _scale(run: Run, heat: NDArray[Any], threshold: float) -> tuple[float, float]:
    """Return the distances that the darkest and the palest color stand for: as in the run's own heat maps."""
    from graftwork.engine.map_files import read_maps

    try:
        maps = read_maps(run.path)
    except GraftworkError:  # they were not kept, or were removed
        maps = None
    if maps is not None and maps.is_heat:
        return maps.scale
    top = 2.0 * threshold if threshold > 0 else float(heat.max())
    return 0.0, max(top, 1e-12)

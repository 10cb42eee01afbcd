"""Images before and after augmentation: the very pixels that training would be fed, before normalizing."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.data import ImageSet, Transform, read_canvas
from graftwork.documents.card import InputPort
from graftwork.documents.recipe import Recipe
from graftwork.engine.preview.pictures import png
from graftwork.engine.sources import Augmenter
from graftwork.errors import UnknownName, UsageError

__all__ = ["augmented"]

_MAX_KEYS = 64
_MAX_VIEWS = 16


def augmented(
    images: ImageSet, recipe: Recipe, port: InputPort, keys: Sequence[str], views: int
) -> dict[str, tuple[bytes, list[bytes]]]:
    """Return images as the base sees them, and the first random views of each that training sees.

    View n is that of epoch n; with cached views, n is the n-th of them.

    Args:
        images: the set.
        recipe: augmentation and seed.
        port: what the base wants.
        keys: of the images, up to 64.
        views: of each image, 1 to 16; none come back when the recipe augments nothing.

    Returns:
        By key the image before, and the views after, as PNG files.

    Raises:
        UsageError: too many images or views.
        UnknownName: no image of that key.
        DataError: an image cannot be read any more.
    """
    if not 1 <= views <= _MAX_VIEWS or len(keys) > _MAX_KEYS:
        raise UsageError(
            f"Up to {_MAX_KEYS} images and 1 to {_MAX_VIEWS} views are shown, got {len(keys)} and {views}.",
            hint="Ask for fewer.",
        )
    transform = Transform.for_port(port)
    augmenter = Augmenter(recipe.augment, recipe.seed, transform.size)
    position = {s.key: i for i, s in enumerate(images.samples)}
    shown = {}
    for key in keys:
        if key not in position:
            raise UnknownName(
                f"There is no image '{key}' in {images.source}.", hint="Excluded images are not augmented."
            )
        index = position[key]
        before = png(read_canvas(images, index, transform))
        after: list[bytes] = []
        if augmenter.kind != "none":
            wide, digest = read_canvas(images, index, transform, wide=True), images.samples[index].digest
            after = [png(augmenter(wide, digest, view)) for view in range(1, views + 1)]
        shown[key] = before, after
    return shown

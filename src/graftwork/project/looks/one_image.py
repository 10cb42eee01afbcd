"""One image that is looked into: a sample of the data, a file, or one that was sent."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.errors import DataError, GraftworkError, RunError, UnknownName, did_you_mean
from graftwork.project.using import unreadable_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from graftwork.data import ImageSet, Transform
    from graftwork.documents.plan import ComputePlan
    from graftwork.engine.build import Built
    from graftwork.project.looks.inspection import Inspection

__all__ = ["OneImage", "find_image", "other_images", "pixel_digest", "pretrained", "values_of"]

_GUESSED_FROM = 2000


@dataclass(frozen=True)
class OneImage:
    """An image, found.

    Args:
        name: its key, or the name of its file.
        picture: as it is stored, upright.
        position: in the set of images; None of a file.
        label, split: what is known of it.
    """

    name: str
    picture: Image
    position: int | None = None
    label: tuple[str, ...] = ()
    split: str | None = None

    def canvas(self, transform: Transform) -> NDArray[np.uint8]:
        """Return it as a base sees it before normalizing, (h, w, 3)."""
        return transform.canvas(self.picture)


def find_image(
    inside: Inspection, image: str | Path | bytes, *, name: str = "image", only_keys: bool = False
) -> OneImage:
    """Return the image that is meant.

    Args:
        inside: whose images are looked through.
        image: key of one of the images; path of a file; or the content of a file.
        name: of content that was sent.
        only_keys: whether text never means a file, as when it comes from a page.

    Raises:
        UnknownName: neither a key nor a file.
        DataError: it cannot be read.
    """
    if isinstance(image, bytes):
        return OneImage(name, _decoded(io.BytesIO(image), name))
    images, trouble = _images(inside)
    by_key = {} if images is None else {s.key: i for i, s in enumerate(images.samples)}
    position = by_key.get(str(image))
    if images is not None and position is not None:
        sample = images.samples[position]
        picture = images.reader.open(sample)
        return OneImage(sample.key, picture, position, images.label_words(position), sample.split)
    path = Path(image).expanduser()
    if path.is_file() and not only_keys:
        return OneImage(path.name, _decoded(path, str(path)))
    if trouble is not None:
        raise DataError(
            f"There is no file '{image}', and the images are not there to look for a key: {trouble.args[0]}",
            hint="Put the images back where they were, or name an image file.",
        )
    raise UnknownName(
        f"'{image}' is neither a file nor the key of an image.",
        hint=did_you_mean(str(image), list(by_key)[:_GUESSED_FROM])
        or "Keys are paths below the folder of the images; graftwork data check lists the folder.",
    )


def other_images(inside: Inspection, apart_from: OneImage, number: int) -> tuple[list[OneImage], str | None]:
    """Return up to ``number`` more images, spread over the classes of the test split, and why there are none."""
    from graftwork.engine.preview.samples import choose_samples

    images, trouble = _images(inside)
    if images is None or number < 1:
        return [], None if trouble is None else str(trouble.args[0])
    split: Any = "test" if images.of_split("test") else None
    chosen = choose_samples(images, None, split, number + 1)
    found: list[OneImage] = []
    for position in [p for p in chosen if p != apart_from.position][:number]:
        sample = images.samples[position]
        try:
            found.append(OneImage(sample.key, images.reader.open(sample), position))
        except DataError as error:
            return found, str(error.args[0])
    return found, None


def values_of(
    inside: Inspection,
    built: Built,
    chosen: Sequence[OneImage],
    transform: Transform,
    compute: ComputePlan,
    *,
    with_columns: bool = True,
) -> dict[str, Tensor]:
    """Return what the network takes of some images, by wire; images (b, c, h, w) are normalized.

    Args:
        inside: whose columns are read.
        built: the network.
        chosen: images.
        transform: of the network's port.
        compute: says on which device.
        with_columns: whether further columns are wanted too, where the flow reads some.

    Raises:
        RunError: the flow reads columns of a table, and one of the images has no row there.
    """
    import numpy as np
    import torch

    from graftwork.engine.data_wires import DataWires

    network = built.network
    canvases = np.stack([one.canvas(transform) for one in chosen])
    values = {network.image_wire: transform.normalize(torch.from_numpy(canvases)).to(compute.device)}
    if not with_columns or network.reads_images_alone:
        return values
    rows = [one.position for one in chosen if one.position is not None]
    if len(rows) < len(chosen):
        raise RunError(
            "This flow also reads columns of a table; an image alone is not enough.",
            hint="Name an image of the table by its key.",
        )
    wires = [w for w in network.data_wires if not w.endswith(".labels")]
    data = DataWires(inside.images, rows, wires, transform)
    return {**values, **data.batch(np.arange(len(rows), dtype=np.int64), compute.device)}


def pretrained(inside: Inspection) -> Built:
    """Return the network as training starts; of a run also where its images are not there any more.

    Raises:
        DataError: of a flow: its images are not there.
        FlowError, BaseNotUsable: as building it raises.
    """
    try:
        return inside.prepared.built
    except DataError:
        if inside.run is None:
            raise
    from graftwork.engine.build import build_flow
    from graftwork.engine.settings import read_settings

    built = build_flow(read_settings(inside.flow).flow, len(inside.trained.names), inside.workspace)
    built.network.eval()
    built.network.to(inside.trained.compute.device)
    return built


def pixel_digest(canvas: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the pixels that a network sees."""
    return hashlib.sha256(repr(canvas.shape).encode() + canvas.tobytes()).hexdigest()


def _images(inside: Inspection) -> tuple[ImageSet | None, GraftworkError | None]:
    try:
        return inside.images, None
    except DataError as error:
        return None, error


def _decoded(file: Path | io.BytesIO, name: str) -> Image:
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"'{name}' {unreadable_in_words(error)}.", hint="Name an image file.") from error

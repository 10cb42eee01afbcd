"""Reading canvases, one or many, with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from graftwork.data.sample import ImageSet
from graftwork.data.transform import Transform

__all__ = ["read_canvas", "stream_canvases"]


def read_canvas(
    images: ImageSet, index: int, transform: Transform, *, wide: bool = False
) -> NDArray[np.uint8]:
    """Return one image as its canvas; large JPEGs are decoded at a fraction of their size.

    Args:
        images: the set.
        index: position in ``images.samples``.
        transform: what the base wants.
        wide: the wider canvas that augmentation starts from.

    Returns:
        uint8 RGB, shape (h, w, 3), or (H, W, 3) when wide.

    Raises:
        DataError: the image cannot be read any more; it is named.
    """
    image = images.reader.open(images.samples[index], short_side=transform.short_side)
    return transform.wide_canvas(image) if wide else transform.canvas(image)


def stream_canvases(
    images: ImageSet,
    indices: Sequence[int],
    transform: Transform,
    *,
    wide: bool = False,
    num_threads: int = 2,
    prefetch: int = 64,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the canvases at ``indices``, in this order.

    Args:
        images: the set.
        indices: positions in ``images.samples``.
        transform: what the base wants.
        wide: see ``read_canvas``.
        num_threads: threads that decode; decoding runs beside other Python code.
        prefetch: most canvases held at any time, whatever the number of images.

    Raises:
        DataError: an image became unreadable since the scan; it is named.
    """
    positions = iter(indices)
    waiting: deque[Future[NDArray[np.uint8]]] = deque()
    pool = ThreadPoolExecutor(max(1, num_threads), thread_name_prefix="decode")
    try:
        while True:
            while len(waiting) < max(1, prefetch) and (index := next(positions, None)) is not None:
                waiting.append(pool.submit(read_canvas, images, index, transform, wide=wide))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

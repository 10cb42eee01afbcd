"""Exact and near duplicates: resized, recompressed, mirrored and turned copies of an image.

Candidates share a band of a 64-bit hash (multi-index hashing: Norouzi 2012, "Fast search in
Hamming space"); each is verified on 32 × 32 grey thumbnails. Photographs of one kind of thing under one
light, such as frames of a metal strip, agree in brightness and edges without being copies; copies agree
in fine detail too, block by block.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.data.decode import THUMBNAIL_SIDE
from graftwork.data.sample import ImageSet, Reader, Sample

__all__ = ["Duplicates", "Links", "detail_hashes", "find_duplicates"]

NUM_POSES = 8
"""The image itself, and all its quarter turns and mirror images."""

_MAX_DISTANCE = 10
_MIN_CONTRAST = 2.0
_MAX_DIFFERENCE = 0.12
_MIN_AGREEMENT = 0.55
_BLOCK_SIDE = 8
_CHUNK = 4096
_PAIRS_AT_ONCE = 1_000_000
_VERIFIED_AT_ONCE = 50_000
_NUM_REMEMBERED = 4
_REMEMBERED: dict[bytes, Duplicates] = {}
_LOCK = threading.Lock()

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Duplicates:
    """Pairs of positions in a set's samples, each (i, j) with i < j, sorted."""

    exact: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Return exact and near pairs together."""
        return tuple(sorted((*self.exact, *self.near)))

    def only(self, kept: Sequence[int]) -> Duplicates:
        """Return the pairs among ``kept`` positions, as positions in ``kept``.

        Where the image that others were chained to is not kept, they are chained to the next one that is.
        """
        new = {old: i for i, old in enumerate(kept)}
        chained: dict[int, list[int]] = {}
        for first, copy in self.exact:
            chained.setdefault(first, [first]).append(copy)
        exact, stands_for = [], {}
        for first, members in chained.items():
            left = [m for m in members if m in new]
            exact += [(new[left[0]], new[m]) for m in left[1:]]
            if left:
                stands_for[first] = left[0]
        near = [(new.get(stands_for.get(a, a)), new.get(stands_for.get(b, b))) for a, b in self.near]
        pairs = sorted((min(a, b), max(a, b)) for a, b in near if a is not None and b is not None)
        return Duplicates(tuple(sorted(exact)), tuple(pairs))


class Links:
    """Union-find: which positions belong together."""

    def __init__(self, num: int) -> None:
        self._above = list(range(num))

    def join(self, a: int, b: int) -> None:
        """Say that ``a`` and ``b`` belong together."""
        a, b = self.root(a), self.root(b)
        if a != b:
            self._above[max(a, b)] = min(a, b)

    def root(self, a: int) -> int:
        """Return the smallest position that belongs together with ``a``."""
        while self._above[a] != a:
            self._above[a] = self._above[self._above[a]]
            a = self._above[a]
        return a

    def parts(self) -> list[list[int]]:
        """Return all positions, those that belong together in one list."""
        found: dict[int, list[int]] = {}
        for position in range(len(self._above)):
            found.setdefault(self.root(position), []).append(position)
        return list(found.values())


def find_duplicates(images: ImageSet) -> Duplicates:
    """Return the exact and near duplicates of a set, whatever their labels and splits.

    What was found among the last few sets is remembered: a change of labels looks at no image again.
    Exact copies are chained: of k identical images, k - 1 pairs with the first one are returned, and only
    the first one is compared with others.
    """
    key = hashlib.sha256("\n".join(s.digest for s in images.samples).encode()).digest()
    with _LOCK:
        known = _REMEMBERED.get(key)
    if known is None:
        known = _find_duplicates(images)
        with _LOCK:
            _REMEMBERED[key] = known
            while len(_REMEMBERED) > _NUM_REMEMBERED:
                del _REMEMBERED[next(iter(_REMEMBERED))]
    return known


def _find_duplicates(images: ImageSet) -> Duplicates:
    first: dict[str, int] = {}
    exact, distinct = [], []
    for position, sample in enumerate(images.samples):
        earlier = first.setdefault(sample.digest, position)
        if earlier == position:
            distinct.append(position)
        else:
            exact.append((earlier, position))
    samples = [images.samples[i] for i in distinct]
    near = sorted((distinct[i], distinct[j]) for i, j in _near_pairs(samples, images.reader))
    return Duplicates(tuple(exact), tuple(near))


def detail_hashes(thumbnails: NDArray[np.uint8]) -> Hashes:
    """Return a 64-bit hash of each thumbnail in all 8 poses.

    Each bit says whether a cell of an 8 × 8 grid is brighter than its row and its column let expect.
    Where all images show one scene under one light, this parts them a thousand times better than the usual
    comparison of neighboring cells, which sees the light and the straight edges that they share.

    Args:
        thumbnails: uint8, shape (n, 32, 32).

    Returns:
        uint64, shape (n, 8); column 0 is the image as it stands.
    """
    weights = (1 << np.arange(64, dtype=np.uint64)).astype(np.uint64)
    side = THUMBNAIL_SIDE // 8
    # Whole numbers: sums instead of means, so that equal images have equal bits on each machine.
    cells = thumbnails.reshape(-1, 8, side, 8, side).sum(axis=(2, 4), dtype=np.int64)
    expected = 8 * (cells.sum(axis=1, keepdims=True) + cells.sum(axis=2, keepdims=True))
    bits = 64 * cells + cells.sum(axis=(1, 2), keepdims=True) > expected
    return np.stack([_posed(bits, p).reshape(-1, 64) @ weights for p in range(NUM_POSES)], axis=1)


def _posed(images: NDArray[Any], pose: int) -> NDArray[Any]:
    turned = np.rot90(images, pose % 4, axes=(1, 2))
    return turned[:, :, ::-1] if pose >= 4 else turned


def _near_pairs(samples: Sequence[Sample], reader: Reader) -> Iterator[tuple[int, int]]:
    hashes = np.empty((len(samples), NUM_POSES), np.uint64)
    contrast = np.empty(len(samples), np.float32)
    for start in range(0, len(samples), _CHUNK):
        thumbnails = reader.thumbnails(samples[start : start + _CHUNK])
        hashes[start : start + _CHUNK] = detail_hashes(thumbnails)
        contrast[start : start + _CHUNK] = thumbnails.std(axis=(1, 2), dtype=np.float64)
    # An even area has no features to be recognized by: only identical bytes make it a copy.
    usable = np.flatnonzero(contrast >= _MIN_CONTRAST)
    candidates = _candidates(hashes[usable])
    candidates[:, :2] = usable[candidates[:, :2]]
    found: set[tuple[int, int]] = set()
    for start in range(0, len(candidates), _VERIFIED_AT_ONCE):
        part = candidates[start : start + _VERIFIED_AT_ONCE]
        found.update((i, j) for i, j, _ in part[_are_copies(part, samples, reader)].tolist())
    yield from found


def _candidates(hashes: Hashes) -> NDArray[np.int64]:
    """Return rows (i, j, pose), i < j: image j in that pose has nearly the hash of image i. Distinct rows."""
    num_bands = 8 if len(hashes) <= 20_000 else 6 if len(hashes) <= 200_000 else 5
    found = [_close_in_band(hashes, band) for band in _bands(num_bands)]
    return np.unique(np.concatenate(found), axis=0)


def _bands(num_bands: int) -> Iterator[tuple[np.uint64, np.uint64]]:
    """Yield shift and mask of each stretch of bits."""
    edges = np.linspace(0, 64, num_bands + 1).round().astype(int).tolist()
    for low, high in pairwise(edges):
        yield np.uint64(low), np.uint64((1 << (high - low)) - 1)


def _close_in_band(hashes: Hashes, band: tuple[np.uint64, np.uint64]) -> NDArray[np.int64]:
    shift, mask = band
    keys = (hashes >> shift) & mask
    order = np.argsort(keys[:, 0], kind="stable")
    sorted_keys = keys[order, 0]
    found = [np.zeros((0, 3), np.int64)]
    for pose in range(NUM_POSES):
        low = np.searchsorted(sorted_keys, keys[:, pose], side="left")
        count = np.searchsorted(sorted_keys, keys[:, pose], side="right") - low
        for part in _parts_of_at_most(count, _PAIRS_AT_ONCE):
            j = np.repeat(part, count[part])
            steps = np.arange(len(j)) - np.repeat(np.cumsum(count[part]) - count[part], count[part])
            i = order[np.repeat(low[part], count[part]) + steps]
            i, j = i[i < j], j[i < j]
            near = np.bitwise_count(hashes[i, 0] ^ hashes[j, pose]) <= _MAX_DISTANCE
            found.append(np.stack([i[near], j[near], np.full(near.sum(), pose)], axis=1))
    return np.concatenate(found)


def _parts_of_at_most(counts: NDArray[np.int64], most: int) -> Iterable[NDArray[np.int64]]:
    """Cut the positions into stretches whose counts add up to about ``most``."""
    part = np.cumsum(counts) // most
    return [x for x in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(part)) + 1) if len(x)]


def _are_copies(
    candidates: NDArray[np.int64], samples: Sequence[Sample], reader: Reader
) -> NDArray[np.bool_]:
    """Return whether the thumbnails of each row (i, j, pose) are those of copies, shape (p,)."""
    members, place = np.unique(candidates[:, :2], return_inverse=True)
    place = place.reshape(-1, 2)
    thumbnails = reader.thumbnails([samples[m] for m in members])
    agree = np.zeros(len(candidates), np.bool_)
    for pose in range(NUM_POSES):
        rows = np.flatnonzero(candidates[:, 2] == pose)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            first = thumbnails[place[some, 0]].astype(np.float32)
            second = _posed(thumbnails[place[some, 1]], pose).astype(np.float32)
            close = np.flatnonzero(_differ_little(first, second))
            agree[some[close]] = _detail_agreement(first[close], second[close]) >= _MIN_AGREEMENT
    return agree


def _differ_little(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether the root mean square difference is below 12 % of the contrast, and 1 grey level."""
    difference = np.sqrt(((first - second) ** 2).mean(axis=(1, 2)))
    contrast = np.minimum(first.std(axis=(1, 2)), second.std(axis=(1, 2)))
    little: NDArray[np.bool_] = difference <= _MAX_DIFFERENCE * contrast + 1.0
    return little


def _detail_agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median correlation of fine detail over the 8 × 8 blocks that have any, shape (p,).

    Detail is what is left of a block when the slopes along its rows and columns are taken off.
    Measured on 2,306 strip photographs, many of them neighboring frames: no pair is taken for copies, and
    all copies at half the size or at JPEG quality 75 are found (at quality 50: 86 %).
    """
    a, b = _detail(first), _detail(second)
    power_a, power_b = (a * a).sum(axis=2), (b * b).sum(axis=2)
    correlation = (a * b).sum(axis=2) / np.sqrt(power_a * power_b + 1e-6)
    has_detail = np.maximum(power_a, power_b) > 0.1 * _BLOCK_SIDE**2
    masked = np.where(has_detail, correlation, np.nan)
    masked[~has_detail.any(axis=1)] = 0.0
    agreement: NDArray[np.float32] = np.nanmedian(masked, axis=1) if len(masked) else masked[:, 0]
    return agreement


def _detail(images: NDArray[np.float32]) -> NDArray[np.float32]:
    num, side = THUMBNAIL_SIDE // _BLOCK_SIDE, _BLOCK_SIDE
    blocks = images.reshape(-1, num, side, num, side).transpose(0, 1, 3, 2, 4)
    # Taken off along both axes: what is constant or slopes. Left is neither light nor a straight edge.
    slopes, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, side), 2))
    rest = (np.eye(side) - slopes @ slopes.T).astype(np.float32)
    detail: NDArray[np.float32] = (rest @ blocks @ rest).reshape(len(images), num * num, side * side)
    return detail

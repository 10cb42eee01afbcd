"""A share of the training images: stratified and nested, so that a small share lies inside each larger one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["share_ranks"]


def share_ranks(
    counts: Sequence[NDArray[np.int64]], draws: Sequence[bytes], *, num_strata: int
) -> NDArray[np.float64]:
    """Return the smallest share of the training images to which each unit belongs, (u,), 0 to 1.

    A unit is what must stay together: one image, or a group with its copies. It counts for the stratum that it
    has most images of. Within a stratum the units are put in the order of their draws, and a unit's rank is the
    place of its middle; the first of each stratum has rank 0, so that no class is lost. The units of a share
    are those of at most its rank, so shares are nested by construction, and a stratum of n single images gives
    max(1, round(n · share)) of them.

    Args:
        counts: images of each stratum in each unit, u arrays (num_strata,).
        draws: a random sort key of each unit.
        num_strata: classes, or 1.
    """
    ranks = np.zeros(len(counts))
    if not len(counts):
        return ranks
    table = np.stack(counts).reshape(len(counts), num_strata)
    home = np.where(
        table.sum(1) > 0, table.argmax(1), num_strata
    )  # unlabelled units are a stratum of their own
    size = np.maximum(table.sum(1), 1)
    for stratum in np.unique(home):
        members = sorted(np.flatnonzero(home == stratum).tolist(), key=draws.__getitem__)
        sizes = size[members]
        middles = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
        ranks[members] = middles
        ranks[members[0]] = 0.0
    return ranks

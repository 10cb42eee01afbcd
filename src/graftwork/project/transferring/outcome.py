"""What every way to adapt gives back, before anything is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a method says of the two domains.

    Args:
        method: its name.
        target_probabilities: (n, c) of the target's images, in the order of ``Target.images``.
        validation_probabilities: (v, c) of the source's validation images, in their order.
        source_features: (s, d) of the source's training images where the method looks at them, for the map after.
        target_features: (n, d) of the target's images there.
        seconds: that the method itself took, without reading images.
        run: id of the run that holds the adapted model; None where only a head on stored features was adapted.
        notes: sentences that the user should read.
    """

    method: str
    target_probabilities: NDArray[np.float32]
    validation_probabilities: NDArray[np.float32]
    source_features: NDArray[np.float32]
    target_features: NDArray[np.float32]
    seconds: float
    run: str | None = None
    notes: tuple[str, ...] = ()

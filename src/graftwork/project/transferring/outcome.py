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
        before: (n, c), what the same network said of the target when it had learned from the source alone; None: what the
            head on stored features says.
        run: id of the run that holds the adapted model; None where only a head on stored features was adapted.
        notes: sentences that the user should read.
    """

    method: str
    target_probabilities: NDArray[np.floating]
    validation_probabilities: NDArray[np.floating]
    source_features: NDArray[np.floating]
    target_features: NDArray[np.floating]
    seconds: float
    before: NDArray[np.floating] | None = None
    run: str | None = None
    notes: tuple[str, ...] = ()

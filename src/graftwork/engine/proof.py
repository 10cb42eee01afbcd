"""The proof of a run: what was to stay frozen is bit-identical, what was to move moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from graftwork.bases.digest import digest_tensors
from graftwork.documents.record import Proof
from graftwork.engine.network import Network

__all__ = ["FrozenWitness", "MovementWitness", "make_proof"]


class FrozenWitness:
    """Remembers each tensor that must not change, by digest; holds no copy of it.

    Args:
        network: the network, after freezing and before the first step.
        names: tensors that must not change.
    """

    def __init__(self, network: Network, names: Sequence[str]) -> None:
        self._network = network
        self._names = tuple(sorted(names))
        self.before = self._digests()

    def _digests(self) -> dict[str, str]:
        tensors = self._network.tensors()
        return {name: digest_tensors({name: tensors[name]}) for name in self._names}

    def changed(self) -> tuple[str, ...]:
        """Return the names whose bits differ from those at the start."""
        after = self._digests()
        return tuple(name for name in self._names if after[name] != self.before[name])

    def digest(self) -> str:
        """Return one digest over all witnessed tensors as they are now."""
        tensors = self._network.tensors()
        return digest_tensors({name: tensors[name] for name in self._names})


class MovementWitness:
    """Remembers where each trainable tensor started."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.start = {name: t.detach().clone() for name, t in tensors.items()}

    def unmoved(self, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
        """Return the names of tensors that equal their start in every bit."""
        return tuple(n for n, start in self.start.items() if torch.equal(start, tensors[n].detach()))


def make_proof(
    network: Network,
    frozen: FrozenWitness,
    frozen_before: str,
    moved: MovementWitness,
    *,
    begun: Collection[str] | None = None,
) -> Proof:
    """Return the proof for the network as it is now.

    Args:
        network: with its final weights.
        frozen: witness of what had to stay.
        frozen_before: digest over the same tensors at the start of the run.
        moved: witness of what had to move.
        begun: names of the tensors that a stopped run had begun to train; None: all of them.
    """
    tensors = network.tensors()
    tried = [name for name in moved.start if begun is None or name in begun]
    still = set(moved.unmoved(tensors))
    unmoved = tuple(name for name in tried if name in still)
    changed = frozen.changed()
    after = frozen.digest()
    return Proof(
        frozen_tensors=len(frozen.before),
        frozen_values=sum(tensors[n].numel() for n in frozen.before),
        frozen_digest_before=frozen_before,
        frozen_digest_after=after,
        frozen_unchanged=not changed and after == frozen_before,
        changed_frozen=changed,
        trainable_tensors=len(tried),
        trainable_values=sum(moved.start[name].numel() for name in tried),
        moved_tensors=len(tried) - len(unmoved),
        unmoved=unmoved,
        not_started=len(moved.start) - len(tried),
        weights_digest=digest_tensors(tensors),
    )

"""Checkpoints: all that a killed run needs to go on as if it had not been killed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from graftwork.documents.files import replacing
from graftwork.engine.network import Network
from graftwork.engine.phase_runner import PhaseState
from graftwork.errors import RunError

__all__ = ["Checkpoint", "Spent", "read_checkpoint", "restore", "start_where", "write_checkpoint"]

FILE = "checkpoint.pt"


@dataclass
class Spent:
    """What a run has cost so far, over all its sittings."""

    seconds: float = 0.0
    base_images: int = 0
    partial_images: int = 0
    cache_hits: int = 0


@dataclass
class Checkpoint:
    """The place of a run: phase, state inside it, changed tensors, cost, and the data it stands on."""

    data: str
    phase: int
    state: PhaseState
    tensors: dict[str, Tensor]
    spent: Spent


def write_checkpoint(
    folder: Path, network: Network, data: str, phase: int, state: PhaseState, spent: Spent
) -> None:
    """Write the checkpoint of a run. The frozen base is not in it: it comes from the base itself.

    Raises:
        StorageError: no space or no permission.
    """
    frozen = {
        name
        for name, t in network.base_tensors().items()
        if isinstance(t, torch.nn.Parameter) and not t.requires_grad
    }
    tensors = {n: t.detach() for n, t in network.tensors().items() if n not in frozen}
    _write(folder, Checkpoint(data, phase, state, tensors, spent))


def start_where(source: Path, target: Path) -> bool:
    """Let a run that has not begun start its second phase where the first phase of another one ended.

    It then does bit for bit what it would have done after a first phase of its own, if that phase is the same:
    data, seed, cuts, epochs and parameter groups. What the other one cost is not its own.

    Args:
        source: folder of a run whose first phase has ended.
        target: folder of the run that has not begun.

    Returns:
        Whether there was such a state to hand over.

    Raises:
        RunError, StorageError: the checkpoint cannot be read or written.
    """
    found = read_checkpoint(source)
    if found is None or found.phase != 1:
        return False
    _write(target, Checkpoint(found.data, found.phase, PhaseState(), found.tensors, Spent()))
    return True


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    state = checkpoint.state
    content: dict[str, Any] = {
        "format": 1,
        "data": checkpoint.data,
        "phase": checkpoint.phase,
        "state": {name: getattr(state, name) for name in PhaseState.__dataclass_fields__},
        "tensors": checkpoint.tensors,
        "spent": asdict(checkpoint.spent),
    }
    with replacing(folder / FILE) as file:
        torch.save(content, file)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a run folder, or None.

    Raises:
        RunError: the file is there but cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        return Checkpoint(
            data=content["data"],
            phase=content["phase"],
            state=PhaseState(**content["state"]),
            tensors=content["tensors"],
            spent=Spent(**content["spent"]),
        )
    except (RuntimeError, KeyError, TypeError, EOFError, OSError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be read: {error}.",
            hint="Remove the file to start the run again from its first step.",
        ) from error


def restore(network: Network, tensors: dict[str, Tensor]) -> None:
    """Put a checkpoint's tensors into a network built from the same flow."""
    own = network.tensors()
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)

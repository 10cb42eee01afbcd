"""Inputs of one split, and the network's outputs for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast
from graftwork.engine.data_wires import DataWires
from graftwork.engine.network import Network
from graftwork.engine.sources import Source, prefetched

__all__ = ["Split", "predict"]

_EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Split:
    """Inputs of one split, what the data says beside the images, and how much each image counts, (n,), if not all alike."""

    source: Source
    data: DataWires
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.data)


def predict(
    network: Network, split: Split, compute: ComputePlan, wires: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """Return the values (n, …) in float32 at ``wires`` for all of a split, in inference mode.

    Without ``wires``: those of each objective's prediction.
    """
    network.eval()
    wires = list(dict.fromkeys(sink.wires[0] for sink in network.sinks)) if wires is None else list(wires)
    batch = 32 if split.source.is_image else _EVALUATION_BATCH
    positions = np.arange(len(split), dtype=np.int64)
    batches = [positions[i : i + batch] for i in range(0, len(positions), batch)]
    found: dict[str, list[Tensor]] = {wire: [] for wire in wires}
    # Code of one's own may draw random numbers even now: the same ones each time.
    with torch.random.fork_rng(devices=[]), torch.inference_mode(), autocast(compute):
        torch.manual_seed(0)
        for chosen, inputs in prefetched(split.source, batches, epoch=0):
            data = split.data.batch(chosen, compute.device, split.source.views(chosen, 0))
            outputs = network.run({**inputs, **data}, wires)
            for wire, value in outputs.items():
                found[wire].append(value.float().cpu())
    return {wire: torch.cat(parts) if parts else torch.empty(0) for wire, parts in found.items()}

"""One epoch of a head on stored features: Graftwork's trainer against a DataLoader over single rows.

python -m benchmarks.cached_head
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.results import measure_and_tell, print_table
from graftwork.bases import open_base
from graftwork.components.classification import ClassificationLoss
from graftwork.documents.events import EpochEnded
from graftwork.documents.plan import ComputePlan, ParameterGroup, Phase
from graftwork.documents.recipe import Recipe
from graftwork.engine.network import Network, build_network
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.shards import ShardStore
from graftwork.engine.sources import FeatureSource
from graftwork.engine.train import PhaseState, Split, train_phase

__all__ = ["main", "measure"]

BASE = "random:bundled:efficientnet_lite0"
RATE = 1e-3


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds of an epoch of each way; the ways take turns."""
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    network = build_network(open_base(BASE), given.classes)
    network.set_trainable(network.last_cut, "held")
    width = network.head.num_features
    features, labels = torch.rand(given.rows, width), torch.randint(given.classes, (given.rows,))
    seconds: dict[str, list[float]] = {name: [] for name in ("graftwork", "loader", "tensor")}
    with tempfile.TemporaryDirectory(prefix="bench-head-") as folder:
        source = _store(features, Path(folder) / "entry", network.last_cut, given.threads)
        for _ in range(given.repeats + 1):
            seconds["graftwork"].append(_graftwork_epoch(network, source, labels, given))
            seconds["loader"].append(_loader_epoch(features, labels, given))
            seconds["tensor"].append(_tensor_epoch(features, labels, given))
    return {
        "rows": given.rows,
        "width": width,
        "batch": given.batch,
        "seconds": {name: median(values[1:]) for name, values in seconds.items()},
    }


def _store(features: Tensor, folder: Path, cut: str, threads: int) -> FeatureSource:
    store = ShardStore(folder, features.shape[1:], "float32")
    names = [str(index) for index in range(len(features))]
    with store.writer() as writer:
        writer.append(names, features)
    return FeatureSource(store, [[name] for name in names], cut, ComputePlan(num_threads=threads))


def _graftwork_epoch(
    network: Network, source: FeatureSource, labels: Tensor, given: argparse.Namespace
) -> float:
    tensors = tuple(trainable_tensors(network))
    group = ParameterGroup(name="head", learning_rate=RATE, weight_decay=0.01, tensors=tensors)
    events = train_phase(
        network,
        Phase(name="main", cut=source.cut, epochs=1, groups=(group,), from_cache=True),
        0,
        Recipe(epochs=1, batch=given.batch),
        train=Split(source, labels),
        validation=Split(source, labels[:0]),
        loss=ClassificationLoss(torch.bincount(labels, minlength=given.classes)),
        compute=ComputePlan(num_threads=given.threads),
        state=PhaseState(),
        save=lambda _: None,
        stop=lambda: False,
    )
    return next(e.seconds for e in events if isinstance(e, EpochEnded) and e.epoch == 1)


def _head(width: int, classes: int) -> tuple[nn.Linear, torch.optim.Optimizer]:
    head = nn.Linear(width, classes)
    return head, torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.01)


def _step(head: nn.Linear, optimizer: torch.optim.Optimizer, inputs: Tensor, labels: Tensor) -> None:
    optimizer.zero_grad()
    nn.functional.cross_entropy(head(inputs), labels).backward()
    optimizer.step()


def _loader_epoch(features: Tensor, labels: Tensor, given: argparse.Namespace) -> float:
    loader = DataLoader(TensorDataset(features, labels), batch_size=given.batch, shuffle=True)
    head, optimizer = _head(features.shape[1], given.classes)
    start = time.perf_counter()
    for inputs, wanted in loader:
        _step(head, optimizer, inputs, wanted)
    return time.perf_counter() - start


def _tensor_epoch(features: Tensor, labels: Tensor, given: argparse.Namespace) -> float:
    head, optimizer = _head(features.shape[1], given.classes)
    start = time.perf_counter()
    for positions in torch.randperm(len(features)).split(given.batch):
        _step(head, optimizer, features[positions], labels[positions])
    return time.perf_counter() - start


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    seconds = found["seconds"]
    titles = {
        "graftwork": "Graftwork's trainer",
        "loader": "DataLoader over single rows",
        "tensor": "bare loop over one tensor",
    }
    rows = [
        (titles[name], f"{value:.3f}", f"{value / seconds['graftwork']:.2f}")
        for name, value in seconds.items()
    ]
    title = f"one epoch, {found['rows']} × {found['width']} stored features, batch {found['batch']}"
    print_table(title, ("cached head", "s/epoch", "ratio"), rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("cached_head", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

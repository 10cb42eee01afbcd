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
from graftwork.data import ImageSet, Sample, Transform
from graftwork.documents.events import EpochEnded
from graftwork.documents.plan import ComputePlan, ParameterGroup, Phase
from graftwork.documents.recipe import Recipe
from graftwork.engine.boundary import find_boundary, set_trainable
from graftwork.engine.build import build_flow
from graftwork.engine.data_wires import DataWires
from graftwork.engine.evaluate import Split
from graftwork.engine.objectives import Objectives
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.phase_runner import PhaseState
from graftwork.engine.shards import ShardStore
from graftwork.engine.sources import FeatureSource
from graftwork.engine.train import train_phase
from graftwork.engine.workspace import Workspace
from graftwork.graph.flows import transfer_flow

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
    labels = torch.randint(given.classes, (given.rows,))
    seconds: dict[str, list[float]] = {name: [] for name in ("graftwork", "loader", "tensor")}
    with tempfile.TemporaryDirectory(prefix="bench-head-") as folder:
        trainer = _Trainer(given, labels, Path(folder))
        for _ in range(given.repeats + 1):
            seconds["graftwork"].append(trainer.epoch())
            seconds["loader"].append(_loader_epoch(trainer.features, labels, given))
            seconds["tensor"].append(_tensor_epoch(trainer.features, labels, given))
    return {
        "rows": given.rows,
        "width": trainer.features.shape[1],
        "batch": given.batch,
        "seconds": {name: median(values[1:]) for name, values in seconds.items()},
    }


class _Trainer:
    """Graftwork's own loop over the head of a frozen base, on features that are stored and drawn at random."""

    def __init__(self, given: argparse.Namespace, labels: Tensor, folder: Path) -> None:
        self.recipe = Recipe(epochs=1, batch=given.batch)
        self.compute = ComputePlan(num_threads=given.threads)
        flow = transfer_flow("drawn", base=BASE, strategy="head_only", recipe=self.recipe)
        workspace = Workspace(folder / "cache", folder / "runs", folder / "index")
        built = build_flow(flow, given.classes, workspace, weights=False)
        self.network = built.network
        self.cuts = {node: placed.base.stage_names()[-1] for node, placed in self.network.bases.items()}
        set_trainable(self.network, self.cuts, "held")
        (wire,) = find_boundary(self.network).wires
        self.features = torch.rand(given.rows, *built.shapes[wire])
        images = _without_pixels(labels, given.classes)
        transform = Transform.for_port(built.port)
        source = _stored(self.features, wire, images, folder / "entry", self.compute)
        data, none = (
            DataWires(images, chosen, self.network.data_wires, transform)
            for chosen in (range(given.rows), ())
        )
        self.train, self.validation = Split(source, data), Split(source, none)
        self.objectives = Objectives(flow, self.network, images, labels, self.recipe, "cpu")

    def epoch(self) -> float:
        """Return the seconds of one epoch; the head goes on from where it is."""
        tensors = trainable_tensors(self.network)
        group = ParameterGroup(name="head", learning_rate=RATE, weight_decay=0.01, tensors=tuple(tensors))
        events = train_phase(
            self.network,
            Phase(
                name="main",
                cut=next(iter(self.cuts.values())),
                cuts=self.cuts,
                epochs=1,
                groups=(group,),
                from_cache=True,
            ),
            0,
            self.recipe,
            train=self.train,
            validation=self.validation,
            objectives=self.objectives,
            compute=self.compute,
            state=PhaseState(),
            start={name: tensor.detach().clone() for name, tensor in tensors.items()},
            save=lambda _: None,
            stop=lambda: False,
            pause=lambda: False,
            hold_waiting=lambda _: None,
        )
        return next(e.seconds for e in events if isinstance(e, EpochEnded) and e.epoch == 1)


class _NoPixels:
    """Stands where images would be read: training on stored features reads none."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"'{name}' was asked for, but the features are stored.")


def _without_pixels(labels: Tensor, num_classes: int) -> ImageSet:
    samples = tuple(
        Sample(key=str(index), label=int(label), split="train", group=None, digest=f"{index:064x}")
        for index, label in enumerate(labels)
    )
    classes = tuple(f"class {index}" for index in range(num_classes))
    return ImageSet("drawn", samples, classes, (), 0, 0, reader=_NoPixels())


def _stored(
    features: Tensor, wire: str, images: ImageSet, folder: Path, compute: ComputePlan
) -> FeatureSource:
    store = ShardStore(folder, features.shape[1:], "float32")
    names = [sample.digest for sample in images.samples]
    with store.writer() as writer:
        writer.append(names, features)
    return FeatureSource({wire: store}, [[name] for name in names], compute)


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

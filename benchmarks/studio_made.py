"""What the studio is measured on: flows, a run with many predictions, a run that goes on."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graftwork.data import ImageSet, Split
from graftwork.data.sample import ImageFacts, Sample
from graftwork.documents.events import DataReady, EpochEnded, Event, PhaseStarted, RunStarted, StepEnded
from graftwork.documents.flow import Edge, Flow, Node, write_flow
from graftwork.documents.record import Cost
from graftwork.engine.folder import summarize, write_predictions, write_record, write_samples
from graftwork.engine.metrics.numbers import score_numbers
from graftwork.project.execute import EventLog, empty_record
from graftwork.project.lock import lock_run
from graftwork.project.run import Run, new_run_id

__all__ = ["going_run", "late_flow", "many_nodes_flow", "write_map_run", "write_number_run"]

_SOURCE = "sample:surfaces"
_TINY = "random:timm:test_efficientnet"
_STEPS_OF_EPOCH = 100


def late_flow(name: str, base: str) -> Flow:
    """Return a flow of a base with a dense layer, ``hidden``, close to its end."""
    nodes = (
        Node(id="images", component="images", settings={"source": _SOURCE}),
        Node(id="backbone", component="backbone", settings={"base": base, "image_size": 224}),
        Node(id="hidden", component="dense", settings={"units": 64}),
        Node(id="dropout", component="dropout", settings={"rate": 0.1}),
        Node(id="logits", component="dense"),
        Node(id="objective", component="classification"),
    )
    wires = [
        ("images.image", "backbone.image"),
        ("backbone.features", "hidden.features"),
        ("hidden.features", "dropout.features"),
        ("dropout.features", "logits.features"),
        ("logits.features", "objective.logits"),
        ("images.labels", "objective.labels"),
    ]
    return _flow(name, nodes, wires)


def many_nodes_flow(name: str, count: int = 60, branches: int = 6) -> Flow:
    """Return a flow of ``count`` nodes: a tiny base, branches of cheap layers, one answer."""
    nodes = [
        Node(id="images", component="images", settings={"source": _SOURCE}),
        Node(id="backbone", component="backbone", settings={"base": _TINY, "image_size": 64}),
        Node(id="pooling", component="pooling"),
    ]
    wires = [("images.image", "backbone.image"), ("backbone.features", "pooling.features")]
    ends = ["pooling"] * branches
    kinds = ("dense", "activation", "dropout")
    settings: dict[str, dict[str, object]] = {"dense": {"units": 16}, "dropout": {"rate": 0.1}}
    for number in range(count - len(nodes) - 3):
        branch, kind = number % branches, kinds[number // branches % len(kinds)]
        node = Node(id=f"{kind}_{number}", component=kind, settings=settings.get(kind, {}))
        nodes.append(node)
        wires.append((f"{ends[branch]}.features", f"{node.id}.features"))
        ends[branch] = node.id
    nodes += [
        Node(id="merge", component="merge", settings={"how": "concatenate", "inputs": branches}),
        Node(id="logits", component="dense"),
        Node(id="objective", component="classification"),
    ]
    wires += [(f"{end}.features", f"merge.{'abcdefghijklmnopqrstuvwxyz'[i]}") for i, end in enumerate(ends)]
    wires += [("merge.merged", "logits.features"), ("logits.features", "objective.logits")]
    return _flow(name, nodes, [*wires, ("images.labels", "objective.labels")])


def _flow(name: str, nodes: list[Node] | tuple[Node, ...], wires: list[tuple[str, str]]) -> Flow:
    edges = tuple(Edge.model_validate({"source": a, "target": b}) for a, b in wires)
    return Flow(name=name, nodes=tuple(nodes), edges=edges)


class _NoPixels:
    """Images of which only the labels exist."""

    def open(self, sample: Sample, *, short_side: int | None = None) -> Image.Image:
        raise NotImplementedError

    def read_bytes(self, sample: Sample) -> bytes:
        raise NotImplementedError

    def facts(self, samples: object) -> list[ImageFacts]:
        raise NotImplementedError

    def thumbnails(self, samples: object) -> NDArray[np.uint8]:
        raise NotImplementedError


def write_number_run(runs: Path, flow: Flow, *, predictions: int) -> Run:
    """Write the folder of a finished run whose answers are numbers, one for each of many test images."""
    draw = np.random.default_rng(11)
    truth = draw.gamma(4.0, 5.0, (predictions, 1)).astype(np.float32)
    said = (truth + draw.normal(0.0, 1.0 + 0.12 * truth)).astype(np.float32)
    images = ImageSet(
        source=_SOURCE,
        samples=tuple(_sample(i, float(value)) for i, value in enumerate(truth[:, 0])),
        classes=(),
        problems=(),
        num_skipped=0,
        num_duplicates=0,
        reader=_NoPixels(),
        label_kind="number",
        label_names=("age",),
    )
    run = Run(runs / new_run_id("head_only"))
    run.path.mkdir(parents=True)
    write_flow(flow, run.path / "flow.yaml")
    write_samples(run.path, images)
    split: Split = "test"
    write_predictions(run.path, images, {split: said}, {})
    scored = slice(0, min(predictions, 2000))  # the bootstrap over all of them says nothing here
    scores = score_numbers(said[scored], truth[scored], ["age"], train_mean=truth.mean(0))
    record = empty_record(flow, run, "finished")
    cost = Cost(seconds=1.0, base_images=predictions)
    write_record(run.path, record.edit(data=summarize(images), metrics={split: scores}, cost=cost))
    return run


def write_map_run(root: Path, flow: Flow, *, points: int) -> Run:
    """Write a finished run whose map of many images is made already, so that its drawing alone is measured."""
    from graftwork.documents.embedding import EmbeddingMap, MapDomain, MapPoints, MapSide
    from graftwork.project.looks.embedding import embedding_map
    from graftwork.project.project import Project

    run = write_number_run(root / "runs", flow, predictions=32)
    draw = np.random.default_rng(5)
    label = draw.integers(0, 10, points)
    middle = draw.normal(0, 4, (10, 2))
    nothing = (None,) * points
    sides = []
    for weights, spread in (("pretrained", 2.0), ("trained", 1.0)):
        x, y = (middle[label] + draw.normal(0, spread, (points, 2))).T.round(4).tolist()
        side = {"weights": weights, "x": x, "y": y, "explained": (0.3, 0.2)}
        unknown = dict.fromkeys(("trustworthiness", "same_class", "same_class_on_map"))
        sides.append(MapSide.model_validate({**side, **unknown}))
    made = EmbeddingMap(
        run=run.id,
        flow=flow.name,
        method="pca",
        place="base",
        num_features=1280,
        seed=0,
        num_images=points,
        num_shown=points,
        domains=(MapDomain(name="made", source=_SOURCE, num_images=points),),
        splits=("train", "validation", "test"),
        labels=tuple(f"class {i}" for i in range(10)),
        points=MapPoints(
            keys=tuple(f"row:{i}" for i in range(points)),
            digests=tuple(hashlib.sha256(str(i).encode()).hexdigest() for i in range(points)),
            domain=(0,) * points,
            split=tuple(draw.integers(0, 3, points).tolist()),
            label=tuple(label.tolist()),
            predicted=(-1,) * points,
            confidence=nothing,
            is_wrong=nothing,
        ),
        sides=tuple(sides),
        is_unmoved=False,
        disparity=0.2,
        num_measured=0,
        num_neighbors=15,
        same_class_by_chance=None,
    )
    project = Project(root)
    with patch("graftwork.project.looks.embedding._make", lambda *_: made):
        embedding_map(project.inspect(run.id))
    return run


def _sample(number: int, value: float) -> Sample:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return Sample(f"row:{number}", None, "test", None, digest, values=(value,))


@contextmanager
def going_run(runs: Path, flow: Flow, *, rate: float, before: int) -> Iterator[Run]:
    """Give a run that goes on: its log grows by ``rate`` events a second while the block runs.

    Args:
        runs: folder of runs.
        flow: whose run it is.
        rate: events a second.
        before: steps that are in the log already.
    """
    run = Run(runs / new_run_id("head_only"))
    run.path.mkdir(parents=True)
    write_flow(flow, run.path / "flow.yaml")
    write_record(run.path, empty_record(flow, run, "running"))
    log, is_over = EventLog(run.path / "events.jsonl"), threading.Event()
    for event in _begin(run):
        log.append(event)
    for step in range(before):
        for event in _events(step):
            log.append(event)

    def write() -> None:
        start = time.monotonic()
        for number in range(10**9):
            if is_over.wait(max(0.0, start + number / rate - time.monotonic())):
                return
            for event in _events(before + number):
                log.append(event)

    writer = threading.Thread(target=write, daemon=True)
    with lock_run(run.path):
        writer.start()
        try:
            yield run
        finally:
            is_over.set()
            writer.join()
            log.close()


def _begin(run: Run) -> list[Event]:
    classes = ("fold", "good", "scratch", "spot")
    return [
        RunStarted(run=run.id),
        DataReady(classes=classes, num_images={"train": 3200, "validation": 400, "test": 400}),
        PhaseStarted(phase="main", epochs=1000, steps_per_epoch=_STEPS_OF_EPOCH),
    ]


def _events(step: int) -> list[Event]:
    """Return the events of one step: the step, and at its end the epoch."""
    epoch, at = divmod(step, _STEPS_OF_EPOCH)
    loss = 0.2 + 1.8 * math.exp(-step / 1500) + 0.05 * math.sin(0.7 * step)
    parts = {"head": 1e-3 * (1 + 0.1 * math.sin(step)), "blocks.6": 1e-4}
    found: list[Event] = [
        StepEnded(
            phase="main",
            epoch=epoch + 1,
            step=at + 1,
            loss=loss,
            learning_rate=1e-3,
            images_per_second=640.0,
            memory_bytes=9 * 10**8,
            gradient_norms=parts,
            learning_rates={"head": 1e-3, "blocks.6": 1e-4},
        )
    ]
    if at == _STEPS_OF_EPOCH - 1:
        found.append(
            EpochEnded(
                phase="main",
                epoch=epoch + 1,
                train_loss=loss,
                validation_loss=loss + 0.1,
                validation_accuracy=1 - loss / 3,
                validation_balanced_accuracy=1 - loss / 3,
                movement=parts,
                learning_rate=1e-3,
                seconds=5.0,
                is_best=True,
            )
        )
    return found

"""What every peer is told and what it answers: same folders, same recipe, same clock."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results import num_cores, peak_memory_bytes

__all__ = [
    "SIDE",
    "SPLITS",
    "WEIGHT_DECAY",
    "Answer",
    "Stopwatch",
    "Task",
    "count_images",
    "lite0_tensors",
    "serve",
]

SIDE = 224
WEIGHT_DECAY = 0.01
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Task:
    """One peer's work."""

    data: Path  # holds train/CLASS, validation/CLASS and test/CLASS
    epochs: int
    epochs_measured: int
    batch: int
    seed: int
    threads: int
    learning_rate: float  # of a linear head on features as they are
    options: dict[str, str] = field(default_factory=dict)

    def count(self, split: str) -> int:
        """Return the number of images of a split."""
        return count_images(self.data / split)


@dataclass
class Answer:
    """What came out. Seconds start after the imports and end when the test images are scored."""

    setup_seconds: float
    train_seconds: float  # of the epochs measured, validation included
    test_seconds: float
    accuracy: float
    base_rate: float  # images through the base in a second while it was at work
    notes: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # for all epochs
    peak_memory_bytes: int = 0

    def complete(self, task: Task) -> Answer:
        """Fill in what follows from the rest; epochs that were not run are extrapolated, and said so."""
        share = task.epochs / task.epochs_measured
        self.seconds = self.setup_seconds + self.train_seconds * share + self.test_seconds
        self.peak_memory_bytes = peak_memory_bytes()
        if task.epochs_measured != task.epochs:
            self.notes.append(f"measured {task.epochs_measured} of {task.epochs} epochs")
        return self


def count_images(folder: Path) -> int:
    """Return the number of files below a folder."""
    return sum(path.is_file() for path in folder.rglob("*"))


def serve(work: Callable[[Task], Answer]) -> None:
    """Read the task from the command line, do it, and write the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--answer", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--epochs-measured", type=int, default=None)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=num_cores())
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--option", action="append", default=[], help="key=value for this peer alone")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    task = Task(
        data=given.data,
        epochs=given.epochs,
        epochs_measured=given.epochs_measured or given.epochs,
        batch=given.batch,
        seed=given.seed,
        threads=given.threads,
        learning_rate=given.learning_rate,
        options=dict(text.split("=", 1) for text in given.option),
    )
    import torch

    torch.set_num_threads(task.threads)
    torch.manual_seed(task.seed)
    answer = work(task).complete(task)
    given.answer.write_text(json.dumps(asdict(answer)))


def lite0_tensors() -> dict[str, Any]:
    """Return the bundled weights under timm's names, for ``tf_efficientnet_lite0``."""
    import timm

    from graftwork.bases.bundled import rename_lite0, weights_path
    from graftwork.bases.loading import read_weights

    blocks: Any = timm.create_model("tf_efficientnet_lite0").blocks
    return rename_lite0(read_weights(weights_path()), [len(stage) for stage in blocks])


class Stopwatch:
    """Seconds since the start and since the last look."""

    def __init__(self) -> None:
        self.start = self.last = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        now = time.perf_counter()
        seconds, self.last = now - self.last, now
        return seconds

    def total(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.start

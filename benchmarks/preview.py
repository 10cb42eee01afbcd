"""From an edit of a flow to the preview of the edited node: what is upstream has not changed.

python -m benchmarks.preview

Each edit goes to and fro, so that every preview is one that was not just shown. 'kept' previews come back to a
value that the session has shown before; 'new' ones have a value that it never saw.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.results import measure_and_tell, print_table
from graftwork.documents.flow import Edge, Flow, Node
from graftwork.engine.preview.session import PreviewSession
from graftwork.engine.workspace import Workspace

__all__ = ["main", "measure"]

Edit = Callable[[Flow, int], Flow]
_TARGET_SECONDS = 0.15


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--other", default="random:bundled:efficientnet_lite0")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=20)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds from each edit to its preview."""
    torch.set_num_threads(given.threads)
    flow = _flow(given.base)
    strategies, bases = ("head_only", "all_layers"), (given.other, given.base)
    edits: dict[str, tuple[str, Edit]] = {
        "dense units, new": ("logits", lambda f, i: f.with_settings("hidden", units=64 + i)),
        "dense units, kept": ("logits", lambda f, i: f.with_settings("hidden", units=64 + i % 2)),
        "dropout, new": ("logits", lambda f, i: f.with_settings("dropout", rate=0.1 + 0.001 * i)),
        "cut, new": ("logits", lambda f, i: f.with_settings("backbone", strategy=strategies[i % 2])),
        "base, kept": ("logits", lambda f, i: f.with_settings("backbone", base=bases[i % 2])),
        "seed, new": ("logits", lambda f, i: f.edit(recipe=f.recipe.edit(seed=i + 1))),
    }
    with tempfile.TemporaryDirectory(prefix="bench-preview-") as text:
        folder = Path(text)
        session = PreviewSession(Workspace(folder / "cache", folder / "runs", folder / "data", folder))
        start = time.perf_counter()
        session.preview(flow, "logits", number=given.samples)
        first = time.perf_counter() - start
        first_base = _first_of_base(session, flow, given)
        seconds: dict[str, list[float]] = {name: [] for name in edits}
        counter = itertools.count()
        for _ in range(given.repeats + 1):  # the edits take turns; the first turn does not count
            number = next(counter)
            for name, (node, edit) in edits.items():
                edited = edit(flow, number)
                start = time.perf_counter()
                session.preview(edited, node, number=given.samples)
                seconds[name].append(time.perf_counter() - start)
    medians = {name: median(values[1:]) for name, values in seconds.items()}
    return {"first": first, "base, first time": first_base, "seconds": medians, "target": _TARGET_SECONDS}


def _first_of_base(session: PreviewSession, flow: Flow, given: argparse.Namespace) -> float:
    start = time.perf_counter()
    session.preview(flow.with_settings("backbone", base=given.other), "logits", number=given.samples)
    return time.perf_counter() - start


def _flow(base: str) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": "sample:surfaces"}),
        Node(id="backbone", component="backbone", settings={"base": base, "image_size": 224}),
        Node(id="hidden", component="dense", settings={"units": 64}),
        Node(id="dropout", component="dropout", settings={"rate": 0.1}),
        Node(id="logits", component="dense"),
        Node(id="objective", component="classification"),
    )
    wires = (
        ("images.image", "backbone.image"),
        ("backbone.features", "hidden.features"),
        ("hidden.features", "dropout.features"),
        ("dropout.features", "logits.features"),
        ("logits.features", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    edges = tuple(Edge.model_validate({"source": a, "target": b}) for a, b in wires)
    return Flow(name="preview", nodes=nodes, edges=edges)


def show(found: dict[str, Any]) -> None:
    """Print the seconds of each edit."""
    rows = [(name, f"{1000 * value:.1f}") for name, value in found["seconds"].items()]
    once = {"first preview": "first", "other base": "base, first time"}
    rows += [(f"{name}, once", f"{1000 * found[key]:.0f}") for name, key in once.items()]
    print_table(f"From an edit to its preview; wanted: {1000 * found['target']:.0f} ms", ["edit", "ms"], rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("preview", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

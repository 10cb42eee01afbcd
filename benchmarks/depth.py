"""The probe by depth of all stages against one plain pass of the base over the same images.

python -m benchmarks.depth
python -m benchmarks.depth --data FOLDER --images 2000

Both decode the same files and use the same network at the number format that Graftwork measured to be fastest.
The plain pass runs the base to its end and throws the output away. The probe starts from an empty cache: it stores
the pooled features of all stages, fits both probes on each of them, and makes the report. They take turns.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.images import DEFAULT_SOURCE
from benchmarks.results import alternate, measure_and_tell, print_table
from graftwork.data import stream_canvases
from graftwork.documents.depth import DepthReport
from graftwork.engine.compute import autocast, deterministic, place
from graftwork.engine.stage_features import StageFeatures, stage_wires
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.inspection import Inspection

__all__ = ["main", "measure"]

_BATCH = 32
_WANTED_RATIO = 1.3


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument(
        "--data", default=DEFAULT_SOURCE, help="folder with a sub-folder per class, or a sample"
    )
    parser.add_argument("--images", type=int, default=600, help="training and validation images looked at")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--repeats", type=int, default=3)


class _Pair:
    """The two ways, on one project."""

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        self.project = Project(folder)
        self.most = given.images
        self.flow = transfer_flow(given.data, base=given.base, image_size=given.size)
        self.inside = Inspection(self.project, self.flow, tell=lambda _: None)
        self.network, self.images = self.inside.prepared.network, self.inside.images
        self.report = self.probe()
        self.indices = self._looked_at()

    def _looked_at(self) -> list[int]:
        """Return as many images as the probe looked at."""
        all_images = self.images.of_split("train") + self.images.of_split("validation")
        total = len(all_images)
        places = np.linspace(0, total, min(total, self.most), endpoint=False).astype(int)
        return [all_images[i] for i in places]

    def plain_pass(self) -> None:
        """Decode the images and run the base to its end."""
        prepared, compute = self.inside.prepared, self.inside.prepared.plan.compute
        last = list(stage_wires(self.network, self.inside.require_base()).values())[-1]
        waiting: list[np.ndarray] = []
        with deterministic(compute), torch.inference_mode(), autocast(compute):
            for number, canvas in enumerate(
                stream_canvases(self.images, self.indices, prepared.transform), 1
            ):
                waiting.append(canvas)
                if len(waiting) == _BATCH or number == len(self.indices):
                    batch = prepared.transform.normalize(torch.from_numpy(np.stack(waiting)))
                    self.network.run({self.network.image_wire: place(batch, compute)}, [last])
                    waiting = []

    def forget(self) -> None:
        """Empty the cache, as if nothing had ever been looked at."""
        cache = self.project.workspace.cache
        for name in ("features", "inspections"):
            shutil.rmtree(cache / name, ignore_errors=True)

    def fill(self) -> None:
        """Only the pass of the probe: pooled features of all stages, stored."""
        self.forget()
        inside, compute = self.inside, self.inside.prepared.plan.compute
        features = StageFeatures(
            self.network, inside.require_base(), inside.prepared.transform, compute, inside.workspace.cache
        )
        features.fill(self.images, self.indices)

    def probe(self) -> DepthReport:
        """The whole of it, from an empty cache."""
        self.forget()
        return probe_by_depth(self.inside, max_images=self.most)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the median seconds of both ways and their ratio."""
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory(prefix="bench-depth-") as text:
        pair = _Pair(given, Path(text) / "project")
        ways = {"plain pass": pair.plain_pass, "pass for all stages": pair.fill, "whole probe": pair.probe}
        seconds = alternate(ways, given.repeats)
        report = pair.report
    return {
        "images": len(pair.indices),
        "stages": len(report.stages),
        "protocol": report.protocol,
        "compute": pair.inside.prepared.plan.compute.model_dump(),
        "seconds": seconds,
        "ratio": seconds["whole probe"] / seconds["plain pass"],
        "wanted": _WANTED_RATIO,
    }


def show(found: dict[str, Any]) -> None:
    """Print the seconds of each way and the ratio."""
    plain = found["seconds"]["plain pass"]
    rows = [(name, f"{s:.2f}", f"{s / plain:.2f}") for name, s in found["seconds"].items()]
    compute = found["compute"]
    print_table(
        f"Probe by depth, {found['images']} images, {found['stages']} stages, {found['protocol']}, "
        f"{compute['precision']} {compute['memory_format']}; wanted: at most {found['wanted']} × the plain pass",
        ["way", "seconds", "ratio"],
        rows,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("depth", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

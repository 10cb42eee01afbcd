"""Peak memory of a run with N images and with ten times as many.

python -m benchmarks.memory --images 300
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.images import draw_jpegs
from benchmarks.results import measure_and_tell, peak_memory_bytes, print_table, run_module

__all__ = ["main", "measure"]

SIDE = 320
TIMES = 10


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--images", type=int, default=300, help="N; the second run has 10 N")
    parser.add_argument("--strategy", default="head_only", help="all_layers reads images in each epoch")
    parser.add_argument("--image-size", type=int, default=224)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Draw the images and run both sizes, each in a process of its own."""
    runs = []
    for times in (1, TIMES):
        with tempfile.TemporaryDirectory(prefix="bench-memory-") as text:
            folder = Path(text)
            draw_jpegs(folder / "images", count=given.images * times, side=SIDE)
            chosen = {
                "run": folder,
                "strategy": given.strategy,
                "image_size": given.image_size,
            }
            runs.append(run_module("benchmarks.memory", chosen, threads=given.threads))
    small, large = (run["peak_memory_bytes"] for run in runs)
    return {"strategy": given.strategy, "runs": runs, "ratio": large / small}


def run_once(given: argparse.Namespace) -> None:
    """Run on the images that lie ready and answer with the peak: the measured process."""
    import torch

    from graftwork.project import Project

    torch.set_num_threads(given.threads)
    run = Project(given.run / "project").transfer(
        given.run / "images",
        strategy=given.strategy,
        image_size=given.image_size,
        epochs=2 if given.strategy == "head_only" else 1,
        probe_first=False,
    )
    answer = {
        "num_images": sum(run.record.data.num_images.values()) if run.record.data else None,
        "peak_memory_bytes": peak_memory_bytes(),
        "recorded_peak_bytes": run.cost.peak_memory_bytes if run.cost else None,
        "seconds": run.cost.seconds if run.cost else None,
    }
    given.answer.write_text(json.dumps(answer))


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    rows = [
        (
            f"{run['num_images']} images",
            f"{run['peak_memory_bytes'] / 2**20:.0f}",
            f"{run['seconds']:.1f}",
        )
        for run in found["runs"]
    ]
    title = f"{found['strategy']}: peak grows by a factor of {found['ratio']:.2f} for {TIMES} × the images"
    print_table(title, ("memory", "peak MiB", "seconds"), rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("memory", __doc__, options, measure, show, arguments, run_once)


if __name__ == "__main__":
    main()

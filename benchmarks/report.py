"""Seconds of the full report of a run, look by look, after its evaluation.

python -m benchmarks.report
python -m benchmarks.report --data FOLDER --images 0

A run is trained first (head only, one epoch) and evaluated; both are not counted. Then every look of the report is
taken once, in the order in which ``full_report`` takes them, each with what the looks before it left in the feature
cache, and the page is written, with saliency of the worst mistakes. "again" is the whole report once more, when all looks are kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.images import draw_jpegs
from benchmarks.results import measure_and_tell, print_table
from graftwork.project import Project
from graftwork.project.looks.reporting import LOOKS, full_report

__all__ = ["main", "measure"]

_SIDE = 256
_WANTED_SECONDS = 30.0


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--data", help="folder with a sub-folder per class, or a sample; else drawn images")
    parser.add_argument("--images", type=int, default=2000, help="number of drawn images")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--strategy", default="head_only")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of each look, of the whole report, and of writing it again."""
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory(prefix="bench-report-") as text:
        folder = Path(text)
        source = given.data or str(folder / "images")
        if given.data is None:
            draw_jpegs(folder / "images", count=given.images, side=_SIDE)
        project = Project(folder / "project")
        run = project.transfer(source, base=given.base, strategy=given.strategy, epochs=1)
        inside = project.inspect(run.id)
        evaluation = _seconds(lambda: full_report(inside, ["evaluation"]))
        # A fresh look into the run, as a page or a command has it: the network is built and loaded anew.
        inside = project.inspect(run.id)
        seconds = {}
        for look in LOOKS:
            if look != "evaluation":
                seconds[look] = _seconds(partial(full_report, inside, [look]))
        again = _seconds(lambda: full_report(project.inspect(run.id)))
        num_images = sum(run.record.data.num_images.values()) if run.record.data else 0
        size = (run.path / "report.html").stat().st_size
    return {
        "images": num_images,
        "strategy": given.strategy,
        "evaluation": evaluation,
        "seconds": seconds,
        "whole": sum(seconds.values()),
        "again": again,
        "page_bytes": size,
        "wanted": _WANTED_SECONDS,
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(found: dict[str, Any]) -> None:
    """Print the seconds of each look."""
    rows = [(name, f"{s:.1f}") for name, s in found["seconds"].items()]
    rows += [("whole report", f"{found['whole']:.1f}"), ("again, all kept", f"{found['again']:.1f}")]
    print_table(
        f"Report of a run of {found['images']:,} images ({found['strategy']}) after its evaluation "
        f"({found['evaluation']:.1f} s), {found['page_bytes'] / 1e6:.1f} MB; wanted: at most {found['wanted']:g} s. "
        "Each row writes the page too.",
        ["look", "seconds"],
        rows,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("report", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

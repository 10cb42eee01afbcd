"""What does an advice take, from an empty project to the strategies' costs?

python -m benchmarks.advise
python -m benchmarks.advise --data FOLDER --images 2000 --size 224

Drawn JPEGs of 320 pixels, or a data set's own files. Each repeat begins with an empty project: files are hashed and
decoded, the number format is measured, both twins look at the images, probes are fitted, strategies are planned. The
second figure is the advice asked again with another name of the flow, when features are stored.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.images import draw_jpegs, lay_out
from benchmarks.results import measure_and_tell, print_table, say
from graftwork.project import Project

__all__ = ["main", "measure"]

_WANTED_SECONDS = 120.0


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--data", help="folder with a sub-folder per class; drawn images if not given")
    parser.add_argument("--images", type=int, default=2000, help="of the data set, all splits together")
    parser.add_argument("--classes", type=int, default=10, help="of drawn images")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--repeats", type=int, default=3)


def _folder(given: argparse.Namespace, work: Path) -> Path:
    target = work / "images"
    if given.data is None:
        draw_jpegs(target, count=given.images, side=320, num_classes=given.classes)
        return target
    lay_out(given.data, work / "split", count=given.images, seed=0)
    for split in (work / "split").iterdir():
        shutil.copytree(split, target, dirs_exist_ok=True)
    return target


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of each repeat, and what was advised."""
    torch.set_num_threads(given.threads)
    first, again, advice = [], [], None
    with tempfile.TemporaryDirectory(prefix="bench-advise-") as text:
        images = _folder(given, Path(text))
        for number in range(given.repeats):
            project = Project(Path(text) / f"project-{number}", on_note=lambda _: None)
            start = time.perf_counter()
            flow = project.make_flow(images, base=given.base, image_size=given.size)
            advice = project.advise(flow)
            first.append(time.perf_counter() - start)
            shutil.rmtree(project.workspace.cache / "inspections")
            start = time.perf_counter()
            project.advise(flow)
            again.append(time.perf_counter() - start)
            say(f"{first[-1]:.1f} s, asked again {again[-1]:.1f} s")
    assert advice is not None
    return {
        "images": given.images,
        "looked_at": advice.num_looked_at,
        "size": given.size,
        "base": given.base,
        "seconds": first,
        "again_seconds": again,
        "strategy": advice.strategy,
        "confidence": advice.confidence,
        "signals": {s.name: s.reading for s in advice.signals},
        "reason": advice.reason,
    }


def show(found: dict[str, Any]) -> None:
    """Print the medians beside what is wanted."""
    print_table(
        f"Advice for {found['images']} images at {found['size']} pixels, {found['base']}",
        ["", "seconds (median)", "wanted below"],
        [
            ("from an empty project", f"{median(found['seconds']):.1f}", f"{_WANTED_SECONDS:.0f}"),
            ("asked again, features stored", f"{median(found['again_seconds']):.1f}", ""),
        ],
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("advise", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

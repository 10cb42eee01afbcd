"""A second run on the same data, base and cut: what is decoded and computed again?

python -m benchmarks.second_run --images 300
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.images import draw_jpegs
from benchmarks.results import measure_and_tell, print_table, run_module

__all__ = ["main", "measure"]

SIDE = 320


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--images", type=int, default=300)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Run twice in fresh processes, same project."""
    with tempfile.TemporaryDirectory(prefix="bench-second-") as text:
        folder = Path(text)
        draw_jpegs(folder / "images", count=given.images, side=SIDE)
        runs = [run_module("benchmarks.second_run", {"run": folder}, threads=given.threads) for _ in range(2)]
    return {"images": given.images, "runs": runs}


class Counts:
    """What was decoded and computed so far, counted in Pillow and torch, not in Graftwork."""

    def __init__(self) -> None:
        self.decoded = 0
        self.base_images = 0
        self.blank_images = 0

    def now(self) -> dict[str, int]:
        """Return the counts."""
        return dict(vars(self))


@contextmanager
def counting() -> Iterator[Counts]:
    """Count file images that are decoded and images that pass a convolution over three channels."""
    import torch
    from PIL import ImageFile
    from torch import nn
    from torch.nn.modules.module import register_module_forward_pre_hook

    counts = Counts()
    load = ImageFile.ImageFile.load

    def counted_load(image: ImageFile.ImageFile) -> Any:
        counts.decoded += bool(image.tile)
        return load(image)

    def look(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, nn.Conv2d) and module.in_channels == 3:
            rows: torch.Tensor = inputs[0].flatten(1)
            is_blank = rows.amax(1) == rows.amin(1)  # measuring and padding use uniform images
            counts.blank_images += int(is_blank.sum())
            counts.base_images += int((~is_blank).sum())

    hook = register_module_forward_pre_hook(look)
    try:
        with patch.object(ImageFile.ImageFile, "load", counted_load):
            yield counts
    finally:
        hook.remove()


def run_once(given: argparse.Namespace) -> None:
    """Run on the images that lie ready and answer with the counts: the measured process."""
    import torch

    from graftwork.documents.events import PlanMade, RunEnded
    from graftwork.project import Project

    torch.set_num_threads(given.threads)
    at_plan: dict[str, int] = {}
    at_end: dict[str, int] = {}
    with counting() as counts:

        def listen(event: Any) -> None:
            if isinstance(event, PlanMade):
                at_plan.update(counts.now())
            elif isinstance(event, RunEnded):
                at_end.update(counts.now())

        project = Project(given.run / "project")
        run = project.transfer(given.run / "images", strategy="head_only", epochs=5, on_event=listen)
    answer = {
        "seconds": run.cost.seconds if run.cost else None,
        "until_plan": at_plan,
        "until_end": at_end,
        "with_report": counts.now(),
        "recorded": run.cost.model_dump() if run.cost else None,
    }
    given.answer.write_text(json.dumps(answer))


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    rows = []
    for title, run in zip(("first run", "second run"), found["runs"], strict=True):
        plan, end, after = run["until_plan"], run["until_end"], run["with_report"]
        rows.append(
            (
                title,
                f"{run['seconds']:.1f}",
                plan["decoded"],
                end["decoded"] - plan["decoded"],
                end["base_images"] - plan["base_images"],
                end["blank_images"] - plan["blank_images"],
                plan["base_images"] + plan["blank_images"],
                after["decoded"] - end["decoded"],
            )
        )
    columns = (
        "second run",
        "seconds",
        "decoded: check",
        "decoded: run",
        "through the base",
        "blank ones",
        "to open and measure",
        "decoded: report",
    )
    print_table(f"{found['images']} images, head_only, 5 epochs, same project", columns, rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("second_run", __doc__, options, measure, show, arguments, run_once)


if __name__ == "__main__":
    main()

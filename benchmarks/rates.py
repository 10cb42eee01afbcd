"""Is the rate that the finder suggests a better one than the default?

python -m benchmarks.rates
python -m benchmarks.rates --data FOLDER --size 96 --epochs 8 --seeds 2

Each strategy is trained with the default rate and with the suggested one, same seeds and splits; validation and test
scores are shown. Where the finder suggests no rate, it says so and trains nothing more.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.images import DEFAULT_SOURCE
from benchmarks.results import measure_and_tell, print_table, say
from graftwork.project import Project

__all__ = ["main", "measure"]

_STRATEGIES = ("head_only", "most_layers", "from_scratch")


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--data", action="append", help="folder with a sub-folder per class, or a sample")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--strategy", action="append", help=f"default: {', '.join(_STRATEGIES)}")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return a row for each data set, strategy, seed and rate."""
    torch.set_num_threads(given.threads)
    rows = []
    for source in given.data or [DEFAULT_SOURCE]:
        for strategy in given.strategy or _STRATEGIES:
            for seed in range(given.seeds):
                rows.append(_pair(source, strategy, seed, given))
                say(str(rows[-1]))
    return {"size": given.size, "epochs": given.epochs, "base": given.base, "rows": rows}


def _pair(source: str, strategy: str, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-rates-") as folder:
        project = Project(Path(folder), on_note=lambda _: None)
        flow = project.make_flow(
            source, base=given.base, strategy=strategy, image_size=given.size, epochs=given.epochs, seed=seed
        )
        test = project.find_rate(flow)
        row: dict[str, Any] = {
            "data": Path(source).name,
            "strategy": strategy,
            "seed": seed,
            "planned": test.planned,
            "suggested": test.suggested,
            "finder_seconds": test.seconds,
            "default": _scores(project, flow),
        }
        if test.suggested is not None:
            changed = flow.edit(recipe=flow.recipe.edit(learning_rate=test.suggested))
            row["found"] = _scores(project, changed)
    return row


def _scores(project: Project, flow: Any) -> dict[str, float]:
    metrics = project.run(flow).record.metrics
    return {split: float(scores.accuracy.value) for split, scores in metrics.items()}


def show(found: dict[str, Any]) -> None:
    """Print each pair and the mean difference."""

    def of(row: dict[str, Any], which: str, split: str) -> str:
        return f"{100 * row[which][split]:.1f}" if which in row else "–"

    print_table(
        f"Learning rates, {found['size']} pixels, {found['epochs']} epochs",
        ["data", "strategy", "seed", "default", "suggested", "test, default", "test, suggested", "finder s"],
        [
            (
                row["data"],
                row["strategy"],
                row["seed"],
                f"{row['planned']:.1e}",
                f"{row['suggested']:.1e}" if row["suggested"] else "none",
                of(row, "default", "test"),
                of(row, "found", "test"),
                f"{row['finder_seconds']:.0f}",
            )
            for row in found["rows"]
        ],
    )
    gains = [100 * (r["found"]["test"] - r["default"]["test"]) for r in found["rows"] if "found" in r]
    if gains:
        say(f"Mean difference on test images: {sum(gains) / len(gains):+.1f} points over {len(gains)} pairs.")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("rates", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

"""TPE with pruning against random search at equal time: does learning from rounds pay?

python -m benchmarks.tune
python -m benchmarks.tune --minutes 5 --seeds 3 --data FOLDER

Each seed gets a project of its own, so no search profits from the cache of another. Prints the highest validation score
after each quarter of the time, by sampler, and how many rounds it took.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.results import measure_and_tell, print_table, say
from graftwork.documents.tuning import Search, SearchChoices
from graftwork.project import Project

QUARTERS = 4


def best_after(search: Search, seconds: float) -> float:
    """Return the highest score of the rounds that had ended after so many seconds of training."""
    spent, best = 0.0, float("nan")
    for done in search.rounds:
        spent += done.seconds
        if spent > seconds and best == best:
            break
        if done.status == "finished" and done.score is not None:
            best = done.score.value if best != best else max(best, done.score.value)
    return best


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="sample:surfaces")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=8)


def _searched(given: argparse.Namespace, sampler: Any, prune: bool, seed: int) -> dict[str, Any]:
    """Search once in a project of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-tune-") as folder:
        project = Project(Path(folder) / "project", on_note=lambda _: None)
        flow = project.make_flow(given.data, base=given.base, image_size=given.size, epochs=given.epochs)
        choices = SearchChoices(rounds=1000, minutes=given.minutes, sampler=sampler, prune=prune, seed=seed)
        found = project.tune(flow, choices=choices)
    return {
        "sampler": sampler,
        "prune": prune,
        "seed": seed,
        "rounds": len(found.rounds),
        "pruned": found.num_pruned,
        "first": found.rounds[0].score.value if found.rounds[0].score else None,
        "best": [best_after(found, 60 * given.minutes * (q + 1) / QUARTERS) for q in range(QUARTERS)],
    }


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return a row for each sampler and seed; they take turns."""
    torch.set_num_threads(given.threads)
    rows = []
    for seed in range(given.seeds):
        for sampler, prune in (("tpe", True), ("random", False)):
            rows.append(_searched(given, sampler, prune, seed))
            say(str(rows[-1]))
    return {"data": Path(given.data).name, "minutes": given.minutes, "base": given.base, "rows": rows}


def show(found: dict[str, Any]) -> None:
    """Print the highest validation score after each quarter of the time."""
    print_table(
        f"{found['data']}: highest validation score in {found['minutes']:g} minutes of training",
        [
            "sampler",
            "pruning",
            "seed",
            "rounds",
            "pruned",
            *(f"after {q + 1}/{QUARTERS}" for q in range(QUARTERS)),
        ],
        [
            (r["sampler"], r["prune"], r["seed"], r["rounds"], r["pruned"], *(f"{s:.3f}" for s in r["best"]))
            for r in found["rows"]
        ],
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("tune", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

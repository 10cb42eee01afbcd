"""TPE with pruning against random search at equal time: does learning from rounds pay?

    python benchmarks/tune.py [--minutes 5] [--seeds 3] [--source sample:surfaces] [--base ID]

Each seed gets a project of its own, so no search profits from the cache of another. Prints the highest validation score
after each quarter of the time, by sampler, and how many rounds it took.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

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


def main() -> None:
    """Run the comparison and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--source", default="sample:surfaces")
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--image-size", type=int, default=64)
    given = parser.parse_args()
    print(
        "sampler  pruning  seed  rounds  pruned  "
        + "  ".join(f"after {q + 1}/{QUARTERS}" for q in range(QUARTERS))
    )
    for seed in range(given.seeds):
        for sampler, prune in (("tpe", True), ("random", False)):
            with tempfile.TemporaryDirectory() as folder:
                project = Project(Path(folder) / "project")
                flow = project.make_flow(given.source, base=given.base, image_size=given.image_size, epochs=8)
                choices = SearchChoices(
                    rounds=1000, minutes=given.minutes, sampler=sampler, prune=prune, seed=seed
                )
                found = project.tune(flow, choices=choices)
            scores = [best_after(found, 60 * given.minutes * (q + 1) / QUARTERS) for q in range(QUARTERS)]
            print(
                f"{sampler:7}  {'yes' if prune else 'no':7}  {seed:4}  {len(found.rounds):6}  {found.num_pruned:6}  "
                + "  ".join(f"{s:9.3f}" for s in scores),
                flush=True,
            )


if __name__ == "__main__":
    main()

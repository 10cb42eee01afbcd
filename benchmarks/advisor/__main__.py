"""The proof of the advice, with one command; what is done already is skipped.

python -m benchmarks.advisor run                 # all trainings, then the readings; hours on one core
python -m benchmarks.advisor run --base clothes  # a part of them
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.advisor.grid import BASES, SEEDS, trainings

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Do one part of the proof."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.advisor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=("run",))
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "graftwork-advisor")
    parser.add_argument("--base", choices=tuple(BASES), action="append")
    parser.add_argument("--seed", type=int, choices=SEEDS, action="append")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)

    import torch

    from benchmarks.advisor.train import run_all

    torch.set_num_threads(given.threads)
    bases, seeds = given.base or BASES, given.seed or SEEDS
    wanted = [t for t in trainings() if t.cell.base in bases and t.cell.seed in seeds]
    run_all(wanted, given.work)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

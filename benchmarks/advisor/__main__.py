"""The proof of the advice, with one command; what is done already is skipped.

python -m benchmarks.advisor            # trainings, readings, scores and the tables of the page: hours on one core
python -m benchmarks.advisor run        # the trainings alone
python -m benchmarks.advisor read       # the advisor's readings of each cell alone
python -m benchmarks.advisor score      # the scores of what is done
python -m benchmarks.advisor table      # the scores, and the tables of docs/advisor-proof.md
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.advisor.grid import BASES, SEEDS, STRATEGIES, Cell, cells, trainings
from benchmarks.advisor.store import FOLDER, READINGS, TRAININGS, Rows

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Do all of the proof, or one part."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.advisor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="?", choices=("all", "run", "read", "score", "table"), default="all")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path.home() / ".cache" / "graftwork-advisor",
        help="folder for packages, data and the project, a few gigabytes",
    )
    parser.add_argument(
        "--base", choices=tuple(BASES), action="append", help="of several: give it several times"
    )
    parser.add_argument("--seed", type=int, choices=SEEDS, action="append")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    bases, seeds = given.base or tuple(BASES), given.seed or SEEDS
    if given.part in ("all", "run"):
        _train(bases, seeds, given.work, given.threads)
    if given.part in ("all", "read"):
        _read([c for c in cells() if c.base in bases and c.seed in seeds], given.work, given.threads)
    if given.part in ("all", "score", "table"):
        _score(write=given.part != "score")
    return 0


def _train(bases: Sequence[str], seeds: Sequence[int], work: Path, threads: int) -> None:
    import torch

    from benchmarks.advisor.train import run_all

    torch.set_num_threads(threads)
    run_all([t for t in trainings() if t.cell.base in bases and t.cell.seed in seeds], work)


def _read(todo: Sequence[Cell], work: Path, threads: int) -> None:
    import torch

    from benchmarks.advisor.readings import read_all

    torch.set_num_threads(threads)
    read_all(todo, work)


def _score(*, write: bool) -> None:
    from benchmarks.advisor.advised import families, numbers_of, readings_of
    from benchmarks.advisor.regret import table_of
    from benchmarks.advisor.report import show, write_json, write_page
    from benchmarks.advisor.score import score

    read = Rows(READINGS).read()
    readings = readings_of(read)
    seconds = {c: read[c.name]["cpu_seconds"] for c in readings}
    done = table_of(Rows(TRAININGS).read().values(), STRATEGIES)
    table = {cell: outcomes for cell, outcomes in done.items() if cell in readings}
    found = score(table, list(families(readings)), numbers_of({c: readings[c] for c in table}), seconds)
    show(found)
    write_json(found, FOLDER / "scores.json")
    if write:
        write_page(found)


if __name__ == "__main__":
    raise SystemExit(main())

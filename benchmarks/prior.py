"""What a prior of settings gives a search, and what a wrong one costs: rounds until a score, with and without it.

python -m benchmarks.prior --seeds 24

On drawn surfaces of two numbers and a choice, of which nothing is trained: the score falls with the distance from the best
place, with noise. Past tasks have their best place where the new one has it (right), or at the other end of the ranges
(wrong). Counted are rounds until the first one that loses less than a tenth of the surface's range; at most 120.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import optuna

from benchmarks.results import measure_and_tell, print_table
from graftwork.documents.prior import PastRound, PastTask
from graftwork.documents.tuning import Dimension, SearchChoices
from graftwork.insight.settings_prior import draw_settings, prior_share, task_weights
from graftwork.project.choosing.tune_store import make_sampler

__all__ = ["main", "measure", "rounds_until"]

DIMENSIONS = (
    Dimension(
        name="rate", place="recipe", kind="number", low=0.1, high=10.0, is_log=True, own=1.0, reason=""
    ),
    Dimension(
        name="decay", place="recipe", kind="number", low=1e-5, high=0.3, is_log=True, own=0.01, reason=""
    ),
    Dimension(
        name="augment",
        place="recipe",
        kind="choice",
        values=("none", "light", "strong"),
        own="none",
        reason="",
    ),
)
_MOST = 120
_ENOUGH = 0.1


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=0)


class Surface:
    """A score between 0 and 1 with one best place."""

    def __init__(self, seed: int, *, mirrored: bool = False) -> None:
        draw = np.random.default_rng(seed)
        self.best = draw.uniform(0.1, 0.3, 2)
        self.best = 1.0 - self.best if mirrored else self.best
        self.choice = ("strong", "none")[mirrored]
        self._noise = np.random.default_rng([seed, 1])

    def score(self, params: dict[str, Any], *, noise: float = 0.02) -> float:
        """Return the score of some settings."""
        at = np.array([np.log(params[d.name] / d.low) / np.log(d.high / d.low) for d in DIMENSIONS[:2]])
        lost = np.square(at - self.best).sum() * 1.2 + 0.15 * (params["augment"] != self.choice)
        return float(max(0.0, 1.0 - lost) + noise * self._noise.normal())


def past(surface: Surface, seed: int) -> PastTask:
    """Return a past task of 24 rounds, drawn evenly."""
    draw = np.random.default_rng([seed, 2])
    weights = np.ones(1)
    empty = (PastTask(name="-", base="-", measures={}, rounds=(PastRound(params={}, score=0.0),)),)
    drawn = [draw_settings(empty, weights, DIMENSIONS, draw) for _ in range(24)]
    rounds = tuple(PastRound(params=p, score=surface.score(p)) for p in drawn)
    return PastTask(name="past", base="b", measures={"images": 5.0}, rounds=rounds)


def rounds_until(surface: Surface, tasks: tuple[PastTask, ...], seed: int) -> int:
    """Return the rounds until one loses less than a tenth; rounds are suggested as ``tune`` suggests them."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    for number in range(_MOST):
        study.sampler = make_sampler(SearchChoices(seed=seed), number)
        draw = np.random.default_rng([seed, number, 1])
        if tasks and draw.random() < prior_share(number):
            study.enqueue_trial(draw_settings(tasks, task_weights(tasks, None), DIMENSIONS, draw))
        handle = study.ask()
        params = {
            "rate": handle.suggest_float("rate", 0.1, 10.0, log=True),
            "decay": handle.suggest_float("decay", 1e-5, 0.3, log=True),
            "augment": handle.suggest_categorical("augment", DIMENSIONS[2].values),
        }
        study.tell(handle, surface.score(params))
        if surface.score(params, noise=0.0) > 1.0 - _ENOUGH:
            return number + 1
    return _MOST


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Return the rounds of each seed without a prior, with a right one and with a wrong one."""
    found: dict[str, list[int]] = {"none": [], "right": [], "wrong": []}
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        near, far = Surface(seed + 1000), Surface(seed + 2000, mirrored=True)
        for name, tasks in (("none", ()), ("right", (past(near, seed),)), ("wrong", (past(far, seed),))):
            found[name].append(rounds_until(Surface(seed), tasks, seed))
    return {"rounds": found}


def show(result: dict[str, Any]) -> None:
    """Print what was measured."""
    rounds = result["rounds"]
    plain = np.array(rounds["none"])
    print_table(
        f"Rounds until less than a tenth is lost, {len(plain)} seeds",
        ["prior", "median", "mean", "most", "mean, × without"],
        [
            (name, f"{np.median(v):.0f}", f"{np.mean(v):.1f}", max(v), f"{np.mean(v) / plain.mean():.2f}")
            for name, v in rounds.items()
        ],
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("prior", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

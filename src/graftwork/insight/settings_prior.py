"""Past settings as a distribution: nearest tasks weigh more, the good rounds of each count, draws fade with evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.prior import DimensionPrior, PastRound, PastTask, PortfolioEntry
from graftwork.documents.tuning import Dimension

__all__ = [
    "STRENGTH",
    "build_portfolio",
    "describe_dimensions",
    "draw_settings",
    "good_rounds",
    "prior_share",
    "task_weights",
]

STRENGTH = 8.0
"""β: after as many rounds of its own, a search draws every second round from the prior."""

_GOOD_SHARE = 0.25
_SPREAD = 0.1
_KEEP = 0.9
_GRID = 41
_PORTFOLIO = 5

Value = float | int | str | None


def prior_share(rounds: int, strength: float = STRENGTH) -> float:
    """Return the chance that a round is drawn from the prior: β / (β + n) after n rounds of one's own."""
    return strength / (strength + rounds)


def task_weights(tasks: Sequence[PastTask], measures: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Return how much each past task counts, (t,), sums to one.

    A Gaussian of the distance between measures, each divided by its deviation over all tasks, the new one too; its width is
    the median distance. Without measures all count alike.

    Args:
        tasks: past ones, at least one.
        measures: of the new task.
    """
    if measures is None or len(tasks) == 1:
        return np.full(len(tasks), 1.0 / len(tasks))
    names = sorted(set(measures).intersection(*(t.measures for t in tasks)))
    rows = np.array([[t.measures[n] for n in names] for t in tasks] + [[measures[n] for n in names]])
    rows = (rows - rows.mean(0)) / np.where(rows.std(0) > 0, rows.std(0), 1.0)
    distances = np.linalg.norm(rows[:-1] - rows[-1], axis=1)
    width = float(np.median(distances)) or 1.0
    weights = np.exp(-(distances**2) / (2 * width**2))
    found: NDArray[np.float64] = weights / weights.sum()
    return found


def good_rounds(task: PastTask) -> tuple[PastRound, ...]:
    """Return the best quarter of a task's rounds, at least one, best first."""
    order = sorted(task.rounds, key=lambda r: -r.score)
    return tuple(order[: max(1, round(_GOOD_SHARE * len(order)))])


def draw_settings(
    tasks: Sequence[PastTask],
    weights: NDArray[np.float64],
    dimensions: Sequence[Dimension],
    generator: np.random.Generator,
) -> dict[str, Value]:
    """Return settings near a good round of a past task.

    The task is drawn by its weight, the round evenly; numbers move by a tenth of their range (in logarithms where the range
    is one), choices stay nine times of ten. What a past round does not have is drawn evenly.

    Args:
        tasks, weights: as of ``task_weights``.
        dimensions: of the new search.
        generator: of the draws.
    """
    task = tasks[int(generator.choice(len(tasks), p=weights))]
    good = good_rounds(task)
    past = good[int(generator.integers(len(good)))].params
    return {d.name: _near(d, past.get(d.name), generator) for d in dimensions}


def _near(dimension: Dimension, value: Value, generator: np.random.Generator) -> Value:
    if dimension.kind in ("choice", "ordered"):
        keeps = value in dimension.values and generator.random() < _KEEP
        return value if keeps else dimension.values[int(generator.integers(len(dimension.values)))]
    assert dimension.low is not None
    assert dimension.high is not None
    low, high = _scaled(dimension.low, dimension), _scaled(dimension.high, dimension)
    if isinstance(value, (int, float)) and (value > 0 or not dimension.is_log):
        at = _scaled(float(value), dimension) + generator.normal() * _SPREAD * (high - low)
    else:
        at = generator.uniform(low, high)
    at = float(np.clip(at, low, high))
    found = float(np.exp(at)) if dimension.is_log else at
    found = min(max(found, dimension.low), dimension.high)
    return round(found) if dimension.kind == "count" else found


def _scaled(value: float, dimension: Dimension) -> float:
    return float(np.log(value)) if dimension.is_log else value


def describe_dimensions(
    tasks: Sequence[PastTask], weights: NDArray[np.float64]
) -> tuple[DimensionPrior, ...]:
    """Return a density of each number and the shares of each choice among the good rounds.

    Densities are sums of Gaussians, as wide as a tenth of the range that past rounds span.
    """
    counted: dict[str, list[tuple[Value, float]]] = {}
    for task, weight in zip(tasks, weights, strict=True):
        good = good_rounds(task)
        for one in good:
            for name, value in one.params.items():
                counted.setdefault(name, []).append((value, float(weight) / len(good)))
    tried = {name: {r.params.get(name) for t in tasks for r in t.rounds} - {None} for name in counted}
    return tuple(_described(name, rows, tried[name]) for name, rows in sorted(counted.items()))


def _described(name: str, rows: Sequence[tuple[Value, float]], tried: set[Value]) -> DimensionPrior:
    numbers = [(float(v), w) for v, w in rows if isinstance(v, (int, float))]
    if len(numbers) < len(rows):
        shares = {str(v): 1.0 for v in tried}
        total = sum(w for _, w in rows)
        for value, weight in rows:
            shares[str(value)] = shares.get(str(value), 1.0) + len(rows) * weight / total
        whole = sum(shares.values())
        return DimensionPrior(
            name=name, kind="choice", shares={k: v / whole for k, v in sorted(shares.items())}
        )
    span = sorted(float(v) for v in tried if isinstance(v, (int, float)))
    is_log = span[0] > 0 and span[-1] / span[0] > 20
    scale = np.log if is_log else np.asarray
    values = np.asarray(scale([v for v, _ in numbers]), dtype=np.float64)
    weights = np.array([w for _, w in numbers])
    low, high = float(scale(span[0])), float(scale(span[-1]))
    width = _SPREAD * (high - low) or 1.0
    grid = np.linspace(low, high, _GRID)
    density = (np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2) * weights).sum(1)
    order = np.argsort(values)
    shares_up_to = np.cumsum(weights[order]) / weights.sum()
    at = [
        values[order][min(int(np.searchsorted(shares_up_to, q)), len(values) - 1)] for q in (0.05, 0.5, 0.95)
    ]
    back = np.exp if is_log else np.asarray
    return DimensionPrior(
        name=name,
        kind="number",
        is_log=is_log,
        grid=tuple(float(x) for x in back(grid)),
        density=tuple(float(x) for x in density / max(float(density.max()), 1e-300)),
        quantiles=(float(back(at[0])), float(back(at[1])), float(back(at[2]))),
    )


def build_portfolio(tasks: Sequence[PastTask], num: int = _PORTFOLIO) -> tuple[PortfolioEntry, ...]:
    """Return settings to try without a search, greedily: each next one lowers most what the best of all so far loses.

    On a task, settings are taken to score as the round there that is nearest to them: shares of equal choices, and distances of
    numbers in their range. What is lost is counted in the task's range from its worst to its best round.

    Args:
        tasks: past ones.
        num: how many settings.
    """
    offered = [(task.name, one) for task in tasks for one in good_rounds(task)]
    lost = np.array([[_lost(task, one.params) for task in tasks] for _, one in offered])
    best = np.full(len(tasks), np.inf)
    found: list[PortfolioEntry] = []
    for _ in range(min(num, len(offered))):
        after = np.minimum(lost, best).mean(1)
        at = int(after.argmin())
        if found and after[at] >= found[-1].regret - 1e-12:
            break
        best = np.minimum(best, lost[at])
        found.append(
            PortfolioEntry(params=offered[at][1].params, of_task=offered[at][0], regret=float(after[at]))
        )
    return tuple(found)


def _lost(task: PastTask, params: Mapping[str, Value]) -> float:
    scores = [r.score for r in task.rounds]
    span = max(scores) - min(scores)
    nearest = min(task.rounds, key=lambda r: _apart(r.params, params, task))
    return (max(scores) - nearest.score) / span if span > 0 else 0.0


def _apart(one: Mapping[str, Value], other: Mapping[str, Value], task: PastTask) -> float:
    total = 0.0
    for name in one.keys() | other.keys():
        here, there = one.get(name), other.get(name)
        if isinstance(here, (int, float)) and isinstance(there, (int, float)):
            tried = [v for r in task.rounds if isinstance(v := r.params.get(name), (int, float))]
            both = [*tried, here, there]
            if min(both) > 0 and max(both) / min(both) > 20:
                total += (np.log(here / there) / np.log(max(both) / min(both))) ** 2
            elif max(both) > min(both):
                total += ((here - there) / (max(both) - min(both))) ** 2
        else:
            total += here != there
    return float(total)

"""The advisor's own rule on stored readings: as the plain table, as it ships, and with fitted thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, get_args

from benchmarks.advisor.grid import Cell
from benchmarks.advisor.regret import Choice, Rule
from benchmarks.advisor.score import Family
from graftwork.documents.recipe import Strategy
from graftwork.insight.advice import Quadrant, Readings, Thresholds, decide

__all__ = ["AFTER_FIRST_SEED", "PLAIN", "Guard", "families", "gain_over_twin", "numbers_of", "readings_of"]

PLAIN = Thresholds(
    large=1000.0,
    table={
        "small_similar": "head_only",
        "small_different": "some_layers",
        "large_similar": "most_layers",
        "large_different": "all_layers",
    },
    useless=-math.inf,
)
"""The table as everybody prints it, without a guard."""

GUARDED_TABLE: dict[Quadrant, Strategy] = {
    "small_similar": "most_layers",
    "small_different": "most_layers",
    "large_similar": "most_layers",
    "large_different": "all_layers",
}


@dataclass(frozen=True)
class Guard:
    """A base that serves worse than a random twin is not worth keeping, where there is data to do without it.

    Args:
        gain: of a probe over the twin, as a share of the room above it; below, the base is left out.
        fewest: training images of a class from which on it is.
    """

    gain: float
    fewest: float

    def holds(self, readings: Readings) -> bool:
        """Whether to train from scratch."""
        few = readings.images_per_class_median < self.fewest
        return not few and gain_over_twin(readings) < self.gain


AFTER_FIRST_SEED = (Guard(-0.15, 25.0), replace(PLAIN, large=8.0, similar=0.5, table=GUARDED_TABLE))
"""What was put down when the first seed was done, before the others were."""

_LARGE = (10.0, 30.0, 100.0, 1000.0)
_SIMILAR = (0.2, 0.35, 0.5, 0.65, 0.8)
_WHERE_SIMILAR: tuple[Strategy, ...] = ("probe_then_tune", "all_layers", "most_layers", "head_only")
_WHERE_DIFFERENT: tuple[Strategy, ...] = ("probe_then_tune", "all_layers", "most_layers", "from_scratch")


def readings_of(rows: Mapping[str, Mapping[str, Any]]) -> dict[Cell, Readings]:
    """Return the readings by cell."""
    return {
        Cell(r["seed"], r["size"], r["task"], r["base"]): Readings(**r["readings"]) for r in rows.values()
    }


def numbers_of(readings: Mapping[Cell, Readings]) -> dict[Cell, dict[str, float]]:
    """Return the readings that every base has, and what follows from them, as numbers for simpler rules."""
    found = {}
    for cell, r in readings.items():
        found[cell] = {
            "images_per_class": r.images_per_class_median,
            "probe": r.probe,
            "probe_above_chance": (r.probe - r.chance) / (1.0 - r.chance),
            "gain_over_twin": gain_over_twin(r),
            "nearest_mean": r.nearest_mean,
            "best_stage_depth": r.best_stage_depth,
            "depth_gain": r.depth_gain,
            "batch_norm_shift": float("nan") if r.batch_norm_shift is None else r.batch_norm_shift,
        }
    return found


def gain_over_twin(readings: Readings) -> float:
    """Return what a probe gains over the random twin, as a share of the room above the twin."""
    return (readings.probe - readings.random_probe) / max(1.0 - readings.random_probe, 1e-9)


def families(readings: Mapping[Cell, Readings]) -> Iterator[Family]:
    """Yield the advisor's rule with fewer and with more thresholds fitted."""
    yield Family("the plain table, 1,000 images a class", [_fixed(readings, PLAIN)], ["as printed"])
    yield Family("the advisor as it ships", [_fixed(readings, Thresholds())], ["as it ships"])
    borders = [replace(PLAIN, large=large, similar=similar) for large, similar in product(_LARGE, _SIMILAR)]
    yield Family(
        "the table with its borders fitted",
        [_mapped(readings, one, PLAIN.table) for one in borders],
        [f"large from {one.large:g}, similar from {one.similar:g}" for one in borders],
    )
    free = [(one, table) for table in _tables() for one in borders]
    yield Family(
        "the map with borders and strategies fitted",
        [_mapped(readings, one, table) for one, table in free],
        [f"large from {one.large:g}, similar from {one.similar:g}: {_spoken(table)}" for one, table in free],
    )
    guarded = [(Guard(g, n), one, t) for t, one, g, n in product(_small_tables(), _few(), _GAINS, _FEWEST)]
    yield Family(
        "the map with a guard against useless bases, fitted",
        [_mapped(readings, one, table, guard) for guard, one, table in guarded],
        [_guarded_words(*parts) for parts in guarded],
    )
    guard, fixed = AFTER_FIRST_SEED
    yield Family(
        "the same, put down after the first seed",
        [_mapped(readings, fixed, fixed.table, guard)],
        [_guarded_words(guard, fixed, fixed.table)],
    )
    probed: dict[Quadrant, Strategy] = {**fixed.table, "large_different": "probe_then_tune"}
    yield Family(
        "the same, with a probe first everywhere",
        [_mapped(readings, fixed, probed, guard)],
        [_guarded_words(guard, fixed, probed)],
    )


_GAINS = (-0.15, -0.3, -0.45, -0.6)
_FEWEST = (25.0, 8.0, 80.0)


def _few() -> list[Thresholds]:
    return [
        replace(PLAIN, large=large, similar=similar)
        for large, similar in product((8.0, 25.0), (0.5, 0.35, 0.65))
    ]


def _small_tables() -> Iterator[dict[Quadrant, Strategy]]:
    kept: tuple[Strategy, ...] = ("most_layers", "probe_then_tune", "head_only")
    changed: tuple[Strategy, ...] = ("all_layers", "most_layers", "probe_then_tune")
    for chosen in product(kept, changed, kept, changed):
        yield dict(zip(get_args(Quadrant), chosen, strict=True))


def _guarded_words(guard: Guard, borders: Thresholds, table: Mapping[Quadrant, Strategy]) -> str:
    return (
        f"from_scratch if gain < {guard.gain:g} and at least {guard.fewest:g} images, else large from "
        f"{borders.large:g}, similar from {borders.similar:g}: {_spoken(table)}"
    )


def _tables() -> Iterator[dict[Quadrant, Strategy]]:
    options = [_WHERE_SIMILAR if q.endswith("similar") else _WHERE_DIFFERENT for q in get_args(Quadrant)]
    for chosen in product(*options):
        yield dict(zip(get_args(Quadrant), chosen, strict=True))


def _spoken(table: Mapping[Quadrant, Strategy]) -> str:
    return ", ".join(f"{quadrant} {strategy}" for quadrant, strategy in table.items())


def _fixed(readings: Mapping[Cell, Readings], thresholds: Thresholds) -> Rule:
    return lambda cell: {decide(readings[cell], thresholds).strategy: 1.0}


def _mapped(
    readings: Mapping[Cell, Readings],
    borders: Thresholds,
    table: Mapping[Quadrant, Strategy],
    guard: Guard | None = None,
) -> Rule:
    """Return the rule that asks the advisor for the quadrant, once for all tables, and looks it up."""

    def choose(cell: Cell) -> Choice:
        if guard is not None and guard.holds(readings[cell]):
            return {"from_scratch": 1.0}
        return {table[_quadrant(readings[cell], borders.large, borders.similar)]: 1.0}

    return choose


@cache
def _quadrant(readings: Readings, large: float, similar: float) -> Quadrant:
    return decide(readings, replace(PLAIN, large=large, similar=similar)).quadrant

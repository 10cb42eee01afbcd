"""Runs side by side: scores, and the choices in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graftwork.documents.record import RunRecord
from graftwork.errors import GraftworkError
from graftwork.project.run import Run

__all__ = ["Comparison", "compare_runs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs, where they differ, and whether their scores may be compared."""

    records: tuple[RunRecord, ...]
    differences: dict[str, list[Any]]
    """Choice → its value in each run, for choices that are not the same in all of them."""
    same_test_images: bool
    """Whether all runs were scored on the same split of the same images."""


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Compare runs by their records and flows."""
    records = tuple(run.record for run in runs)
    choices = [_choices(run) for run in runs]
    names = list(dict.fromkeys(name for c in choices for name in c))
    columns = {name: [c.get(name) for c in choices] for name in names}
    digests = {r.data.digest if r.data else None for r in records}
    return Comparison(
        records=records,
        differences={n: v for n, v in columns.items() if any(x != v[0] for x in v)},
        same_test_images=len(digests) == 1 and None not in digests,
    )


def _choices(run: Run) -> dict[str, Any]:
    record = run.record
    found: dict[str, Any] = {"base": record.base, "strategy": record.strategy, "cut": record.cut}
    try:
        flow = run.flow
    except GraftworkError:
        return found
    for node in flow.nodes:
        found |= {name: value for name, value in node.settings.items() if name not in found}
    return found | flow.recipe.model_dump(mode="json")

"""Rungs of a race: the cost bound is the worst case, the limit is kept, halving goes before sharper cuts."""

from __future__ import annotations

from itertools import combinations

import pytest

from graftwork.documents.race import Rung
from graftwork.project.choosing.race_result import front_of, winner_of
from graftwork.project.choosing.race_rungs import Work, at_most, choose_rungs, fit_budget, straight


def all_outcomes(costs: tuple[float, ...], rungs: tuple[Rung, ...]) -> list[float]:
    """Return what a race costs for each way in which lanes may be cut off, epoch by epoch."""
    paths: list[tuple[float, tuple[float, ...], int]] = [(0.0, costs, 0)]
    for rung in rungs:
        later = []
        for spent, left, epoch in paths:
            for _ in range(epoch, rung.epochs):
                spent += sum(left)
            ends = combinations(left, rung.keep) if rung.keep else [()]
            later += [(spent, kept, rung.epochs) for kept in ends]
        paths = later
    return [spent for spent, _, _ in paths]


@pytest.mark.parametrize("costs", [(1.0, 2.0, 4.0, 4.0), (3.0, 1.0, 2.0)])
def test_the_bound_is_the_dearest_of_all_outcomes(costs: tuple[float, ...]) -> None:
    rungs = choose_rungs(Work(0.0, costs), 12, limit=1.5 * 12 * max(costs))
    assert rungs is not None
    assert len(rungs) > 1
    assert at_most(Work(7.0, costs), rungs) == pytest.approx(7.0 + max(all_outcomes(costs, rungs)))


def test_four_strategies_and_scratch_cost_at_most_half_more_than_the_dearest_alone() -> None:
    shares = (0.35, 0.7, 1.0, 1.0)  # some, most, all, scratch; the head alone costs no passes
    for epochs in (10, 20, 40):
        rungs = choose_rungs(Work(0.0, shares), epochs, limit=1.5 * epochs)
        assert rungs is not None
        assert [r.keep for r in rungs] == [2, 1, 0]
        assert max(all_outcomes(shares, rungs)) <= 1.5 * epochs
        first = rungs[0].epochs
        later = (
            Rung(epochs=first + 1, keep=2),
            Rung(epochs=2 * first + 2, keep=1),
            Rung(epochs=epochs, keep=0),
        )
        assert max(all_outcomes(shares, later)) > 1.5 * epochs  # the first rung is as late as it can be


def test_where_halving_costs_too_much_more_are_cut_at_once() -> None:
    costs = (1.0, 1.0, 1.0, 1.0)
    rungs = choose_rungs(Work(0.0, costs), 10, limit=13.0)
    assert rungs is not None
    assert rungs[0].keep < 2
    assert at_most(Work(0.0, costs), rungs) <= 13.0
    assert choose_rungs(Work(0.0, costs), 10, limit=5.0) is None


def test_a_budget_takes_all_then_rungs_then_fewer_epochs_then_nothing() -> None:
    work = Work(10.0, (1.0, 2.0, 2.0))
    assert fit_budget(work, 20, 110.0) == (20, straight(20))
    found = fit_budget(work, 20, 80.0)
    assert found is not None
    assert found[0] == 20
    assert 10.0 < at_most(work, found[1]) <= 80.0
    fewer = fit_budget(work, 20, 25.0)
    assert fewer is not None
    assert fewer[0] < 20
    assert at_most(work, fewer[1]) <= 25.0
    assert fit_budget(work, 20, 14.9) is None  # one epoch of each takes 15


def test_the_winner_is_the_cheapest_within_one_standard_error() -> None:
    scores = {"head_only": 0.80, "some_layers": 0.88, "all_layers": 0.90}
    costs = {"head_only": 1.0, "some_layers": 3.0, "all_layers": 9.0}
    assert winner_of(scores, costs, 0.019) == "all_layers"  # type: ignore[arg-type]
    assert winner_of(scores, costs, 0.021) == "some_layers"  # type: ignore[arg-type]
    assert winner_of(scores, costs, 0.11) == "head_only"  # type: ignore[arg-type]
    assert winner_of(scores, costs, float("nan")) == "all_layers"  # type: ignore[arg-type]


def test_the_front_holds_nobody_that_another_beats_for_no_more() -> None:
    scores = {
        "head_only": 0.7,
        "some_layers": 0.9,
        "most_layers": 0.9,
        "all_layers": 0.8,
        "from_scratch": 0.95,
    }
    costs = {"head_only": 1.0, "some_layers": 2.0, "most_layers": 5.0, "all_layers": 9.0, "from_scratch": 9.0}
    beaten = {
        a
        for a in scores
        for b in scores
        if costs[b] <= costs[a]
        and scores[b] >= scores[a]
        and (costs[b], -scores[b]) != (costs[a], -scores[a])
    }
    assert set(front_of(scores, costs)) == set(scores) - beaten  # type: ignore[arg-type]

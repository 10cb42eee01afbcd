"""The scoring of the advice: on tables whose regrets are known by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks.advisor.grid import STRATEGIES, Cell
from benchmarks.advisor.regret import (
    Outcome,
    always,
    at_random,
    best_on_validation,
    cost_share,
    fit,
    fit_and_score,
    halves,
    noise_floor,
    regret_by_seed,
    regret_of_means,
    summarize,
    table_of,
)
from benchmarks.advisor.report import write_page
from benchmarks.advisor.rules import stumps
from benchmarks.advisor.score import Family, score
from benchmarks.advisor.store import Rows
from benchmarks.results import BenchmarkFailed


def outcomes(**tests):
    return {name: Outcome(value, value, 1.0) for name, value in tests.items()}


def cell(task="a", seed=0, size=5, base="lite0"):
    return Cell(seed, size, task, base)


TWO_SEEDS = {
    cell(seed=0): outcomes(head=0.70, whole=0.80),
    cell(seed=1): outcomes(head=0.74, whole=0.60),
}
"""Means: head 0.72, whole 0.70. Best of each seed: 0.80 and 0.74."""


def test_regret_of_means_compares_with_the_best_mean():
    question = ("a", 5, "lite0")
    assert regret_of_means(TWO_SEEDS, always("head")) == {question: pytest.approx(0.0)}
    assert regret_of_means(TWO_SEEDS, always("whole")) == {question: pytest.approx(0.02)}
    assert regret_of_means(TWO_SEEDS, at_random(["head", "whole"])) == {question: pytest.approx(0.01)}


def test_a_rule_that_knows_each_seed_may_beat_every_single_strategy():
    per_seed = best_on_validation(TWO_SEEDS, ["head", "whole"])
    assert regret_of_means(TWO_SEEDS, per_seed)["a", 5, "lite0"] == pytest.approx(0.72 - 0.77)


def test_regret_by_seed_compares_with_the_best_of_that_seed():
    found = regret_by_seed(TWO_SEEDS, always("head"))
    assert [found[cell(seed=s)] for s in (0, 1)] == [pytest.approx(0.10), pytest.approx(0.0)]


def test_noise_floor_takes_what_the_other_seeds_say():
    found = noise_floor(TWO_SEEDS)  # seed 1 says head, seed 0 says whole: wrong both times
    assert [found[cell(seed=s)] for s in (0, 1)] == [pytest.approx(0.10), pytest.approx(0.14)]
    assert noise_floor({cell(): outcomes(head=0.5, whole=0.6)}) == {}


def test_without_noise_there_is_no_floor():
    table = {cell(seed=s): outcomes(head=0.5, whole=0.6) for s in range(3)}
    assert set(noise_floor(table).values()) == {0.0}


def test_equals_on_validation_go_to_the_cheaper_one():
    table = {cell(): {"head": Outcome(0.5, 0.9, 1.0), "whole": Outcome(0.6, 0.9, 9.0)}}
    assert best_on_validation(table, ["head", "whole"])(cell()) == {"head": 1.0}


def test_cost_is_a_share_of_everything():
    table = {cell(): {"head": Outcome(0.5, 0.9, 1.0), "whole": Outcome(0.6, 0.9, 9.0)}}
    assert cost_share(table, lambda c: table[c]["head"].cpu_seconds + 1.0) == pytest.approx(0.2)


def test_summary_is_in_points_and_draws_whole_data_sets():
    regrets = {("a", 5, "x"): 0.0, ("a", 15, "x"): 0.01, ("b", 5, "x"): 0.05, ("b", 15, "x"): 0.02}
    found = summarize(regrets)
    assert (found.mean, found.worst, found.within_one) == (pytest.approx(2.0), pytest.approx(5.0), 0.5)
    # Two data sets with means of 0.5 and 3.5: a draw of two gives one of three means.
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(3.5))


def test_one_data_set_has_no_spread():
    found = summarize({("a", 5, "x"): 0.01, ("a", 15, "x"): 0.03})
    assert found.low == found.high == pytest.approx(2.0)


# -- fitting on one half, scoring on the other ----------------------------------------------------------


def test_halves_never_share_a_data_set_and_cover_all_ways():
    found = list(halves(["d", "b", "a", "c"]))
    assert len(found) == len(set(found)) == 6
    for fitted, scored in found:
        assert len(fitted) == len(scored) == 2
        assert not fitted & scored
        assert fitted | scored == set("abcd")


def test_one_data_set_cannot_be_fitted_and_scored():
    with pytest.raises(BenchmarkFailed, match="wants two of them, not 1"):
        list(halves(["a"]))


def test_an_odd_data_set_is_scored():
    assert {(len(f), len(s)) for f, s in halves("abcde")} == {(2, 3)}


def test_what_is_scored_never_reaches_the_fit():
    draw = np.random.default_rng(3)
    questions = [(task, size, "x") for task in "abcd" for size in (5, 15)]
    regrets = draw.random((6, 8))
    for fitted, scored in halves("abcd"):
        poisoned = regrets.copy()
        poisoned[:, [i for i, q in enumerate(questions) if q[0] in scored]] = np.nan
        assert fit(poisoned, questions, fitted) == fit(regrets, questions, fitted)


def test_out_of_sample_regret_by_plain_loops():
    # 'head' is best on a and b, 'whole' on c and d: whoever fits on one pair is wrong on the other.
    gains = {"a": 0.04, "b": 0.02, "c": -0.04, "d": -0.03}
    table = {cell(task): outcomes(head=0.5 + gain, whole=0.5) for task, gain in gains.items()}
    found = fit_and_score(table, [always("head"), always("whole")])
    expected = {task: [] for task in gains}
    for first in gains:
        for second in gains:
            if first < second:
                chosen = "head" if gains[first] + gains[second] >= 0 else "whole"
                for task in set(gains) - {first, second}:
                    lost = max(-gains[task], 0) if chosen == "head" else max(gains[task], 0)
                    expected[task].append(lost)
    for task, values in expected.items():
        assert found.regrets[task, 5, "lite0"] == pytest.approx(np.mean(values))
        assert found.worst[task, 5, "lite0"] == pytest.approx(max(values))
    assert len(found.chosen) == 6


def test_between_equals_the_first_rule_is_fitted():
    table = {cell(task): outcomes(head=0.5, whole=0.5) for task in "ab"}
    found = fit_and_score(table, [always("whole"), always("head")])
    assert [member for member, _ in found.chosen] == [0, 0]
    assert [scored for _, scored in found.chosen] == [{"b"}, {"a"}]


def test_stumps_ask_between_what_was_read():
    numbers = {cell("a"): {"probe": 0.2}, cell("b"): {"probe": 0.6}, cell("c"): {"probe": 0.6}}
    found = stumps(numbers, ["head", "whole"], ["probe"])
    assert [*{s.border for s in found}] == [pytest.approx(0.4)]
    rule = next(s for s in found if s.below == "whole")
    assert (rule(cell("a")), rule(cell("b"))) == ({"whole": 1.0}, {"head": 1.0})


def test_a_reading_that_never_varies_asks_nothing():
    assert stumps({cell("a"): {"probe": 0.2}, cell("b"): {"probe": 0.2}}, ["x", "y"], ["probe"]) == []


# -- rows -----------------------------------------------------------------------------------------------


def row(strategy, base="lite0", seed=0, test=0.5):
    return {
        "name": f"{base}-{strategy}-{seed}",
        "task": "a",
        "size": 5,
        "base": base,
        "seed": seed,
        "strategy": strategy,
        "test": {"value": test},
        "validation": {"value": 0.4},
        "cpu_seconds": 2.0,
        "options": {},
    }


def test_only_cells_with_every_strategy_are_in_the_table():
    rows = [row("head_only"), row("from_scratch"), row("head_only", seed=1)]
    assert set(table_of(rows, ["head_only", "from_scratch"])) == {cell()}


def test_from_scratch_knows_no_base_so_it_counts_for_all():
    rows = [row("head_only"), row("from_scratch", test=0.3), row("head_only", base="clothes")]
    table = table_of(rows, ["head_only", "from_scratch"])
    assert table[cell(base="clothes")]["from_scratch"].test == 0.3


def test_rows_go_on_after_a_torn_line(tmp_path):
    rows = Rows(tmp_path / "rows.jsonl")
    assert rows.read() == {}
    rows.append({"name": "one", "options": {"epochs": 3, "cut": (1, 2)}})
    with rows.path.open("a") as file:
        file.write('{"name": "torn", "opt')
    rows.append({"name": "two", "options": {}})
    assert set(rows.read()) == {"one", "two"}
    assert rows.has("one", {"epochs": 3, "cut": (1, 2)})
    assert not rows.has("one", {"epochs": 4, "cut": (1, 2)})
    assert not rows.has("torn", {})


def test_a_later_row_of_a_name_counts(tmp_path):
    rows = Rows(tmp_path / "rows.jsonl")
    for value in (1, 2):
        rows.append({"name": "one", "value": value, "options": {}})
    assert rows.read()["one"]["value"] == 2
    assert len([json.loads(line) for line in rows.path.read_text().splitlines()]) == 2


# -- the whole score ------------------------------------------------------------------------------------


def whole_table(tests):
    """Return a table of two data sets, one seed, with the same outcomes of all strategies but the named ones."""
    return {
        cell(task): {s: Outcome(changed.get(s, 0.5), 0.5, 2.0) for s in STRATEGIES}
        for task, changed in tests.items()
    }


def test_the_score_counts_readings_only_where_a_rule_reads():
    table = whole_table({"a": {"head_only": 0.6}, "b": {"head_only": 0.6, "all_layers": 0.7}})
    numbers = {c: {"images_per_class": float(i)} for i, c in enumerate(table)}
    asked = Family("reads", [always("all_layers")], ["all"])
    found = score(table, [asked], numbers, dict.fromkeys(table, 1.0))
    lines = {line.title: line for line in found.lines}
    assert lines["always head_only"].means.mean == pytest.approx(5.0)  # 0 on a, 10 on b
    assert lines["always head_only"].cost == pytest.approx(2 / 12)
    assert lines["reads"].means.mean == pytest.approx(5.0)  # 10 on a, 0 on b
    assert lines["reads"].cost == pytest.approx(3 / 12)
    assert lines["all strategies, best on validation"].cost == pytest.approx(1.0)
    assert found.winners == {**dict.fromkeys(STRATEGIES, 0), "head_only": 1, "all_layers": 1}
    fitted = lines["the best single strategy, fitted"]  # a says head_only, b says all_layers
    assert fitted.means.mean == pytest.approx(10.0)
    assert fitted.seeds == pytest.approx(10.0)
    assert fitted.chosen == {"head_only": 1, "all_layers": 1}
    assert found.later == ()


def test_later_seeds_are_scored_apart():
    first = whole_table({"a": {"head_only": 0.6}, "b": {"head_only": 0.6}})
    table = {
        **first,
        cell("a", seed=1): {s: Outcome(0.5 + 0.1 * (s == "all_layers"), 0.5, 2.0) for s in STRATEGIES},
    }
    found = score(table, [], {c: {"images_per_class": float(c.seed)} for c in table}, {})
    assert (found.num_questions, found.num_cells) == (2, 3)
    apart = {line.title: line.means.mean for line in found.later}
    assert (apart["always head_only"], apart["always all_layers"]) == (
        pytest.approx(10.0),
        pytest.approx(0.0),
    )


def test_the_page_keeps_what_stands_around_the_tables(tmp_path):
    table = whole_table({"a": {"head_only": 0.6}, "b": {}})
    found = score(table, [], {c: {"images_per_class": float(i)} for i, c in enumerate(table)}, {})
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures: begin -->\nstale figures\n<!-- figures: end -->\nafter\n")
    write_page(found, page)
    first = page.read_text()
    assert first.startswith("before\n<!-- figures: begin -->")
    assert first.endswith("<!-- figures: end -->\nafter\n")
    assert "stale" not in first
    assert "| a, lite0, 5 | **60.0** | 50.0 |" in first
    write_page(found, page)
    assert page.read_text() == first
    page.write_text("no place\n")
    with pytest.raises(BenchmarkFailed, match="no place for the tables"):
        write_page(found, page)

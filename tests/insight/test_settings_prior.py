"""Past settings as a distribution: weights, draws, densities, portfolio, each against its formula or its law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from graftwork.documents.prior import PastRound, PastTask, SettingsPrior
from graftwork.documents.tuning import Dimension
from graftwork.insight.settings_prior import (
    build_portfolio,
    describe_dimensions,
    draw_settings,
    good_rounds,
    prior_share,
    task_weights,
)

DIMENSIONS = (
    Dimension(
        name="learning_rate",
        place="recipe",
        kind="number",
        low=0.1,
        high=10.0,
        is_log=True,
        own=1.0,
        reason="",
    ),
    Dimension(name="epochs", place="recipe", kind="count", low=2, high=40, is_log=True, own=8, reason=""),
    Dimension(name="augment", place="recipe", kind="choice", values=("none", "light"), own="none", reason=""),
)


def task(name, best_rate, images, rounds=12, seed=0):
    """A past task whose score falls with the distance of the rate from its best."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(rounds):
        rate = float(np.exp(draw.uniform(np.log(0.1), np.log(10))))
        augment = "light" if draw.random() < 0.5 else "none"
        score = 0.9 - 0.1 * math.log(rate / best_rate) ** 2 + 0.05 * (augment == "light")
        made.append(PastRound(params={"learning_rate": rate, "epochs": 8, "augment": augment}, score=score))
    return PastTask(
        name=name, base="b", measures={"images": math.log(images), "classes": math.log(3)}, rounds=tuple(made)
    )


TASKS = (task("small", 3.0, 100), task("middle", 1.0, 1000, seed=1), task("large", 0.3, 10000, seed=2))


def test_the_share_of_the_prior_fades_as_it_is_said():
    assert [prior_share(n) for n in (0, 8, 24)] == [1.0, 0.5, 0.25]
    assert prior_share(3, strength=1.0) == 0.25


def test_nearer_tasks_weigh_more_and_weights_sum_to_one():
    weights = task_weights(TASKS, {"images": math.log(150), "classes": math.log(3)})
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] > weights[1] > weights[2]
    assert task_weights(TASKS, None) == pytest.approx([1 / 3] * 3)


def test_weights_are_the_formula_and_free_of_scale():
    new = {"images": math.log(150), "classes": math.log(3)}
    rows = np.array([math.log(n) for n in (100, 1000, 10000, 150)])
    apart = np.abs(rows[:3] - rows[3]) / rows.std()
    wanted = np.exp(-(apart**2) / (2 * np.median(apart) ** 2))
    assert task_weights(TASKS, new) == pytest.approx(wanted / wanted.sum())
    tenfold = [t.edit(measures={k: 10 * v for k, v in t.measures.items()}) for t in TASKS]
    assert task_weights(tenfold, {k: 10 * v for k, v in new.items()}) == pytest.approx(
        task_weights(TASKS, new)
    )


def test_the_best_quarter_is_good():
    good = good_rounds(TASKS[0])
    assert len(good) == 3
    assert min(r.score for r in good) >= sorted((r.score for r in TASKS[0].rounds), reverse=True)[2]
    assert len(good_rounds(TASKS[0].edit(rounds=TASKS[0].rounds[:1]))) == 1


def test_draws_lie_near_what_was_good_on_near_tasks():
    generator = np.random.default_rng(0)
    weights = task_weights(TASKS, {"images": math.log(90), "classes": math.log(3)})
    drawn = [draw_settings(TASKS, weights, DIMENSIONS, generator) for _ in range(300)]
    rates = np.log([d["learning_rate"] for d in drawn])
    assert np.exp(rates.mean()) > 1.3  # towards the small task's 3, away from the large one's 0.3
    assert all(0.1 <= d["learning_rate"] <= 10 and 2 <= d["epochs"] <= 40 for d in drawn)
    assert {type(d["epochs"]) for d in drawn} == {int}
    good = [r.params["augment"] for t in TASKS for r in good_rounds(t)]
    if good.count("light") == len(good):
        assert np.mean([d["augment"] == "light" for d in drawn]) > 0.85


def test_draws_are_a_function_of_their_generator_and_unknown_dimensions_are_drawn_evenly():
    weights = task_weights(TASKS, None)
    one, two = (draw_settings(TASKS, weights, DIMENSIONS, np.random.default_rng(5)) for _ in range(2))
    assert one == two
    extra = Dimension(
        name="layer_decay", place="recipe", kind="number", low=0.5, high=1.0, own=1.0, reason=""
    )
    values = [
        draw_settings(TASKS, weights, (extra,), np.random.default_rng(i))["layer_decay"] for i in range(200)
    ]
    assert np.mean(values) == pytest.approx(0.75, abs=0.03)


def test_densities_and_shares_show_what_was_good():
    found = {d.name: d for d in describe_dimensions(TASKS[:1], np.ones(1))}
    rate = found["learning_rate"]
    assert rate.is_log
    assert max(rate.density) == pytest.approx(1.0)
    peak = rate.grid[int(np.argmax(rate.density))]
    assert 1.5 < peak < 6
    assert rate.quantiles[0] <= rate.quantiles[1] <= rate.quantiles[2]
    assert sum(found["augment"].shares.values()) == pytest.approx(1.0)


def test_the_portfolio_covers_tasks_that_want_other_settings():
    found = build_portfolio((TASKS[0], TASKS[2]))
    assert len(found) >= 2
    regrets = [e.regret for e in found]
    assert regrets == sorted(regrets, reverse=True)
    assert regrets[1] < regrets[0]
    assert {found[0].of_task, found[1].of_task} == {"small", "large"}


def test_an_exported_prior_is_the_same_when_it_is_imported(tmp_path):
    from graftwork.errors import UsageError
    from graftwork.project.transferring.prior import merged, read_prior, write_prior

    prior = SettingsPrior(tasks=TASKS)
    write_prior(prior, tmp_path / "prior.json")
    assert read_prior(tmp_path / "prior.json") == prior
    assert merged([prior, prior]) == prior
    assert "/" not in prior.model_dump_json()
    for text, words in (
        ("{", "cannot be read|is no prior"),
        ('{"format": 99, "tasks": []}', "is no prior"),
        ('{"format": 1, "tasks": []}', "no finished round"),
    ):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(UsageError, match=words):
            read_prior(tmp_path / "bad.json")

"""Searches: what is searched does something, nothing is worse than the default, and a killed one ends as if it had not been."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graftwork.documents.events import Event, ScoresReady
from graftwork.documents.flow import Flow
from graftwork.documents.record import Interval
from graftwork.documents.tuning import Dimension, Round, Search, SearchChoices, SearchState, Span
from graftwork.errors import (
    DataError,
    PlanError,
    RunError,
    RunInterrupted,
    RunNotFound,
    UnknownName,
    UsageError,
)
from graftwork.project import Project
from graftwork.project.choosing import tune as tuning
from graftwork.project.choosing.tune_final import run_final
from graftwork.project.choosing.tune_opening import ROUNDS, begin_search, folder_of, take_up
from graftwork.project.choosing.tune_result import best_of, front_of, standard_error
from graftwork.project.choosing.tune_space import DEFINITIONS, Space
from graftwork.project.choosing.tune_steering import (
    delete_search,
    list_searches,
    only_one,
    read_state,
    search_state,
    start_search,
    stop_search,
    write_state,
)
from graftwork.project.choosing.tune_store import RoundStore, rounds_of
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes

OPTIONS: dict[str, Any] = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 2,
    "probe_epochs": 1,
    "batch": 16,
    "precision": "float32",
    "memory_format": "contiguous",
}
CHEAP = SearchChoices(
    rounds=4, over=(Span(name="learning_rate"), Span(name="weight_decay")), fixed={"epochs": 1}
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> Project:
    return Project(tmp_path_factory.mktemp("tune") / "home")


@pytest.fixture(scope="module")
def flow(home: Project, stripes: Path) -> Flow:
    return home.make_flow(stripes, name="mine", **OPTIONS)


@pytest.fixture(scope="module")
def search(home: Project, flow: Flow) -> Search:
    return home.tune(flow, choices=CHEAP)


def done(number: int, score: float, trained: int, seconds: float = 1.0, **more: Any) -> Round:
    facts = {"status": "finished", "origin": "suggested", "settings": {}, "params": {}}
    around = Interval(value=score, low=score - 0.0196, high=score + 0.0196)
    return Round(number=number, score=around, trainable_parameters=trained, seconds=seconds, **(facts | more))


def without_time(search: Search) -> list[tuple[Any, ...]]:
    return [(r.number, r.status, r.params, r.score, r.trained_share) for r in search.rounds]


# -- laws of a search ---------------------------------------------------------------------------------


def test_the_flow_as_it_stands_is_first_and_nothing_that_is_taken_scores_less(
    home: Project, flow: Flow, search: Search
) -> None:
    first = search.rounds[0]
    assert (first.origin, len(search.rounds)) == ("default", 4)
    trained = Run(folder_of(home, search.id) / ROUNDS / "0000").flow
    assert trained.recipe == flow.recipe.edit(epochs=1)
    assert trained.nodes == flow.nodes
    by_number = {r.number: r for r in search.rounds}
    assert search.best is not None
    assert search.highest is not None
    chosen, highest = by_number[search.best].score, by_number[search.highest].score
    assert first.score is not None
    assert chosen is not None
    assert highest is not None
    assert highest.value >= chosen.value >= first.score.value


def test_no_round_sees_the_test_images(home: Project, search: Search) -> None:
    folder = folder_of(home, search.id) / ROUNDS
    for path in sorted(folder.iterdir()):
        run = Run(path)
        assert set(run.record.metrics) == {"validation"}
        assert not any(isinstance(e.event, ScoresReady) and e.event.split == "test" for e in run.events())
        assert not (path / "weights.safetensors").exists()


def test_rounds_share_stored_features(search: Search) -> None:
    first, *later = search.rounds
    assert first.base_images > 0
    assert all(r.base_images == 0 and r.cache_hits > 0 for r in later)
    assert search.cache_hits == sum(r.cache_hits for r in search.rounds)


def test_a_search_that_is_stopped_and_gone_on_with_suggests_and_scores_the_same(
    home: Project, flow: Flow, search: Search
) -> None:
    rounds_begun: list[int] = []

    def told(state: SearchState) -> None:
        rounds_begun.append(state.done)

    with pytest.raises(RunInterrupted, match="Stopped"):
        home.tune(flow, choices=CHEAP, told=told, stop=lambda: bool(rounds_begun) and rounds_begun[-1] >= 2)
    stopped = list_searches(home)[0]
    assert (stopped.status, stopped.done) == ("stopped", 2)
    whole = home.tune(resume=stopped.id)
    assert whole.id != search.id
    assert without_time(whole) == without_time(search)
    assert whole.best == search.best


def test_another_seed_suggests_other_settings(home: Project, flow: Flow, search: Search) -> None:
    opened = begin_search(home, flow, CHEAP.edit(seed=1))
    store = RoundStore(opened.folder, opened.space, opened.setup.choices)
    store.plan_first([])
    assert store.begin().params not in [r.params for r in search.rounds]


def test_a_round_that_a_killed_process_left_is_taken_up_with_its_params(home: Project, flow: Flow) -> None:
    opened = begin_search(home, flow, CHEAP)
    store = RoundStore(opened.folder, opened.space, opened.setup.choices)
    store.plan_first([("default", opened.space.default_params())])
    left = store.begin()
    with (opened.folder / "optuna.journal").open("ab") as file:
        file.write(b'{"op_code": 8, "tri')  # a line that the kill cut off
    again = RoundStore(opened.folder, opened.space, opened.setup.choices).begin()
    assert (again.number, again.params, again.origin) == (left.number, left.params, "default")
    assert again.is_resumed


def test_a_round_killed_before_all_was_suggested_is_suggested_again_the_same(
    home: Project, flow: Flow
) -> None:
    opened = begin_search(home, flow, CHEAP)

    def second_round(*, is_killed: bool) -> dict[str, Any]:
        folder = opened.folder / ("killed" if is_killed else "whole")
        folder.mkdir()
        store = RoundStore(folder, opened.space, opened.setup.choices)
        store.plan_first([("default", opened.space.default_params())])
        first = store.begin()
        store.end(first, done(first.number, 0.5, 1, params=first.params))
        if is_killed:
            half = store.study.ask()
            half.suggest_float("learning_rate", 0.1, 10.0, log=True)
            store = RoundStore(folder, opened.space, opened.setup.choices)
        begun = store.begin()
        assert begun.number == 1
        return begun.params

    assert second_round(is_killed=True) == second_round(is_killed=False)


# -- what is searched ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space(home: Project, flow: Flow) -> Space:
    return begin_search(home, flow, SearchChoices()).space


def test_every_dimension_says_why_and_stands_in_a_document(space: Space) -> None:
    for definition in DEFINITIONS:
        assert len(definition.reason) > 40
    names = [d.name for d in space.dimensions]
    assert names[0] == "cut"
    assert {"learning_rate", "layer_decay", "weight_decay", "batch_norm", "augment", "epochs"} <= set(names)
    sizes = [s.num_parameters for s in space.card.stages]
    free = [
        s.name for i, s in enumerate(space.card.stages) if sum(sizes[i + 1 :])
    ]  # something is left to train
    assert space.dimensions[0].values == ("input", *free, "pool")


def test_what_would_do_nothing_is_not_suggested(home: Project, space: Space) -> None:
    frozen = {d.name for d in space.dimensions if space.has(d, {"cut": space.cuts[-1]})}
    moving = {d.name for d in space.dimensions if space.has(d, {"cut": "input"})}
    assert moving - frozen >= {"layer_decay", "batch_norm"}
    assert frozen < moving


def test_flows_of_the_space_pass_the_plan_at_both_ends(home: Project, space: Space) -> None:
    default = space.flow_at(space.default_params())
    assert default.node(space.node).settings["cut"] == space.cuts[-1]
    assert default.recipe.learning_rate == 3e-3  # of a head alone, by the recipe's own words
    (edge,) = space.edges()
    plan = home.plan(space.flow_at(edge))
    assert plan.cut == "input"
    assert max(g.learning_rate for g in plan.phases[-1].groups if g.name != "head") == 1e-4
    assert plan.num_frozen == 0


def test_factors_are_of_the_usual_rate_of_a_cut(space: Space) -> None:
    rate = next(d for d in space.dimensions if d.name == "learning_rate")
    assert rate.is_factor
    assert space.value_of(rate, {"cut": space.cuts[-1], "learning_rate": 2.0}) == 6e-3
    assert space.value_of(rate, {"cut": "input", "learning_rate": 2.0}) == 2e-4


def test_a_rank_of_low_rank_changes_moves_them_alone_and_off_moves_all(home: Project, space: Space) -> None:
    (edge,) = space.edges()
    whole, low = (home.plan(space.flow_at(edge | {"lora_rank": rank})) for rank in ("off", "2"))
    assert 0 < low.num_trainable < whole.num_trainable
    node = space.flow_at(edge | {"lora_rank": "2"}).node(space.node).settings
    assert (node["moving"], node["lora_rank"]) == ("lora", 2)


def test_a_setting_outside_of_the_usual_range_widens_it(home: Project, stripes: Path) -> None:
    flow = home.make_flow(stripes, **OPTIONS, weight_decay=0.9)
    opened = begin_search(home, flow, SearchChoices(over=(Span(name="weight_decay"),)))
    (decay,) = opened.space.dimensions
    assert decay.high == 0.9
    assert opened.space.flow_at(opened.space.default_params()).recipe.weight_decay == 0.9


# -- choosing: formulas by another route -----------------------------------------------------------------


def test_the_front_is_what_no_pair_beats() -> None:
    rng = np.random.default_rng(0)
    rounds = [
        done(n, round(float(rng.random()), 1), int(rng.integers(1, 5)), float(rng.integers(1, 5)))
        for n in range(40)
    ]
    expected = set()
    for one in rounds:  # plain loops over the definition
        beaten = False
        for other in rounds:
            assert one.score
            assert other.score
            gains = (
                other.score.value - one.score.value,
                (one.trainable_parameters or 0) - (other.trainable_parameters or 0),
                one.seconds - other.seconds,
            )
            if all(g >= 0 for g in gains) and any(g > 0 for g in gains):
                beaten = True
        if not beaten:
            expected.add(one.number)
    assert set(front_of(rounds)) == expected
    assert 0 < len(expected) < 40


def test_one_standard_error_takes_the_cheapest_that_is_close_but_none_below_the_default() -> None:
    assert standard_error(done(0, 0.9, 1).score) == pytest.approx(0.01, rel=1e-4)  # 0.0392 / 3.92
    rounds = [done(0, 0.900, 500), done(1, 0.895, 100), done(2, 0.889, 10)]
    assert best_of(rounds) == 1  # 0.890 is the border
    held = [
        done(0, 0.898, 300, origin="default"),
        *[done(r.number + 1, r.score.value, r.trainable_parameters or 0) for r in rounds if r.score],
    ]
    assert best_of(held) == 0
    assert best_of([]) is None


def test_importance_is_not_told_of_few_rounds(search: Search) -> None:
    assert {i.name for i in search.importance} == {"learning_rate", "weight_decay"}
    assert all(i.share is None and "Too few" in i.reason and i.num_rounds == 4 for i in search.importance)


def test_importance_finds_the_dimension_that_alone_decides(home: Project, flow: Flow) -> None:
    """Scores that rise with one dimension alone: all variance is its own by the definition of fANOVA."""
    opened = begin_search(home, flow, CHEAP.edit(sampler="random", rounds=40))
    store = RoundStore(opened.folder, opened.space, opened.setup.choices)
    for _ in range(40):
        begun = store.begin()
        score = 0.5 + 0.2 * float(np.log10(begun.params["learning_rate"]))
        store.end(begun, done(begun.number, score, 1, params=begun.params))
    found = tuning.search_of(opened.setup, store.study, opened.space, 9)
    shares = {i.name: i.share or 0.0 for i in found.importance}
    assert shares["learning_rate"] > 0.9
    assert sum(shares.values()) == pytest.approx(1.0)


# -- pruning and refusals --------------------------------------------------------------------------------


def test_a_round_that_lags_is_ended_and_one_that_leads_is_not(home: Project, flow: Flow) -> None:
    opened = begin_search(home, flow, CHEAP)
    store = RoundStore(opened.folder, opened.space, opened.setup.choices)
    for number in range(5):
        begun = store.begin()
        for tenth in range(1, 10):
            begun.report(tenth, 0.5 + number / 100)
        assert not begun.lags()  # nothing is ended before five are known
        store.end(begun, done(begun.number, 0.6, 1))
    begun = store.begin()
    begun.report(2, 0.1)
    assert not begun.lags()  # too early to say
    begun.report(3, 0.52)  # the median
    assert not begun.lags()
    begun._handle.set_user_attr("kept", True)
    store.end(begun, done(begun.number, 0.6, 1))
    begun = store.begin()
    begun.report(3, 0.4)
    assert begun.lags()
    store.end(begun, done(begun.number, 0.4, 1, status="pruned", trained_share=0.3))
    again = RoundStore(opened.folder, opened.space, opened.setup.choices)
    assert [r.status for r in rounds_of(again.study)] == ["finished"] * 6 + ["pruned"]


def test_a_plan_that_refuses_is_counted_and_the_search_goes_on(
    home: Project, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = tuning.execute, []

    def refuse_second(wanted: Flow, run: Run, **more: Any) -> None:
        calls.append(run.id)
        if len(calls) == 2:
            raise PlanError("This would silently do nothing.")
        real(wanted, run, **more)

    monkeypatch.setattr(tuning, "execute", refuse_second)
    found = home.tune(flow, choices=CHEAP.edit(rounds=3))
    assert [r.status for r in found.rounds] == ["finished", "infeasible", "finished"]
    assert (found.num_infeasible, found.rounds[1].message) == (1, "This would silently do nothing.")
    assert found.best in (0, 2)


def test_a_flow_that_does_not_train_as_it_stands_ends_the_search(
    home: Project, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_flow: Flow, _run: Run, **_more: Any) -> None:
        raise PlanError("No.")

    monkeypatch.setattr(tuning, "execute", refuse)
    before = {search.id for search in list_searches(home)}
    with pytest.raises(PlanError, match="No"):
        home.tune(flow, choices=CHEAP)
    (new,) = [s for s in list_searches(home) if s.id not in before]  # two may begin in one instant
    assert new.status == "failed"


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"over": (Span(name="lerning_rate"),)}, UnknownName, "lerning_rate"),
        ({"fixed": {"cutt": "pool"}}, UnknownName, "cutt"),
        ({"fixed": {"cut": "nowhere"}}, UnknownName, "nowhere"),
        ({"fixed": {"epochs": -1}}, UsageError, "epochs"),
        ({"over": (Span(name="augment", values=("none", "wild")),)}, UnknownName, "wild"),
        ({"over": (Span(name="augment", low=0, high=1),)}, UsageError, "chosen"),
        ({"over": (Span(name="epochs"),), "fixed": {"epochs": 3}}, UsageError, "both"),
        ({"over": (Span(name="layer_decay"),)}, UsageError, "frozen"),
        ({"over": (Span(name="epochs"),), "minutes": 1e-6}, UsageError, "one round"),
    ],
    ids=[
        "unknown",
        "unknown fixed",
        "no cut",
        "no value",
        "no choice",
        "range of a choice",
        "both",
        "idle",
        "short",
    ],
)
def test_choices_that_cannot_be_meant_are_refused(
    home: Project, flow: Flow, choices: dict[str, Any], error: type[Exception], words: str
) -> None:
    before = len(list_searches(home))
    with pytest.raises(error, match=words):
        begin_search(home, flow, SearchChoices(**choices))
    assert len(list_searches(home)) == before


def test_nothing_to_search_no_backbone_no_validation_images(home: Project, flow: Flow, stripes: Path) -> None:
    names = [d.name for d in DEFINITIONS if d.exists]
    fixed = {"cut": "pool", "learning_rate": 1e-3, "weight_decay": 0.1, "augment": "none", "epochs": 1}
    with pytest.raises(UsageError, match="nothing to search"):
        begin_search(home, flow, SearchChoices(fixed={n: v for n, v in fixed.items() if n in names}))
    bare = flow.edit(nodes=tuple(n for n in flow.nodes if n.component != "backbone"), edges=())
    with pytest.raises((UsageError, Exception), match=r"backbone|problem|wire|input"):
        begin_search(home, bare, CHEAP)
    with pytest.raises(DataError, match="validation"):
        begin_search(home, home.make_flow(stripes, **OPTIONS, validation=0.0), CHEAP)


def test_a_range_that_is_inverted_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller"):
        Span(name="epochs", low=9, high=2)
    with pytest.raises(ValueError, match="both ends"):
        Span(name="epochs", low=9)


def test_images_that_changed_between_sittings_are_told(tmp_path: Path) -> None:
    source = write_stripes(tmp_path / "images", per_class=8)
    home = Project(tmp_path / "home")
    opened = begin_search(home, home.make_flow(source, **OPTIONS), CHEAP)
    next(iter(sorted((source / "flat").iterdir()))).unlink()
    with pytest.raises(RunError, match="changed"):
        take_up(home, opened.setup.id)


def test_neither_images_nor_search_and_both_and_an_unknown_one(home: Project, flow: Flow) -> None:
    with pytest.raises(UsageError, match="Either"):
        home.tune()
    with pytest.raises(UsageError, match="Either"):
        home.tune(flow, resume="x")
    with pytest.raises(RunNotFound, match="no search"):
        home.tune(resume="nothing-like-it")


# -- what was found, and processes -----------------------------------------------------------------------


def test_the_chosen_and_the_default_are_tested_as_ordinary_runs(home: Project, search: Search) -> None:
    events: list[Event] = []
    final = run_final(home, search.id, on_event=events.append)
    assert final.status == "finished"
    ids = {final.best, final.default}
    assert ids <= {run.id for run in home.runs()}
    assert len(ids) == (1 if search.best == 0 else 2)
    chosen = next(r for r in search.rounds if r.number == search.best)
    scores = home.find(final.best).record.metrics["validation"]
    assert scores.kind == "category"
    assert chosen.score is not None
    assert scores.accuracy.value == chosen.score.value  # bit for bit the round
    assert final.best_score is not None
    kept = search_state(home, search.id).search
    assert kept is not None
    assert kept.final == final


def test_two_processes_cannot_work_on_a_search_and_one_can_be_deleted(home: Project, flow: Flow) -> None:
    opened = begin_search(home, flow, CHEAP)
    with only_one(opened.folder):
        write_state(opened.folder, SearchState(id=opened.setup.id, status="running"))
        with pytest.raises(RunError, match="at work"):
            delete_search(home, opened.setup.id)
        with pytest.raises(RunError, match="at work"):
            home.tune(resume=opened.setup.id)
    assert delete_search(home, opened.setup.id) == opened.setup.id
    assert not opened.folder.exists()


@pytest.mark.slow
def test_a_search_apart_is_killed_goes_on_and_ends_as_if_it_had_not_been(
    home: Project, flow: Flow, search: Search
) -> None:
    started = start_search(home, flow, CHEAP)
    folder = folder_of(home, started.id)
    _wait(lambda: read_state(folder).done >= 1)
    os.kill(int((folder / ".lock").read_text()), signal.SIGKILL)
    _wait(lambda: search_state(home, started.id).status == "stopped")
    assert without_time(home.tune(resume=started.id)) == without_time(search)


@pytest.mark.slow
def test_a_search_apart_stops_when_asked(home: Project, flow: Flow) -> None:
    started = start_search(home, flow, CHEAP.edit(rounds=200))
    folder = folder_of(home, started.id)
    _wait(lambda: read_state(folder).done >= 1)
    stop_search(home, started.id)
    _wait(lambda: search_state(home, started.id).status == "stopped")
    assert 1 <= read_state(folder).done < 200


def _wait(is_so: Any, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_dimensions_survive_json(search: Search) -> None:
    for dimension in search.dimensions:
        assert Dimension.model_validate_json(dimension.model_dump_json()) == dimension

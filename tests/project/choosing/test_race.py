"""Races: each lane is bit for bit the run alone, frozen work is done once, a race that was stopped goes on as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from graftwork.documents.events import EpochEnded
from graftwork.documents.race import AdviceVerdict, Race, RaceState
from graftwork.documents.record import Interval, main_score
from graftwork.errors import DataError, RunError, RunInterrupted, RunNotFound, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.choosing import race_running
from graftwork.project.choosing.race_lanes import PROBE, lane_flow, lane_run, with_seed
from graftwork.project.choosing.race_result import race_of
from graftwork.project.choosing.race_steering import (
    RACES,
    delete_race,
    keep_lane,
    race_flow,
    race_state,
    race_states,
)
from graftwork.project.choosing.race_words import advice_sentence
from graftwork.project.run import Run

from ...conftest import TINY_BASE, write_stripes

OPTIONS: dict[str, Any] = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 2,
    "probe_epochs": 3,
    "batch": 16,
    "precision": "float32",
    "memory_format": "contiguous",
}
RACE: dict[str, Any] = {"seeds": 1, "advise": False}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("race") / "home")


@pytest.fixture(scope="module")
def raced(home: Project, stripes: Path) -> Race:
    return home.race(stripes, **RACE, **OPTIONS)


def folder_of(home: Project, race: Race) -> Path:
    return home.root / RACES / race.id


def digest(run: Run) -> str:
    proof = run.record.proof
    assert proof is not None
    return proof.weights_digest


def test_each_lane_is_bit_for_bit_the_run_alone(
    home: Project, raced: Race, stripes: Path, tmp_path: Path
) -> None:
    apart = Project(tmp_path / "apart")  # with caches of its own: nothing is shared
    flow = apart.make_flow(stripes, **OPTIONS)
    digests = set()
    for lane in raced.lanes:
        alone = apart.run(lane_flow(flow, lane.strategy))
        own = lane_run(folder_of(home, raced), lane.strategy, 0)
        assert digest(own) == digest(alone), lane.strategy
        assert own.metrics == alone.metrics
        digests.add(digest(alone))
    assert len(digests) == len(raced.lanes) == 6


def test_frozen_lanes_see_each_image_once_together(home: Project, raced: Race) -> None:
    costs = {lane.strategy: lane.cost for lane in raced.lanes}
    assert all(cost is not None for cost in costs.values())
    assert raced.cost.shared_passes == 60  # all images, one pass
    assert [costs[s].base_images for s in ("head_only", "some_layers", "most_layers")] == [0, 0, 0]  # type: ignore[union-attr]
    train, held, test = 42, 9, 9
    # two epochs with their validation, the validation before them, and scoring
    whole = 2 * (train + held) + held + held + test
    for name in ("all_layers", "probe_then_tune", "from_scratch"):
        assert costs[name].base_images == whole  # type: ignore[union-attr, index]
    shares = {lane.strategy: lane.free_share for lane in raced.plan.lanes}
    expected = 60 + 3 * whole + whole * (shares["some_layers"] + shares["most_layers"])
    assert raced.cost.passes == pytest.approx(expected)
    assert raced.cost.passes == pytest.approx(raced.plan.passes)  # what was planned
    assert raced.cost.dearest_passes == whole + 60
    assert costs["probe_then_tune"].alone_passes == whole + 60  # type: ignore[union-attr]


def test_lanes_that_probe_start_where_the_head_alone_ended(home: Project, raced: Race) -> None:
    probes = {lane.strategy: lane.probe for lane in raced.plan.lanes}
    assert probes == {
        "head_only": "none",
        "some_layers": "shared",
        "most_layers": "shared",
        "all_layers": "none",
        "probe_then_tune": "shared",
        "from_scratch": "none",
    }
    head = lane_run(folder_of(home, raced), "head_only", 0)
    last = main_score(head.record.metrics["validation"])[1].value
    for name in ("some_layers", "most_layers", "probe_then_tune"):
        events = [line.event for line in lane_run(folder_of(home, raced), name, 0).events()]
        epochs = [e for e in events if isinstance(e, EpochEnded)]
        assert {e.phase for e in epochs} == {"main"}
        assert epochs[0].validation_accuracy == last


def test_scores_are_those_of_the_runs_and_decided_on_validation(home: Project, raced: Race) -> None:
    assert raced.is_complete
    assert (raced.split, raced.num_images, raced.num_validation) == ("test", 9, 9)
    for lane in raced.lanes:
        record = lane_run(folder_of(home, raced), lane.strategy, 0).record
        assert lane.validation is not None
        assert lane.test is not None
        assert lane.validation.value == main_score(record.metrics["validation"])[1].value
        assert lane.test.value == main_score(record.metrics["test"])[1].value
        assert lane.test.low <= lane.test.value <= lane.test.high
    best = max(lane.validation.value for lane in raced.lanes if lane.validation)
    assert raced.best in {x.strategy for x in raced.lanes if x.validation and x.validation.value == best}
    assert raced.standard_error == pytest.approx(
        np.sqrt(best * (1 - best) / 9), rel=0.15
    )  # of a share of nine
    won = next(x for x in raced.lanes if x.strategy == raced.winner)
    assert won.validation is not None
    assert won.validation.value >= best - (raced.standard_error or 0)
    assert raced.winner in raced.front
    assert "random weights" in " ".join(raced.notes)


def right(home: Project, race: Race, strategy: str) -> np.ndarray[Any, Any]:
    """Return whether each test image is predicted as it is labelled, by key."""
    table = pd.read_parquet(lane_run(folder_of(home, race), strategy, 0).path / "predictions.parquet")
    table = table[table.split == "test"].sort_values("key")
    said = table[["p_0", "p_1", "p_2"]].to_numpy().argmax(1)
    return np.asarray(said == table.label.to_numpy().astype(int), dtype=float)


def test_regret_is_the_best_lane_minus_the_advised_one_in_points_paired_by_image(
    home: Project, raced: Race
) -> None:
    state = race_state(home, raced.id)
    tests = {x.strategy: x.test.value for x in raced.lanes if x.test}
    best, worst = max(tests, key=lambda s: tests[s]), min(tests, key=lambda s: tests[s])
    assert tests[worst] < tests[best]
    made = race_of(folder_of(home, raced), state.edit(advice=worst), is_complete=True)
    assert made.advice is not None
    assert made.advice.regret is not None
    assert not made.advice.is_best
    difference = right(home, raced, made.advice.best) - right(home, raced, worst)
    assert made.advice.regret.value == pytest.approx(100 * difference.mean())
    rng = np.random.default_rng(5)
    draws = [100 * difference[rng.integers(9, size=9)].mean() for _ in range(2000)]
    low, high = np.quantile(draws, [0.025, 0.975])
    assert made.advice.regret.low == pytest.approx(low, abs=12)  # one image is 11 points
    assert made.advice.regret.high == pytest.approx(high, abs=12)
    assert "points below" in made.answer
    good = race_of(folder_of(home, raced), state.edit(advice=best), is_complete=True)
    assert good.advice is not None
    assert good.advice.is_best
    assert raced.advice is None


def test_a_kept_lane_is_a_run_of_the_project(home: Project, raced: Race) -> None:
    kept = keep_lane(home, raced.id, "some_layers")
    assert digest(kept) == digest(lane_run(folder_of(home, raced), "some_layers", 0))
    assert kept.id in {run.id for run in home.runs()}
    assert kept.record.run == kept.id
    assert raced.id in kept.record.note
    assert home.load(kept.id) is not None
    with pytest.raises(RunError, match="no trained run"):
        keep_lane(home, raced.id, "some_layers", seed=7)


def test_races_are_listed_found_and_deleted(home: Project, raced: Race) -> None:
    assert [s.id for s in race_states(home)] == [raced.id]
    assert home.race(resume=raced.id[:15]) == raced  # finished: nothing is done again
    assert race_flow(home, raced.id).recipe.epochs == 2
    with pytest.raises(RunNotFound):
        race_state(home, "nothing")


THREE: dict[str, Any] = {"strategies": ["some_layers", "all_layers", "from_scratch"], "halving": True, **RACE}


@pytest.fixture(scope="module")
def halved(home: Project, stripes: Path) -> Race:
    return home.race(stripes, **THREE, **OPTIONS | {"epochs": 8})


def standing(run: Run, epochs: int) -> tuple[float, float]:
    """Return the score and minus the loss of the epoch that the run would keep after some epochs."""
    lines = [e.event for e in run.events() if isinstance(e.event, EpochEnded) and 0 < e.event.epoch <= epochs]
    return max((e.validation_accuracy or 0.0, -(e.validation_loss or 0.0)) for e in lines)


def test_the_worse_half_ends_and_the_last_one_goes_on_bit_for_bit(
    home: Project, halved: Race, stripes: Path
) -> None:
    first = halved.plan.rungs[0]
    assert [r.keep for r in halved.plan.rungs] == [1, 0]
    names = ("some_layers", "all_layers", "from_scratch")
    places = {s: standing(lane_run(folder_of(home, halved), s, 0), first.epochs) for s in names}
    on = max(places, key=lambda s: places[s])
    assert set(halved.rungs[0].ended) == set(names) - {on}
    for lane in halved.lanes:
        assert (lane.status, lane.epoch) == (
            ("finished", 8) if lane.strategy == on else ("stopped", first.epochs)
        )
        assert lane.test is not None  # what it had is scored
    assert halved.winner == on
    alone = home.run(lane_flow(race_flow(home, halved.id), on))  # type: ignore[arg-type]
    assert digest(lane_run(folder_of(home, halved), on, 0)) == digest(alone)
    assert halved.cost.passes <= halved.plan.passes
    assert halved.plan.ratio <= 1.5
    assert "cut off" in " ".join(halved.notes)


def test_a_head_that_is_no_lane_is_still_trained_once_for_all(home: Project, halved: Race) -> None:
    assert lane_run(folder_of(home, halved), PROBE, 0).status == "finished"
    assert [lane.strategy for lane in halved.lanes] == ["some_layers", "all_layers", "from_scratch"]


def test_a_race_that_is_stopped_anywhere_ends_as_if_it_had_not_been(
    home: Project, halved: Race, stripes: Path, tmp_path: Path
) -> None:
    other = Project(tmp_path / "other")
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked % 40 == 0

    made, found, sittings = None, None, 0
    try:
        made = other.race(stripes, stop=stop, **THREE, **OPTIONS | {"epochs": 8})
    except RunInterrupted:
        found = race_states(other)[0].id
    while made is None and sittings < 20:
        sittings += 1
        assert race_state(other, found or "").status == "stopped"
        try:
            made = other.race(resume=found, stop=stop)
        except RunInterrupted:
            continue
    assert made is not None
    assert sittings > 1
    for lane, same in zip(halved.lanes, made.lanes, strict=True):
        assert (lane.status, lane.epoch, lane.test) == (same.status, same.epoch, same.test)
        runs = (
            lane_run(folder_of(home, halved), lane.strategy, 0),
            lane_run(folder_of(other, made), lane.strategy, 0),
        )
        if lane.status == "finished":
            assert digest(runs[0]) == digest(runs[1])
    assert made.rungs == halved.rungs


def test_a_lane_that_fails_does_not_end_the_race(
    stripes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = race_running.execute

    def broken(flow: Any, run: Run, **rest: Any) -> None:
        if run.path.name.startswith("all_layers"):
            raise MemoryError("too little of it")
        real(flow, run, **rest)

    monkeypatch.setattr(race_running, "execute", broken)
    told: list[RaceState] = []
    made = Project(tmp_path / "home").race(
        stripes, strategies=["head_only", "all_layers"], told=told.append, **RACE, **OPTIONS
    )
    assert {x.strategy: x.status for x in made.lanes} == {"head_only": "finished", "all_layers": "failed"}
    assert made.lanes[1].message == "MemoryError: too little of it"
    assert made.winner == "head_only"
    assert {s.status for s in told} >= {"planning", "running", "finished"}
    going = [s for s in told if s.status == "running" and s.seconds_left is not None]
    assert [s.share for s in going] == sorted(s.share for s in going)
    assert (told[-1].share, told[-1].seconds_left) == (1.0, 0.0)
    assert going[-1].seconds_left == 0.0  # of the lane that failed nothing is left


def test_seeds_share_the_splits_and_are_averaged(stripes: Path, tmp_path: Path) -> None:
    home = Project(tmp_path / "home")
    made = home.race(stripes, strategies=["head_only"], seeds=2, advise=False, **OPTIONS)
    runs = [lane_run(folder_of(home, made), "head_only", n) for n in range(2)]
    samples = [pd.read_parquet(run.path / "samples.parquet") for run in runs]
    pd.testing.assert_frame_equal(samples[0][["key", "split"]], samples[1][["key", "split"]])
    assert digest(runs[0]) != digest(runs[1])
    lane = made.lanes[0]
    assert lane.test is not None
    assert lane.test.value == pytest.approx(np.mean([s.value for s in lane.test_scores]))
    assert "nothing to compare it with" in made.answer
    flow = race_flow(home, made.id)
    assert with_seed(flow, 0) == flow


def test_images_that_changed_between_sittings_are_refused(tmp_path: Path) -> None:
    source = write_stripes(tmp_path / "stripes", per_class=8)
    home = Project(tmp_path / "home")
    with pytest.raises(RunInterrupted):
        home.race(source, strategies=["all_layers"], stop=lambda: True, **RACE, **OPTIONS)
    state = race_states(home)[0]
    assert state.plan is not None
    (source / "flat" / "000.png").unlink()
    with pytest.raises(RunError, match="changed since this race began"):
        home.race(resume=state.id)
    shutil.rmtree(source)
    with pytest.raises(DataError):
        home.race(resume=state.id)
    delete_race(home, state.id)
    assert race_states(home) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cut": "blocks.1"}, "cut cannot be set for all"),
        ({"strategy": "head_only"}, "strategy cannot be set for all"),
        ({"strategies": ["nothing"]}, "strategies"),
        ({"seeds": 0}, "seeds"),
        ({"budget_minutes": -1}, "budget_minutes"),
        ({"budget_minutes": 0.0001}, "too small"),
        ({"validation": 0.0}, "decided on validation images"),
    ],
)
def test_what_cannot_be_raced_is_refused_in_words(
    stripes: Path, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    home = Project(tmp_path / "home")
    with pytest.raises(UsageError, match=said):
        home.race(stripes, advise=False, **OPTIONS | options)


def test_a_budget_that_is_too_small_names_the_smallest(stripes: Path, tmp_path: Path) -> None:
    home = Project(tmp_path / "home")
    with pytest.raises(UsageError) as refused:
        home.race(stripes, budget_minutes=0.0001, strategies=["head_only", "all_layers"], **RACE, **OPTIONS)
    least = refused.value.fields["minutes"]
    assert refused.value.hint is not None
    assert f"--budget {least:g}" in refused.value.hint
    made: list[RaceState] = []
    home.race(
        stripes,
        budget_minutes=least,
        strategies=["head_only", "all_layers"],
        told=made.append,
        **RACE,
        **OPTIONS,
    )
    assert made[-1].status == "finished"


def test_when_the_budget_is_over_lanes_end_with_what_they_have(
    stripes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Project(tmp_path / "home")
    is_late: Callable[[Any], bool] = lambda racer: racer.board.lines.get(("all_layers", 0)) is not None  # noqa: E731
    monkeypatch.setattr(race_running._Racer, "_is_late", is_late)
    made = home.race(stripes, strategies=["all_layers", "from_scratch"], budget_minutes=60, **RACE, **OPTIONS)
    assert [lane.status for lane in made.lanes] == ["stopped", "stopped"]
    assert "budget" in (made.lanes[0].message or "")
    assert made.lanes[1].test is None
    assert made.lanes[1].epoch == 0


def test_only_one_of_source_and_race_is_wanted(home: Project, raced: Race, stripes: Path) -> None:
    with pytest.raises(UsageError):
        home.race()
    with pytest.raises(UsageError):
        home.race(stripes, resume=raced.id)
    with pytest.raises(UsageError, match="goes on as it began"):
        home.race(resume=raced.id, seeds=3)
    flow = transfer_flow(str(stripes), base=TINY_BASE)
    with pytest.raises(UsageError, match="brings its choices"):
        home.race(flow, epochs=3)
    bare = flow.edit(nodes=tuple(n for n in flow.nodes if n.component != "backbone"), edges=())
    with pytest.raises(Exception, match=r"backbone|needs features"):
        home.race(bare)


def test_lanes_that_would_do_the_same_are_found_by_what_they_do(home: Project, raced: Race) -> None:
    from graftwork.engine.shared_work import images_of, is_same_training, survey
    from graftwork.project.controls import control_flow

    flow = race_flow(home, raced.id)
    images = images_of(flow, home.workspace)
    probed = survey(control_flow(flow, "all_layers"), images, home.workspace)  # the recipe says probe_first
    tuned = survey(lane_flow(flow, "probe_then_tune"), images, home.workspace)
    plain = survey(lane_flow(flow, "all_layers"), images, home.workspace)
    assert is_same_training(probed, tuned)
    assert not is_same_training(plain, tuned)


def test_advice_on_a_lane_that_was_cut_off_is_said_to_say_little() -> None:
    one = Interval(value=4.9, low=1.2, high=8.4)
    verdict = AdviceVerdict(
        strategy="some_layers", best="most_layers", was_raced=True, is_best=False, regret=one, stopped_at=1
    )
    assert "cut off at epoch 1" in advice_sentence(verdict)
    assert "cut off" not in advice_sentence(verdict.edit(stopped_at=None))

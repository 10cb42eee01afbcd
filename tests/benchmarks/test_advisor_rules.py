"""The advisor's rule on stored readings: the quadrants, the guard, what is kept of a reading."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from benchmarks.advisor.advised import (
    AFTER_FIRST_SEED,
    PLAIN,
    Guard,
    families,
    gain_over_twin,
    numbers_of,
    readings_of,
)
from benchmarks.advisor.grid import STRATEGIES, Cell

from graftwork.insight.advice import Readings, decide

READINGS = Readings(
    images_per_class_median=40.0,
    images_per_class_min=40.0,
    num_classes=4,
    chance=0.25,
    probe=0.8,
    nearest_mean=0.7,
    random_probe=0.6,
    random_nearest_mean=0.5,
    best_stage_depth=0.5,
    depth_gain=0.1,
)
CELL = Cell(0, 50, "mnist", "lite0")


def test_readings_come_back_as_they_were_stored():
    row = {"seed": 0, "size": 50, "task": "mnist", "base": "lite0", "readings": asdict(READINGS)}
    assert readings_of({"x": row}) == {CELL: READINGS}


def test_gain_is_a_share_of_the_room_above_the_twin():
    assert gain_over_twin(READINGS) == pytest.approx(0.5)  # 0.2 of 0.4
    assert gain_over_twin(replace(READINGS, probe=0.2)) == pytest.approx(-1.0)
    assert numbers_of({CELL: READINGS})[CELL]["probe_above_chance"] == pytest.approx(0.55 / 0.75)


@pytest.mark.parametrize(
    ("probe", "images", "expected"), [(0.4, 40, True), (0.4, 4, False), (0.61, 40, False)]
)
def test_the_guard_wants_a_useless_base_and_enough_images(probe, images, expected):
    readings = replace(READINGS, probe=probe, images_per_class_median=float(images))
    assert Guard(-0.15, 25.0).holds(readings) is expected


def test_single_rules_say_what_the_advisor_says():
    found = {family.title: family for family in families({CELL: READINGS})}
    plain = found["the plain table, 1,000 images a class"]
    assert plain.rules[0](CELL) == {decide(READINGS, PLAIN).strategy: 1.0}
    guard, fixed = AFTER_FIRST_SEED
    assert not guard.holds(READINGS)
    kept = found["the same, put down after the first seed"]
    assert kept.rules[0](CELL) == {decide(READINGS, fixed).strategy: 1.0}


def test_useless_bases_are_left_out_by_the_guard_alone():
    useless = replace(READINGS, probe=0.3)
    found = {family.title: family for family in families({CELL: useless})}
    assert found["the same, put down after the first seed"].rules[0](CELL) == {"from_scratch": 1.0}
    assert "from_scratch" not in found["the plain table, 1,000 images a class"].rules[0](CELL)


def test_each_family_has_words_for_its_rules_and_knows_the_strategies():
    for family in families({CELL: READINGS}):
        assert len(family.rules) == len(family.words) == len(set(family.words))
        assert {s for rule in family.rules for s in rule(CELL)} <= set(STRATEGIES)

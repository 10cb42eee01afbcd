"""Slices and paired answers against scipy and cases counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact, mannwhitneyu

from graftwork.errors import ShapeError
from graftwork.insight.evaluation.image_traits import grey_traits
from graftwork.insight.evaluation.paired import compare_answers
from graftwork.insight.evaluation.slices import (
    holm,
    number_slices,
    parts_of_numbers,
    parts_of_words,
    share_slices,
)


def test_holm_of_a_case_counted_by_hand() -> None:
    # 4 tests: 0.005·4, 0.01·3, 0.03·2, 0.04·1 raised to the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([None, None]) == [None, None]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_no_correction_and_bonferroni(values: list[float]) -> None:
    found = holm(values)
    for p, corrected in zip(values, found, strict=True):
        assert corrected is not None
        assert p <= corrected <= min(1.0, p * len(values)) + 1e-12
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(found, dtype=float)[order]) >= 0).all(), "order is kept"


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=80), st.integers(2, 6))
@settings(max_examples=80)
def test_parts_of_numbers_part_all_and_never_equals(values: list[float], num_parts: int) -> None:
    array = np.array(values)
    parts, names = parts_of_numbers(array, num_parts=num_parts)
    assert set(parts) == set(names)
    assert len(names) == len(set(names)) <= num_parts + bool(np.isnan(array).any())
    for value in set(array[~np.isnan(array)]):
        assert len(set(parts[array == value])) == 1
    assert set(parts[np.isnan(array)]) <= {"unknown"}


def test_parts_of_numbers_are_about_as_large_as_each_other() -> None:
    parts, names = parts_of_numbers(np.random.default_rng(0).normal(size=1000))
    assert len(names) == 4
    assert all(240 <= (parts == name).sum() <= 260 for name in names)


def test_rare_texts_are_put_together() -> None:
    words = [f"w{i}" for i in range(25)] + ["w0"] * 5 + [None]
    parts, names = parts_of_words(words)
    assert (len(names), names[0], names[-1]) == (20, "w0", "all others")
    assert sum(parts == "all others") == 26 + 5 - 6 - 18
    assert parts_of_words([None, "a", "a"])[1] == ["a", "empty"]


def test_a_slice_is_tested_against_the_rest() -> None:
    parts = np.array(["a"] * 10 + ["b"] * 40)
    right = np.array([True] * 4 + [False] * 6 + [True] * 36 + [False] * 4)
    a, b = share_slices(parts, ["a", "b"], right)
    assert (a.num_images, a.score.value, a.rest, a.is_small, b.is_small) == (10, 0.4, 0.9, True, False)
    assert a.p_value == b.p_value == pytest.approx(fisher_exact([[4, 6], [36, 4]]).pvalue)
    assert a.difference is not None
    assert a.difference.value == pytest.approx(-0.5)
    # Newcombe 1998, table II, 56/70 and 48/80: 0.0524 to 0.3339
    parts = np.array(["x"] * 70 + ["y"] * 80)
    right = np.array([True] * 56 + [False] * 14 + [True] * 48 + [False] * 32)
    gap = share_slices(parts, ["x"], right)[0].difference
    assert gap is not None
    assert (gap.low, gap.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_a_slice_that_is_all_there_is_has_no_rest() -> None:
    (only,) = share_slices(np.array(["a", "a"]), ["a"], np.array([True, False]))
    assert (only.rest, only.difference, only.p_value) == (None, None, None)


def test_slices_of_numbers_compare_absolute_errors() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(60, 1))
    predicted = truth + rng.normal(size=(60, 1)) * np.where(np.arange(60) < 20, 2.0, 0.1)[:, None]
    parts = np.array(["near"] * 20 + ["far"] * 40)
    (near, r2), _ = number_slices(parts, ["near", "far"], predicted, truth)
    errors = np.abs(predicted - truth)[:, 0]
    assert near.score.value == pytest.approx(errors[:20].mean())
    assert near.rest == pytest.approx(errors[20:].mean())
    assert near.p_value == pytest.approx(mannwhitneyu(errors[:20], errors[20:]).pvalue)
    assert near.difference is not None
    assert near.difference.low > 0
    assert r2 is not None
    assert r2.value < 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=80)
def test_mcnemar_is_the_binomial_test_and_turns_with_the_runs(rows: list[tuple[bool, bool]]) -> None:
    a, b = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found, turned = compare_answers(a, b), compare_answers(b, a)
    differ = int((a != b).sum())
    expected = binomtest(int((a & ~b).sum()), differ, 0.5).pvalue if differ else 1.0
    assert found.p_value == pytest.approx(expected) == turned.p_value
    assert found.num_images == len(rows)
    assert found.difference.value == pytest.approx(a.mean() - b.mean())
    assert found.difference.low == pytest.approx(-turned.difference.high)
    assert found.difference.low <= found.difference.value <= found.difference.high


def test_the_interval_of_the_difference_covers_about_95_percent() -> None:
    rng = np.random.default_rng(0)
    cells = np.array([0.6, 0.2, 0.1, 0.1])  # both right, only a, only b, both wrong: the truth is 0.1
    covered = 0
    for _ in range(1000):
        drawn = rng.choice(4, size=80, p=cells)
        gap = compare_answers(np.isin(drawn, [0, 1]), np.isin(drawn, [0, 2])).difference
        covered += gap.low <= 0.1 <= gap.high
    assert 930 <= covered <= 975


def test_answers_of_other_images_are_refused() -> None:
    with pytest.raises(ShapeError):
        compare_answers(np.array([True]), np.array([True, False]))


def test_traits_of_images_counted_by_hand() -> None:
    flat = grey_traits(np.full((4, 5), 51, dtype=np.uint8))
    assert flat == {"brightness": pytest.approx(0.2), "contrast": 0.0, "sharpness": 0.0}
    dot = np.zeros((5, 5), dtype=np.uint8)
    dot[2, 2] = 10
    # Laplacian over the inner 3 × 3: −40 in the middle, 10 beside it four times, 0 in the corners
    assert grey_traits(dot)["sharpness"] == pytest.approx((1600 + 4 * 100) / 9)
    assert grey_traits(np.zeros((1, 9), dtype=np.uint8))["sharpness"] == 0.0
    with pytest.raises(ShapeError):
        grey_traits(np.zeros((3, 3, 3), dtype=np.uint8))

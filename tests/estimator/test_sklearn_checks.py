"""scikit-learn's own estimator checks, on the estimator itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from graftwork.estimator import TransferClassifier

BASE = "random:timm:test_resnet.r160_in1k"
PAGE = Path(__file__).parents[2] / "docs" / "estimator.md"
SLOW = {"check_classifiers_train"}


def failing_checks(estimator: TransferClassifier) -> dict[str, str]:
    """Return the checks that do not apply, with the reason; docs/estimator.md says the same."""
    del estimator
    return {
        "check_methods_subset_invariance": "It wants equality to 1e-7; 32-bit convolutions round differently "
        "for batches of different size.",
        "check_decision_proba_consistency": "It feeds negative numbers though the tag `positive_only` is set; "
        "there are no negative pixels.",
    }


def on_rows() -> TransferClassifier:
    """Return an estimator to which a table's row is one row of grey pixels."""
    return TransferClassifier(
        BASE,
        image_size=32,
        epochs=20,
        batch=32,
        learning_rate=0.01,
        image_shape=(1, -1),
        pixel_max=32,
        options={"precision": "float32", "memory_format": "contiguous"},
    )


def _name(check: Any) -> str:
    return check.func.__name__ if not hasattr(check.func, "func") else _name(check.func)


def _cases() -> list[Any]:
    expected = failing_checks(on_rows())
    cases = []
    for estimator, check in estimator_checks_generator(on_rows(), mark=None):
        name = _name(check)
        marks = [pytest.mark.slow] if name in SLOW else []
        if name in expected:
            marks.append(pytest.mark.xfail(reason=expected[name], strict=True))
        details = "-".join(str(value) for value in check.keywords.values())
        cases.append(pytest.param(estimator, check, marks=marks, id=f"{name}-{details}".strip("-")))
    return cases


@pytest.mark.parametrize(("estimator", "check"), _cases())
def test_sklearn_check(estimator: TransferClassifier, check: Any) -> None:
    check(estimator)


def test_nearly_all_checks_run() -> None:
    names = {case.id.split("-")[0] for case in _cases()}
    assert len(names) > 45
    assert set(failing_checks(on_rows())) < names


def test_page_names_the_same_checks_and_reasons() -> None:
    rows = re.findall(r"^\| `(check_\w+)` \| (.+?) \| `(\w+)` \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert {name: reason for name, reason, _ in rows} == failing_checks(on_rows())
    beside = (Path(__file__).parent / "test_estimator.py").read_text(encoding="utf-8")
    assert all(f"def {instead}(" in beside for *_, instead in rows)


def test_default_wants_no_tables() -> None:
    tags = TransferClassifier().__sklearn_tags__().input_tags
    assert (tags.two_d_array, tags.three_d_array, tags.positive_only) == (False, True, True)

"""A right prior saves rounds, and a wrong one is caught up with within twice the rounds."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.prior import Surface, past, rounds_until


@pytest.mark.slow
def test_a_wrong_prior_is_caught_up_with():
    rounds = {"none": [], "right": [], "wrong": []}
    for seed in range(100, 124):
        tasks = {
            "none": (),
            "right": (past(Surface(seed + 1000), seed),),
            "wrong": (past(Surface(seed + 2000, mirrored=True), seed),),
        }
        for name, known in tasks.items():
            rounds[name].append(rounds_until(Surface(seed), known, seed))
    assert np.mean(rounds["right"]) < np.mean(rounds["none"])
    assert np.mean(rounds["wrong"]) <= 2 * np.mean(rounds["none"])

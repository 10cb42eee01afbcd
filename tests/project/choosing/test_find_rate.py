"""The finder on flows: what it refuses, keeps and says; nothing of it stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.flow import Flow
from graftwork.errors import PlanError, RunInterrupted, UsageError
from graftwork.project import Project

from ...conftest import TINY_BASE

OPTIONS: dict[str, Any] = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 2,
    "probe_epochs": 1,
    "batch": 16,
    "precision": "float32",
    "memory_format": "contiguous",
}
SHORT = {"updates": 20}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("rate") / "home")


@pytest.fixture(scope="module")
def flow(home: Project, stripes: Path) -> Flow:
    return home.make_flow(stripes, name="mine", strategy="probe_then_tune", **OPTIONS)


def test_both_phases_are_tested_over_a_thousand_times_down_and_up(home: Project, flow: Flow) -> None:
    main, probe = (
        home.find_rate(flow, choices=SHORT),
        home.find_rate(flow, choices={"phase": "probe", **SHORT}),
    )
    assert (main.field, main.planned) == ("learning_rate", pytest.approx(1e-4))
    assert (probe.field, probe.planned) == ("probe_learning_rate", pytest.approx(3e-3))
    for found in (main, probe):
        assert found.points[0].rate == pytest.approx(found.planned / 1000)
        ratios = {b.rate / a.rate for a, b in zip(found.points, found.points[1:], strict=False)}
        assert max(ratios) == pytest.approx(min(ratios)) == pytest.approx(1e6 ** (1 / 19))
        assert found.diverged or found.points[-1].rate == pytest.approx(found.planned * 1000)
        assert f"{found.planned:.1e}" in found.words
    # A new head starts at chance, a probed one does not.
    assert main.points[0].loss < probe.points[0].loss


def test_the_main_phase_begins_with_the_weights_of_a_run(home: Project, flow: Flow) -> None:
    """The first loss is that of the probed head on the first batch; a longer probe is another one."""
    longer = flow.edit(recipe=flow.recipe.edit(probe_epochs=30))
    assert (
        home.find_rate(longer, choices=SHORT).points[0].loss
        < home.find_rate(flow, choices=SHORT).points[0].loss
    )


def test_it_is_kept_and_nothing_else_is(home: Project, flow: Flow) -> None:
    first = home.find_rate(flow, choices=SHORT)
    assert home.find_rate(flow, choices=SHORT) == first  # seconds and all: not made again
    assert home.find_rate(flow, choices={"updates": 21}) != first
    assert not list((home.root / "runs").glob("*"))


def test_what_it_refuses(home: Project, flow: Flow) -> None:
    alone = flow.edit(recipe=flow.recipe.edit(probe_first=False)).with_settings(
        "backbone", strategy="head_only"
    )
    with pytest.raises(PlanError, match="no probe"):
        home.find_rate(alone, choices={"phase": "probe"})
    with pytest.raises(UsageError, match="below the highest"):
        home.find_rate(flow, choices={"lowest": 1.0, "highest": 0.1})
    with pytest.raises(PlanError, match="have to rise"):
        home.find_rate(flow, choices={"lowest": 10.0})
    with pytest.raises(UsageError, match="updates"):
        home.find_rate(flow, choices={"updates": 3})


def test_it_can_be_stopped(home: Project, flow: Flow) -> None:
    from graftwork.documents.rate_test import RateChoices
    from graftwork.project.choosing.find_rate import find_rate

    inside = home.inspect(flow)
    inside.stop = lambda: True
    with pytest.raises(RunInterrupted):
        find_rate(inside, RateChoices(updates=22))

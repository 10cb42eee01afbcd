"""Advice on real images with a tiny base that was really trained: a run of the project."""

from __future__ import annotations

import pytest
from tests.conftest import TINY_BASE, write_stripes

from graftwork.errors import DataError, FlowError, UsageError

SMALL = {"image_size": 32, "precision": "float32"}


@pytest.fixture(scope="module")
def advice(trained, stripes):
    project, base = trained
    return project.advise(stripes, base=base, **SMALL)


def test_the_very_images_of_the_base_are_similar_by_source_signals(advice):
    signals = {s.name: s for s in advice.signals}
    assert signals["classes"].reading > 0.99  # moving a mean over its own images
    assert signals["domains"].reading < 0.5
    assert signals["classes"].says == signals["domains"].says == "similar"
    assert signals["statistics"].reading is not None
    assert 0 <= signals["depth"].reading <= 1


def test_size_counts_training_images(advice):
    assert advice.size.num_classes == 3
    assert advice.size.per_class_median == pytest.approx(12, abs=2)  # of 20, the rest validates and tests
    assert advice.source.endswith("stripes0") or "stripes" in advice.source


def test_costs_are_told_for_all_strategies_and_rise_with_what_is_trained(advice):
    of = advice.cost_of
    assert {row.strategy for row in advice.strategies} >= {
        "head_only",
        "some_layers",
        "most_layers",
        "all_layers",
    }
    assert of("head_only").trainable_parameters < of("some_layers").trainable_parameters
    assert of("some_layers").trainable_parameters < of("all_layers").trainable_parameters
    assert of("head_only").memory_bytes < of("some_layers").memory_bytes < of("all_layers").memory_bytes


def test_the_flow_has_the_advice_in_it_and_runs(trained, advice):
    project, _ = trained
    node = advice.flow.node(advice.node)
    assert node.settings["strategy"] == advice.strategy
    for change in advice.changes:
        if change.node is None:
            assert getattr(advice.flow.recipe, change.field) == change.value
        assert change.reason
    plan = project.plan(advice.flow)
    assert plan.strategy == advice.strategy
    assert plan.cut == advice.cut


def test_an_advice_is_found_again(trained, stripes, advice, monkeypatch):
    project, base = trained
    from graftwork.project.choosing import advise_readings

    monkeypatch.setattr(advise_readings, "measure", None)
    assert project.advise(stripes, base=base, **SMALL) == advice


def test_an_unknown_source_is_refused_and_none_is_told(trained, stripes):
    project, base = trained
    with pytest.raises(UsageError, match="neither a run"):
        project.advise(stripes, trained_on="nowhere/at/all", base=base, **SMALL)


def test_an_untrained_base_is_refused(trained, stripes):
    with pytest.raises(FlowError, match="untrained"):
        trained[0].advise(stripes, base=TINY_BASE, **SMALL)


def test_one_class_is_refused(trained, tmp_path):
    folder = write_stripes(tmp_path / "one", classes=("flat",), per_class=8)
    project, base = trained
    with pytest.raises(DataError):
        project.advise(folder, base=base, **SMALL)


def test_three_images_a_class_give_an_advice_that_doubts(trained, tmp_path):
    folder = write_stripes(tmp_path / "few", per_class=5)
    project, base = trained
    found = project.advise(folder, base=base, validation=0.2, test=0.2, **SMALL)
    assert found.size.per_class_min < 5
    assert any("smallest class" in doubt for doubt in found.doubts)


def test_options_beside_a_flow_are_refused(trained, stripes):
    project, base = trained
    flow = project.make_flow(stripes, base=base, **SMALL)
    with pytest.raises(UsageError, match="cannot be added"):
        project.advise(flow, base=base)


def test_other_images_under_the_name_of_the_source_are_another_advice(
    trained, stripes, tmp_path, monkeypatch
):
    from graftwork.project.choosing import advise_readings

    project, base = trained
    source = write_stripes(tmp_path / "source", per_class=6)
    measure, made = advise_readings.measure, []
    monkeypatch.setattr(advise_readings, "measure", lambda *given: made.append(1) or measure(*given))

    def ask():
        project.advise(stripes, base=base, trained_on=str(source), **SMALL)
        return len(made)

    assert [ask(), ask()] == [1, 1]
    for path in sorted(source.glob("wide/*.png")):
        path.unlink()
    assert ask() == 2

"""The whole verb: two domains in, a report out; what the target's labels may do, and what not."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from graftwork import Project
from graftwork.errors import DataError, UnknownName, UsageError
from graftwork.project.transferring.adapt_methods import METHODS

OPTIONS = {"base": "random:timm:test_efficientnet", "image_size": 32, "epochs": 1, "batch": 16, "seed": 0}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("adapt") / "p", on_note=lambda _: None)


@pytest.fixture(scope="module")
def darker(tmp_path_factory, stripes):
    folder = tmp_path_factory.mktemp("darker") / "b"
    for path in sorted(stripes.rglob("*.png")):
        place = folder / path.relative_to(stripes)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.asarray(Image.open(path)) * 0.6 + 20).astype(np.uint8)).save(place)
    return folder


@pytest.fixture(scope="module")
def report(home, stripes, darker):
    return home.adapt(str(stripes), str(darker), **OPTIONS)


def test_auto_tries_what_takes_seconds_beside_both_lines(report):
    assert [m.method for m in report.methods] == [w.name for w in METHODS if w.way == "features"]
    assert report.source_only.target_accuracy is not None
    assert report.oracle is not None
    assert all(
        m.gain is not None and m.verdict in ("helps", "no difference", "harmful") for m in report.methods
    )
    assert report.chosen in {"source_only", *(m.method for m in report.methods)}
    assert {c.validator for c in report.checks} <= {"reverse", "information", "importance_weighted"}
    assert len({m.method for m in report.maps} - {"source_only"}) == 1
    assert {p.domain for p in report.maps[0].points} == {"source", "target"}
    assert (report.num_source, report.num_held_out, report.num_target) == (42, 18, 60)


def test_gains_are_differences_of_the_lines(report):
    for method in report.methods:
        assert method.gain.value == pytest.approx(method.target_accuracy.value - method.source_only.value)
        assert method.gain.low <= method.gain.value <= method.gain.high
        mean = np.mean([c.after for c in method.per_class])
        assert mean == pytest.approx(method.target_accuracy.value)


def test_asked_again_it_is_read_and_not_made(home, report, stripes, darker):
    told = []
    again = home.adapt(str(stripes), str(darker), tell=told.append, **OPTIONS)
    assert again == report
    assert not [t for t in told if isinstance(t, str) and t.endswith("…")]


def unscored(report):
    """All that a method can have touched: what is left without what the labels alone may tell."""
    keep = {"method", "validators", "is_collapsed", "never_said", "source_accuracy"}
    return (
        [m.model_dump(include=keep) for m in (report.source_only, *report.methods)],
        [[(p.domain, p.key.rpartition("/")[2], p.label, p.x, p.y) for p in m.points] for m in report.maps],
        report.chosen,
    )


def test_labels_of_the_target_reach_nothing_but_the_scores(home, report, stripes, darker, tmp_path):
    """Poison: the same files under other classes give the same methods, and other scores."""
    poisoned = tmp_path / "b"
    names = sorted(p.name for p in darker.iterdir())
    for at, name in enumerate(names):
        shutil.copytree(darker / name, poisoned / names[(at + 1) % len(names)])
    found = home.adapt(str(stripes), str(poisoned), **OPTIONS)
    assert unscored(found) == unscored(report)
    assert found.source_only.target_accuracy != report.source_only.target_accuracy


def test_without_labels_nothing_is_scored_and_that_is_said(home, report, stripes, darker, tmp_path):
    loose = tmp_path / "loose"
    loose.mkdir()
    for path in sorted(darker.rglob("*.png")):
        shutil.copy(path, loose / f"{path.parent.name}-{path.name}")
    found = home.adapt(str(stripes), str(loose), **OPTIONS)
    assert found.truth is None
    assert found.oracle is None
    assert all(m.target_accuracy is None and m.verdict == "unknown" for m in found.methods)
    assert "guesses" in found.words
    assert found.chosen == report.chosen
    assert any("label a few dozen" in note for note in found.notes)


def test_identical_domains_are_not_harmed(home, stripes):
    found = home.adapt(str(stripes), str(stripes), **OPTIONS)
    assert not [m.method for m in found.methods if m.verdict == "harmful" and m.gain.value < -0.1]
    assert found.a_distance < 0.4
    assert found.chosen == "source_only"
    assert found.num_copies == 42
    assert len({m.method for m in found.maps}) == 2
    assert any("nothing to adapt to" in note for note in found.notes)


def test_classes_that_the_source_does_not_know_are_reported_and_left_out(home, stripes, darker, tmp_path):
    more = shutil.copytree(darker, tmp_path / "more")
    shutil.copytree(darker / "flat", more / "unknown")
    shutil.rmtree(more / "wide")
    found = home.adapt(str(stripes), str(more), method="coral", **OPTIONS)
    assert found.truth.unseen == {"unknown": 20}
    assert found.truth.absent == ("wide",)
    assert found.truth.num_labelled == 40
    assert [c.name for c in found.methods[0].per_class] == ["flat", "tall"]
    assert len(found.notes) >= 2


def test_other_names_want_a_mapping(home, stripes, darker, tmp_path):
    renamed = tmp_path / "named"
    for name, german in (("flat", "flach"), ("tall", "hoch"), ("wide", "breit")):
        shutil.copytree(darker / name, renamed / german)
    with pytest.raises(DataError, match="none of the source's") as raised:
        home.adapt(str(stripes), str(renamed), **OPTIONS)
    assert "--map" in raised.value.hint
    names = {"flach": "flat", "hoch": "tall", "breit": "wide"}
    found = home.adapt(str(stripes), str(renamed), names=names, method="coral", **OPTIONS)
    assert found.truth.num_labelled == 60


def test_a_target_of_one_class_is_adapted_to_and_scored_on_it(home, stripes, darker, tmp_path):
    one = tmp_path / "one"
    shutil.copytree(darker / "flat", one / "flat")
    found = home.adapt(str(stripes), str(one), method="coral,jda", **OPTIONS)
    assert found.oracle is None
    assert found.truth.absent == ("tall", "wide")


def test_a_tiny_target_and_unknown_choices_are_refused(home, stripes, darker, tmp_path):
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    for path in sorted(darker.rglob("*.png"))[:3]:
        shutil.copy(path, tiny / path.name)
    with pytest.raises(DataError, match="at least 8"):
        home.adapt(str(stripes), str(tiny), **OPTIONS)
    with pytest.raises(UnknownName, match="magic"):
        home.adapt(str(stripes), str(darker), method="magic", **OPTIONS)
    with pytest.raises(UnknownName):
        home.adapt(str(stripes), str(darker), at="nowhere", **OPTIONS)
    with pytest.raises(UsageError, match="No method"):
        home.adapt(str(stripes), str(darker), method=" ", **OPTIONS)


def test_trained_and_tuned_methods_become_runs_held_against_their_own_source_run(home, stripes, darker):
    options = {**OPTIONS, "strategy": "all_layers", "probe_first": False}
    found = home.adapt(str(stripes), str(darker), method="mcc,shot", **options)
    mcc, shot = found.methods
    assert home.find(mcc.run).record.target.num_images == 60
    tuned = home.find(shot.run).record
    assert tuned.tuned.method == "shot"
    assert tuned.proof.frozen_unchanged
    assert mcc.source_only == shot.source_only  # one source run serves both
    assert len([r for r in home.runs() if r.record.name.endswith("-source")]) == 1
    assert home.find(tuned.tuned.parent).record.target is None

"""Rankings of real, tiny bases: their numbers by another way, what is kept, what is told, and what training says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from scipy.stats import kendalltau

from graftwork.bases import open_base
from graftwork.data import read_canvas
from graftwork.documents.flow import Flow
from graftwork.documents.ranking import Ranking
from graftwork.errors import BaseNotUsable, DataError, FlowError, RunInterrupted, UsageError
from graftwork.insight.transferability.evidence import logme
from graftwork.insight.transferability.source_labels import leep, nce
from graftwork.project import Project
from graftwork.project.choosing.rank import rank_bases, stored_ranking
from graftwork.project.choosing.rank_flows import candidates, data_flow, flow_on

from ...conftest import TINY_BASE, write_stripes

FIXED = {"epochs": 1, "precision": "float32", "memory_format": "contiguous", "image_size": 32}
NAMES = ("test_efficientnet", "test_convnext", "test_resnet")


def quiet(_: Any) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Three bases from files, of which the last one has weights that came from nowhere."""
    folder, found = tmp_path_factory.mktemp("bases"), []
    for seed, name in enumerate(NAMES):
        torch.manual_seed(seed)
        path = folder / f"{name}.safetensors"
        save_file(timm.create_model(name).state_dict(), path)
        found.append(f"file:{path}@timm:{name}")
    return tuple(found)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("rank") / "home", on_note=quiet)


@pytest.fixture(scope="module")
def flow(home: Project, stripes: Path) -> Flow:
    return home.make_flow(str(stripes), **FIXED)


@pytest.fixture(scope="module")
def ranking(home: Project, flow: Flow, bases: tuple[str, ...]) -> Ranking:
    wanted = [*bases, TINY_BASE, "timm:test_efficientnett"]
    return rank_bases(home, flow, wanted, tell=quiet)


def test_numbers_are_those_of_features_computed_one_by_one(
    home: Project, flow: Flow, bases: tuple[str, ...], ranking: Ranking
) -> None:
    inside = home.inspect(flow_on(data_flow(flow), bases[0]))
    images, transform = inside.images, inside.prepared.transform
    indices = images.of_split("train") + images.of_split("validation")
    base = open_base(bases[0], image_size=32)
    x = torch.from_numpy(np.stack([read_canvas(images, i, transform) for i in indices]))
    with torch.no_grad():
        features = base.features(transform.normalize(x), base.stage_names()[-1])
        said = base.module(transform.normalize(x)).softmax(1).numpy()
    labels = images.labels(indices)
    pooled = features.flatten(2).mean(2).numpy() if features.ndim == 4 else features.numpy()
    row = ranking.of(bases[0])
    assert row is not None
    assert row.scores["logme"] == pytest.approx(logme(pooled, labels), abs=1e-4)
    assert row.scores["leep"] == pytest.approx(leep(said, labels), abs=1e-5)
    assert row.scores["nce"] == pytest.approx(nce(said.argmax(1), labels), abs=1e-9)
    assert row.scores["linear"] == row.intervals["linear"].value
    assert ranking.num_images == len(indices)
    assert row.num_parameters == sum(p.numel() for s in base.stages for p in s.module.parameters())
    assert (row.num_features, row.image_size) == (pooled.shape[1], 32)


def test_order_controls_and_failures(ranking: Ranking, bases: tuple[str, ...]) -> None:
    told = [row.scores["logme"] for row in ranking.bases if row.problem is None]
    assert told == sorted(told, reverse=True)
    assert ranking.best in bases  # never the control, whatever it scores
    assert all(pick in bases for pick in ranking.picks.values())
    control = ranking.of(TINY_BASE)
    assert control is not None
    assert control.is_control
    assert "untrained" in control.why_not["leep"]
    broken = ranking.bases[-1]
    assert broken.base == "timm:test_efficientnett"
    assert broken.problem is not None
    assert "Did you mean 'test_efficientnet" in broken.problem
    assert (ranking.status, ranking.total, len(ranking.bases)) == ("finished", 5, 5)
    assert "h_score" not in control.scores  # fewer images than features: it would be its upper end
    assert "upper end" in control.why_not["h_score"]


def test_what_was_measured_is_not_measured_again(
    home: Project, flow: Flow, bases: tuple[str, ...], ranking: Ranking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("graftwork.insight.transferability.measured.measure_features", never)
    again = rank_bases(home, flow, bases, by="knn", tell=quiet)
    assert again.by == "knn"
    assert {row.base: row for row in again.bases} == {b: ranking.of(b) for b in bases}
    stored = stored_ranking(home, flow)
    assert stored is not None
    assert stored.bases == again.bases


def test_stopped_it_keeps_what_is_done(tmp_path: Path, stripes: Path, bases: tuple[str, ...]) -> None:
    project = Project(tmp_path / "home", on_note=quiet)
    flow = project.make_flow(str(stripes), **FIXED)
    begun: list[str] = []

    def tell(what: object) -> None:
        if isinstance(what, str):
            begun.append(what)

    with pytest.raises(RunInterrupted):
        rank_bases(project, flow, bases, tell=tell, stop=lambda: len(begun) > 1)
    kept = stored_ranking(project, flow)
    assert kept is not None
    assert (kept.status, [row.base for row in kept.bases]) == ("stopped", [bases[0]])
    files = list((project.root / "rankings").iterdir())
    assert [json.loads(f.read_text())["format"] for f in files] == [1]


@pytest.fixture(scope="module")
def checked(home: Project, flow: Flow, bases: tuple[str, ...], ranking: Ranking) -> Ranking:
    two = [flow_on(data_flow(flow), base) for base in bases[:2]]
    for one in two:
        home.run(one)
    before = stored_ranking(home, flow)
    assert before is not None
    assert "means nothing" in before.checks[0].verdict
    assert all(a.kendall is None for a in before.checks[0].agreements)
    return home.rank(flow, [*bases, TINY_BASE], check=True, tell=quiet)


def test_runs_check_the_ranking(home: Project, checked: Ranking, bases: tuple[str, ...]) -> None:
    (check,) = checked.checks
    assert (check.strategy, check.split) == ("head_only", "test")
    assert {one.base for one in check.bases} == set(bases)
    # two bases had runs already; the control is not trained and does not count
    assert sorted(r.record.base for r in home.runs()) == sorted(bases)
    trained = {one.base: home.find(one.runs[0]).metrics["test"].accuracy.value for one in check.bases}
    assert {one.base: one.score for one in check.bases} == trained
    told = next(a for a in check.agreements if a.measure == "logme")
    scores = [checked.of(b).scores["logme"] for b in bases]  # type: ignore[union-attr]
    best = bases[int(np.argmax(scores))]
    assert (told.num, told.pick) == (3, best)
    assert told.lost == pytest.approx(max(trained.values()) - trained[best])
    wanted = kendalltau(scores, [trained[b] for b in bases]).statistic
    assert (told.kendall is None) == bool(np.isnan(wanted))
    if told.kendall is not None:
        assert told.kendall == pytest.approx(wanted)
        assert told.kendall_chance is not None
        assert told.kendall_chance >= 1 / 6 - 1e-9


def test_only_runs_on_other_images_are_candidates(
    home: Project, flow: Flow, checked: Ranking, tmp_path: Path
) -> None:
    other = write_stripes(tmp_path / "other", per_class=8, size=32)
    trained = home.transfer(
        str(other), base=TINY_BASE, strategy="all_layers", validation=0.25, test=0.25, **FIXED
    )
    own = data_flow(flow)
    own = home.run(
        own.edit(
            nodes=tuple(
                n.edit(settings={**n.settings, "base": TINY_BASE, "strategy": "all_layers"})
                if n.id == "backbone"
                else n
                for n in own.nodes
            )
        )
    )
    found, notes = candidates(home, checked.data_digest)
    assert f"run:{trained.id}" in found
    assert f"run:{own.id}" not in found
    assert not any(
        base.endswith(run.id) for run in home.runs() if run.record.strategy == "head_only" for base in found
    )
    assert "1 run that was trained on these very images" in notes[0]
    made = rank_bases(home, flow, [f"run:{trained.id[:-2]}", f"run:{own.id}"], tell=quiet)
    row, warned = made.of(f"run:{trained.id}"), made.of(f"run:{own.id}")
    assert row is not None
    assert row.problem is None
    assert "no source head" in row.why_not["leep"]
    assert row.notes == ()
    assert warned is not None
    assert "know the labels" in warned.notes[0]


@pytest.mark.parametrize("kind", ["number", "tags"])
def test_numbers_and_tags_are_ranked_by_what_is_defined_for_them(tmp_path: Path, kind: str) -> None:
    project = Project(tmp_path / "home", on_note=quiet)
    columns = ("defect_percent",) if kind == "number" else ()
    flow = project.make_flow("sample:defects", label_kind=kind, label_columns=columns, **FIXED)
    made = rank_bases(project, flow, [TINY_BASE], max_images=80, tell=quiet)
    row = made.bases[0]
    wanted = {"logme", "linear", "knn"} | ({"nearest_mean"} if kind == "tags" else set())
    assert set(row.scores) == wanted
    assert "one class per image" in row.why_not["leep"]
    assert made.score_name == ("r2" if kind == "number" else "balanced_accuracy")
    assert made.best is None  # the only one is a control
    assert made.num_images == 80


def test_what_cannot_be_ranked_is_refused(home: Project, flow: Flow, tmp_path: Path) -> None:
    one = write_stripes(tmp_path / "one", per_class=8, size=32, classes=("wide",))
    with pytest.raises(DataError, match="one class only"):
        home.rank(str(one), [TINY_BASE], tell=quiet)
    with pytest.raises(FlowError, match="masks"):
        home.rank("sample:defects", [TINY_BASE], label_kind="mask", tell=quiet)
    with pytest.raises(UsageError, match="no base"):
        rank_bases(home, flow, [], tell=quiet)
    with pytest.raises(BaseNotUsable, match="No base could be measured") as caught:
        rank_bases(home, flow, ["run:nothing-like-it", "bundled:efficient"], tell=quiet)
    assert "run:nothing-like-it" in caught.value.message


def test_two_images_a_class_are_measured(home: Project, tmp_path: Path, bases: tuple[str, ...]) -> None:
    few = write_stripes(tmp_path / "few", per_class=4, size=32)
    made = home.rank(str(few), bases[:1], validation=0.25, test=0.25, tell=quiet, **FIXED)
    assert made.num_images == 9
    assert np.isfinite(list(made.bases[0].scores.values())).all()


def test_custom_code_is_neither_run_nor_asked_about(
    home: Project, stripes: Path, bases: tuple[str, ...]
) -> None:
    flow = home.make_flow(str(stripes), **FIXED)
    head = flow.node("head").edit(component="custom", settings={"code": "raise SystemError('it ran')"})
    custom = flow.edit(nodes=tuple(head if n.id == "head" else n for n in flow.nodes))
    assert home.rank(custom, bases[:1], tell=quiet).best == bases[0]

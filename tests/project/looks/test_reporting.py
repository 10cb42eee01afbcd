"""Reports with looks inside: what is taken, what is left out and told, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.errors import (
    RunError,
    RunInterrupted,
    RunNotFound,
    StorageError,
    UnknownName,
    UsageError,
)
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project, Run
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.reporting import LOOKS, comparison_report, full_report

from ...conftest import TINY_BASE, write_stripes

OPTIONS: dict[str, Any] = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 1,
    "test": 0.4,
    "precision": "float32",
}
HEADINGS = {
    "evaluation": 'id="confidence"',
    "depth": 'id="depth"',
    "drift": 'id="drift"',
    "data": 'id="data-check"',
    "map": 'id="map"',
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stripes(tmp_path_factory.mktemp("reporting") / "photos", per_class=16)


@pytest.fixture(scope="module")
def home(photos: Path) -> Project:
    return Project(photos.parent / "home")


@pytest.fixture(scope="module")
def run(home: Project, photos: Path) -> Run:
    return home.transfer(str(photos), **OPTIONS)


@pytest.fixture(scope="module")
def other(home: Project, photos: Path) -> Run:
    return home.transfer(str(photos), learning_rate=0.3, **OPTIONS)


def page_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def copied(home: Project, run: Run, name: str, **changes: Any) -> Run:
    """Copy a run's folder within the project, with fields of its record changed."""
    folder = shutil.copytree(run.path, run.path.parent / name)
    shutil.rmtree(folder / "inspections", ignore_errors=True)
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({**record, "run": name, "path": str(folder), **changes}))
    home.reindex()
    return home.find(name)


def test_what_is_wanted_is_taken_and_shown_and_nothing_else(home: Project, run: Run) -> None:
    told: list[Any] = []
    run_copy = copied(home, run, "some-looks")
    some = full_report(Inspection(home, run_copy, tell=told.append), ["evaluation", "drift"])
    assert some == run_copy.path / "report.html"
    shown = {look for look, sign in HEADINGS.items() if sign in page_of(some)}
    assert shown == {"evaluation", "drift"}
    assert [t for t in told if str(t).startswith("Looking")] == [
        "Looking at evaluation …",
        "Looking at drift …",
    ]
    assert 'class="saliency"' not in page_of(some)


def test_without_a_list_all_are_taken_and_kept_ones_are_not_computed_again(home: Project, run: Run) -> None:
    path = full_report(home.inspect(run.id))
    page = page_of(path)
    assert [look for look, sign in HEADINGS.items() if sign not in page] == []
    evaluation = json.loads(next((run.path / "inspections").glob("evaluation-*.json")).read_text())
    assert f"{evaluation['calibration']['before']['ece_width']['value']:.3f}" in page
    depth = json.loads(next((run.path / "inspections").glob("depth-*.json")).read_text())
    assert all(f"{s['linear']['score']['value']:.3f}" in page for s in depth["stages"] if s["linear"])
    kept = {p: p.stat().st_mtime_ns for p in (run.path / "inspections").iterdir()}
    again = page_of(full_report(home.inspect(run.id)))
    assert {p: p.stat().st_mtime_ns for p in (run.path / "inspections").iterdir()} == kept
    assert again == page
    # Only what is kept: the same looks, without a pass of the network for saliency.
    only_kept = page_of(full_report(home.inspect(run.id), ()))
    assert all(sign in only_kept for sign in HEADINGS.values())


def test_an_unknown_look_is_refused_with_what_was_meant(home: Project, run: Run) -> None:
    with pytest.raises(UnknownName, match="no look 'dept'") as caught:
        full_report(home.inspect(run.id), ["evaluation", "dept"])
    assert "depth" in str(caught.value.hint)


def test_a_flow_that_was_not_trained_has_no_report(home: Project, photos: Path) -> None:
    flow = transfer_flow(str(photos), base=TINY_BASE, image_size=32)
    with pytest.raises(RunError, match="was not trained"):
        full_report(Inspection(home, flow))


def test_without_a_record_there_is_nothing_to_report(home: Project, run: Run) -> None:
    bare = copied(home, run, "no-record")
    (bare.path / "record.json").unlink()
    with pytest.raises(RunError, match=r"has no record\.json"):
        full_report(Inspection(home, bare, tell=lambda _: None), ())


def test_a_run_without_scores_still_has_a_page(home: Project, run: Run) -> None:
    told: list[Any] = []
    bare = copied(home, run, "no-scores", metrics={}, status="failed", message="It ran out of memory.")
    (bare.path / "predictions.parquet").unlink()
    page = page_of(full_report(Inspection(home, bare, tell=told.append), ["evaluation", "saliency"]))
    assert "It ran out of memory." in page
    assert HEADINGS["evaluation"] not in page
    assert any(str(t).startswith("No evaluation in the report: ") for t in told)


def test_without_weights_what_needs_them_is_left_out_and_told(home: Project, run: Run) -> None:
    told: list[Any] = []
    bare = copied(home, run, "no-weights")
    (bare.path / "weights.safetensors").unlink()
    page = page_of(full_report(Inspection(home, bare, tell=told.append), ["evaluation", "drift", "saliency"]))
    assert HEADINGS["evaluation"] in page
    assert HEADINGS["drift"] not in page
    assert any(str(t).startswith("No drift in the report: ") for t in told)


def test_images_that_were_moved_cost_pictures_and_not_the_page(tmp_path: Path) -> None:
    photos = write_stripes(tmp_path / "photos", per_class=8)
    project = Project(tmp_path / "home")
    run = project.transfer(str(photos), **OPTIONS)
    assert "data:image/jpeg" in page_of(run.path / "report.html") or not run.path.exists()
    photos.rename(tmp_path / "elsewhere")
    told: list[Any] = []
    page = page_of(full_report(Inspection(Project(project.root), run, tell=told.append)))
    assert "data:image/jpeg" not in page
    assert "Worst mistakes" in page
    assert any("are not in" in str(t) for t in told)


def test_a_report_that_cannot_be_written_is_an_error_and_not_the_old_page(
    home: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = copied(home, run, "disk-full")
    assert (full.path / "report.html").is_file()

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("graftwork.export.report.os.replace", refuse)
    with pytest.raises(StorageError, match="report"):
        full_report(Inspection(home, full, tell=lambda _: None), ())


def test_who_stops_it_gets_no_report(home: Project, run: Run) -> None:
    stopped = copied(home, run, "stopped")
    (stopped.path / "report.html").unlink()
    with pytest.raises(RunInterrupted):
        full_report(Inspection(home, stopped, tell=lambda _: None, stop=lambda: True))
    assert not (stopped.path / "report.html").exists()


@pytest.mark.parametrize("kind", ["numbers", "tags"])
def test_runs_of_numbers_and_tags_have_the_looks_that_fit(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    lines = ["image,height" if kind == "numbers" else "image,round,red"]
    for i in range(40):
        value = int(rng.integers(0, 200))
        Image.fromarray(np.full((32, 32, 3), value, np.uint8)).save(tmp_path / "photos" / f"{i}.png")
        lines.append(f"{i}.png,{value / 10}" if kind == "numbers" else f"{i}.png,{i % 2},{int(value > 100)}")
    table = tmp_path / "photos" / "all.csv"
    table.write_text("\n".join(lines))
    labels: dict[str, Any] = {"label_column": "height", "label_kind": "number"}
    if kind == "tags":
        labels = {"label_columns": ["round", "red"], "label_kind": "tags"}
    project = Project(tmp_path / "home")
    flow = project.make_flow(str(table), image_column="image", **labels, **OPTIONS)
    objective = {"numbers": "regression", "tags": "multi_label"}[kind]
    nodes = tuple(n.edit(component=objective) if n.id == "objective" else n for n in flow.nodes)
    run = project.run(flow.edit(nodes=nodes))
    told: list[Any] = []
    page = page_of(
        full_report(Inspection(project, run, tell=told.append), [look for look in LOOKS if look != "map"])
    )
    assert HEADINGS["evaluation"] in page
    assert HEADINGS["depth"] in page
    assert 'class="saliency"' not in page
    assert " None" not in page.split("</style>")[1]


def test_runs_side_by_side_are_one_page(home: Project, run: Run, other: Run) -> None:
    path = comparison_report(home, [run.id, other.id])
    assert path.parent == home.root / "reports"
    page = page_of(path)
    assert page.count(run.id) >= 1
    assert other.id in page
    assert "Image by image" in page
    assert "McNemar" in page
    scores = run.metrics.of_classes("test")
    assert f"{scores.accuracy.value:.3f}" in page or f"{scores.balanced_accuracy.value:.3f}" in page
    assert "<script" not in page
    assert "http" not in page.split("</style>")[1].replace("http://www.w3.org/2000/svg", "")


def test_one_run_twice_or_alone_or_unknown_is_refused(home: Project, run: Run) -> None:
    with pytest.raises(UsageError, match="at least two"):
        comparison_report(home, [run.id])
    with pytest.raises(UsageError, match="twice"):
        comparison_report(home, [run.id, run.id])
    with pytest.raises(RunNotFound):
        comparison_report(home, [run.id, "nowhere"])


def test_runs_of_other_images_are_held_together_with_a_warning(
    home: Project, run: Run, tmp_path: Path
) -> None:
    elsewhere = write_stripes(tmp_path / "photos", per_class=9, size=44, classes=("flat", "tall"))
    third = home.transfer(str(elsewhere), **OPTIONS)
    page = page_of(comparison_report(home, [run.id, third.id]))
    assert "were not scored on the same images" in page
    assert "are not compared image by image" in page


def test_a_run_without_scores_is_held_beside_one_that_has_them(home: Project, run: Run) -> None:
    bare = copied(home, run, "bare-beside", metrics={}, status="failed")
    (bare.path / "predictions.parquet").unlink()
    page = page_of(comparison_report(home, [run.id, bare.id]))
    assert "failed, no scores on these images" in page
    assert "not compared image by image" in page

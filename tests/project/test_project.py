from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from graftwork.errors import RunError, RunNotFound, StorageError, UsageError
from graftwork.project import Project
from graftwork.project.lock import lock_run
from graftwork.project.project import default_root

Add = Callable[..., Path]


def test_a_project_is_made_on_demand_and_opened_again(tmp_path: Path) -> None:
    Project(tmp_path / "deep" / "p")
    assert yaml.safe_load((tmp_path / "deep" / "p" / "project.yaml").read_text())["format"] == 1
    Project(tmp_path / "deep" / "p", create=False)


def test_what_is_in_the_folder_already_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    Project(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_reading_makes_no_project(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no project"):
        Project(tmp_path / "p", create=False)
    assert not (tmp_path / "p").exists()


def test_a_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("")
    with pytest.raises(StorageError):
        Project(tmp_path / "p")


@pytest.mark.parametrize("content", ["format: 2", "", "format: x", "- 1", "{"])
def test_a_project_of_another_format_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "project.yaml").write_text(content)
    with pytest.raises(StorageError):
        Project(tmp_path)


def test_the_environment_names_the_default_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAFTWORK_PROJECT", raising=False)
    assert default_root() == Path("graftwork-project")
    monkeypatch.setenv("GRAFTWORK_PROJECT", "/elsewhere")
    assert default_root() == Path("/elsewhere")


def test_runs_are_found_by_id_beginning_and_name(project: Project, add_run: Add) -> None:
    add_run("20260101-a", name="first")
    add_run("20260102-b", name="second")
    for name in ("20260101-a", "20260101", "first"):
        assert project.find(name).id == "20260101-a"
    assert [run.id for run in project.runs()] == ["20260102-b", "20260101-a"]


def test_more_than_one_fitting_run_is_an_error_that_names_them(project: Project, add_run: Add) -> None:
    add_run("20260101-a")
    add_run("20260102-b")
    with pytest.raises(RunNotFound, match="fits 2 runs") as caught:
        project.find("2026")
    assert "20260101-a" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["frist", "", ".", "..", "../runs", "/etc"])
def test_a_run_that_is_not_there_is_not_found(project: Project, add_run: Add, name: str) -> None:
    add_run("20260101-a", name="first")
    with pytest.raises(RunNotFound) as caught:
        project.find(name)
    assert name != "frist" or "'first'" in (caught.value.hint or "")


def test_deleting_removes_folder_and_row(project: Project, add_run: Add) -> None:
    folder = add_run("20260101-a")
    add_run("20260102-b")
    project.delete("20260101-a")
    assert not folder.exists()
    assert [row["id"] for row in project.rows()] == ["20260102-b"]


def test_a_run_that_is_being_written_is_not_deleted(project: Project, add_run: Add) -> None:
    folder = add_run("20260101-a")
    with lock_run(folder), pytest.raises(RunError, match="being written"):
        project.delete("20260101-a")
    assert (folder / "record.json").exists()


def test_comparing_shows_only_what_differs(project: Project) -> None:
    a = project.transfer("photos", name="a", epochs=2, image_size=32)
    b = project.transfer("photos", name="b", epochs=3, image_size=32)
    result = project.compare([a.id, b.id])
    assert result.differences == {"epochs": [2, 3]}
    assert result.same_test_images
    with pytest.raises(UsageError, match="at least two"):
        project.compare([a.id])


def test_runs_on_other_images_do_not_compare(project: Project, add_run: Add) -> None:
    add_run("a")
    add_run("b", data=None)
    assert not project.compare(["a", "b"]).same_test_images


def test_arrays_are_kept_once_under_their_content(project: Project) -> None:
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    labels = np.array(["a", "b"])
    first = project.make_flow((images, labels)).node("images").settings["source"]
    assert project.make_flow((images.copy(), labels)).node("images").settings["source"] == first
    assert project.make_flow((images + 1, labels)).node("images").settings["source"] != first
    with np.load(str(first)) as stored:
        np.testing.assert_array_equal(stored["images"], images)
        np.testing.assert_array_equal(stored["labels"], labels)


@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 4, 3)])
def test_arrays_that_do_not_fit_are_refused(project: Project, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="shape"):
        project.make_flow((np.zeros(shape, np.uint8), np.zeros(3)))


def test_existing_paths_are_kept_whole_and_others_as_named(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert project.make_flow("photos").node("images").settings["source"] == str(tmp_path / "photos")
    assert project.make_flow("sample:animals").node("images").settings["source"] == "sample:animals"
    assert project.make_flow("nowhere").node("images").settings["source"] == "nowhere"

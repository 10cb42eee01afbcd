"""What the studio keeps on the disk: recent projects, dropped files, flows to start from."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from graftwork.errors import UsageError
from graftwork.project.project import Project
from graftwork.project.recent import forget_project, recent_projects, remember_project
from graftwork.project.starting import start_flow
from graftwork.project.templates import list_templates
from graftwork.project.trust import trust_file
from graftwork.project.uploads import begin_upload, discard_upload, finish_upload, put_file


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))


@pytest.mark.usefixtures("own_list")
def test_the_project_opened_last_comes_first(tmp_path: Path) -> None:
    first, second = (Project(tmp_path / name).root for name in ("a", "b"))
    for root in (first, second, first):
        remember_project(root)
    assert list(recent_projects()) == [first, second]
    forget_project(first)
    assert list(recent_projects()) == [second]


@pytest.mark.usefixtures("own_list")
@pytest.mark.parametrize("content", ["", "{", "[]", '{"projects": 3}', '{"projects": {"/a": "x"}}'])
def test_a_list_that_does_not_read_is_empty(content: str) -> None:
    file = trust_file().with_name("recent.json")
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert recent_projects() == {}


@pytest.mark.usefixtures("own_list")
def test_folders_that_are_gone_are_left_out(tmp_path: Path) -> None:
    root = Project(tmp_path / "a").root
    remember_project(root)
    (root / "project.yaml").unlink()
    assert recent_projects() == {}


def drop(root: Path, upload: str, path: str, content: bytes) -> None:
    with put_file(root, upload, path) as file:
        file.write(content)


def test_a_dropped_folder_becomes_a_source(project: Project) -> None:
    upload = begin_upload(project.root)
    drop(project.root, upload, "photos/good/1.png", b"one")
    drop(project.root, upload, "photos/bad/2.png", b"two")
    source = finish_upload(project.root, upload)
    assert source.name == "photos"
    assert sorted(p.relative_to(source).as_posix() for p in source.rglob("*.png")) == [
        "bad/2.png",
        "good/1.png",
    ]


def test_a_dropped_archive_is_unpacked(project: Project, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("photos/good/1.png", b"one")
        archive.writestr("photos/bad/2.png", b"two")
    upload = begin_upload(project.root)
    drop(project.root, upload, "a.zip", (tmp_path / "a.zip").read_bytes())
    source = finish_upload(project.root, upload)
    assert sorted(p.parent.name for p in source.rglob("*.png")) == ["bad", "good"]


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "", "C:/x", "a\\..\\..\\b", "a\0b"])
def test_no_dropped_file_leaves_its_place(project: Project, path: str) -> None:
    upload = begin_upload(project.root)
    with pytest.raises(UsageError):
        drop(project.root, upload, path, b"x")


@pytest.mark.parametrize("upload", ["", "..", "nothing", "../../x"])
def test_unknown_uploads_are_refused(project: Project, upload: str) -> None:
    with pytest.raises(UsageError):
        finish_upload(project.root, upload)


def test_a_file_that_breaks_off_is_not_kept(project: Project) -> None:
    upload = begin_upload(project.root)

    def break_off() -> None:
        with put_file(project.root, upload, "a.png") as file:
            file.write(b"half")
            raise RuntimeError("the page is gone")

    with pytest.raises(RuntimeError):
        break_off()
    with pytest.raises(UsageError, match="Nothing was dropped"):
        finish_upload(project.root, upload)


def test_an_upload_that_is_given_up_leaves_nothing(project: Project) -> None:
    upload = begin_upload(project.root)
    drop(project.root, upload, "photos/1.png", b"one")
    discard_upload(project.root, upload)
    assert not list((project.root / "data").rglob("*.png"))
    with pytest.raises(UsageError):
        discard_upload(project.root, upload)


@pytest.mark.parametrize("name", [t.name for t in list_templates()])
def test_each_template_starts_a_flow(project: Project, name: str) -> None:
    assert start_flow(project, template=name).nodes


def test_images_start_the_flow_that_fits_their_labels(project: Project) -> None:
    settings = {"label_kind": "tags", "label_column": "tags"}
    flow = start_flow(project, source="sample:surfaces", settings=settings)
    assert flow.of_component("multi_label")
    assert flow.of_component("images")[0].settings["label_column"] == "tags"

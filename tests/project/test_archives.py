"""Archives: the data comes out; nothing leads out of the folder, nothing is left of what fails."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from graftwork.errors import DataError
from graftwork.project import archives
from graftwork.project.archives import is_archive, unpack

FILES = {"photos/cat/1.png": b"one", "photos/cat/2.png": b"two", "photos/dog/1.png": b"three" * 1000}
NOISE = {"__MACOSX/photos/._1.png": b"x", "photos/.DS_Store": b"x", "photos/cat/._2.png": b"x"}


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(
        path, {"gz": "w:gz", "xz": "w:xz", "tar": "w"}[path.name.rpartition(".")[2]]
    ) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write(path: Path, files: dict[str, bytes]) -> Path:
    return write_zip(path, files) if path.suffix == ".zip" else write_tar(path, files)


def content_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


ENDINGS = pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.xz"])


@ENDINGS
def test_what_was_packed_comes_out(tmp_path: Path, ending: str) -> None:
    archive = write(tmp_path / f"photos.{ending}", {**FILES, **NOISE})
    assert is_archive(archive)
    folder = unpack(archive, tmp_path / "out")
    assert folder == tmp_path / "out" / "photos"
    assert content_of(folder) == {name.removeprefix("photos/"): x for name, x in FILES.items()}


def test_a_table_stays_with_its_images(tmp_path: Path) -> None:
    archive = write(tmp_path / "a.zip", {"a/b/t.csv": b"x", "a/b/images/1.png": b"y"})
    assert unpack(archive, tmp_path / "out") == tmp_path / "out" / "a" / "b"
    flat = write(tmp_path / "b.zip", {"t.csv": b"x", "images/1.png": b"y"})
    assert unpack(flat, tmp_path / "flat") == tmp_path / "flat"


@ENDINGS
@pytest.mark.parametrize(
    "name", ["../evil.png", "a/../../evil.png", "/evil.png", "a\\..\\..\\evil.png", "C:/evil.png"]
)
def test_nothing_leads_out_of_the_folder(tmp_path: Path, ending: str, name: str) -> None:
    archive = write(tmp_path / f"a.{ending}", {"photos/good.png": b"x", name: b"evil"})
    with pytest.raises(DataError, match="leads out of the folder"):
        unpack(archive, tmp_path / "inner" / "out")
    assert not list(tmp_path.rglob("evil.png"))
    assert not (tmp_path / "inner" / "out").exists()


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo("link.png")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        with pytest.raises(DataError, match="a link or a device"):
            unpack(path, tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("link.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(DataError, match="a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@ENDINGS
def test_archives_without_end_are_refused(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = write(tmp_path / f"a.{ending}", {"zeros.png": bytes(4 * 2**20)})
    monkeypatch.setattr(archives, "_RATIO_COUNTS_FROM", 2**20)
    if ending != "tar":  # which packs nothing tighter
        with pytest.raises(DataError, match="more than 200 times its size"):
            unpack(bomb, tmp_path / "out")
    monkeypatch.setattr(archives, "_MAX_BYTES", 2**20)
    with pytest.raises(DataError, match="unpacks to more than"):
        unpack(bomb, tmp_path / "out")
    monkeypatch.setattr(archives, "_MAX_FILES", 2)
    with pytest.raises(DataError, match="more than 2 files"):
        unpack(write(tmp_path / f"b.{ending}", FILES), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@ENDINGS
def test_damaged_archives_are_told(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"a.{ending}", {f"{i}.png": os.urandom(5000) for i in range(5)})
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"nothing of the kind" * 50):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"cannot be read|is empty"):
            unpack(path, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1.png", b"A" * 5000)
    path.write_bytes(path.read_bytes().replace(b"A" * 100, b"B" * 100, 1))
    with pytest.raises(DataError, match="cannot be read"):
        unpack(path, tmp_path / "out")


def test_names_that_no_disk_takes_are_told(tmp_path: Path) -> None:
    for number, files in enumerate(({"x" * 300 + ".png": b"x"}, {"a": b"x", "a/1.png": b"x"})):
        with pytest.raises(DataError, match="cannot be read"):
            unpack(write(tmp_path / f"{number}.zip", files), tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_what_is_no_archive_empty_or_packed_twice(tmp_path: Path) -> None:
    (tmp_path / "a.rar").write_bytes(b"x")
    with pytest.raises(DataError, match="no archive that can be unpacked"):
        unpack(tmp_path / "a.rar", tmp_path / "out")
    with pytest.raises(DataError, match="is empty"):
        unpack(write(tmp_path / "a.zip", NOISE), tmp_path / "out")
    twice = write(tmp_path / "b.zip", {"a/1.png": b"x", "A/1.PNG": b"y"})
    with pytest.raises(DataError, match="twice"):
        unpack(twice, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(DataError, match="holds files already"):
        unpack(write(tmp_path / "c.zip", FILES), tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").exists()

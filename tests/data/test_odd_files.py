"""Files that are no images, or no files at all, are told of and hold nothing up."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.data.arrays import load_arrays
from graftwork.data.files import scan_files
from graftwork.data.index import FactIndex
from graftwork.data.originals import Originals
from graftwork.errors import DataError
from graftwork.graph.contracts import ImagesSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes with one image each."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((8, 8, 3), 40, np.uint8)).save(tmp_path / name / "1.png")
    return tmp_path


def test_a_pipe_that_nobody_writes_holds_nothing_up(folder: Path) -> None:
    pipe = folder / "a" / "pipe.png"
    os.mkfifo(pipe)
    facts = scan_files([pipe, folder / "a" / "1.png"], FactIndex(None))
    assert facts[str(pipe)].broken == "not a regular file"
    assert facts[str(folder / "a" / "1.png")].broken is None
    originals = Originals(ImagesSettings(source=str(folder)))
    with pytest.raises(DataError, match="not a regular file"):
        originals.digest("a/pipe.png")


def test_a_name_that_is_no_unicode_is_one_broken_image(folder: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/a/\xff\xfe.png"))
    try:
        odd.write_bytes((folder / "a" / "1.png").read_bytes())
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    facts = scan_files([odd, folder / "a" / "1.png"], FactIndex(None))
    assert "no unicode" in str(facts[str(odd)].broken)
    assert facts[str(folder / "a" / "1.png")].broken is None


def test_an_array_file_cut_short_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match="cannot be read"):
        load_arrays(path, "category")


@pytest.mark.parametrize("key", ["row:" + "9" * 5000, "row:²", "row:-1", "row:"])
def test_a_row_that_is_no_number_is_unknown(tmp_path: Path, key: str) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((4, 8, 8, 3), np.uint8), labels=np.array([0, 1, 0, 1]))
    with pytest.raises(Exception, match="no image"):
        Originals(ImagesSettings(source=str(tmp_path / "x.npz"))).state(key)

"""Labels for a folder without any, and a table that training reads."""

from __future__ import annotations

import shutil

import pytest

from graftwork import Project
from graftwork.cli import main
from graftwork.data import open_images
from graftwork.errors import DataError
from graftwork.project.transferring.propagate import write_accepted

OPTIONS = {"base": "random:timm:test_efficientnet", "image_size": 32}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("propagate") / "p", on_note=lambda _: None)


@pytest.fixture(scope="module")
def parts(tmp_path_factory, stripes):
    """Twelve labelled images of each class, and the others loose in a folder."""
    root = tmp_path_factory.mktemp("parts")
    (root / "loose").mkdir()
    for folder in sorted(stripes.iterdir()):
        (root / "labelled" / folder.name).mkdir(parents=True)
        for at, path in enumerate(sorted(folder.iterdir())):
            if at < 12:
                shutil.copy(path, root / "labelled" / folder.name / path.name)
            else:
                shutil.copy(path, root / "loose" / f"{folder.name}-{path.name}")
    return root


def test_each_image_gets_a_label_and_each_level_its_worth(home, parts, tmp_path):
    found = home.propagate(str(parts / "labelled"), str(parts / "loose"), **OPTIONS)
    assert found.num_labelled == 36
    assert len(found.images) == 24
    assert [i.confidence for i in found.images] == sorted((i.confidence for i in found.images), reverse=True)
    assert found.levels[0].coverage == 1.0
    assert found.accuracy is None
    right = [i for i in found.images if i.key.startswith(i.label or "?")]
    assert len(right) > 12  # far above the third that chance gives
    out = tmp_path / "labels.csv"
    assert write_accepted(found, out, 0.0) == 24
    images = open_images(out)
    assert len(images) == 24
    assert set(images.classes) <= {"flat", "tall", "wide"}
    with pytest.raises(DataError, match="No label has a confidence"):
        write_accepted(found, out, 1.0)


def test_labels_that_are_there_check_and_change_nothing(home, parts, stripes):
    plain = home.propagate(str(parts / "labelled"), str(parts / "loose"), **OPTIONS)
    checked = home.propagate(str(parts / "labelled"), str(stripes), **OPTIONS)
    assert checked.accuracy is not None
    again = {i.digest: i.label for i in checked.images}
    assert all(i.digest in again for i in plain.images)


def test_the_verb_writes_a_table(parts, tmp_path, capsys):
    out = tmp_path / "labels.csv"
    base = ["--base", "random:timm:test_efficientnet", "--image-size", "32", "--project", str(tmp_path / "p")]
    args = ["propagate", str(parts / "labelled"), "--unlabelled", str(parts / "loose"), *base]
    assert main([*args, "--accept", "0.3", "--out", str(out)]) == 0
    assert "What a confidence is worth" in capsys.readouterr().out
    assert out.read_text().startswith("path,label,confidence\n")
    assert main(["propagate", str(parts / "labelled"), *base]) == 2

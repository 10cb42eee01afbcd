"""``inspect evaluation`` and ``inspect compare``: what they print, and their one document."""

from __future__ import annotations

from pathlib import Path

from .conftest import Home


def test_evaluation_says_it_in_tables_and_in_one_document(home: Home) -> None:
    shown = home("inspect", "evaluation", "first")
    assert shown.code == 0, shown.err
    for word in ("AUROC", "ECE, bins of equal width", "temperature (95 %)", "slices, the worst first"):
        assert word in shown.out
    found = home("inspect", "evaluation", "first", "--json", "--slices", "brightness,contrast").json
    assert found["kind"] == "category"
    assert [column["name"] for column in found["slices"]] == ["brightness", "contrast"]
    assert found["calibration"]["num_validation"] > 0


def test_other_images_are_evaluated_the_same_way(home: Home, photos: Path) -> None:
    found = home("inspect", "evaluation", "first", "--on", photos, "--json")
    assert found.json["num_images"] == 42
    assert "were used to train" in found.err
    scores = home("evaluate", "first", photos, "--json").json["metrics"]
    assert found.json["scores"] == scores


def test_a_wrong_slice_and_a_wrong_place_are_refused(home: Home, tmp_path: Path) -> None:
    wrong = home("inspect", "evaluation", "first", "--slices", "brigthness")
    assert (wrong.code, "brightness" in wrong.err) == (2, True)
    nowhere = home("inspect", "evaluation", "first", "--images-at", tmp_path / "no")
    assert nowhere.code == 3
    assert "does not hold" in nowhere.err


def test_two_runs_are_compared_image_by_image(home: Home) -> None:
    refused = home("inspect", "compare", "first", "first")
    assert refused.code == 2
    found = home("inspect", "compare", "first", "second", "--json").json
    shown = home("inspect", "compare", "first", "second")
    assert sum(cell["num_images"] for cell in found["cells"]) == found["num_common"]
    assert found["num_common"] < 6, "two seeds, two splits"
    assert "McNemar" in shown.out
    assert f"compared are the {found['num_common']}" in shown.err

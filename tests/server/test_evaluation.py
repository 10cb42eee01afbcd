"""Evaluations, comparisons and moved images over HTTP."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graftwork.project import Run
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE, write_stripes


@pytest.fixture
def runs(opened: OpenProject, tmp_path: Path) -> list[Run]:
    """Two runs on the same images below the project, so that these may be read."""
    photos = write_stripes(opened.project.root / "photos", per_class=10)
    options: dict[str, Any] = {"base": TINY_BASE, "image_size": 32, "epochs": 1, "test": 0.4}
    first = opened.project.transfer(str(photos), **options)
    return [first, opened.project.transfer(str(photos), learning_rate=0.1, **options)]


def test_a_page_looks_at_an_evaluation_from_all_sides(
    page: TestClient, home: str, runs: list[Run], studio: Studio, tmp_path: Path
) -> None:
    run, other = (one.id for one in runs)
    found = page.post(f"{home}/inspections/evaluation", json={"run": run}).json()
    assert found["num_images"] == 12
    assert len(found["parts"]) == 3
    column = next(c for c in found["slices"] if c["name"] == "brightness")
    chosen = column["slices"][0]
    query = {"trait": "brightness", "part": chosen["name"], "sort": "entropy"}
    images = page.get(f"{home}/runs/{run}/predictions", params=query).json()
    assert images["total"] == chosen["num_images"]

    compared = page.get(f"{home}/inspections/comparison", params={"run": run, "other": other}).json()
    assert compared["num_common"] == 12
    for cell in compared["cells"]:
        query = {"run": run, "other": other, "cell": cell["cell"]}
        shown = page.get(f"{home}/inspections/comparison/images", params=query).json()
        assert shown["total"] == cell["num_images"] == len(shown["rows"])

    more = write_stripes(tmp_path / "more", per_class=2)
    asked = {"run": run, "source": str(more)}
    refused = page.post(f"{home}/inspections/other-data", json=asked)
    assert (refused.status_code, refused.json()["error"]) == (403, "NotOpened")
    studio.roots.open(more)
    data = page.post(f"{home}/inspections/other-data", json=asked).json()
    assert page.get(f"{home}/inspections/other-data", params={"run": run}).json() == [data]
    there = page.post(f"{home}/inspections/evaluation", json={"run": run, "on": data["id"]}).json()
    assert there["num_images"] == 6
    settings = page.get(f"{home}/runs/{run}/images", params={"on": data["id"]}).json()
    assert settings["source"] == str(more)
    total = page.get(f"{home}/runs/{run}/predictions", params={"on": data["id"]}).json()["total"]
    assert total == 6


def test_moved_images_are_shown_from_their_new_place(
    page: TestClient, home: str, runs: list[Run], opened: OpenProject
) -> None:
    old, new = opened.project.root / "photos", opened.project.root / "pictures"
    shutil.move(old, new)
    asked = {"run": runs[0].id, "path": str(new)}
    found = page.post(f"{home}/inspections/moved", json=asked)
    assert found.json()["words"].startswith("30 of the run's 30")
    assert page.get(f"{home}/runs/{runs[1].id}/images").json()["source"] == str(new)
    outside = page.post(f"{home}/inspections/moved", json={**asked, "path": "/"})
    assert outside.json()["error"] == "NotOpened"


def test_a_run_without_predictions_is_refused_in_one_sentence(
    page: TestClient, home: str, runs: list[Run]
) -> None:
    (runs[0].path / "predictions.parquet").unlink()
    refused = page.post(f"{home}/inspections/evaluation", json={"run": runs[0].id})
    assert refused.status_code == 422
    assert "no stored predictions" in refused.json()["message"]

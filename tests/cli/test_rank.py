"""``graftwork rank``: what it prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.documents.ranking import Ranking

from ..conftest import TINY_BASE

OTHER = "random:timm:test_resnet"


def test_rank_prints_one_document_or_a_table(graftwork: Any, photos: Path, tmp_path: Path) -> None:
    place = ("--project", tmp_path / "home", "--image-size", "32")
    wanted = ("--bases", f"{TINY_BASE},{OTHER}", "--max-images", "20")
    ended = graftwork("rank", photos, *wanted, *place, "--json")
    assert ended.code == 0, ended.err
    ranking = Ranking.model_validate(ended.json)
    assert {row.base for row in ranking.bases} == {TINY_BASE, OTHER}
    assert ranking.num_images == 20
    assert "1/2" in ended.err
    table = graftwork("rank", photos, *wanted, *place, "--bases", "timm:no-such-thing", "--by", "knn")
    assert table.code == 0, table.err
    assert "could not be measured" in table.out
    assert "timm has no model" in table.out
    assert "By k-NN, as was asked for" in table.out


def test_options_that_have_no_place_are_refused(graftwork: Any, photos: Path, tmp_path: Path) -> None:
    place = ("--project", tmp_path / "home", "--json")
    ended = graftwork("rank", photos, "--strategy", "all_layers", *place)
    assert ended.code == 2
    assert "no place here" in ended.json["message"]
    ended = graftwork("rank", photos, "--by", "luck", *place)
    assert ended.code == 2
    assert "logme" in ended.json["hint"]
    ended = graftwork("rank", *place)
    assert ended.code == 2

"""``advise``: what it prints, the flow that it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.cli.choose.advise import map_lines
from graftwork.documents.advice import Advice
from graftwork.documents.flow import read_flow


def test_advice_on_a_run_s_own_images(graftwork: Any, home: Any, photos: Path, tmp_path: Path) -> None:
    place = ["--project", tmp_path / "project"]
    trained = graftwork("train", photos, *home.tiny, *place, "--strategy", "all_layers", "--name", "whole")
    assert trained.code == 0, trained.err

    def there(*args: str) -> Any:
        return graftwork(*args, *place)

    run = there("runs", "show", "whole", "--json").json["run"]
    path = tmp_path / "advised.yaml"
    options = ["--base", f"run:{run}", "--image-size", "32"]
    ended = there("advise", str(photos), *options, "--write", str(path), "--json")
    assert ended.code == 0, ended.err
    advice = Advice.model_validate(ended.json)
    assert read_flow(path) == advice.flow
    table = there("advise", str(photos), *options)
    assert table.code == 0
    assert f"Advice: {advice.strategy}" in table.out
    assert "●" in table.out
    again = there("advise", str(photos), *options, "--write", str(path))
    assert again.code == 2
    assert "there already" in again.err
    for place, row, column in (((0.0, 1.0), 0, 0), ((1.0, 0.0), -1, -1)):
        lines = [line[3:] for line in map_lines(advice.edit(place=place))[1:-2]]
        assert lines[row][column] == "●"


def test_an_untrained_base_is_refused(home: Any, photos: Path) -> None:
    ended = home("advise", str(photos), "--base", "random:timm:resnet10t", "--image-size", "32", "--json")
    assert ended.code == 5
    assert "untrained" in ended.json["message"]

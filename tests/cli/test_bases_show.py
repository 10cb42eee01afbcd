"""``graftwork bases show``: a base opened to its layers, with totals, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from graftwork.cli import main

BASE = "random:timm:resnet18"
OPTIONS = ("--image-size", "32")


def show(capsys: pytest.CaptureFixture[str], *more: str, code: int = 0) -> str:
    assert main(["bases", "show", BASE, *OPTIONS, *more]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def as_json(capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    return json.loads(show(capsys, "--json", *more))


def rows_of(text: str, name: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip().startswith(name + " ")]


def test_layers_are_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert not rows_of(show(capsys), "layer1.0.conv1")
    (row,) = rows_of(show(capsys, "--layers"), "layer1.0.conv1")
    assert "convolution 3×3, 64 → 64" in row
    assert "36,864" in row
    assert "64 × 8 × 8" in row


def test_a_strategy_marks_stages_layers_and_totals(capsys: pytest.CaptureFixture[str]) -> None:
    text = show(capsys, "--layers", "--strategy", "most_layers", "--cut", "layer2.1")
    assert rows_of(text, "layer2.1.conv2")[0].rstrip().endswith("frozen")
    assert rows_of(text, "layer3.0.conv1")[0].rstrip().endswith("trainable")
    # Weights and batch norms of the ResNet-18 paper's table up to conv3_x: 64·3·49 + 128, 2 × 73,984,
    # 230,144 and 295,424.
    assert f"{64 * 3 * 49 + 128 + 2 * 73_984 + 230_144 + 295_424:,} parameters frozen" in text


def test_json_carries_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "--strategy", "head_only")
    assert found["totals"] == {
        "parameters": 11_176_512,
        "frozen": 11_176_512,
        "trainable": 0,
        "buffers": 9_620,
        "bytes": 4 * (11_176_512 + 9_600) + 8 * 20,
    }
    layer = found["stages"][1]["layers"][0]
    assert layer == {
        "name": "layer1.0.conv1",
        "kind": "convolution 3×3, 64 → 64",
        "num_parameters": 36_864,
        "output_shape": [64, 8, 8],
        "state": "frozen",
    }
    assert found["legal_cuts"][0] == "stem"
    assert found["port"]["height"] == 32
    assert found["origin"]["source"] == "random"
    assert found["load"]["missing"]


def test_without_a_strategy_nothing_is_frozen_or_trainable(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys)
    assert (found["totals"]["frozen"], found["totals"]["trainable"]) == (None, None)
    assert "state" not in found["stages"][0]


def test_a_cut_inside_a_block_names_its_neighbors(capsys: pytest.CaptureFixture[str]) -> None:
    text = show(capsys, "--cut", "layer1.1.conv2", code=4)
    assert "residual block" in text
    assert "'layer1.0' before it and 'layer1.1' after it" in text

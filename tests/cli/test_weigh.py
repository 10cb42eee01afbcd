"""``graftwork weigh``: from two folders to weights that training takes."""

from __future__ import annotations

import csv
import json

import pytest

from graftwork.cli import main

TINY = ["--base", "random:timm:test_efficientnet", "--image-size", "32"]


@pytest.fixture
def asked(tmp_path, capsys):
    def ask(verb, *args):
        code = main([verb, *args, *TINY, "--project", str(tmp_path / "p")])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ask


def test_weights_are_written_and_trained_with(asked, stripes, tmp_path):
    out = tmp_path / "w.csv"
    code, text, err = asked(
        "weigh", str(stripes), str(stripes), "--method", "select", "--num", "30", "--out", str(out)
    )
    assert code == 0, err
    assert "Heaviest" in text
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 42
    assert sum(float(r["weight"]) > 0 for r in rows) == 30
    code, text, err = asked("plan", str(stripes), "--epochs", "1", "--set", f"image_weights={out}")
    assert code == 0, err
    assert "42 count like 30 equal ones" in (text + err).replace("\n", " ")


def test_boosting_tells_its_controls(asked, stripes):
    code, text, err = asked("weigh", str(stripes), str(stripes), "--method", "tradaboost", "--json")
    assert code == 0, err
    found = json.loads(text)
    assert [s["name"] for s in found["boosted"]] == ["TrAdaBoost", "target alone", "source and target"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["X"], "Two sets of images"),
        (["X", "X", "--method", "kmn"], "kmm"),
        (["X", "X", "--method", "select", "--num", "900"], "42 source images"),
    ],
)
def test_wrong_input_is_told(asked, stripes, args, words):
    code, _, text = asked("weigh", *(str(stripes) if a == "X" else a for a in args))
    assert code != 0
    assert words in text.replace("\n", " ")

"""``graftwork adapt``: words, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest

from graftwork.cli import main

TINY = ["--base", "random:timm:test_efficientnet", "--image-size", "32"]


@pytest.fixture
def asked(stripes, tmp_path, capsys):
    def ask(*args):
        code = main(["adapt", *TINY, "--project", str(tmp_path / "p"), *args])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ask


def test_both_lines_and_each_method_are_told(asked, stripes, tmp_path):
    out = tmp_path / "report.json"
    code, text, _ = asked(
        "--source", str(stripes), "--target", str(stripes), "--method", "coral,tca", "--out", str(out)
    )
    assert code == 0
    assert "Source only" in text
    assert "CORAL" in text
    assert "Oracle" in text
    saved = json.loads(out.read_text())
    assert [m["method"] for m in saved["methods"]] == ["coral", "tca"]


def test_json_is_one_document(asked, stripes):
    code, text, _ = asked(str(stripes), "--target", str(stripes), "--method", "coral", "--json")
    assert code == 0
    found = json.loads(text)
    assert found["methods"][0]["gain"]["value"] == pytest.approx(0, abs=0.2)
    assert found["num_target"] == 60


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["X"], "No target is named"),
        (["X", "--source", "X", "--target", "X"], "named twice"),
        (["X", "--target", "X", "--map", "cat"], "TARGET=SOURCE"),
        (["X", "--target", "X", "--map", "cat=flat"], "no class 'cat'"),
        (["X", "--target", "X", "--method", "korall"], "coral"),
        (["X", "--target", "/nowhere"], "nowhere"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(asked, stripes, args, words):
    code, _, text = asked(*(str(stripes) if a == "X" else a for a in args))
    assert code in (2, 3)
    assert words in text.replace("\n", " ")

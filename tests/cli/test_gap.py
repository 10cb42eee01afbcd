"""``graftwork gap``: words, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest

from graftwork.cli import main


@pytest.fixture
def asked(tmp_path, capsys):
    def ask(*args):
        tiny = [
            "--base",
            "random:timm:test_efficientnet",
            "--image-size",
            "32",
            "--project",
            str(tmp_path / "p"),
        ]
        code = main(["gap", *args, *tiny])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ask


def test_words_and_json_say_the_same(asked, stripes):
    code, text, _ = asked(str(stripes), str(stripes))
    assert code == 0
    assert "Kind of shift: none" in text
    code, text, _ = asked(str(stripes), str(stripes), "--json")
    assert code == 0
    assert json.loads(text)["kinds"] == ["none"]


def test_one_set_of_images_is_not_enough(asked, stripes):
    code, _, text = asked(str(stripes))
    assert code == 2
    assert "Two sets of images" in text

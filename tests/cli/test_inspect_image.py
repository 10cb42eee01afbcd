"""``graftwork inspect maps`` and ``saliency``: one document on standard output, pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

KEY = "red/3.png"


def test_maps_in_words_and_as_a_document(home: Any, tmp_path: Path) -> None:
    said = home("inspect", "maps", "first", KEY, "--among", "2")
    assert said.code == 0, said.err
    assert "dead" in said.out
    assert "statistics of 3 images" in said.out
    ended = home(
        "inspect", "maps", "first", KEY, "--stage", "layer2", "--channels", "3", "--out", tmp_path, "--json"
    )
    assert ended.code == 0, ended.err
    document = ended.json
    assert document["shown"] == "layer2"
    assert document["label"] == ["red"]
    assert len(document["channels"]) == 3
    for side in document["channels"][0]["sides"].values():
        with Image.open(side["picture"]) as picture:
            assert min(picture.size) >= 128


def test_maps_of_a_flow_before_training(home: Any) -> None:
    ended = home("inspect", "maps", home.root / "flows" / "first.yaml", KEY, "--json", "--among", "0")
    assert ended.code == 0, ended.err
    assert ended.json["weights"] == ["pretrained"]


def test_saliency_in_words_and_as_a_document(home: Any, tmp_path: Path) -> None:
    said = home("inspect", "saliency", "first", KEY, "--sanity", "--out", tmp_path)
    assert said.code == 0, said.err
    assert "rank correlation" in said.out
    assert {p.name for p in tmp_path.iterdir()} == {"image.png", "saliency.png", "heat.png"}
    ended = home(
        "inspect", "saliency", "first", KEY, "--of", "blue", "--method", "integrated_gradients", "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.json["of"] == "blue"
    assert ended.json["completeness"]["gap"] <= 0.05


def test_what_is_wrong_is_one_sentence_and_a_hint(home: Any) -> None:
    for args, words in (
        (("maps", "first", "red/no.png"), "neither a file nor the key"),
        (("saliency", "first", KEY, "--of", "reed"), "Did you mean 'red'"),
        (("saliency", "first", KEY, "--method", "attention"), "cannot be followed"),
        (("saliency", home.root / "flows" / "first.yaml", KEY), "was not trained"),
        (("maps", "first", KEY, "--stage", "layer9"), "no stage 'layer9'"),
    ):
        ended = home("inspect", *args)
        assert ended.code != 0
        assert words in ended.err.replace("\n", " "), ended.err
        assert "Traceback" not in ended.err

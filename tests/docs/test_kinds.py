"""The page on kinds of transfer and the help in the studio say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

from graftwork.cli import VERBS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kinds-of-transfer.md").read_text(encoding="utf-8")
VIEWS = ROOT / "studio" / "src" / "pages"
KINDS = json.loads((VIEWS / "transfer" / "kinds" / "kinds.json").read_text(encoding="utf-8"))


def concepts():
    return [*KINDS["concepts"], *KINDS["transferred"]]


def test_each_sentence_of_the_studio_is_on_the_page():
    assert KINDS["intro"] in PAGE
    for concept in concepts():
        assert f"### {concept['name']}\n\n{concept['text']}\n" in PAGE


def test_each_concept_has_a_picture():
    drawn = (VIEWS / "transfer" / "kinds" / "Picture.tsx").read_text(encoding="utf-8")
    assert {c["picture"] for c in concepts()} == set(re.findall(r"^  (\w+): \($", drawn, re.M))


def test_commands_on_the_page_exist():
    named = re.findall(r"`graftwork ([a-z-]+)", PAGE)
    assert named
    assert set(named) <= set(VERBS)


def test_each_view_but_this_one_has_a_door():
    """What the page Transfer offers is explained by a concept that leads there."""
    text = (VIEWS / "transfer" / "views.ts").read_text(encoding="utf-8")
    names = set(re.findall(r'name: "(\w+)"', text)) - {"kinds"}
    doors = {d.removeprefix("transfer/") for c in concepts() for d in c.get("doors", ())}
    assert names <= doors

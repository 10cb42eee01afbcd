"""The page on kinds of transfer says what the studio says, and all its ways lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from graftwork.cli import VERBS

DOCS = Path(__file__).parents[2] / "docs"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_kinds", DOCS / "build_kinds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()
FILES: dict[str, str] = GENERATOR.build_files()
KINDS = json.loads((GENERATOR.KINDS / "kinds.json").read_text(encoding="utf-8"))
CONCEPTS: list[dict[str, Any]] = [c for group in KINDS["groups"] for c in group["concepts"]]
DOORS: list[dict[str, str]] = [door for concept in CONCEPTS for door in concept["doors"]]

# Screens, commands and pages that doors name before they are there. None may stay here once it is.
TO_COME: set[str] = set()


def there(name: str) -> bool:
    """Say whether a screen, a command or a page is there, looked up without the generator."""
    if name.startswith("graftwork "):
        return name.split()[1] in VERBS
    if name.endswith(".md"):
        return (DOCS / name).is_file()
    folder, _, view = name.partition("/")
    views = GENERATOR.PAGES / folder / "views.ts"
    return f'{{ name: "{view}", ' in views.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_page_and_pictures_are_what_the_studio_shows(name: str) -> None:
    path = DOCS / name
    assert path.is_file(), f"docs/{name} is missing: run make docs"
    assert path.read_text(encoding="utf-8") == FILES[name], f"docs/{name} is stale: run make docs"


def test_no_picture_is_left_over() -> None:
    kept = {f"pictures/kinds/{path.name}" for path in (DOCS / "pictures" / "kinds").iterdir()}
    drawn = {f"pictures/kinds/{concept['picture']}.svg" for concept in CONCEPTS}
    assert kept == drawn == set(FILES) - {GENERATOR.PAGE}


def test_each_door_leads_somewhere_or_is_to_come() -> None:
    named = {door[key] for door in DOORS for key in ("view", "command", "page") if key in door}
    assert {name for name in named if not there(name)} == TO_COME


def test_each_screen_of_transfer_is_behind_a_door() -> None:
    views = {name for name in GENERATOR.views() if name.startswith("transfer/")}
    assert views - {door.get("view") for door in DOORS} == {"transfer/kinds"}


def test_the_page_names_what_is_there_and_nothing_else() -> None:
    page = FILES[GENERATOR.PAGE]
    for door in DOORS:
        assert (f"`{door['command']}`" in page) == there(door["command"])
        assert (f"]({door['page']})" in page) == there(door["page"])
    assert set(re.findall(r"`graftwork ([a-z-]+)`", page)) <= set(VERBS)


def test_no_text_grows_beyond_what_fits_two_screens() -> None:
    assert sum(len(concept["text"].split()) for concept in CONCEPTS) <= 600
    assert all(len(concept["text"].split()) <= 60 for concept in CONCEPTS)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".svg")])
def test_a_picture_stands_alone_with_a_look_for_each_of_its_parts(name: str) -> None:
    root = ElementTree.fromstring(FILES[name])
    style = root.findtext("{http://www.w3.org/2000/svg}style") or ""
    for theme in re.findall(r":root \{([^}]*)\}", style):
        known = set(re.findall(r"(--[\w-]+):", theme))
        assert set(re.findall(r"var\((--[\w-]+)\)", style)) == known
    looks = {word for part in root.iter() for word in part.get("class", "").split()}
    assert looks <= set(re.findall(r"^\s*\.([\w-]+) \{", style, re.M))

"""The reference is what the code says today, and nothing public is missing from it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import graftwork
from graftwork.cli import VERBS
from graftwork.documents.events import Event
from graftwork.documents.recipe import Recipe
from graftwork.graph.contracts import CONTRACTS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_reference", DOCS / "build_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()
PAGES: dict[str, str] = GENERATOR.build_pages()


def committed(name: str) -> str:
    path = REFERENCE / name
    assert path.is_file(), f"docs/reference/{name} is missing: run make docs"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name: str) -> None:
    assert committed(name) == PAGES[name], f"docs/reference/{name} is stale: run make docs"


def test_no_page_is_left_over() -> None:
    assert {p.name for p in REFERENCE.glob("*.md")} == set(PAGES)


def test_pages_come_out_the_same_twice() -> None:
    assert GENERATOR.build_pages() == PAGES


@pytest.mark.parametrize("name", graftwork.__all__)
def test_public_name_is_in_the_reference(name: str) -> None:
    assert f"| `{name}` |" in committed("python.md")


@pytest.mark.parametrize("event", get_args(get_args(Event)[0]), ids=lambda e: e.__name__)
def test_event_is_in_the_reference(event: type) -> None:
    kind = event.model_fields["kind"].default  # type: ignore[attr-defined]
    assert f"\n## {kind}\n" in committed("events.md")


def test_errors_are_in_the_reference_with_their_exit_codes() -> None:
    from graftwork import errors

    page = committed("errors.md")
    for name in errors.__all__:
        value = getattr(errors, name)
        if isinstance(value, type):
            row = next((line for line in page.splitlines() if line.startswith(f"| `{name}` |")), None)
            assert row is not None, f"{name} is missing"
            assert f"| {value.exit_code} |" in row


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_in_the_reference(verb: str) -> None:
    assert f"\n## graftwork {verb}" in committed("cli.md")


def test_each_verb_and_option_is_in_the_reference() -> None:
    page = committed("cli.md")
    parts = [part.partition("\n") for part in page.split("\n## graftwork ")[1:]]
    sections = {words: text for words, _, text in parts}
    for words, command in GENERATOR.commands():
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in sections[words], f"{option} of graftwork {words} is missing"


def test_json_contract_names_each_verb() -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    headings = " ".join(line for line in page.splitlines() if line.startswith("## "))
    for words, command in GENERATOR.commands():
        if any("--json" in p.opts for p in command.params):
            assert words in headings, f"docs/json.md does not say what graftwork {words} --json prints"


@pytest.mark.parametrize("field", Recipe.model_fields)
def test_recipe_field_is_in_the_reference(field: str) -> None:
    assert f"| `{field}` |" in committed("recipe.md")


@pytest.mark.parametrize("component", CONTRACTS.names())
def test_component_is_in_the_reference(component: str) -> None:
    page = committed("components.md")
    assert f"\n## {component}\n" in page
    for field in CONTRACTS.get(component).settings.model_fields:
        assert f"| `{field}` |" in page


def test_every_route_is_in_the_reference() -> None:
    from graftwork.server.openapi import openapi_text

    page = committed("http.md")
    paths = json.loads(openapi_text())["paths"]
    assert len(paths) > 30
    missing = [
        f"{m.upper()} {p}" for p, acts in paths.items() for m in acts if f"`{m.upper()} {p}`" not in page
    ]
    assert not missing

"""The commands that the pages show exist, with the options that they show."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from graftwork.bases import list_hosts
from graftwork.project.options import OPTIONS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def known_commands() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("build_reference", ROOT / "docs" / "build_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.commands())


COMMANDS = known_commands()


def shown_lines(start: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in _SHELL_BLOCK.findall(page.read_text(encoding="utf-8")):
            found += [(page.name, line) for line in block.splitlines() if line.startswith(start)]
    return found


def faults(line: str) -> list[str]:
    """Return what is wrong with a line ``graftwork …``."""
    words = shlex.split(line, comments=True)[1:]
    verb = next((v for v in (" ".join(words[:2]), words[0]) if v in COMMANDS), None)
    if verb is None:
        return [f"no verb {words[0]}"]
    options = {option for p in COMMANDS[verb].params for option in p.opts}
    wrong = [w for w in words if w.startswith("-") and w not in options]
    for option, value in itertools.pairwise(words):
        if option == "--set" and value.partition("=")[0] not in OPTIONS:
            wrong.append(value)
        if option == "--base" and value.partition(":")[0] not in (*list_hosts(), "random"):
            wrong.append(value)
    return wrong


def test_wrong_commands_are_seen() -> None:
    assert faults("graftwork trian photos") == ["no verb trian"]
    assert faults("graftwork train photos --epoch 3 --set epochz=3 --base nowhere:x") == [
        "--epoch",
        "epochz=3",
        "nowhere:x",
    ]


@pytest.mark.parametrize(("page", "line"), shown_lines("graftwork "))
def test_shown_command_exists(page: str, line: str) -> None:
    assert faults(line) == [], page


@pytest.mark.parametrize(("page", "line"), shown_lines("make "))
def test_shown_make_target_exists(page: str, line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = line.split()[1]
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), page


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_page_names_no_place_of_one_machine(page: Path) -> None:
    found = re.findall(r"(?:/home/|/root/|/tmp/|/Users/)\S*", page.read_text(encoding="utf-8"))
    assert found == []

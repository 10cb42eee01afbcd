"""The house stays livable: sizes, words, layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "graftwork").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and _code_lines(node) > 50
    ]
    assert not long


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return lines of a function without its docstring."""
    assert node.end_lineno is not None
    total = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno:
        total -= first.end_lineno - first.lineno + 1
    return total


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_say_what_they_are(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_drawer_for_everything():
    names = {p.stem for p in SOURCES} | {p.parent.name for p in SOURCES}
    assert names.isdisjoint({"utils", "util", "helpers", "common", "misc"})


def test_public_names_are_plain():
    banned = ("Manager", "Helper", "Handler", "Trunk", "Experiment")
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert not node.name.endswith(banned), f"{path}: {node.name}"


def test_imports_point_to_earlier_layers():
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout

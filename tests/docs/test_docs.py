"""The documentation is true: links resolve, doctests hold, the blocks of the Python page run."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
_SKIPPED = {".venv", ".git", "node_modules", "demo-project", "graftwork-project"}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_RUN_BLOCK = re.compile(r"^```python run\n(.*?)^```", re.MULTILINE | re.DOTALL)


def markdown_pages() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    pages = [ROOT / name for name in names if name] or sorted(ROOT.rglob("*.md"))
    return [p for p in pages if p.is_file() and not _SKIPPED.intersection(p.relative_to(ROOT).parts)]


def anchors(page: Path) -> set[str]:
    """Return what ``#…`` may name on a page, by the rule of common Markdown hosts."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", h.replace("`", "").lower()) for h in headings)
    return {h.strip().replace(" ", "-") for h in plain}


def broken_links(page: Path) -> list[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found = []
    for link in _LINK.findall(text):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


def test_there_are_pages_to_check() -> None:
    assert {"README.md", "tutorial.md", "cli.md"} <= {p.name for p in markdown_pages()}


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](#a-title) [b](#no-title) [c](none.md) [d](https://example.org)\n")
    assert broken_links(page) == ["#no-title", "none.md"]


def modules_with_doctests() -> list[str]:
    source = ROOT / "src"
    files = (f for f in sorted(source.rglob("*.py")) if ">>>" in f.read_text(encoding="utf-8"))
    return [".".join(f.relative_to(source).with_suffix("").parts).removesuffix(".__init__") for f in files]


@pytest.mark.parametrize("name", modules_with_doctests())
def test_doctests_hold(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_blocks_of_the_python_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAFTWORK_PROJECT", raising=False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    page = ROOT / "docs" / "python.md"
    blocks = _RUN_BLOCK.findall(page.read_text(encoding="utf-8"))
    assert len(blocks) > 5
    names: dict[str, object] = {"__name__": "python_page"}
    try:
        for number, block in enumerate(blocks, start=1):
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)
    finally:
        torch.set_num_threads(threads)
    assert names["run"].proof.holds  # type: ignore[attr-defined]
    assert names["second"].cost.base_images == 0  # type: ignore[attr-defined]


def test_python_blocks_that_do_not_run_are_at_least_python() -> None:
    for page in markdown_pages():
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            compile(block, str(page), "exec")
    assert sys.version_info >= (3, 11)

"""Doubtful labels on the data page: looked for, corrected with one click, taken back, and the effect measured."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import flow_of, saved, tiny_flow
from tests.e2e.conftest import Server, fresh_page

WRONG = "wide/wrong.png"


@pytest.fixture(scope="module")
def server(built_studio: Path, tmp_path_factory: pytest.TempPathFactory, stripes: Path) -> Iterator[Server]:
    """A studio on a new project, and stripes of which one image lies in the wrong class and one is a copy."""
    home = tmp_path_factory.mktemp("quality")
    shutil.copytree(stripes, home / "photos")
    (home / "photos/tall/000.png").rename(home / "photos" / WRONG)
    shutil.copy(home / "photos/flat/001.png", home / "photos/flat/copy.png")
    with Server(home / "studio", roots=(home,)) as found:
        yield found


@pytest.fixture(scope="module")
def flow(server: Server) -> str:
    """A saved flow on these images."""
    return tiny_flow(server, str(server.roots[0] / "photos"), name="doubts")


def test_a_doubtful_label_is_found_corrected_and_taken_back(browser: Any, server: Server, flow: str) -> None:
    with fresh_page(browser, server) as page:
        page.set_default_timeout(60_000)
        page.goto(f"{server.address}/p/{server.project_id}/data/{flow}")
        page.get_by_role("tab", name=re.compile("Data check")).click()
        page.get_by_role("button", name="Look for them").click()
        card = page.get_by_role("article", name=WRONG, exact=True)
        card.get_by_role("button", name="Label as tall").click()
        card.get_by_text("labeled tall", exact=True).wait_for()
        saved(server, flow, lambda f: relabeled(f) == {WRONG: "tall"}, "the corrected label")
        page.get_by_text("The flow was edited since").wait_for()
        page.get_by_role("button", name="Measure the effect of the corrections").click()
        measured = re.compile(r"The corrections so far: [01] training images? changes?")
        page.get_by_role("table").filter(has_text=measured).wait_for()
        card.get_by_role("button", name="Label as found").click()
        card.get_by_role("button", name="Label as tall").wait_for()
        saved(server, flow, lambda f: relabeled(f) == {}, "the label as found")
        page.get_by_role("tab", name=re.compile("Look-alikes")).click()
        page.get_by_role("button", name="Keep only flat/001.png").click()
        saved(server, flow, lambda f: excluded(f) == ["flat/copy.png"], "the copy left out")
        page.get_by_role("button", name="Undo", exact=True).last.click()
        saved(server, flow, lambda f: excluded(f) == [], "the copy put back")
    assert flow_of(server, flow)["name"] == flow


def relabeled(flow: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = settings(flow).get("relabel") or {}
    return found


def excluded(flow: dict[str, Any]) -> list[str]:
    return list(settings(flow).get("exclude") or [])


def settings(flow: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(n for n in flow["nodes"] if n["component"] == "images")["settings"]
    return found

"""Acts that only the long journeys take: a folder with faults, settings, a base, an export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.e2e.acts import node


def faulty_copy(source: Path, target: Path) -> Path:
    """Copy a folder of images, and put an exact copy of one and a broken file into it."""
    shutil.copytree(source, target)
    shutil.copy(target / "flat" / "000.png", target / "flat" / "copy.png")
    (target / "wide" / "broken.png").write_bytes(b"no image")
    return target


def settings_of(flow: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of a node of a flow."""
    found: dict[str, Any] = next(n["settings"] for n in flow["nodes"] if n["id"] == name)
    return found


def inspect(page: Any, name: str) -> None:
    """Select a node and open its settings."""
    node(page, name).focus()
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Settings").click()


def set_line(page: Any, label: str, value: str) -> None:
    """Type a setting of the selected node or of the recipe."""
    line = page.get_by_role("textbox", name=label, exact=True)
    line.fill(value)
    line.press("Enter")


def open_run(page: Any, address: str, project: str, run: str, tab: str) -> None:
    """Open a part of a run's page."""
    page.goto(f"{address}/p/{project}/run/{run}")
    page.get_by_role("tab", name=tab, exact=True).click()
    page.get_by_role("tabpanel", name=tab, exact=True).wait_for()

"""Reports in a browser: the full one of a run from its Export tab, runs side by side; both accessible and whole on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.acts import flow_of, tiny_flow, trained
from tests.e2e.conftest import Server
from tests.e2e.test_access import faults


@pytest.fixture(scope="module")
def runs(server: Server, stripes: Path) -> list[str]:
    """Two finished runs on the same images."""
    name = tiny_flow(server, str(stripes), name="reported")
    return [trained(server, flow_of(server, name)) for _ in range(2)]


def opened(page: Any, press: Any) -> Any:
    """Press what opens a report, and return its page."""
    with page.context.expect_page(timeout=90_000) as beside:
        press()
    report = beside.value
    report.get_by_role("heading", level=1).wait_for(timeout=90_000)
    return report


def check(report: Any) -> None:
    """Hold a report to the rules: accessible in both themes, no wider than a narrow window."""
    report.set_viewport_size({"width": 900, "height": 800})
    for scheme in ("light", "dark"):
        report.emulate_media(color_scheme=scheme)
        assert faults(report) == []
        assert report.evaluate("document.documentElement.scrollWidth") <= 900


def test_the_full_report_is_written_while_the_page_is_left(
    page: Any, server: Server, runs: list[str]
) -> None:
    home = f"{server.address}/p/{server.project_id}/run/{runs[0]}"
    page.goto(f"{home}/export")
    page.get_by_role("button", name="Write the full report").click()
    page.get_by_text("This page may be left").wait_for()
    page.get_by_role("tab", name="Overview").click()
    page.get_by_text("The full report is written.").first.wait_for(timeout=180_000)
    report = opened(page, page.get_by_role("button", name="Report", exact=True).click)
    for heading in ("What training moved", "Which depth of the base separates these classes", "Data check"):
        report.get_by_role("heading", name=heading).wait_for()
    check(report)
    report.close()


def test_runs_side_by_side_are_one_page(page: Any, server: Server, runs: list[str]) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/runs?compare={','.join(runs)}")
    button = page.get_by_role("button", name="Report of these runs")
    button.wait_for()
    report = opened(page, button.click)
    report.get_by_role("heading", name=re.compile("^Image by image")).wait_for()
    check(report)
    report.close()

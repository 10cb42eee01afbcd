"""What a person does in the studio, in words that the walks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from tests.e2e.conftest import Server

if TYPE_CHECKING:
    from graftwork.documents.flow import Flow

T = TypeVar("T")


def until(get: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """Wait until ``get`` gives something, and return it; ``what`` is said when it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = get()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"It never came: {what}.")


def runs(server: Server) -> list[dict[str, Any]]:
    """Return the project's runs, the newest first."""
    with server.api as api:
        found: list[dict[str, Any]] = api.get(f"/projects/{server.project_id}/runs").json()
    return found


def run_of(server: Server, run: str) -> dict[str, Any]:
    """Return a run as its folder shows it."""
    with server.api as api:
        found: dict[str, Any] = api.get(f"/projects/{server.project_id}/runs/{run}").json()
    return found


def flow_of(server: Server, name: str) -> dict[str, Any]:
    """Return a flow as it is saved."""
    with server.api as api:
        found: dict[str, Any] = api.get(f"/projects/{server.project_id}/flows/{name}").json()["flow"]
    return found


def ended(server: Server, run: str, seconds: float = 120) -> dict[str, Any]:
    """Wait until a run has ended and return it."""
    over = ("finished", "failed", "stopped")

    def look() -> dict[str, Any] | None:
        found = run_of(server, run)
        return found if found["card"]["status"] in over else None

    return until(look, f"the end of run {run}", seconds)


def saved(server: Server, name: str, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """Wait until the saved flow is as it should be."""

    def look() -> dict[str, Any] | None:
        flow = flow_of(server, name)
        return flow if holds(flow) else None

    return until(look, what, 15)


def make_flow(server: Server, **body: Any) -> str:
    """Make a flow through the API and return its name."""
    with server.api as api:
        answer = api.post(f"/projects/{server.project_id}/flows", json=body)
        answer.raise_for_status()
        return str(answer.json()["name"])


def tiny_flow(server: Server, source: str = "sample:surfaces", *, name: str = "tiny", **recipe: Any) -> str:
    """Make a flow on the tiny base with small images and return its name."""
    from tests.conftest import TINY_BASE

    from graftwork.documents.recipe import Recipe
    from graftwork.graph.flows import transfer_flow

    flow = transfer_flow(source, base=TINY_BASE, image_size=32, name=name)
    recipe = {"epochs": 2, "precision": "float32", "memory_format": "contiguous", **recipe}
    flow = flow.edit(recipe=Recipe(**recipe))
    return make_flow(server, flow=flow.model_dump(mode="json"), name=name)


def trained(server: Server, flow: Flow | dict[str, Any]) -> str:
    """Run a flow beside the studio, as from a notebook, and return the run that the studio then finds.

    Walks that are about a run's end begin here. A run that the studio starts has a process of its own, which
    takes seconds to load what this one has loaded.
    """
    from graftwork.documents.flow import Flow
    from graftwork.project import Project

    run = Project(server.project).run(Flow.model_validate(flow))
    assert run.status == "finished"
    return run.id


def open_flow(page: Any, server: Server, name: str, *, is_settled: bool = True) -> None:
    """Open a flow's page and wait for its nodes, and for their pictures too unless ``is_settled`` is false."""
    page.goto(f"{server.address}/p/{server.project_id}/flow/{name}")
    page.get_by_label("Flow canvas").wait_for()
    if is_settled:
        settle(page)


def settle(page: Any) -> None:
    """Wait until the pictures in all nodes are those of now, so that nothing moves under the mouse."""
    page.wait_for_function(
        """() => {
          const names = [...document.querySelectorAll('[aria-label*=", node "]')].map(n => n.ariaLabel);
          return names.length > 0 && !names.some(n => /, (queued|running|stale|idle|waiting)/.test(n));
        }"""
    )
    page.wait_for_timeout(400)


def newest(server: Server, *, after: str | None = None, seconds: float = 30) -> str:
    """Wait for a run that is newer than ``after`` and return its id."""

    def look() -> str | None:
        found = runs(server)
        return str(found[0]["id"]) if found and found[0]["id"] != after else None

    return until(look, "a new run", seconds)


def press_run(page: Any, server: Server) -> str:
    """Press Run, and return the run that it starts."""
    found = runs(server)
    page.get_by_role("banner").get_by_role("button", name="Run").first.click()
    return newest(server, after=found[0]["id"] if found else None)


def node(page: Any, name: str) -> Any:
    """Return a node on the canvas by its id."""
    return page.get_by_role("group").and_(page.locator(f'[aria-label*=", node {name},"]'))


def port(page: Any, name: str, words: str) -> Any:
    """Return a port of a node: ``Output logits``, ``Input labels``."""
    return node(page, name).locator(f'[aria-label^="{words}:"], [aria-label^="{words} "]').first


def drag(page: Any, source: Any, target: Any, *, drop: bool = True) -> None:
    """Drag with the mouse from the middle of one thing to that of another."""
    source.scroll_into_view_if_needed()
    a, b = source.bounding_box(), target.bounding_box()
    page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    page.mouse.down()
    x, y = b["x"] + b["width"] / 2, b["y"] + b["height"] / 2
    page.mouse.move((a["x"] + x) / 2, (a["y"] + y) / 2, steps=4)
    page.mouse.move(x, y, steps=6)
    if drop:
        page.mouse.up()


def edges(flow: dict[str, Any]) -> set[str]:
    """Return the wires of a flow as ``a.out>b.in``."""
    ends = [(e["source"], e["target"]) for e in flow["edges"]]
    return {f"{a['node']}.{a['port']}>{b['node']}.{b['port']}" for a, b in ends}

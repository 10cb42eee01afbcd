"""The studio in a browser: what it loads, when it is there, how smoothly it moves, how fast it follows.

python -m benchmarks.studio                # about four minutes; nothing else should run meanwhile
python -m benchmarks.studio --quick        # to see that it works; its numbers say nothing
python -m benchmarks.studio --only frames  # one part

Chromium without a graphics card and without a window: frames are painted by the processor, so they are a floor.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import itertools
import re
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.browser import StudioServer, built_pages, open_browser
from benchmarks.results import BenchmarkFailed, measure_and_tell, say
from benchmarks.studio_made import (
    going_run,
    late_flow,
    many_nodes_flow,
    write_map_run,
    write_number_run,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["main", "measure"]

_PROBE = Path(__file__).with_name("studio_probe.js")
_SMALL, _MANY, _NUM_SMALL, _NUM_MANY = "late", "many", 6, 60
_MOST_MS = 90_000
_AHEAD_MS = 12_000
_IMPORT = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
_Act = Generator[None, None, None]
_KINDS = {".js": "script", ".css": "style", ".woff2": "font"}


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--points", type=int, default=20_000, help="predictions of the scatter chart")
    parser.add_argument("--repeats", type=int, default=5, help="loads of the page")
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of each motion; of the feed six times that"
    )
    parser.add_argument("--only", action="append", choices=list(_PARTS), help="measure only this part")
    parser.add_argument("--quick", action="store_true", help="few repeats, to see that it works")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of all parts."""
    if given.quick:
        given.repeats, given.edits, given.seconds = 2, 3, 1.0
    pages = built_pages()
    found: dict[str, Any] = {"quick": given.quick, "points": given.points, "nodes": _NUM_MANY}
    with tempfile.TemporaryDirectory(prefix="bench-studio-") as text, open_browser() as browser:
        folder = Path(text)
        _make(folder / "project", given)
        with StudioServer(folder, given.threads) as server:
            found["chromium"] = browser.version
            bench = _Bench(browser, server, pages, given)
            for name in given.only or _PARTS:
                say(f"{name} …")
                found[name] = _PARTS[name](bench)
    return found


def _make(root: Path, given: argparse.Namespace) -> None:
    """Write the project: two flows, and a run of the larger one whose answers are numbers."""
    from graftwork.project.project import Project

    project = Project(root)
    project.save_flow(late_flow(_SMALL, given.base))
    many = project.save_flow(many_nodes_flow(_MANY, _NUM_MANY))
    write_number_run(project.folder_of_runs, many, predictions=given.points)
    if not given.only or "map" in given.only:
        write_map_run(root, many, points=given.points)


class _Bench:
    """What all parts share: browser, server, built pages, choices."""

    def __init__(
        self, browser: Browser, server: StudioServer, pages: Path, given: argparse.Namespace
    ) -> None:
        self.browser, self.server, self.pages, self.given = browser, server, pages, given
        self._id = server.project_id

    def open(
        self, context: BrowserContext, flow: str, *, nodes: int = 0, dock: str = "training", query: str = ""
    ) -> Page:
        """Open the page of a flow; the probe tells when that many nodes are there."""
        page = context.new_page()
        page.set_default_timeout(_MOST_MS)
        page.add_init_script(_PROBE.read_text().replace("NUM_NODES", str(nodes)))
        kept = f'{{"state":{{"dock":"{dock}","isDockOpen":true}},"version":0}}'
        page.add_init_script(
            f"localStorage.getItem('graftwork-view') ?? localStorage.setItem('graftwork-view', '{kept}')"
        )
        page.goto(f"{self.server.address}/p/{self._id}/flow/{flow}{query}")
        return page

    def until(self, page: Page, condition: str, what: str) -> None:
        """Wait for a condition of the page.

        Raises:
            BenchmarkFailed: it does not come true; says what the page shows instead.
        """
        from playwright.sync_api import Error

        try:
            page.wait_for_function(condition)
        except Error as error:
            shown = page.evaluate("__bench.told()")
            raise BenchmarkFailed(f"{what} did not come. The page shows: {shown}") from error


def _sizes(bench: _Bench) -> dict[str, Any]:
    """Return bytes of what the page asks for: at once, until a flow with its previews is there, and ahead of need."""
    asked: list[str] = []
    until_then: list[str] = []
    for is_warm in (False, True):  # a server that is just awake answers late, when all is fetched already
        with bench.server.visit(bench.browser) as context:
            if is_warm:
                context.on("request", lambda request: asked.append(request.url.partition("?")[0]))
            page = bench.open(context, _SMALL, nodes=_NUM_SMALL)
            bench.until(page, "__bench.previews !== null", "Every preview")
            until_then = list(asked)
            if is_warm:
                page.wait_for_timeout(_AHEAD_MS)
    every, needed = _files_in(asked), _files_in(until_then)
    first = _named_in((bench.pages / "index.html").read_text(), every)
    drawing = _with_imports(bench.pages, [*first, *(name for name in every if name.startswith("FlowPage"))])
    return {
        name: _bytes(bench.pages, files)
        for name, files in (("first", first), ("drawing", drawing), ("flow", needed), ("ahead", every))
    }


def _files_in(urls: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(url.rpartition("/")[2] for url in urls if "/assets/" in url))


def _with_imports(pages: Path, names: Sequence[str]) -> list[str]:
    """Return files with all that they import before they can run; what they fetch later is left out."""
    found = list(dict.fromkeys(names))
    for name in found:
        if name.endswith(".js"):
            text = (pages / "assets" / name).read_text(encoding="utf-8")
            found += [other for other in _IMPORT.findall(text) if other not in found]
    return found


def _named_in(html: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if f"/assets/{name}" in html]


def _bytes(pages: Path, names: Sequence[str]) -> dict[str, int]:
    """Return gzipped bytes by kind of file; fonts are packed already."""
    found = dict.fromkeys(_KINDS.values(), 0)
    for name in names:
        kind = _KINDS.get(Path(name).suffix)
        if kind is not None:
            content = (pages / "assets" / name).read_bytes()
            found[kind] += len(content) if kind == "font" else len(gzip.compress(content, 9))
    return found


def _load(bench: _Bench) -> dict[str, Any]:
    """Return milliseconds from navigation to first paint, nodes and previews: cold browser, warm server."""
    names = ("first_paint", "nodes", "previews")
    seen: dict[str, list[float]] = {name: [] for name in names}
    for number in range(bench.given.repeats + 1):  # the first one warms the server and does not count
        with bench.server.visit(bench.browser) as context:
            page = bench.open(context, _SMALL, nodes=_NUM_SMALL)
            bench.until(page, "__bench.nodes !== null && __bench.previews !== null", "Every preview")
            values = page.evaluate("[__bench.firstPaint(), __bench.nodes, __bench.previews]")
        for name, value in zip(names, values, strict=True):
            if number > 0:
                seen[name].append(value)
    return {name: {"median": median(values), "all": values} for name, values in seen.items()}


def _frames(bench: _Bench) -> dict[str, Any]:
    """Return frames a second while the canvas and the scatter chart beneath it move."""
    with bench.server.visit(bench.browser) as context:
        page = bench.open(context, _MANY, dock="results")
        page.get_by_test_id("scatter").wait_for()
        points = f"{bench.given.points:,} points"
        page.get_by_text(points, exact=True).wait_for()
        bench.until(page, f"__bench.numFresh() === {_NUM_MANY}", f"{_NUM_MANY} previews")
        canvas, chart = page.locator("[data-canvas]"), page.get_by_test_id("scatter")
        chart.scroll_into_view_if_needed()
        seconds = bench.given.seconds
        found = {"standing": _watch(page, seconds, _stand(page))}
        found["pan, all nodes in view"] = _watch(page, seconds, _drag(page, canvas, button="middle"))
        found["wheel zoom"] = _watch(page, seconds, _wheel(page, canvas))
        _zoom_to(page, canvas, 0.7)
        found["pan at zoom 0.7"] = _watch(page, seconds, _drag(page, canvas, button="middle"))
        found["scatter pan"] = _watch(page, seconds, _drag(page, chart, button="left"))
        found["scatter wheel zoom"] = _watch(page, seconds, _wheel(page, chart))
    return found


def _map(bench: _Bench) -> dict[str, Any]:
    """Return frames a second while a map of many images moves, and how long it takes until it is there."""
    with bench.server.api as api:
        runs = api.get(f"/projects/{bench.server.project_id}/runs").json()
    with bench.server.visit(bench.browser) as context:
        page = context.new_page()
        page.set_default_timeout(_MOST_MS)
        page.add_init_script(_PROBE.read_text().replace("NUM_NODES", "0"))
        start = time.monotonic()
        page.goto(f"{bench.server.address}/p/{bench.server.project_id}/run/{runs[0]['id']}/map")
        page.get_by_text(f"{bench.given.points:,} points", exact=True).wait_for()
        ready = time.monotonic() - start
        chart, seconds = page.get_by_test_id("scatter"), bench.given.seconds
        found = {"map pan": _watch(page, seconds, _drag(page, chart, button="left"))}
        found["map wheel zoom"] = _watch(page, seconds, _wheel(page, chart))
    return {"ready_ms": round(1000 * ready), "frames": found}


def _watch(page: Page, seconds: float, act: _Act) -> dict[str, float]:
    """Repeat an act for some seconds and return frames a second and the slowest frames."""
    page.wait_for_timeout(400)
    page.evaluate("__bench.count()")
    end = time.monotonic() + seconds
    with contextlib.closing(act):
        while time.monotonic() < end:
            next(act)
        gaps = page.evaluate("__bench.counted()")
    return frame_figures(gaps)


def frame_figures(gaps: Sequence[float]) -> dict[str, float]:
    """Return frames a second, and percentiles of the milliseconds between frames."""
    if not gaps:
        raise BenchmarkFailed("No frame was painted.")
    figures = {"fps": 1000 * len(gaps) / sum(gaps), "p95_ms": quantile(gaps, 0.95), "most_ms": max(gaps)}
    return {name: round(value, 2) for name, value in figures.items()}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _middle(place: Any) -> tuple[float, float]:
    box = place.bounding_box()
    if box is None:
        raise BenchmarkFailed("What is to be moved is not on the screen.")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _stand(page: Page) -> _Act:
    while True:
        page.wait_for_timeout(50)
        yield


def _drag(page: Page, place: Any, *, button: Any) -> _Act:
    """Drag to and fro, a move for each frame or more; let go at the end."""
    x, y = _middle(place)
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    try:
        for step in itertools.count(20):  # from the middle, so that the first move is a small one
            at = abs(step % 80 - 40) - 20
            page.mouse.move(x + 4 * at, y + at)
            time.sleep(0.004)
            yield
    finally:
        page.mouse.up(button=button)


def _wheel(page: Page, place: Any) -> _Act:
    """Turn the wheel, a while in and as long out."""
    page.mouse.move(*_middle(place))
    for step in itertools.count():
        page.mouse.wheel(0, -40 if step % 60 < 30 else 40)
        time.sleep(0.008)
        yield


def _zoom_to(page: Page, canvas: Any, wanted: float) -> None:
    page.mouse.move(*_middle(canvas))
    for _ in range(200):
        if page.evaluate("__bench.zoom()") >= wanted:
            return
        page.mouse.wheel(0, -60)
        page.wait_for_timeout(20)
    raise BenchmarkFailed(f"The canvas did not reach a zoom of {wanted}.")


def _latency(bench: _Bench) -> dict[str, Any]:
    """Return milliseconds from the writing of an event to its painting, at 20 events a second."""
    from graftwork.documents.flow import read_flow

    project = bench.server.project
    flow = read_flow(project / "flows" / f"{_SMALL}.yaml")
    with (
        going_run(project / "runs", flow, rate=20.0, before=4000),
        bench.server.visit(bench.browser) as context,
    ):
        page = bench.open(context, _SMALL, nodes=_NUM_SMALL, query="?measure=1")
        bench.until(page, "__bench.previews !== null", "Every preview")
        bench.until(page, "(window.__studio?.latency?.length ?? 0) > 4000", "The run's earlier events")
        page.locator(".uplot").first.wait_for()
        page.wait_for_timeout(1000)
        page.evaluate("__studio.latency.length = 0")
        page.wait_for_timeout(6000 * bench.given.seconds)
        values: list[float] = page.evaluate("[...__studio.latency]")
    if not values:
        raise BenchmarkFailed("No event reached the page.")
    return {"events": len(values), "p50": median(values), "p95": quantile(values, 0.95), "most": max(values)}


def _edits(bench: _Bench) -> dict[str, Any]:
    """Return milliseconds from an edit of a late node to its new preview on the screen."""
    seconds: list[float] = []
    with bench.server.visit(bench.browser) as context:
        page = bench.open(context, _SMALL, nodes=_NUM_SMALL)
        bench.until(page, "__bench.previews !== null", "Every preview")
        page.locator('.react-flow__node[data-id="hidden"] header').click(position={"x": 8, "y": 8})
        field = page.locator('[data-setting="units"] input:not([type="range"])').first
        for number in range(bench.given.edits + 1):
            units = 65 + number
            field.fill(str(units))
            page.evaluate("([id, text]) => __bench.awaitEdit(id, text)", ["hidden", f"× {units}"])
            field.press("Enter")
            bench.until(page, "__bench.edit !== null", "The new preview")
            if number > 0:  # the first one opens what later ones find open
                seconds.append(page.evaluate("__bench.edit"))
            page.wait_for_timeout(600)  # the nodes behind it follow
    return {"edits": len(seconds), "median": median(seconds), "most": max(seconds), "all": seconds}


_PARTS: dict[str, Callable[[_Bench], dict[str, Any]]] = {
    "sizes": _sizes,
    "load": _load,
    "frames": _frames,
    "map": _map,
    "latency": _latency,
    "edit": _edits,
}


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was measured, and its figure, in words."""
    told: list[tuple[str, str]] = []
    for key, words in (
        ("first", "named in the page itself"),
        ("drawing", "that the canvas is drawn with: the rest follows"),
        ("flow", "until a flow and its previews are there"),
        ("ahead", "with what is fetched ahead of need, from 4 s on"),
    ):
        if "sizes" in found:
            parts = {kind: f"{size / 1000:.0f} kB" for kind, size in found["sizes"][key].items()}
            told.append((f"script, style, fonts (gzip), {words}", " / ".join(parts.values())))
    for key, words in (
        ("first_paint", "first contentful paint"),
        ("nodes", "all nodes"),
        ("previews", "every preview"),
    ):
        if "load" in found:
            one = found["load"][key]
            told.append(
                (f"navigation to {words}, cold, median of {len(one['all'])}", f"{one['median']:.0f} ms")
            )
    if "map" in found:
        told.append(("map asked for to map drawn, kept results", f"{found['map']['ready_ms']} ms"))
    moved = {**found.get("frames", {}), **found.get("map", {}).get("frames", {})}
    for motion, one in moved.items():
        told.append(
            (
                f"{motion}: frames a second (95 % of the gaps below)",
                f"{one['fps']:.0f} ({one['p95_ms']:.0f} ms)",
            )
        )
    if "latency" in found:
        one = found["latency"]
        told.append(
            (
                f"event written to painted, {one['events']} events, p50 / p95",
                f"{one['p50']:.0f} / {one['p95']:.0f} ms",
            )
        )
    if "edit" in found:
        one = found["edit"]
        told.append(
            (
                f"edit of a late node to its preview, {one['edits']} edits, median / most",
                f"{one['median']:.0f} / {one['most']:.0f} ms",
            )
        )
    return told


def show(found: dict[str, Any]) -> None:
    """Print the figures as a Markdown table."""
    say(f"Chromium {found['chromium']}, {found['nodes']} nodes, {found['points']:,} points")
    if found["quick"]:
        say("Quick: these numbers say nothing.")
    say("| what | figure |\n| --- | --- |")
    for words, figure in rows(found):
        say(f"| {words} | {figure} |")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("studio", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

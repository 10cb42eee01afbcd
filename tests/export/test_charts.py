"""Charts put points where their values are."""

from __future__ import annotations

import doctest
import math
import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.documents.record import Interval
from graftwork.export import charts, wording
from graftwork.export.charts import Series, draw_flow, draw_interval, draw_lines, nice_ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_cover_the_range_in_equal_steps_of_1_2_or_5(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    slack = 1e-6 * max(abs(low), width)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + width - slack
    assert 2 <= len(ticks) <= 8
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 1e-3  # 10: just below it, by rounding


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0])
def test_one_value_still_gives_an_axis(value: float) -> None:
    ticks = nice_ticks(value, value)
    assert ticks[0] <= value <= ticks[-1]
    assert len(ticks) >= 2


def points_of(svg: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]+)"', svg)
    assert found
    return [(float(x), float(y)) for x, y in (p.split(",") for p in found[1].split())]


def test_points_lie_on_a_straight_line_when_values_do() -> None:
    svg = draw_lines("t", [Series("a", "train", tuple((float(i), 3.0 - 0.3 * i) for i in range(11)))])
    points = points_of(svg)
    assert all(b[0] > a[0] and b[1] > a[1] for a, b in pairwise(points))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
    assert max(slopes) - min(slopes) < 0.02  # coordinates are rounded to a tenth


def test_a_value_on_a_tick_lies_on_its_grid_line() -> None:
    svg = draw_lines("t", [Series("a", "train", ((1.0, 0.0), (2.0, 0.5), (3.0, 1.0)))])
    grid = [float(y) for y in re.findall(r'class="grid"[^>]*y1="([\d.]+)"', svg)]
    assert {y for _, y in points_of(svg)} <= set(grid)


def test_infinite_losses_leave_the_rest_of_the_curve() -> None:
    svg = draw_lines("t", [Series("a", "train", ((1.0, math.inf), (2.0, 1.0), (3.0, 0.5), (4.0, math.nan)))])
    assert len(points_of(svg)) == 2
    assert "nan" not in svg
    assert draw_lines("t", [Series("a", "train", ((1.0, math.nan),))]) == ""


def test_one_epoch_is_a_dot() -> None:
    svg = draw_lines("t", [Series("a", "train", ((1.0, 0.3),))], mark=1.0)
    assert 'circle class="train"' in svg


def test_titles_are_escaped() -> None:
    assert "<b>" not in draw_lines("<b>", [Series("a", "train", ((1.0, 1.0), (2.0, 2.0)))])


def test_an_interval_is_drawn_to_scale() -> None:
    svg = draw_interval(Interval(value=0.5, low=0.25, high=1.0))
    assert re.search(r'class="range" x1="32.0" x2="116.0"', svg)  # 4 + 112 · 0.25, 4 + 112
    assert 'cx="60.0"' in svg


def test_wires_run_from_left_to_right(make: SimpleNamespace) -> None:
    svg = draw_flow(make.flow(), {"backbone": "frozen"})
    assert svg.count('class="wire"') == 4
    assert svg.count('class="node') == 4
    assert 'class="node frozen"' in svg
    assert ">frozen</text>" in svg
    starts = re.findall(r'd="M([\d.]+),[\d.]+ .*? ([\d.]+),[\d.]+"><title>', svg)
    assert len(starts) == 4
    assert all(float(a) < float(b) for a, b in starts)


def test_bypassed_nodes_say_so_and_titles_take_the_place_of_ids(make: SimpleNamespace) -> None:
    flow = make.flow()
    nodes = tuple(
        n.edit(title="Eyes <1>") if n.id == "backbone" else n.edit(is_bypassed=n.id == "head")
        for n in flow.nodes
    )
    svg = draw_flow(flow.edit(nodes=nodes), {"backbone": "frozen", "head": "trainable"})
    assert svg.count('class="node bypassed"') == 1
    assert svg.count(">bypassed</text>") == 1
    assert "trainable" not in svg.partition("</pattern>")[2]
    assert ">Eyes &lt;1&gt;</text>" in svg
    assert svg.count(">backbone</text>") == 1  # its component


def test_a_loop_and_an_empty_flow_are_drawn_without_error() -> None:
    edges = tuple(
        Edge.model_validate({"source": s, "target": t}) for s, t in (("a.x", "b.x"), ("b.x", "a.x"))
    )
    loop = Flow(nodes=(Node(id="a", component="<i>"), Node(id="b", component="b")), edges=edges)
    svg = draw_flow(loop, {})
    assert svg.count('class="node') == 2
    assert "<i>" not in svg
    assert draw_flow(Flow(), {}) == ""


@pytest.mark.parametrize("module", [charts, wording])
def test_examples_in_docstrings_hold(module: object) -> None:
    results = doctest.testmod(module)  # type: ignore[arg-type]
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.4, "59.4 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.format_duration(seconds).replace(wording.NARROW, " ") == text

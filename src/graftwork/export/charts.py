"""Small inline SVG pictures for the report: line charts, intervals, the flow. No script, no outside font.

Colors are set by the classes in ``report.css``; each picture carries a title, its numbers stand in a table
beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graftwork.documents.flow import Flow, Node
from graftwork.documents.record import Interval
from graftwork.errors import FlowError
from graftwork.graph.topology import incoming, sorted_nodes

__all__ = [
    "BOTTOM",
    "HEIGHT",
    "ICONS",
    "LEFT",
    "RIGHT",
    "TOP",
    "WIDTH",
    "Axes",
    "Series",
    "draw_flow",
    "draw_interval",
    "draw_lines",
    "nice_ticks",
    "svg",
    "tick_text",
    "y_axis",
]

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 26
NODE_WIDTH, NODE_HEIGHT, GAP_X, GAP_Y = 190, 72, 60, 18

ICONS = {
    "frozen": (
        "M8 1.5v13M2.4 4.7l11.2 6.6M13.6 4.7 2.4 11.3M6 2.6l2 1.7 2-1.7M6 13.4l2-1.7 2 1.7M2.2 7l"
        "2.4-1-.4-2.6M13.8 9l-2.4 1 .4 2.6M13.8 7l-2.4-1 .4-2.6M2.2 9l2.4 1-.4 2.6"
    ),
    "trainable": (
        "M8.6 1.5c.5 2.6 4 4.3 4 8a4.6 4.6 0 0 1-9.2 0c0-1.9 1-3.1 2-4.2.2 1.3.7 2 1.4 2.3C6.5 5."
        "2 7 3 8.6 1.5zM8 14.1c-1.3 0-2.2-.9-2.2-2.2 0-1.2.9-1.9 2-3.2.9 1.3 2.3 1.9 2.3 3.3 0 1."
        "2-.8 2.1-2.1 2.1z"
    ),
    "ok": "M2.5 8.5 6.3 12.2 13.5 4",
    "bad": "M3.5 3.5l9 9M12.5 3.5l-9 9",
    "note": "M8 1.8 15 14H1zM8 6v4M8 11.8v.4",
}
"""Outlines on a 16 × 16 grid: snowflake, flame, tick, cross, triangle."""


PARTLY_FROZEN = Markup(
    '<defs><linearGradient id="partly-frozen"><stop class="stop-frozen" offset="0.55"/>'
    '<stop class="stop-trainable" offset="0.75"/></linearGradient></defs>'
)
"""Ice on the left, warm on the right: what data meets first is what is frozen."""


@dataclass(frozen=True)
class Series:
    """One line of a chart; points with a value that is not finite are left out."""

    name: str
    style: str
    """CSS class of the line: ``train``, ``validation`` or ``rate``."""
    points: tuple[tuple[float, float], ...]

    @property
    def finite(self) -> tuple[tuple[float, float], ...]:
        return tuple(p for p in self.points if math.isfinite(p[1]))


def nice_ticks(low: float, high: float, count: int = 4) -> tuple[float, ...]:
    """Return round numbers, a step of 1, 2 or 5 times a power of ten apart, that cover [low, high].

    >>> nice_ticks(0.13, 0.87)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    if not high > low:
        margin = abs(low) / 2 or 0.5
        low, high = low - margin, high + margin
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, -math.floor(math.log10(step))) + 1
    return tuple(round(i * step, digits) for i in range(first, last + 1))


def draw_lines(
    title: str,
    series: Sequence[Series],
    *,
    mark: float | None = None,
    is_percent: bool = False,
    zero: bool = False,
) -> Markup:
    """Return a line chart over epochs.

    Args:
        title: what the chart shows, read out by screen readers.
        series: lines; a single point is drawn as a dot.
        mark: epoch of the best weights, drawn as a vertical line.
        is_percent: values are shares and the axis is labeled in percent.
        zero: the value axis starts at 0.
    """
    points = [p for s in series for p in s.finite]
    if not points:
        return Markup("")
    values = [y for _, y in points]
    ticks = nice_ticks(min(0.0, *values) if zero else min(values), max(values))
    if is_percent:
        ticks = tuple(t for t in ticks if -1e-9 <= t <= 1 + 1e-9)
    x_low, x_high = min(x for x, _ in points), max(x for x, _ in points)
    axes = Axes(x_low, max(x_high, x_low + 1), ticks[0], ticks[-1])
    parts = [y_axis(axes, ticks, is_percent), _x_axis(axes, x_low, x_high)]
    if mark is not None and x_low <= mark <= x_high:
        x = axes.x(mark)
        parts.append(
            Markup('<line class="mark" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(x, TOP, HEIGHT - BOTTOM)
        )
    parts += [_line(s, axes) for s in series if s.finite]
    return svg("chart", WIDTH, HEIGHT, title, parts)


def draw_interval(interval: Interval) -> Markup:
    """Return a share with its interval on a scale from 0 to 1; the numbers stand beside it."""
    low, value, high = (round(4 + 112 * min(1.0, max(0.0, v)), 1) for v in
                        (interval.low, interval.value, interval.high))  # fmt: skip
    return Markup(
        '<svg class="interval" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">'
        '<line class="scale" x1="4" x2="116" y1="7" y2="7"/>'
        '<line class="range" x1="{}" x2="{}" y1="7" y2="7"/><circle cx="{}" cy="7" r="3"/></svg>'
    ).format(low, high, value)


def draw_flow(flow: Flow, states: dict[str, str]) -> Markup:
    """Return nodes and wires of ``flow`` from left to right; nodes go by their titles, bypassed ones say so.

    Args:
        flow: the flow; a loop is drawn in the order of its nodes.
        states: CSS class of a node by id: ``frozen``, ``partly``, ``trainable``.
    """
    places = _place_nodes(flow)
    if not places:
        return Markup("")
    width = max(x for x, _ in places.values()) + NODE_WIDTH + 2
    height = max(y for _, y in places.values()) + NODE_HEIGHT + 2
    wires = [_wire(places[e.source.node], places[e.target.node], f"{e.source} to {e.target}")
             for e in flow.edges if {e.source.node, e.target.node} <= places.keys()]  # fmt: skip
    nodes = [
        _node(places[n.id], n, "bypassed" if n.is_bypassed else states.get(n.id, "")) for n in flow.nodes
    ]
    return svg("flow", width, height, f"The flow {flow.name}", [PARTLY_FROZEN, *wires, *nodes])


@dataclass(frozen=True)
class Axes:
    """Where values lie in a chart's picture."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Return how far to the right a value lies."""
        share = (value - self.x_low) / (self.x_high - self.x_low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return how far down a value lies."""
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def svg(kind: str, width: float, height: float, title: str, parts: Sequence[Markup]) -> Markup:
    """Return a picture of a CSS class with its title."""
    return Markup(
        '<svg class="{0}" viewBox="0 0 {1} {2}" width="{1}" height="{2}" role="img" aria-label="{3}">'
        "<title>{3}</title>{4}</svg>"
    ).format(kind, width, height, title, Markup("").join(parts))


def y_axis(axes: Axes, ticks: Sequence[float], is_percent: bool) -> Markup:
    """Return grid lines with their values at the left."""
    row = Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="y" x="{}" y="{}">{}</text>'
    )
    parts = []
    for tick in ticks:
        y = axes.y(tick)
        label = f"{tick * 100:g} %" if is_percent else tick_text(tick, ticks[-1])
        parts.append(row.format(LEFT, WIDTH - RIGHT, y, y, LEFT - 7, y + 3.5, label))
    return Markup("").join(parts)


def _x_axis(axes: Axes, low: float, high: float) -> Markup:
    ticks = [t for t in nice_ticks(low, high, 5) if low <= t <= high and t == int(t)]
    texts = [
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(axes.x(t), HEIGHT - 9, int(t)) for t in ticks
    ]
    return Markup("").join(texts)


def _line(series: Series, axes: Axes) -> Markup:
    spots = [(axes.x(x), axes.y(y)) for x, y in series.finite]
    if len(spots) == 1:
        return Markup('<circle class="{}" cx="{}" cy="{}" r="3"/>').format(series.style, *spots[0])
    path = " ".join(f"{x:g},{y:g}" for x, y in spots)
    return Markup('<polyline class="{}" points="{}"/>').format(series.style, path)


def _place_nodes(flow: Flow) -> dict[str, tuple[float, float]]:
    """Put each node in the column after the last one that it stands on; columns are centered."""
    try:
        order = sorted_nodes(flow)
    except FlowError:
        order = tuple(n.id for n in flow.nodes)
    column: dict[str, int] = {}
    for node in order:
        column[node] = max((column.get(e.source.node, -1) for e in incoming(flow, node)), default=-1) + 1
    members = [[n for n in order if column[n] == c] for c in range(max(column.values(), default=-1) + 1)]
    tallest = max((len(m) for m in members), default=0)
    places = {}
    for c, names in enumerate(members):
        offset = (tallest - len(names)) * (NODE_HEIGHT + GAP_Y) / 2
        for r, name in enumerate(names):
            places[name] = (1.0 + c * (NODE_WIDTH + GAP_X), 1.0 + offset + r * (NODE_HEIGHT + GAP_Y))
    return places


def _wire(source: tuple[float, float], target: tuple[float, float], title: str) -> Markup:
    x1, y1 = source[0] + NODE_WIDTH, source[1] + NODE_HEIGHT / 2
    x2, y2 = target[0], target[1] + NODE_HEIGHT / 2
    columns = round((x2 - x1 - GAP_X) / (NODE_WIDTH + GAP_X))
    # a wire that passes other nodes bows below them
    dip = NODE_HEIGHT / 2 + 12 if columns > 0 and y1 == y2 else 0
    if dip:
        y1, y2, low = y1 + 14, y2 + 14, y1 + dip
        path = (f"M{x1:g},{y1:g} C{x1 + 22:g},{y1:g} {x1 + 16:g},{low:g} {x1 + 44:g},{low:g} "
                f"L{x2 - 44:g},{low:g} C{x2 - 16:g},{low:g} {x2 - 22:g},{y2:g} {x2:g},{y2:g}")  # fmt: skip
    else:
        path = f"M{x1:g},{y1:g} C{x1 + GAP_X / 2:g},{y1:g} {x2 - GAP_X / 2:g},{y2:g} {x2:g},{y2:g}"
    return Markup(
        '<path class="wire" d="{}"><title>{}</title></path>'
        '<circle class="port" cx="{}" cy="{}" r="3"/><circle class="port" cx="{}" cy="{}" r="3"/>'
    ).format(path, title, f"{x1:g}", f"{y1:g}", f"{x2:g}", f"{y2:g}")


def _node(place: tuple[float, float], node: Node, state: str) -> Markup:
    x, y = place
    detail = next((_setting_text(k, v) for k, v in node.settings.items()), "")
    name = node.title or node.id
    rows = [node.component, detail] if node.component != name else [detail]
    texts = [
        Markup('<text class="detail" x="{}" y="{}">{}</text>').format(
            x + 12, y + 39 + 15 * i, _shortened(row, 30)
        )
        for i, row in enumerate(r for r in rows if r)
    ]
    return Markup(
        '<g class="node {}"><rect x="{}" y="{}" width="{}" height="{}" rx="8"/><text x="{}" y="{}">{}</text>{}{}</g>'
    ).format(
        state, x, y, NODE_WIDTH, NODE_HEIGHT, x + 12, y + 22, _shortened(name, 22), Markup("").join(texts),
        _state(x + 12, y + 62, state),
    )  # fmt: skip


def _state(x: float, y: float, state: str) -> Markup:
    """Return icon and word for what is frozen in a node, or that it is bypassed: color is never the only sign."""
    if not state:
        return Markup("")
    icons = {"partly": ("frozen", "trainable"), "bypassed": ()}.get(state, (state,))
    drawn = [
        Markup('<path class="icon-{}" transform="translate({} {}) scale(0.75)" d="{}"/>').format(
            name, x + 15 * i, y - 10, ICONS[name]
        )
        for i, name in enumerate(icons)
    ]
    word = Markup('<text class="state" x="{}" y="{}">{}</text>').format(
        x + 15 * len(icons) + (1 if icons else 0), y, "partly frozen" if state == "partly" else state
    )
    return Markup("").join([*drawn, word])


def _setting_text(name: str, value: object) -> str:
    if name == "source":  # the end of a path says more than its start
        text = str(value)
        return text if len(text) <= 28 else "…" + text[-27:]
    return str(value) if name == "base" else f"{name} {value}"


def tick_text(tick: float, highest: float) -> str:
    """Return a value of an axis, short."""
    if tick == 0 or abs(highest) >= 0.01:
        return f"{tick:g}"
    digits, _, power = f"{tick:.1e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"

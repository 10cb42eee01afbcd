"""Pictures of what looks inside found: reliability, histograms, bands over a logarithm, points on a plane."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graftwork.documents.embedding import EmbeddingMap, MapSide
from graftwork.documents.evaluation import CalibrationBin, ScoreHistogram
from graftwork.documents.learning_curve import CurvePoint
from graftwork.documents.record import Interval
from graftwork.export.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axes, nice_ticks, svg, y_axis

__all__ = ["Band", "draw_bands", "draw_histogram", "draw_map", "draw_reliability", "draw_stages"]

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_MAP_WIDTH, _MAP_HEIGHT, _MOST_POINTS, _NUM_COLORS = 420, 320, 1500, 10
_TALLEST_BAR = 4


def draw_reliability(title: str, bins: Sequence[CalibrationBin]) -> Markup:
    """Return the share that is right against the confidence, with intervals; the diagonal is calibrated."""
    axes = Axes(0.0, 1.0, 0.0, 1.0)
    parts = [y_axis(axes, _SHARES, is_percent=True), _bottom(axes, _SHARES, is_percent=True)]
    parts.append(
        Markup('<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            axes.x(0), axes.y(0), axes.x(1), axes.y(1)
        )
    )
    parts += [
        _dot(axes, one.confidence, one.accuracy, f"{one.num} images")
        for one in bins
        if one.confidence is not None and one.accuracy is not None
    ]
    return svg("chart", WIDTH, HEIGHT, title, parts)


def draw_histogram(title: str, histogram: ScoreHistogram, styles: Mapping[str, str]) -> Markup:
    """Return counts as bars that stand on one another.

    Args:
        title: in words.
        histogram: counts by name.
        styles: CSS class of each name, from the bottom up.
    """
    stacks = [[histogram.counts[name][i] for name in styles] for i in range(_width(histogram))]
    highest = max((sum(stack) for stack in stacks), default=0)
    if not highest:
        return Markup("")
    ticks = nice_ticks(0.0, float(highest), _TALLEST_BAR)
    axes = Axes(histogram.low, histogram.high, 0.0, max(ticks[-1], highest))
    step = (histogram.high - histogram.low) / len(stacks)
    edges = [histogram.low + step * len(stacks) * share for share in _SHARES]
    parts = [y_axis(axes, ticks, is_percent=False), _bottom(axes, edges, is_percent=False)]
    for i, stack in enumerate(stacks):
        base, left = 0.0, axes.x(histogram.low + i * step)
        for style, count in zip(styles.values(), stack, strict=True):
            if count:
                top = axes.y(base + count)
                parts.append(
                    Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                        style,
                        round(left + 0.5, 1),
                        top,
                        round(axes.x(histogram.low + (i + 1) * step) - left - 1, 1),
                        round(axes.y(base) - top, 1),
                    )
                )
            base += count
    return svg("chart", WIDTH, HEIGHT, title, parts)


@dataclass(frozen=True)
class Band:
    """A line with an interval around it."""

    name: str
    style: str
    points: tuple[CurvePoint, ...]


def draw_bands(title: str, bands: Sequence[Band]) -> Markup:
    """Return scores over the logarithm of the number of labels, each with its interval."""
    points = [p for band in bands for p in band.points]
    if len(points) < 2:
        return Markup("")
    sizes = sorted({p.num_labels for p in points})
    ticks = nice_ticks(min(p.score.low for p in points), max(p.score.high for p in points), 4)
    low, high = math.log(sizes[0]), math.log(sizes[-1])
    axes = Axes(low, max(high, low + 1e-6), ticks[0], ticks[-1])
    parts = [y_axis(axes, ticks, is_percent=False)]
    parts += [
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(axes.x(math.log(n)), HEIGHT - 9, f"{n:,}")
        for n in _apart(sizes)
    ]
    for band in bands:
        spots = [(math.log(p.num_labels), p.score) for p in band.points]
        edge = [(axes.x(x), axes.y(s.high)) for x, s in spots]
        edge += [(axes.x(x), axes.y(s.low)) for x, s in reversed(spots)]
        line = [(axes.x(x), axes.y(s.value)) for x, s in spots]
        parts.append(Markup('<polygon class="band {}" points="{}"/>').format(band.style, _path(edge)))
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(band.style, _path(line)))
        parts += [
            Markup('<circle class="{}" cx="{}" cy="{}" r="3"/>').format(band.style, x, y) for x, y in line
        ]
    return svg("chart", WIDTH, HEIGHT, title, parts)


def draw_stages(title: str, scores: Sequence[Interval | None], marks: Mapping[int, str]) -> Markup:
    """Return a score for each stage in order, with its interval.

    Args:
        title: in words.
        scores: of the stages; none where there is no score.
        marks: CSS class of an upright line at the stage of that number.
    """
    known = [s for s in scores if s is not None]
    if len(known) < 2:
        return Markup("")
    ticks = nice_ticks(min(s.low for s in known), max(s.high for s in known), 4)
    axes = Axes(0.0, len(scores) - 1.0, ticks[0], ticks[-1])
    parts = [y_axis(axes, ticks, is_percent=False)]
    for index, style in marks.items():
        parts.append(
            Markup('<line class="mark {0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"/>').format(
                style, axes.x(index), TOP, HEIGHT - BOTTOM
            )
        )
    spots = [(axes.x(i), axes.y(s.value)) for i, s in enumerate(scores) if s is not None]
    parts.append(Markup('<polyline class="validation" points="{}"/>').format(_path(spots)))
    parts += [_dot(axes, i, s, "") for i, s in enumerate(scores) if s is not None]
    return svg("chart", WIDTH, HEIGHT, title, parts)


def draw_map(title: str, found: EmbeddingMap, side: MapSide) -> Markup:
    """Return the images as points, colored by label; of many an even choice, wrong ones with a ring."""
    every = max(1, math.ceil(len(side.x) / _MOST_POINTS))
    chosen = range(0, len(side.x), every)
    xs, ys = [side.x[i] for i in chosen], [side.y[i] for i in chosen]
    if not xs:
        return Markup("")
    to_x, to_y = _span(xs, _MAP_WIDTH), _span([-y for y in ys], _MAP_HEIGHT)
    dots = []
    for i, x, y in zip(chosen, xs, ys, strict=True):
        style = f"c{found.points.label[i] % _NUM_COLORS}" if found.points.label[i] >= 0 else "none"
        ring = " wrong" if found.points.is_wrong[i] else ""
        dots.append(
            Markup('<circle class="{}{}" cx="{}" cy="{}" r="2.4"/>').format(style, ring, to_x(x), to_y(-y))
        )
    return svg("map", _MAP_WIDTH, _MAP_HEIGHT, title, dots)


def _span(values: Sequence[float], size: int) -> Callable[[float], float]:
    """Return a function from values to pixels with a margin."""
    low = min(values)
    width = max(values) - low or 1.0
    return lambda value: round(6 + (value - low) / width * (size - 12), 1)


def _dot(axes: Axes, x: float, score: Interval, note: str) -> Markup:
    return Markup(
        '<line class="whisker" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/><circle class="validation" cx="{0}" cy="{3}" r="3">'
        "<title>{4}</title></circle>"
    ).format(axes.x(x), axes.y(score.low), axes.y(score.high), axes.y(score.value), note)


def _bottom(axes: Axes, ticks: Sequence[float], *, is_percent: bool) -> Markup:
    texts = [
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(
            axes.x(t), HEIGHT - 9, f"{t * 100:g} %" if is_percent else f"{t:.3g}"
        )
        for t in ticks
    ]
    return Markup("").join(texts)


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return sizes whose numbers do not run into one another."""
    kept = [sizes[0]]
    room = (math.log(sizes[-1]) - math.log(sizes[0])) * 44 / (WIDTH - LEFT - RIGHT)
    for size in sizes[1:]:
        if math.log(size) - math.log(kept[-1]) >= room:
            kept.append(size)
    return kept


def _path(spots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in spots)


def _width(histogram: ScoreHistogram) -> int:
    return max((len(counts) for counts in histogram.counts.values()), default=0)

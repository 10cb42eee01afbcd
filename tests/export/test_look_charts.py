"""Charts of looks inside: each number is where its axis says."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from graftwork.documents.evaluation import CalibrationBin, ScoreHistogram
from graftwork.documents.record import Interval
from graftwork.export.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from graftwork.export.look_charts import (
    Band,
    draw_bands,
    draw_histogram,
    draw_map,
    draw_reliability,
    draw_stages,
)

from .made_looks import embedding, point

ROOM = HEIGHT - TOP - BOTTOM


def parts(picture: str, tag: str, style: str | None = None) -> list[dict[str, Any]]:
    root = ElementTree.fromstring(picture)
    return [
        dict(e.attrib)
        for e in root.iter()
        if e.tag.endswith(tag) and (style is None or e.get("class") == style)
    ]


def test_a_dot_on_the_diagonal_is_calibrated() -> None:
    right = Interval(value=0.5, low=0.25, high=0.75)
    bins = (
        CalibrationBin(low=0.4, high=0.6, num=9, confidence=0.5, accuracy=right),
        CalibrationBin(low=0.6, high=0.8, num=0, confidence=None, accuracy=None),
    )
    picture = draw_reliability("A & B", bins)
    (dot,) = parts(picture, "circle")
    (line,) = parts(picture, "line", "diagonal")
    x1, y1, x2, y2 = (float(line[k]) for k in ("x1", "y1", "x2", "y2"))
    assert float(dot["cx"]) == pytest.approx((x1 + x2) / 2, abs=0.1)
    assert float(dot["cy"]) == pytest.approx((y1 + y2) / 2, abs=0.1)
    (whisker,) = parts(picture, "line", "whisker")
    assert float(whisker["y1"]) - float(whisker["y2"]) == pytest.approx(ROOM / 2, abs=0.2)
    assert ElementTree.fromstring(picture).get("class") == "chart"


def test_bars_stand_on_one_another_with_heights_as_counts() -> None:
    histogram = ScoreHistogram(low=0.0, high=1.0, counts={"right": (0, 8, 4), "wrong": (2, 4, 0)})
    picture = draw_histogram("t", histogram, {"right": "right", "wrong": "wrong"})
    right, wrong = (parts(picture, "rect", name) for name in ("right", "wrong"))
    assert [len(right), len(wrong)] == [2, 2]
    heights = [float(r["height"]) for r in (right[0], right[1], wrong[0], wrong[1])]
    unit = heights[0] / 8
    assert heights == pytest.approx([8 * unit, 4 * unit, 2 * unit, 4 * unit], abs=0.2)
    assert float(wrong[1]["y"]) + float(wrong[1]["height"]) == pytest.approx(float(right[0]["y"]), abs=0.2)
    floor = HEIGHT - BOTTOM
    assert float(right[0]["y"]) + heights[0] == pytest.approx(floor, abs=0.2)
    assert float(wrong[0]["y"]) + heights[2] == pytest.approx(floor, abs=0.2)


def test_nothing_to_draw_is_no_picture() -> None:
    empty = ScoreHistogram(low=0.0, high=1.0, counts={"right": (0, 0)})
    assert draw_histogram("t", empty, {"right": "right"}) == ""
    assert draw_histogram("t", ScoreHistogram(low=0.0, high=1.0, counts={}), {}) == ""
    assert draw_bands("t", [Band("transfer", "validation", (point(1.0, 10, 0.5),))]) == ""
    assert draw_stages("t", [None, Interval(value=0.5, low=0.4, high=0.6), None], {}) == ""
    assert draw_map("t", embedding(0), embedding(0).sides[0]) == ""


def test_ten_times_the_labels_is_as_far_wherever_it_starts() -> None:
    points = tuple(point(n / 10_000, n, 0.5 + math.log10(n) / 10) for n in (10, 100, 1000, 10_000))
    picture = draw_bands("t", [Band("transfer", "validation", points)])
    spots = [(float(c["cx"]), float(c["cy"])) for c in parts(picture, "circle")]
    steps = [b[0] - a[0] for a, b in pairwise(spots)]
    assert steps == pytest.approx([(WIDTH - LEFT - RIGHT) / 3] * 3, abs=0.2)
    rises = [a[1] - b[1] for a, b in pairwise(spots)]
    assert rises == pytest.approx([rises[0]] * 3, abs=0.2)
    assert len(parts(picture, "text", "x")) == 4
    (band,) = parts(picture, "polygon")
    assert len(str(band["points"]).split()) == 2 * len(points)


def test_numbers_of_labels_do_not_run_into_one_another() -> None:
    near = tuple(point(0.1, n, 0.5) for n in (100, 101, 102, 103, 400))
    picture = draw_bands("t", [Band("transfer", "validation", near)])
    texts = [float(t["x"]) for t in parts(picture, "text", "x")]
    assert min(b - a for a, b in pairwise(texts)) >= 44
    same = draw_bands(
        "t", [Band("a", "validation", (point(1, 50, 0.4),)), Band("b", "train", (point(1, 50, 0.6),))]
    )
    assert len(parts(same, "circle")) == 2


def test_a_stage_without_a_score_keeps_its_place() -> None:
    score = Interval(value=0.5, low=0.4, high=0.6)
    picture = draw_stages("t", [score, None, score], {1: "best"})
    first, last = (float(c["cx"]) for c in parts(picture, "circle"))
    (mark,) = parts(picture, "line", "mark best")
    assert float(mark["x1"]) == pytest.approx((first + last) / 2, abs=0.1)


def test_points_keep_their_order_and_many_are_thinned_evenly() -> None:
    found = embedding(6)
    dots = parts(draw_map("t", found, found.sides[0]), "circle")
    assert [d["class"] for d in dots] == ["none", "c1 wrong", "c2", "c0", "c1", "c2"]
    xs = [float(d["cx"]) for d in dots]
    assert xs == sorted(xs)
    many = embedding(4000)
    assert 1000 <= len(parts(draw_map("t", many, many.sides[0]), "circle")) <= 1500

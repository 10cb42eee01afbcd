"""Augmentation is random to the eye and a pure function to the machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from graftwork.data import augment_view
from graftwork.documents.recipe import Augmentation
from graftwork.errors import ShapeError, UnknownName

Photo = Callable[..., Image.Image]
KINDS: tuple[Augmentation, ...] = ("light", "strong")


def view_of(canvas: np.ndarray, kind: Augmentation = "light", **changes: object) -> np.ndarray:
    arguments = {"out_size": (24, 20), "seed": 3, "key": "cat/1.png", "view": 0, **changes}
    return augment_view(canvas, kind, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def canvas(photo: Photo) -> np.ndarray:
    return np.asarray(photo(1, (32, 32)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_key_and_view_give_the_same_pixels(canvas: np.ndarray, kind: Augmentation) -> None:
    first = view_of(canvas, kind)
    np.random.seed(0)  # a global draw in between changes nothing
    view_of(canvas, kind, view=7)
    assert np.array_equal(first, view_of(canvas, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [{"seed": 4}, {"key": "cat/2.png"}, {"view": 1}])
def test_each_of_seed_key_and_view_matters(
    canvas: np.ndarray, kind: Augmentation, change: dict[str, object]
) -> None:
    assert not np.array_equal(view_of(canvas, kind), view_of(canvas, kind, **change))


def test_seed_and_view_are_not_confused(canvas: np.ndarray) -> None:
    assert not np.array_equal(view_of(canvas, seed=1, view=12), view_of(canvas, seed=11, view=2))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(KINDS), st.integers(0, 99))
def test_views_have_the_size_asked_for(height: int, width: int, kind: Augmentation, view: int) -> None:
    blank = np.full((height, width, 3), 120, np.uint8)
    out = view_of(blank, kind, view=view)
    assert (out.shape, out.dtype) == ((24, 20, 3), np.uint8)
    if kind == "light":
        assert (out == 120).all()  # crops and flips invent no color


def test_the_canvas_is_left_alone(canvas: np.ndarray) -> None:
    before = canvas.copy()
    for view in range(20):
        view_of(canvas, "strong", view=view)
    assert np.array_equal(canvas, before)


def test_light_views_show_most_of_the_image_and_half_are_mirrored() -> None:
    """On a ramp from left to right, the view's brightness says what was cropped and whether it was flipped."""
    ramp = np.repeat(np.repeat(np.arange(0, 250, 5, dtype=np.uint8)[None, :, None], 50, 0), 3, 2)
    views = [view_of(ramp, view=v)[..., 0].astype(int) for v in range(200)]
    mirrored = [v[0, 0] > v[0, -1] for v in views]
    assert 70 < sum(mirrored) < 130
    shown = [abs(v[0, 0] - v[0, -1]) / 245 for v in views]
    # 70 % of the area at sides 3:4 is a width of sqrt(.7 · 3/4) = .72; less what resizing takes off the ends
    assert min(shown) > 0.65
    assert max(shown) > 0.95


def test_strong_views_change_light_and_erase_sometimes() -> None:
    grey = np.full((40, 40, 3), 120, np.uint8)
    grey[:, ::2] = 160
    means = [view_of(grey, "strong", view=v).mean() for v in range(60)]
    assert min(means) < 120
    assert max(means) > 165
    assert 110 < np.mean(means) < 170


def test_bad_arguments_are_refused(canvas: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"uint8 \(32, 32\)"):
        view_of(canvas[..., 0])
    with pytest.raises(UnknownName, match="no augmentation 'none'"):
        view_of(canvas, "none")

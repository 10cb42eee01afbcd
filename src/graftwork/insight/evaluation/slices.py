"""Parts of the images on which a run does better or worse than on the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import wilson
from graftwork.engine.metrics.numbers import number_errors

__all__ = ["SMALL", "Slice", "holm", "number_slices", "parts_of_numbers", "parts_of_words", "share_slices"]

Array = NDArray[np.float64]

SMALL = 20
"""Images below which a slice is called small: its interval is wide, and a test finds next to nothing."""
_MOST_VALUES = 20


@dataclass(frozen=True)
class Slice:
    """One part of the images against all others."""

    name: str
    num_images: int
    score: Interval
    rest: float | None
    difference: Interval | None
    p_value: float | None
    """Of no difference from the rest; not corrected."""

    @property
    def is_small(self) -> bool:
        """Whether there are too few images to say much."""
        return self.num_images < SMALL


def parts_of_numbers(values: Array, *, num_parts: int = 4) -> tuple[NDArray[np.str_], list[str]]:
    """Return the part of each image by a number, and the parts' names from low to high.

    The parts hold about equal numbers of images; equal values are never parted. Few values are a part
    each; what is not a number is the part 'unknown'.

    Args:
        values: (n,).
        num_parts: at most.

    >>> parts_of_numbers(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9]), num_parts=2)[1]
    ['1 to 5', '6 to 9']
    """
    finite = np.isfinite(values)
    numbers, inside = np.full(len(values), -1), values[finite]
    if len(inside):
        distinct = np.unique(inside)
        if len(distinct) <= num_parts:
            edges = distinct[:-1]
        else:
            edges = np.unique(np.quantile(inside, np.arange(1, num_parts) / num_parts, method="lower"))
            edges = edges[edges < distinct[-1]]
        numbers[finite] = np.searchsorted(edges, inside, side="left")
    names, words = [], np.full(len(values), "unknown", dtype=object)
    for number in np.unique(numbers[finite]):
        chosen = numbers == number
        low, high = float(values[chosen].min()), float(values[chosen].max())
        name = _brief(low) if low == high else f"{_brief(low)} to {_brief(high)}"
        name = name if name not in names else f"{low!r} to {high!r}"
        names.append(name)
        words[chosen] = name
    return words.astype(str), names + ["unknown"] * bool((~finite).any())


def _brief(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.3g}"


def parts_of_words(words: Sequence[str | None]) -> tuple[NDArray[np.str_], list[str]]:
    """Return the part of each image by a text, and the parts' names, the commonest first.

    An empty text is the part 'empty'; of more than 20 texts the rarer ones are the part 'all others'.
    """
    texts = np.array([w if w else "empty" for w in words], dtype=str)
    names, counts = np.unique(texts, return_counts=True)
    order = [str(names[i]) for i in np.argsort(-counts, kind="stable")]
    if len(order) <= _MOST_VALUES:
        return texts, order
    kept = order[: _MOST_VALUES - 1]
    return np.where(np.isin(texts, kept), texts, "all others"), [*kept, "all others"]


def share_slices(parts: NDArray[np.str_], names: Sequence[str], is_right: NDArray[np.bool_]) -> list[Slice]:
    """Return how often the run is right on each part, against all other images.

    Args:
        parts: name of each image's part, (n,).
        names: the parts.
        is_right: (n,).

    The share has a Wilson interval, its difference from the rest Newcombe's, the test is Fisher's.

    Source: Newcombe 1998, "Interval estimation for the difference between independent proportions",
    method 10; Fisher 1935.
    """
    from scipy.stats import fisher_exact

    found = []
    for name in names:
        inside = parts == name
        n, m = int(inside.sum()), int((~inside).sum())
        hits, others = int(is_right[inside].sum()), int(is_right[~inside].sum())
        share = wilson(hits, n)
        if not n or not m:
            found.append(Slice(name, n, share, None, None, None))
            continue
        rest = wilson(others, m)
        p_value = float(fisher_exact([[hits, n - hits], [others, m - others]]).pvalue)
        found.append(Slice(name, n, share, rest.value, _newcombe(share, rest), p_value))
    return found


def _newcombe(first: Interval, second: Interval) -> Interval:
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(value=value, low=value - down, high=value + up)


def number_slices(
    parts: NDArray[np.str_], names: Sequence[str], predicted: Array, truth: Array, *, seed: int = 0
) -> list[tuple[Slice, Interval | None]]:
    """Return the mean absolute error on each part against all other images, and R² beside it.

    Args:
        parts: name of each image's part, (n,).
        names: the parts.
        predicted, truth: (n, m); of several numbers the errors are averaged, in their own units.
        seed: of the bootstrap that gives the intervals.

    The test is that of Mann and Whitney on the absolute errors. R² is None where the truth never varies.

    Source: Mann & Whitney 1947.
    """
    from scipy.stats import mannwhitneyu

    errors = np.abs(predicted - truth).mean(1)
    found: list[tuple[Slice, Interval | None]] = []
    for name in names:
        inside = parts == name
        n, m = int(inside.sum()), int((~inside).sum())
        if not n:
            continue
        own = _number_scores(predicted[inside], truth[inside], seed)
        r2 = own["r2"] if math.isfinite(own["r2"].value) and n > 1 else None
        if not m:
            found.append((Slice(name, n, own["mae"], None, None, None), r2))
            continue
        gap = _gap(errors, inside, seed)
        p_value = float(mannwhitneyu(errors[inside], errors[~inside]).pvalue)
        found.append((Slice(name, n, own["mae"], float(errors[~inside].mean()), gap, p_value), r2))
    return found


def _number_scores(predicted: Array, truth: Array, seed: int) -> dict[str, Interval]:
    def measure(weights: Array) -> dict[str, float]:
        mae, _, r2 = number_errors(predicted, truth, weights).mean(1)
        return {"mae": float(mae), "r2": float(r2)}

    return bootstrap(measure, len(truth), seed)


def _gap(errors: Array, inside: NDArray[np.bool_], seed: int) -> Interval:
    def measure(weights: Array) -> dict[str, float]:
        sums = [float(weights[x].sum()) for x in (inside, ~inside)]
        if min(sums) == 0:
            return {"gap": math.nan}
        first, second = (
            float(weights[x] @ errors[x]) / s for x, s in zip((inside, ~inside), sums, strict=True)
        )
        return {"gap": first - second}

    return bootstrap(measure, len(errors), seed)["gap"]


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for how many tests were made; None stays None and is no test.

    The chance of one false alarm among all tests stays below what each corrected value is compared with.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    tested = [(p, i) for i, p in enumerate(p_values) if p is not None]
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for place, (p, i) in enumerate(sorted(tested)):
        highest = max(highest, min(1.0, p * (len(tested) - place)))
        found[i] = highest
    return found

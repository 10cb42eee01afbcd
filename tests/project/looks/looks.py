"""All looks into a run by name, for tests that want each of them to give something or to refuse in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graftwork.errors import GraftworkError
from graftwork.project.looks.data_quality import look_at_data
from graftwork.project.looks.depth import probe_by_depth
from graftwork.project.looks.drift import drift_of
from graftwork.project.looks.embedding import embedding_map
from graftwork.project.looks.evaluating import evaluation
from graftwork.project.looks.feature_maps import draw_maps, look_through
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.saliency import saliency


def a_key(inside: Inspection) -> str:
    """Return the key of a test image."""
    return inside.images.samples[inside.images.of_split("test")[0]].key


LOOKS: dict[str, Callable[[Inspection], Any]] = {
    "depth": probe_by_depth,
    "drift": drift_of,
    "maps": lambda inside: draw_maps(look_through(inside, a_key(inside)), inside).document,
    "saliency": lambda inside: saliency(inside, a_key(inside)).document,
    "map": embedding_map,
    "data": look_at_data,
    "evaluation": evaluation,
}


def look_at_all(inside: Inspection) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what each look gave, and the sentence of each that refused; anything else that is raised is a fault."""
    given, refused = {}, {}
    for name, look in LOOKS.items():
        try:
            given[name] = look(inside)
        except GraftworkError as error:
            refused[name] = _sentence(name, error)
    return given, refused


def _sentence(name: str, error: GraftworkError) -> str:
    assert error.message, name
    assert "\n" not in error.message, f"{name}: {error.message}"
    assert error.hint, f"{name} refuses without a next step: {error.message}"
    return error.message

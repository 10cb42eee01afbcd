"""The gap between two domains, and adapting on stored features, as tasks of a bench."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graftwork.documents.adaptation import AdaptationReport
from graftwork.documents.flow import Flow
from graftwork.documents.gap import Gap
from graftwork.errors import UsageError
from graftwork.project.transferring.adapt import AdaptChoices, adapt
from graftwork.project.transferring.adapt_methods import methods_asked
from graftwork.project.transferring.gap import MAX_IMAGES, gap

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState

__all__ = ["inspect_adaptation", "inspect_gap"]


def inspect_adaptation(
    state: BenchState,
    subject: Flow | str,
    target: str,
    method: str = "auto",
    at: str = "base",
    names: Mapping[str, str] | None = None,
    max_images: int | None = None,
) -> AdaptationReport:
    """Return what methods on stored features give; see ``adapt``.

    Raises:
        UsageError: a method that trains, which wants a run of its own.
    """
    slow = [way.title for way in methods_asked(method) if way.way != "features"]
    if slow:
        raise UsageError(
            f"{', '.join(slow)} train for minutes; a page waits for seconds.",
            hint="Put the adaptation into the flow and run it, or use graftwork adapt.",
        )
    return adapt(state.inspection(subject), target, AdaptChoices(method, at, names, max_images))


def inspect_gap(
    state: BenchState,
    subject: Flow | str,
    target: str,
    names: Mapping[str, str] | None = None,
    max_images: int | None = MAX_IMAGES,
) -> Gap:
    """Return how far apart two domains are; see ``gap``."""
    return gap(state.inspection(subject), target, AdaptChoices(names=names, max_images=max_images))

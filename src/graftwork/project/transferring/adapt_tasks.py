"""What a page asks of two domains, as tasks of a bench: the gap, adapting, weights, labels that are passed on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.adaptation import AdaptationReport
from graftwork.documents.flow import Flow
from graftwork.documents.gap import Gap
from graftwork.documents.propagation import AcceptedLabel, AcceptedTable, Propagation
from graftwork.documents.weighing import WeighingFile
from graftwork.errors import UsageError
from graftwork.project.transferring.adapt import AdaptChoices, adapt
from graftwork.project.transferring.adapt_methods import methods_asked
from graftwork.project.transferring.gap import MAX_IMAGES, gap
from graftwork.project.transferring.propagate import propagate, write_labels
from graftwork.project.transferring.weigh import weigh, weights_table, write_weights

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState

__all__ = ["accept_labels", "inspect_adaptation", "inspect_gap", "inspect_propagation", "inspect_weighing"]


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


def inspect_weighing(
    state: BenchState,
    subject: Flow | str,
    target: str,
    method: str = "domain_classifier",
    num: int | None = None,
    at: str = "base",
    names: Mapping[str, str] | None = None,
) -> WeighingFile:
    """Return how much each training image counts for a target, and write its table into the project; see ``weigh``."""
    report = weigh(state.inspection(subject), target, method, AdaptChoices(at=at, names=names), num=num)
    digest = hashlib.sha256(weights_table(report).encode()).hexdigest()[:16]
    file = state.root / "data" / f"weights-{digest}.csv"
    if not file.is_file():
        write_weights(report, file)
    return WeighingFile(report=report, file=str(file))


def inspect_propagation(
    state: BenchState, subject: Flow | str, unlabelled: str, at: str = "base"
) -> Propagation:
    """Return labels for images that have none; see ``propagate``."""
    return propagate(state.inspection(subject), unlabelled, AdaptChoices(at=at))


def accept_labels(
    state: BenchState, subject: Flow | str, unlabelled: str, accepted: Sequence[AcceptedLabel]
) -> AcceptedTable:
    """Write accepted labels, with the subject's own labelled images, as a table of the project; see ``write_labels``."""
    return write_labels(state.inspection(subject), Path(unlabelled), accepted, state.root / "data")

"""Tasks of the bench that look at data through the pretrained base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graftwork.documents.data_quality import DataQuality, FixEffect
from graftwork.documents.flow import Flow

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState

__all__ = ["inspect_data", "inspect_data_effect"]


def inspect_data(state: BenchState, subject: Flow | str) -> DataQuality:
    """Return doubtful labels, look-alikes and outliers; see ``project.data_quality``."""
    from graftwork.engine.settings import read_settings
    from graftwork.project.data_tasks import opened_data
    from graftwork.project.looks.data_quality import look_at_data

    inspection = state.inspection(subject)
    settings, seed = read_settings(inspection.flow).images, inspection.flow.recipe.seed
    return look_at_data(inspection, opened=opened_data(state, settings, seed))


def inspect_data_effect(
    state: BenchState, subject: Flow | str, changes: Mapping[str, Any] | None, what: str = ""
) -> FixEffect:
    """Return what a fix, or the flow's own corrections, change; see ``project.fix_effect``."""
    from graftwork.project.looks.fix_effect import measure_effect

    return measure_effect(state.inspection(subject), changes, what=what)

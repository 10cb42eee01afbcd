"""What transfer gave: a run against the controls on the same data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.record import Interval

__all__ = ["ControlRow", "Controls"]


class ControlRow(Document):
    """A finished run that another one is held against."""

    run: str
    name: str
    score: float
    interval: Interval
    seconds: float | None


class Controls(Document):
    """A run's main score beside those of its controls, all on the same images of the same split."""

    score_name: str | None = Field(description="The main score, such as accuracy; none without scores.")
    split: str | None = None
    score: float | None = None
    majority: float | None = Field(
        None, description="What a constant answer scores; none where that is not known."
    )
    scratch: ControlRow | None = Field(None, description="The same from random weights.")
    head_only: ControlRow | None = Field(None, description="The same with the whole base frozen.")
    gain_over_scratch: float | None = Field(None, description="In points, a hundredth of the score each.")
    gain_over_majority: float | None = Field(None, description="In points.")
    gain_over_head_only: float | None = Field(None, description="In points.")
    interval_over_scratch: Interval | None = Field(
        None,
        description="The gain in the score itself with its 95 % interval: a paired bootstrap over the images. "
        "None where predictions are not stored.",
    )
    interval_over_majority: Interval | None = Field(None, description="The same over the constant answer.")
    interval_over_head_only: Interval | None = Field(None, description="The same over the head alone.")
    missing: tuple[Literal["from_scratch", "head_only"], ...] = Field(
        (), description="Controls that can be run and were not."
    )
    reason: str = Field("", description="Why a control or a gain is missing; empty when none is.")

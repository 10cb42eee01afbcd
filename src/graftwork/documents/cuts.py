"""The cut table: what a plan would say for each place at which a base can be cut."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.recipe import Strategy

__all__ = ["CutCost", "CutTable"]


class CutCost(Document):
    """What training costs when the stages of a base up to a cut are frozen.

    Where the cut is not legal only the numbers of parameters are told; costs are zero.
    """

    cut: str = Field(description="Stages up to this one are frozen; 'input': none.")
    is_legal: bool
    why_not: str | None = Field(None, description="Why it is not legal, in a sentence.")
    strategy: Strategy = Field(
        description="How much of the base is then retrained; set together with the cut."
    )
    frozen_parameters: int = Field(description="Parameters of this base that are held in the main phase.")
    trainable_parameters: int = Field(
        description="Parameters of the whole flow that the main phase may move."
    )
    base_trainable: int = Field(
        0, description="Those of them in this base; LoRA's are beside its own parameters."
    )
    cache_bytes: int = Field(0, description="Bytes of stored values.")
    cache_is_used: bool = False
    cache_reason: str = ""
    extract_seconds: float = Field(0.0, description="To compute what is stored, once.")
    epoch_seconds: float = Field(0.0, description="One epoch of the main phase, its validation included.")
    estimated_seconds: float = Field(0.0, description="The whole training, as the plan says.")


class CutTable(Document):
    """What each cut of one base costs."""

    node: str
    current: str = Field(description="The cut that the flow has now.")
    cuts: tuple[CutCost, ...] = Field(description="'input' and then each stage, from input to output.")
    notes: tuple[str, ...] = ()

    def at(self, cut: str) -> CutCost | None:
        """Return the row of a cut, if there is one."""
        return next((row for row in self.cuts if row.cut == cut), None)

"""How a run came about that was not trained but averaged from the weights of others."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["AveragedParent", "AveragedRun", "SoupStep", "StartKind"]

StartKind = Literal["after_probe", "before_training"]
"""What the start of a run is: the base with the probe's head, or the base with a head that knows nothing yet."""


class AveragedParent(Document):
    """One of the weights that were averaged."""

    run: str
    name: str
    state: Literal["start", "end"] = Field("end", description="As the main phase began, or as the run ended.")
    share: float = Field(description="Of its weights in the average; the shares of all parents sum to one.")
    weights_digest: str = Field(description="SHA-256 over names and values of its weights.")


class SoupStep(Document):
    """One run that was tried in a greedy soup."""

    run: str
    name: str
    alone: float = Field(description="What validation says of the run alone.")
    together: float | None = Field(
        None, description="What it says of the soup with the run; none for the first."
    )
    is_kept: bool


class AveragedRun(Document):
    """What was averaged, how it was chosen, and what became of batch-norm statistics."""

    method: Literal["mix", "uniform", "greedy"] = Field(
        description="Start and end of one run; equal shares of all runs; equal shares of those that help."
    )
    parents: tuple[AveragedParent, ...]
    t: float | None = Field(None, description="Of a mix: 0 is the start, 1 the run.")
    start: StartKind | None = Field(None, description="Of a mix: what its start is.")
    chosen_by: str | None = Field(
        None, description="The validation score that chose; none where the user did or nothing was to choose."
    )
    steps: tuple[SoupStep, ...] = Field(
        (), description="Of a greedy soup, in the order in which runs were tried."
    )
    batch_norm: Literal["same", "reestimated", "averaged"] = Field(
        description="Statistics were the same in all parents; re-estimated on the training images; or, in layers "
        "that cannot be re-estimated, averaged as weights are."
    )
    reestimated_layers: int = 0

"""How far a run is: what a bar, a page's title and a clock show."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["RunProgressDocument"]


class RunProgressDocument(Document):
    """How far a run is, and how long it will still take."""

    phase: str = Field(description="'preparing', 'extraction', 'probe', 'main', 'scoring' or 'ended'.")
    epoch: int = Field(description="Epoch that runs, from 1; 0 outside of phases.")
    epochs: int = Field(description="Of the phase.")
    step: int = Field(description="Steps done in the epoch; in the extraction, images or views done.")
    steps: int = Field(description="Steps of an epoch; in the extraction, images or views in all.")
    share: float = Field(description="Done of the whole run, 0 to 1, weighed by the plan's estimates.")
    seconds_left: float | None = Field(description="None while too little is done to tell.")
    images_per_second: float | None = None
    memory_bytes: int = 0

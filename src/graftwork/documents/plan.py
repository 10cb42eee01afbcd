"""The plan: a flow resolved before it runs. A value that can be printed, compared, tested, saved."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.card import InputPort
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import BatchNormMode, Moving, Strategy

__all__ = [
    "CachePlan",
    "ComputePlan",
    "NodePlan",
    "ParameterGroup",
    "Phase",
    "Plan",
    "StagePlan",
    "Unfreezing",
]

INPUT_CUT = "input"


class StagePlan(Document):
    """What happens to one stage of the base."""

    name: str
    num_parameters: int = Field(description="Those that LoRA adds among them.")
    num_added: int = Field(0, description="Parameters that LoRA adds.")
    is_frozen: bool
    num_trainable: int | None = Field(None, description="Parameters that move; all or none if not given.")
    learning_rate: float | None = Field(None, description="Peak rate in the main phase; none when frozen.")

    @property
    def moving(self) -> int:
        """Parameters that the main phase may move."""
        if self.num_trainable is not None:
            return self.num_trainable
        return 0 if self.is_frozen else self.num_parameters


class NodePlan(Document):
    """What a node of the flow holds, and how much of it moves in the main phase."""

    node: str
    component: str
    num_parameters: int
    num_trainable: int
    output_shape: tuple[int, ...] | None = Field(None, description="Of its first output, without the batch.")
    frozen_layers: tuple[str, ...] = Field(
        (), description="Layers held inside stages that move, apart from what 'moving' leaves out."
    )
    moving: Moving = Field("all", description="What moves in free stages of a base.")


class ParameterGroup(Document):
    """Trainable tensors that share a learning rate and a weight decay."""

    name: str
    learning_rate: float
    weight_decay: float
    tensors: tuple[str, ...]


class Unfreezing(Document):
    """A step of gradual unfreezing: which stages become free, and when."""

    epoch: int = Field(description="The first epoch of the phase, from 1, in which they are free.")
    stages: tuple[str, ...] = Field(
        description="From the top; with their node in front if there are several bases."
    )
    not_yet: dict[str, str] = Field(
        description="Stages up to this one still wait, by node of the base; 'input': none does."
    )
    groups: tuple[str, ...] = Field(description="Names of the parameter groups that begin here.")


class Phase(Document):
    """One stretch of training: which parameters move, for how long, from what input."""

    name: Literal["probe", "main"]
    cut: str = Field(description="Stages of the main base up to this one are frozen; 'input': none.")
    cuts: dict[str, str] = Field(default_factory=dict, description="The cut of each base, by node.")
    boundary: str = Field("", description="Steps at whose outputs stored values enter; 'input': images do.")
    epochs: int
    groups: tuple[ParameterGroup, ...]
    unfreezing: tuple[Unfreezing, ...] = Field(
        (), description="Gradual unfreezing, step by step; empty when all is free from the start."
    )
    from_cache: bool = Field(description="Whether the phase reads stored features instead of images.")
    terms: tuple[str, ...] = Field((), description="Loss terms that act in the phase, beside the objectives.")


class CachePlan(Document):
    """What is stored at the freeze boundary, and why."""

    is_used: bool
    reason: str
    cuts: tuple[str, ...] = Field((), description="Boundaries whose values are stored.")
    views: int = Field(1, description="Stored versions of each training image.")
    bytes: int = 0
    rows: int = 0


class ComputePlan(Document):
    """How the numbers are computed; part of what a resumed run must repeat."""

    device: str = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    memory_format: Literal["contiguous", "channels_last"] = "contiguous"
    num_threads: int = 1
    reason: str = ""
    images_per_second: float | None = Field(None, description="Measured forward rate of the whole base.")


class Plan(VersionedDocument):
    """A flow resolved before it runs."""

    base: str
    main: str | None = Field(None, description="Node of the main base, whose stages are listed.")
    strategy: Strategy
    cut: str
    batch_norm: BatchNormMode
    image_size: int
    port: InputPort = Field(description="What images the network gets: the base's port with the flow's crop.")
    classes: tuple[str, ...]
    num_images: dict[str, int] = Field(description="Images per split.")
    stages: tuple[StagePlan, ...] = Field(description="Stages of the main base.")
    nodes: tuple[NodePlan, ...] = ()
    head_parameters: int = Field(description="Parameters that the flow adds to its bases.")
    phases: tuple[Phase, ...]
    cache: CachePlan
    compute: ComputePlan
    estimated_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def num_frozen(self) -> int:
        """Parameters of the main base that are held."""
        return sum(s.num_parameters - s.moving for s in self.stages)

    @property
    def num_trainable(self) -> int:
        """Parameters that the main phase may move, head included."""
        if self.nodes:
            return sum(n.num_trainable for n in self.nodes)
        return self.head_parameters + sum(s.moving for s in self.stages)

"""What a base says about itself: input port, stages, origin of its weights, what was loaded."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["BaseCard", "InputPort", "LayerCard", "LoadReport", "Origin", "StageCard"]


class InputPort(Document):
    """What images a base wants. Data derives its transform from this; it is set nowhere else."""

    height: int = Field(ge=1, description="Pixels.")
    width: int = Field(ge=1, description="Pixels.")
    channels: int = Field(3, ge=1)
    channel_order: Literal["rgb", "bgr"] = "rgb"
    value_range: tuple[float, float] = Field(
        (0.0, 1.0), description="Range of a pixel before mean and std: (0, 1) or (0, 255)."
    )
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bicubic"
    antialias: bool = True
    crop_share: float = Field(
        1.0, gt=0.0, le=1.0, description="Side of the centre crop over the short side of the resized image."
    )


class LayerCard(Document):
    """One module inside a stage."""

    name: str
    kind: str = Field(description="What it is, in words.")
    num_parameters: int
    output_shape: tuple[int, ...] | None = Field(
        None, description="Without the batch; null when the layer does not run, or gives no single tensor."
    )


class StageCard(Document):
    """One named block of a base between two cut points."""

    name: str
    kind: str = Field(description="What it is, in words.")
    num_parameters: int = Field(description="Numbers that training could move.")
    num_buffer_values: int = Field(0, description="Numbers held in buffers (batch-norm statistics).")
    output_shape: tuple[int, ...] = Field(description="Without the batch: (c, h, w), (tokens, d) or (d,).")
    cut_is_legal: bool = Field(description="Whether a cut after this stage sees all data in one tensor.")
    layers: tuple[LayerCard, ...] = ()
    num_bytes: int = Field(0, description="Memory of its parameters and buffers.")


class Origin(Document):
    """Where weights come from."""

    source: str = Field(description="Package, file, hub id, run, or 'random'.")
    license: str = "unknown"
    digest: str | None = Field(None, description="SHA-256 of the weights file, where there is one file.")
    size_bytes: int | None = None
    note: str | None = None


class LoadReport(Document):
    """What exactly was loaded into the architecture."""

    loaded: int = Field(description="Tensors taken from the weights.")
    missing: tuple[str, ...] = Field((), description="Tensors that stayed untrained.")
    unexpected: tuple[str, ...] = Field((), description="Tensors in the weights that found no place.")
    left_out: tuple[str, ...] = Field((), description="Tensors of the old classifier, cut off.")


class BaseCard(Document):
    """Everything a base says about itself."""

    id: str
    title: str
    architecture: str
    port: InputPort
    stages: tuple[StageCard, ...] = Field(description="In order, without the old classifier.")
    old_classifier: StageCard | None = Field(None, description="What is cut off when a new head comes.")
    origin: Origin
    load: LoadReport
    traced: bool = Field(
        description="Cut points come from the data's way through it; else from its top-level chain."
    )
    weights_digest: str = Field(description="SHA-256 over the names and values of all base tensors.")

    @property
    def num_parameters(self) -> int:
        return sum(stage.num_parameters for stage in self.stages)

    @property
    def legal_cuts(self) -> tuple[str, ...]:
        return tuple(stage.name for stage in self.stages if stage.cut_is_legal)

    @property
    def num_buffer_values(self) -> int:
        return sum(stage.num_buffer_values for stage in self.stages)

    @property
    def num_bytes(self) -> int:
        return sum(stage.num_bytes for stage in self.stages)

    def stage_of(self, layer: str) -> StageCard | None:
        """Return the stage that a layer, or a group of layers of one name, lies in; None when there is none.

        The last part of a name does where only one layer is called so.
        """
        inside, end = f"{layer}.", f".{layer}"
        by_name = [s for s in self.stages if any(f"{y.name}.".startswith(inside) for y in s.layers)]
        by_end = [s for s in self.stages for y in s.layers if y.name.endswith(end)]
        if by_name:
            return by_name[0]
        return by_end[0] if len(by_end) == 1 else None

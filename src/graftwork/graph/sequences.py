"""Contracts of components for sequences: embedding, recurrent layer, attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.graph.contract import Contract
from graftwork.graph.ports import Misfit, Port, Wire
from graftwork.graph.sizes import feature_axis, is_open, want_rank

__all__ = ["SEQUENCES", "AttentionSettings", "EmbeddingSettings", "RecurrentSettings"]

Count = Annotated[int, Field(ge=1)]


class EmbeddingSettings(Document):
    """A learned row of features for each category."""

    num_categories: Count = Field(description="Categories are whole numbers from 0 to this one, exclusive.")
    width: Count = Field(32, description="Features of a row.")


class RecurrentSettings(Document):
    """Reads tokens one after the other and remembers."""

    type: Literal["lstm", "gru"] = Field("lstm", description="Which cell.")
    units: Count = Field(64, description="Width of its memory.")
    bidirectional: bool = Field(
        False, description="Reads backward too; both answers stand side by side, so the width doubles."
    )
    return_sequence: bool = Field(
        False, description="Give the answer at each token, (b, n, u), not only the last one, (b, u)."
    )


class AttentionSettings(Document):
    """Each token looks at all tokens (multi-head self-attention); nothing is added to what came in."""

    heads: Count = Field(4, description="Parts of the features that look on their own.")
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of looks that are left out while training."
    )


def _embedding(settings: EmbeddingSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["category"]
    want_rank(wire, (1, 2), "categories (b,) or (b, n)", port="category")
    return {"features": Wire(kind="features", shape=(*wire.shape, settings.width))}


def _recurrent(settings: RecurrentSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    want_rank(
        wire,
        (3,),
        "tokens (b, n, d)",
        port="features",
        hint="Reshape what comes in into tokens: one row for each step.",
    )
    width = settings.units * (2 if settings.bidirectional else 1)
    start = ("b", "n") if is_open(wire.shape) else wire.shape[:2]
    shape = (*start, width) if settings.return_sequence else (start[0], width)
    return {"features": Wire(kind="features", shape=shape)}


def _attention(settings: AttentionSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    wire = inputs["features"]
    want_rank(wire, (3, 4), "tokens (b, n, d) or maps (b, c, h, w)", port="features")
    if not is_open(wire.shape):
        width = wire.shape[feature_axis(wire.shape)]
        if isinstance(width, int) and width % settings.heads:
            raise Misfit(
                f"has {settings.heads} heads, but {width} features do not divide among them.",
                setting="heads",
                hint=f"Choose a divisor of {width}.",
            )
    return {"features": Wire(kind="features", shape=wire.shape)}


_TOKENS = Port(name="features", kind="features")

SEQUENCES = (
    Contract(
        name="embedding",
        title="Embedding",
        summary="A learned row of features for each category.",
        inputs=(Port(name="category", kind="category", also=("labels",), help="(b,) or (b, n)."),),
        outputs=(Port(name="features", kind="features"),),
        settings=EmbeddingSettings,
        infer=_embedding,
    ),
    Contract(
        name="recurrent",
        title="Recurrent",
        summary="Reads tokens one after the other: LSTM or GRU.",
        inputs=(_TOKENS.edit(help="Tokens (b, n, d)."),),
        outputs=(_TOKENS,),
        settings=RecurrentSettings,
        infer=_recurrent,
    ),
    Contract(
        name="attention",
        title="Attention",
        summary="Each token, or place of a map, looks at all others.",
        inputs=(_TOKENS.edit(help="Tokens (b, n, d) or maps (b, c, h, w)."),),
        outputs=(_TOKENS,),
        settings=AttentionSettings,
        infer=_attention,
    ),
)

"""A base on the terminal and as JSON: stages and layers, what is frozen, totals, what was loaded."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from graftwork.cli.json_out import plain
from graftwork.cli.show import console, count, show_rows, size
from graftwork.documents.card import BaseCard, StageCard

__all__ = ["base_as_dict", "show_base", "totals"]

SHOWN_NAMES = 3


def show_base(card: BaseCard, cut: str | None = None, *, with_layers: bool = False) -> None:
    """Print what is inside a base.

    Args:
        card: the base's card.
        cut: stages up to this one are marked frozen, later ones trainable; None marks nothing.
        with_layers: whether each stage is opened to its layers.
    """
    show_head(card)
    columns = ["stage", "what it is", ">parameters", "output", "cut after it"]
    rows = []
    for stage, state in zip(card.stages, stage_states(card, cut), strict=True):
        rows.append(stage_row(stage, state))
        if with_layers:
            rows += layer_rows(stage, state)
    if cut is not None:
        columns.append("state")
    show_rows(columns, [row[: len(columns)] for row in rows])
    show_totals(card, cut)


def show_head(card: BaseCard) -> None:
    """Print which base it is, what it takes, and what was loaded from where."""
    target, port, origin, load = console(), card.port, card.origin, card.load
    target.print(f"[bold]{escape(card.id)}[/bold]: {escape(card.title)} ({escape(card.architecture)})")
    low, high = port.value_range
    target.print(
        f"input: {port.channels} × {port.height} × {port.width} {port.channel_order.upper()}, values {low:g}–{high:g}, "
        f"mean {short(port.mean)}, std {short(port.std)}, {port.interpolation}"
        + (f", center {port.crop_share:.3g} of the side" if port.crop_share < 1 else "")
    )
    target.print(f"weights: {escape(origin.source)}, license {escape(origin.license)}")
    if origin.digest:
        held = f", {size(origin.size_bytes)}" if origin.size_bytes else ""
        target.print(f"file: SHA-256 {origin.digest}{held}")
    if origin.note:
        target.print(f"note: {escape(origin.note)}")
    target.print(
        f"loaded: {load.loaded} tensors{named(load.missing, 'missing')}{named(load.unexpected, 'unexpected')}"
        f"{named(load.left_out, 'of the old classifier cut off')}"
    )
    if not card.traced:
        target.print("note: its graph could not be followed, so it is cut along its outermost parts only")


def named(names: tuple[str, ...], what: str) -> str:
    """Return how many tensors are missing, say, and the first of them."""
    if not names:
        return f", 0 {what}" if what in ("missing", "unexpected") else ""
    more = ", …" if len(names) > SHOWN_NAMES else ""
    return escape(f", {len(names)} {what} ({', '.join(names[:SHOWN_NAMES])}{more})")


def stage_row(stage: StageCard, state: str | None) -> list[str | None]:
    legal = "yes" if stage.cut_is_legal else "no"
    return [
        stage.name,
        stage.kind,
        count(stage.num_parameters),
        shape_in_words(stage.output_shape),
        legal,
        state,
    ]


def layer_rows(stage: StageCard, state: str | None) -> list[list[str | None]]:
    """Return a row for each layer; a base is cut between stages, never inside one."""
    return [
        [f"  {y.name}", y.kind, count(y.num_parameters), shape_in_words(y.output_shape), "", state]
        for y in stage.layers
    ]


def show_totals(card: BaseCard, cut: str | None) -> None:
    target, found = console(), totals(card, cut)
    if card.old_classifier is not None:
        old = card.old_classifier
        target.print(
            f"old classifier: {escape(old.name)}, {escape(old.kind)}, {count(old.num_parameters)} parameters, cut off"
        )
    target.print(
        f"{count(found['parameters'])} parameters in {len(card.stages)} stages, {count(found['buffers'])} values in "
        f"buffers, {size(found['bytes'])}"
    )
    if cut is not None:
        target.print(
            f"cut after '{escape(cut)}': {count(found['frozen'])} parameters frozen, "
            f"{count(found['trainable'])} trainable, without the new head"
        )


def totals(card: BaseCard, cut: str | None) -> dict[str, Any]:
    """Return the sums over all stages; frozen and trainable are None without a cut."""
    states = stage_states(card, cut)
    held = {
        state: sum(s.num_parameters for s, its in zip(card.stages, states, strict=True) if its == state)
        for state in ("frozen", "trainable")
    }
    return {
        "parameters": card.num_parameters,
        "frozen": None if cut is None else held["frozen"],
        "trainable": None if cut is None else held["trainable"],
        "buffers": card.num_buffer_values,
        "bytes": card.num_bytes,
    }


def base_as_dict(card: BaseCard, cut: str | None = None) -> dict[str, Any]:
    """Return the card as plain data, with totals; with a cut also the state of each stage and layer."""
    content: dict[str, Any] = plain(card)
    content["totals"] = totals(card, cut)
    content["legal_cuts"] = list(card.legal_cuts)
    if cut is None:
        return content
    states = stage_states(card, cut)
    content["cut"] = cut
    content["states"] = {s.name: state for s, state in zip(card.stages, states, strict=True)}
    for stage, state in zip(content["stages"], states, strict=True):
        stage["state"] = state
        for layer in stage["layers"]:
            layer["state"] = state
    return content


def stage_states(card: BaseCard, cut: str | None) -> list[str | None]:
    """Return "frozen" or "trainable" for each stage when the base is cut after ``cut``; None without a cut."""
    names = [stage.name for stage in card.stages]
    if cut is None:
        return [None] * len(names)
    boundary = names.index(cut) if cut in names else -1
    return ["frozen" if i <= boundary else "trainable" for i in range(len(names))]


def shape_in_words(shape: tuple[int, ...] | None) -> str | None:
    return None if shape is None else " × ".join(map(str, shape))


def short(values: tuple[float, ...]) -> str:
    return "/".join(f"{v:.3g}" for v in dict.fromkeys(values))

"""What a search may set: the dimensions of a flow, each with its range and the reason for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from graftwork.documents.flow import Flow
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import Augmentation, BatchNormMode, Recipe, Strategy
from graftwork.documents.tuning import Dimension, SearchChoices, Span
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.graph.contracts import BackboneSettings

if TYPE_CHECKING:
    from graftwork.documents.card import BaseCard

__all__ = ["DEFINITIONS", "Definition", "Space", "dimension_names"]

Params = Mapping[str, Any]
OFF = "off"


@dataclass(frozen=True)
class Definition:
    """One line of the table of dimensions; it is in force once the documents have its field.

    Args:
        name: of the field.
        place: document that has the field.
        kind: as ``Dimension`` says.
        low, high: of a number; for ``relative`` ones, as factors on what the flow has.
        values: what is chosen from.
        reason: why it is searched, and in this range.
        is_log: whether equal ratios are equally far.
        relative: 'own': range around the flow's value; 'usual': factor on what the recipe takes by default.
        only_unfrozen: whether it does nothing while the whole base is frozen.
        wants_batch_norm: whether it does nothing without batch-norm layers.
        also: further settings that come with a value; those of 'off' take it back.
        own: reads what a document has, where that is not its field alone.
    """

    name: str
    place: Literal["backbone", "recipe"]
    kind: Literal["number", "count", "choice", "ordered"]
    reason: str
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    is_log: bool = False
    relative: Literal["", "own", "usual"] = ""
    only_unfrozen: bool = False
    wants_batch_norm: bool = False
    also: Callable[[Any], Mapping[str, Any]] | None = None
    own: Callable[[Any], Any] | None = None

    @property
    def exists(self) -> bool:
        """Whether the documents have the field."""
        home = BackboneSettings if self.place == "backbone" else Recipe
        return self.name in home.model_fields


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "cut",
        "backbone",
        "ordered",
        "How much of the base is retrained decides most; every place where the base can be cut, from its input to "
        "its end.",
    ),
    Definition(
        "learning_rate",
        "recipe",
        "number",
        "A tenth to ten times of what is usual for a head, for pretrained layers or from scratch, so that one range "
        "fits all cuts.",
        0.1,
        10.0,
        is_log=True,
        relative="usual",
    ),
    Definition(
        "layer_decay",
        "recipe",
        "number",
        "Earlier stages hold more general features and may want smaller steps; at 0.5 the third stage from the "
        "head moves a quarter as fast.",
        0.5,
        1.0,
        only_unfrozen=True,
    ),
    Definition(
        "weight_decay",
        "recipe",
        "number",
        "From nearly none to 0.3, where it begins to hold back heads on small data.",
        1e-5,
        0.3,
        is_log=True,
    ),
    Definition(
        "batch_norm",
        "backbone",
        "choice",
        "Statistics of the source may not fit other images; free ones are noisy in small batches.",
        values=get_args(BatchNormMode),
        only_unfrozen=True,
        wants_batch_norm=True,
    ),
    Definition(
        "augment",
        "recipe",
        "choice",
        "Changed images help most where there are few; on a frozen base they cost further views.",
        values=get_args(Augmentation),
    ),
    Definition(
        "epochs",
        "recipe",
        "count",
        "A quarter to twice the flow's own: too few do not reach the end, too many cost time and may overfit.",
        0.25,
        2.0,
        is_log=True,
        relative="own",
    ),
    Definition(
        "l2_sp",
        "recipe",
        "choice",
        "A pull back to the pretrained weights keeps what they know; off, or from a weak to a strong pull.",
        values=(OFF, "0.001", "0.01", "0.1"),
        only_unfrozen=True,
    ),
    Definition(
        "lora_rank",
        "backbone",
        "choice",
        "Low-rank changes move far fewer parameters; off, or ranks over which results usually level off.",
        values=(OFF, "2", "4", "8", "16"),
        only_unfrozen=True,
        also=lambda rank: {"moving": "all" if rank is None else "lora"},
        own=lambda settings: settings.rank if settings.moving == "lora" else None,
    ),
)


def dimension_names() -> tuple[str, ...]:
    """Return the names of all dimensions that flows may have."""
    return tuple(d.name for d in DEFINITIONS if d.exists)


class Space:
    """The dimensions of one flow, and the flows that stand in it.

    Args:
        flow: as it stands.
        node: backbone whose settings are searched.
        card: of its base.
        choices: what the user wants searched and fixed.

    Raises:
        UnknownName: a dimension that there is not; the hint guesses.
        UsageError: nothing is left to search, a range that does not fit, or a value that cannot be.
    """

    def __init__(self, flow: Flow, node: str, card: BaseCard, choices: SearchChoices) -> None:
        self.node, self.card = node, card
        self._refuse_unknown(choices)
        own = BackboneSettings.model_validate(flow.node(node).settings)
        self._node, self._strategy = own, own.strategy
        self._cut = self.cut_of(own)
        self.cuts = tuple(self._legal_cuts())
        self.flow = self._with_fixed(flow, choices.fixed)
        self.dimensions = tuple(self._dimensions(choices))
        if not self.dimensions:
            raise UsageError(
                "There is nothing to search: every dimension is fixed or does nothing in this flow.",
                hint="Leave one of them free: " + ", ".join(dimension_names()) + ".",
            )

    # -- what there is ------------------------------------------------------------------------------

    def _refuse_unknown(self, choices: SearchChoices) -> None:
        known = dimension_names()
        for name in (*(span.name for span in choices.over), *choices.fixed):
            if name not in known:
                raise UnknownName(
                    f"There is no dimension '{name}' to search.", hint=did_you_mean(name, known), option=name
                )
        if both := sorted({span.name for span in choices.over} & set(choices.fixed)):
            raise UsageError(
                f"{', '.join(both)} cannot be both searched and fixed.", hint="Leave out one of the two."
            )

    def _legal_cuts(self) -> Iterator[str]:
        from graftwork.engine.strategy import why_not_cut

        for cut in (INPUT_CUT, *(stage.name for stage in self.card.stages)):
            if why_not_cut(self.card, cut) is None:
                yield cut

    def _dimensions(self, choices: SearchChoices) -> Iterator[Dimension]:
        spans = {span.name: span for span in choices.over}
        for definition in DEFINITIONS:
            is_wanted = not spans or definition.name in spans
            if not definition.exists or not is_wanted or definition.name in choices.fixed:
                continue
            why_not = self._why_idle(definition, "cut" not in choices.fixed and (not spans or "cut" in spans))
            if why_not is None:
                yield self._dimension(definition, spans.get(definition.name))
            elif definition.name in spans:
                raise UsageError(why_not, hint="Leave it out.")

    def _why_idle(self, definition: Definition, cut_is_free: bool) -> str | None:
        """Return why a dimension would silently do nothing, if it would."""
        if definition.wants_batch_norm and not any(
            layer.kind == "batch norm" for stage in self.card.stages for layer in stage.layers
        ):
            return f"{definition.name} does nothing: the base has no batch-norm layers."
        if definition.only_unfrozen and not cut_is_free and not self.moves(self._cut):
            return f"{definition.name} does nothing: the whole base is frozen and the cut is not searched."
        if definition.name == "cut" and len(self.cuts) < 2:
            return "The base has one cut alone."
        if definition.name == "cut" and self._node.only_stages:
            return "The flow names the stages that are retrained, instead of a cut."
        if definition.name == "lora_rank" and self._node.moving not in ("all", "lora"):
            return f"The flow says already what moves in free stages: '{self._node.moving}'."
        return None

    def idle(self, choices: SearchChoices) -> dict[str, str]:
        """Return the dimensions that would do nothing in the flow, each with the reason."""
        names = {d.name for d in self.dimensions}
        cut_is_free = "cut" in names
        left = (d for d in DEFINITIONS if d.exists and d.name not in names and d.name not in choices.fixed)
        return {d.name: why for d in left if (why := self._why_idle(d, cut_is_free)) is not None}

    def moves(self, cut: str) -> bool:
        """Whether pretrained parameters move at a cut."""
        return cut != self.card.stages[-1].name and self._strategy_at(cut) != "from_scratch"

    def _strategy_at(self, cut: str) -> Strategy:
        from graftwork.engine.strategy import strategy_at

        return strategy_at(self.card, cut, self._strategy)

    def _dimension(self, definition: Definition, span: Span | None) -> Dimension:
        if definition.kind in ("choice", "ordered"):
            return self._choice(definition, span)
        low, high, is_factor = self._range(definition, span)
        own = self._own(definition, is_factor)
        if span is None or span.low is None:
            low, high = min(low, own or low), max(high, own or high)  # what the flow has is always reached
        return Dimension(
            name=definition.name,
            place=definition.place,
            kind=definition.kind,
            low=low,
            high=high,
            is_log=definition.is_log and low > 0,
            is_factor=is_factor,
            only_unfrozen=definition.only_unfrozen,
            own=own,
            reason=definition.reason,
        )

    def _range(self, definition: Definition, span: Span | None) -> tuple[float, float, bool]:
        low, high = definition.low or 0.0, definition.high or 0.0
        if span is not None and span.values:
            raise UsageError(f"{span.name} is a number.", hint=f"Write {span.name}=LOW..HIGH.")
        if span is not None and span.low is not None and span.high is not None:
            low, high = span.low, span.high
            for end in (low, high):
                self._read(definition, int(end) if definition.kind == "count" else end)
            return (
                (float(int(low)), float(int(high)), False)
                if definition.kind == "count"
                else (low, high, False)
            )
        if definition.relative == "own":
            own = float(getattr(self.flow.recipe, definition.name))
            return max(1.0, round(low * own)), max(2.0, round(high * own)), False
        return low, high, definition.relative == "usual"

    def _choice(self, definition: Definition, span: Span | None) -> Dimension:
        known = self.cuts if definition.name == "cut" else definition.values
        own = self._own(definition, False)
        known = known if own in known else (*known, str(own))
        if span is not None and span.low is not None:
            raise UsageError(
                f"{span.name} is chosen, not a number.", hint=f"Write {span.name}=A,B of {', '.join(known)}."
            )
        for value in span.values if span else ():
            if value not in known:
                raise UnknownName(
                    f"{definition.name} cannot be '{value}' here.",
                    hint=did_you_mean(value, known),
                    option=value,
                )
        wanted = tuple(v for v in known if span is None or not span.values or v in (own, *span.values))
        if len(wanted) < 2:
            raise UsageError(
                f"{definition.name} has one value alone, so there is nothing to search in it.",
                hint=f"Fix it with --fix {definition.name}=VALUE.",
            )
        return Dimension(
            name=definition.name,
            place=definition.place,
            kind=definition.kind,
            values=wanted,
            only_unfrozen=definition.only_unfrozen,
            own=own,
            reason=definition.reason,
        )

    def _own(self, definition: Definition, is_factor: bool) -> Any:
        if definition.name == "cut":
            return self._cut
        home: Any = (
            self.flow.recipe
            if definition.place == "recipe"
            else BackboneSettings.model_validate(self.flow.node(self.node).settings)
        )
        value = definition.own(home) if definition.own else getattr(home, definition.name)
        if definition.kind == "choice":
            return OFF if value is None else str(value)
        if is_factor:
            return 1.0 if value is None else value / self.usual_rate(self._cut)
        return self.usual_rate(self._cut) if value is None else value

    def usual_rate(self, cut: str) -> float:
        """Return the learning rate that a recipe without one takes at a cut."""
        from graftwork.engine.optim import Part, default_rate

        part: Part = "new" if self._strategy_at(cut) == "from_scratch" else "pretrained"
        return default_rate(self.flow.recipe, "head_alone" if cut == self.card.stages[-1].name else part)

    # -- flows in it --------------------------------------------------------------------------------

    def _read(self, definition: Definition, value: Any) -> Any:
        """Return a value as the document takes it.

        Raises:
            UsageError: it does not take it.
        """
        from graftwork.project.options import read_as

        if value in (OFF, None) and OFF in definition.values:
            return None
        home = BackboneSettings if definition.place == "backbone" else Recipe
        extra = dict(definition.also(value)) if definition.also else {}
        return getattr(read_as(home, {**extra, definition.name: value}), definition.name)

    def _with_fixed(self, flow: Flow, fixed: Mapping[str, Any]) -> Flow:
        by_name = {d.name: d for d in DEFINITIONS}
        if "cut" in fixed:
            if fixed["cut"] not in self.cuts:
                cut = str(fixed["cut"])
                raise UnknownName(
                    f"The base cannot be cut at '{cut}'.", hint=did_you_mean(cut, self.cuts), option="cut"
                )
            self._cut = str(fixed["cut"])
            flow = self._set(flow, by_name["cut"], self._cut)
        for name, value in fixed.items():
            if name != "cut":
                flow = self._set(flow, by_name[name], self._read(by_name[name], value))
        return flow

    def _set(self, flow: Flow, definition: Definition, value: Any) -> Flow:
        if definition.place == "recipe":
            return flow.edit(recipe=flow.recipe.edit(**{definition.name: value}))
        settings = dict(flow.node(self.node).settings)
        if definition.name == "cut":
            settings |= {"cut": value, "strategy": self._strategy_at(value)}
        else:
            settings |= {definition.name: value} | dict(definition.also(value) if definition.also else {})
        if value is None:
            settings.pop(definition.name)
        nodes = tuple(n.edit(settings=settings) if n.id == self.node else n for n in flow.nodes)
        return flow.edit(nodes=nodes)

    def has(self, dimension: Dimension, params: Params) -> bool:
        """Whether a dimension does something beside the params that are known already."""
        return not dimension.only_unfrozen or self.moves(str(params.get("cut", self._cut)))

    def flow_at(self, params: Params) -> Flow:
        """Return the flow that has the params."""
        flow, by_name = self.flow, {d.name: d for d in DEFINITIONS}
        for dimension in self.dimensions:
            if dimension.name in params:
                value = self.value_of(dimension, params)
                flow = self._set(flow, by_name[dimension.name], value)
        return flow

    def value_of(self, dimension: Dimension, params: Params) -> Any:
        """Return what a flow has for a param: a factor becomes a rate, 'off' becomes None."""
        value = params[dimension.name]
        if dimension.is_factor:
            return float(f"{value * self.usual_rate(str(params.get('cut', self._cut))):.4g}")
        if dimension.kind == "number":
            return float(f"{value:.4g}")
        definition = next(d for d in DEFINITIONS if d.name == dimension.name)
        return value if dimension.kind == "ordered" else self._read(definition, value)

    def default_params(self) -> dict[str, Any]:
        """Return the params of the flow as it stands; what lies outside of a range is at its nearest end."""
        found: dict[str, Any] = {}
        for d in self.dimensions:
            if self.has(d, found):
                found[d.name] = _inside(d)
        return found

    def params_of(self, flow: Flow) -> dict[str, Any]:
        """Return the params that come nearest to another flow with this base."""
        own = BackboneSettings.model_validate(flow.node(self.node).settings)
        found: dict[str, Any] = {}
        for d in self.dimensions:
            if not self.has(d, found):
                continue
            home: Any = flow.recipe if d.place == "recipe" else own
            definition = next(x for x in DEFINITIONS if x.name == d.name)
            value = definition.own(home) if definition.own else getattr(home, d.name)
            if d.name == "cut":
                value = self.cut_of(own)
            elif d.name == "learning_rate":
                usual = self.usual_rate(str(found.get("cut", self._cut)))
                value = (value or usual) / (usual if d.is_factor else 1.0)
            elif d.kind == "choice":
                value = OFF if value is None else str(value)
            is_known = d.kind not in ("choice", "ordered") or value in d.values
            found[d.name] = _inside(d.edit(own=value) if is_known else d)
        return found

    def cut_of(self, settings: BackboneSettings) -> str:
        """Return the cut that a backbone's settings mean for this base."""
        from graftwork.engine.strategy import resolve_cut

        return resolve_cut(self.card, settings.strategy, settings.cut)

    def edges(self) -> Sequence[dict[str, Any]]:
        """Return the params of both ends of the cuts with the flow's other settings: the ends of the front."""
        cut = next((d for d in self.dimensions if d.name == "cut"), None)
        if cut is None:
            return []
        ends = [c for c in (cut.values[-1], cut.values[0]) if c != cut.own]
        return [
            {d.name: end if d is cut else _inside(d) for d in self.dimensions if self.has(d, {"cut": end})}
            for end in ends
        ]


def _inside(dimension: Dimension) -> Any:
    """Return what the flow has, or what is nearest to it in the range."""
    own = dimension.own
    if dimension.kind in ("choice", "ordered"):
        return own
    assert dimension.low is not None
    assert dimension.high is not None
    value = min(max(float(own or 0.0), dimension.low), dimension.high)
    return int(value) if dimension.kind == "count" else value

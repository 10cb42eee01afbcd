"""A search for settings: what is searched, its rounds, the ones that nothing beats, and the one to take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.flow import Flow
from graftwork.documents.prior import SettingsPrior
from graftwork.documents.record import Interval

__all__ = [
    "Dimension",
    "FinalRuns",
    "Importance",
    "Round",
    "RoundOrigin",
    "RoundStatus",
    "Sampler",
    "Search",
    "SearchChoices",
    "SearchSetup",
    "SearchSpace",
    "SearchState",
    "SearchStatus",
    "SearchSummary",
    "Span",
]

Sampler = Literal["tpe", "random"]
RoundStatus = Literal["running", "finished", "pruned", "infeasible", "failed"]
RoundOrigin = Literal["default", "advice", "edge", "prior", "suggested"]
SearchStatus = Literal["none", "starting", "waiting", "running", "stopped", "failed", "finished"]
Value = float | int | str | None


class Span(Document):
    """One dimension that is searched, and where, if not in its usual range."""

    name: str = Field(description="Name of a dimension.")
    low: float | None = Field(None, description="Smallest value, of a number.")
    high: float | None = Field(None, description="Largest value, of a number.")
    values: tuple[str, ...] = Field((), description="What is chosen from, of a choice.")

    @model_validator(mode="after")
    def _not_inverted(self) -> Span:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.name} wants both ends of its range, LOW..HIGH")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(
                f"{self.name} has the range {self.low:g}..{self.high:g}: the first end must be the smaller one"
            )
        return self


class SearchChoices(Document):
    """What is searched, how long, and how."""

    over: tuple[Span, ...] = Field((), description="Dimensions to search. Empty: all that this flow has.")
    fixed: dict[str, JsonValue] = Field(
        default_factory=dict, description="Dimension → value that is not searched but set."
    )
    rounds: Annotated[int, Field(ge=2, le=10_000)] = Field(
        30, description="Trainings in all, over all sittings; the flow as it stands is the first."
    )
    minutes: Annotated[float, Field(gt=0.0)] | None = Field(
        None, description="Minutes of training in all, over all sittings. Empty: no limit."
    )
    sampler: Sampler = Field(
        "tpe", description="'tpe': learns from earlier rounds (Bergstra 2011); 'random': does not."
    )
    prune: bool = Field(
        True, description="Whether a round that lags behind the middle one of the others is ended early."
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Of the suggestions.")
    prior: str | None = Field(
        None,
        description="Past tasks to draw first rounds from: a file of graftwork prior export, or a project's folder. After n rounds of "
        "its own the search draws from it with the chance 8 / (8 + n).",
    )


class Dimension(Document):
    """Something that a search may set: where it stands in a flow, in what range, and why there."""

    name: str
    place: Literal["backbone", "recipe"] = Field(description="Where in the flow it is a setting.")
    kind: Literal["number", "count", "choice", "ordered"] = Field(
        description="'ordered': one of its values, which have an order."
    )
    low: float | None = None
    high: float | None = None
    is_log: bool = False
    is_factor: bool = Field(
        False, description="Whether the range is of a factor on what the recipe takes by default."
    )
    values: tuple[str, ...] = ()
    only_unfrozen: bool = Field(
        False, description="Whether it is there only in rounds that move pretrained parameters."
    )
    own: Value = Field(description="What the flow has; of a factor, the factor.")
    reason: str = Field(description="Why it is searched, and in this range.")


class SearchSpace(Document):
    """What a search of a flow would set, and what it leaves alone."""

    node: str = Field(description="Backbone whose settings are searched.")
    dimensions: tuple[Dimension, ...]
    idle: dict[str, str] = Field(
        default_factory=dict, description="Dimension → why it would do nothing in this flow."
    )


class Round(Document):
    """One training of a search."""

    number: int = Field(description="From 0.")
    status: RoundStatus
    origin: RoundOrigin = Field(
        description="'default': the flow as it stands; 'advice': as was advised; 'edge': one end of the cuts with the flow's other "
        "settings; 'prior': drawn from past tasks; 'suggested': by the sampler."
    )
    settings: dict[str, Value] = Field(description="Dimension → what the round's flow has.")
    params: dict[str, Value] = Field(description="Dimension → what was suggested: factors as factors.")
    score: Interval | None = Field(None, description="On the validation images, with its 95 % interval.")
    trained_share: float = Field(1.0, description="Of its main phase that was done; less than 1 when pruned.")
    trainable_parameters: int | None = None
    seconds: float = 0.0
    base_images: int = Field(0, description="Images that went through the base from its input on.")
    cache_hits: int = Field(0, description="Stored features that were found instead of computed.")
    message: str | None = Field(None, description="Why it was pruned, refused or failed.")


class Importance(Document):
    """How much of the variance of the score a dimension explains, alone and by its interactions (fANOVA)."""

    name: str
    share: float | None = Field(description="Of all that was looked at together, 0 to 1; None: not said.")
    num_rounds: int = Field(description="Finished rounds that it rests on.")
    reason: str = Field("", description="Why nothing is said.")


class FinalRuns(Document):
    """The chosen settings and the flow as it stood, as ordinary runs, on the test images."""

    best: str = Field(description="Id of the run of the chosen settings.")
    default: str = Field(description="Id of the run of the flow as it stood.")
    status: Literal["running", "finished", "failed"]
    best_score: Interval | None = None
    default_score: Interval | None = None
    gain: Interval | None = Field(
        None, description="How much higher the chosen one scores: paired, by image."
    )
    message: str | None = None


class SearchSetup(VersionedDocument):
    """What a search stands on; written once, at its begin."""

    id: str
    created: str = Field(description="UTC.")
    flow: Flow = Field(description="As it stands: what round 0 trains.")
    node: str = Field(description="Backbone whose settings are searched.")
    choices: SearchChoices
    dimensions: tuple[Dimension, ...]
    base: str
    data_digest: str
    advised: dict[str, Value] = Field(default_factory=dict, description="What was advised, as params.")
    prior: SettingsPrior | None = Field(None, description="As it was when the search began.")
    measures: dict[str, float] = Field(default_factory=dict, description="Of the images, with a prior.")


class Search(VersionedDocument):
    """A search as far as it is: its rounds, the front that nothing beats, and what to take."""

    id: str
    created: str
    name: str = Field(description="Of the flow.")
    base: str
    choices: SearchChoices
    dimensions: tuple[Dimension, ...]
    score_name: str | None = Field(None, description="The main score, such as accuracy; none yet.")
    num_images: int = Field(0, description="Validation images that rounds are scored on.")
    rounds: tuple[Round, ...] = ()
    front: tuple[int, ...] = Field(
        (),
        description="Rounds that no other one beats: higher score, fewer trainable parameters and less time at once.",
    )
    highest: int | None = Field(None, description="Round of the highest score.")
    best: int | None = Field(
        None,
        description="The one to take: of those within one standard error of the highest score and not below the default, the one that "
        "trains fewest parameters.",
    )
    best_flow: Flow | None = Field(None, description="The flow with the settings to take.")
    why: str = Field("", description="Why that one, in a sentence.")
    importance: tuple[Importance, ...] = ()
    num_pruned: int = 0
    num_infeasible: int = 0
    num_failed: int = 0
    seconds: float = Field(0.0, description="Of all rounds together.")
    base_images: int = 0
    cache_hits: int = Field(0, description="Features that rounds found instead of computing them.")
    notes: tuple[str, ...] = ()
    final: FinalRuns | None = None


class SearchState(Document):
    """How far a search is."""

    id: str
    status: SearchStatus = "none"
    message: str | None = Field(None, description="Why it failed or stopped.")
    done: int = 0
    total: int = 0
    at: str = Field("", description="What is trained now, in words.")
    share: float = Field(0.0, description="Done, 0 to 1, of rounds or minutes, whichever ends first.")
    seconds_left: float | None = None
    search: Search | None = Field(None, description="What is known so far.")


class SearchSummary(Document):
    """One search of a project, for a list."""

    id: str
    created: str
    name: str
    base: str
    status: SearchStatus
    done: int
    total: int
    score_name: str | None = None
    best_score: float | None = None

"""What the server says beyond the documents of the layers below: cards for lists, and requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from graftwork.documents.card import InputPort
from graftwork.documents.document import Document
from graftwork.documents.events import EventLine
from graftwork.documents.flow import Flow
from graftwork.documents.places import PlacesOfImage
from graftwork.documents.plan import Plan
from graftwork.documents.preview import PreviewDocument
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import Interval, RunRecord
from graftwork.graph.contracts import ImagesSettings
from graftwork.graph.propose import Facts
from graftwork.project.progress import RunProgressDocument

__all__ = [
    "AppInfo",
    "AugmentRequest",
    "AugmentedSample",
    "BaseItem",
    "CheckRequest",
    "DataRequest",
    "ErrorBody",
    "EventsMessage",
    "ExportReply",
    "FeedMessage",
    "FileItem",
    "FileListing",
    "FlowCard",
    "FlowChange",
    "FlowRequest",
    "FlowSave",
    "FlowStart",
    "FlowsChanged",
    "Hello",
    "Hub",
    "NameRequest",
    "PathRequest",
    "PredictionReply",
    "PreviewReply",
    "PreviewRequest",
    "ProjectCard",
    "ProjectOpen",
    "RunCard",
    "RunEdit",
    "RunExport",
    "RunStart",
    "RunView",
    "RunsChanged",
    "SamplesRequest",
    "SourceUse",
    "TemplateCard",
    "Upload",
    "Watch",
]


class ErrorBody(Document):
    """What every refused request answers."""

    error: str = Field(description="Kind of error, a class of graftwork.errors.")
    message: str
    hint: str | None = None
    node: str | None = None
    line: int | None = None
    problems: tuple[Any, ...] = ()
    fields: dict[str, Any] = Field(default_factory=dict)


class ProjectCard(Document):
    """A project in a list."""

    id: str
    name: str
    path: str
    opened: float | None = Field(description="When it was last opened, seconds since 1970.")
    num_flows: int
    num_runs: int
    is_trusted: bool = Field(description="Whether custom code from its folder is run.")


class AppInfo(Document):
    """The program, the machine, and what is open."""

    version: str
    device: str = Field(description="What trains: the processor, or a graphics card, in words.")
    num_threads: int
    memory_bytes: int
    current: str | None = Field(description="Id of the project that the studio was started on.")
    projects: tuple[ProjectCard, ...] = Field(description="Opened lately, the last one first.")
    roots: tuple[str, ...] = Field(description="Folders below which files may be read.")
    is_local: bool = Field(description="Whether only this machine can reach the server.")


class ProjectOpen(Document):
    """Open a project, or make one."""

    path: str
    create: bool = False


class PathRequest(Document):
    """A path on the server's machine."""

    path: str


class NameRequest(Document):
    """A new name."""

    name: str = Field(min_length=1, max_length=200)


class FileItem(Document):
    """One entry of a folder."""

    name: str
    path: str
    kind: Literal["folder", "table", "arrays", "archive", "image", "weights", "flow", "other"]
    size: int | None = None


class FileListing(Document):
    """A folder below an opened root."""

    path: str
    parent: str | None = Field(description="None at the top of a root.")
    items: tuple[FileItem, ...]
    num_images: int = Field(description="Images directly in it.")
    is_cut: bool = Field(description="Whether there are more entries than are listed.")


class TemplateCard(Document):
    """A flow to start from."""

    name: str
    title: str
    description: str
    components: tuple[str, ...]
    base: str | None
    is_ready: bool = Field(description="Whether it runs as it is, on embedded data.")
    wants: str | None = Field(description="What has to be filled in first.")


class BaseItem(Document):
    """A base in a list."""

    id: str
    host: str
    title: str
    num_parameters: int | None = None
    available_offline: bool
    license: str


class RunCard(Document):
    """A run in a list."""

    id: str
    name: str | None
    status: str
    created: str | None
    base: str | None
    strategy: str | None
    cut: str | None
    seed: int | None
    source: str | None
    num_classes: int | None
    score_name: str | None = Field(None, description="The score that stands for all.")
    score_split: str | None = None
    score: Interval | None = None
    seconds: float | None
    base_images: int | None
    proof_holds: bool | None
    note: str | None = None
    message: str | None = None


class FlowCard(Document):
    """A flow in a list."""

    name: str
    title: str
    modified: float
    source: str | None
    base: str | None
    num_nodes: int
    num_runs: int
    problem: str | None = Field(description="Why the file does not read as a flow.")


class SourceUse(Document):
    """A data source, and the flows that read it."""

    source: str
    title: str
    flows: tuple[str, ...]


class Hub(Document):
    """Everything in a project: data sources, flows, runs."""

    sources: tuple[SourceUse, ...]
    flows: tuple[FlowCard, ...]
    runs: tuple[RunCard, ...]


class FlowStart(Document):
    """A new flow: from a template, from images, from a run, or a given one."""

    name: str | None = None
    template: str | None = None
    source: str | None = Field(None, description="Images to start from; the flow fits their labels.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the images node, as the source's card proposes them."
    )
    run: str | None = Field(None, description="A run whose flow is taken up again.")
    flow: Flow | None = None


class FlowSave(Document):
    """A flow to save: as a document, or as text."""

    flow: Flow | None = None
    text: str | None = None
    if_digest: str | None = Field(None, description="Digest of what was edited; none for a new file.")


class FlowRequest(Document):
    """A flow to be looked at; it need not be saved."""

    flow: Flow


class CheckRequest(FlowRequest):
    """A flow to be checked, with what is known of its data and bases."""

    facts: Facts | None = None


class PreviewRequest(Document):
    """A node of a flow, and on what samples it is shown."""

    flow: Flow
    node: str
    samples: tuple[str, ...] | None = Field(None, description="Keys; none takes some of each class.")
    number: int = Field(4, ge=1, le=64)
    split: Literal["train", "validation", "test"] | None = None
    run: str | None = Field(None, description="Run whose weights are put in.")
    port: str | None = Field(None, description="Output, or a stage of the node's base.")
    channel: int | None = None
    order: Literal["index", "activity"] = "activity"


class PreviewReply(Document):
    """A preview; its pictures are fetched as /api/projects/ID/pictures/NAME.png."""

    document: PreviewDocument


class DataRequest(Document):
    """The settings of an images node, and the seed of the split."""

    settings: ImagesSettings
    seed: int = 0


class SamplesRequest(DataRequest):
    """Which samples of a data set are to be listed."""

    label: str | None = None
    split: Literal["train", "validation", "test"] | None = None
    text: str = ""
    only: Literal["all", "excluded", "relabeled", "problem"] = "all"
    offset: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=500)


class AugmentRequest(Document):
    """Samples to be shown before and after augmentation."""

    settings: ImagesSettings
    recipe: Recipe
    port: InputPort | None = None
    keys: tuple[str, ...]
    views: int = Field(4, ge=1, le=8)


class AugmentedSample(Document):
    """A sample as the network gets it, and some augmented views; names of pictures."""

    key: str
    before: str
    after: tuple[str, ...]


class Upload(Document):
    """A place that dropped files are sent to."""

    id: str


class RunStart(Document):
    """A flow to run."""

    flow: Flow
    control: Literal["from_scratch", "head_only"] | None = Field(
        None, description="Run the automatic control of the flow instead."
    )


class RunEdit(Document):
    """Name and note of a run."""

    name: str | None = None
    note: str | None = None


class RunExport(Document):
    """The format to export to."""

    to: str = "onnx"


class FlowChange(Document):
    """What changed in a flow file."""

    name: str
    digest: str | None = Field(description="None when it was deleted.")


class RunView(Document):
    """A run as its folder shows it."""

    card: RunCard
    record: RunRecord | None
    plan: Plan | None
    flow: Flow | None
    progress: RunProgressDocument | None
    has_report: bool
    exports: tuple[str, ...] = Field(description="Files of its exports.")
    log: str = Field(description="The last lines that its process wrote.")


class ExportReply(Document):
    """A run after an export, and how far the export agrees with it."""

    view: RunView
    summary: str = Field(description="What was written and how it was checked, in one sentence.")


class PredictionReply(Document):
    """What a run says about one image."""

    image: str
    label: str | None
    probability: float | None
    probabilities: dict[str, float]
    values: dict[str, float]
    problem: str | None
    places: PlacesOfImage | None = Field(
        None, description="Of masks and heat maps: pictures that the server keeps."
    )


class Watch(Document):
    """Sent by the page: follow a run from an event on, or no longer."""

    kind: Literal["watch", "unwatch"]
    project: str
    run: str
    after: int = Field(0, ge=0, description="Number of event lines that the page has.")


class Hello(Document):
    """First message of the feed."""

    kind: Literal["hello"] = "hello"
    version: str


class EventsMessage(Document):
    """Events of a run, in order, and how far it is."""

    kind: Literal["events"] = "events"
    project: str
    run: str
    first: int = Field(description="Number of the first line, from 0.")
    lines: tuple[EventLine, ...]
    progress: RunProgressDocument | None


class FlowsChanged(Document):
    """Flow files changed."""

    kind: Literal["flows_changed"] = "flows_changed"
    project: str
    flows: tuple[FlowChange, ...]


class RunsChanged(Document):
    """Runs came, went or changed their status."""

    kind: Literal["runs_changed"] = "runs_changed"
    project: str
    statuses: dict[str, str]


FeedMessage = Annotated[Hello | EventsMessage | FlowsChanged | RunsChanged, Field(discriminator="kind")]

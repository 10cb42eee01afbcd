"""What a bench does: each task is a function that takes the child's kept state first."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graftwork.documents.card import BaseCard
from graftwork.documents.flow import Flow
from graftwork.documents.node_code import NodeCode
from graftwork.documents.plan import Plan
from graftwork.documents.preview import PreviewDocument
from graftwork.documents.record import AnyScores
from graftwork.errors import FlowError, RunInterrupted
from graftwork.project.bench_trust import with_node

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState
    from graftwork.project.using import Prediction

__all__ = ["TASKS", "base_card", "evaluate", "export", "node_code", "open_node", "plan", "predict", "preview"]

TASKS: dict[str, str] = {
    "preview": "graftwork.project.bench_tasks:preview",
    "plan": "graftwork.project.bench_tasks:plan",
    "base_card": "graftwork.project.bench_tasks:base_card",
    "open_node": "graftwork.project.bench_tasks:open_node",
    "node_code": "graftwork.project.bench_tasks:node_code",
    "predict": "graftwork.project.bench_tasks:predict",
    "evaluate": "graftwork.project.bench_tasks:evaluate",
    "export": "graftwork.project.bench_tasks:export",
    "describe_source": "graftwork.project.data_tasks:describe_source",
    "data_view": "graftwork.project.data_tasks:data_view",
    "sample_page": "graftwork.project.data_tasks:sample_page",
    "augmented": "graftwork.project.data_tasks:augmented",
    "cut_table": "graftwork.project.cut_task:cut_table_task",
    "facts": "graftwork.project.facts:gather_facts",
    "inspect_adaptation": "graftwork.project.transferring.adapt_tasks:inspect_adaptation",
    "inspect_weighing": "graftwork.project.transferring.adapt_tasks:inspect_weighing",
    "inspect_propagation": "graftwork.project.transferring.adapt_tasks:inspect_propagation",
    "accept_labels": "graftwork.project.transferring.adapt_tasks:accept_labels",
    "inspect_gap": "graftwork.project.transferring.adapt_tasks:inspect_gap",
    "inspect_advice": "graftwork.project.choosing.advise:advise_task",
    "inspect_rate": "graftwork.project.choosing.find_rate:find_rate_task",
    "inspect_curve": "graftwork.project.looks.learning_curve:curve_task",
    "inspect_data": "graftwork.project.looks.quality_tasks:inspect_data",
    "inspect_data_effect": "graftwork.project.looks.quality_tasks:inspect_data_effect",
    "inspect_evaluation": "graftwork.project.looks.evaluating:inspect_evaluation",
    "inspect_other_data": "graftwork.project.looks.evaluating:inspect_other_data",
    "inspect_map": "graftwork.project.looks.map_tasks:inspect_map",
    "inspect_neighbors": "graftwork.project.looks.map_tasks:inspect_neighbors",
    "inspect_neighbors_of_picture": "graftwork.project.looks.map_tasks:inspect_neighbors_of_picture",
    "inspect_places": "graftwork.project.looks.places:inspect_places",
    "inspect_report": "graftwork.project.looks.reporting:report_task",
    "compare_report": "graftwork.project.looks.reporting:comparison_task",
    "rank_bases": "graftwork.project.choosing.rank:rank_task",
    "search_space": "graftwork.project.choosing.tune_opening:search_space",
    "list_bases": "graftwork.project.base_list:search_bases",
    "inspect_depth": "graftwork.project.looks.depth:depth_task",
    "inspect_drift": "graftwork.project.looks.drift:drift_task",
    "inspect_maps": "graftwork.project.looks.feature_maps:inspect_maps",
    "inspect_tried": "graftwork.project.looks.tried:inspect_tried",
    "inspect_mix": "graftwork.project.choosing.mix:mix_task",
    "mix_run": "graftwork.project.choosing.mix:mix_run_task",
    "soup_run": "graftwork.project.choosing.soup:soup_task",
    "inspect_saliency": "graftwork.project.looks.saliency:inspect_saliency",
}
"""Name of a task → 'module:function'. The module is imported in the child, when the task is first asked for."""


def preview(
    state: BenchState, flow: Flow, node: str, run: str | None = None, choices: Mapping[str, Any] | None = None
) -> tuple[PreviewDocument, dict[str, bytes]]:
    """Return what a node gives on a few samples, and its pictures as PNG files by name.

    Args:
        state: of the child.
        flow: may have problems that the node does not stand on.
        node: id of the node.
        run: id of the run whose weights are shown.
        choices: as ``PreviewSession.preview`` takes them.

    Raises:
        NotTrusted: the node stands on custom code from a folder that the user does not trust.
        GraftworkError: as the session raises.
    """
    folder = None if run is None else state.project.find(run).path
    found = state.session.preview(flow, node, run=folder, stop=state.stop, **dict(choices or {}))
    return found.document, {name: state.png(picture) for name, picture in found.pictures.items()}


def plan(state: BenchState, flow: Flow) -> Plan:
    """Return what running a flow would do.

    Raises:
        FlowError: the flow has problems; all are listed.
        NotTrusted: it has custom code from a folder that the user does not trust.
    """
    from graftwork.engine.run import plan_flow
    from graftwork.graph.check import checked

    return plan_flow(checked(flow), workspace=state.workspace)


def base_card(state: BenchState, base_id: str, image_size: int | None = None) -> BaseCard:
    """Return what a base says about itself.

    Raises:
        UnknownName, UsageError: no such base.
        BaseNotUsable: it does not open.
    """
    from graftwork.graph.contracts import BackboneSettings

    settings = BackboneSettings(base=base_id, image_size=image_size)
    return state.session.open_base(settings, None, 0).card


def open_node(state: BenchState, flow: Flow, node: str) -> BaseCard:
    """Return the card of the base in a backbone, or in custom code that holds a model, built as the flow builds it.

    Raises:
        UnknownName: no such node.
        FlowError: it holds no base, or what it stands on has problems.
        NotTrusted: it stands on custom code from a folder that the user does not trust.
    """
    from graftwork.engine.preview.scope import find_node

    find_node(flow, node)
    flow = with_node(flow, node)
    target = flow.node(node)
    if target.component == "backbone":
        return state.session.base_of(flow, target).card
    if target.component != "custom":
        raise FlowError(
            f"Node '{node}' is a '{target.component}' and holds no base.",
            hint="Open a backbone, or custom code that is one model.",
            node=node,
        )
    parts = state.session.parts_of(flow, node, stop=state.stop)
    if parts.placed is None:
        notes = parts.custom.notes if parts.custom is not None else ()
        raise FlowError(
            " ".join([f"The code of node '{node}' does not open into stages.", *notes]),
            hint="Code opens when it is one model from one image to one output.",
            node=node,
        )
    return parts.placed.base.card


def node_code(state: BenchState, flow: Flow, node: str) -> NodeCode:
    """Return a node as code: the module that was built, and the Python behind it.

    Raises:
        UnknownName: no such node or component.
        NotTrusted: it stands on custom code from a folder that the user does not trust.
    """
    from graftwork.project.bench_code import code_of_node

    flow = with_node(flow, node)
    return code_of_node(state.session, flow, node, state.root)


def predict(state: BenchState, run_id: str, images: Sequence[bytes]) -> list[Prediction]:
    """Return what a run says about images, in order; one that cannot be read says so in its place.

    Args:
        state: of the child.
        run_id: id of the run, its beginning, or its name.
        images: contents of image files.

    Raises:
        RunNotFound, RunError: no such run, or no weights.
        NotTrusted: it has custom code from a folder that the user does not trust.
    """
    from graftwork.project.using import Prediction, predict_images

    model = state.model(run_id)
    found: list[Prediction] = []
    for number, content in enumerate(images):
        if state.stop():
            raise RunInterrupted("The prediction was stopped.", hint="Ask for it again when it is wanted.")
        name, picture = f"image {number}", _decoded(content)
        if isinstance(picture, str):
            found.append(Prediction(name, problem=picture))
        else:
            made = next(predict_images(model, [picture]))
            found.append(Prediction(name, made.label, made.probability, made.probabilities, made.values))
    return found


def evaluate(
    state: BenchState, run_id: str, source: str | None = None, columns: Mapping[str, str | None] | None = None
) -> AnyScores:
    """Score a run on a source of labelled images, or on its own test images.

    Args:
        state: of the child; what the user should know is told on the way, as text.
        run_id: id of the run, its beginning, or its name.
        source: path or sample:NAME.
        columns: ``image_column``, ``label_column``, … of a table.
    """
    from graftwork.project.looks.other_data import scores_on

    run, model = state.project.find(run_id), state.model(run_id)
    return scores_on(run, model, source, dict(columns or {}), workspace=state.workspace, on_note=state.tell)


def export(state: BenchState, run_id: str, to: str = "onnx", destination: str | None = None) -> Any:
    """Write a run's model in another format, check it against the run, and return the export's report.

    Raises:
        UnknownName: no such format.
        ExportError: the export gives other predictions than the run, or nothing writes such a model.
    """
    from graftwork.project.exporting import export_run

    run, model = state.project.find(run_id), state.model(run_id)
    return export_run(run, model, to=to, destination=destination, workspace=state.workspace)


def _decoded(content: bytes) -> Any:
    """Return the picture in a file, or why there is none."""
    from PIL import Image, ImageOps

    from graftwork.project.using import unreadable_in_words

    try:
        with Image.open(io.BytesIO(content)) as picture:
            return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return unreadable_in_words(error)

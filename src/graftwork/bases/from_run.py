"""Host "run": the model of a finished run, to transfer from once more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from graftwork.bases.loading import digest_file, read_weights
from graftwork.bases.low_rank import merged_tensors
from graftwork.bases.opening import draw_blueprint
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import BaseCard, InputPort, Origin
from graftwork.documents.record import RunRecord
from graftwork.errors import BaseNotUsable, RunNotFound, WeightsMismatch, did_you_mean

__all__ = ["RunHost"]

BASE = "base."


class RunHost:
    """Bases such as "run:ID"; the beginning of the id will do. The run's head is left out."""

    name = "run"

    def open(self, name: str, request: Request) -> Blueprint:
        folder = find_run(name, request.runs)
        name = folder.name
        record, card = read_record(name, folder)
        size = request.image_size or built_size(card.port)
        blueprint = draw_blueprint(card.architecture, Request(size, request.runs, False, request.seed))
        blueprint.title = f"run {name} ({record.name})"
        blueprint.last_stage = card.stages[-1].name
        blueprint.port = run_port(card.port, request.image_size)
        if request.weights:
            path = folder / "weights.safetensors"
            fill_from_run(blueprint, read_weights(path), name)
            blueprint.must_be_complete = True
            blueprint.origin = Origin(
                source=f"run:{name}",
                license=card.origin.license,
                digest=digest_file(path),
                size_bytes=path.stat().st_size,
                note=f"Trained from {record.base}.",
            )
        return blueprint

    def summaries(self) -> Iterable[BaseSummary]:
        return ()


def find_run(name: str, runs: Path | None) -> Path:
    """Return the folder of the run of that id, or of the only one whose id begins like that.

    Raises:
        RunNotFound: no such run, several that begin like that, or no project to look in.
    """
    if runs is None:
        raise RunNotFound(f"'run:{name}' needs a project to look in.", hint="Name the project's folder.")
    known = sorted(p.name for p in runs.iterdir() if p.is_dir()) if runs.is_dir() else []
    found = [name] if name in known else [k for k in known if name and k.startswith(name)]
    if len(found) > 1:
        raise RunNotFound(
            f"{len(found)} runs begin with '{name}': {', '.join(found[:5])}{' …' * (len(found) > 5)}.",
            hint="Write more of the id.",
            runs=found,
        )
    if not found:
        hint = did_you_mean(name, known) if known else "The project has no runs yet."
        raise RunNotFound(f"There is no run '{name}' in {runs}.", hint=hint)
    return runs / found[0]


def read_record(name: str, folder: Path) -> tuple[RunRecord, BaseCard]:
    """Return the record of a run, and the card of the base that it used.

    Raises:
        BaseNotUsable: the run has not finished, failed, or has a base that only its code can build.
    """
    path = folder / "record.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseNotUsable(
            f"The record of run '{name}' cannot be read: {error}.", hint="Train it again."
        ) from error
    record = RunRecord.parse(content, name=str(path))
    if record.status in ("running", "failed") or record.card is None:
        raise BaseNotUsable(
            f"Run '{name}' is no base: its status is '{record.status}'.", hint="Take a run that has finished."
        )
    if record.card.architecture.startswith("custom:"):
        raise BaseNotUsable(
            f"Run '{name}' is no base: its model is made by the code of a Custom node.",
            hint="Take the flow of that run and change what follows the node.",
        )
    return record, record.card


def built_size(port: InputPort) -> int:
    return min(port.height, port.width)


def run_port(port: InputPort, image_size: int | None) -> InputPort:
    return port if image_size is None else port.edit(height=image_size, width=image_size)


def fill_from_run(blueprint: Blueprint, tensors: dict[str, Tensor], name: str) -> None:
    """Load the tensors of the run's base; what is there must fit without exception. The rest is left out.

    Low-rank changes are merged into their weights.

    Raises:
        WeightsMismatch: a tensor of the base has no place or another shape.
    """
    module = blueprint.module
    state = module.state_dict()
    base = merged_tensors({n.removeprefix(BASE): t for n, t in tensors.items() if n.startswith(BASE)})
    if any(n in state and state[n].shape != t.shape for n, t in base.items()):
        base = blueprint.adapt(base)
    wrong = [n for n, t in base.items() if n not in state or state[n].shape != t.shape]
    if wrong or not base:
        what = (
            f"{len(wrong)} tensors do not fit, first '{wrong[0]}'"
            if wrong
            else "it holds no tensors of a base"
        )
        raise WeightsMismatch(
            f"The weights of run '{name}' are not those of {blueprint.architecture}: {what}.",
            hint="Take another run, or open it at the image size that it was trained with.",
        )
    # A tensor that two layers share is saved under one of its names and must not be undone by the other.
    own = module.state_dict(keep_vars=True)
    shared = {id(own[n]): t for n, t in base.items()}
    module.load_state_dict({n: shared.get(id(t), t) for n, t in own.items()}, strict=True)
    blueprint.loaded = frozenset(base)
    blueprint.left_out = tuple(n for n in tensors if not n.startswith(BASE))

"""A run: a view on its folder. The folder is the truth; nothing is kept here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from graftwork.documents.events import EventLine, parse_event
from graftwork.documents.flow import Flow, read_flow
from graftwork.documents.plan import Plan
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import AnyScores, Cost, Proof, RunRecord, Scores, score_intervals
from graftwork.errors import FlowError, RunError
from graftwork.graph.contracts import BackboneSettings
from graftwork.project.labels import with_label
from graftwork.project.lock import is_locked
from graftwork.project.tail import EventTail, read_from

__all__ = ["EventTail", "Metrics", "Run", "new_run_id", "strategy_of", "word_of"]


class Metrics(Mapping[str, AnyScores]):
    """Scores by split, printed as one line each."""

    def __init__(self, scores: Mapping[str, AnyScores]) -> None:
        self._scores = dict(scores)

    def __getitem__(self, split: str) -> AnyScores:
        return self._scores[split]

    def of_classes(self, split: str) -> Scores:
        """Return the scores of a split whose images have one label each.

        Raises:
            KeyError: the split was not scored, or its labels are of another kind.
        """
        scores = self._scores[split]
        if not isinstance(scores, Scores):
            raise KeyError(f"The scores on '{split}' are of kind '{scores.kind}'.")
        return scores

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    def __repr__(self) -> str:
        if not self._scores:
            return "no scores yet"
        return "\n".join(f"{split}: {_line(scores)}" for split, scores in self._scores.items())


def _line(scores: AnyScores) -> str:
    if isinstance(scores, Scores):
        found = {"accuracy": scores.accuracy, "balanced": scores.balanced_accuracy}
    else:
        found = score_intervals(scores)
    values = [
        f"{name.replace('_', ' ')} {s.value:.3f} ({s.low:.3f}–{s.high:.3f})" for name, s in found.items()
    ]
    return ", ".join([*values, f"{scores.num_images} images"])


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """One execution of a flow, seen through its folder.

    Args:
        path: the run's folder.
    """

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def record(self) -> RunRecord:
        """What was done and what came out, under the name and with the note that the user gave.

        Raises:
            RunError: the run has no record, or one that does not read.
        """
        return with_label(_read(self.path / "record.json", RunRecord), self.path)

    @property
    def plan(self) -> Plan:
        """What the run set out to do.

        Raises:
            RunError: the run ended before its plan was made.
        """
        return _read(self.path / "plan.json", Plan)

    @property
    def flow(self) -> Flow:
        return read_flow(self.path / "flow.yaml")

    @property
    def metrics(self) -> Metrics:
        """Scores on ``validation`` and ``test``."""
        return Metrics({str(split): scores for split, scores in self.record.metrics.items()})

    @property
    def proof(self) -> Proof | None:
        """What stayed frozen and what moved."""
        return self.record.proof

    @property
    def cost(self) -> Cost | None:
        """What the run took."""
        return self.record.cost

    @property
    def status(self) -> str:
        """The record's status; without a living process, ``interrupted`` in the place of running.

        A run whose process died before it began is ``failed``.
        """
        status = self.record.status
        if status in ("starting", "queued", "running") and not is_locked(self.path):
            again = self.record.status  # what the process wrote last
            return {"starting": "failed", "queued": "failed", "running": "interrupted"}.get(again, again)
        return status

    @property
    def report(self) -> Path | None:
        """The run's HTML report, when one was written."""
        path = self.path / "report.html"
        return path if path.is_file() else None

    def events(self) -> Iterator[EventLine]:
        """Give what happened, oldest first; a line cut short by a killed process is left out."""
        path = self.path / "events.jsonl"
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    yield parse_event(line)
                except ValidationError:
                    continue

    def tail(self, after: int = 0) -> tuple[list[EventLine], int]:
        """Return what happened from line ``after`` of the log on, and the line to ask for next time.

        ``EventTail`` does the same for who asks often.
        """
        return read_from(self.path / "events.jsonl", after)

    def __repr__(self) -> str:
        try:
            return f"Run {self.id} ({self.status})\n{self.metrics!r}"
        except RunError as error:
            return f"Run {self.id} ({error.message})"


D = TypeVar("D", RunRecord, Plan)


def _read(path: Path, kind: type[D]) -> D:
    run = path.parent.name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("no JSON object")
    except FileNotFoundError as error:
        raise RunError(f"The run {run} has no {path.name} yet.", run=run) from error
    except (OSError, ValueError) as error:
        raise RunError(
            f"The {path.name} of run {run} cannot be read: {error}.",
            hint="Restore the file, or delete the run.",
            run=run,
        ) from error
    try:
        return kind.parse(content, name=str(path))
    except FlowError as error:
        raise RunError(error.message, hint=error.hint, run=run) from error


def new_run_id(strategy: str) -> str:
    """Return an id that sorts by time and reads: ``20260131-142530-head_only-3fa9`` (UTC)."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{strategy}-{secrets.token_hex(2)}"


def word_of(flow: Flow) -> str:
    """Return the word that ids of a flow's runs carry: its strategy, or that code of its own decides."""
    is_custom = flow.of_component("custom") and not flow.of_component("backbone")
    return "custom" if is_custom else strategy_of(flow)


def strategy_of(flow: Flow) -> Strategy:
    """Return the strategy of a flow's backbone; of other flows, what the plan is likely to find."""
    for node in flow.of_component("backbone"):
        return BackboneSettings.model_validate(node.settings).strategy
    return "head_only" if flow.of_component("custom") else "from_scratch"

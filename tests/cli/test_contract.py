"""What ``train --json`` promises. Scripts of users stand on this: fields are added, never taken away.

The document is the run's record without the base's card (``--full`` adds it), with the absolute ``path``
of the run folder, ``status`` and ``report``, the path of the HTML report.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field


class Promise(BaseModel):
    """Further fields may stand beside the promised ones; numbers are numbers, never text."""

    model_config = ConfigDict(extra="allow", strict=True)


class Value(Promise):
    value: float
    low: float
    high: float

    def model_post_init(self, _: Any) -> None:
        assert self.low <= self.value <= self.high


class SplitMetrics(Promise):
    num_images: int
    accuracy: Value
    balanced_accuracy: Value
    macro_f1: Value
    log_loss: Value
    majority_accuracy: float
    confusion: list[list[int]]


class Metrics(Promise):
    validation: SplitMetrics
    test: SplitMetrics


class Proof(Promise):
    frozen_tensors: int
    frozen_digest_before: str
    frozen_digest_after: str
    frozen_unchanged: bool
    trainable_tensors: int
    moved_tensors: int
    weights_digest: str = Field(pattern="^[0-9a-f]{64}$")


class Cost(Promise):
    seconds: float = Field(gt=0)
    base_images: int
    partial_images: int
    cache_hits: int
    cache_bytes: int
    peak_memory_bytes: int = Field(gt=0)


class TrainDocument(Promise):
    """The whole promise."""

    format: Literal[1]
    run: str
    name: str
    path: str
    status: Literal["finished", "stopped"]
    base: str
    strategy: str
    cut: str
    seed: int
    metrics: Metrics
    proof: Proof
    cost: Cost
    report: str | None


def test_train_json_keeps_its_promise(home: Any, photos: Path) -> None:
    document = TrainDocument.model_validate_json(home.trained.out)
    assert Path(document.path) == home.root / "runs" / document.run
    assert (document.name, document.strategy, document.seed) == ("first", "head_only", 0)
    assert document.base == "random:timm:resnet10t"
    assert document.report is not None
    assert Path(document.report).is_file()
    assert document.proof.frozen_unchanged
    assert document.proof.frozen_digest_before == document.proof.frozen_digest_after
    assert document.proof.moved_tensors == document.proof.trainable_tensors == 2
    assert document.cost.base_images == len(list(photos.rglob("*.png")))
    assert document.metrics.test.num_images == sum(map(sum, document.metrics.test.confusion))


def test_progress_goes_to_standard_error_only(home: Any) -> None:
    assert "phase main" in home.trained.err
    assert "phase main" not in home.trained.out


def test_show_and_resume_print_the_same_document(home: Any) -> None:
    trained = home.trained.json
    assert home("runs", "show", "first", "--json").json == trained
    assert home("runs", "resume", "first", "--json").json == trained


def test_the_card_comes_only_when_it_is_asked_for(home: Any) -> None:
    assert "card" not in home.trained.json
    assert home("runs", "show", "first", "--json", "--full").json["card"]["stages"]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_index_repeats_the_record(home: Any, split: str) -> None:
    rows = home("runs", "list", "--json").json["runs"]
    (row,) = [r for r in rows if r["name"] == "first"]
    scores = home.trained.json["metrics"][split]
    for part in ("low", "value", "high"):
        assert row[f"{split}_accuracy_{part}"] == scores["accuracy"][part]
        assert row[f"{split}_balanced_accuracy_{part}"] == scores["balanced_accuracy"][part]

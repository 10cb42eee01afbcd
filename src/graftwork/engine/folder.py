"""The run folder: names of its files, and how each is written and read."""

from __future__ import annotations

import platform
import re
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save as save_tensors

from graftwork.data import SPLITS, ImageSet, Split
from graftwork.documents.document import Document
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.plan import INPUT_CUT, ComputePlan, Plan
from graftwork.documents.record import DataSummary, Environment, RunRecord
from graftwork.engine.network import Network
from graftwork.engine.settings import FlowSettings
from graftwork.errors import RunError

__all__ = [
    "environment",
    "open_record",
    "peak_memory_bytes",
    "read_plan",
    "read_record",
    "summarize",
    "write_document",
    "write_objective",
    "write_predictions",
    "write_record",
    "write_samples",
    "write_weights",
]

PLAN, RECORD, WEIGHTS = "plan.json", "record.json", "weights.safetensors"
OBJECTIVE = "objective.safetensors"
SAMPLES, PREDICTIONS = "samples.parquet", "predictions.parquet"


def write_document(path: Path, document: Document) -> None:
    """Write a document as JSON."""
    write_atomically(path, document.model_dump_json(indent=1).encode())


def write_record(folder: Path, record: RunRecord) -> None:
    """Write the record of a run."""
    write_document(folder / RECORD, record)


def read_record(folder: Path) -> RunRecord | None:
    """Return the record in a run folder, or None.

    Raises:
        RunError: the file is there but is no record.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise RunError(f"{path} is no run record: {error}.") from error


def read_plan(folder: Path) -> Plan | None:
    """Return the plan in a run folder, or None."""
    path = folder / PLAN
    return Plan.model_validate_json(path.read_bytes()) if path.is_file() else None


def open_record(folder: Path, flow: Flow, settings: FlowSettings) -> RunRecord:
    """Return the record of the run that goes on in ``folder``, or a new one."""
    earlier = read_record(folder)
    if earlier is not None:
        return earlier.edit(status="running", message=None)
    record = RunRecord(
        run=folder.name,
        name=flow.name,
        path=str(folder),
        status="running",
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        base=settings.base_id,
        strategy=settings.backbone.strategy,
        cut=settings.backbone.cut or INPUT_CUT,
        seed=flow.recipe.seed,
    )
    write_record(folder, record)
    return record


def summarize(images: ImageSet) -> DataSummary:
    """Return what the record says about the data."""
    return DataSummary(
        source=images.source,
        digest=images.digest(),
        classes=images.classes,
        label_kind=images.label_kind,
        label_names=images.label_names,
        category_values=images.category_values,
        num_images={s: len(images.of_split(s)) for s in SPLITS},
        num_skipped=images.num_skipped,
        num_duplicates=images.num_duplicates,
        notes=tuple(p.message for p in images.problems),
    )


def write_samples(folder: Path, images: ImageSet) -> None:
    """Write key, label, split, group and digest of each sample."""
    table = pd.DataFrame(
        [(s.key, s.label, s.split, s.group, s.digest) for s in images.samples],
        columns=["key", "label", "split", "group", "digest"],
    )
    _write_table(folder / SAMPLES, table)


def write_predictions(
    folder: Path,
    images: ImageSet,
    probabilities: Mapping[Split, np.ndarray],
    odd: Mapping[Split, np.ndarray],
) -> None:
    """Write label, predicted label and all probabilities of validation and test images.

    Args:
        folder: of the run.
        images: the image set.
        probabilities: by split, what the main objective read, (n, k); of pixels nothing is written here.
        odd: by split, whether a mask shows something odd (n,); the label where masks tell anomalies.
    """
    tables = []
    for split, values in probabilities.items():
        if values.ndim > 2:  # of pixels: the classes alone are kept, as maps
            continue
        indices = images.of_split(split)
        table = pd.DataFrame({"key": [images.samples[i].key for i in indices], "split": split})
        labels = images.labels(indices) if images.label_kind != "mask" else odd[split].astype(np.int64)
        table["label"] = list(labels) if labels.ndim == 2 else labels
        if images.label_kind == "category" and values.shape[1] == len(images.classes):
            table["predicted"] = values.argmax(1)
        columns = [f"p_{i}" for i in range(values.shape[1])]
        tables.append(pd.concat([table, pd.DataFrame(values, columns=columns)], axis=1))
    if tables:
        _write_table(folder / PREDICTIONS, pd.concat(tables, ignore_index=True))


def _write_table(path: Path, table: pd.DataFrame) -> None:
    content = BytesIO()
    table.to_parquet(content, index=False)
    write_atomically(path, content.getvalue())


def write_weights(folder: Path, network: Network) -> None:
    """Write all tensors of the network as safetensors."""
    tensors = {n: t.detach().cpu().contiguous().clone() for n, t in network.tensors().items()}
    write_atomically(folder / WEIGHTS, save_tensors(tensors))


def write_objective(folder: Path, state: Mapping[str, torch.Tensor]) -> None:
    """Write what the objective learned from the data apart from the network's weights, if anything."""
    if state:
        tensors = {n: t.detach().cpu().contiguous().clone() for n, t in state.items()}
        write_atomically(folder / OBJECTIVE, save_tensors(tensors))


def peak_memory_bytes() -> int:
    """Return the largest memory that this process has held so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would start from the peak of the process that started this one
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def environment(compute: ComputePlan) -> Environment:
    """Return versions and hardware."""
    libraries: dict[str, Any] = {}
    for name in ("torchvision", "timm", "numpy", "Pillow", "scikit-learn"):
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover
            continue
    return Environment(
        graftwork=version("graftwork"),
        python=platform.python_version(),
        torch=torch.__version__,
        libraries=libraries,
        device=compute.device,
        processor=platform.processor() or platform.machine(),
        num_threads=compute.num_threads,
    )

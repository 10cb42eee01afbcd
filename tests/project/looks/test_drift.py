"""Drift of real runs: what was frozen did not move, what was trained did, and the proof agrees."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from graftwork.documents.drift import DriftReport
from graftwork.documents.recipe import Recipe
from graftwork.errors import RunError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.looks.drift import drift_of
from graftwork.project.run import Run

from ...conftest import TINY_BASE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("drift") / "home")


def trained(home: Project, source: Path, base: str = TINY_BASE, **settings) -> Run:
    recipe = Recipe(
        epochs=2, batch=16, precision="float32", memory_format="contiguous", **settings.pop("recipe", {})
    )
    return home.run(transfer_flow(str(source), base=base, image_size=32, recipe=recipe, **settings))


@pytest.fixture(scope="module")
def run(home: Project, stripes: Path) -> Run:
    return trained(home, stripes, strategy="some_layers")


@pytest.fixture(scope="module")
def report(home: Project, run: Run) -> DriftReport:
    return drift_of(home.inspect(run.id))


def test_frozen_stages_did_not_move_at_all_and_are_exactly_alike(report: DriftReport, run: Run) -> None:
    frozen = [p for p in report.parts if p.state == "frozen"]
    assert [p.name for p in frozen] == [s.name for s in run.plan.stages if s.is_frozen and s.num_parameters]
    for part in frozen:
        assert (part.movement, part.moved_tensors) == (0.0, 0)
        assert part.cka is not None
        assert (part.cka.value, part.cka.low, part.cka.high) == (1.0, 1.0, 1.0)
        if part.batch_norm is not None:
            assert (part.batch_norm.mean_shift, part.batch_norm.log_variance_ratio) == (0.0, 0.0)


def test_what_was_trained_moved_and_the_proof_counts_the_same(report: DriftReport, run: Run) -> None:
    moved = [p for p in report.parts if p.state == "trainable"]
    assert {p.role for p in moved} == {"base", "new"}
    for part in moved:
        assert part.movement is not None
        assert part.movement > 0
        assert part.moved_tensors == part.num_tensors
    assert run.proof is not None
    assert sum(p.moved_tensors for p in report.parts) == run.proof.moved_tensors
    last = [p for p in report.parts if p.role == "base" and p.cka is not None][-1]
    assert last.cka is not None
    assert last.cka.value < 1.0


def test_movement_is_that_of_the_saved_weights(report: DriftReport, run: Run, home: Project) -> None:
    start = {k: t.detach() for k, t in home.inspect(run.id).prepared.network.tensors().items()}
    end = load_file(run.path / "weights.safetensors")
    head = next(p for p in report.parts if p.role == "new")
    names = [k for k in start if k.startswith("head.") and isinstance(start[k], torch.Tensor)]
    parameters = {n for group in run.plan.phases[-1].groups for n in group.tensors}
    chosen = [n for n in names if n in parameters]
    gap = sum(float((end[n].double() - start[n].double()).pow(2).sum()) for n in chosen)
    size = sum(float(start[n].double().pow(2).sum()) for n in chosen)
    assert head.movement == pytest.approx((gap / size) ** 0.5)


def test_statistics_that_followed_the_batch_are_seen_to_shift(home: Project, stripes: Path) -> None:
    run = trained(home, stripes, strategy="all_layers", batch_norm="follow")
    report = drift_of(home.inspect(run.id))
    shifts = [p.batch_norm for p in report.parts if p.batch_norm is not None]
    assert shifts
    assert all(s.mean_shift > 0 and s.log_variance_ratio > 0 for s in shifts)


def test_what_is_asked_again_is_read_from_its_file(home: Project, run: Run, report: DriftReport) -> None:
    assert list((run.path / "inspections").glob("drift-*"))
    assert drift_of(home.inspect(run.id)) == report


def test_a_flow_alone_has_no_drift_nor_a_run_without_weights(home: Project, stripes: Path, run: Run) -> None:
    with pytest.raises(RunError, match="not trained"):
        drift_of(home.inspect(run.flow))
    other = trained(home, stripes)
    (other.path / "weights.safetensors").unlink()
    with pytest.raises(RunError, match="no trained weights"):
        drift_of(home.inspect(other.id))


def test_weights_that_are_no_numbers_are_said(home: Project, stripes: Path) -> None:
    run = trained(home, stripes, strategy="all_layers")
    path = run.path / "weights.safetensors"
    tensors = load_file(path)
    name = next(n for g in run.plan.phases[-1].groups for n in g.tensors if n.startswith("base."))
    tensors[name] = torch.full_like(tensors[name], float("nan"))
    save_file(tensors, path)
    report = drift_of(home.inspect(run.id))
    assert any("not finite" in note and name in note for note in report.notes)
    assert any(p.movement is None and p.num_parameters for p in report.parts)
    assert any(p.cka is None for p in report.parts if p.role == "base")


def test_a_transformer_has_means_over_its_tokens(home: Project, stripes: Path) -> None:
    run = trained(home, stripes, base="random:timm:test_vit", strategy="some_layers")
    report = drift_of(home.inspect(run.id))
    assert all(p.cka is not None for p in report.parts if p.role == "base")
    assert all(p.batch_norm is None for p in report.parts if p.role == "base")


def test_a_lora_run_moved_the_weights_that_it_changes_and_exports_merged(
    home: Project, stripes: Path, tmp_path: Path
) -> None:
    """Drift, prediction and ONNX see W + (alpha/r) B A; the file keeps W, A and B."""
    run = trained(home, stripes, strategy="some_layers", moving="lora", lora_rank=3)
    report = drift_of(home.inspect(run.id))
    changed = [p for p in report.parts if p.role == "base" and p.state != "frozen" and p.num_parameters]
    assert [p.name for p in changed] == [s.name for s in run.plan.stages if s.num_added]
    saved = load_file(run.path / "weights.safetensors")
    for part in changed:
        assert part.state == "partly"  # norms and small layers stay
        weights = {n.removesuffix(".lora.a") for n in saved if n.endswith(".lora.a")}
        prefix = f"base.{part.name}."
        assert part.moved_tensors == sum(n.startswith(prefix) or n == prefix[:-1] for n in weights)
    written = home.export(run.id, "onnx", destination=tmp_path / "model.onnx")
    assert written.num_agreeing == written.num_images > 0
    assert written.max_difference < 1e-4

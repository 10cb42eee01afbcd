"""Mixed and averaged runs: the ends are exact, the choice is validation's, and what cannot be averaged is refused."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from graftwork.bases.low_rank import merged_tensors
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import main_score
from graftwork.engine.start_again import StartAgain
from graftwork.engine.train import epoch_batches
from graftwork.errors import RunError, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.choosing.averaging import begin_again
from graftwork.project.run import Run

from ...conftest import TINY_BASE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("averaging") / "home")
    made.write_report = lambda run: None  # type: ignore[method-assign]  # tested once, on its own
    return made


def trained(home: Project, source: Path, **choices) -> Run:
    recipe = {
        "epochs": 2,
        "probe_epochs": 20,
        "batch": 16,
        "precision": "float32",
        "memory_format": "contiguous",
    }
    recipe |= choices.pop("recipe", {})
    split_seed = choices.pop("split_seed", None)
    settings = {"base": TINY_BASE, "image_size": 32, "strategy": "all_layers", **choices}
    flow = transfer_flow(str(source), recipe=Recipe(**recipe), **settings)
    return home.run(flow if split_seed is None else set_split_seed(flow, split_seed))


def set_split_seed(flow: Flow, seed: int) -> Flow:
    def of(node):
        return (
            node.edit(settings={**node.settings, "split_seed": seed}) if node.component == "images" else node
        )

    return flow.edit(nodes=tuple(of(node) for node in flow.nodes))


@pytest.fixture(scope="module")
def run(home: Project, stripes: Path) -> Run:
    return trained(home, stripes, batch_norm="follow", recipe={"learning_rate": 0.003})


@pytest.fixture(scope="module")
def others(home: Project, stripes: Path) -> list[Run]:
    """Runs of the same start and images: other rates, and one with a frozen half."""
    return [
        trained(home, stripes, strategy="most_layers", recipe={"learning_rate": 0.001}),
        trained(home, stripes, recipe={"learning_rate": 0.01}),
    ]


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.path / "weights.safetensors")


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def validation(run: Run) -> float:
    return main_score(run.metrics["validation"])[1].value


@pytest.fixture(scope="module")
def mixed(home: Project, run: Run):
    return home.mix(run.id, steps=3)


def test_ends_are_the_start_and_the_run_bit_for_bit(home: Project, run: Run) -> None:
    end = home.mix(run.id, t=1).run
    assert same(weights(end), weights(run))
    assert end.metrics["test"] == run.metrics["test"]
    assert end.metrics["validation"] == run.metrics["validation"]
    start = home.mix(run.id, t=0).run
    begun = begin_again(home, run, lambda: False)
    assert same(weights(start), begun.start)
    assert start.record.averaged is not None
    assert (start.record.averaged.start, start.record.averaged.batch_norm) == ("after_probe", "same")


@pytest.mark.slow
def test_start_is_the_head_only_result(home: Project, run: Run, stripes: Path) -> None:
    """By an independent route: a run of the head alone, as long as the probe, ends where the main phase begins."""
    head = trained(home, stripes, strategy="head_only", batch_norm="follow", recipe={"epochs": 5})
    start = begin_again(home, run, lambda: False).start
    found = weights(head)
    for name in start:
        if name.startswith("base."):
            assert torch.equal(start[name], found[name]), name
    told = [
        line.event for line in run.events() if line.event.kind == "epoch_ended" and line.event.phase == "main"
    ]
    made = begin_again(home, run, lambda: False)
    watched = made.measure(("validation",)).watched
    assert watched["loss"] == pytest.approx(told[0].validation_loss, rel=1e-6)
    assert watched["accuracy"] == told[0].validation_accuracy


def test_weights_between_are_the_formula_and_statistics_are_those_of_the_training_images(
    home: Project, run: Run, mixed
) -> None:
    half = home.mix(run.id, t=0.5).run
    begun: StartAgain = begin_again(home, run, lambda: False)
    start, end, found = begun.start, weights(run), weights(half)
    averaged = half.record.averaged
    assert averaged is not None
    assert averaged.batch_norm == "reestimated"
    statistics = [n for n in end if n.endswith("running_mean") and not torch.equal(start[n], end[n])]
    assert averaged.reestimated_layers == len(statistics) > 0
    for name, tensor in found.items():
        a, b = start[name].double().numpy(), end[name].double().numpy()
        if "num_batches" in name:
            assert torch.equal(tensor, end[name])
        elif "running" not in name:
            np.testing.assert_allclose(tensor.double().numpy(), 0.5 * a + 0.5 * b, rtol=1e-6, atol=1e-9)
    # the first batch-norm layer by hand: the mean over batches of the moments of what enters it
    begun.put(found)
    stem = next(m for m in begun.network.modules() if getattr(m, "running_mean", None) is not None)
    source, seen = begun.stores.images("train", is_augmented=False), []
    hook = stem.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0].detach().double()))
    batches = epoch_batches(len(source), 32, 0, 0, 0)
    with torch.no_grad():
        for positions in batches:
            begun.network.run(source.batch(positions, 0), [begun.network.output_wire])
    hook.remove()
    means = torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0)
    variances = torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(stem.running_mean.double(), means, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(stem.running_var.double(), variances, rtol=1e-4, atol=1e-5)


def test_choice_is_validations_and_not_the_test_images(mixed) -> None:
    curve = mixed.curve
    assert [p.t for p in curve.points] == [0.0, 0.5, 1.0]
    assert curve.chosen_by == "loss" or curve.chosen_by.endswith("accuracy")
    sign = -1 if curve.chosen_by == "loss" else 1
    best = max(sign * p.watched for p in curve.points)
    assert next(p for p in curve.points if p.t == curve.chosen_t).watched * sign == best
    assert mixed.t == curve.chosen_t == mixed.run.record.averaged.t
    point = next(p for p in curve.points if p.t == mixed.t)
    assert point.test == main_score(mixed.run.metrics["test"])[1]
    assert point.validation == main_score(mixed.run.metrics["validation"])[1]


def test_mixed_run_is_a_run_like_any_other(home: Project, run: Run, mixed, stripes: Path) -> None:
    made = mixed.run
    assert made.status == "finished"
    assert Project.write_report(home, made) is not None
    assert made.record.cost is not None
    assert made.id in [row["id"] for row in home.rows()]
    image = Image.open(sorted((stripes / "flat").iterdir())[0])
    assert home.predict(made.id, [image])[0].label in made.plan.classes
    assert home.evaluate(made.id) == made.metrics["test"]
    assert len(home.compare([run.id, made.id]).records) == 2
    child = trained(home, stripes, base=f"run:{made.id}", strategy="head_only", recipe={"epochs": 1})
    assert child.status == "finished"


def test_what_was_frozen_is_that_of_the_base(home: Project, others: list[Run]) -> None:
    parent = others[0]
    half = home.mix(parent.id, t=0.3).run
    assert half.proof is not None
    assert parent.proof is not None
    assert half.proof.holds
    assert half.proof.frozen_tensors == parent.proof.frozen_tensors > 0
    assert half.proof.frozen_digest_before == parent.proof.frozen_digest_before
    start = home.mix(parent.id, t=0).run.proof
    assert start is not None
    assert start.holds
    assert start.not_started > 0  # the base has not moved there


def test_repeats_are_the_same_bits(home: Project, run: Run) -> None:
    first, second = (home.mix(run.id, t=t).run for t in (0.5, 0.5))
    assert same(weights(first), weights(second))
    assert first.metrics["test"] == second.metrics["test"]


@pytest.mark.parametrize("kind", ["greedy", "uniform"])
def test_soup_of_one_run_is_that_run(home: Project, run: Run, kind) -> None:
    made = home.soup([run.id, run.id], kind=kind)
    assert same(weights(made), weights(run))
    assert made.metrics["test"] == run.metrics["test"]
    assert [p.run for p in made.record.averaged.parents] == [run.id]


def test_uniform_soup_is_the_mean(home: Project, run: Run, others: list[Run]) -> None:
    made = home.soup([run.id, *(o.id for o in others)], kind="uniform")
    parents = [weights(r) for r in (run, *others)]
    statistics = 0
    for name, tensor in weights(made).items():
        values = [p[name].double().numpy() for p in parents]
        if "running" in name:
            statistics += 1
        elif "num_batches" not in name:
            np.testing.assert_allclose(tensor.double().numpy(), sum(values) / 3, rtol=1e-6, atol=1e-9)
    assert statistics
    assert made.record.averaged.batch_norm == "reestimated"
    assert [p.share for p in made.record.averaged.parents] == pytest.approx([1 / 3] * 3)


def test_proof_of_a_soup_is_about_what_all_parents_held(home: Project, others: list[Run]) -> None:
    half_frozen, free = others
    for order in ([half_frozen, free], [free, half_frozen]):
        proof = home.soup([r.id for r in order], kind="uniform").proof
        assert proof.holds
        assert proof.frozen_tensors == free.proof.frozen_tensors < half_frozen.proof.frozen_tensors


def test_greedy_soup_is_never_below_the_best_run_on_validation(
    home: Project, run: Run, others: list[Run]
) -> None:
    made = home.soup([run.id, *(o.id for o in others)])
    averaged = made.record.averaged
    sign = -1 if averaged.chosen_by == "loss" else 1
    assert averaged.steps[0].is_kept
    alone = [sign * s.alone for s in averaged.steps]
    assert alone == sorted(alone, reverse=True)
    level = [sign * averaged.steps[0].alone]
    for step in averaged.steps[1:]:
        assert step.is_kept == (sign * step.together >= level[-1])
        level += [sign * step.together] if step.is_kept else []
    assert all(b >= a for a, b in pairwise(level))
    assert {s.run for s in averaged.steps if s.is_kept} == {p.run for p in averaged.parents}
    if averaged.chosen_by == "accuracy":
        assert validation(made) >= max(validation(r) for r in (run, *others))


def test_refusals_name_both_sides(
    home: Project, run: Run, others: list[Run], stripes: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"t is 1\.5"):
        home.mix(run.id, t=1.5)
    with pytest.raises(UsageError, match="1 steps"):
        home.mix(run.id, steps=1)
    with pytest.raises(UsageError, match="at least one"):
        home.soup([])
    other_data = trained(home, stripes, recipe={"epochs": 1, "seed": 3})
    with pytest.raises(RunError, match="same images") as told:
        home.soup([run.id, other_data.id])
    assert run.id in told.value.message
    assert other_data.id in told.value.message
    elsewhere = trained(home, stripes, split_seed=0, recipe={"epochs": 1, "seed": 3})
    with pytest.raises(RunError, match=f"{run.id} and {elsewhere.id} did not start the same"):
        home.soup([run.id, elsewhere.id])
    before = len(home.rows())
    altered = home.folder_of_runs / "altered"
    shutil.copytree(run.path, altered)
    (altered / "inspections").rename(tmp_path / "away") if (altered / "inspections").exists() else None
    tensors = weights(run)
    extra = {**tensors, "base.blocks.0.lora_a": torch.zeros(2)}
    save_file(extra, altered / "weights.safetensors")
    with pytest.raises(RunError, match=f"'base.blocks.0.lora_a' is in run altered and not in run {run.id}"):
        home.soup([run.id, "altered"])
    with pytest.raises(RunError, match="lora_a"):
        home.mix("altered", t=0.5)
    tensors["head.linear.bias"] = torch.full_like(tensors["head.linear.bias"], float("nan"))
    save_file(tensors, altered / "weights.safetensors")
    with pytest.raises(RunError, match="not finite"):
        home.soup([run.id, "altered"])
    (altered / "weights.safetensors").unlink()
    with pytest.raises(RunError, match="no trained weights"):
        home.mix("altered")
    shutil.rmtree(altered)
    assert len(home.rows()) == before  # a refusal leaves no run behind


@pytest.mark.slow
def test_start_that_scores_otherwise_than_the_run_said_is_refused(home: Project, others: list[Run]) -> None:
    altered = home.folder_of_runs / "drifted"
    shutil.copytree(others[1].path, altered)
    lines = (altered / "events.jsonl").read_text().splitlines()
    changed = []
    for line in lines:
        content = json.loads(line)
        event = content["event"]
        if event["kind"] == "epoch_ended" and event["phase"] == "main" and event["epoch"] == 0:
            event["validation_loss"] += 0.5
        changed.append(json.dumps(content))
    (altered / "events.jsonl").write_text("\n".join(changed) + "\n")
    with pytest.raises(RunError, match="cannot be made again"):
        home.mix("drifted", t=0.4)
    shutil.rmtree(altered)


def test_low_rank_changes_are_mixed_as_the_weights_they_change(home: Project, stripes: Path) -> None:
    parent = trained(home, stripes, moving="lora", lora_rank=2, recipe={"epochs": 1, "probe_epochs": 1})
    begun = begin_again(home, parent, lambda: False)
    half = merged_tensors(weights(home.mix(parent.id, t=0.25).run))
    start, end = merged_tensors(begun.start), merged_tensors(weights(parent))
    moved = [n for n in end if n.startswith("base.") and not torch.equal(start[n], end[n])]
    assert moved
    for name in moved:
        expected = 0.75 * start[name].double() + 0.25 * end[name].double()
        torch.testing.assert_close(half[name].double(), expected, rtol=1e-5, atol=1e-7)
    other = home.mix(parent.id, t=0.5).run
    with pytest.raises(RunError, match="mean of factors"):
        home.soup([parent.id, other.id])


@pytest.mark.slow
def test_heads_of_other_seeds_are_averaged_only_where_a_probe_brought_them_together(
    home: Project, run: Run, stripes: Path
) -> None:
    def child(seed: int, **recipe) -> Run:
        return trained(
            home, stripes, base=f"run:{run.id}", split_seed=0, recipe={"epochs": 1, "seed": seed, **recipe}
        )

    first, second = (child(seed, probe_epochs=3) for seed in (0, 1))
    assert home.soup([first.id, second.id], kind="uniform").proof.holds
    third = child(2, probe_first=False)
    with pytest.raises(RunError, match=f"differently in the runs {first.id} and {third.id}"):
        home.soup([first.id, third.id])


def test_without_validation_images_nothing_chooses(home: Project, stripes: Path) -> None:
    blind = trained(home, stripes, validation=0.0, recipe={"epochs": 1})
    with pytest.raises(RunError, match="no validation images"):
        home.mix(blind.id, steps=2)
    with pytest.raises(RunError, match="no validation images"):
        home.soup([blind.id])
    assert home.mix(blind.id, t=0.5).run.status == "finished"

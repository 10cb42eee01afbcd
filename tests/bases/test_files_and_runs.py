"""Bases from one's own files and runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.bases import Base, open_base
from graftwork.documents.record import RunRecord
from graftwork.errors import BaseNotUsable, RunNotFound, UsageError, WeightsMismatch

torch.set_num_threads(1)
ARCH = "timm:mobilenetv3_small_050"


def tensors(num_classes: int = 1000, seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    state: dict[str, Tensor] = timm.create_model(
        "mobilenetv3_small_050", num_classes=num_classes
    ).state_dict()
    return state


def opened(path: Path) -> Base:
    return open_base(f"file:{path}@{ARCH}", image_size=32)


def test_other_classes_give_the_same_base(tmp_path: Path) -> None:
    state = tensors()
    other = {**state, "classifier.weight": torch.ones(3, 1024), "classifier.bias": torch.ones(3)}
    save_file(state, tmp_path / "a.safetensors")
    save_file(other, tmp_path / "b.safetensors")
    one, two = opened(tmp_path / "a.safetensors"), opened(tmp_path / "b.safetensors")
    assert one.card.weights_digest == two.card.weights_digest
    assert sorted(two.card.load.left_out) == ["classifier.bias", "classifier.weight"]
    assert two.card.load.missing == ()
    assert torch.equal(one.module.state_dict()["classifier.bias"], state["classifier.bias"])


@pytest.mark.parametrize("form", ["{}?arch=" + ARCH, "{}@random:" + ARCH])
def test_other_ways_to_name_the_architecture(tmp_path: Path, form: str) -> None:
    save_file(tensors(), tmp_path / "a@b.safetensors")
    base = open_base("file:" + form.format(tmp_path / "a@b.safetensors"), image_size=32)
    assert base.card.architecture == ARCH
    assert base.card.load.missing == ()


def test_wrappings_are_taken_off_and_told(tmp_path: Path) -> None:
    state = {f"module.{name}": tensor for name, tensor in tensors().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "w.pth")
    base = opened(tmp_path / "w.pth")
    assert base.card.load.missing == ()
    assert "'state_dict'" in (base.card.origin.note or "")
    assert "'module.'" in (base.card.origin.note or "")


def test_a_few_missing_tensors_are_told(tmp_path: Path) -> None:
    state = tensors()
    del state["conv_stem.weight"]
    save_file({**state, "decoder.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    load = opened(tmp_path / "w.safetensors").card.load
    assert load.missing == ("conv_stem.weight",)
    assert load.unexpected == ("decoder.weight",)


@pytest.mark.parametrize("other", ["resnet18", "resnet34"])
def test_weights_of_another_architecture_are_refused(tmp_path: Path, other: str) -> None:
    asked = {"resnet18": "resnet34", "resnet34": "resnet18"}[other]
    save_file(timm.create_model(other).state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(WeightsMismatch, match=r"'layer1\.2\.") as caught:
        open_base(f"file:{tmp_path}/w.safetensors@timm:{asked}", image_size=32)
    assert f"timm:{asked}" in str(caught.value)


def test_other_shapes_are_refused_and_shown(tmp_path: Path) -> None:
    state = tensors()
    state["conv_stem.weight"] = torch.zeros(8, 3, 3, 3)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(
        WeightsMismatch, match=r"'conv_stem.weight' is \(8, 3, 3, 3\), wanted \(16, 3, 3, 3\)"
    ):
        opened(tmp_path / "w.safetensors")


def test_pickled_model_is_refused_with_a_safe_way(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Linear(2, 2)), tmp_path / "m.pth")
    with pytest.raises(BaseNotUsable, match=r"could run code.*save_file"):
        opened(tmp_path / "m.pth")


@pytest.mark.parametrize("name", ["bad.pth", "bad.safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello"])
def test_files_that_are_no_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BaseNotUsable, match=name):
        opened(tmp_path / name)


def test_a_tensor_alone_and_an_empty_dict_are_no_weights(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "t.pth")
    torch.save({"epoch": 3}, tmp_path / "e.pth")
    with pytest.raises(BaseNotUsable, match="Tensor"):
        opened(tmp_path / "t.pth")
    with pytest.raises(WeightsMismatch, match="no tensors"):
        opened(tmp_path / "e.pth")


def test_missing_file_and_missing_architecture(tmp_path: Path) -> None:
    with pytest.raises(BaseNotUsable, match="no weights file"):
        opened(tmp_path / "nothing.pth")
    with pytest.raises(UsageError, match="@timm:resnet18"):
        open_base(f"file:{tmp_path}/w.pth")
    with pytest.raises(UsageError, match="not an architecture"):
        open_base(f"file:{tmp_path}/w.pth?arch=file:x@timm:resnet18")


def test_position_embeddings_are_resampled(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=1)
    torch.save(timm.create_model("vit_tiny_patch16_224").state_dict(), tmp_path / "v.pth")
    base = open_base(f"file:{tmp_path}/v.pth@timm:vit_tiny_patch16_224", image_size=64)
    assert base.module.state_dict()["pos_embed"].shape == model.pos_embed.shape == (1, 17, 192)
    assert base.card.load.missing == ()


def write_run(
    runs: Path, name: str, base: Base, base_id: str, *, status: str = "finished"
) -> dict[str, Tensor]:
    """Write a run whose base was moved by one step of a kind."""
    state = {
        f"base.{n}": t.detach() + 1 if t.is_floating_point() else t.clone()
        for stage in base.stage_names()
        for n, t in base.tensors_of(stage).items()
    }
    folder = runs / name
    folder.mkdir(parents=True)
    save_file({**state, "head.weight": torch.zeros(2, 1024)}, folder / "weights.safetensors")
    record = RunRecord.model_validate(
        {
            "run": name,
            "name": "first",
            "path": str(folder),
            "status": status,
            "created": "2026-01-01T00:00:00Z",
            "base": base_id,
            "strategy": "all_layers",
            "cut": "input",
            "seed": 0,
            "card": base.card.model_dump(),
        }
    )
    (folder / "record.json").write_text(record.model_dump_json())
    return state


def test_run_of_a_run(tmp_path: Path) -> None:
    first = open_base(f"random:{ARCH}", image_size=32)
    saved = write_run(tmp_path, "one", first, f"random:{ARCH}")
    second = open_base("run:one", runs=tmp_path)
    assert second.card.port == first.card.port
    assert second.card.load.missing == ()
    assert second.card.load.left_out == ("head.weight",)
    assert second.card.origin.source == "run:one"
    assert torch.equal(second.tensors_of("stem")["conv_stem.weight"], saved["base.conv_stem.weight"])
    again = write_run(tmp_path, "two", second, "run:one")
    third = open_base("run:two", runs=tmp_path)
    assert third.card.architecture == ARCH
    assert torch.equal(third.tensors_of("stem")["conv_stem.weight"], again["base.conv_stem.weight"])
    untrained = open_base("random:run:two", runs=tmp_path)
    assert untrained.card.weights_digest == first.card.weights_digest


def test_the_beginning_of_a_runs_id_will_do(tmp_path: Path) -> None:
    base = open_base(f"random:{ARCH}", image_size=32)
    for name in ("20260131-aa", "20260131-ab", "20260131", "single/20260131"):
        write_run(tmp_path, name, base, ARCH)
    assert open_base("run:20260131-ab", runs=tmp_path).card.origin.source == "run:20260131-ab"
    assert open_base("run:202601", runs=tmp_path / "single").card.origin.source == "run:20260131"
    assert open_base("run:20260131", runs=tmp_path).card.origin.source == "run:20260131"
    with pytest.raises(RunNotFound, match="2 runs begin with '20260131-a'"):
        open_base("run:20260131-a", runs=tmp_path)
    with pytest.raises(RunNotFound, match="no run '2027'"):
        open_base("run:2027", runs=tmp_path)


def test_weights_of_a_run_are_not_a_file_but_a_run(tmp_path: Path) -> None:
    write_run(tmp_path, "one", open_base(f"random:{ARCH}", image_size=32), ARCH)
    for tail in ("", f"@{ARCH}"):
        with pytest.raises(UsageError, match="run 'one'") as caught:
            open_base(f"file:{tmp_path}/one/weights.safetensors{tail}")
        assert "run:one" in str(caught.value.hint)


def test_runs_that_are_no_base(tmp_path: Path) -> None:
    base = open_base(f"random:{ARCH}", image_size=32)
    write_run(tmp_path, "failed", base, ARCH, status="failed")
    with pytest.raises(BaseNotUsable, match="'failed'"):
        open_base("run:failed", runs=tmp_path)
    with pytest.raises(RunNotFound, match="Did you mean 'failed'"):
        open_base("run:faild", runs=tmp_path)
    with pytest.raises(RunNotFound, match="project"):
        open_base("run:failed")
    (tmp_path / "failed" / "record.json").write_text("{")
    with pytest.raises(BaseNotUsable, match="cannot be read"):
        open_base("run:failed", runs=tmp_path)


def test_a_run_of_custom_code_is_no_base(tmp_path: Path) -> None:
    base = open_base(f"random:{ARCH}", image_size=32)
    write_run(tmp_path, "one", base, "none")
    path = tmp_path / "one" / "record.json"
    path.write_text(path.read_text().replace(f'"architecture":"{ARCH}"', '"architecture":"custom:cell"'))
    with pytest.raises(BaseNotUsable, match="code of a Custom node"):
        open_base("run:one", runs=tmp_path)


def test_run_with_tensors_missing_is_refused(tmp_path: Path) -> None:
    base = open_base(f"random:{ARCH}", image_size=32)
    saved = write_run(tmp_path, "one", base, ARCH)
    del saved["base.conv_head.bias"]
    save_file(saved, tmp_path / "one" / "weights.safetensors")
    with pytest.raises(WeightsMismatch, match=r"conv_head\.bias"):
        open_base("run:one", runs=tmp_path)
    save_file({**saved, "base.conv_head.bias": torch.zeros(7)}, tmp_path / "one" / "weights.safetensors")
    with pytest.raises(WeightsMismatch, match=r"conv_head\.bias"):
        open_base("run:one", runs=tmp_path)

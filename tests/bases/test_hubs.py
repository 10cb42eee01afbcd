"""Published weights: taken from this machine, or named exactly when nobody answers."""

from __future__ import annotations

import hashlib
import io
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import huggingface_hub.constants as hub
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from graftwork.bases import hubs, list_bases, open_base
from graftwork.errors import HubUnreachable, WeightsMismatch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No network, and empty folders of downloads."""

    def nobody(*args: Any, **kwargs: Any) -> Any:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", nobody)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    return tmp_path


def test_timm_names_file_folder_and_an_offline_base(empty_machine: Path) -> None:
    with pytest.raises(HubUnreachable) as caught:
        open_base("timm:resnet18")
    message = str(caught.value)
    folder = empty_machine / "hub" / "models--timm--resnet18.a1_in1k"
    assert "model.safetensors" in message
    assert str(folder) in message
    assert "bundled:efficientnet_lite0" in message
    assert "no route to host" in message
    assert caught.value.fields["folder"] == str(folder)


def test_torchvision_names_file_and_folder(empty_machine: Path) -> None:
    with pytest.raises(HubUnreachable, match=r"resnet18-f37072fd\.pth") as caught:
        open_base("torchvision:resnet18")
    assert caught.value.fields["folder"] == str(empty_machine / "torch" / "checkpoints")


def test_offline_mode_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    for base_id in ("timm:resnet18", "torchvision:resnet18"):
        with pytest.raises(HubUnreachable, match="HF_HUB_OFFLINE"):
            open_base(base_id)


def test_file_put_where_the_error_says_is_found(empty_machine: Path) -> None:
    folder = empty_machine / "hub" / "models--timm--mobilenetv3_small_050.lamb_in1k"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    state = timm.create_model("mobilenetv3_small_050").state_dict()
    save_file(state, folder / "model.safetensors")
    base = open_base("timm:mobilenetv3_small_050", image_size=32)
    assert torch.equal(base.tensors_of("stem")["conv_stem.weight"], state["conv_stem.weight"])
    assert base.card.load.missing == ()
    assert base.card.load.left_out == ("classifier.weight", "classifier.bias")
    wanted = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert base.card.origin.digest == wanted
    summary = next(b for b in list_bases("timm") if b.id == "timm:mobilenetv3_small_050.lamb_in1k")
    assert summary.available_offline


@pytest.mark.parametrize("content", [b"hello", None])
def test_wrong_file_in_the_right_place(empty_machine: Path, content: bytes | None) -> None:
    path = empty_machine / "hub" / "models--timm--mobilenetv3_small_050.lamb_in1k" / "model.safetensors"
    path.parent.mkdir(parents=True)
    if content is None:
        save_file({"conv1.weight": torch.zeros(3)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(WeightsMismatch, match="do not load into 'timm:mobilenetv3_small_050'"):
        open_base("timm:mobilenetv3_small_050", image_size=32)


def test_torchvision_file_is_found_and_auxiliary_classifiers_left_out(empty_machine: Path) -> None:
    folder = empty_machine / "torch" / "checkpoints"
    folder.mkdir(parents=True)
    model = torchvision.models.googlenet(weights=None, aux_logits=True, init_weights=False)
    torch.save(model.state_dict(), folder / "googlenet-1378be20.pth")
    base = open_base("torchvision:googlenet", image_size=64)
    assert base.card.load.missing == base.card.load.unexpected == ()
    left_out = {name.partition(".")[0] for name in base.card.load.left_out}
    assert left_out == {"aux1", "aux2", "fc"}


def test_download_checks_the_digest_and_leaves_nothing_half(
    empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"weights"
    name = f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"

    def answer(url: str, timeout: float) -> io.BytesIO:
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    path = hubs.fetch_url("torchvision:net", f"https://example.org/{name}")
    assert path.read_bytes() == content
    assert hubs.find_url(f"https://example.org/{name}") == path
    with pytest.raises(HubUnreachable, match="SHA-256"):
        hubs.fetch_url("torchvision:net", "https://example.org/other-00000000.pth")
    assert [p.name for p in path.parent.iterdir()] == [name]

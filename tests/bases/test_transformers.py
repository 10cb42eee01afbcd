"""Host "hf": models of transformers from a folder, from the hub's cache, by type; and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants as hub
import pytest
import torch

from graftwork.bases import hubs, open_base
from graftwork.bases.conformance import check_base
from graftwork.errors import BaseNotUsable, HubUnreachable, ImageSizeError, MissingExtra, UnknownName

transformers = pytest.importorskip("transformers")
torch.set_num_threads(1)

_spec = importlib.util.spec_from_file_location(
    "tiny_transformers", Path(__file__).with_name("tiny_transformers.py")
)
assert _spec is not None
assert _spec.loader is not None
_tiny = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tiny)
CONFIGS, write_model = _tiny.CONFIGS, _tiny.write_model

STAGES = {
    "vit": ("vit.embeddings", 4),
    "deit": ("deit.embeddings", 4),
    "dinov2": ("dinov2.embeddings", 4),
    "dinov2_with_registers": ("dinov2_with_registers.embeddings", 4),
    "beit": ("beit.embeddings", 4),
    "swin": ("swin.embeddings", 4),
    "swinv2": ("swinv2.embeddings", 4),
    "convnext": ("convnext.embeddings", 6),
    "convnextv2": ("convnextv2.embeddings", 6),
    "resnet": ("resnet.embedder", 4),
    "regnet": ("regnet.embedder", 4),
    "mobilenet_v1": ("mobilenet_v1.conv_stem", 28),
    "mobilenet_v2": ("mobilenet_v2.conv_stem", 19),
    "efficientnet": ("efficientnet.embeddings", 8),
    "segformer": ("segformer.stages.0", 5),
}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    def nobody(*args: Any, **kwargs: Any) -> Any:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", nobody)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("kind", sorted(CONFIGS))
def test_every_family_opens_into_stages_and_keeps_the_laws(kind: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / kind, kind)
    base = open_base(f"hf:{folder}", image_size=CONFIGS[kind].get("image_size", 32))
    first, fewest = STAGES[kind]
    assert base.stage_names()[0] == first
    assert len(base.stages) >= fewest
    assert base.classifier is not None
    assert base.card.traced
    check_base(base)


@pytest.mark.parametrize("kind", ["vit", "dinov2", "swin", "resnet"])
def test_the_logits_are_the_library_s_own(kind: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / kind, kind)
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    base = open_base(f"hf:{folder}", image_size=32)
    x = torch.rand((3, 3, 32, 32))
    with torch.no_grad():
        assert torch.equal(base.module(x), model(x).logits)
    assert list(base.module.state_dict()) == list(model.state_dict())
    assert base.card.load.missing == ()
    assert base.card.load.loaded + len(base.card.load.left_out) == len(model.state_dict())


def test_two_classifiers_of_a_distilled_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "d", "deit", architecture="DeiTForImageClassificationWithTeacher")
    base = open_base(f"hf:{folder}")
    assert base.stage_names()[:3] == ("deit.embeddings", "deit.layers.0", "deit.layers.1")
    assert sorted(base.card.load.left_out) == sorted(
        f"{name}.{part}"
        for name in ("cls_classifier", "distillation_classifier")
        for part in ("weight", "bias")
    )
    check_base(base)


def test_a_model_without_classifier(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit", architecture="ViTModel")
    base = open_base(f"hf:{folder}")
    assert base.classifier is None
    assert "layers.1" in base.stage_names()
    assert base.card.stages[-1].output_shape == (16,)
    check_base(base)


def test_a_model_that_is_no_chain_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.bases.from_transformers.find_chain", lambda *args, **kwargs: None)
    folder = write_model(tmp_path / "v", "vit")
    base = open_base(f"hf:{folder}")
    assert "one stage" in (base.card.origin.note or "")
    assert tuple(base.module(torch.rand((2, 3, 32, 32))).shape) == (2, 3)


def test_training_reaches_dropout(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit", hidden_dropout_prob=0.5)
    base = open_base(f"hf:{folder}")
    x = torch.rand((1, 3, 32, 32))
    for stage in base.stages:
        stage.module.train()
    a, b = base.features(x, "vit.layers.1"), base.features(x, "vit.layers.1")
    assert not torch.equal(a, b)


def write_preprocessor(folder: Path, **content: Any) -> None:
    (folder / "preprocessor_config.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_port_comes_from_the_preprocessor(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    assert "assumed" in str(open_base(f"hf:{folder}").card.origin.note)
    write_preprocessor(
        folder,
        size={"height": 32, "width": 32},
        image_mean=[0.5, 0.25, 0.125],
        image_std=[0.5, 0.5, 0.25],
        resample=3,
        rescale_factor=1 / 255,
    )
    port = open_base(f"hf:{folder}").card.port
    assert (port.height, port.width, port.interpolation) == (32, 32, "bicubic")
    assert (port.mean, port.std, port.value_range) == ((0.5, 0.25, 0.125), (0.5, 0.5, 0.25), (0.0, 1.0))


def test_offsets_and_missing_rescaling_go_into_mean_and_range(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    write_preprocessor(folder, size=32, rescale_factor=1 / 127.5, rescale_offset=True, do_normalize=False)
    port = open_base(f"hf:{folder}").card.port
    # Pixels 0 and 255 become -1 and 1: (0 - 0.5) / 0.5 and (1 - 0.5) / 0.5.
    assert port.mean == pytest.approx((0.5,) * 3)
    assert port.std == pytest.approx((0.5,) * 3)
    write_preprocessor(folder, size=32, do_rescale=False, do_normalize=False)
    assert open_base(f"hf:{folder}").card.port.value_range == (0.0, 255.0)


def test_another_image_size_resamples_position_embeddings(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    base = open_base(f"hf:{folder}", image_size=48)
    # 6 × 6 patches and the class token.
    assert base.card.stages[0].output_shape == (37, 16)
    check_base(base)


def test_an_image_size_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    with pytest.raises(ImageSizeError, match="4×4"):
        open_base(f"hf:{folder}", image_size=4)


def test_untrained_by_type_depends_on_the_seed_only() -> None:
    one, two = (
        open_base("random:hf:mobilenet_v1", image_size=32, seed=s).card.weights_digest for s in (1, 2)
    )
    torch.manual_seed(9)
    again = open_base("random:hf:mobilenet_v1", image_size=32, seed=1).card
    assert again.weights_digest == one != two
    assert len(again.stages) == 28  # a stem, 13 depthwise and 13 pointwise layers, the pool


def test_untrained_needs_the_configuration_only(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    (folder / "model.safetensors").unlink()
    assert open_base(f"random:hf:{folder}").card.load.loaded == 0
    with pytest.raises(BaseNotUsable, match=r"model\.safetensors"):
        open_base(f"hf:{folder}")


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"whatever")
    with pytest.raises(BaseNotUsable, match="could run code"):
        open_base(f"hf:{folder}")


def test_code_of_a_model_s_own_is_not_run(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "v", "vit")
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    content |= {"model_type": "own_network", "auto_map": {"AutoModel": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()", encoding="utf-8")
    with pytest.raises(BaseNotUsable, match="own_network"):
        open_base(f"hf:{folder}")
    assert not (tmp_path / "ran").exists()


def test_an_unreachable_hub_names_files_and_folder(no_network: Path) -> None:
    with pytest.raises(HubUnreachable) as caught:
        open_base("hf:google/vit-base-patch16-224")
    message = str(caught.value)
    for part in (
        "config.json",
        "model.safetensors",
        "models--google--vit-base-patch16-224",
        "hf:FOLDER",
        "bundled:",
    ):
        assert part in message


def test_a_model_that_the_hub_does_not_have(no_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: Any, **kwargs: Any) -> Any:
        kind = huggingface_hub.errors.RepositoryNotFoundError
        raise kind.__new__(kind)  # its arguments differ between versions, and nobody looks at them

    monkeypatch.setattr(hubs, "knock", lambda url: None)
    monkeypatch.setattr(hubs, "hf_hub_download", missing)
    with pytest.raises(UnknownName, match="no model 'google/vitt'"):
        open_base("hf:google/vitt")


def test_files_put_in_place_by_hand(no_network: Path) -> None:
    write_model(no_network / "models--me--tiny", "vit")
    base = open_base("hf:me/tiny")
    assert base.card.origin.source == "hf-hub:me/tiny"
    assert base.card.origin.digest is not None


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"graftwork\[transformers\]"):
        open_base("random:hf:vit")


@pytest.mark.parametrize("name", ["./nowhere", "nothing", "a/b/c"])
def test_no_such_folder(name: str) -> None:
    with pytest.raises(BaseNotUsable, match="no folder"):
        open_base(f"hf:{name}")


@pytest.mark.parametrize(("base_id", "words"), [("hf:vit", "has no weights"), ("random:hf:bert", "images")])
def test_what_is_no_base(base_id: str, words: str) -> None:
    with pytest.raises(BaseNotUsable, match=words):
        open_base(base_id)


def test_a_damaged_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(BaseNotUsable, match="configuration"):
        open_base(f"hf:{tmp_path}")

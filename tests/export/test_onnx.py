"""An exported model says the same as the network that it came from, or it is not written."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from graftwork.documents.card import InputPort
from graftwork.errors import ExportError, PortMismatch
from graftwork.export.onnx import OnnxCard, describe_preprocessing, export_onnx

PORT = InputPort(height=16, width=12, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), crop_share=0.8)
CLASSES = ("ok", "scratch", "läuft – <b>")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(4, len(CLASSES)),
    )  # fmt: skip
    bn = network[1]
    assert isinstance(bn, nn.BatchNorm2d)
    bn.running_mean = torch.randn(4)
    bn.running_var = torch.rand(4) + 0.5
    return network.eval()


def some_images(n: int, port: InputPort = PORT) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, port.height, port.width, 3), dtype=np.uint8)


def normalized(images: np.ndarray, port: InputPort) -> torch.Tensor:
    """The port's definition, step by step in float64: an independent route to the network's input."""
    low, high = port.value_range
    x = images.astype(np.float64) / 255 * (high - low) + low
    if port.channel_order == "bgr":
        x = x[..., ::-1]
    x = (x - np.array(port.mean)) / np.array(port.std)
    return torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).float()


def logits_of(network: nn.Module, images: np.ndarray, port: InputPort = PORT) -> np.ndarray:
    with torch.no_grad():
        return network(normalized(images, port)).numpy()


def run_file(path: Path, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits, probabilities = session.run(["logits", "probabilities"], {"images": images})
    return logits, probabilities


def export_tiny(folder: Path, network: nn.Module, port: InputPort = PORT, **changes: Any) -> Any:
    images = some_images(3, port)
    if "reference" not in changes:
        changes["reference"] = logits_of(network, images, port)
    arguments: dict[str, Any] = {
        "port": port, "classes": CLASSES, "destination": folder / "model.onnx", "samples": images, "run": "r-1",
    }  # fmt: skip
    return export_onnx(network, **{**arguments, **changes})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Any]:
    network = tiny_network()
    return network, export_tiny(tmp_path_factory.mktemp("exports"), network)


@pytest.mark.parametrize("batch", [1, 5])
def test_any_batch_size_gives_the_networks_logits_and_their_softmax(exported: Any, batch: int) -> None:
    network, report = exported
    images = some_images(batch)
    logits, probabilities = run_file(Path(report.path), images)
    expected = logits_of(network, images)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    exponentials = np.exp(expected.astype(np.float64))
    np.testing.assert_allclose(probabilities, exponentials / exponentials.sum(1, keepdims=True), atol=1e-6)


def test_the_report_counts_what_was_compared(exported: Any) -> None:
    _, report = exported
    assert report.num_images == report.num_agreeing == 3
    assert report.max_difference < 1e-5
    assert report.bytes == Path(report.path).stat().st_size
    assert "3 of 3 predictions agree" in str(report)


def test_file_and_card_say_classes_port_and_run(exported: Any) -> None:
    _, report = exported
    model = onnx.load(report.path)
    metadata = {p.key: p.value for p in model.metadata_props}
    assert metadata["graftwork.run"] == "r-1"
    assert json.loads(metadata["graftwork.classes"]) == list(CLASSES)
    assert InputPort.model_validate_json(metadata["graftwork.port"]) == PORT
    assert metadata["graftwork.preprocessing"] == describe_preprocessing(PORT) == report.preprocessing
    card = OnnxCard.model_validate_json(Path(report.card_path).read_text(encoding="utf-8"))
    assert card.as_metadata() == metadata
    assert report.opset == model.opset_import[0].version


def test_the_resize_rule_is_spelled_out() -> None:
    text = describe_preprocessing(InputPort(height=224, width=224, crop_share=0.875))
    assert "short side is 256 pixels (bicubic, with antialiasing)" in text  # 224 / 0.875
    assert "just covers 20 × 15" in describe_preprocessing(PORT)  # 16 / 0.8, 12 / 0.8


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)])
@pytest.mark.parametrize("channel_order", ["rgb", "bgr"])
def test_normalization_inside_the_graph_follows_the_port(
    tmp_path: Path, value_range: tuple[float, float], channel_order: str
) -> None:
    port = PORT.edit(value_range=value_range, channel_order=channel_order)
    means = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())  # the three channel means are the logits
    report = export_tiny(tmp_path, means, port)
    images = some_images(2, port)
    logits, _ = run_file(Path(report.path), images)
    np.testing.assert_allclose(logits, normalized(images, port).mean((2, 3)).numpy(), rtol=1e-5, atol=1e-5)


def test_other_predictions_than_the_runs_are_refused_and_nothing_stays(tmp_path: Path) -> None:
    network = tiny_network()
    wrong = logits_of(network, some_images(3)) + np.array([0.0, 0.0, 0.25])
    with pytest.raises(ExportError, match=r"largest logit difference 0\.25") as caught:
        export_tiny(tmp_path, network, reference=wrong)
    assert caught.value.fields["max_difference"] == pytest.approx(0.25, abs=1e-4)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_older_file(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"older")
    with pytest.raises(ExportError):
        export_tiny(tmp_path, tiny_network(), reference=np.full((3, 3), np.nan))
    assert (tmp_path / "model.onnx").read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_tolerance_is_relative_for_large_logits(tmp_path: Path) -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    port = PORT.edit(value_range=(0.0, 255.0), mean=(-1e4,) * 3, std=(1.0,) * 3)
    reference = logits_of(network, some_images(3, port), port)  # about 10,000
    report = export_tiny(tmp_path, network, port, reference=reference + 5.0)  # 5 / 10,000 < 1e-3
    assert report.max_difference == pytest.approx(5.0, abs=0.1)
    with pytest.raises(ExportError):
        export_tiny(tmp_path, network, port, reference=reference + 50.0)


def test_a_bfloat16_channels_last_network_is_exported_in_float32_and_left_alone(tmp_path: Path) -> None:
    network = tiny_network().to(torch.bfloat16).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    twin = copy.deepcopy(network).float().eval()
    report = export_tiny(tmp_path, network, reference=logits_of(twin, some_images(3)))
    assert report.max_difference < 1e-4
    assert network.training
    assert {p.dtype for p in network.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"samples": np.zeros((2, 16, 12, 3), np.float32)}, "wanted uint8"),
        ({"samples": np.zeros((2, 12, 16, 3), np.uint8)}, r"wanted uint8 \(n, 16, 12, 3\)"),
        ({"samples": np.zeros((0, 16, 12, 3), np.uint8)}, "n >= 1"),
        ({"reference": np.zeros((3, 2))}, r"wanted \(3, 3\)"),
    ],
)
def test_wrong_inputs_give_one_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence):
        export_tiny(tmp_path, tiny_network(), **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_grey_base_gets_the_luma_of_the_images(tmp_path: Path) -> None:
    port = PORT.edit(channels=1, mean=(0.25,), std=(0.5,))
    images = some_images(3, port)
    grey = images.astype(np.float64) @ [0.299, 0.587, 0.114] / 255  # ITU-R BT.601
    reference = (grey.mean((1, 2), keepdims=False)[:, None] - 0.25) / 0.5
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    report = export_tiny(tmp_path, network, port, classes=("only",), reference=reference)
    assert report.max_difference < 1e-5


def test_a_port_that_images_cannot_fill_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortMismatch, match="4 channels"):
        export_tiny(tmp_path, tiny_network(), PORT.edit(channels=4), reference=np.zeros((3, 3)))


def test_a_network_that_onnx_cannot_hold_is_an_export_error(tmp_path: Path) -> None:
    class Moody(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3)) if float(x.sum()) > 0 else x.amax((2, 3))

    with pytest.raises(ExportError, match="cannot be written as ONNX"):
        export_tiny(tmp_path, Moody())


@pytest.mark.slow
def test_a_traced_efficientnet_in_a_chain_exports(tmp_path: Path) -> None:
    import timm
    from timm.models import get_notrace_functions, get_notrace_modules
    from torchvision.models.feature_extraction import NodePathTracer

    torch.manual_seed(0)
    base = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    tracer = NodePathTracer(
        leaf_modules=list(get_notrace_modules()), autowrap_functions=list(get_notrace_functions())
    )
    traced = torch.fx.GraphModule(base, tracer.trace(base))
    network = nn.Sequential(traced, nn.Linear(1280, len(CLASSES))).eval()
    port = InputPort(height=64, width=64, mean=(0.5,) * 3, std=(0.5,) * 3)
    report = export_tiny(tmp_path, network, port)
    assert report.num_agreeing == 3
    assert len(run_file(Path(report.path), some_images(5, port))[0]) == 5

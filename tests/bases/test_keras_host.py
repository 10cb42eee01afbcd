"""The host "keras": architectures, their pixels, their files, untrained and without a network."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.bases import list_hosts, open_base, register_host
from graftwork.bases.conformance import check_base
from graftwork.bases.from_keras import KerasHost, build_application
from graftwork.bases.keras_guest.applications import APPLICATIONS, application_port
from graftwork.bases.keras_guest.backend import import_keras
from graftwork.bases.registry import Request
from graftwork.data.transform import Transform
from graftwork.errors import BaseNotUsable, HubUnreachable, ImageSizeError, MissingExtra, UnknownName

keras: Any = import_keras()
if "keras" not in list_hosts():
    register_host(KerasHost())

MODULES = {
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "DenseNet121": "densenet",
    "Xception": "xception",
    "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2",
    "NASNetLarge": "nasnet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "ConvNeXtTiny": "convnext",
}


@pytest.mark.parametrize("name", MODULES)
def test_the_port_gives_what_preprocess_input_gives(name: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (2, 5, 6, 3)).astype(np.uint8)
    expected = getattr(keras.applications, MODULES[name]).preprocess_input(pixels.astype(np.float32))
    transform = Transform.for_port(application_port(APPLICATIONS[name].pixels, 5, 6))
    found = transform.normalize(torch.from_numpy(pixels)).permute(0, 2, 3, 1).numpy()
    largest = float(np.abs(expected).max())
    np.testing.assert_allclose(found, expected, atol=2e-6 * max(1.0, largest))


def test_every_application_of_keras_is_known() -> None:
    assert {n for n in dir(keras.applications) if n[0].isupper()} == set(APPLICATIONS)
    assert [s.id for s in KerasHost().summaries()][:1] == ["keras:ConvNeXtBase"]


def test_keras_would_fetch_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []

    class Asked(Exception):
        pass

    def ask(name: str, url: str, **_: Any) -> None:
        wanted.append(url)
        raise Asked

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", ask)
    app = APPLICATIONS["MobileNet"]
    for with_top in (True, False):
        with pytest.raises(Asked):
            keras.applications.MobileNet(include_top=with_top, input_shape=(224, 224, 3))
        assert wanted[-1] == app.url(with_top=with_top)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in APPLICATIONS if "NASNet" not in n])
def test_keras_would_fetch_the_same_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []

    def ask(file: str, url: str, **_: Any) -> None:
        wanted.append(url)
        raise FileNotFoundError

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", ask)
    app = APPLICATIONS[name]
    with pytest.raises(FileNotFoundError):
        getattr(keras.applications, name)(input_shape=(app.size, app.size, 3))
    assert wanted == [app.url(with_top=True)]


def test_mobilenet_v2_keeps_the_laws() -> None:
    base = open_base("random:keras:MobileNetV2", image_size=32)
    check_base(base)
    names = base.stage_names()
    assert (names[0], names[4], names[-2:]) == ("Conv1", "block_3", ("Conv_1", "pool"))
    assert base.card.old_classifier is not None
    assert base.card.old_classifier.num_parameters == 1280 * 1000 + 1000
    # 2,257,984 is what Keras says of the network without its top; 34,112 of them are moving averages.
    assert base.card.num_parameters == 2_257_984 - 34_112
    assert base.card.port.interpolation == "bilinear"


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in APPLICATIONS if not n.startswith(("NASNet", "ConvNeXtX"))])
def test_every_application_keeps_the_laws(name: str) -> None:
    size = 96 if name.startswith(("Inception", "Xception")) else 32
    base = open_base(f"random:keras:{name}", image_size=size)
    check_base(base)
    assert base.card.traced
    assert len(base.stages) > 5
    model = build_application(
        APPLICATIONS[name], Request(size, None, False, 1), with_top=not APPLICATIONS[name].is_flat
    )
    assert (model.output_shape[-1] == 1000) == (base.card.old_classifier is not None)


def test_the_seed_alone_decides_and_no_global_state_moves() -> None:
    before = (random.getstate(), np.random.get_state()[1].tolist(), torch.random.get_rng_state())  # type: ignore[index]
    app = APPLICATIONS["MobileNet"]
    one, same, other = (
        build_application(app, Request(32, None, False, s), with_top=False) for s in (1, 1, 2)
    )
    kernels = [model.get_layer("conv_pw_3").kernel.value.detach() for model in (one, same, other)]
    assert torch.equal(kernels[0], kernels[1])
    assert not torch.equal(kernels[0], kernels[2])
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # type: ignore[index]
    assert torch.equal(torch.random.get_rng_state(), before[2])


def test_vgg_takes_other_sizes_without_its_flat_classifier() -> None:
    small = open_base("random:keras:VGG16", image_size=64)
    assert small.stage_names() == ("block1", "block2", "block3", "block4", "block5")
    assert small.card.old_classifier is None
    assert small.card.stages[-1].output_shape == (512, 2, 2)


def test_names_are_guessed() -> None:
    with pytest.raises(UnknownName, match="'MobileNetV2'"):
        open_base("random:keras:mobilenet_v2")
    with pytest.raises(UnknownName, match="'Xception'"):
        open_base("random:keras:Xcepton")


def test_a_size_too_small_is_refused() -> None:
    with pytest.raises(ImageSizeError, match="at least 75"):
        open_base("random:keras:InceptionV3", image_size=40)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("graftwork.bases.from_keras.constants.is_offline_mode", lambda: True)
    return tmp_path / "models"


def test_without_a_network_the_file_and_its_place_are_named(home: Path) -> None:
    with pytest.raises(HubUnreachable) as caught:
        open_base("keras:Xception")
    told = str(caught.value)
    assert "xception_weights_tf_dim_ordering_tf_kernels.h5" in told
    assert str(home) in told
    assert "bundled:efficientnet_lite0" in told


def test_what_keras_cannot_build_on_torch_is_said_before_anything_is_fetched(home: Path) -> None:
    with pytest.raises(BaseNotUsable, match="torch backend") as caught:
        open_base("keras:NASNetMobile")
    assert not isinstance(caught.value, HubUnreachable)


@pytest.mark.parametrize("with_top", [True, False])
def test_a_file_in_keras_folder_is_used(home: Path, with_top: bool) -> None:
    app = APPLICATIONS["MobileNet"]
    home.mkdir()
    model = build_application(app, Request(32, None, False, 9), with_top=with_top)
    write_old_weights(model, home / app.files[0 if with_top else 1])
    base = open_base("keras:MobileNet", image_size=32)
    kernel = base.module.get_parameter("conv1.conv1.kernel")
    assert torch.equal(kernel, model.get_layer("conv1").kernel.value)
    assert (base.card.old_classifier is not None) == with_top
    assert base.card.load.missing == ()
    assert base.card.origin.digest


def write_old_weights(model: Any, path: Path) -> None:
    """Write weights in the older layout, which the published files have."""
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{w.name}:0" for w in layer.weights]
            group.attrs["weight_names"] = [n.encode() for n in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group.create_dataset(name, data=weight.value.detach().numpy())


def in_fresh_python(code: str, **env: str) -> str:
    import os

    done = run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env}, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_importing_graftwork_does_not_import_keras() -> None:
    told = in_fresh_python(
        "import graftwork.bases, sys; print('keras' in sys.modules)", KERAS_BACKEND="torch"
    )
    assert told.strip() == "False"


@pytest.mark.parametrize(
    ("prepare", "wanted"),
    [
        (lambda m: m.setenv("KERAS_BACKEND", "jax"), "KERAS_BACKEND says 'jax'"),
        (lambda m: None, None),
    ],
)
def test_another_backend_is_refused(
    prepare: Callable[[pytest.MonkeyPatch], None], wanted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(monkeypatch)
    if wanted is None:
        monkeypatch.setattr(keras.config, "backend", lambda: "jax")
        wanted = "imported before with the backend 'jax'"
    else:
        monkeypatch.delitem(sys.modules, "keras")
    with pytest.raises(BaseNotUsable, match=wanted) as caught:
        import_keras()
    assert "KERAS_BACKEND=torch" in str(caught.value)


def test_without_keras_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr("graftwork.bases.keras_guest.backend.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install"):
        import_keras()

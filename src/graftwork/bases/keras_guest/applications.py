"""What is known of Keras Applications without importing Keras: sizes, pixels, files, licenses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from graftwork.documents.card import InputPort

__all__ = ["APPLICATIONS", "Application", "application_port"]

PLACE = "https://storage.googleapis.com/tensorflow/keras-applications"
TOP_FILE = "weights_tf_dim_ordering_tf_kernels"


@dataclass(frozen=True)
class Application:
    """One architecture of ``keras.applications``.

    Args:
        size: side of the images it was trained on, in pixels.
        pixels: what its ``preprocess_input`` does: "tf" to −1…1; "torch" ImageNet mean and deviation;
            "caffe" blue first, 0…255, mean subtracted; "raw" nothing, the model itself scales 0…255.
        folder: where its files are published, below ``PLACE``.
        files: name with and without the classifier.
        license: of the published weights.
        is_flat: whether its classifier reads a flattened map, so that it takes one image size only.
    """

    name: str
    size: int
    pixels: Literal["tf", "torch", "caffe", "raw"]
    folder: str
    files: tuple[str, str]
    license: str = "Apache-2.0"
    is_flat: bool = False

    def url(self, *, with_top: bool) -> str:
        """Return where the weights are published."""
        place = PLACE.replace("/tensorflow", "") if self.folder == "" else f"{PLACE}/{self.folder}"
        return f"{place}/{self.files[0 if with_top else 1]}"


def usual(stem: str) -> tuple[str, str]:
    return f"{stem}_{TOP_FILE}.h5", f"{stem}_{TOP_FILE}_notop.h5"


def pair(stem: str, mark: str = "_notop") -> tuple[str, str]:
    return f"{stem}.h5", f"{stem}{mark}.h5"


def list_applications() -> dict[str, Application]:
    found = [
        Application("Xception", 299, "tf", "xception", usual("xception"), "MIT"),
        Application("InceptionV3", 299, "tf", "inception_v3", usual("inception_v3")),
        Application("InceptionResNetV2", 299, "tf", "inception_resnet_v2", usual("inception_resnet_v2")),
        Application("MobileNet", 224, "tf", "mobilenet", pair("mobilenet_1_0_224_tf", "_no_top")),
        Application(
            "MobileNetV2", 224, "tf", "mobilenet_v2", pair(f"mobilenet_v2_{TOP_FILE}_1.0_224", "_no_top")
        ),
        Application("NASNetMobile", 224, "tf", "nasnet", pair("nasnet_mobile", "_no_top")),
        Application("NASNetLarge", 331, "tf", "nasnet", pair("nasnet_large", "_no_top")),
    ]
    for kind in ("VGG16", "VGG19"):
        stem = kind.lower()
        found.append(Application(kind, 224, "caffe", stem, usual(stem), "CC-BY-4.0", is_flat=True))
    for depth in (50, 101, 152):
        stem = f"resnet{depth}"
        found.append(Application(f"ResNet{depth}", 224, "caffe", "resnet", usual(stem), "MIT"))
        found.append(Application(f"ResNet{depth}V2", 224, "tf", "resnet", usual(f"{stem}v2"), "MIT"))
    for depth in (121, 169, 201):
        stem = f"densenet{depth}"
        found.append(Application(f"DenseNet{depth}", 224, "torch", "densenet", usual(stem), "BSD-3-Clause"))
    for kind in ("Small", "Large"):
        stem = f"weights_mobilenet_v3_{kind.lower()}_224_1.0_float"
        files = pair(stem, "_no_top_v2")
        found.append(Application(f"MobileNetV3{kind}", 224, "raw", "mobilenet_v3", files))
    for number, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600)):
        found.append(Application(f"EfficientNetB{number}", size, "raw", "", pair(f"efficientnetb{number}")))
    for kind, size in (
        ("B0", 224),
        ("B1", 240),
        ("B2", 260),
        ("B3", 300),
        ("S", 384),
        ("M", 480),
        ("L", 480),
    ):
        files = pair(f"efficientnetv2-{kind.lower()}")
        found.append(Application(f"EfficientNetV2{kind}", size, "raw", "efficientnet_v2", files))
    for kind in ("Tiny", "Small", "Base", "Large", "XLarge"):
        files = pair(f"convnext_{kind.lower()}")
        found.append(Application(f"ConvNeXt{kind}", 224, "raw", "convnext", files, "MIT"))
    return {app.name: app for app in sorted(found, key=lambda app: natural(app.name))}


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts ResNet50 before ResNet101."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


APPLICATIONS = list_applications()


def application_port(pixels: str, height: int, width: int) -> InputPort:
    """Return the images that a model wants whose ``preprocess_input`` is of the kind ``pixels``.

    Keras' examples load images with ``load_img(target_size=…)``, which squeezes them with the nearest
    pixel. Here the short side is resized bilinearly and what the long side has more is cut off: the nearest
    pixel of a large photo is noise, and squeezing changes proportions. An image that has the size already
    gives the very tensor that Keras makes of it.
    """
    ports = {
        "tf": InputPort(height=height, width=width, mean=(0.5,) * 3, std=(0.5,) * 3),
        "torch": InputPort(height=height, width=width, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        "caffe": InputPort(
            height=height,
            width=width,
            channel_order="bgr",
            value_range=(0.0, 255.0),
            mean=(103.939, 116.779, 123.68),
        ),
        "raw": InputPort(height=height, width=width, value_range=(0.0, 255.0)),
    }
    return ports[pixels].edit(interpolation="bilinear")

"""What all tests share: one thread, tiny images, a tiny base, a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import install_import_hook
from PIL import Image

# Shapes in signatures are checked while testing; users pay nothing. Not those of the head: torch.export,
# which the ONNX export rests on, cannot trace through a checked signature.
install_import_hook(
    [
        "graftwork.components.anomaly",
        "graftwork.components.classification",
        "graftwork.components.losses",
        "graftwork.engine.metrics.classes",
    ],
    "beartype.beartype",
)

TINY_BASE = "random:timm:test_efficientnet"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests trust out of the user's own list."""
    folder = tmp_path_factory.mktemp("configuration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFTWORK_CONFIG", str(folder))
        yield


def write_stripes(
    root: Path, *, per_class: int = 20, size: int = 40, classes: tuple[str, ...] = ("flat", "tall", "wide")
) -> Path:
    """Write images whose class is the direction of stripes: easy, but not by color alone."""
    rng = np.random.default_rng(7)
    for label, name in enumerate(classes):
        folder = root / name
        folder.mkdir(parents=True)
        for index in range(per_class):
            noise = rng.integers(0, 90, (size, size, 3))
            stripes = np.zeros((size, size, 1), dtype=np.int64)
            offset = int(rng.integers(0, 6))
            if label == 1:
                stripes[:, offset::6] = 140
            if label == 2:
                stripes[offset::6] = 140
            image = np.clip(noise + stripes, 0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{index:03}.png")
    return root


@pytest.fixture(scope="session")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 images in three classes."""
    return write_stripes(tmp_path_factory.mktemp("stripes"))


@pytest.fixture
def run(tmp_path: Path, stripes: Path) -> Callable[..., Any]:
    """Run a flow on the tiny base and return its events, record and folder."""
    from graftwork.documents.flow import write_flow
    from graftwork.documents.recipe import Recipe
    from graftwork.engine.folder import read_record
    from graftwork.engine.run import run_flow
    from graftwork.engine.workspace import Workspace
    from graftwork.graph.flows import transfer_flow, with_adaptation

    workspace = Workspace(cache=tmp_path / "cache", runs=tmp_path / "runs", index=tmp_path / "data")

    def start(
        name: str = "a",
        *,
        stop: Any = None,
        source: Path = stripes,
        target: tuple[Path, str] | None = None,
        **choices: Any,
    ) -> Any:
        recipe = {
            "epochs": 2,
            "probe_epochs": 2,
            "batch": 16,
            "precision": "float32",
            **choices.pop("recipe", {}),
        }
        settings = {"base": TINY_BASE, "image_size": 32, **choices}
        flow = transfer_flow(str(source), recipe=Recipe(**recipe), **settings)
        if target is not None:
            flow = with_adaptation(flow, str(target[0]), target[1])
        folder = workspace.runs / name
        folder.mkdir(parents=True, exist_ok=True)
        write_flow(flow, folder / "flow.yaml")
        extra = {} if stop is None else {"stop": stop}
        events = list(run_flow(flow, folder, workspace=workspace, **extra))
        return Outcome(events, read_record(folder), folder, workspace)

    start.runs = workspace.runs  # type: ignore[attr-defined]
    return start


class Outcome:
    """What a run left."""

    def __init__(self, events: Any, record: Any, folder: Path, workspace: Any) -> None:
        self.events, self.record, self.folder, self.workspace = events, record, folder, workspace

    def of(self, kind: str, **values: Any) -> list[Any]:
        """Return the events of a kind whose fields have these values."""
        return [
            e for e in self.events if e.kind == kind and all(getattr(e, k) == v for k, v in values.items())
        ]

    @property
    def digest(self) -> str:
        return self.record.proof.weights_digest

"""Acts that only the long journeys take: a folder with faults, settings, a base, an export."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.acts import flow_of, make_flow, node, saved, settle
from tests.e2e.conftest import Server


def faulty_copy(source: Path, target: Path) -> Path:
    """Copy a folder of images, and put an exact copy of one and a broken file into it."""
    shutil.copytree(source, target)
    shutil.copy(target / "flat" / "000.png", target / "flat" / "copy.png")
    (target / "wide" / "broken.png").write_bytes(b"no image")
    return target


def settings_of(flow: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of a node of a flow."""
    found: dict[str, Any] = next(n["settings"] for n in flow["nodes"] if n["id"] == name)
    return found


def inspect(page: Any, name: str) -> None:
    """Select a node and open its settings."""
    node(page, name).focus()
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Settings").click()


def set_line(page: Any, label: str, value: str) -> None:
    """Type a setting of the selected node or of the recipe."""
    line = page.get_by_role("textbox", name=label, exact=True)
    line.fill(value)
    line.press("Enter")


def open_run(page: Any, server: Server, run: str, tab: str) -> None:
    """Open a part of a run's page."""
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}")
    page.get_by_role("tab", name=tab, exact=True).click()
    page.get_by_role("tabpanel", name=tab, exact=True).wait_for()


def create_from_folder(page: Any, server: Server, folder: Path) -> None:
    """From the start page to the data of a new flow ``mine``."""
    page.get_by_role("button", name="Open a folder of images…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Open another folder").fill(str(folder.parent))
    dialog.get_by_role("button", name="Open", exact=True).click()
    dialog.get_by_role("button", name=re.compile(f"^{folder.name}")).click()
    dialog.get_by_text(f"in “{folder.name}”").wait_for()
    dialog.get_by_role("button", name="Use this folder").click()
    dialog.get_by_text("62 images").wait_for()
    dialog.get_by_label("Name of the flow").fill("mine")
    dialog.get_by_role("button", name="Create and check the data").click()
    page.wait_for_url("**/data/mine")
    assert settings_of(flow_of(server, "mine"), "images")["source"] == str(folder)


def correct_the_data(page: Any, server: Server) -> None:
    """Keep one of two copies, undone and done again; leave one out and put it back; give one another label."""

    def images(what: str, **wanted: Any) -> None:
        names = ("exclude", "relabel")
        saved(
            server,
            "mine",
            lambda f: {k: v for k, v in settings_of(f, "images").items() if k in names} == wanted,
            what,
        )

    page.get_by_role("tab", name="Data check").click()
    page.get_by_text("broken.png is left out").wait_for()
    page.get_by_role("article").filter(has_text="Keep one of each").get_by_role(
        "button", name="Apply"
    ).click()
    images("one of two copies", exclude=["flat/copy.png"])
    top = page.get_by_role("banner")
    top.get_by_role("button", name="Undo").click()
    images("both copies again")
    top.get_by_role("button", name="Redo").click()
    images("one of two copies again", exclude=["flat/copy.png"])
    page.get_by_role("tab", name="Images").click()
    bar = page.get_by_role("toolbar", name="Selected images")
    page.get_by_role("option", name="tall/003.png").click()
    bar.get_by_role("button", name="Exclude").click()
    images("one image less", exclude=["flat/copy.png", "tall/003.png"])
    bar.get_by_role("button", name="Put back").click()
    images("the image again", exclude=["flat/copy.png"])
    page.get_by_role("option", name="wide/004.png").click()
    bar.get_by_role("button", name="Relabel to").click()
    page.get_by_role("menuitem", name="tall").click()
    images("another label", exclude=["flat/copy.png"], relabel={"wide/004.png": "tall"})
    page.get_by_role("option", name="wide/004.png; tall").wait_for()
    page.get_by_role("button", name="tall 21").wait_for()


def choose_an_untrained_base(page: Any, server: Server) -> None:
    """A tiny base on small images, some of its layers trained, for two epochs."""
    base = "timm:test_efficientnet.r160_in1k"
    settle(page)
    inspect(page, "backbone")
    page.get_by_role("button", name="Choose a base…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Search").fill(base)
    dialog.get_by_role("option", name=base).click()
    dialog.get_by_role("button", name="Use it untrained").click()
    page.get_by_label("Strategy", exact=True).select_option(label="some layers")
    set_line(page, "Image size", "32")
    page.get_by_role("tab", name="Recipe").click()
    set_line(page, "Epochs", "2")
    wanted = {"base": f"random:{base}", "strategy": "some_layers", "image_size": 32}
    saved(
        server,
        "mine",
        lambda f: settings_of(f, "backbone") == wanted and f["recipe"]["epochs"] == 2,
        "the tiny base, some layers, two epochs",
    )


def export_and_load(page: Any, folder: Path) -> None:
    """Export the run that the page shows, download the file and ask it."""
    onnxruntime = pytest.importorskip("onnxruntime")
    page.get_by_role("tab", name="Export").click()
    page.get_by_role("button", name="Write and check").click()
    page.get_by_text("Checked against the run.").wait_for(timeout=60_000)
    with page.expect_download() as waited:
        page.get_by_role("link", name="model.onnx").click()
    waited.value.save_as(folder / "model.onnx")
    with page.expect_download() as waited:
        page.get_by_role("link", name="model.json").click()
    classes = json.loads(Path(waited.value.path()).read_text(encoding="utf-8"))["classes"]
    assert classes == ["flat", "tall", "wide"]
    model = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    logits, shares = model.run(["logits", "probabilities"], {"images": np.zeros((2, 32, 32, 3), np.uint8)})
    assert logits.shape == shares.shape == (2, 3)
    assert np.allclose(shares.sum(1), 1)


def start_run(server: Server, flow: str) -> str:
    """Start a flow through the API and return the run."""
    with server.api as api:
        answer = api.post(f"/projects/{server.project_id}/runs", json={"flow": flow_of(server, flow)})
        answer.raise_for_status()
        return str(answer.json()["id"])


def shows_the_proof(page: Any, server: Server, run: str, record: dict[str, Any]) -> None:
    """The run's page says that what was frozen stayed and what was free moved, as its record does."""
    proof = record["proof"]
    assert proof["frozen_unchanged"]
    assert proof["frozen_values"] > 0
    assert proof["moved_tensors"] == proof["trainable_tensors"] > 0
    open_run(page, server, run, "Overview")
    page.get_by_text("The proof holds").first.wait_for()
    page.get_by_text(f"{proof['frozen_values']:,} frozen values bit-identical").first.wait_for()


def keras_flow(server: Server, *, name: str) -> str:
    """Make a flow of the template of the Keras cell, with images of 64 pixels and two epochs."""
    template = flow_of(server, make_flow(server, template="keras-classes", name=f"{name}-template"))
    flow = json.loads(json.dumps(template).replace("180", "64"))
    flow["recipe"]["epochs"] = 2
    return make_flow(server, flow=flow, name=name)

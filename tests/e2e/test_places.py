"""Masks of a run in a browser: worst first, layers over the image, the next page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tests.e2e.acts import until
from tests.e2e.conftest import Server

from graftwork.documents.flow import load_flow
from graftwork.project import Project


def masks_run(server: Server, folder: Path) -> str:
    """Train a run that predicts masks in the server's project and return its id."""
    rng = np.random.default_rng(0)
    masks = np.zeros((40, 32, 32), np.int64)
    for mask in masks:
        top, left = rng.integers(0, 20, 2)
        mask[top : top + 12, left : left + 12] = 1
    images = np.where(masks[..., None] == 1, 210, 40) + rng.integers(0, 40, (40, 32, 32, 3))
    source = folder / "masks.npz"
    np.savez(source, images=images.astype(np.uint8), masks=masks)
    run = Project(server.project).run(
        load_flow(f"""
name: masks
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 32, label_kind: mask, test: 0.4}}}}
- {{id: logits, component: convolution, settings: {{filters: 2, kernel: 3}}}}
- {{id: objective, component: segmentation}}
edges:
- [images.image, logits.features]
- [logits.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 3, learning_rate: 0.05}}
""")
    )
    assert run.status == "finished"
    return run.id


def test_masks_are_seen_worst_first_and_page_by_page(page: Any, server: Server, tmp_path: Path) -> None:
    run = masks_run(server, tmp_path)
    page.goto(f"{server.address}/p/{server.project_id}/run/{run}/places")
    rows = page.get_by_role("list", name="Images").get_by_role("listitem")
    rows.nth(11).wait_for(timeout=90_000)  # the bench's process starts first
    overlaps = [float(re.findall(r"IoU ([0-9.]+)", text)[0]) for text in rows.all_inner_texts()]
    assert overlaps == sorted(overlaps)
    first = rows.first
    for words in ("Predicted", "Label", "Disagreement"):
        first.get_by_text(words, exact=True).wait_for()
    layer = first.locator("img[data-layer='said']")
    until(
        lambda: layer.evaluate("image => image.complete && image.naturalWidth") == 32, "the layer's picture"
    )
    slider = page.get_by_label(re.compile("^Opacity"))
    slider.focus()
    slider.press("Home")
    until(lambda: layer.evaluate("image => image.style.opacity") == "0", "a clear layer")
    page.get_by_text("1 to 12 of 16").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("13 to 16 of 16").wait_for()
    page.get_by_label("Order").select_option(label="Most overlap first")
    page.get_by_text("1 to 12 of 16").wait_for()
    page.get_by_role("tab", name="Predictions").click()
    page.get_by_role("list", name="Images").wait_for()
    for name in ("Confusion", "Depth"):  # they say nothing of masks
        assert page.get_by_role("tab", name=name).count() == 0
    page.get_by_role("tab", name="Try an image").click()
    image = tmp_path / "mine.png"
    Image.fromarray(np.full((40, 60, 3), 210, np.uint8)).save(image)
    page.get_by_label("Image file").set_input_files(image)
    answer = page.get_by_role("article")
    answer.get_by_text("Predicted mask", exact=True).wait_for(timeout=60_000)
    mask = answer.locator("img[data-layer='said']")
    until(lambda: mask.evaluate("image => image.complete && image.naturalWidth") == 32, "the mask")

"""Masks of a run as a page asks for them: rows with pictures that the server hands out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from graftwork.documents.flow import load_flow
from graftwork.server.state import OpenProject


def test_masks_come_with_their_pictures(
    page: TestClient, home: str, opened: OpenProject, tmp_path: Path
) -> None:
    source = tmp_path / "data.npz"
    masks = np.zeros((12, 16, 16), np.int64)
    masks[:, 4:9] = 1
    images = np.repeat((masks * 200).astype(np.uint8)[..., None], 3, axis=3)
    images += np.arange(12, dtype=np.uint8)[:, None, None, None]
    np.savez(source, images=images, masks=masks)
    run = opened.project.run(
        load_flow(f"""
name: masks
nodes:
- {{id: images, component: images, settings: {{source: {source}, size: 16, label_kind: mask}}}}
- {{id: logits, component: convolution, settings: {{filters: 2, kernel: 1}}}}
- {{id: objective, component: segmentation}}
edges:
- [images.image, logits.features]
- [logits.features, objective.logits]
- [images.labels, objective.labels]
recipe: {{epochs: 1}}
""")
    )
    asked = {"run": run.id, "split": "test", "limit": 1}
    answer = page.post(f"{home}/inspections/places", json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == 2
    (row,) = found["rows"]
    for name in row["pictures"].values():
        picture = page.get(f"{home}/pictures/{name}.png")
        assert Image.open(io.BytesIO(picture.content)).size == (16, 16)
    sent = io.BytesIO()
    Image.fromarray(images[0]).save(sent, "PNG")
    tried = page.post(f"{home}/runs/{run.id}/try/image?name=mine", content=sent.getvalue()).json()
    assert (tried["image"], tried["places"]["kind"]) == ("mine", "mask")
    for name in tried["places"]["pictures"].values():
        picture = page.get(f"{home}/pictures/{name}.png")
        assert Image.open(io.BytesIO(picture.content)).size == (16, 16)
    assert page.post(f"{home}/inspections/places", json={"split": "test"}).status_code == 422
    refused = page.post(f"{home}/inspections/places", json={"run": "none-such"})
    assert refused.status_code == 404
    assert refused.json()["message"]

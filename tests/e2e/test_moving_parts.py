"""What moves, which stages alone, and when they are freed: set by hand, saved, and drawn in the plan."""

from __future__ import annotations

from typing import Any

from tests.conftest import TINY_BASE
from tests.e2e import acts
from tests.e2e.conftest import Server

from graftwork.documents.recipe import Recipe
from graftwork.graph.flows import transfer_flow


def test_parts_are_chosen_in_the_panel_and_drawn_over_the_epochs(page: Any, server: Server) -> None:
    recipe = Recipe(
        epochs=6, probe_epochs=4, unfreeze_every=2, precision="float32", memory_format="contiguous"
    )
    flow = transfer_flow(
        "sample:surfaces", base=TINY_BASE, image_size=32, name="parts", strategy="head_only", recipe=recipe
    )
    name = acts.make_flow(server, flow=flow.model_dump(mode="json"), name="parts")

    def settings() -> dict[str, Any]:
        found: dict[str, Any] = acts.flow_of(server, name)["nodes"][1]["settings"]
        return found

    acts.open_flow(page, server, name)
    acts.node(page, "backbone").click(position={"x": 40, "y": 12})
    panel = page.get_by_role("region", name="Freeze boundary")
    panel.get_by_label("What moves").select_option("lora")
    panel.get_by_label("LoRA rank").fill("3")
    panel.get_by_label("LoRA rank").press("Enter")
    panel.get_by_text("Only some stages (surgical)").click()
    panel.get_by_label("blocks.1", exact=True).check()
    panel.get_by_label("blocks.4", exact=True).check()
    acts.saved(server, name, lambda _: len(settings().get("only_stages", ())) == 2, "two stages alone")
    assert settings()["moving"] == "lora"
    assert settings()["lora_rank"] == 3
    assert settings()["strategy"] == "some_layers"
    slider = panel.get_by_role("slider", name="Freeze boundary")
    assert str(slider.get_attribute("aria-valuetext")).startswith("5 of 8 stages frozen")

    page.keyboard.press("Escape")
    page.get_by_label("Flow canvas").click(position={"x": 10, "y": 10})
    bars = page.get_by_role("list", name="What is trained in which epoch")
    bars.get_by_role("listitem", name="blocks.1: epochs 7–10").wait_for(timeout=60_000)
    assert bars.get_by_role("listitem", name="blocks.4: epochs 5–10").is_visible()
    assert bars.get_by_role("listitem", name="blocks.2: frozen throughout").is_visible()
    page.get_by_role("button", name="As table").click()
    table = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="Trained in"))
    assert table.get_by_role("row", name="head epochs 1–4, 5–10").is_visible()

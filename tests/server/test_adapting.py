"""Adapting as a page asks for it; the work is the bench's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from graftwork.graph.flows import transfer_flow
from graftwork.server.state import Studio

from ..conftest import TINY_BASE


def test_a_page_adapts_and_puts_a_method_into_its_flow(
    page: TestClient, home: str, studio: Studio, stripes: Path
) -> None:
    studio.roots.open(stripes)
    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32).model_dump(mode="json")

    def ask(**body: Any) -> Any:
        given = {"flow": flow, "target": str(stripes), **body}
        return page.post(f"{home}/inspections/adaptation", json=given)

    answer = ask(method="coral")
    assert answer.status_code == 200, answer.text
    assert [m["method"] for m in answer.json()["methods"]] == ["coral"]
    gap = page.post(f"{home}/inspections/gap", json={"flow": flow, "target": str(stripes)})
    assert gap.json()["kinds"] == ["none"], gap.text
    outside = page.post(f"{home}/inspections/gap", json={"flow": flow, "target": "/etc"})
    assert outside.json()["error"] == "NotOpened"
    weighed = page.post(
        f"{home}/inspections/weighing", json={"flow": flow, "target": str(stripes), "method": "select"}
    )
    assert weighed.status_code == 200, weighed.text
    assert Path(weighed.json()["file"]).read_text().startswith("key,weight\n")
    passed = page.post(f"{home}/inspections/propagation", json={"flow": flow, "target": str(stripes)}).json()
    first = passed["images"][0]
    body = {
        "flow": flow,
        "target": str(stripes),
        "accepted": [{"key": first["key"], "label": first["label"]}],
    }
    table = page.post(f"{home}/inspections/propagation/accepted", json=body).json()
    assert (table["num_accepted"], table["num_labelled"]) == (1, 60)
    body["accepted"][0]["key"] = "nowhere.png"
    gone = page.post(f"{home}/inspections/propagation/accepted", json=body).json()
    assert "is not there" in gone["message"]
    assert ask(target="/etc").json()["error"] == "NotOpened"
    slow = ask(method="dann").json()
    assert slow["error"] == "UsageError"
    assert "run it" in slow["hint"]
    assert ask(method="magic").json()["error"] == "UnknownName"
    made = page.post(f"{home}/adapted-flow", json={"flow": flow, "target": str(stripes), "method": "dann"})
    assert made.status_code == 200, made.text
    components = [n["component"] for n in made.json()["nodes"]]
    assert components[-2:] == ["target_images", "adaptation"]
    assert page.post(f"{home}/check", json={"flow": made.json(), "facts": {}}).json()["problems"] == []
    outside = page.post(f"{home}/adapted-flow", json={"flow": flow, "target": "/etc", "method": "dann"})
    assert outside.json()["error"] == "NotOpened"

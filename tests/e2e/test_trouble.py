"""What goes wrong, in a browser: wrong files, broken flows, names taken, untrusted code, things that vanished."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TINY_BASE, write_stripes
from tests.e2e.acts import flow_of, make_flow, node, open_flow, tiny_flow, trained
from tests.e2e.conftest import Server

from graftwork.documents.flow import Edge, Endpoint, Node, dump_flow
from graftwork.graph.flows import transfer_flow


@pytest.fixture(scope="module")
def finished(server: Server, stripes: Path) -> str:
    """A finished run on the stripes."""
    return trained(server, flow_of(server, tiny_flow(server, str(stripes), name="done")))


def test_one_of_my_own_images_is_tried(page: Any, server: Server, finished: str, stripes: Path) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{finished}/try")
    image = next((stripes / "wide").iterdir())
    page.get_by_label("Image file").set_input_files(image)
    answer = page.get_by_role("article")
    answer.get_by_text(image.name, exact=True).wait_for()
    with server.api as api:
        path = f"/projects/{server.project_id}/runs/{finished}/try/image"
        told = api.post(path, content=image.read_bytes(), params={"name": image.name}).json()
    answer.get_by_role("heading", name=f"{told['label']} · {100 * told['probability']:.1f} %").wait_for()
    for label, share in told["probabilities"].items():
        bar = answer.get_by_role("listitem").or_(answer.get_by_role("row")).filter(has_text=label)
        bar.get_by_text(f"{100 * share:.1f}".removesuffix(".0")).first.wait_for()


def test_what_is_no_image_is_refused_in_words(
    page: Any, server: Server, finished: str, tmp_path: Path
) -> None:
    page.goto(f"{server.address}/p/{server.project_id}/run/{finished}/try")
    (tmp_path / "notes.txt").write_text("no image")
    page.get_by_label("Image file").set_input_files(tmp_path / "notes.txt")
    page.get_by_text("'notes.txt' is no image").wait_for()
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    page.get_by_label("Image file").set_input_files(tmp_path / "torn.png")
    page.get_by_role("heading", name="It could not be read").wait_for()
    page.get_by_role("alert").filter(has_text="cannot be read as an image").wait_for()
    assert "0x" not in page.get_by_role("alert").inner_text()


def test_a_broken_flow_file_is_mended_as_text(page: Any, server: Server) -> None:
    name = tiny_flow(server, name="broken")
    path = server.project / "flows" / f"{name}.yaml"
    text = path.read_text()
    path.write_text(text.replace("component: head", "component: [head"))
    page.goto(f"{server.address}/p/{server.project_id}/flow/{name}")
    alert = page.get_by_role("alert")
    alert.get_by_text(f"{name} does not read as a flow.").wait_for()
    assert alert.get_by_role("listitem").count() >= 1
    page.get_by_role("textbox", name=f"Text of {name}").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Flow canvas").wait_for()
    node(page, "head").wait_for()
    assert path.read_text() == text


def test_a_name_that_is_taken_is_refused(page: Any, server: Server) -> None:
    first, second = tiny_flow(server, name="first"), tiny_flow(server, name="second")
    open_flow(page, server, second, is_settled=False)
    page.get_by_role("button", name=f"More for {second}").click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("textbox", name="New name").fill(first)
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_role("dialog").get_by_text(re.compile("already|taken")).first.wait_for()
    page.get_by_role("textbox", name="New name").fill("third")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.wait_for_url("**/flow/third")
    node(page, "head").wait_for()
    names = {path.stem for path in (server.project / "flows").glob("*.yaml")}
    assert {first, "third"} <= names
    assert second not in names


CODE = """from pathlib import Path

Path({path!r}).write_text("it ran")


def forward(x):
    return x / 2
"""


def test_untrusted_code_is_shown_and_not_run_until_trusted(page: Any, server: Server, tmp_path: Path) -> None:
    folder, mark = tmp_path / "foreign", tmp_path / "mark"
    (folder / "flows").mkdir(parents=True)
    shutil.copy(server.project / "project.yaml", folder)
    flow = transfer_flow("sample:surfaces", base=TINY_BASE, image_size=32, name="foreign")
    ports = {"inputs": [{"name": "x", "kind": "image"}], "outputs": [{"name": "y", "kind": "image"}]}
    custom = Node(id="darker", component="custom", settings={"code": CODE.format(path=str(mark)), **ports})
    wire = Edge(source=Endpoint(node="images", port="image"), target=Endpoint(node="darker", port="x"))
    flow = flow.edit(nodes=(*flow.nodes, custom), edges=(*flow.edges, wire))
    (folder / "flows" / "foreign.yaml").write_text(dump_flow(flow))
    with server.api as api:
        project = api.post("/projects", json={"path": str(folder)}).json()
    assert not project["is_trusted"]
    page.goto(f"{server.address}/p/{project['id']}/flow/foreign")
    page.get_by_text("Code of this project is not run.").wait_for()
    node(page, "darker").get_by_text("Trust this project to run its code").first.wait_for()
    node(page, "images").locator("img").first.wait_for()  # what stands on no code is shown
    page.get_by_role("button", name="Read and trust…").click()
    page.get_by_role("dialog").get_by_text("def forward(x):").wait_for()
    page.wait_for_timeout(500)
    assert not mark.exists()
    page.get_by_role("button", name="Trust this project").click()
    page.get_by_text("Code of this project is not run.").wait_for(state="hidden")
    node(page, "darker").locator("img").first.wait_for()
    assert mark.read_text() == "it ran"


def test_images_that_vanished_are_told_and_found_again(page: Any, server: Server, stripes: Path) -> None:
    source = write_stripes(stripes / ".." / "vanishing", per_class=6).resolve()
    with server.api as api:
        api.post("/roots", json={"path": str(source)}).raise_for_status()
    name = tiny_flow(server, str(source), name="vanished")
    source.rename(source.with_name("elsewhere"))
    open_flow(page, server, name, is_settled=False)
    images = node(page, "images")
    images.get_by_text(re.compile("vanishing")).first.wait_for()
    assert images.locator("img").count() == 0
    source.with_name("elsewhere").rename(source)
    images.get_by_role("button", name="Try again").click()
    images.locator("img").first.wait_for()


def test_a_base_that_is_not_here_is_told(page: Any, server: Server) -> None:
    flow = transfer_flow("sample:surfaces", base="timm:resnet18.a1_in1k", image_size=32, name="absent")
    name = make_flow(server, flow=flow.model_dump(mode="json"), name="absent")
    open_flow(page, server, name, is_settled=False)
    backbone = node(page, "backbone")
    backbone.get_by_text("Not loaded", exact=True).first.wait_for()
    backbone.get_by_text(re.compile("resnet18.a1_in1k")).first.wait_for()
    backbone.get_by_role("button", name="Try again").wait_for()
    node(page, "images").locator("img").first.wait_for()
    assert backbone.locator("img").count() == 0

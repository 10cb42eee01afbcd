"""Custom code from elsewhere is not run until the user says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from graftwork.cli import main
from graftwork.documents.flow import Edge, Flow, Node, write_flow
from graftwork.errors import NotTrusted, StorageError, UsageError
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.trust import (
    distrust,
    folder_of_flow,
    is_trusted,
    require_trust,
    trust,
    trusted_folders,
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def custom_flow(code: str = "def forward(image):\n    return image.mean((2, 3))\n") -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": "photos"}),
        Node(id="net", component="custom", settings={"code": code}),
        Node(id="head", component="head"),
        Node(id="objective", component="classification"),
    )
    wires = (
        ("images.image", "net.image"),
        ("net.features", "head.features"),
        ("head.logits", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    return Flow(nodes=nodes, edges=tuple(Edge(source=a, target=b) for a, b in wires))


def test_trust_covers_what_lies_below_and_nothing_beside(tmp_path: Path) -> None:
    for name in ("mine/flows", "mine2"):
        (tmp_path / name).mkdir(parents=True)
    trust(tmp_path / "mine")
    found = [is_trusted(tmp_path / n) for n in ("mine", "mine/flows", "mine2", ".")]
    assert found == [True, True, False, False]


def test_trust_taken_back_is_gone(tmp_path: Path) -> None:
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    trust(tmp_path / "mine")
    with pytest.raises(UsageError, match="not in the list") as caught:
        distrust(tmp_path / "mine" / "sub")
    assert str(tmp_path / "mine") in str(caught.value.hint)
    distrust(tmp_path / "mine")
    assert not is_trusted(tmp_path / "mine")
    assert trusted_folders() == {}


def test_a_folder_that_takes_the_place_of_a_trusted_one_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    trust(tmp_path / "mine")
    (tmp_path / "mine").rename(tmp_path / "away")
    (tmp_path / "mine").mkdir()
    assert not is_trusted(tmp_path / "mine")
    assert not is_trusted(tmp_path / "away")


def test_what_cannot_be_trusted_is_said(tmp_path: Path, config: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        trust(tmp_path / "none")
    config.mkdir()
    (config / "trusted.json").write_text("[")
    with pytest.raises(StorageError, match="cannot be read"):
        is_trusted(tmp_path)


def test_only_flows_with_custom_code_ask(tmp_path: Path) -> None:
    require_trust(transfer_flow("photos"), tmp_path)
    with pytest.raises(NotTrusted) as caught:
        require_trust(custom_flow(), tmp_path)
    assert f"graftwork trust {tmp_path}" in str(caught.value.hint)
    assert (caught.value.node, caught.value.exit_code) == ("net", 5)
    trust(tmp_path)
    require_trust(custom_flow(), tmp_path)


def test_a_project_is_trusted_where_it_was_made_and_a_copy_is_not(tmp_path: Path) -> None:
    made = Project(tmp_path / "made")
    assert is_trusted(made.root)
    shutil.copytree(made.root, tmp_path / "copy")
    copied = Project(tmp_path / "copy")
    for act in (copied.run, copied.plan):
        with pytest.raises(NotTrusted):
            act(custom_flow())
    assert list(copied.folder_of_runs.iterdir()) == []


def test_a_project_made_around_files_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "unpacked" / "flows").mkdir(parents=True)
    assert not is_trusted(Project(tmp_path / "unpacked").root)


def test_a_project_is_made_also_where_trust_cannot_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "file" / "config"))
    assert not is_trusted(Project(tmp_path / "made").root)


def test_the_folder_of_a_flow_is_its_project_or_where_it_lies(tmp_path: Path) -> None:
    made = Project(tmp_path / "made")
    assert folder_of_flow(made.root / "flows" / "a.yaml") == made.root
    assert folder_of_flow(tmp_path / "elsewhere" / "a.yaml") == tmp_path / "elsewhere"


def test_reading_a_project_runs_no_code(tmp_path: Path, capsys: Any) -> None:
    made = Project(tmp_path / "made")
    mark = tmp_path / "mark"
    flow = custom_flow(f"open({str(mark)!r}, 'w')\ndef forward(image): return image")
    write_flow(flow, made.root / "flows" / "a.yaml")
    for words in (["runs", "list"], ["runs", "reindex"]):
        assert main([*words, "--project", str(made.root)]) == 0
    assert not mark.exists()


def test_the_command_trusts_lists_and_forgets(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "mine").mkdir()

    def call(*words: str) -> Any:
        code = main(["trust", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    assert call(str(tmp_path / "mine")) == (0, {"folder": str(tmp_path / "mine"), "trusted": True})
    code, listed = call("--list")
    assert (code, [f["folder"] for f in listed["folders"]]) == (0, [str(tmp_path / "mine")])
    assert call(str(tmp_path / "mine"), "--remove")[1]["trusted"] is False
    assert call("--list")[1] == {"folders": []}
    assert call()[0] == 2
    assert main(["trust", "--list"]) == 0
    assert "No folder is trusted" in capsys.readouterr().err

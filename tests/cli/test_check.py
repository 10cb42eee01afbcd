"""``graftwork check`` tells every problem, warning and proposal of a flow file, and runs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graftwork.cli import main

FLOW = """
name: twice
nodes:
- {id: images, component: images, settings: {source: SOURCE, size: 32}}
- {id: normalize, component: normalize}
- {id: backbone, component: backbone}
- {id: dense, component: dense, settings: {units: 7}}
- {id: objective, component: classification}
edges:
- [images.image, normalize.image]
- [normalize.image, backbone.image]
- [backbone.features, dense.features]
- [dense.features, objective.logits]
- [images.labels, objective.labels]
"""


@pytest.fixture
def flow_file(stripes: Path, tmp_path: Path) -> Path:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW.replace("SOURCE", str(stripes)))
    return path


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict]:
    code = main(["check", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_second_normalization_is_a_warning_and_a_wrong_width_a_proposal(flow_file, capsys):
    code, found = check(capsys, str(flow_file))
    assert code == 0
    assert [(p["level"], p["node"]) for p in found["problems"]] == [("warning", "backbone")]
    assert [(p["node"], p["setting"], p["value"]) for p in found["proposals"]] == [("dense", "units", 3)]
    assert found["wires"]["normalize.image"]["is_normalized"]


def test_proposals_are_taken_over_only_when_asked(flow_file, capsys):
    before = flow_file.read_text()
    check(capsys, str(flow_file))
    assert flow_file.read_text() == before
    check(capsys, str(flow_file), "--apply")
    assert check(capsys, str(flow_file))[1]["proposals"] == []


def test_errors_end_with_the_code_of_a_flow(flow_file, capsys):
    flow_file.write_text(flow_file.read_text().replace("component: dense", "component: dens"))
    code, found = check(capsys, str(flow_file))
    assert code == 5
    assert "Did you mean 'dense'" in str(found["problems"])


def test_custom_code_is_not_run(flow_file, tmp_path, capsys):
    mark = tmp_path / "ran"
    text = flow_file.read_text().replace(
        "- {id: normalize, component: normalize}",
        f"- {{id: normalize, component: custom, settings: {{code: \"open('{mark}', 'w')\", "
        "outputs: [{name: image, kind: image}]}}",
    )
    flow_file.write_text(text)
    check(capsys, str(flow_file))
    assert not mark.exists()

"""``graftwork components``: the list by group, one component whole, and unknown names."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from graftwork.graph.contracts import CONTRACTS


def test_the_list_names_each_component_in_its_group(graftwork):
    rows = graftwork("components", "--json").json["components"]
    assert {row["name"] for row in rows} == set(CONTRACTS.names())
    assert all(row["group"] == CONTRACTS.get(row["name"]).group for row in rows)
    table = graftwork("components").out
    assert all(row["summary"][:30] in table for row in rows)


def test_groups_stand_together(graftwork):
    groups = [row["group"] for row in graftwork("components", "--json").json["components"]]
    changes = sum(a != b for a, b in pairwise(groups))
    assert changes == len(set(groups)) - 1


@pytest.mark.parametrize("name", CONTRACTS.names())
def test_one_component_shows_all_its_ports_and_settings(graftwork, name):
    contract = CONTRACTS.get(name)
    ended = graftwork("components", name)
    assert ended.code == 0
    for port in (*contract.inputs, *contract.outputs):
        assert port.name in ended.out
    for setting in contract.settings.model_fields:
        assert setting in ended.out


def test_the_document_of_one(graftwork):
    card = graftwork("components", "pooling", "--json").json
    assert card["group"] == "layer"
    assert [s["name"] for s in card["settings"]] == ["how", "scope", "kernel", "stride", "padding"]
    assert card["settings"][0]["type"] == "average | max"
    assert card["settings"][3]["default"] == "empty"
    assert {"given": "(b, 64, 7, 7)", "gives": "(b, 64)"} in card["examples"]
    assert card["settings_schema"]["properties"]["how"]["enum"] == ["average", "max"]


def test_required_settings_and_optional_ports_are_marked(graftwork):
    settings = {s["name"]: s for s in graftwork("components", "embedding", "--json").json["settings"]}
    assert settings["num_categories"]["is_required"]
    assert settings["num_categories"]["default"] == "required"
    assert not settings["width"]["is_required"]
    assert "Optional." in graftwork("components", "switch").out


def test_an_unknown_name_is_guessed(graftwork):
    ended = graftwork("components", "convolutoin")
    assert ended.code == 2
    assert "'convolution'" in ended.err
    assert graftwork("components", "convolutoin", "--json").json["error"] == "UnknownName"


def test_the_verb_loads_no_torch():
    code = (
        "import sys; from graftwork.cli import main; code = main(['components', 'dense']); "
        "sys.exit(code or ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0

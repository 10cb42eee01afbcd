"""``mix`` and ``soup``: one document or tables, a new run, and words for what cannot be."""

from __future__ import annotations

from typing import Any

from graftwork.documents.mix_curve import MixCurve


def test_mix_measures_and_makes_a_run(home: Any) -> None:
    ended = home("mix", "first", "--t", "0.5", "--json")
    assert ended.code == 0, ended.err
    curve = MixCurve.model_validate(ended.json["curve"])
    assert [p.t for p in curve.points] == [0.0, 0.5, 1.0]
    assert curve.start == "before_training"  # the head alone: nothing came before its training
    made = ended.json["run"]["run"]
    assert ended.json["t"] == 0.5
    table = home("mix", "first", "--steps", "3", "--curve-only")
    assert table.code == 0, table.err
    assert "chosen" in table.out
    assert "begins at chance" in table.out + table.err
    shown = home("runs", "show", made, "--json").json
    assert shown["averaged"]["t"] == 0.5
    assert home("runs", "delete", made, "--yes").code == 0


def test_soup_of_runs_or_a_refusal(home: Any) -> None:
    ended = home("soup", "first", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["averaged"]["method"] == "greedy"
    assert home("runs", "delete", ended.json["run"], "--yes").code == 0
    wrong = home("mix", "first", "--t", "1.5")
    assert wrong.code == 2
    missing = home("soup", "nobody", "--json")
    assert missing.code != 0
    assert missing.json["hint"]

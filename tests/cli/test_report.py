"""``graftwork report``: of a run with looks inside, and of runs side by side."""

from __future__ import annotations

from pathlib import Path

from .conftest import Home


def page_of(home: Home, *args: str) -> str:
    ended = home("report", *args, "--json")
    assert ended.code == 0, ended.err
    assert set(ended.json) == {"run", "report"}
    return Path(ended.json["report"]).read_text(encoding="utf-8")


def test_looks_are_chosen_and_kept_ones_shown(home: Home) -> None:
    page = page_of(home, "first", "--looks", "drift,evaluation")
    assert 'id="drift"' in page
    assert 'id="confidence"' in page
    kept = page_of(home, "first", "--looks", "kept")
    assert 'id="drift"' in kept
    told = home("report", "first", "--looks", "drift")
    assert told.out.strip().endswith("report.html")
    assert "Looking at drift" in told.err


def test_runs_side_by_side(home: Home) -> None:
    page = page_of(home, "first", "--with", "second")
    assert "Image by image: first and second" in page


def test_what_is_wrong_is_one_sentence(home: Home) -> None:
    for args in (
        ("nowhere",),
        ("first", "--looks", "dept"),
        ("first", "--with", "first"),
        ("first", "--with", "x"),
    ):
        ended = home("report", *args)
        assert ended.code == 2, (args, ended.code, ended.err)
        assert "Traceback" not in ended.err
        assert "Error: " in ended.err

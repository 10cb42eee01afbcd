"""Exports are found by name; a name is given once."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest

from graftwork.errors import ExportError, UnknownName, UsageError
from graftwork.export import ENTRY_POINT_GROUP, find_export, list_exports, register_export, registry


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_loaders", dict(registry._loaders))
    registry._find_plugins.cache_clear()
    yield
    registry._find_plugins.cache_clear()


def test_onnx_is_built_in() -> None:
    from graftwork.export.onnx import export_onnx

    assert "onnx" in list_exports()
    assert find_export("onnx") is export_onnx


def test_an_unknown_name_is_guessed() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'onnx'"):
        find_export("onxx")


def test_a_name_is_given_once() -> None:
    with pytest.raises(UsageError, match="'onnx' is registered already"):
        register_export("onnx", lambda: print)


def test_plugins_come_by_entry_points_and_load_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(*, group: str) -> list[importlib.metadata.EntryPoint]:
        assert group == ENTRY_POINT_GROUP == "graftwork.exports"
        return [
            importlib.metadata.EntryPoint("text", "json:dumps", group),
            importlib.metadata.EntryPoint("broken", "no_such_library:write", group),
        ]

    monkeypatch.setattr(registry, "entry_points", fake)
    import json

    assert list_exports() == ("broken", "onnx", "text")
    assert find_export("text") is json.dumps
    with pytest.raises(ExportError, match="no_such_library"):
        find_export("broken")

"""The studio's types are made from what the server says now."""

from __future__ import annotations

from pathlib import Path

from graftwork.server.openapi import openapi_text

STUDIO = Path(__file__).parents[2] / "studio"


def test_the_openapi_document_is_not_stale() -> None:
    kept = (STUDIO / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi_text(), "Run: make types"


def test_the_feed_is_part_of_the_document() -> None:
    assert '"FeedMessage"' in openapi_text()
    assert '"EventsMessage"' in openapi_text()

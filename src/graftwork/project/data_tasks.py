"""Tasks of the bench that look at data; an opened data set is kept until its settings or files change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graftwork.documents.card import InputPort
from graftwork.documents.data_view import DataView, SamplePage
from graftwork.documents.recipe import Recipe
from graftwork.documents.source_card import SourceCard
from graftwork.errors import RunInterrupted
from graftwork.graph.contracts import ImagesSettings

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState
    from graftwork.project.data_view import OpenedData

__all__ = ["augmented", "data_view", "describe_source", "sample_page"]

_NUM_KEPT = 3
_DEFAULT_SIDE = 224


def describe_source(state: BenchState, path: str) -> SourceCard:
    """Return what a folder, a table or an array file holds, and the settings that fit it.

    Raises:
        DataError: as ``data.describe_source`` says.
    """
    from graftwork.data.describe_source import describe_source as describe

    del state
    return describe(path)


def data_view(state: BenchState, settings: ImagesSettings, seed: int) -> DataView:
    """Return a data set at a glance; see ``project.data_view``."""
    from graftwork.project.data_view import data_view as view

    return view(settings, seed, state.workspace, opened=opened_data(state, settings, seed))


def sample_page(
    state: BenchState, settings: ImagesSettings, seed: int, choices: Mapping[str, Any] | None = None
) -> SamplePage:
    """Return a stretch of the images; ``choices`` are the keywords of ``project.data_view.sample_page``."""
    from graftwork.project.data_view import sample_page as page

    opened = opened_data(state, settings, seed)
    return page(settings, seed, state.workspace, opened=opened, **dict(choices or {}))


def augmented(
    state: BenchState,
    settings: ImagesSettings,
    recipe: Recipe,
    port: InputPort | None,
    keys: Sequence[str],
    views: int = 4,
) -> dict[str, tuple[bytes, list[bytes]]]:
    """Return images before and after augmentation; without a port as plain squares.

    Raises:
        UsageError, UnknownName, DataError: as ``engine.preview.augmented`` says.
    """
    from graftwork.engine.preview.augmented import augmented as show

    if port is None:
        side = settings.size or _DEFAULT_SIDE
        port = InputPort(height=side, width=side, interpolation="bilinear")
    return show(opened_data(state, settings, recipe.seed).images, recipe, port, keys, views)


def opened_data(state: BenchState, settings: ImagesSettings, seed: int) -> OpenedData:
    """Return an opened data set, or the one that is kept."""
    from graftwork.engine.preview.samples import source_state
    from graftwork.project.data_view import open_view

    kept: dict[str, OpenedData] = state.kept.setdefault("data", {})
    key = f"{settings.model_dump_json(exclude={'size'})}:{seed}:{source_state(settings.source)}"
    if key not in kept:
        opened = open_view(settings, seed, state.workspace, watch=lambda *_: _heed(state))
        while len(kept) >= _NUM_KEPT:
            del kept[next(iter(kept))]
        kept[key] = opened
    return kept[key]


def _heed(state: BenchState) -> None:
    """End the reading of files when the caller wants it to."""
    if state.stop():
        raise RunInterrupted("The look at the data was stopped.", hint="What was read so far is remembered.")

"""A cut and the strategy that it is agree with each other."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from graftwork.bases import open_base
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import Strategy
from graftwork.engine.strategy import resolve_cut, strategy_at, why_not_cut
from graftwork.errors import CutError, PlanError

from ..conftest import TINY_BASE

CARD = open_base(TINY_BASE, image_size=32).card
CUTS = (INPUT_CUT, *(stage.name for stage in CARD.stages))
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@pytest.mark.parametrize(("cut", "present"), list(product(CUTS, STRATEGIES)))
def test_a_cut_with_its_strategy_resolves_to_itself_or_is_said_to_be_none(cut, present):
    strategy = strategy_at(CARD, cut, present)
    if why_not_cut(CARD, cut) is None:
        assert resolve_cut(CARD, strategy, cut) == cut
    else:
        with pytest.raises((CutError, PlanError)):
            resolve_cut(CARD, strategy, cut)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_cut_of_a_strategy_is_that_strategy(strategy):
    assert strategy_at(CARD, resolve_cut(CARD, strategy, None), strategy) == strategy

"""A search that starts from past ones: which rounds come from them, and that it goes on the same."""

from __future__ import annotations

import pytest

from graftwork import Project
from graftwork.cli import main
from graftwork.documents.prior import PastRound, PastTask, SettingsPrior
from graftwork.documents.tuning import SearchChoices, Span
from graftwork.errors import RunInterrupted, UsageError
from graftwork.project.transferring.prior import gather_prior, write_prior

from ...conftest import TINY_BASE

OPTIONS = {
    "base": TINY_BASE,
    "image_size": 32,
    "epochs": 1,
    "batch": 16,
    "precision": "float32",
    "memory_format": "contiguous",
}
OVER = (Span(name="learning_rate"), Span(name="weight_decay"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("prior") / "home", on_note=lambda _: None)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A past task on which one rate alone was good."""
    rounds = tuple(PastRound(params={"learning_rate": 4.0, "weight_decay": 0.1}, score=0.9) for _ in range(4))
    path = tmp_path_factory.mktemp("file") / "prior.json"
    write_prior(
        SettingsPrior(tasks=(PastTask(name="past", base="b", measures={"images": 4.0}, rounds=rounds),)), path
    )
    return str(path)


@pytest.fixture(scope="module")
def search(home, stripes, narrow):
    flow = home.make_flow(str(stripes), name="mine", **OPTIONS)
    return home.tune(flow, choices=SearchChoices(rounds=5, over=OVER, prior=narrow, prune=False))


def test_first_rounds_come_from_the_past_and_say_so(search):
    assert search.rounds[0].origin == "default"
    drawn = [r for r in search.rounds if r.origin == "prior"]
    assert len(drawn) >= 3
    assert all(1.5 < r.params["learning_rate"] <= 10 for r in drawn)
    assert len({r.params["learning_rate"] for r in drawn}) == len(drawn)


def test_a_search_that_is_gone_on_with_draws_the_same(home, stripes, narrow, search):
    flow = home.make_flow(str(stripes), name="mine", **OPTIONS)
    begun = []
    with pytest.raises(RunInterrupted):
        home.tune(
            flow,
            choices=SearchChoices(rounds=5, over=OVER, prior=narrow, prune=False),
            told=lambda state: begun.append(state),
            stop=lambda: bool(begun) and begun[-1].done >= 3,
        )
    whole = home.tune(resume=begun[-1].id)
    assert [(r.origin, r.params) for r in whole.rounds] == [(r.origin, r.params) for r in search.rounds]


def test_searches_become_tasks_that_are_shown_exported_and_used(home, search, tmp_path, capsys):
    prior = gather_prior(home)
    assert len(prior.tasks) == 1  # two searches on the same images are one task
    assert len(prior.tasks[0].rounds) == 10
    assert prior.tasks[0].measures["images"] == pytest.approx(3.738, abs=0.01)  # 42 of them
    file = tmp_path / "mine.json"
    assert main(["prior", "export", str(file), "--project", str(home.root)]) == 0
    assert str(home.root) not in file.read_text()
    assert main(["prior", "show", "--project", str(home.root), "--from", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "learning_rate" in printed
    assert "settings to try at once" in printed


def test_a_project_without_searches_has_no_prior(tmp_path, capsys):
    Project(tmp_path / "p", on_note=lambda _: None)
    assert main(["prior", "show", "--project", str(tmp_path / "p")]) == 0
    assert "No search" in capsys.readouterr().err


def test_a_prior_that_is_none_is_refused_before_anything_is_trained(home, stripes, tmp_path):
    flow = home.make_flow(str(stripes), name="mine", **OPTIONS)
    with pytest.raises(UsageError, match="is no prior"):
        home.tune(flow, choices=SearchChoices(rounds=2, over=OVER, prior=str(tmp_path / "nowhere.json")))

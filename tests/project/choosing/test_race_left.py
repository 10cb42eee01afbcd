"""The time that a race still takes, against races that are played through with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from graftwork.documents.progress import RunProgressDocument
from graftwork.documents.race import Rung
from graftwork.project.choosing.race_left import Outlook, Price, Prices

HEAD = Price(around=1.0, before=0.0, epoch=0.1, epochs=10)
LANES = {
    "some_layers": Price(around=1.0, before=0.0, epoch=1.0, epochs=8),
    "all_layers": Price(around=1.0, before=2.0, epoch=4.0, epochs=8),
    "from_scratch": Price(around=1.0, before=0.0, epoch=4.0, epochs=8),
}
PRICES = Prices(shared_pass=6.0, head=HEAD, lanes=LANES)
STRAIGHT = (Rung(epochs=8, keep=0),)
HALVED = (Rung(epochs=2, keep=2), Rung(epochs=4, keep=1), Rung(epochs=8, keep=0))


def progress(phase: str, epoch: int = 0, epochs: int = 0, step: int = 0) -> RunProgressDocument:
    return RunProgressDocument(
        phase=phase,
        epoch=epoch,
        epochs=epochs,
        step=step,
        steps=4,
        share=0.0,
        seconds_left=None,
        images_per_second=None,
        memory_bytes=0,
    )


@dataclass
class Played:
    """A race played through: each thing takes so many times its estimate."""

    rungs: tuple[Rung, ...]
    seeds: int
    pace: Mapping[str, float]
    around: float = 1.0
    now: float = 0.0
    over: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.outlook = Outlook(PRICES, self.rungs, self.seeds)
        self.told: list[tuple[float, float, float]] = []

    def look(self, inside: RunProgressDocument | None = None) -> None:
        left = self.outlook.left(self.over, self.taken, inside, self.now)
        self.told.append((self.now, left, self.outlook.share(self.over, self.taken, inside)))

    def play(self) -> list[tuple[float, float, float]]:
        """Return (seconds since the begin, seconds that were said to be left, share said) all along."""
        self.look()
        for quarter in range(1, 5):
            self.now += PRICES.shared_pass / 4 * self.pace.get("pass", 1.0)
            self.outlook.passing(quarter / 4, self.now)
            self.look()
        for number in range(self.seeds):
            self.stretch("head_only", HEAD, number, 0, HEAD.epochs, is_last=True)
        self.over.add("head_only")
        lanes, behind = list(LANES), 0
        for rung in self.rungs:
            for lane in lanes:
                for number in range(self.seeds):
                    self.stretch(lane, LANES[lane], number, behind, rung.epochs, is_last=rung.keep == 0)
                if rung.keep == 0:
                    self.over.add(lane)
            behind = rung.epochs
            if rung.keep:
                self.taken.add(rung.epochs)
                self.over |= set(lanes[: -rung.keep])  # the last ones go on
                lanes = lanes[-rung.keep :]
        self.look()
        return self.told

    def stretch(self, lane: str, price: Price, number: int, begin: int, end: int, *, is_last: bool) -> None:
        pace = self.pace.get(lane, 1.0)
        self.outlook.begin(lane, number, self.now)
        self.now += self.around * price.around / 2
        self.look(progress("preparing"))
        if begin == 0:
            self.now += self.around * price.before
            self.outlook.end_epoch(0, self.now)
        for epoch in range(begin + 1, end + 1):
            for step in range(1, 5):
                self.now += pace * price.epoch / 4
                if step == 4:
                    self.outlook.end_epoch(epoch, self.now)
                self.look(progress("main", epoch, price.epochs, step))
        self.now += self.around * price.around / 2
        self.outlook.end(is_over=is_last, now=self.now)
        self.look()


def ratios(played: Played, first: float, last: float) -> Iterator[float]:
    """Give what was said to be left over what was, in a part of the race."""
    told = played.play()
    whole = told[-1][0]
    for now, left, _ in told:
        if first * whole <= now <= last * whole:
            yield left / (whole - now)


def test_before_it_begins_all_of_it_is_left() -> None:
    expected = 6.0  # the pass
    for _ in range(3):
        expected += 1.0 + 10 * 0.1
        for price in LANES.values():
            expected += 1.0 + price.before + 8 * price.epoch
    outlook = Outlook(PRICES, STRAIGHT, 3)
    assert outlook.left((), (), None, 0.0) == pytest.approx(expected)
    assert outlook.share((), (), None) == 0.0


def test_a_race_that_goes_as_estimated_is_told_to_the_second() -> None:
    # what is at work is priced without the half of what comes around it that is still to come
    played = Played(STRAIGHT, 2, {})
    told = played.play()
    whole = told[-1][0]
    assert all(abs(left - (whole - now)) <= 1.0 + 1e-6 for now, left, _ in told)
    assert told[-1][1] == 0.0
    assert told[-1][2] == pytest.approx(1.0)


@pytest.mark.parametrize("rungs", [STRAIGHT, HALVED], ids=["straight", "halved"])
@pytest.mark.parametrize(
    "pace",
    [
        {"head_only": 3.0, "some_layers": 3.0, "all_layers": 3.0, "from_scratch": 3.0},
        {"head_only": 0.2, "some_layers": 0.3, "all_layers": 0.3, "from_scratch": 0.3},
        {"head_only": 20.0},
        {"pass": 4.0, "some_layers": 1.5, "all_layers": 2.0, "from_scratch": 1.2},
    ],
    ids=["slow", "fast", "head-off", "mixed"],
)
def test_from_a_third_on_it_is_off_by_less_than_a_factor_of_two(
    pace: dict[str, float], rungs: tuple[Rung, ...]
) -> None:
    found = list(ratios(Played(rungs, 2, pace, around=2.0), 0.3, 0.9))
    assert len(found) > 20
    assert min(found) > 0.5
    assert max(found) < 2.0


def test_the_share_never_falls_and_ends_at_one() -> None:
    shares = [share for _, _, share in Played(HALVED, 2, {"all_layers": 3.0}).play()]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)


def test_lanes_that_were_cut_off_leave_nothing_to_do() -> None:
    outlook = Outlook(PRICES, HALVED, 1)
    outlook.passing(1.0, 0.0)
    for lane, price in LANES.items():
        outlook.know(lane, 0, 2, is_over=False)
        assert price.epochs == 8
    over = {"head_only", "all_layers"}
    # two lanes go on to epoch 4, one of them, not known which, to epoch 8; the other is scored
    each = [1.0 + 2 * 1.0, 1.0 + 2 * 4.0]
    rest = [1.0 + 4 * 1.0, 1.0 + 4 * 4.0]
    assert outlook.left(over, {2}, None, 0.0) == pytest.approx(sum(each) + sum(rest) / 2 + 1.0)


def test_what_an_earlier_sitting_did_is_not_done_again() -> None:
    outlook = Outlook(PRICES, STRAIGHT, 2)
    outlook.passing(1.0, 0.0)
    outlook.know("head_only", 0, 10, is_over=True)
    outlook.know("head_only", 1, 10, is_over=True)
    outlook.know("all_layers", 0, 8, is_over=True)
    outlook.know("all_layers", 1, 5, is_over=False)
    left = 1.0 + 3 * 4.0  # opened again, without its phases before
    left += 2 * (1.0 + 8 * 1.0) + 2 * (1.0 + 8 * 4.0)
    assert outlook.left((), (), None, 0.0) == pytest.approx(left)


def test_a_run_before_its_main_phase_still_has_the_rest_of_what_comes_first() -> None:
    outlook = Outlook(Prices(0.0, None, {"all_layers": LANES["all_layers"]}), STRAIGHT, 1)
    outlook.passing(1.0, 0.0)
    outlook.begin("all_layers", 0, 0.0)
    half = progress("probe", 3, 5, 2)  # two and a half of five epochs of a probe
    assert outlook.left((), (), half, 1.0) == pytest.approx(0.5 * 2.0 + 8 * 4.0)
    assert outlook.left((), (), progress("scoring"), 1.0) == 0.0

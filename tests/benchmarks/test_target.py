"""Whether a target was met, and what is said of it."""

import pytest

from benchmarks.spread import Spread
from benchmarks.target import Target

SLOWER = Target("nop, batch 32, C / loop", 2.5, at_least=False)
FASTER = Target("nop, batch 32, loop / PyPI each", 2.5, at_least=True)


@pytest.mark.parametrize(
    ("target", "median", "met"),
    [
        (SLOWER, 2.4, True),
        (SLOWER, 2.5, True),
        (SLOWER, 2.6, False),
        (FASTER, 2.6, True),
        (FASTER, 2.5, True),
        (FASTER, 2.4, False),
    ],
)
def test_the_median_decides(target, median, met):
    assert target.verdict(Spread(median, 0.1, 9.9)).met is met


def test_a_target_that_is_met_is_told_in_one_line():
    told = SLOWER.verdict(Spread(2.31, 2.2, 2.4)).text()
    assert told == "nop, batch 32, C / loop: 2.31 [2.20-2.40], at most 2.50: met"


def test_a_bound_inside_the_spread_is_told_as_uncertain_either_way():
    met = SLOWER.verdict(Spread(2.4, 2.2, 2.6))
    missed = SLOWER.verdict(Spread(2.6, 2.4, 2.7))
    assert met.close
    assert met.text().endswith("met, but another run may differ")
    assert missed.text().endswith("MISSED, but another run may differ")


def test_what_c_itself_would_miss_is_out_of_reach():
    verdict = FASTER.verdict(Spread(1.9, 1.8, 2.0), ceiling=2.21)
    assert verdict.out_of_reach
    assert not verdict.met
    assert verdict.text().endswith("at least 2.50: out of reach: C itself is at 2.21")


def test_what_c_would_meet_is_missed():
    verdict = FASTER.verdict(Spread(1.9, 1.8, 2.0), ceiling=4.2)
    assert not verdict.out_of_reach
    assert verdict.text().endswith(": MISSED")


def test_what_is_met_is_never_out_of_reach():
    assert not FASTER.verdict(Spread(2.6, 2.5, 2.7), ceiling=2.4).out_of_reach


def test_a_target_has_its_own_unit_and_digits():
    target = Target("import uringlab", 40.0, at_least=False, digits=1, unit=" ms")
    told = target.verdict(Spread(31.24, 30.0, 33.0)).text()
    assert told == "import uringlab: 31.2 [30.0-33.0] ms, at most 40.0 ms: met"

"""The median and the middle half."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.spread import Spread, ratios

NUMBERS = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40)


def test_it_is_the_median_and_the_quartiles():
    assert Spread.of([5, 1, 3, 2, 4]) == Spread(median=3, low=2, high=4)


def test_one_value_is_its_own_spread():
    assert Spread.of([7.5]) == Spread(7.5, 7.5, 7.5)


def test_nothing_has_no_spread():
    with pytest.raises(ValueError, match="one value at least"):
        Spread.of([])


@given(NUMBERS)
def test_the_order_of_the_rounds_does_not_matter_and_the_median_is_inside(numbers):
    spread = Spread.of(numbers)
    assert spread == Spread.of(reversed(numbers))
    assert min(numbers) <= spread.low <= spread.median <= spread.high <= max(numbers)


def test_one_round_that_was_disturbed_hardly_moves_it():
    assert Spread.of([1.0, 1.1, 1.2, 1.3, 900.0]).high == 1.3


def test_ratios_are_taken_round_by_round():
    # The machine was half as fast in the second round, for both: the ratio does not see it.
    assert ratios([10.0, 20.0], [5.0, 10.0]) == [2.0, 2.0]


def test_rounds_without_a_partner_are_an_error():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_it_is_printed_with_its_spread():
    assert Spread(2.312, 2.238, 2.4).text() == "2.31 [2.24-2.40]"
    assert Spread(31.04, 30.0, 33.66).text(1) == "31.0 [30.0-33.7]"

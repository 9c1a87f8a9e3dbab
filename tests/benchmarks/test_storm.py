"""What a storm is measured beside does the same work, and each round is there."""

import pytest

from benchmarks.environment import SetupError, set_up_c
from benchmarks.storm.__main__ import KINDS, beside_c, while_watched


@pytest.fixture
def flags():
    try:
        _, found = set_up_c()
    except SetupError:
        pytest.skip("needs liburing.h")
    return found


def test_every_round_of_a_storm_and_of_c_is_there(flags):
    costs = beside_c(8, 2, flags)
    assert [len(one) for one in costs] == [2, 2]
    assert min(min(one) for one in costs) > 0


def test_storms_are_measured_watched_and_not():
    rates = while_watched(1, 0)
    assert {name: len(found) for name, found in rates.items()} == dict.fromkeys(KINDS, 1)
    assert min(min(one) for one in rates.values()) > 0

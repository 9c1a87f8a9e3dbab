"""Starts of an interpreter."""

import subprocess

import pytest

from benchmarks.importing import measure_import, start


def test_a_start_has_a_cost_by_both_clocks():
    cost = start("-c", "pass")
    assert cost.cpu > 0
    assert cost.wall > 0


def test_code_that_fails_is_no_measurement():
    with pytest.raises(subprocess.CalledProcessError):
        start("-c", "raise SystemExit(3)")


def test_each_round_gives_one_difference():
    assert len(measure_import(2)) == 2

"""NOP."""

from __future__ import annotations

import pytest

from uringlab import OperandError, ops


def examples():
    return [(ops.Nop(user_data=3), "NOP")]


def test_nop_completes_with_zero(run):
    assert run(ops.Nop(user_data=2**64 - 1)) == 0


@pytest.mark.parametrize("make", [lambda: ops.Nop(user_data=2**64), lambda: ops.Nop(flags=256)])
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()

"""Values are equal by their fields, and do not change."""

import copy
import pickle

import pytest

from uringlab import Fd, FixedFd, Params, Wait


def test_values_of_one_class_are_equal_by_their_fields():
    assert Fd(3) == Fd(3)
    assert Fd(3) != Fd(4)
    assert Wait(timeout=1) == Wait(timeout=1, at_least=0)
    assert {Fd(3), Fd(3)} == {Fd(3)}


def test_values_of_two_classes_never_are():
    assert Fd(3) != FixedFd(3)
    assert len({Fd(3), FixedFd(3)}) == 2


def test_a_value_cannot_be_changed():
    fd = Fd(3)
    with pytest.raises(AttributeError, match=r"Fd\.number cannot be changed"):
        fd.number = 4
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del fd.number
    with pytest.raises(AttributeError):
        fd.other = 1


def test_a_value_can_be_copied_and_pickled():
    wait = Wait(timeout=1.5, absolute=True)
    assert copy.deepcopy(wait) == pickle.loads(pickle.dumps(wait)) == wait  # noqa: S301 (ours)


def test_a_value_is_shown_as_it_is_made():
    assert repr(FixedFd(3)) == "FixedFd(number=3)"
    assert eval(repr(Wait(timeout=2)), {"Wait": Wait}) == Wait(timeout=2)  # noqa: S307 (ours)


def test_params_are_equal_by_their_values_and_do_change():
    params = Params(cq_entries=4)
    assert params == Params(cq_entries=4)
    params.cq_entries = 8
    assert params != Params(cq_entries=4)
    assert "cq_entries=8" in repr(params)

"""What goes wrong has a name, and says what it means."""

import errno

import pytest

from uringlab.core.errors import RingClosed, check, errno_name, errno_text
from uringlab.core.native import lib


def test_an_errno_has_its_name_with_either_sign():
    assert errno_name(9) == errno_name(-9) == "EBADF"
    assert errno_text(-9) == "EBADF: bad file descriptor"


def test_a_number_that_only_the_kernel_uses_has_a_name_too():
    assert errno_name(-512) == "ERESTARTSYS"
    assert "cancelled" in errno_text(-512)


def test_of_two_names_for_one_number_the_kernels_is_said():
    assert errno_name(errno.EOPNOTSUPP) == "EOPNOTSUPP"
    assert errno_name(errno.EDEADLK) == "EDEADLK"


def test_a_number_without_a_name_stays_a_number():
    assert errno_name(4000) == "4000"


def test_what_an_errno_means_in_its_place_is_said():
    with pytest.raises(OSError, match="push: EBUSY: full up") as raised:
        check(-errno.EBUSY, "push", {errno.EBUSY: "full up"})
    assert raised.value.errno == errno.EBUSY
    with pytest.raises(OSError, match="EINVAL: invalid argument"):
        check(-errno.EINVAL, "push")


def test_our_own_refusals_are_no_oserrors():
    with pytest.raises(RingClosed):
        check(lib.UL_E_CLOSED, "push")
    assert check(3, "push") == 3

from __future__ import annotations

import os

import pytest

from uringlab import (
    EnterFlags,
    Fd,
    FixedFd,
    IoUring,
    IoUringFd,
    OperandError,
    OwnedFd,
    SqeFlags,
    Statx,
    SubmissionQueueFull,
    ops,
)


@pytest.fixture
def ring():
    with IoUring(2) as ring:
        yield ring


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def null():
    return os.open("/dev/null", os.O_RDWR)


def test_the_type_of_an_fd_decides_the_flags_of_its_sqe():
    assert ops.decode(ops.Fsync(5).sqe).words["flags"] == 0
    assert ops.decode(ops.Fsync(Fd(5)).sqe).words["flags"] == 0
    fixed = ops.decode(ops.Fsync(FixedFd(5), flags=SqeFlags.IO_LINK).sqe)
    assert fixed.words["fd"] == 5
    assert fixed.flags == SqeFlags.FIXED_FILE | SqeFlags.IO_LINK
    assert str(fixed).startswith("FSYNC fd=#5 ")
    assert str(fixed).endswith(" flags=FIXED_FILE|IO_LINK")


def test_a_registered_ring_index_carries_its_enter_flag():
    assert IoUringFd(3).enter_flags == EnterFlags(0)
    assert IoUringFd(0, registered=True).enter_flags == EnterFlags.REGISTERED_RING
    assert IoUringFd(3).fileno() == 3
    assert str(IoUringFd(3)) == "fd 3"
    assert str(IoUringFd(0, registered=True)) == "registered index 0"


def test_an_owned_fd_is_closed_once():
    owned = OwnedFd(null())
    number = owned.number
    owned.close()
    assert not is_open(number)
    again = null()
    assert again == number, "the number was free, and is somebody else's now"
    owned.close()
    del owned
    assert is_open(again)
    os.close(again)


def test_an_owned_fd_goes_with_its_last_reference_or_its_block():
    owned = OwnedFd(null())
    number = owned.fileno()
    del owned
    assert not is_open(number)
    with OwnedFd(null()) as owned:
        assert owned.owned
        assert is_open(owned.number)
    assert not is_open(owned.number)
    assert repr(owned) == f"OwnedFd({number}, given up)"


def test_a_staged_close_takes_the_fd_over_and_the_kernel_closes_it_once(ring):
    owned = OwnedFd(null())
    ring.sq().push(ops.Close(owned, user_data=1))
    assert not owned.owned
    assert is_open(owned.number), "staged is not closed"
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [0]
    assert not is_open(owned.number)
    again = null()
    assert again == owned.number
    owned.close()
    del owned
    assert is_open(again)
    os.close(again)


def test_a_close_that_found_no_slot_leaves_the_fd_with_its_owner(ring):
    owned = OwnedFd(null())
    for _ in range(2):
        ring.sq().push(ops.Nop())
    with pytest.raises(SubmissionQueueFull):
        ring.sq().push(ops.Close(owned))
    assert owned.owned
    owned.give_up()
    with pytest.raises(SubmissionQueueFull):
        ring.sq().push(ops.Close(owned))
    assert not owned.owned, "it had been given up before"
    owned.take_back()
    owned.close()


def test_closing_a_plain_number_takes_nothing_over(ring):
    number = null()
    ring.sq().push(ops.Close(number))
    ring.submit_and_wait(1)
    assert not is_open(number)


def test_the_ring_refuses_to_close_itself(ring):
    ring.sq().push(ops.Close(ring.fd.number))
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [-9]
    assert is_open(ring.fd.number)


def test_what_is_no_fd_but_has_one_is_told_where_it_is(ring):
    with open("/dev/null", "rb") as file:  # noqa: PTH123 (the object that people have)
        with pytest.raises(OperandError, match=r"^fd takes an fd, .*: give its fileno\(\), and"):
            ops.Fsync(file)
        with pytest.raises(OperandError, match=r"give its fileno\(\)"):
            ops.Statx("x", Statx(), dir=file)
    with pytest.raises(OperandError, match="^ring takes an fd, .*: give its fd$"):
        ops.MsgRing(ring)
    with pytest.raises(OperandError, match="^fd takes an fd, not 'five'$"):
        ops.Fsync("five")

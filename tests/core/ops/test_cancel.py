"""ASYNC_CANCEL."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, OperandError, ops
from uringlab.core.abi import CancelFlags, Opcode
from uringlab.core.fd import FixedFd

ALL = CancelFlags.ALL


def examples():
    return [
        (
            ops.AsyncCancel(2**40),
            f"ASYNC_CANCEL target={2**40:#x} fd=none opcode_of=none cancel_flags=0",
        ),
        (
            ops.AsyncCancel(fd=FixedFd(3), opcode_of=Opcode.READ),
            "ASYNC_CANCEL target=none fd=#3 opcode_of=READ cancel_flags=FD|FD_FIXED|OP",
        ),
        (
            ops.AsyncCancel(4, fd=3),
            "ASYNC_CANCEL target=4 fd=3 opcode_of=none cancel_flags=FD|USERDATA",
        ),
    ]


@pytest.fixture
def other():
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


@pytest.fixture
def waiting(ring, pipe, other):
    """In flight: 1 and 2 on a pipe (a read, a poll), 3 and 4 on another."""
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.sq().push(ops.PollAdd(pipe[0], user_data=2))
    ring.sq().push(ops.Read(other[0], Buffer(8), user_data=3))
    ring.sq().push(ops.PollAdd(other[0], user_data=4))
    ring.submit()


@pytest.fixture
def cancelled(ring, waiting):
    """Cancel: the result, and whose CQEs came."""

    def run(op, count):
        ring.sq().push(op)
        ring.submit_and_wait(count + 1, timeout=5)
        found = {cqe.user_data: cqe.res for cqe in ring.cq()}
        answer = found.pop(op.user_data)
        assert set(found.values()) <= {-errno.ECANCELED}
        return answer, sorted(found)

    return run


def test_it_ends_what_it_names_and_says_so(cancelled, run):
    assert cancelled(ops.AsyncCancel(1, user_data=9), 1) == (0, [1])
    assert run(ops.AsyncCancel(1)) == -errno.ENOENT


def test_all_of_one_name_are_counted(ring, pipe):
    for _ in range(3):
        ring.sq().push(ops.PollAdd(pipe[0], user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, cancel_flags=ALL, user_data=2))
    ring.submit_and_wait(4, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED)] * 3 + [(2, 3)]


def test_any_is_everything(cancelled):
    op = ops.AsyncCancel(cancel_flags=CancelFlags.ANY, user_data=9)
    assert cancelled(op, 4) == (4, [1, 2, 3, 4])


def test_requests_are_named_by_their_file(cancelled, pipe):
    op = ops.AsyncCancel(fd=pipe[0], cancel_flags=ALL, user_data=9)
    assert cancelled(op, 2) == (2, [1, 2])


def test_requests_are_named_by_a_registered_file(cancelled, ring, run, other):
    ring.files.register([other[0]])
    op = ops.AsyncCancel(fd=FixedFd(0), cancel_flags=ALL, user_data=9)
    assert cancelled(op, 2) == (2, [3, 4])
    assert run(ops.AsyncCancel(fd=FixedFd(9))) == -errno.EBADF
    assert run(ops.AsyncCancel(fd=999)) == -errno.EBADF


def test_requests_are_named_by_their_opcode(cancelled):
    op = ops.AsyncCancel(opcode_of=Opcode.POLL_ADD, cancel_flags=ALL, user_data=9)
    assert cancelled(op, 2) == (2, [2, 4])


def test_requests_are_named_by_several_things_at_once(cancelled, run, pipe, other):
    assert run(ops.AsyncCancel(1, fd=other[0], user_data=8)) == -errno.ENOENT
    op = ops.AsyncCancel(3, fd=other[0], opcode_of=Opcode.READ, user_data=9)
    assert cancelled(op, 1) == (0, [3])


def test_any_goes_with_no_file_and_no_opcode(run, pipe):
    assert run(ops.AsyncCancel(fd=pipe[0], cancel_flags=CancelFlags.ANY)) == -errno.EINVAL


@pytest.mark.parametrize(
    "make",
    [
        ops.AsyncCancel,
        lambda: ops.AsyncCancel(cancel_flags=ALL),
        lambda: ops.AsyncCancel(-(2**63) - 1),
        lambda: ops.AsyncCancel(fd="x"),
        lambda: ops.AsyncCancel(opcode_of="READ"),
        lambda: ops.AsyncCancel(1, cancel_flags="ALL"),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()

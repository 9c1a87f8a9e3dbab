"""The behaviours of liburing's test `nop-flags`: a NOP that looks things up on its way."""

from __future__ import annotations

import errno
import os

import pytest
from ring_kinds import one, run_for_results

from uringlab import Buffer, FixedFd, ops

NOWHERE = 9999
WORDS = (0xDEADBEEF12345678, 0xABCDEF0011223344)


@pytest.fixture
def devnull():
    fd = os.open(os.devnull, os.O_RDWR)
    yield fd
    os.close(fd)


@pytest.fixture
def nop(ring):
    """`nop(…)`: the result of such a NOP. EINVAL: the kernel does not know of it."""

    def run(**asked):
        res = one(ring, ops.Nop(user_data=1, **asked)).res
        if res == -errno.EINVAL:
            pytest.skip(f"needs a NOP with {', '.join(asked)}")
        return res

    return run


@pytest.mark.parametrize("result", [42, -5, 0])
def test_the_result_is_what_was_asked_for(nop, result):
    assert nop(inject=result) == result


def test_a_file_is_looked_up(nop, devnull):
    assert nop(file=devnull) == 0


def test_a_file_that_is_not_open_fails_it(nop):
    assert nop(file=NOWHERE) == -errno.EBADF


def test_a_registered_file_is_looked_up_in_its_table(ring, nop, devnull):
    [file] = ring.files.register([devnull])
    assert nop(file=file) == 0
    assert nop(file=FixedFd(999)) == -errno.EBADF
    ring.files.unregister()
    assert nop(file=file) == -errno.EBADF


def test_a_registered_buffer_is_looked_up(ring, nop):
    ring.buffers.register([Buffer(4096)])
    assert nop(buf_index=0) == 0
    assert nop(buf_index=999) == -errno.EFAULT
    ring.buffers.unregister()
    assert nop(buf_index=0) == -errno.EFAULT


def test_nops_that_complete_by_task_work_all_complete(ring, nop):
    nop(task_work=True)
    nops = [ops.Nop(user_data=at, task_work=True) for at in range(8)]
    assert run_for_results(ring, *nops) == dict.fromkeys(range(8), 0)


def test_a_result_comes_through_task_work_as_well(nop):
    assert nop(task_work=True, inject=42) == 42


@pytest.mark.only_on("CQE32", why="other CQEs have no second half")
def test_two_words_come_back_in_the_second_half_of_the_cqe(ring, nop):
    nop(extra1=1)
    cqe = one(ring, ops.Nop(extra1=WORDS[0], extra2=WORDS[1]))
    assert cqe.res == 0
    assert cqe.extra == WORDS


@pytest.mark.not_on(CQE32="its CQEs have a second half")
def test_without_a_second_half_two_words_are_refused(ring):
    assert one(ring, ops.Nop(extra1=1, extra2=2)).res == -errno.EINVAL


def test_all_of_it_goes_together(ring, nop, devnull):
    [file] = ring.files.register([devnull])
    ring.buffers.register([Buffer(4096)])
    assert nop(file=file, buf_index=0, task_work=True) == 0
    assert nop(file=file, buf_index=0, task_work=True, inject=7) == 7

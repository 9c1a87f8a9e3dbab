"""The behaviours of liburing's test `io_uring_setup`: what io_uring_setup(2) refuses.

Each is asked with the flags of every kind of ring, for none of them excuses anything.
"""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import IoUring, OperandError, Params, SetupFlags
from uringlab.core.native import ffi, lib

CPUS = os.cpu_count()


def bare_setup(entries, **fields):
    """The system call itself; an fd that comes after all is closed."""
    params = ffi.new("struct io_uring_params *", fields)
    answer = lib.ul_sys_setup(entries, params)
    if answer >= 0:
        os.close(answer)
        return 0
    return answer


def test_with_the_flags_alone_there_is_a_ring(ring_kind):
    assert bare_setup(1, flags=int(ring_kind.flags)) == 0


def test_no_entries_are_refused(ring_kind):
    assert bare_setup(0, flags=int(ring_kind.flags)) == -errno.EINVAL
    with pytest.raises(OSError, match="sq_entries=0") as refused:
        IoUring(0, Params(flags=ring_kind.flags))
    assert refused.value.errno == errno.EINVAL


def test_no_parameters_are_a_bad_address(ring_kind):
    assert lib.ul_sys_setup(1, ffi.NULL) == -errno.EFAULT


def test_reserved_words_must_be_0(ring_kind):
    assert bare_setup(1, flags=int(ring_kind.flags), resv=[1, 1, 1]) == -errno.EINVAL


def test_flags_that_nobody_knows_are_refused(ring_kind):
    assert bare_setup(1, flags=2**32 - 1) == -errno.EINVAL
    assert bare_setup(1, flags=int(ring_kind.flags) | 1 << 31) == -errno.EINVAL


@pytest.mark.not_on(SQPOLL="it has the thread that a CPU can be named for")
def test_a_cpu_without_a_poll_thread_is_refused(ring_kind):
    flags = ring_kind.flags | SetupFlags.SQ_AFF
    assert bare_setup(1, flags=int(flags)) == -errno.EINVAL
    with pytest.raises(OSError, match="SQ_AFF needs SQPOLL"):
        IoUring(1, Params(flags=flags))


@pytest.mark.not_on(DEFER_TASKRUN="it goes with no poll thread")
def test_a_cpu_that_is_not_there_is_refused(ring_kind):
    flags = ring_kind.flags | SetupFlags.SQPOLL | SetupFlags.SQ_AFF
    assert bare_setup(1, flags=int(flags), sq_thread_cpu=CPUS) == -errno.EINVAL
    with pytest.raises(OSError, match=f"sq_thread_cpu={CPUS} is no CPU"):
        IoUring(1, Params(flags=flags, sq_thread_cpu=CPUS))


def test_a_number_that_fits_no_word_is_refused_before_the_kernel_is_asked(ring_kind):
    with pytest.raises(OperandError, match="does not fit"):
        IoUring(2**32, Params(flags=ring_kind.flags))


def test_a_rings_fd_can_be_neither_read_nor_written(ring):
    with pytest.raises(OSError, match="Invalid argument"):
        os.read(ring.fd.number, 4096)
    with pytest.raises(OSError, match="Invalid argument"):
        os.write(ring.fd.number, b"x")

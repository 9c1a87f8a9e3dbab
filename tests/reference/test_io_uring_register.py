"""The behaviours of liburing's test `io_uring_register`: what io_uring_register(2) refuses."""

from __future__ import annotations

import errno
import mmap
import os
import resource
from contextlib import suppress
from pathlib import Path

import pytest
from ring_kinds import ask, one

from uringlab import Buffer, IoUring, Params, ops
from uringlab.core.abi import IOVEC, MAX_FIXED_FILES, MAX_IOVECS, PollEvents, RegisterOp
from uringlab.core.buffers import BadPage
from uringlab.core.native import ffi

PAGE = mmap.PAGESIZE
HUGE_PAGE = 2 << 20
MAP_HUGETLB = 0x40000  # Python has no name for it
NOBODY = 65534


def iovec(address, size):
    return IOVEC.pack(iov_base=address, iov_len=size)


def test_an_fd_that_is_not_open_is_refused(ring_kind):
    assert ask(2**31 - 1, RegisterOp.BUFFERS)[0] == -errno.EBADF
    # An fd of -1 asks without a ring, from 6.13 on: for some calls only.
    assert ask(-1, RegisterOp.BUFFERS)[0] in (-errno.EINVAL, -errno.EBADF)


def test_a_file_that_is_no_ring_is_refused(ring_kind, pipe):
    assert ask(pipe[0], RegisterOp.BUFFERS)[0] == -errno.EOPNOTSUPP


def test_an_opcode_that_nobody_knows_is_refused(ring):
    assert ask(ring, 2**32 - 1)[0] == -errno.EINVAL
    assert ask(ring, 2**31 - 1)[0] == -errno.EINVAL


# -- buffers ---------------------------------------------------------------------------------


def test_a_buffer_at_no_address_is_refused(ring):
    assert ask(ring, RegisterOp.BUFFERS, iovec(0, PAGE), 1)[0] == -errno.EFAULT
    with pytest.raises(OSError, match="EFAULT"):
        ring.buffers.register([BadPage()])


def test_a_buffer_without_bytes_is_refused(ring):
    address = Buffer(PAGE).address
    assert ask(ring, RegisterOp.BUFFERS, iovec(address, 0), 1)[0] == -errno.EFAULT
    with pytest.raises(OSError, match="EFAULT"):
        ring.buffers.register([Buffer(0)])


def test_a_buffer_that_goes_on_where_there_is_no_memory_is_refused(ring):
    buffer = Buffer(PAGE)  # with an unmapped page behind it
    assert ask(ring, RegisterOp.BUFFERS, iovec(buffer.address, 2 * PAGE), 1)[0] == -errno.EFAULT


@pytest.fixture
def huge_page():
    """A mapping of one huge page. Where the kernel has none in store, root can have it get one."""
    switch = Path("/proc/sys/vm/nr_hugepages")
    before = switch.read_text()
    with suppress(OSError):
        switch.write_text(str(int(before) + 1))
    try:
        page = mmap.mmap(-1, HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_HUGETLB)
    except OSError:
        pytest.skip("needs a huge page")
    else:
        with page:
            yield page
    finally:
        with suppress(OSError):
            switch.write_text(before)


def test_a_huge_page_can_be_a_buffer(ring, huge_page):
    with memoryview(huge_page) as view:
        address = int(ffi.cast("uintptr_t", ffi.from_buffer(view)))
    assert ask(ring, RegisterOp.BUFFERS, iovec(address, HUGE_PAGE), 1)[0] == 0
    assert ask(ring, RegisterOp.UNREGISTER_BUFFERS)[0] == 0


def test_a_files_memory_is_no_buffer(ring, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(HUGE_PAGE))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), HUGE_PAGE) as mapping:
        with memoryview(mapping) as view:
            address = int(ffi.cast("uintptr_t", ffi.from_buffer(view)))
        answer = ask(ring, RegisterOp.BUFFERS, iovec(address, HUGE_PAGE), 1)[0]
        if answer == 0:  # a file system in memory: its pages are memory
            answer = ask(ring, RegisterOp.UNREGISTER_BUFFERS)[0]
            assert answer == 0
        else:
            assert answer in (-errno.EFAULT, -errno.EOPNOTSUPP)


def test_there_is_an_end_to_the_number_of_buffers(ring):
    one_page = iovec(Buffer(PAGE).address, PAGE)
    many = 100_000
    assert ask(ring, RegisterOp.BUFFERS, one_page * many, many)[0] == -errno.EINVAL


def test_as_many_buffers_as_a_request_can_have_iovecs_are_taken(ring):
    ring.buffers.register([Buffer(PAGE)] * MAX_IOVECS)
    assert len(ring.buffers) == MAX_IOVECS
    ring.buffers.unregister()


def test_a_table_can_be_made_once(ring):
    ring.buffers.register([Buffer(PAGE)])
    with pytest.raises(OSError, match="EBUSY: the ring has a table of buffers already"):
        ring.buffers.register([Buffer(PAGE)])
    ring.buffers.unregister()
    with pytest.raises(OSError, match="ENXIO: the ring has no table of buffers"):
        ring.buffers.unregister()


@pytest.mark.not_on(SQPOLL="an ordinary user had no poll thread before 5.13")
def test_an_ordinary_user_pins_no_more_than_rlimit_memlock(ring_kind, in_child):
    if os.geteuid() != 0:
        pytest.skip("needs root")

    def pin_too_much():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (4 << 20, 4 << 20))
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with IoUring(1, Params(flags=ring_kind.flags)) as ring:
            try:
                ring.buffers.register([Buffer(8 << 20)])
            except OSError as why:
                ring.buffers.register([Buffer(1 << 20)])
                return errno.errorcode[why.errno]
        return "it was taken"

    assert in_child(pin_too_much) == "ENOMEM"


# -- files -----------------------------------------------------------------------------------


def test_there_is_an_end_to_the_number_of_files(ring):
    # It is refused before any of them is looked at.
    assert ask(ring, RegisterOp.FILES, bytes(4), MAX_FIXED_FILES + 1)[0] == -errno.EMFILE


def test_as_many_files_are_taken_as_the_process_may_have_open(ring):
    most = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], MAX_FIXED_FILES)
    ring.files.sparse(most)
    assert len(ring.files) == most
    ring.files.unregister()


def test_a_ring_is_no_file_that_can_be_registered(ring):
    with pytest.raises(OSError, match="EBADF"):
        ring.files.register([ring.fd.number])


def test_a_ring_can_be_polled_by_its_own_request(ring):
    both = PollEvents.IN | PollEvents.OUT
    cqe = one(ring, ops.PollAdd(ring.fd.number, poll_events=both))
    assert cqe.res & PollEvents.OUT

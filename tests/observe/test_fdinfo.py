"""The kernel's page on a ring, of this kernel and of older ones."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab import Buffer, IoUring, ops
from uringlab.observe.fdinfo import FdInfo, Overflown, Poll, Unreadable, parse, read

COMMON = "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1009191\n"
OLD = (
    COMMON + "SqThread:\t123\nSqThreadCpu:\t1\nUserFiles:\t2\n    0: notes.txt\n    1: <none>\n"
    "UserBufs:\t1\n    0: 0x7f0000001000/4096\nPollList:\n  op=6, task_works=1\n"
)
"""As 5.10 and 5.15 write it: no heads, no tails."""
MIDDLE = (
    COMMON + "SqMask:\t0x3\nSqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqMask:\t0x7\nCqHead:\t0\n"
    "CqTail:\t1\nCachedCqTail:\t2\nSQEs:\t1\n    1: opcode:NOP, fd:-1, flags:0, off:0, "
    "addr:0x0, rw_flags:0x0, buf_index:0 user_data:14\nCQEs:\t1\n"
    "    0: user_data:2, res:0, flag:0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t1\n"
    "UserBufs:\t0\nPersonalities:\n    1\n\tUid:\t0\t\t0\t\t0\t\t0\nPollList:\nCqOverflowList:\n"
    "  user_data=18446744073709551615, res=-9, flags=1f\n"
)
"""As a kernel writes it that lists no files without the lock, and still says how many there are."""


def test_a_page_of_an_old_kernel_says_what_it_says_and_no_more():
    info = parse(OLD)
    assert not info.busy
    assert info.words == {"SqThread": 123, "SqThreadCpu": 1, "UserFiles": 2, "UserBufs": 1}
    assert info.files == ("notes.txt", None)
    assert info.buffers == ((0x7F0000001000, 4096),)
    assert info.polls == (Poll(6, task_works=True),)
    assert info.overflow is None
    assert info.rest == ()


def test_lists_that_were_left_out_are_unknown_and_empty_ones_are_empty():
    info = parse(MIDDLE)
    assert info.words["SqMask"] == 3
    assert info.words["CachedCqTail"] == 2
    assert info.files is None  # one, and not told which
    assert info.buffers == ()
    assert info.polls == ()
    assert info.overflow == (Overflown(2**64 - 1, -9, 0x1F),)
    assert info.rest == ()


def test_a_page_without_the_lock_is_busy():
    info = parse(COMMON)
    assert info == FdInfo(busy=True, words={})


def test_a_newer_kernel_may_say_more():
    info = parse(MIDDLE + "NAPI:\tenabled\nSqDreams:\t4\n  of=sheep\n")
    assert info.napi == "enabled"
    assert info.rest == ("SqDreams:\t4", "  of=sheep")


@given(st.text() | st.text(alphabet="SqMaskHeadTilPoUerF:\t\n 0123x=,-/"))
def test_nothing_in_a_page_is_an_error(text):
    parse(text)
    parse(MIDDLE + text)
    parse(text + MIDDLE)


@given(st.integers(0, len(MIDDLE)))
def test_a_page_that_is_cut_off_is_read_up_to_there(end):
    info = parse(MIDDLE[:end])
    whole = parse(MIDDLE)
    full = {name: value for name, value in info.words.items() if value == whole.words[name]}
    assert len(info.words) - len(full) <= 1  # the last number may have lost digits


def test_this_kernel_is_understood_to_the_last_line(pipe):
    reader, _ = pipe
    buffer = Buffer(4096)
    with IoUring(4) as ring:
        ring.files.register([reader])
        ring.buffers.sparse(2)
        ring.buffers.update(1, [buffer])
        ring.sq().push(ops.PollAdd(reader))
        ring.submit()
        ring.sq().push(ops.Nop(user_data=7))
        ring.sq().publish()
        info = read(os.getpid(), ring.fd.number)
    assert not info.busy
    assert info.rest == ()
    assert info.words["SqTail"] == 2
    assert info.words["SqHead"] == 1
    assert info.words["SqMask"] == 3
    assert info.files is not None
    assert len(info.files) == 1
    assert "pipe" in str(info.files[0])
    assert info.buffers == (None, (buffer.address, 4096))
    assert info.polls == (Poll(6, task_works=False),)
    assert info.overflow == ()


def test_a_ring_without_an_fd_and_one_that_is_closed_say_why_there_is_no_page():
    with pytest.raises(Unreadable, match="no fd"):
        read(os.getpid(), -1)
    with pytest.raises(Unreadable, match="not open"):
        read(os.getpid(), 987_654)


def test_an_fd_that_is_another_file_by_now_says_so(pipe):
    with pytest.raises(Unreadable, match="another file"):
        read(os.getpid(), pipe[0])

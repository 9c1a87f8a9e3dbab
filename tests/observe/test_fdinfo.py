"""The kernel's page on a ring, of this kernel and of older ones."""

import errno
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab import Buffer, IoUring, Params, SetupFlags, ops
from uringlab.observe.fdinfo import (
    FdInfo,
    Overflown,
    Poll,
    Unreadable,
    _locks_the_whole_page,
    parse,
    read,
)

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
    assert info.files == {0: "notes.txt"}
    assert info.buffers == {0: (0x7F0000001000, 4096)}
    assert not info.partial  # it names files: it had the lock
    assert info.polls == (Poll(6, task_works=True),)
    assert info.overflow is None
    assert info.rest == ()


def test_lists_that_were_left_out_are_unknown_and_empty_ones_are_empty():
    info = parse(MIDDLE)
    assert info.words["SqMask"] == 3
    assert info.words["CachedCqTail"] == 2
    assert info.files is None  # one, and not told which
    assert info.partial
    assert info.buffers == {}
    assert info.polls == ()
    assert info.overflow == (Overflown(2**64 - 1, -9, 0x1F),)
    assert info.rest == ()


def test_a_page_without_the_lock_is_busy():
    info = parse(COMMON)
    assert info == FdInfo(busy=True, partial=False, words={})


def test_a_kernel_that_locks_the_whole_page_leaves_nothing_out():
    info = parse(MIDDLE, whole=True)
    assert not info.partial
    assert info.files == {}  # since 6.13 a place without a file has no line


@pytest.mark.parametrize(
    ("release", "whole"),
    [("6.15.3", False), ("6.16.0-rc1", True), ("6.18.44-fc", True), ("7.0", True), ("?", False)],
)
def test_the_release_tells_which_kernel_that_is(release, whole):
    assert _locks_the_whole_page(release) is whole


def test_slots_that_an_old_kernel_calls_heads_and_tails_are_not_taken_for_them():
    # 5.16 and 5.17: masked, and no SqMask.
    info = parse(
        COMMON + "SqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqHead:\t0\nCqTail:\t1\n"
        "CachedCqTail:\t1\nSQEs:\t1\n    1: opcode:0, fd:-1, flags:0, user_data:14\nCQEs:\t0\n"
        "SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\n"
        "CqOverflowList:\n"
    )
    assert info.words == {
        "SQEs": 1,
        "CQEs": 0,
        "SqThread": -1,
        "SqThreadCpu": -1,
        "UserFiles": 0,
        "UserBufs": 0,
    }
    assert "SqTail: slot 2" in info.rest


def test_an_empty_place_for_a_buffer_is_empty_however_it_is_written():
    info = parse("UserBufs:\t3\n    0: 0xffffffffffffffff/1\n    1: <none>\n    2: 0x1000/8\n")
    assert info.buffers == {2: (0x1000, 8)}


def test_what_busy_polling_is_set_to_is_one_text():
    info = parse(
        MIDDLE + "NAPI:\tenabled\nnapi tracking:\tdynamic\nnapi_busy_poll_dt:\t50\n"
        "napi_prefer_busy_poll:\ttrue\n"
    )
    assert info.napi == "enabled, tracking dynamic, busy poll dt 50 ns, prefer busy poll true"
    assert info.rest == ()


@pytest.mark.parametrize(
    "garbage",
    [
        "SqMask:\t012\n",
        "SqMask:\t٣\n",
        "SqThread:\t0x\n",
        "PollList:\n  op=abc, task_works=1\n",
        "PollList:\n  op=6\n",
        "CqOverflowList:\n  user_data=1, res=x, flags=0\n",
        "CqOverflowList:\n  user_data=1, res=0, flags=zz\n",
        "UserBufs:\t1\n    0: 012/4\n    7: 0x1/2\n",
        "UserFiles:\t-1\n    0: x\n",
    ],
)
def test_garbage_is_no_error_and_is_kept(garbage):
    info = parse(MIDDLE + garbage, whole=True)
    assert info.rest or garbage.endswith("012\n")
    assert Poll(-1, task_works=False) not in (info.polls or ())


def test_a_newer_kernel_may_say_more():
    info = parse(MIDDLE + "NAPI:\tenabled\nSqDreams:\t4\n  of=sheep\n")
    assert info.napi == "enabled"
    assert info.rest == ("SqDreams:\t4", "  of=sheep")


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            (
                *("SqMask:\t", "PollList:\n", "CqOverflowList:\n", "UserFiles:\t", "UserBufs:\t"),
                *("  op=", ", task_works=", "  user_data=", ", res=", ", flags=", "    ", ": "),
                *("0", "1", "12", "0x", "-", "z", "\n", "\r", "/", "NAPI:\t", "٣"),
            )
        )
    ).map("".join)
)
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
    assert not info.partial
    assert info.files is not None
    assert [place for place, file in info.files.items() if "pipe" in file] == [0]
    assert info.words["UserBufs"] == 2
    assert info.buffers == {1: (buffer.address, 4096)}
    assert info.polls == (Poll(6, task_works=False),)
    assert info.overflow == ()


def test_a_sparse_table_of_files_is_told_by_place(pipe):
    with IoUring(4) as ring:
        ring.files.sparse(5)
        assert read(os.getpid(), ring.fd.number).files == {}
        ring.files.update(3, [pipe[0]])
        info = read(os.getpid(), ring.fd.number)
    assert info.words["UserFiles"] == 5
    assert list(info.files) == [3]


def test_a_files_name_cannot_pass_for_a_word_of_the_ring(tmp_path):
    # The kernel escapes blanks, tabs, line feeds and backslashes, and nothing else.
    name = "a\rSqHead:99\x0bSqTail:77\x85PollList:\u2028CqTail:5"
    with (tmp_path / name).open("w") as file, IoUring(4) as ring:
        ring.files.register([file.fileno()])
        info = read(os.getpid(), ring.fd.number)
    assert (info.words["SqHead"], info.words["SqTail"], info.words["CqTail"]) == (0, 0, 0)
    assert info.files == {0: str(tmp_path / name)}


def test_cqes_of_32_bytes_do_not_spoil_the_page(requires):
    # Their lines are followed by empty ones, and are wrong on 6.18: the count is right.
    requires(setup_flag=SetupFlags.CQE32)
    with IoUring(8, Params(flags=SetupFlags.CQE32)) as ring:
        for number in range(5):
            ring.sq().push(ops.Nop(user_data=number))
        ring.submit()
        info = read(os.getpid(), ring.fd.number)
    assert info.words["CQEs"] == 5
    assert info.words["CqTail"] == 5
    assert info.rest == ()


def test_a_ring_without_an_sq_array_says_how_many_sqes_there_are(requires):
    requires(setup_flag=SetupFlags.NO_SQARRAY)
    with IoUring(4, Params(flags=SetupFlags.NO_SQARRAY)) as ring:
        ring.sq().push(ops.Nop())
        ring.sq().publish()
        info = read(os.getpid(), ring.fd.number)
        ring.submit()
    assert info.words["SQEs"] == 1
    assert info.rest == ()


def test_busy_polling_is_told_as_it_was_set():
    with IoUring(4) as ring:
        try:
            ring.napi.register(50, prefer=True)
        except OSError as why:
            if why.errno == errno.EOPNOTSUPP:
                pytest.skip("needs CONFIG_NET_RX_BUSY_POLL")
            raise
        info = read(os.getpid(), ring.fd.number)
    assert info.rest == ()
    if info.napi is not None:  # shown since 6.14
        assert (
            info.napi == "enabled, tracking dynamic, busy poll dt 50000 ns, prefer busy poll true"
        )


def test_a_ring_without_an_fd_and_one_that_is_closed_say_why_there_is_no_page():
    with pytest.raises(Unreadable, match="no fd"):
        read(os.getpid(), -1)
    with pytest.raises(Unreadable, match="not open"):
        read(os.getpid(), 987_654)


def test_an_fd_that_is_another_file_by_now_says_so(pipe):
    with pytest.raises(Unreadable, match="another file"):
        read(os.getpid(), pipe[0])


THEIRS = """
import sys
from uringlab import IoUring, ops

with IoUring(4) as ring:
    ring.sq().push(ops.Nop())
    ring.sq().publish()
    print(ring.fd.number, flush=True)
    sys.stdin.read()
    ring.submit()
"""


def test_the_ring_of_another_process_has_a_page_until_it_ends():
    command = [sys.executable, "-c", THEIRS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        fd = int(child.stdout.readline())
        info = read(child.pid, fd)
        assert (info.words["SqTail"], info.words["SqHead"]) == (1, 0)
        child.stdin.close()
        child.wait()
        with pytest.raises(Unreadable, match="not open any more"):
            read(child.pid, fd)

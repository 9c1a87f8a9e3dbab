"""Closing: prompt, and only what is proven to have ended is freed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from uringlab import (
    Buffer,
    IoUring,
    Opcode,
    Params,
    RingBusy,
    SetupFlags,
    SqeFlags,
    ops,
)
from uringlab.core.buffers import memory_stats

S = 1_000_000_000
SETUPS = {
    "plain": SetupFlags(0),
    "SQPOLL": SetupFlags.SQPOLL,
    "COOP_TASKRUN": SetupFlags.COOP_TASKRUN,
    "SINGLE_ISSUER|DEFER_TASKRUN": SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN,
    "CQE32": SetupFlags.CQE32,
}


def close_promptly(ring, within=1.0):
    started = time.monotonic()
    ring.close()
    assert time.monotonic() - started < within


def open_fds():
    return len(list(Path("/proc/self/fd").iterdir()))


def assert_all_is_free():
    assert memory_stats()[0] == 0, "the ring is closed and nobody else holds a block"


@pytest.mark.parametrize("name", SETUPS)
def test_closing_ends_everything_in_flight_and_frees_it(name, requires, pipe):
    requires(setup_flag=SETUPS[name])
    ring = IoUring(32, Params(flags=SETUPS[name], sq_thread_idle=20))
    for number in range(8):
        ring.sq().push(ops.Read(pipe[0], Buffer(100), user_data=number))
        ring.sq().push(ops.Timeout(1000 * S, user_data=100 + number))
        ring.sq().push(ops.PollAdd(pipe[0], user_data=200 + number))
        ring.sq().push(ops.PollAdd(pipe[0], multishot=True, user_data=300 + number))
    ring.submit()
    close_promptly(ring)
    assert_all_is_free()


def test_what_was_staged_or_published_and_never_consumed_goes_too(pipe):
    ring = IoUring(8)
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.submit()
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=2))
    ring.sq().publish()
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=3))
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, fd=pipe[0], addr=Buffer(8), len=8)
    close_promptly(ring)
    assert_all_is_free()
    os.write(pipe[1], b"nobody took this")
    assert os.read(pipe[0], 100) == b"nobody took this"


def test_a_ring_with_a_cqe_that_was_not_let_go_of_is_closed(pipe):
    os.write(pipe[1], b"x")
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit_and_wait(1)
    ring.cq().peek()
    close_promptly(ring)
    assert_all_is_free()


def test_a_link_that_waits_for_its_head_is_ended_too(pipe):
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8), flags=SqeFlags.IO_LINK))
    ring.sq().push(ops.Write(pipe[1], b"x", flags=SqeFlags.IO_HARDLINK))
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit()
    close_promptly(ring)
    assert_all_is_free()


def test_a_drained_request_is_ended_too(pipe):
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.sq().push(ops.Write(pipe[1], b"x", flags=SqeFlags.IO_DRAIN))
    ring.submit()
    close_promptly(ring)
    assert_all_is_free()


def test_a_request_that_blocks_a_worker_thread_is_interrupted(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    ring = IoUring(4)
    # ASYNC: inline, the kernel tries with O_NONBLOCK, and a FIFO opens like that at once.
    ring.sq().push(ops.Openat(tmp_path / "fifo", flags=SqeFlags.ASYNC))
    ring.submit()
    time.sleep(0.05)
    assert not ring.cq(), "it waits for a writer"
    close_promptly(ring)
    assert_all_is_free()


def test_thousands_in_flight_and_a_full_completion_queue(pipe):
    ring = IoUring(2048, Params(cq_entries=2048))
    for _ in range(3):
        while ring.sq():
            ring.sq().push(ops.Read(pipe[0], Buffer(1)))
        ring.submit()
    for _ in range(2):
        while ring.sq():
            ring.sq().push(ops.Nop())
        ring.submit()
    assert ring.cq().ready() == 2048, "2048 more wait in the kernel"
    assert memory_stats()[0] == 3 * 2048
    close_promptly(ring, within=5)
    assert_all_is_free()


@pytest.mark.parametrize(
    "flags",
    [SetupFlags(0), SetupFlags.SQPOLL, SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN],
)
def test_silent_requests_in_flight_are_proven_ended_by_the_rings_own_end(flags, requires, pipe):
    requires(setup_flag=flags)
    ring = IoUring(8, Params(flags=flags, sq_thread_idle=20))
    silent = SqeFlags.CQE_SKIP_SUCCESS
    for number in range(3):
        ring.sq().push(ops.Read(pipe[0], Buffer(8), flags=silent, user_data=number))
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=9))
    ring.submit()
    close_promptly(ring, within=2)
    assert_all_is_free()


def test_a_ring_that_is_disabled_is_closed_with_what_it_never_ran(requires, pipe):
    flags = SetupFlags.R_DISABLED
    requires(setup_flag=flags)
    ring = IoUring(4, Params(flags=flags))
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.sq().publish()
    close_promptly(ring)
    assert_all_is_free()


def test_a_disabled_ring_with_a_poll_thread_is_closed_promptly_too(requires, pipe):
    flags = SetupFlags.R_DISABLED | SetupFlags.SQPOLL
    requires(setup_flag=flags)
    ring = IoUring(4, Params(flags=flags))
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.sq().publish()
    close_promptly(ring)
    assert_all_is_free()


def test_a_ring_that_is_dropped_is_closed(pipe, collect):
    fds = open_fds()
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit()
    del ring
    collect()
    assert_all_is_free()
    assert open_fds() == fds


def test_a_view_of_a_queue_keeps_the_ring_open(pipe, collect):
    cq = IoUring(4).cq()
    collect()
    assert cq.ready() == 0


def test_leaving_the_block_by_an_exception_closes(pipe):
    def fail():
        with IoUring(4) as ring:
            ring.sq().push(ops.Read(pipe[0], Buffer(8)))
            ring.submit()
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert_all_is_free()


def test_another_thread_may_close_a_plain_ring(pipe):
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit()
    thread = threading.Thread(target=ring.close)
    thread.start()
    thread.join()
    assert ring.closed
    assert_all_is_free()


def test_what_a_thread_left_in_flight_when_it_ended_is_closed(pipe):
    ring = IoUring(4)

    def submit():
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()

    thread = threading.Thread(target=submit)
    thread.start()
    thread.join()
    close_promptly(ring)
    assert_all_is_free()


def test_a_ring_is_not_closed_under_a_waiter(pipe):
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    thread = threading.Thread(target=ring.submit_and_wait)
    thread.start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and len(ring.sq()) != 4:
        time.sleep(0.001)
    time.sleep(0.02)
    with pytest.raises(RingBusy):
        ring.close()
    assert not ring.closed
    os.write(pipe[1], b"x")
    thread.join()
    assert [cqe.res for cqe in ring.cq()] == [1]
    ring.close()
    assert_all_is_free()


# -- what cannot be proven is never freed: in processes of their own -----------------------

FROM_ANOTHER_THREAD = """
import gc, os, threading, time, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats

flags = {flags}
reader, writer = os.pipe()
ring = IoUring(4, Params(flags=flags))
buffer = Buffer(8)
view = buffer.view
for number in range(2):
    ring.sq().push(ops.Read(reader, buffer, user_data=number))
del buffer
ring.submit()
said = []

def close():
    started = time.monotonic()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        {close}
    said.extend([time.monotonic() - started, [str(w.message) for w in caught]])

thread = threading.Thread(target=close)
thread.start()
thread.join()
seconds, messages = said
assert seconds < 1, seconds
print(messages)
del view
gc.collect()
print(memory_stats())
"""


@pytest.mark.parametrize(
    "flags", ["SetupFlags.SINGLE_ISSUER", "SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN"]
)
def test_a_single_issuers_ring_closed_by_another_thread_gives_its_memory_up(
    flags, run_python, requires
):
    requires(setup_flag=SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN)
    done = run_python(FROM_ANOTHER_THREAD.format(flags=flags, close="ring.close()"))
    assert done.returncode == 0, done.stderr
    messages, stats = done.stdout.splitlines()
    assert "2 blocks of memory were given up" in messages
    assert stats == "(1, 8, 2)"


def test_a_single_issuers_ring_dropped_in_another_thread_gives_its_memory_up(run_python, requires):
    requires(setup_flag=SetupFlags.SINGLE_ISSUER)
    close = "global ring; del ring; gc.collect()"
    code = FROM_ANOTHER_THREAD.format(flags="SetupFlags.SINGLE_ISSUER", close="drop()")
    code = code.replace("def close():", f"def drop():\n    {close}\n\ndef close():")
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "(1, 8, 2)"


SOMEBODY_ELSE_HAS_THE_RING = """
import mmap, os, time, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats

reader, writer = os.pipe()
ring = IoUring(4)
{keep}
ring.sq().push(ops.Read(reader, Buffer(8), flags=SqeFlags.CQE_SKIP_SUCCESS))
ring.submit()
started = time.monotonic()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ring.close(patience=0.2)
assert 0.15 < time.monotonic() - started < 2
print([str(w.message) for w in caught], memory_stats())
"""


@pytest.mark.parametrize(
    "keep",
    ["os.dup(ring.fd.number)", "mapping = mmap.mmap(ring.fd.number, 4096, prot=mmap.PROT_READ)"],
)
def test_a_ring_that_somebody_else_keeps_alive_proves_nothing(keep, run_python):
    done = run_python(SOMEBODY_ELSE_HAS_THE_RING.format(keep=keep))
    assert done.returncode == 0, done.stderr
    assert "1 blocks of memory were given up" in done.stdout
    assert "(1, 8, 1)" in done.stdout


TABLE_IN_REACH = """
import os, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats

reader, writer = os.pipe()
ring = IoUring(4)
ring.sq().push(ops.Read(reader, Buffer(8), flags=SqeFlags.CQE_SKIP_SUCCESS))
# Once the read is cancelled, the second would take the witness out of the table.
ring.sq().push(ops.PollAdd(reader, flags=SqeFlags.IO_HARDLINK, user_data=1))
ring.sq().slot().write(opcode=Opcode.CLOSE, flags=0, fd=0, file_index=1, user_data=2)
ring.submit()
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    ring.close(patience=0.2)
print(memory_stats())
"""


def test_a_request_that_could_take_the_witness_away_leaves_no_proof(run_python):
    done = run_python(TABLE_IN_REACH)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(1, 8, 1)"


BEFORE_SYNC_CANCEL = """
import errno, os, sys, time
sys.path.insert(0, {tests!r})
import seccomp_filter
from uringlab import *
from uringlab.core.buffers import memory_stats

seccomp_filter.install_for_register(errno.EINVAL, 24)  # SYNC_CANCEL came with 6.0
reader, writer = os.pipe()
ring = IoUring(4)
for number in range(20):
    ring.sq().push(ops.Read(reader, Buffer(8), user_data=number))
    ring.sq().push(ops.Timeout(10**12, user_data=number))
    ring.sq().push(ops.PollAdd(reader, user_data=7))
    ring.submit()
ring.sq().slot().write(fd=3)
started = time.monotonic()
ring.close()
assert time.monotonic() - started < 2
assert memory_stats() == (0, 0, 0), memory_stats()
"""


def test_a_kernel_without_sync_cancel_cancels_by_sqes(run_python):
    tests = str(Path(__file__).parent.parent)
    done = run_python(BEFORE_SYNC_CANCEL.format(tests=tests))
    assert done.returncode == 0, done.stderr


AT_EXIT = """
import atexit, os, sys, threading
from uringlab import *

reader, writer = os.pipe()
ring = IoUring(32, Params(flags={flags}))
for number in range(8):
    ring.sq().push(ops.Read(reader, Buffer(4096), user_data=number))
    ring.sq().push(ops.Timeout(10**12, user_data=number))
ring.submit()
{last}
"""


@pytest.mark.parametrize("flags", ["SetupFlags(0)", "SetupFlags.SQPOLL"])
@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("", 0),
        ("sys.keep = ring", 0),
        ("sys.exit(3)", 3),
        ("os._exit(4)", 4),
        ("atexit.register(os.write, writer, b'x' * 100)", 0),
        ("threading.Thread(target=ring.cq, args=(99,), daemon=True).start()", 0),
        ("raise RuntimeError", 1),
    ],
)
def test_the_interpreter_ends_cleanly_with_requests_in_flight(flags, last, code, run_python):
    done = run_python(AT_EXIT.format(flags=flags, last=last))
    assert done.returncode == code, done.stderr
    assert "Fatal" not in done.stderr
    assert "given up" not in done.stderr

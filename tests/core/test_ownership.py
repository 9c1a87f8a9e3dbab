"""Whatever an SQE points to lives until it may die, and what a completion brings is not lost.

Each test drops every reference it has; tests/core/conftest.py counts what is left. The ones
that would ruin the test process, or that count in a process of their own, are programs.
"""

from __future__ import annotations

import errno
import os
import threading

import pytest

from uringlab import (
    Buffer,
    CqeBatch,
    EnterFlags,
    IoUring,
    Opcode,
    Params,
    Prepared,
    RingBusy,
    RingClosed,
    RingError,
    SetupFlags,
    SqeFlags,
    ops,
)
from uringlab.core.abi import Features, SqRingFlags
from uringlab.core.buffers import memory_stats
from uringlab.core.native import ffi, lib
from uringlab.observe.source import OwnSource

SILENT = SqeFlags.CQE_SKIP_SUCCESS
DEFER = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN
HOUR = 3600 * 10**9


def alive():
    return memory_stats()[0]


def resize(ring, sq_entries, cq_entries):
    params = ffi.new("struct io_uring_params *")
    params.sq_entries, params.cq_entries = sq_entries, cq_entries
    params.flags = int(SetupFlags.CQSIZE)
    return lib.ul_ring_resize(ring.handle, params)


# -- lent until the SQE is consumed, held until the final CQE ---------------------------------


def test_a_path_is_lent_until_the_sqe_is_consumed_and_no_longer(collect):
    before = alive()
    with IoUring(4) as ring:
        ring.sq().push(ops.Openat("/no/such/file", user_data=1))
        collect()
        assert alive() == before + 1, "staged"
        ring.sq().publish()
        assert alive() == before + 1, "published: the kernel has not copied it yet"
        ring.enter(1)
        assert alive() == before, "consumed"
        assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(1, -errno.ENOENT)]


def test_a_time_is_lent_too(collect):
    before = alive()
    with IoUring(4) as ring:
        ring.sq().push(ops.Timeout(HOUR, user_data=1))
        collect()
        assert alive() == before + 1
        ring.submit()
        assert alive() == before, "it runs on with the kernel's own copy"
        ring.sq().push(ops.AsyncCancel(1, user_data=2))
        ring.submit_and_wait(2, timeout=5)
        assert {cqe.user_data for cqe in ring.cq()} == {1, 2}


def test_what_a_link_behind_a_waiting_head_was_lent_is_copied_at_submission(pipe, collect):
    # The second begins long after its path is gone.
    before = alive()
    with IoUring(4) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8), flags=SqeFlags.IO_LINK, user_data=1))
        ring.sq().push(ops.Openat("/dev/null", user_data=2))
        ring.submit()
        collect()
        assert alive() == before + 1, "the buffer, and not the path"
        os.write(pipe[1], b"all of 8")
        ring.cq(2, timeout=5)
        first, second = ring.cq().drain()
        assert first[:2] == (1, 8)
        assert second.user_data == 2
        assert os.readlink(f"/proc/self/fd/{second.res}") == "/dev/null"
        os.close(second.res)


def test_what_was_pushed_in_bulk_is_held_request_by_request(pipe, collect):
    before = alive()
    with IoUring(8) as ring:
        bulk = Prepared(ops.Read(pipe[0], Buffer(4), user_data=number) for number in range(4))
        ring.sq().push_all(bulk)
        del bulk
        ring.submit()
        collect()
        for left in (3, 2, 1, 0):
            os.write(pipe[1], b"x")
            assert len(list(ring.cq(1, timeout=5))) == 1
            assert alive() == before + left


def test_a_bulk_push_that_does_not_fit_holds_nothing():
    before = alive()
    with IoUring(4) as ring:
        ring.sq().push(ops.Nop())
        bulk = Prepared(ops.Openat("/no/such/file") for _ in range(4))
        with pytest.raises(RingError):
            ring.sq().push_all(bulk)
        del bulk
        assert alive() == before


# -- close() -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [SetupFlags(0), SetupFlags.SQPOLL, DEFER])
def test_close_with_thousands_in_flight_of_every_kind_and_an_overflow(flags, requires, pipe):
    requires(setup_flag=flags)
    before = alive()
    ring = IoUring(1024, Params(flags=flags, cq_entries=1024, sq_thread_idle=50))
    for start in range(0, 4096, 1024):
        for number in range(start, start + 1024, 4):
            ring.sq().push_all(
                [
                    ops.Read(pipe[0], Buffer(64), user_data=number),
                    ops.Timeout(HOUR, user_data=number + 1),
                    ops.PollAdd(pipe[0], user_data=number + 2),
                    ops.Write(pipe[1], b"", user_data=number + 3),
                ]
            )
        ring.submit()
        while len(ring.sq()) != 1024:  # a poll thread takes its time
            ring.enter(0, 0, EnterFlags.SQ_WAIT if flags == SetupFlags.SQPOLL else EnterFlags(0))
    ring.close()
    assert alive() == before


def test_lent_memory_that_nobody_consumed_goes_when_the_ring_is_closed():
    before = alive()
    ring = IoUring(8)
    ring.sq().push(ops.Openat("/no/such/file"))
    ring.sq().publish()
    ring.sq().push(ops.Timeout(HOUR))
    ring.close()
    assert alive() == before


POLL_THREAD_OUT_OF_REACH = """
import os, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats

flags = SetupFlags.SQPOLL | SetupFlags.R_DISABLED
ring = IoUring(4, Params(flags=flags))
ring.sq().push(ops.Openat("/no/such/file"))
ring.sq().publish()
ring.sq().push(ops.Openat("/never/published"))
os.dup(ring.fd.number)  # whoever has it may enable the ring, and the thread goes on
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ring.close(patience=0.2)
print(memory_stats()[0], memory_stats()[2], len(caught))
"""


def test_what_a_poll_thread_may_yet_consume_is_not_freed(run_python, requires):
    requires(setup_flag=SetupFlags.SQPOLL)
    done = run_python(POLL_THREAD_OUT_OF_REACH)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "1", "1"]


# -- fds that completions bring --------------------------------------------------------------------


def test_an_fd_in_a_completion_that_nobody_saw_is_closed_with_the_ring():
    ring = IoUring(4)
    for number in range(3):
        ring.sq().push(ops.Openat("/dev/null", user_data=number))
    ring.submit_and_wait(3, timeout=5)
    ring.close()  # conftest counts the fds


def test_an_fd_that_was_seen_is_its_finders():
    ring = IoUring(4)
    ring.sq().push(ops.Openat("/dev/null", user_data=1))
    ring.submit_and_wait(1, timeout=5)
    [cqe] = ring.cq().peek()
    ring.close()
    os.close(cqe.res)


def test_an_fd_that_comes_while_the_ring_is_closed_is_closed_too():
    ring = IoUring(4)
    ring.sq().push(ops.Openat("/dev/null", flags=SqeFlags.ASYNC))
    ring.submit()
    ring.close()


@pytest.mark.parametrize("held", [False, True])
def test_beside_silent_requests_an_unseen_fd_is_closed_all_the_same(held, pipe):
    ring = IoUring(4)
    silent = ops.Read(pipe[0], Buffer(8), flags=SILENT) if held else ops.Nop(flags=SILENT)
    ring.sq().push_all([silent, ops.Openat("/dev/null", user_data=1)])
    ring.submit_and_wait(1, timeout=5)
    ring.close()


ONE_NAME_FOR_TWO_KINDS = """
import os
from uringlab import *

ring = IoUring(8)
for _ in range(2):
    ring.sq().push(ops.Openat("/dev/null", user_data=1))
ring.submit_and_wait(2, timeout=5)
ring.cq().drain(1)
ring.sq().push(ops.Nop(user_data=1))  # its result, 0, is no fd
ring.submit_and_wait(2, timeout=5)
ring.close()
os.fstat(0)
"""


def test_a_result_that_may_be_no_fd_is_not_closed(run_python):
    done = run_python(ONE_NAME_FOR_TWO_KINDS)
    assert done.returncode == 0, done.stderr


# -- another size --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra", [SetupFlags(0), SetupFlags.NO_SQARRAY, SetupFlags.NO_MMAP, SetupFlags.CQE32]
)
def test_a_ring_of_another_size_goes_on_where_it_was(extra, requires, pipe, collect):
    requires(setup_flag=DEFER | extra)
    before = alive()
    with IoUring(4, Params(flags=DEFER | extra)) as ring:
        for number in range(3):
            ring.sq().push(ops.Nop(user_data=number))
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=9))
        ring.submit_and_wait(3)
        if extra == SetupFlags.CQE32:
            assert resize(ring, 16, 64) == -errno.EAGAIN, "not with wide completions in the queue"
        assert [cqe.user_data for cqe in ring.cq().drain(2)] == [0, 1]
        if extra == SetupFlags.CQE32:
            ring.cq().drain()
        if resize(ring, 16, 64) == -errno.EINVAL:
            pytest.skip("needs REGISTER_RESIZE_RINGS")
        shot = OwnSource("ring", ring).sample()
        assert (shot.sq_entries, shot.cq_entries, shot.sq_head, shot.sq_tail) == (16, 64, 4, 4)
        for number in range(16):
            ring.sq().push(ops.Nop(user_data=100 + number))
        os.write(pipe[1], b"x")
        assert ring.submit_and_wait(17, timeout=5) == 16
        came = {cqe.user_data for cqe in ring.cq()}
        assert came >= {9, *range(100, 116)}
        collect()
        assert alive() == before


def test_what_is_published_keeps_its_lent_memory_through_a_resize(requires):
    requires(setup_flag=DEFER)
    before = alive()
    with IoUring(4, Params(flags=DEFER)) as ring:
        for number in range(3):
            ring.sq().push(ops.Openat("/no/such/file", user_data=number))
        assert resize(ring, 8, 16) == lib.UL_E_STAGED
        ring.sq().publish()
        if resize(ring, 8, 16) == -errno.EINVAL:
            pytest.skip("needs REGISTER_RESIZE_RINGS")
        assert alive() == before + 3
        assert resize(ring, 2, 16) == -errno.EOVERFLOW, "three do not fit"
        assert ring.enter(3) == 3
        assert alive() == before
        assert [cqe.res for cqe in ring.cq(3, timeout=5)] == [-errno.ENOENT] * 3


RESIZE_WITHOUT_MEMORY = """
import os, resource, sys, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats
from uringlab.core.native import ffi, lib

reader, writer = os.pipe()
ring = IoUring(4, Params(flags=SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN))
ring.sq().push(ops.Read(reader, Buffer(8)))
ring.submit()
params = ffi.new("struct io_uring_params *")
params.sq_entries, params.cq_entries, params.flags = 32768, 65536, 1 << 3
{keep}
# Room for the tables of holds, and not for the mappings.
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * 4096 + 1_500_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
answer = lib.ul_ring_resize(ring.handle, params)
print(answer)
try:
    ring.sq().push(ops.Nop())
except RingClosed:
    print("closed")
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    ring.close(patience=0.5)
print(memory_stats()[0], memory_stats()[2])
"""


@pytest.mark.parametrize(("keep", "left"), [("", "0 0"), ("os.dup(ring.fd.number)", "1 1")])
def test_a_ring_whose_new_queues_cannot_be_mapped_frees_only_what_is_proven(
    keep, left, run_python, requires
):
    requires(setup_flag=DEFER)
    done = run_python(RESIZE_WITHOUT_MEMORY.format(keep=keep))
    assert done.returncode == 0, done.stderr
    answer, closed, stats = done.stdout.splitlines()
    assert answer == str(-errno.ENOMEM)
    assert closed == "closed"
    assert stats == left


# -- exceptions, threads, exits ----------------------------------------------------------------


class Whim(Exception):
    """An exception at a bad moment."""


@pytest.mark.parametrize("moment", ["made", "pushed", "published", "submitted"])
def test_an_exception_at_any_step_frees_what_may_go_and_nothing_else(moment, pipe, collect):
    before = alive()

    def go():
        with IoUring(4) as ring:
            requests = [
                ops.Read(pipe[0], Buffer(8)),
                ops.Write(pipe[1], b""),
                ops.Openat("/no/such/file"),
                ops.Timeout(HOUR),
            ]
            steps = {
                "made": lambda: None,
                "pushed": lambda: ring.sq().push_all(requests),
                "published": ring.sq().publish,
                "submitted": ring.submit,
            }
            for name, step in steps.items():
                step()
                if name == moment:
                    raise Whim

    with pytest.raises(Whim):
        go()
    collect()
    assert alive() == before


def test_threads_that_push_submit_drain_and_close_break_nothing(pipe):
    before = alive()
    failures = []

    def hammer(rings, turns):
        batch = CqeBatch(16)
        for turn in range(turns):
            ring = rings[turn % len(rings)]
            try:
                match turn % 7:
                    case 0 | 1:
                        ring.sq().push(ops.Read(pipe[0], Buffer(16), user_data=turn))
                    case 2:
                        ring.sq().push_all([ops.Openat("/no/such/file"), ops.Timeout(HOUR)])
                    case 3:
                        ring.submit()
                    case 4:
                        ring.submit_and_drain(batch)
                    case 5:
                        ring.cq().drain()
                    case _:
                        ring.sq().push(ops.AsyncCancel(turn - 6))
            except (RingClosed, RingError, OSError):
                continue
            except BaseException as error:  # noqa: BLE001 (the main thread looks at it)
                failures.append(error)

    for _ in range(8):
        rings = [IoUring(8) for _ in range(3)]
        threads = [threading.Thread(target=hammer, args=(rings, 300)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for ring in rings:
            while not ring.closed:
                try:
                    ring.close()
                except RingBusy:
                    continue
        for thread in threads:
            thread.join()
    assert not failures
    assert alive() == before


EXIT = """
import os, sys, threading
from uringlab import *

reader, writer = os.pipe()
ring = IoUring(64, Params(flags={flags}))
for number in range(0, 32, 4):
    ring.sq().push_all([
        ops.Read(reader, Buffer(4096), user_data=number),
        ops.Timeout(10**12, user_data=number + 1),
        ops.PollAdd(reader, user_data=number + 2),
        ops.Openat("/no/such/file", flags=SqeFlags.ASYNC, user_data=number + 3),
    ])
ring.submit()

def inside():
    while True:
        try:
            ring.submit_and_wait(99)
        except OSError:
            pass

def pushing():
    while True:
        try:
            ring.sq().push(ops.Write(writer, b"x"))
            ring.submit()
            ring.cq().drain()
        except RingError:
            pass

for target in (inside, pushing):
    threading.Thread(target=target, daemon=True).start()
while not ring.last_enter:
    pass
{last}
"""


@pytest.mark.parametrize("flags", ["SetupFlags(0)", "SetupFlags.SQPOLL"])
@pytest.mark.parametrize(
    ("last", "code"),
    [("", 0), ("raise SystemExit(3)", 3), ("os._exit(4)", 4), ("sys.ring = ring; del ring", 0)],
)
def test_the_interpreter_ends_with_daemon_threads_inside_and_at_work(flags, last, code, run_python):
    done = run_python(EXIT.format(flags=flags, last=last))
    assert done.returncode == code, done.stderr
    assert "Fatal" not in done.stderr


def test_a_child_forked_with_requests_in_flight_frees_nothing_of_the_parents(
    pipe, in_child, collect
):
    before = alive()
    rings = [IoUring(8)]
    shared = [Buffer(8)]
    rings[0].sq().push_all(
        [ops.Read(pipe[0], shared[0], user_data=1), ops.Timeout(HOUR, user_data=2)]
    )
    rings[0].submit()
    rings[0].sq().push(ops.Openat("/no/such/file", user_data=3))  # lent, in both processes

    def child():
        kept = bytes(shared[0])
        rings.clear()
        collect()
        with IoUring(8) as own:  # which uses the memory that became free
            for _ in range(50):
                own.sq().push(ops.Write(pipe[1], b""))
                own.submit_and_wait(1)
                list(own.cq())
        return kept == bytes(8)

    assert in_child(child) == "True"
    os.write(pipe[1], b"parent's")
    rings[0].submit_and_wait(2, timeout=5)
    assert {cqe[:2] for cqe in rings[0].cq()} == {(1, 8), (3, -errno.ENOENT)}
    assert bytes(shared[0]) == b"parent's"
    rings.pop().close()
    shared.clear()
    collect()
    assert alive() == before


def test_a_batch_that_overflows_gets_the_rest_later_and_frees_it_then(requires, pipe):
    requires(feature=Features.NODROP)
    before = alive()
    with IoUring(4, Params(cq_entries=4)) as ring:
        batch = CqeBatch(64)
        for start in range(0, 12, 4):
            bulk = [ops.Write(pipe[1], b"", user_data=start + number) for number in range(4)]
            ring.sq().push_all(bulk)
            del bulk
            ring.submit()
        assert OwnSource("ring", ring).sample().sq_flags & SqRingFlags.CQ_OVERFLOW
        assert alive() == before + 12
        seen = []
        while len(seen) < 12:
            ring.submit_and_drain(batch, 1, timeout=5)
            seen += list(batch.user_data)
            assert alive() == before + 12 - len(seen)
        assert sorted(seen) == list(range(12))
        assert not OwnSource("ring", ring).sample().sq_flags & SqRingFlags.CQ_OVERFLOW


def test_a_raw_slot_that_is_taken_and_dropped_lets_go_of_what_it_held(collect):
    before = alive()
    with IoUring(4) as ring:
        slot = ring.sq().slot()
        slot.write(opcode=Opcode.READ, flags=0, addr=Buffer(8), len=8, fd=-1)
        del slot
        collect()
        assert alive() == before + 1
    assert alive() == before


# -- strangers' completions -----------------------------------------------------------------------

AFTER_A_MESSAGE = """
import os, warnings
from uringlab import *
from uringlab.core.buffers import memory_stats

warnings.simplefilter("error")
reader, writer = os.pipe()

def message(target, sender, user_data):
    sender.sq().push(ops.MsgRing(target.fd, data=user_data, user_data=1))
    sender.submit_and_wait(1)
    assert [cqe.res for cqe in sender.cq()] == [0]

with IoUring(4) as target, IoUring(4) as sender:
    target.sq().push(ops.Read(reader, Buffer(8), user_data=1))
    target.submit()
    message(target, sender, 7)
    assert [cqe.user_data for cqe in target.cq(1)] == [7]
    os.write(writer, b"x")
    assert [cqe.user_data for cqe in target.cq(1)] == [1]
    assert memory_stats()[0] == 0, "what 7 is called does not concern 1"

    later = IoUring(4)  # the message has arrived: 7 is a name like any other in here
    later.sq().push(ops.Read(reader, Buffer(8), user_data=7))
    later.submit()
    os.write(writer, b"x")
    assert [cqe.user_data for cqe in later.cq(1)] == [7]
    assert memory_stats()[0] == 0
    later.close()

    target.sq().push(ops.Read(reader, Buffer(8), user_data=7))
    target.submit()
    message(target, sender, 7)
    assert [cqe.user_data for cqe in target.cq(1)] == [7]
    assert memory_stats()[0] == 1, "in there nobody knows whose it was"
assert memory_stats() == (0, 0, 0), memory_stats()
"""


def test_a_message_taints_one_name_and_only_in_the_rings_that_it_can_reach(run_python):
    done = run_python(AFTER_A_MESSAGE)
    assert done.returncode == 0, done.stderr


def test_a_link_that_is_cut_where_the_kernel_stops_proves_nothing_about_its_silent_head(pipe):
    # Why what a silent request holds is kept until the end, whoever completes after it.
    before = alive()
    with IoUring(4) as ring:
        head = ops.Read(pipe[0], Buffer(8), flags=SILENT | SqeFlags.IO_LINK, user_data=1)
        ring.sq().push_all([head, ops.Nop(user_data=2)])
        del head
        ring.sq().publish()
        assert ring.enter(1) == 1
        assert ring.enter(1, 1, EnterFlags.GETEVENTS) == 1
        assert [cqe[:2] for cqe in ring.cq()] == [(2, 0)], "and the read is still in flight"
        assert alive() == before + 1
        os.write(pipe[1], b"into it")
        assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(1, 7)]
    assert alive() == before

"""Every setup flag: what it changes, on this kernel; and which go together."""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from uringlab import (
    Buffer,
    CqeFlags,
    EnterFlags,
    IoUring,
    OperandError,
    Params,
    SetupFlags,
    SqRingFlags,
    ops,
)
from uringlab.core import probe
from uringlab.core.abi import MAX_CQ_ENTRIES, RegisterOp
from uringlab.core.native import ffi, lib
from uringlab.core.setup_rules import CLASHES, NEEDS, UNDERSTOOD, companions, complaints

F = SetupFlags
ROOM = 5


@pytest.fixture
def ring_of(requires):
    """`with ring_of(flags, …) as ring`: skips where the kernel has no such flag."""

    @contextmanager
    def make(flags, entries=4, **params):
        requires(setup_flag=flags)
        with IoUring(entries, Params(flags=flags, **params)) as ring:
            yield ring

    return make


def run_one_nop(ring):
    if F.R_DISABLED in ring.params.flags:
        assert lib.ul_register(ring.handle, RegisterOp.ENABLE_RINGS, ffi.NULL, 0) == 0
    ring.sq().push(ops.Nop(user_data=7))
    assert ring.submit_and_wait(1, timeout=ROOM) == 1
    [cqe] = ring.cq(1, timeout=ROOM).drain()
    assert tuple(cqe) == (7, 0, 0)


def sq_flags(ring):
    return SqRingFlags(ring.memory.sq.u32(ring.params.sq_off["flags"]))


def until(holds):
    deadline = time.monotonic() + ROOM
    while not holds():
        assert time.monotonic() < deadline, "it never came"


def poll_threads():
    """{tid: CPUs} of this process's poll threads."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            name, status = (task / "comm").read_text(), (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):  # that of a closed ring has just ended
            continue
        if name.startswith("iou-sqp"):
            found[int(task.name)] = status.split("Cpus_allowed_list:")[1].split()[0]
    return found


def new_poll_threads(before, count):
    """Those that came since, once the ones of closed rings have ended."""
    until(lambda: len(poll_threads().keys() - before.keys()) == count)
    return poll_threads().keys() - before.keys()


# -- which go together ---------------------------------------------------------------------


def params_for(flags, other):
    return Params(
        flags=flags,
        cq_entries=8 if F.CQSIZE in flags else 0,
        sq_thread_cpu=min(os.sched_getaffinity(0)),
        sq_thread_idle=20,
        wq_fd=other.fd.number,
    )


def taken_or_explained(flags, other):
    """What the tables say of these flags is what the kernel says; taken, they work."""
    params = params_for(flags, other)
    strange = flags & ~(probe.setup_flags() & UNDERSTOOD)
    wrong = list(complaints(4, params))
    if not wrong and not strange:
        with IoUring(4, params) as ring:
            assert ring.params.flags == flags
            run_one_nop(ring)
        return
    with pytest.raises(OSError, match=r"io_uring_setup\(4\): E") as refused:
        IoUring(4, params)
    assert refused.value.errno == (errno.EINVAL if wrong or strange else errno.EOPNOTSUPP)
    for sentence in wrong:
        assert sentence in str(refused.value)
    for flag in F:
        if flag in strange:
            assert flag.name in str(refused.value)


@pytest.mark.parametrize("first", F, ids=lambda flag: flag.name)
def test_of_all_pairs_of_flags_each_is_taken_and_works_or_is_explained(first):
    with (
        IoUring(1, Params(flags=F.SQPOLL, sq_thread_idle=20)) as polled,
        IoUring(1) as plain,
    ):
        for second in F:
            if second < first:
                continue
            bare = first | second
            for flags in {bare, companions(first) | companions(second), companions(bare)}:
                taken_or_explained(flags, polled if F.SQPOLL in flags else plain)


def test_every_clash_names_both_flags_and_every_need_what_is_needed():
    for clash in CLASHES:
        [*sentences] = complaints(4, Params(flags=companions(clash.flag | clash.other)))
        assert any(
            clash.flag.name in one and clash.other.name in one and clash.why in one
            for one in sentences
        )
    for need in NEEDS:
        [sentence] = complaints(4, Params(flags=need.flag))
        assert sentence.startswith(f"{need.flag.name} needs ")
        assert any(flag.name in sentence for flag in F if flag & need.one_of)


def test_all_that_go_together_go_together():
    flags = F(0)
    for flag in F:
        if flag in probe.setup_flags() & UNDERSTOOD and flag not in F.SQPOLL | F.SQ_AFF:
            more = flags | companions(flag)
            if not list(complaints(4, Params(flags=more, cq_entries=8))):
                flags = more
    assert F.DEFER_TASKRUN in flags or F.DEFER_TASKRUN not in probe.setup_flags()
    with IoUring(1) as plain:
        taken_or_explained(flags, plain)


@pytest.mark.parametrize(
    ("entries", "params", "number", "says"),
    [
        (0, Params(), errno.EINVAL, "1 to 32768"),
        (32769, Params(), errno.EINVAL, "CLAMP lowers more"),
        (8, Params(cq_entries=4), errno.EINVAL, "cq_entries=4 is less than sq_entries=8"),
        (8, Params(flags=F.CQSIZE), errno.EINVAL, "cq_entries=0"),
        (8, Params(cq_entries=MAX_CQ_ENTRIES + 1), errno.EINVAL, "1 to 65536"),
        (5, Params(cq_entries=8), 0, ""),
        (9, Params(cq_entries=8), errno.EINVAL, "rounded up"),
        (8, Params(flags=F.CLAMP, cq_entries=MAX_CQ_ENTRIES + 1), 0, ""),
        (40_000, Params(flags=F.CLAMP, cq_entries=32768), 0, ""),
        (1, Params(flags=F.CQE_MIXED, cq_entries=1), errno.EOVERFLOW, "no room for a CQE of 32"),
        (
            8,
            Params(flags=F.SQPOLL | F.SQ_AFF, sq_thread_cpu=9999),
            errno.EINVAL,
            "sq_thread_cpu=9999 is no CPU",
        ),
        (8, Params(flags=F.ATTACH_WQ, wq_fd=-1), errno.ENXIO, "wq_fd is not an open fd"),
        (8, Params(flags=F(1 << 30)), errno.EINVAL, "flags 0x40000000 have no name here"),
    ],
)
def test_values_that_the_kernel_does_not_take_are_explained(entries, params, number, says):
    if params.flags & F.CQE_MIXED & ~probe.setup_flags():
        number, says = errno.EINVAL, "does not know CQE_MIXED"
    if not number:
        assert not list(complaints(entries, params))
        IoUring(entries, params).close()
        return
    with pytest.raises(OSError, match=says) as refused:
        IoUring(entries, params)
    assert refused.value.errno == number
    assert str(refused.value).count(errno.errorcode[number]) == 1


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [(F.ATTACH_WQ, "the fd of a ring"), (F.ATTACH_WQ | F.SQPOLL, "the fd of an SQPOLL ring")],
)
def test_attaching_to_what_is_no_ring_says_so(flags, wanted, pipe):
    with pytest.raises(OSError, match=f"ATTACH_WQ wants {wanted}") as refused:
        IoUring(4, Params(flags=flags, wq_fd=pipe[0]))
    assert refused.value.errno == errno.EINVAL


def test_a_number_that_does_not_fit_is_refused_before_the_kernel_is_asked():
    for params in (
        Params(cq_entries=-1),
        Params(sq_thread_cpu=2**32),
        Params(sq_thread_idle=-5),
        Params(wq_fd=-2),
    ):
        with pytest.raises(OperandError, match="="):
            IoUring(4, params)


# -- sizes of entries ----------------------------------------------------------------------


def test_under_sqe128_each_slot_has_128_bytes(ring_of):
    with ring_of(F.SQE128) as ring:
        assert ring.memory["sqes"].size == 4 * 128
        for number in range(9):
            ring.sq().push(ops.Nop(user_data=number))
            at = number % 4 * 128
            ring.submit_and_wait(1)
            assert ring.memory["sqes"].bytes(at + 32, 1) == bytes([number])
            assert ring.cq().drain()[0].user_data == number


def test_under_cqe32_each_cqe_has_two_words_more(ring_of):
    with ring_of(F.CQE32) as ring:
        for number in range(19):
            ring.sq().push(ops.Nop(user_data=number, extra1=number, extra2=100 + number))
            ring.submit_and_wait(1)
            [cqe] = ring.cq().drain()
            assert (cqe.user_data, cqe.extra) == (number, (number, 100 + number))


# -- both sizes in one queue: also tests/core/test_cq.py -----------------------------------


def test_under_cqe_mixed_only_who_asks_gets_32_bytes(ring_of):
    with ring_of(F.CQE_MIXED) as ring:
        ring.sq().push(ops.Nop(user_data=1))
        ring.sq().push(ops.Nop(user_data=2, extra1=3, extra2=4))
        ring.submit_and_wait(2)
        small, large = ring.cq().drain()
        assert not small.flags & CqeFlags.F_32
        assert large.flags & CqeFlags.F_32
        assert large.extra == (3, 4)
    with IoUring(4) as plain:
        plain.sq().push(ops.Nop(extra1=3))
        plain.submit()
        assert plain.cq(1).drain()[0].res == -errno.EINVAL


# -- polling for completions ---------------------------------------------------------------


@pytest.mark.parametrize("flags", [F.IOPOLL, F.IOPOLL | F.HYBRID_IOPOLL, F.IOPOLL | F.SQPOLL])
def test_an_iopoll_ring_reads_with_o_direct_and_refuses_what_cannot_be_polled(
    flags, ring_of, tmp_path
):
    path = tmp_path / "data"
    path.write_bytes(b"x" * 8192)
    direct = os.open(path, os.O_RDONLY | os.O_DIRECT)
    cached = os.open(path, os.O_RDONLY)
    try:
        with ring_of(flags) as ring:
            buffer = Buffer(4096)
            for fd in (direct, cached):
                ring.sq().push(ops.Read(fd, buffer, user_data=fd))
                ring.submit_and_wait(1)
            until(lambda: ring.submit() or ring.cq().ready() == 2)
            answers = {cqe.user_data: cqe.res for cqe in ring.cq()}
            assert answers[cached] == -errno.EOPNOTSUPP
            # A file system that cannot poll says the same.
            assert answers[direct] in {4096, -errno.EOPNOTSUPP}
            if answers[direct] == 4096:
                assert bytes(buffer) == b"x" * 4096
    finally:
        os.close(direct)
        os.close(cached)


# -- the poll thread -----------------------------------------------------------------------


def test_the_poll_thread_has_a_name_and_its_cpu(ring_of):
    cpu = max(os.sched_getaffinity(0))
    before = poll_threads()
    with ring_of(F.SQPOLL | F.SQ_AFF, sq_thread_cpu=cpu, sq_thread_idle=1) as ring:
        run_one_nop(ring)
        [new] = new_poll_threads(before, 1)
        assert poll_threads()[new] == str(cpu)
        info = Path(f"/proc/self/fdinfo/{ring.fd.number}").read_text()
        assert "SqThread:\t-1" not in info


def test_the_poll_thread_takes_what_is_published_without_any_system_call(ring_of):
    with ring_of(F.SQPOLL, sq_thread_idle=5000) as ring:
        run_one_nop(ring)
        calls = ring.last_enter.serial
        for number in range(20):
            ring.sq().push(ops.Nop(user_data=number))
            ring.sq().publish()
            until(ring.cq().ready)
            assert [cqe.user_data for cqe in ring.cq()] == [number]
        assert ring.last_enter.serial == calls


def test_the_poll_thread_sleeps_after_its_idle_time(ring_of):
    with ring_of(F.SQPOLL, sq_thread_idle=1) as ring:
        run_one_nop(ring)
        until(lambda: SqRingFlags.NEED_WAKEUP in sq_flags(ring))


def test_with_attach_wq_two_rings_share_one_poll_thread(ring_of):
    before = poll_threads()
    with ring_of(F.SQPOLL, sq_thread_idle=1) as first:
        run_one_nop(first)
        [thread] = new_poll_threads(before, 1)
        attached = Params(flags=F.SQPOLL | F.ATTACH_WQ, wq_fd=first.fd.number)
        with IoUring(4, attached) as second:
            run_one_nop(second)
            assert new_poll_threads(before, 1) == {thread}
            with IoUring(4, Params(flags=F.SQPOLL)) as third:
                run_one_nop(third)
                assert new_poll_threads(before, 2) > {thread}
        run_one_nop(first)


# -- beginning disabled --------------------------------------------------------------------


def test_a_disabled_ring_takes_nothing_until_it_is_enabled(ring_of):
    with ring_of(F.R_DISABLED) as ring:
        ring.sq().push(ops.Nop(user_data=1))
        with pytest.raises(OSError, match="not enabled yet") as refused:
            ring.submit()
        assert refused.value.errno == errno.EBADFD
        assert lib.ul_register(ring.handle, RegisterOp.ENABLE_RINGS, ffi.NULL, 0) == 0
        assert ring.submit() == 1
        assert [cqe.user_data for cqe in ring.cq(1)] == [1]


# -- how far a submission goes -------------------------------------------------------------


@pytest.mark.parametrize(("flags", "goes"), [(F(0), 2), (F.SUBMIT_ALL, 4)])
def test_submit_all_goes_on_after_an_sqe_that_is_refused(flags, goes, ring_of):
    with ring_of(flags) as ring:
        for number in range(4):
            unknown = 1 << 30 if number == 1 else 0
            ring.sq().slot().write(flags=0, user_data=number, op_flags=unknown)
        assert ring.submit() == goes
        assert [cqe.res for cqe in ring.cq()] == [0, -errno.EINVAL, 0, 0][:goes]
        assert ring.submit() == 4 - goes


# -- task work -----------------------------------------------------------------------------


def test_deferred_task_work_waits_and_shows_until_events_are_asked_for(ring_of, pipe):
    flags = F.SINGLE_ISSUER | F.DEFER_TASKRUN | F.TASKRUN_FLAG
    with ring_of(flags) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=3))
        ring.submit()
        os.write(pipe[1], b"hello")
        until(lambda: SqRingFlags.TASKRUN in sq_flags(ring))
        Path("/").stat()
        assert ring.cq().ready() == 0
        assert ring.submit() == 0, "the rule: task work that shows is run"
        assert EnterFlags.GETEVENTS in ring.last_enter.flags
        assert [cqe.res for cqe in ring.cq()] == [5]
        assert SqRingFlags.TASKRUN not in sq_flags(ring)


def test_without_deferring_any_system_call_runs_the_task_work(ring_of, pipe):
    with ring_of(F.COOP_TASKRUN) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()
        os.write(pipe[1], b"hello")
        until(lambda: Path("/").stat() and ring.cq().ready())
        assert [cqe.res for cqe in ring.cq()] == [5]


@pytest.fixture
def echo():
    """(ask, answer, CPUs): a process on a CPU of its own answers each byte. It never sleeps."""
    cpus = os.sched_getaffinity(0)
    answer, answers = os.pipe()
    asked, ask = os.pipe()
    child = os.fork()
    if child == 0:
        os.sched_setaffinity(0, {max(cpus)})
        os.close(ask)
        os.set_blocking(asked, False)
        while True:
            try:
                if not os.read(asked, 1):
                    os._exit(0)
                os.write(answers, b"x")
            except BlockingIOError:
                continue
    os.sched_setaffinity(0, {min(cpus)})
    yield ask, answer, len(cpus)
    os.sched_setaffinity(0, cpus)
    for fd in (answer, answers, asked, ask):
        os.close(fd)
    os.waitpid(child, 0)


@pytest.mark.timeout(60)
def test_cooperative_task_work_does_not_interrupt_who_makes_no_system_call(ring_of, echo):
    """So it can be seen waiting, before some interrupt or system call runs it."""
    ask, answer, cpus = echo
    seen = False
    with ring_of(F.COOP_TASKRUN | F.TASKRUN_FLAG) as ring:
        for _ in range(3000):
            ring.sq().push(ops.Read(answer, Buffer(1)))
            ring.submit()
            os.write(ask, b"g")
            while not seen and not ring.cq().ready():
                seen = SqRingFlags.TASKRUN in sq_flags(ring)
            ring.submit_and_wait(1, timeout=ROOM)
            assert [cqe.res for cqe in ring.cq()] == [1]
            if seen:
                break
    assert seen or cpus == 1


def test_a_ring_with_a_single_issuer_refuses_another_thread(ring_of):
    with ring_of(F.SINGLE_ISSUER) as ring:
        run_one_nop(ring)
        ring.sq().push(ops.Nop(user_data=1))
        answers = []
        thread = threading.Thread(target=lambda: answers.append(attempt(ring.submit)))
        thread.start()
        thread.join()
        [refused] = answers
        assert refused.errno == errno.EEXIST
        assert "EEXIST: the ring has a single issuer" in str(refused)
        assert ring.submit() == 1, "what was published stays published"
        assert [cqe.user_data for cqe in ring.cq()] == [1]


def attempt(call):
    try:
        return call()
    except OSError as refused:
        return refused


# -- memory --------------------------------------------------------------------------------


def ring_mappings():
    return Path("/proc/self/maps").read_text().count("[io_uring]")


def test_without_the_index_array_the_mapping_is_shorter(ring_of):
    with ring_of(F.NO_SQARRAY, entries=1024) as ring, IoUring(1024) as plain:
        assert plain.memory.sq.size - ring.memory.sq.size == 1024 * 4
        for number in range(3000):
            ring.sq().push(ops.Nop(user_data=number))
            ring.submit_and_wait(1)
            assert ring.cq().drain()[0].user_data == number


@pytest.mark.parametrize("more", [F(0), F.CQE32, F.SQE128, F.CQE32 | F.SQE128, F.NO_SQARRAY])
def test_a_ring_in_memory_of_our_own_maps_nothing_and_works_in_every_size(more, ring_of):
    mappings = ring_mappings()
    for entries, cq_entries in [(1, 0), (1, 65536), (3, 0), (64, 128), (4096, 0), (32768, 65536)]:
        flags = F.NO_MMAP | more
        with ring_of(flags, entries=entries, cq_entries=cq_entries) as ring:
            assert ring_mappings() == mappings
            wide = 32 if F.CQE32 in more else 16
            assert ring.memory.cq.size >= ring.params.cq_entries * wide
            total = ring.params.sq_entries
            for number in range(total):
                ring.sq().push(ops.Nop(user_data=number))
            assert ring.submit_and_wait(total) == total
            assert [cqe.user_data for cqe in ring.cq()] == list(range(total))
            run_one_nop(ring)


def test_our_own_memory_has_room_for_a_size_that_is_clamped(ring_of):
    with ring_of(F.NO_MMAP | F.CLAMP, entries=100_000, cq_entries=2**32 - 1) as ring:
        assert (ring.params.sq_entries, ring.params.cq_entries) == (32768, 65536)
        run_one_nop(ring)


def test_the_kernel_goes_on_with_memory_of_our_own_that_was_unmapped(ring_of, pipe):
    """A request is in flight while the ring is closed: nobody else gets the pages."""
    with ring_of(F.NO_MMAP) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()
    os.write(pipe[1], b"x")


@contextmanager
def huge_pages(wanted):
    """So many, where we may; those there are, where not."""
    switch = Path("/proc/sys/vm/nr_hugepages")
    before = switch.read_text() if switch.exists() else ""
    try:
        if before and os.access(switch, os.W_OK):
            switch.write_text(str(int(before) + wanted))
        yield
    finally:
        if before and os.access(switch, os.W_OK):
            switch.write_text(before)


def free_huge_pages():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("HugePages_Free:"):
            return int(line.split()[1])
    return 0


def test_huge_pages_are_brought_if_there_are_any(ring_of):
    with huge_pages(2):
        free = free_huge_pages()
        with ring_of(F.NO_MMAP, huge_pages=True) as ring:
            assert ring.params.huge_pages == (free > 0)
            if free:
                assert free_huge_pages() < free
            run_one_nop(ring)
        until(lambda: free_huge_pages() == free)


def test_without_huge_pages_small_ones_do(ring_of):
    too_many = 65536 * (32 + 128)
    with ring_of(
        F.NO_MMAP | F.CQE32 | F.SQE128, entries=32768, huge_pages=free_huge_pages() == 0
    ) as ring:
        assert not ring.params.huge_pages
        assert ring.memory.cq.size + ring.memory["sqes"].size <= too_many
        run_one_nop(ring)


# -- no fd ---------------------------------------------------------------------------------

NO_FD = F.NO_MMAP | F.REGISTERED_FD_ONLY


def register_a_file(ring, fd):
    one = ffi.new("int32_t[]", [fd])
    assert lib.ul_register(ring.handle, RegisterOp.FILES, one, 1) == 0


def count_fds():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def read_end_is_gone(writer, timeout):
    poll = select.poll()
    poll.register(writer, 0)
    return bool(poll.poll(timeout * 1000))


def test_a_ring_without_an_fd_is_entered_by_its_index(ring_of):
    fds = count_fds()
    with ring_of(NO_FD) as ring:
        assert count_fds() == fds
        assert ring.fd.registered
        assert ring.fd.enter_flags == EnterFlags.REGISTERED_RING
        run_one_nop(ring)
        assert probe.supported_opcodes(ring), "io_uring_register, too"


def test_a_ring_without_an_fd_has_no_door_in_another_thread(ring_of):
    with ring_of(NO_FD) as ring:
        assert ring.fd.number == 0, "the first place in the table"
        answers = []

        def other():
            # Another ring has the same place in this thread's table.
            with IoUring(4, Params(flags=NO_FD)) as own:
                assert own.fd.number == ring.fd.number
                own.sq().push(ops.Nop(user_data=9))
                own.sq().publish()
                ring.sq().push(ops.Nop(user_data=1))
                answers.append(attempt(ring.submit))
                answers.append(attempt(lambda: probe.supported_opcodes(ring)))
                answers.append(own.submit())

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        refused, unregistered, own = answers
        assert refused.errno == unregistered.errno == errno.EBADF
        assert "its own thread only" in str(refused)
        assert own == 1, "the other ring was not touched"
        assert ring.submit() == 1
        assert [cqe.user_data for cqe in ring.cq()] == [1]


def test_closing_a_ring_without_an_fd_ends_it(ring_of, pipe):
    with ring_of(NO_FD) as ring:
        register_a_file(ring, pipe[0])
        os.close(pipe[0])
        assert not read_end_is_gone(pipe[1], 0)
    assert read_end_is_gone(pipe[1], ROOM)


def test_a_ring_without_an_fd_that_another_thread_closes_ends_with_its_own_thread(ring_of, pipe):
    rings, opened, leave = [], threading.Event(), threading.Event()

    def own():
        with ring_of(NO_FD):
            """Only to skip."""
        rings.append(IoUring(4, Params(flags=NO_FD)))
        register_a_file(rings[0], pipe[0])
        opened.set()
        leave.wait()

    thread = threading.Thread(target=own)
    thread.start()
    opened.wait()
    os.close(pipe[0])
    rings[0].close()
    assert not read_end_is_gone(pipe[1], 0.1)
    leave.set()
    thread.join()
    assert read_end_is_gone(pipe[1], ROOM)


def test_a_child_has_no_ring_without_an_fd(ring_of, in_child):
    with ring_of(NO_FD) as ring:
        assert in_child(ring.submit) == "RingForked"
        assert in_child(ring.close) == "None"

        def own():
            with IoUring(4, Params(flags=NO_FD)) as child:
                run_one_nop(child)
            return "fine"

        assert in_child(own) == "fine"
        run_one_nop(ring)


def test_a_full_table_of_registered_rings_says_so(ring_of):
    with ring_of(NO_FD):
        rings = [IoUring(1, Params(flags=NO_FD)) for _ in range(15)]
        with pytest.raises(OSError, match="table of registered rings is full") as refused:
            IoUring(1, Params(flags=NO_FD))
        assert refused.value.errno == errno.EBUSY
        for ring in rings:
            ring.close()


# -- what this library cannot read ---------------------------------------------------------

PRETEND = """
import errno, os, sys
sys.path.insert(0, {tests!r})
import seccomp_filter
from uringlab import IoUring, Params, SetupFlags
os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
seccomp_filter.install(0)  # io_uring_setup(2) answers 0: it took everything, and the fd is 0
try:
    IoUring(4, Params(flags=SetupFlags.{flag}))
except OSError as refused:
    print(errno.errorcode[refused.errno], refused)
try:
    os.fstat(0)
except OSError:
    print("closed")
"""


@pytest.mark.parametrize("flag", ["SQE_MIXED", "SQ_REWIND"])
def test_a_queue_that_this_library_cannot_read_is_refused_though_the_kernel_would(flag, run_python):
    tests = str(Path(__file__).parent.parent)
    done = run_python(PRETEND.format(tests=tests, flag=flag))
    assert done.returncode == 0, done.stderr
    assert "EOPNOTSUPP" in done.stdout
    assert f"this library cannot read queues made with {flag}" in done.stdout
    assert "closed" in done.stdout

"""Every disagreement of the three, made on the kernel where a kernel can be made to."""

import json
import mmap
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from uringlab.core.abi import EnterFlags, SetupFlags
from uringlab.core.native import lib
from uringlab.lab.session import Session
from uringlab.lab.verbs.kernel import truths
from uringlab.observe.fdinfo import parse
from uringlab.observe.source import Facts, OwnSource
from uringlab.observe.truths import BUSY, NOT_SHOWN, PARTIAL, Local, compare, truths_of

FACTS = Facts(1, 5, 0)
PAGE = (
    "SqMask:\t0x3\nSqHead:\t{sq_head}\nSqTail:\t{sq_tail}\nCachedSqHead:\t{cached_sq}\n"
    "CqMask:\t0x7\nCqHead:\t{cq_head}\nCqTail:\t{cq_tail}\nCachedCqTail:\t{cached_cq}\n"
    "SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\nCqOverflowList:\n"
)


WORDS = ("sq_head", "sq_tail", "cached_sq", "cq_head", "cq_tail", "cached_cq")


def page(*, whole=True, **words):
    return parse(PAGE.format(**(dict.fromkeys(WORDS, 0) | words)), whole=whole)


@contextmanager
def memory_of(ring):
    """The shared words, as somebody else maps them."""
    memory = mmap.mmap(ring.fd.number, mmap.PAGESIZE)
    with memoryview(memory).cast("I") as words:
        yield words
    memory.close()


@pytest.fixture
def session():
    with Session() as session:
        session("ring new r0 entries=4")
        session("pipe rd wr")
        yield session


def said(session):
    found = truths(session, session.current)
    assert found.unknown == ""
    return found, "\n".join(found.differences)


def test_the_three_agree_when_nothing_is_under_way(session):
    session("do nop")
    found, text = said(session)
    assert text == ""
    assert not found.moving
    row = {one.what: one for one in found.rows}
    assert (row["SQ tail"].library, row["SQ tail"].shared, row["SQ tail"].kernel) == (1, 1, 1)
    assert (row["CQ head"].shared, row["CQ head"].kernel) == (1, 1)
    assert (row["SQ mask"].library, row["SQ mask"].kernel) == (3, 3)


def test_what_is_staged_only_the_library_knows(session):
    session("nop; nop")
    found, text = said(session)
    assert "local SQ tail 2, shared 0: 2 staged, and the kernel cannot see them. publish" in text
    row = found.rows[0]
    assert (row.library, row.shared, row.kernel) == (2, 0, 0)


def test_what_is_published_the_kernel_can_see_and_has_not_taken(session):
    session("nop; nop; publish")
    assert (
        "SQ tail 2, SQ head 0: 2 published, and the kernel has not taken them" in said(session)[1]
    )


def test_what_is_posted_waits_for_you(session):
    session("nop; submit")
    assert "CQ tail 1, CQ head 0: 1 posted, and you have not let go of it. reap" in said(session)[1]


def test_a_poll_is_in_the_list_and_a_timeout_is_nowhere(session):
    session("poll_add rd; submit")
    assert said(session)[1] == ""
    session("timeout 60s; submit")
    found, text = said(session)
    assert "2 in flight, 1 in the PollList: the rest wait elsewhere" in text
    assert found.info.polls[0].op == 6


def test_a_poll_that_nobody_here_saw_is_told_too(session):
    session("poll_add rd flags=cqe_skip_success; submit")
    assert "1 in the PollList (POLL_ADD), 0 in flight as far as was seen" in said(session)[1]


def test_overflown_cqes_are_in_the_kernel_and_nowhere_else(session):
    for _ in range(3):
        session("repeat 4 nop; submit")
    found, text = said(session)
    assert "4 CQEs wait in the kernel and not in the queue: that was full" in text
    assert "PollList" not in text  # they have ended: nothing is in flight
    assert [one.user_data for one in found.info.overflow] == [9, 10, 11, 12]
    session("reap; enter flags=getevents; reap")
    assert said(session)[1] == ""


def test_what_another_ring_sent_ends_no_request_here(session):
    session("ring new r9 entries=1 cq=2; poll_add rd; submit; ring use r0")
    for _ in range(4):
        session("do msg_ring r9")
    session("ring use r9")
    found, text = said(session)
    assert len(found.info.overflow) == 2
    assert "in flight" not in text


def test_a_cqe_that_is_not_the_last_of_its_request_ends_nothing(snapshot):
    shot = snapshot(sq_flags=2)
    more = PAGE.replace("CqOverflowList:\n", "CqOverflowList:\n  user_data=1, res=1, flags=2\n")
    more = more.replace("PollList:\n", "PollList:\n  op=6, task_works=0\n")
    info = parse(more.format(**dict.fromkeys(WORDS, 0)), whole=True)
    text = "\n".join(compare("r0", FACTS, (shot, shot), info, Local(2, 0, 0)).differences)
    assert "1 CQE waits in the kernel" in text
    assert "2 in flight, 1 in the PollList" in text


def test_files_that_somebody_else_registered_are_told(session):
    ring = session.current.ring
    ring.files.register([session.file("rd").fd.number])
    assert said(session)[1] == ""
    local = Local(0, 0, 0)
    text = "\n".join(truths_of(session.current.observer.source, local).differences)
    assert "0 registered files by this library's count, 1 by the kernel's" in text
    ring.files.unregister()
    ring.buffers.sparse(3)
    text = "\n".join(truths_of(session.current.observer.source, local).differences)
    assert "0 registered buffers by this library's count, 3 by the kernel's" in text


def test_a_poll_thread_that_sleeps_sees_nothing(requires):
    requires(setup_flag=SetupFlags.SQPOLL)
    with Session() as session:
        session("ring new r0 entries=4 flags=sqpoll idle=1ms")
        thing = session.current
        while not thing.observer.look().sq_flags:
            session("sleep 2ms")
        found, text = said(session)
        assert "sleeps (NEED_WAKEUP)" in text
        row = found.rows[-1]
        assert (row.library, row.shared) == (1, 1)
        assert row.kernel > 0
        assert "µs of CPU time" in row.note
        session("nop; publish")
        text = said(session)[1]
        assert "1 published, and the kernel has not taken it. Its poll thread sleeps" in text
        session("enter flags=sq_wakeup; wait 1; reap")


def test_a_ring_that_was_resized_behind_the_library_is_told(snapshot):
    info = parse(PAGE.replace("0x3", "0x7").format(**dict.fromkeys(WORDS, 0)))
    found = compare("r0", FACTS, (snapshot(), snapshot()), info, None)
    assert found.differences == (
        "the kernel's SqMask is 0x7, the library's 0x3: the ring was resized, and what is looked "
        "at are the old queues",
    )


RESIZE = """
import os
from uringlab import Params, SetupFlags
from uringlab.core.abi import RegisterOp
from uringlab.core.native import ffi, lib
from uringlab.lab.session import Session
from uringlab.lab.verbs.kernel import truths

session = Session()
session("ring new r0 entries=4 flags=defer_taskrun|single_issuer")
asked = Params(flags=SetupFlags.CQSIZE, cq_entries=32).to_c()
asked.sq_entries = 16
fd = session.current.ring.fd.number
answer = lib.ul_sys_register(fd, int(RegisterOp.RESIZE_RINGS), asked, 1)
if answer < 0:
    print(os.strerror(-answer))
print("\\n".join(truths(session, session.current).differences), flush=True)
os._exit(0)  # nothing here fits the ring any more
"""


def test_a_ring_that_is_resized_by_somebody_else_leaves_the_old_queues_behind():
    run = subprocess.run([sys.executable, "-c", RESIZE], capture_output=True, text=True, check=True)
    if run.stdout.startswith("Invalid argument"):
        pytest.skip("needs RESIZE_RINGS")
    assert "the kernel's SqMask is 0xf, the library's 0x3: the ring was resized" in run.stdout
    assert "the kernel's CqMask is 0x1f, the library's 0x7: the ring was resized" in run.stdout


def test_a_kernel_in_the_middle_of_its_work_is_told(snapshot):
    shot = snapshot(sq_head=1, sq_tail=1, sq_local=1, cq_tail=1, cq_head=1)
    info = page(sq_head=1, sq_tail=1, cached_sq=3, cq_head=1, cq_tail=1, cached_cq=2)
    text = "\n".join(compare("r0", FACTS, (shot, shot), info, Local(0, 0, 0)).differences)
    assert "the kernel's own SQ head 3, the shared one 1: it has taken 2" in text
    assert "the kernel's own CQ tail 2, the shared one 1: it has written 1" in text


def test_a_word_that_moved_while_the_kernel_was_asked_is_no_disagreement(snapshot):
    before, after = snapshot(), snapshot(cq_tail=5, cq_head=5)
    for told in range(6):
        info = page(cq_tail=told, cq_head=told, cached_cq=told)
        found = compare("r0", FACTS, (before, after), info, None)
        assert found.moving
        assert found.differences == ()
    found = compare("r0", FACTS, (before, after), page(cq_tail=6, cq_head=5, cached_cq=6), None)
    assert "the kernel's CqTail is 6, and in the memory that is looked at 5" in found.differences[0]


def test_the_words_that_the_kernel_set_are_explained(snapshot):
    shot = snapshot(sq_flags=0b110, cq_overflow=3, sq_dropped=2)
    text = "\n".join(compare("r0", FACTS, (shot, shot), None, None, "x").differences)
    assert "the flag CQ_OVERFLOW says that CQEs wait in the kernel; how many is unknown" in text
    assert "3: so many CQEs are lost for ever" in text
    assert "2: so many SQE indices were no slots" in text
    assert "TASKRUN" in text


def test_a_poll_thread_that_has_ended_is_told(snapshot):
    facts = Facts(1, 5, int(SetupFlags.SQPOLL))
    found = compare("r0", facts, (snapshot(), snapshot()), page(), None)
    assert found.differences == ("SQPOLL was asked for, and there is no poll thread: it has ended",)


def test_a_kernel_that_may_have_left_something_out_proves_nothing(snapshot):
    facts = Facts(1, 5, int(SetupFlags.SQPOLL))
    shots = (snapshot(), snapshot())
    found = compare("r0", facts, shots, page(whole=False), Local(2, 0, 0))
    polls, thread = found.differences
    assert polls.endswith("Or the kernel was busy, and left some out")
    assert thread.endswith("it has ended, or the kernel was busy and left it out. Ask again")
    assert PARTIAL in {row.what: row for row in found.rows}["in flight"].note
    assert found.to_json()["partial"] is True


def test_in_flight_is_not_compared_while_the_ring_moves(snapshot):
    before, after = snapshot(), snapshot(cq_tail=1, cq_head=1)
    info = page(cq_tail=1, cq_head=1, cached_cq=1)
    assert compare("r0", FACTS, (before, after), info, Local(1, 0, 0)).differences == ()


def test_a_tail_that_cannot_be_is_told_and_what_the_kernel_does_with_it(session):
    session("do nop")
    thing = session.current
    with memory_of(thing.ring) as words:
        at = thing.ring.params.sq_off["tail"] // 4
        words[at] = 0
        text = said(session)[1]
        assert "SQ tail 0, SQ head 1: no queue is that long" in text
        assert "the kernel will take every slot for published" in text
        assert lib.ul_sys_enter(thing.ring.fd.number, 64, 0, 0) == 4
        words[at] = thing.observer.look().sq_head


def test_a_head_that_cannot_be_is_told_and_what_the_kernel_does_with_it(session):
    session("do nop")
    thing = session.current
    with memory_of(thing.ring) as words:
        at = thing.ring.params.cq_off["head"] // 4
        words[at] = 100
        assert "CQ tail 1, CQ head 100: no queue is that long" in said(session)[1]
        # It knows of seven free slots from before, and looks at the head only after them.
        session("repeat 4 nop; submit; repeat 4 nop; submit")
        assert thing.observer.look().cq_tail == 8
        assert len(said(session)[0].info.overflow) == 1
        words[at] = 8
        session("enter flags=getevents; reap")


def test_a_tail_that_somebody_else_moved_is_the_same_for_all_three(session):
    session("nop; publish; enter; reap")
    thing = session.current
    with memory_of(thing.ring) as words:
        words[thing.ring.params.sq_off["tail"] // 4] = 2
        found, text = said(session)
        assert "SQ tail 2, SQ head 1: 1 published, and the kernel has not taken it" in text
        assert found.rows[0].shared == found.rows[0].kernel == 2
        assert lib.ul_sys_enter(thing.ring.fd.number, 1, 0, 0) == 1


def test_what_is_published_on_a_disabled_ring_has_to_wait_for_more_than_enter(requires):
    requires(setup_flag=SetupFlags.R_DISABLED)
    with Session() as session:
        session("ring new r0 entries=4 flags=r_disabled; nop; publish")
        assert "made with R_DISABLED: ring.enable() must have come before" in said(session)[1]
        session.current.ring.enable()
        session("enter; reap; nop; publish")
        assert said(session)[1].endswith("has not taken it. enter")


def test_a_poll_is_listed_with_every_way_of_task_work(requires):
    flags = SetupFlags.DEFER_TASKRUN | SetupFlags.SINGLE_ISSUER
    requires(setup_flag=flags)
    with Session() as session:
        session("ring new r0 entries=4 flags=defer_taskrun|single_issuer|taskrun_flag; pipe rd wr")
        session("poll_add rd; submit")
        found, text = said(session)
        assert [one.name for one in found.info.polls] == ["POLL_ADD"]
        assert text == ""
        session('feed wr "x"')
        assert "the flag TASKRUN is set: completions wait for you to come by" in said(session)[1]
        session("enter flags=getevents; reap")
        assert said(session)[1] == ""


def test_cqes_of_two_sizes_are_counted_and_not_their_slots(requires):
    requires(setup_flag=SetupFlags.CQE_MIXED)
    with Session() as session:
        session("ring new r0 entries=4 flags=cqe_mixed; nop extra1=5; nop; submit")
        text = said(session)[1]
        assert "CQ tail 3, CQ head 0: 2 posted" in text


def test_a_ring_of_somebody_else_with_a_poll_thread_is_known_by_its_page(snapshot):
    facts = Facts(1, 5, None)
    shot = snapshot(sq_flags=1, sq_tail=1, sq_local=1)
    told = page(sq_tail=1)
    told.words["SqThread"] = 77
    found = compare("x", facts, (shot, shot), told, None)
    assert "Its poll thread sleeps: enter flags=sq_wakeup" in found.differences[0]
    assert "the poll thread 77 sleeps" in found.differences[1]


def test_what_is_said_of_a_busy_ring_is_unknown_and_never_wrong(session):
    ring, source = session.current.ring, session.current.observer.source
    fd, stop, seen = ring.fd.number, threading.Event(), set()

    def work():
        while not stop.is_set():
            lib.ul_sys_enter(fd, 0, 0, EnterFlags.GETEVENTS)

    busy = threading.Thread(target=work)
    busy.start()
    try:
        for _ in range(500):
            found = truths_of(source, Local(0, 0, 0))
            seen.add(found.unknown)
            assert found.differences == ()
            assert found.complete is (found.unknown == "")
    finally:
        stop.set()
        busy.join()
    assert seen <= {"", BUSY}


def test_all_of_it_is_plain_values(session):
    session("poll_add rd; submit")
    session.current.ring.files.sparse(2)
    session.current.ring.files.update(1, [session.file("rd").fd.number])
    told = said(session)[0].to_json()
    assert json.loads(json.dumps(told)) == told
    assert told["words"]["UserFiles"] == 2
    assert [one["place"] for one in told["files"]] == [1]
    assert told["polls"] == [{"op": 6, "task_works": False}]
    assert told["rest"] == []


def test_agreement_is_claimed_only_of_those_who_said_something(session):
    source = session.current.observer.source
    old = parse("SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\n")
    said_by = {
        "all": truths_of(source).agreement,
        "some": truths_of(source, None, lambda _pid, _fd: old).agreement,
        "none": truths_of(source, None, lambda _pid, _fd: parse("pos:\t0\n")).agreement,
    }
    assert said_by == {
        "all": "the three agree",
        "some": "as far as the kernel says something, the three agree",
        "none": "the library and the shared memory agree",
    }


def test_what_a_busy_kernel_does_not_say_is_unknown(session):
    found = truths_of(session.current.observer.source, None, lambda _pid, _fd: parse("pos:\t0\n"))
    assert found.unknown == BUSY
    assert {row.kernel for row in found.rows} == {None}
    assert {row.note for row in found.rows} == {BUSY}


def test_what_an_old_kernel_does_not_show_is_unknown_and_the_rest_is_not(session):
    old = parse("SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\n")
    found = truths_of(session.current.observer.source, None, lambda _pid, _fd: old)
    row = {one.what: one for one in found.rows}
    assert row["SQ tail"].kernel is None
    assert row["SQ tail"].note == NOT_SHOWN
    assert row["registered files"].kernel == 0
    assert found.unknown == ""


def test_a_ring_without_an_fd_has_no_page(requires):
    flags = SetupFlags.REGISTERED_FD_ONLY | SetupFlags.NO_MMAP
    requires(setup_flag=flags)
    with Session() as session:
        session("ring new r0 entries=4 flags=registered_fd_only|no_mmap")
        session("nop")
        found = truths(session, session.current)
        assert "no fd in its process" in found.unknown
        assert "1 staged" in found.differences[0]


def test_a_ring_that_is_gone_has_no_truths():
    with Session() as session:
        ring = session.ring().ring
        source = OwnSource("r0", ring)
        session("ring close r0")
        with pytest.raises(LookupError, match="r0 is closed"):
            truths_of(source)


def test_a_ring_of_somebody_else_has_no_library_to_ask(session):
    session("nop; publish")
    found = truths_of(session.current.observer.source)
    assert {row.library for row in found.rows if row.what != "poll thread"} == {None}
    assert len(found.differences) == 1


def test_a_head_that_moved_behind_the_library_is_seen_on_both_sides(session):
    session("nop; publish")
    assert lib.ul_sys_enter(session.current.ring.fd.number, 1, 0, 0) == 1
    found, text = said(session)
    assert found.rows[1].shared == found.rows[1].kernel == 1
    assert "1 posted" in text

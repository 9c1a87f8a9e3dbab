"""Every disagreement of the three, made on the kernel where a kernel can be made to."""

import pytest

from uringlab.core.abi import SetupFlags
from uringlab.core.native import lib
from uringlab.lab.session import Session
from uringlab.lab.verbs.kernel import truths
from uringlab.observe.fdinfo import parse
from uringlab.observe.source import Facts, OwnSource
from uringlab.observe.truths import BUSY, NOT_SHOWN, Local, compare, truths_of

FACTS = Facts(1, 5, 0)
PAGE = (
    "SqMask:\t0x3\nSqHead:\t{sq_head}\nSqTail:\t{sq_tail}\nCachedSqHead:\t{cached_sq}\n"
    "CqMask:\t0x7\nCqHead:\t{cq_head}\nCqTail:\t{cq_tail}\nCachedCqTail:\t{cached_cq}\n"
    "SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\nCqOverflowList:\n"
)


def page(**words):
    base = dict.fromkeys(("sq_head", "sq_tail", "cached_sq", "cq_head", "cq_tail", "cached_cq"), 0)
    return parse(PAGE.format(**(base | words)))


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
    assert (
        "CQ tail 1, CQ head 0: 1 posted, and you have not let go of them. reap" in said(session)[1]
    )


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


def test_a_ring_that_was_resized_behind_the_library_is_told(snapshot):
    info = parse(
        PAGE.replace("0x3", "0x7").format(
            **dict.fromkeys(
                ("sq_head", "sq_tail", "cached_sq", "cq_head", "cq_tail", "cached_cq"), 0
            )
        )
    )
    found = compare("r0", FACTS, (snapshot(), snapshot()), info, None)
    assert found.differences == (
        "the kernel's SqMask is 0x7, the library's 0x3: the ring was resized, and what is looked "
        "at are the old queues",
    )


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
    assert "there is no poll thread: it has ended" in found.differences[0]


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

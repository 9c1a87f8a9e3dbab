"""One life for every request: on the kernel, for everything that can become of one."""

import itertools
import socket

import pytest

from uringlab import Buffer, IoUring, ops
from uringlab.core.abi import Opcode
from uringlab.lab.session import Session
from uringlab.observe.cause import By, cause_of, origin_of
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.request import Part, State, Tied
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource


@pytest.fixture
def session():
    with Session() as session:
        session("ring new r0 entries=16")
        session("pipe rd wr")
        yield session


def life(session, name):
    return session.names[name].request


def parts(one):
    return [completion.part for completion in one.completions]


def test_every_stage_has_its_time_in_order(session):
    session("nop -> a")
    session("publish")
    session("enter")
    session("reap")
    one = life(session, "a")
    assert one.state is State.SEEN
    [completion] = one.completions
    stages = (one.staged, one.published, one.consumed, completion.posted, completion.seen)
    for before, after in itertools.pairwise(stages):
        assert before.time_ns <= after.time_ns
        assert before.since_ns <= before.time_ns
    # One's own acts are exact, the kernel's are bounded by two looks.
    assert all(when.since_ns == when.time_ns for when in (one.staged, one.published))
    assert completion.seen.since_ns == completion.seen.time_ns
    assert one.consumed.since_ns < one.consumed.time_ns


def test_a_multishot_poll_has_a_cqe_each_time_and_one_that_is_the_last(session):
    session("poll_add rd multishot=on -> p; submit")
    for _ in range(2):
        session('feed wr "x"; enter flags=getevents; reap')
    one = life(session, "p")
    assert set(parts(one)) == {Part.MORE}
    assert one.state is State.IN_FLIGHT
    session("poll_remove p; submit; reap")
    assert parts(one)[-1] is Part.FINAL
    assert one.state is State.SEEN
    cause = cause_of(one, session.requests)
    assert cause.by is By.CANCEL
    assert cause.request.sqe[0] == Opcode.POLL_REMOVE


def test_a_zero_copy_send_ends_with_its_notification(requires):
    requires(opcode=Opcode.SEND_ZC)
    log, requests = EventLog(), Requests()
    log.listen(requests.take)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as sender,
        IoUring(4) as ring,
    ):
        receiver, _ = listening.accept()
        receiver.settimeout(10)
        observer = Observer(OwnSource("r0", ring), log)
        buffer = Buffer(64)
        ring.sq().push(ops.SendZc(sender.fileno(), buffer, user_data=5))
        observer.look()
        ring.submit_and_wait(1)
        observer.look()
        assert len(receiver.recv(64)) == 64
        receiver.close()
        ring.cq(2)  # the result, and word that the buffer is free
        observer.look()
        ring.cq().drain()
        observer.look()
    [one] = requests
    assert parts(one) == [Part.MORE, Part.NOTIF]
    assert one.result.res == 64
    assert one.state is State.SEEN
    assert not requests.strays


def test_a_broken_link_cancels_what_follows_and_says_who_did_it(session):
    session("read 999 4 flags=io_link -> a; nop flags=io_link -> b; nop -> c; submit; reap")
    a, b, c = (life(session, name) for name in "abc")
    assert a.tie is None
    assert (b.tie.kind, b.tie.to) == (Tied.LINK, a.number)
    assert (c.tie.kind, c.tie.to) == (Tied.LINK, b.number)
    assert b.final.res == c.final.res == -125
    assert cause_of(b, session.requests)[:2] == (By.LINK, a)
    assert cause_of(c, session.requests)[:2] == (By.LINK, b)
    assert cause_of(a, session.requests) is None


def test_a_hard_link_holds_after_a_failure(session):
    session("read 999 4 flags=io_hardlink -> a; nop -> b; submit; reap")
    a, b = life(session, "a"), life(session, "b")
    assert b.tie.kind is Tied.HARDLINK
    assert (a.final.res, b.final.res) == (-9, 0)
    assert cause_of(b, session.requests) is None


def test_a_chain_that_was_cut_by_two_submits_is_said_to_be(session):
    session("nop flags=io_link -> a; publish; enter 1; nop -> b; submit; reap")
    assert life(session, "b").tie is None or life(session, "b").tie.cut


def test_a_link_timeout_guards_the_one_before_it_and_ends_it(session):
    session("read rd 1 flags=io_link -> a; link_timeout 5ms -> guard; submit; wait 2; reap")
    a, guard = life(session, "a"), life(session, "guard")
    assert (guard.tie.kind, guard.tie.to) == (Tied.GUARD, a.number)
    assert guard.final.res == -62
    assert cause_of(a, session.requests)[:2] == (By.TIMEOUT, guard)


def test_a_drain_waits_for_what_was_in_flight(session):
    session("poll_add rd -> slow; submit; nop flags=io_drain -> d; submit")
    session('feed wr "x"; wait 2; reap')
    slow, drain = life(session, "slow"), life(session, "d")
    assert drain.drain
    assert drain.behind == 1
    assert slow.order < drain.order


@pytest.mark.parametrize(
    "line",
    [
        "async_cancel p -> c",
        "async_cancel fd=rd cancel_flags=fd -> c",
        "async_cancel fd=rd cancel_flags=fd|all -> c",
        "async_cancel opcode_of=poll_add cancel_flags=op -> c",
        "async_cancel cancel_flags=any -> c",
        "poll_remove p -> c",
    ],
)
def test_whoever_cancelled_it_is_named(session, line):
    session("poll_add rd -> p; submit; nop -> bystander; submit")
    session(f"{line}; submit; wait 3; reap")
    one, canceller = life(session, "p"), life(session, "c")
    assert one.final.res == -125
    assert canceller.final.res >= 0
    cause = cause_of(one, session.requests)
    assert (cause.by, cause.request) == (By.CANCEL, canceller)
    assert cause_of(life(session, "bystander"), session.requests) is None


def test_a_cancel_that_found_nothing_cancelled_nothing(session):
    session("poll_add rd -> p; submit; async_cancel 12345 -> vain; submit; reap")
    session("async_cancel p -> c; submit; wait 2; reap")
    assert life(session, "vain").final.res == -2
    assert cause_of(life(session, "p"), session.requests).request is life(session, "c")


def test_a_timeout_that_was_removed_says_by_whom(session):
    session("timeout 60s -> t; submit; timeout_remove t -> c; submit; wait 2; reap")
    cause = cause_of(life(session, "t"), session.requests)
    assert (cause.by, cause.request) == (By.CANCEL, life(session, "c"))


def test_what_a_register_call_cancelled_was_done_by_no_request(session):
    session("poll_add rd user_data=41 -> p; submit")
    session.current.ring.sync_cancel(41)
    session("reap")
    assert cause_of(life(session, "p"), session.requests).by is By.UNKNOWN


def test_a_user_data_that_two_share_is_flagged_and_used_again_is_counted(session):
    session("poll_add rd user_data=9 -> p; submit; nop user_data=9 -> n; submit")
    p, n = life(session, "p"), life(session, "n")
    assert p.shared
    assert n.shared
    assert (p.use, n.use) == (1, 2)
    session('feed wr "x"; wait 2; reap; nop user_data=9 -> later; submit; reap')
    later = life(session, "later")
    assert not later.shared
    assert later.use == 3


def test_a_message_of_another_ring_answers_nobody_and_is_told_whose_it_is(session):
    session("ring new other entries=4")
    session("msg_ring r0 res=5 data=77 -> m; submit; reap")
    session("ring use r0")
    session.look()
    [stray] = session.requests.strays
    assert stray.cqe.user_data == 77
    assert origin_of(stray, session.requests) == "sent by m MSG_RING of other"


def test_what_overflowed_stays_in_flight_until_it_is_in_the_queue(session):
    session("ring new tiny entries=2")
    session("repeat 2 nop; submit; repeat 2 nop; submit; nop -> last; submit")
    last = life(session, "last")
    assert session.requests.rings["tiny"].overflow
    assert last.state is State.IN_FLIGHT
    session("reap; enter flags=getevents; reap")
    assert last.state is State.SEEN
    assert not session.requests.rings["tiny"].overflow

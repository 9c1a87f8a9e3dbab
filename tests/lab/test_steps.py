"""The steps, one by one: who moves which word, what is said, and what is refused."""

import mmap

import pytest

from uringlab.core import abi
from uringlab.core.abi import SetupFlags
from uringlab.lab import LineError, Session
from uringlab.lab.reply import Stream
from uringlab.observe.event import Posted
from uringlab.observe.request import State


@pytest.fixture
def session():
    with Session() as made:
        yield made


def words(session):
    shot = session.ring().observer.look()
    return (shot.sq_local, shot.sq_tail, shot.sq_head, shot.cq_tail, shot.cq_head)


def kinds(session, since):
    return [f"{event.actor} {event.kind}" for event in session.log.since(since)]


def test_do_is_all_the_steps_of_one_operation(session):
    session.ring()
    before = session.log.count
    replies = session.run("do nop -> r1")
    assert [reply.step for reply in replies if reply.step] == ["publish", "enter", "reap"]
    assert [reply.text for reply in replies if reply.stream is Stream.DATA] == ["r1  res=0"]
    assert words(session) == (1, 1, 1, 1, 1)
    assert kinds(session, before) == [
        "you staged",
        "you published",
        "you syscall",
        "kernel consumed",
        "kernel posted",
        "you seen",
    ]


def test_submit_is_publish_and_enter(session):
    session.run("nop; nop")
    before = session.log.count
    assert session("submit") == "the kernel took 2"
    assert kinds(session, before)[:3] == ["you published", "you syscall", "kernel consumed"]
    assert words(session) == (2, 2, 2, 2, 0)


def test_submit_with_nothing_to_submit_makes_no_call(session):
    session.ring()
    before = session.log.count
    assert session("submit") == "nothing to submit"
    assert kinds(session, before) == []


def test_enter_takes_as_many_as_it_is_told(session):
    session.run("repeat 3 nop; publish")
    assert session("enter 2") == "the kernel took 2"
    assert words(session) == (3, 3, 2, 2, 0)
    assert session("enter 0") == "the kernel took 0"
    assert session("enter") == "the kernel took 1"


def test_enter_cannot_see_what_is_only_staged(session):
    session.run("nop")
    assert session("enter") == "the kernel took 0: 1 are staged, and none is published"
    assert words(session) == (1, 0, 0, 0, 0)


def test_publish_with_nothing_staged_moves_nothing(session):
    assert session("publish") == "nothing is staged: the tail stays where it is"
    assert words(session) == (0, 0, 0, 0, 0)


def test_peek_looks_and_reap_takes(session):
    session.run("nop -> a; nop -> b; submit")
    assert session("peek 1").splitlines()[0] == "a  res=0"
    assert session("peek").splitlines()[:2] == ["a  res=0", "b  res=0"]
    assert words(session)[4] == 0
    assert session("reap 1") == "a  res=0"
    assert words(session)[4] == 1
    assert session("reap") == "b  res=0"
    assert session("peek") == "nothing is ready"


def test_reap_says_why_there_is_nothing(session):
    assert session("reap") == "nothing is ready"
    session.run("nop")
    assert session("reap") == "nothing is ready: 1 staged, and the kernel cannot see them"
    session.run("publish")
    assert session("reap") == "nothing is ready: 1 published, and nobody has entered"


def test_a_wait_with_a_timeout_ends_with_it_and_submits_nothing(session):
    session.run("nop")
    said = session("wait 2 timeout=5ms")
    assert "wait submits nothing: 1 staged and 0 published stay where they are" in said
    assert said.endswith("the time is over: 0 of 2 are ready")
    assert words(session) == (1, 0, 0, 0, 0)
    session.run("expect call io_uring_enter min_complete=2 res=-ETIME")


def test_a_wait_for_what_is_there_returns_at_once(session):
    session.run("nop; nop; submit")
    assert session("wait 2") == "2 ready"
    assert session("wait 0") == "2 ready"


def test_a_wait_returns_when_the_kernel_is_done(session):
    session.run("pipe rd wr; read rd 5 -> r1; submit")
    assert session.requests.in_flight("r0") == 1
    session.run('feed wr "hello"; wait 1; expect cq.ready=1 inflight=0; expect r1 state=posted')
    assert session("reap") == "r1  res=5  b0='hello'"


def test_an_overflow_is_told_and_can_be_undone(session):
    session.run("ring new r0 entries=2 cq=2; repeat 2 nop; submit; repeat 2 nop; submit")
    session.run("expect cq.ready=2 sq.flags=cq_overflow; reap; expect cq.ready=0")
    assert session("reap") == "nothing in the queue; more wait in the kernel: enter flags=getevents"
    session.run("enter flags=getevents; expect cq.ready=2 sq.flags=0; reap")
    session.run("do nop -> last; expect last res=0")


def test_repeat_says_how_far_it_came(session):
    with pytest.raises(LineError, match="all 8 slots are taken.*after 8 of 20"):
        session.run("repeat 20 nop")
    session.run("submit; expect cq.ready=8; reap; repeat 3 repeat 2 nop; expect sq.staged=6")


def test_a_name_that_was_given_by_itself_is_that_of_its_user_data(session):
    session.run("nop -> r2; nop; nop -> mine; nop")
    found = list(session.requests)
    assert len({one.user_data for one in found}) == 4
    by_itself = [found[1], found[3]]
    assert [one.name for one in by_itself] == [f"r{one.user_data}" for one in by_itself]


def test_a_user_data_of_ones_own_comes_back(session):
    session.run("nop user_data=0xdead -> r1; submit; reap; expect r1 user_data=0xdead res=0")


def test_a_link_runs_in_order_and_breaks_where_it_fails(session):
    session.run("read 999 1 flags=link -> a; nop flags=link -> b; nop -> c; submit; reap")
    session.run("expect a res=-EBADF; expect b res=-ECANCELED after a; expect c res=-ECANCELED")


def test_a_cancel_ends_what_is_in_flight(session):
    session.run("pipe rd wr; read rd 5 -> r; submit; cancel r -> c; submit")
    session.run("expect within 10s cq.ready=2; reap")
    session.run("expect c res=0; expect r res=-ECANCELED state=seen")


def test_a_poll_reports_what_is_there(session):
    session.run('pipe rd wr; poll rd -> p; submit; feed wr "x"; wait 1 timeout=10s; reap')
    session.run("expect p res=1")


def test_do_says_when_there_is_no_cqe_to_wait_for(session):
    said = session("do nop flags=cqe_skip_success -> q")
    assert said == "q asked for no CQE on success: nothing to wait for"
    session.run("expect cq.tail=0; do nop -> q")


def test_a_read_without_a_buffer_gets_one_of_its_length(session):
    session.run('file f x text="hello"')
    assert "into b0" in session("read f 5 -> r1")
    session.run("expect b0 size=5; submit; reap; expect b0 text=hello")
    session.run("do read f 0 -> none; expect none res=0")


def test_the_bad_page_is_efault(session):
    session.run('file f x text="hello"; do read f 5 buf=bad -> r; expect r res=-EFAULT')
    session.run("do write f bad len=5 -> w; expect w res=-EFAULT; expect f text=hello")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("read f -1", "a length of -1 bytes"),
        ("read f 2M", "too many for a buffer made by itself"),
        ("read f 5000000000 buf=b", "more than buf has|does not fit"),
        ("read f 9 buf=b", "more than buf has: 8 bytes"),
        ("write f b len=9", "more than buf has: 8 bytes"),
        ("buf c 2G", "out of range: 1 to 1073741824"),
        ('buf c 2 text="abc"', "the text has 3 bytes, the buffer 2"),
        ("nop user_data=-1", "out of range"),
        ("nop flags=256", "does not fit"),
    ],
)
def test_what_would_reach_too_far_takes_no_slot(session, line, told):
    session.run("file f x; buf b 8")
    before = words(session)
    with pytest.raises(LineError, match=told):
        session.run(line)
    assert words(session) == before


def test_a_ring_that_is_disabled_says_so(session):
    session.run("ring new r0 flags=r_disabled; nop; publish")
    with pytest.raises(LineError, match="EBADFD.*it was made with R_DISABLED"):
        session.run("enter")


def test_a_poll_thread_takes_what_is_published(session, requires):
    requires(setup_flag=SetupFlags.SQPOLL)
    session.run("ring new r0 flags=sqpoll idle=9s; nop -> r1; publish")
    session.run("submit; expect within 10s cq.ready=1; reap; expect r1 res=0; do nop -> r2")


def test_a_poll_thread_that_sleeps_is_told_and_woken(session, requires):
    requires(setup_flag=SetupFlags.SQPOLL)
    session.run("ring new r0 flags=sqpoll idle=1ms; expect within 10s sq.flags=need_wakeup")
    assert "the poll thread sleeps (NEED_WAKEUP)" in session("nop -> r1; publish")
    session.run("submit; expect within 10s cq.ready=1; do nop -> r2; expect r2 res=0")


@pytest.mark.parametrize("line", ["ring new x entries=0", "ring new x entries=40000"])
def test_a_ring_that_was_refused_leaves_the_one_in_use(session, line):
    session.run("ring new r0")
    with pytest.raises(LineError, match="1 to 32768"):
        session.run(line)
    assert session.current.name == "r0"
    session.run("do nop")


def test_clamp_lowers_what_would_be_refused(session):
    session.run("ring new big entries=40000 flags=clamp; expect big sq.entries=32768")


def test_rings_are_listed_used_and_closed_by_name(session):
    assert session("rings") == "no ring yet: ring new r0 entries=8"
    session.run("ring new a entries=2; ring new b entries=4; nop")
    lines = session("rings").splitlines()
    assert [line[:3] for line in lines] == ["  a", "* b"]
    assert "staged 1" in lines[1]
    session.run("ring use a; nop; submit; ring close")
    assert session.current.name == "b"
    session.run("ring close b")
    assert session.current is None
    session.run("do nop")
    assert session.current.name == "r0"


def test_closing_a_ring_ends_what_is_in_flight(session):
    session.run("pipe rd wr; read rd 5; submit")
    assert session("ring close") == "r0 is closed; 1 in flight were cancelled first"


def test_an_sqe_written_behind_our_back_is_what_the_kernel_runs(session):
    session.run('file f x text="hello"; buf b 8; read f 5 buf=b -> r1')
    thing = session.ring()
    size = thing.ring.params.sq_entries * abi.SQE_BYTES
    with mmap.mmap(thing.ring.fd.number, size, offset=abi.OFF_SQES) as sqes:
        sqes[0:1] = bytes([abi.Opcode.NOP])
    session.run('submit; reap; expect r1 res=0; expect b text=""')


def test_an_sqe_published_behind_our_back_is_a_stranger(session):
    thing = session.ring()
    params = thing.ring.params
    sqe = bytearray(abi.SQE_BYTES)
    sqe[32:40] = (4711).to_bytes(8, "little")
    size = params.sq_off["array"] + params.sq_entries * 4
    with (
        mmap.mmap(thing.ring.fd.number, params.sq_entries * 64, offset=abi.OFF_SQES) as sqes,
        mmap.mmap(thing.ring.fd.number, size, offset=abi.OFF_SQ_RING) as ring,
    ):
        sqes[0:64] = bytes(sqe)
        tail = params.sq_off["tail"]
        ring[tail : tail + 4] = (1).to_bytes(4, "little")
    before = session.log.count
    session.look()
    assert kinds(session, before) == ["you staged", "you published"]
    session.run("enter 1")
    assert session("reap") == "user_data=4711  res=0"
    session.run("reset; do nop -> r1; expect r1 res=0")


def test_a_request_goes_through_every_state(session):
    session.run("pipe rd wr; read rd 1 -> r")
    request = session.names["r"].request
    states = [request.state]
    for line in ("publish", "enter", 'feed wr "x"; wait 1 timeout=10s', "reap"):
        session.run(line)
        states.append(request.state)
    assert states == [
        State.STAGED,
        State.PUBLISHED,
        State.IN_FLIGHT,
        State.POSTED,
        State.SEEN,
    ]


def notes(replies):
    return [reply.text for reply in replies if reply.stream is Stream.NOTE and reply.text]


def test_a_wait_that_a_timeout_ended_says_so(session):
    session.run("timeout 200ms timeout_flags=multishot count=2; submit")
    [said] = notes(session.run("wait 2"))
    assert said.startswith("1 of 2 ready: a TIMEOUT"), said


def test_a_wait_for_more_than_the_queue_holds_says_so(session):
    session.run("ring new small entries=1 cq=2; nop; submit; nop; submit")
    assert notes(session.run("wait 3")) == ["2 of 3 ready: the queue holds no more"]
    assert notes(session.run("wait 2")) == ["2 ready"]


def test_flags_of_a_completion_are_shown_by_name(session):
    session.run("timeout 1ms timeout_flags=multishot count=2; submit; wait 1")
    assert session("peek").splitlines()[0].endswith("  flags=MORE")


def test_do_ends_with_the_first_cqe_of_a_multishot_request():
    with Session() as session:
        session.run('pipe rd wr; feed wr "x"')
        said = session("do poll_add rd poll_events=in multishot=on -> p")
        assert said.splitlines()[-1].startswith("p goes on: more CQEs of it may come (MORE).")
        session.run("expect p cqes=1; cancel p; submit; reap; expect p res=-ECANCELED cqes=2")


def test_do_waits_for_the_notif_of_a_zero_copy_send():
    with Session() as session:
        session.run('sockets a b type=tcp; do send_zc a "hi" -> z; expect z cqes=2 res=0')
        session.run("do recv b 10 -> r; expect r res=2")


def test_a_message_with_the_number_of_a_request_that_is_over_is_nobodys(session):
    session.run("ring new a; ring new b; ring use a; repeat 2 nop; submit; reap")
    session.run("ring use b; do msg_ring a res=42 data=2; ring use a")
    assert "user_data=2  res=42" in session("show cq")
    assert session("peek").startswith("user_data=2  res=42")
    assert session("reap").startswith("user_data=2  res=42")
    told = [session.say(event) for event in session.log.since(0) if isinstance(event, Posted)]
    assert [text.split()[3] for text in told if "res=42" in text] == ["user_data=2"]
    assert len([text for text in told if " r2 " in text]) == 1


def test_a_name_is_taken_until_its_cqe_is_told(session):
    session.run("nop -> mine; submit")
    with pytest.raises(LineError, match='"mine" is taken: it is a request, posted'):
        session.run("nop -> mine")
    session.run("reap; nop -> mine")


def test_a_line_that_stands_deep_in_itself_is_refused(session):
    session.run("repeat 2 repeat 2 do nop")
    with pytest.raises(LineError, match="8 deep at most"):
        session.run("repeat 1 " * 500 + "nop")

"""Holding the ring to account: every form, when it holds and when it does not."""

import re

import pytest

from uringlab.lab import LineError, Session
from uringlab.lab.errors import ExpectationFailed

AGO = re.compile(r"[0-9.e+]+ (s|ms|µs) ago")


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run('file f notes.txt text="hello"; buf b0 8 text="hi"; pipe rd wr; ring new r0')
        made.run("do nop -> r1; do read 999 4 -> r2; read rd 4 -> r3; submit; nop -> r4")
        yield made


@pytest.mark.parametrize(
    ("holds", "fails"),
    [
        ("sq.tail=3", "sq.tail=2"),
        ("sq.tail!=2", "sq.tail!=3"),
        ("sq.tail<4", "sq.tail<3"),
        ("sq.tail<=3", "sq.tail<=2"),
        ("sq.tail>2", "sq.tail>3"),
        ("sq.tail>=3", "sq.tail>=4"),
        ("sq.tail=1..3", "sq.tail=4..9"),
        ("sq.tail!=4..9", "sq.tail!=1..3"),
        ("sq.local=4 sq.staged=1", "sq.local=4 sq.staged=0"),
        ("r0 sq.tail=3", "r0 sq.tail=0"),
        ("sq.flags=0", "sq.flags=cq_overflow"),
        ("setup.flags=0", "setup.flags=sqpoll|clamp"),
        ("inflight=1", "inflight=0"),
        ("memory.0=3", "memory.0=0"),
        ("memory.0x4=3", "memory.0x4=4"),
        ("r1 res=0", "r1 res=1"),
        ("r1 res=-1..1", "r1 res=1..2"),
        ("r2 res=-EBADF", "r2 res=-EINVAL"),
        ("r2 res=EBADF", "r2 res=ECANCELED"),
        ("r2 res!=-EFAULT", "r2 res!=-EBADF"),
        ("r2 res<0", "r2 res>=0"),
        ("r1 flags=0", "r1 flags=more"),
        ("r1 state=seen op=NOP cqes=1 user_data=1", "r1 state=seen op=READ"),
        ('r3 state="in flight" cqes=0', "r3 state=seen"),
        ("r3 state!=posted", 'r3 state!="in flight"'),
        ("r4 state=staged", "r4 res=0"),
        ("r2 after r1", "r1 after r2"),
        ("r2 res=-9 after r1", "r2 res=-8 after r1"),
        ("call io_uring_enter res=1", "call io_uring_enter res=7"),
        ("call io_uring_enter to_submit=1 min_complete=1", "call io_uring_enter to_submit=5"),
        ("order r1 r2", "order r2 r1"),
        ("call io_uring_enter res=1 count=3", "call io_uring_enter count=2..2"),
        ("call io_uring_register count=0", "call io_uring_register count>0"),
        ("requests in_flight=1 seen=2 staged=1", "requests in_flight=0"),
        ("requests failed=1 strays=0", "requests failed>1"),
        ("call io_uring_setup", "call io_uring_register"),
        ('f text="hello" size=5 open=1', 'f text="hell"'),
        ("f size<6", "f size<5"),
        ("f open=1", "f open=0"),
        ('b0 text="hi" size=8', 'b0 text="h"'),
        ("b0 text!=ho", "b0 text!=hi"),
        ("within 1s sq.tail=3", "within 5ms sq.tail=9"),
    ],
)
def test_what_holds_passes_and_what_does_not_fails(session, holds, fails):
    assert session(f"expect {holds}") == f"ok  expect {holds}"
    with pytest.raises(ExpectationFailed):
        session.run(f"expect {fails}")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "expect sq.tail=9",
            "expected sq.tail=9, but it is 3, since AGO (you: SQ tail 2 → 3 store-release)",
        ),
        (
            "expect cq.ready=9",
            "expected cq.ready=9, but it is 0, since AGO (you: CQ head 1 → 2 store-release)",
        ),
        (
            "expect sq.flags=5",
            "expected sq.flags=5, but it is 0x0 (0), as it was when the ring was set up",
        ),
        ("expect r2 res=5", "expected r2 res=5, but it is -9 (EBADF), since AGO"),
        ("expect r3 state=seen", "expected r3 state=seen, but it is in flight, since AGO"),
        (
            "expect r4 res=5",
            "expected r4 res=5, but it is not known: no CQE has come yet; it was staged AGO",
        ),
        ("expect r1 flags=more", "expected r1 flags=more, but it is 0x0 (0), since AGO"),
        ("expect requests failed=0", "expected requests failed=0, but it is 1"),
        (
            "expect call io_uring_enter to_submit=1 count=9",
            "expected count=9 calls of io_uring_enter with to_submit=1, but there are 3",
        ),
        (
            "expect order r2 r1",
            "expected r1 after r2, but it came before. They came: r1, r2",
        ),
        ("expect f text=x", "expected f text=x, but it is 'hello'"),
        ("expect r1 after r2", "expected r1 after r2, but it came before. They came: r1, r2"),
        ("expect r3 after r1", "no CQE of r3 has come yet"),
        ("expect call io_uring_enter res=9", "no call of io_uring_enter with res=9 was made"),
        ("expect order r1 r2 r3", "no CQE of r3 has come yet"),
        (
            "expect within 5ms inflight=0",
            "expected inflight=0, but it is 1, since AGO (kernel: SQ head 2 → 3 consumed) "
            "(after 5 ms)",
        ),
    ],
)
def test_a_failure_says_what_was_expected_what_is_and_what_happened(session, line, told):
    with pytest.raises(ExpectationFailed) as caught:
        session.run(line)
    first, *events = caught.value.message.splitlines()
    assert AGO.sub("AGO", first) == told
    assert events[0] == "the last events:"
    assert len(events) == 11
    assert events[-1].split()[:4] == ["you", "SQE", "slot", "3:"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("expect", "expect what?"),
        ("expect r1", "expect what?"),
        ("expect within", "within what time?"),
        ("expect within soon sq.tail=1", "a time with its unit"),
        ("expect sq.tail=", "a condition is NAME=VALUE"),
        ("expect r1 res=0 state", "a condition is NAME=VALUE"),
        ("expect nosuch res=0", 'nothing is called "nosuch"'),
        ("expect sq.tial=0", 'a ring has no "sq.tial". Did you mean "sq.tail"?'),
        ("expect r1 rse=0", 'a request has no "rse"'),
        ("expect b0 tex=0", "a buffer has text and size"),
        ("expect f tex=0", "a file has open, size and text"),
        ("expect rd size=0", "rd is no regular file"),
        ("expect r1 res=abc", "is compared with a number or an errno"),
        ("expect r1 flags=nosuch", 'no flag "nosuch"'),
        ("expect r1 state<seen", "text is compared with = or !="),
        ("expect f text>a", "text is compared with = or !="),
        ("expect sq.tail<1..2", "a range is compared with = or !="),
        ("expect memory.3=0", "not a multiple of 4"),
        ("expect memory.1M=0", "outside the region"),
        ("expect memory.-4=0", "outside the region"),
        ("expect r1 res=0 after f", "requests have an order, and f is a file"),
        ("expect r1 res=0 after nosuch", "requests have an order, and there is no nosuch"),
        ("expect order r1", "the order of which requests?"),
        ("expect order r1 =", "the order of which requests?"),
        ("expect requests lost=1", 'requests have no "lost"'),
        ("expect call io_uring_enter nosuch=1", "io_uring_enter has no"),
    ],
)
def test_what_cannot_be_expected_is_an_error_and_no_failure(session, line, told):
    with pytest.raises(LineError) as caught:
        session.run(line)
    assert not isinstance(caught.value, ExpectationFailed)
    assert told in caught.value.message


def test_within_waits_for_what_the_kernel_does_by_itself():
    with Session() as session:
        session.run("timeout 20ms -> t; submit; expect t state!=posted")
        session.run("expect within 10s cq.ready=1; expect t res=-ETIME state=posted")


def test_expecting_opens_no_ring():
    with Session() as session:
        with pytest.raises(LineError):
            session.run("expect sq.tail=0")
        assert session.rings() == []


def test_the_buffer_that_was_picked_and_flags_by_name_beside_it():
    with Session() as session:
        session.run("buf b 32; do provide_buffers b group=7 count=2; pipe rd wr")
        session.run('feed wr "hey"; do read rd len=16 group=7 -> r')
        session.run("expect r buffer=0 flags=buffer res=3")
        with pytest.raises(ExpectationFailed, match="expected r buffer=1, but it is 0"):
            session.run("expect r buffer=1")


def test_a_name_that_is_called_requests_is_meant_first():
    with Session() as session:
        session.run("do nop -> requests; expect requests res=0")

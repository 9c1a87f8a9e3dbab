"""Every command: its example, its help, its completion; and the walk of one read."""

import pytest

from uringlab.core.native import lib
from uringlab.core.probe import kernel_opcodes, register_ops
from uringlab.lab import LineError, Session
from uringlab.lab.complete import complete
from uringlab.lab.examples import SETUP
from uringlab.lab.parser import parse_line
from uringlab.lab.session import Quit
from uringlab.lab.signature import signature_at
from uringlab.lab.verbs import standard_table
from uringlab.lab.verbs.registering.served import VERBS
from uringlab.lab.verbs.registering.zcrx import REFUSED
from uringlab.observe.event import Posted, SystemCall

TABLE = standard_table()
SPECS = list(TABLE)
NAMES = [spec.name for spec in SPECS]


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.fixture
def ready(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # `record` writes there
    for line in SETUP:
        session.run(line)
    return session


def missing_calls(spec):
    """What must be said of a register call that is refused, or that this kernel does not know."""
    made = [op for op, verb in VERBS.items() if verb == spec.name]
    known = register_ops()
    if any(op in REFUSED for op in made):
        return "it came with|needs a network card|without such a card"
    return "" if all(op in known for op in made) else "this kernel does not know"


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_every_example_runs(ready, spec):
    if spec.name == "expect":
        ready.reset()
        ready.run("ring new r0")
    if spec.name == "quit":
        with pytest.raises(Quit):
            ready.run(spec.example)
        return
    if spec.op is not None and spec.op.opcode not in kernel_opcodes():
        with pytest.raises(LineError, match=f"this kernel does not know {spec.op.title()}"):
            ready.run(spec.example)
        return
    missing = missing_calls(spec)
    if missing:
        with pytest.raises(LineError, match=missing):
            ready.run(spec.example)
        return
    ready.run(spec.example)


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_help_says_signature_summary_operands_and_example(session, spec):
    page = session(f"help {spec.name}")
    assert page.startswith(spec.signature())
    assert spec.summary in page
    assert spec.example in page
    for one in spec.params:
        assert one.name in page
        assert one.doc in page


def test_the_overview_has_every_command(session):
    page = session("help")
    for name in NAMES:
        assert f"  {name} " in page


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_completion_never_fails_in_the_middle_of_an_example(ready, spec):
    for end in range(len(spec.example) + 1):
        typed = spec.example[:end]
        for one in complete(typed, ready):
            assert 0 <= one.start <= end
            assert one.text.lower().startswith(typed[one.start :].lower())
        signature_at(typed, ready.table)


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_every_verb_is_completed_from_its_beginning(ready, spec):
    first, _, second = spec.name.partition(" ")
    assert first in [one.text for one in complete(first[:2], ready)] or len(first) <= 2
    if second:
        assert second in [one.text for one in complete(f"{first} ", ready)]


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("read ", {"f", "rd", "wr"}, {"b0", "r0"}),
        ("read f 5 buf=", {"b0", "bad"}, {"f", "rd"}),
        ("read f 5 ", {"buf=", "off=", "flags="}, {"f"}),
        ("read f 5 flags=io_link|", {"io_link|async"}, set()),
        ("cancel ", {"r1"}, {"f", "b0"}),
        ("do r", {"read"}, {"reap", "reset"}),
        ("ring ", {"new", "use", "close"}, {"nop"}),
        ("show ", {"sq", "cq", "memory", "r1", "b0"}, set()),
        ("expect r1 ", {"res=", "state="}, {"sq.tail="}),
        ("expect ", {"sq.tail=", "r1"}, set()),
    ],
)
def test_completion_knows_what_belongs_where(ready, typed, offered, not_offered):
    found = {one.text for one in complete(typed, ready)}
    assert offered <= found
    assert not not_offered & found


def words(session):
    shot = session.ring().observer.look()
    return (shot.sq_local, shot.sq_tail, shot.sq_head, shot.cq_tail, shot.cq_head)


def test_a_read_goes_step_by_step_and_each_step_moves_one_word(session):
    session.run('file f notes.txt text="hello"; buf b 64')
    session.run("read f 64 buf=b -> r1")
    assert words(session) == (1, 0, 0, 0, 0)
    session.run("publish")
    assert words(session) == (1, 1, 0, 0, 0)
    session.run("enter")
    assert words(session) == (1, 1, 1, 1, 0)
    assert session("reap") == "r1  res=5  b='hello'"
    assert words(session) == (1, 1, 1, 1, 1)
    told = [(str(event.actor), event.kind) for event in session.log.since(0)]
    assert told == [
        ("you", "syscall"),
        ("you", "opened"),
        ("you", "staged"),
        ("you", "published"),
        ("you", "syscall"),
        ("kernel", "consumed"),
        ("kernel", "posted"),
        ("you", "seen"),
    ]


def test_a_ring_moved_behind_the_sessions_back_is_seen_to_move(session):
    session.run("nop -> r1; publish")
    before = session.log.count
    assert lib.ul_sys_enter(session.ring().ring.fd.number, 1, 0, 0) == 1
    session.look()
    events = session.log.since(before)
    assert [(str(event.actor), event.kind) for event in events] == [
        ("kernel", "consumed"),
        ("kernel", "posted"),
    ]
    session.run("expect r1 res=0 state=posted")


def test_the_fd_that_openat_made_can_be_used_by_the_requests_name(session):
    session.run('file f notes.txt text="hello"; do openat notes.txt -> o')
    assert "res=5" in session("do read o 5")
    session.run("do close o")
    assert "EBADF" in session("do read o 5")


def test_a_close_that_never_ran_leaves_the_file_open_and_ours(session):
    session.run('file f notes.txt text="hello"; close f; ring close; ring new r1')
    session.run("expect f open=1")
    assert "res=5" in session("do read f 5")


def test_several_rings_are_used_by_name(session):
    session.run("ring new a entries=2; ring new b entries=4; ring use a; nop; submit")
    session.run("expect a cq.ready=1; expect b cq.ready=0; ring close a; expect sq.entries=4")


def test_a_sourced_file_runs_and_its_errors_say_where(session):
    session.run('file s walk.uring text="do nop -> n\\n\\n# a comment\\nnonsense"')
    with pytest.raises(LineError) as caught:
        session.run("source walk.uring")
    assert caught.value.place == "walk.uring:4"
    session.run("expect n res=0")


def test_a_file_that_sources_itself_is_stopped(session):
    session.run('file s loop.uring text="source loop.uring"')
    with pytest.raises(LineError, match="8 deep"):
        session.run("source loop.uring")


@pytest.mark.parametrize(
    "line",
    [
        "expect r1 res=0",
        "expect r1 res>=0",
        "expect r1 res<1",
        "expect r1 res!=5",
        "expect r1 res=-1..1",
        "expect r1 state=seen op=NOP cqes=1",
        "expect r2 res=-EBADF",
        "expect r2 after r1",
        "expect within 1s cq.ready=0",
        "expect call io_uring_enter to_submit=1 res=1",
        "expect memory.4=2 memory.0=2",
        "expect sq.staged=0 sq.pending=0 sq.free=8 cq.entries=16 inflight=0",
        'expect f text="hello" size=5 open=1',
        "expect r0 sq.entries=8",
    ],
)
def test_what_holds_is_expected_and_its_opposite_is_not(session, line):
    session.run('file f notes.txt text="hello"; do nop -> r1; do read 999 4 -> r2')
    assert session(line) == f"ok  {line}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("expect r1 res=1", "expected r1 res=1, but it is 0"),
        ("expect r1 res=-EBADF", "expected r1 res=-EBADF, but it is 0"),
        ("expect sq.tail=7", "expected sq.tail=7, but it is 1"),
        ("expect within 20ms cq.ready=1", "(after 20 ms)"),
        ("expect call io_uring_enter res=9", "no call of io_uring_enter with res=9"),
        ("expect r1 state=posted", "but it is seen"),
    ],
)
def test_what_does_not_hold_is_told_with_what_is(session, line, told):
    session.run("do nop -> r1")
    with pytest.raises(LineError) as caught:
        session.run(line)
    assert told in caught.value.message
    assert "the last events:" in caught.value.message


def test_explain_knows_errnos_opcodes_flags_and_requests(session):
    assert "bad file descriptor" in session("explain -9")
    assert "CQE" in session("explain EBADF")
    assert "Since Linux 5.6" in session("explain READ")
    assert "next SQE" in session("explain IOSQE_IO_LINK")
    session.run("nop -> r1")
    assert "Next: publish" in session("explain r1")


def test_every_example_parses_without_a_session():
    for spec in SPECS:
        assert parse_line(spec.example, TABLE)


def test_completions_carry_the_session_name(session):
    session.run("do nop -> mine")
    posted = next(event for event in session.log.since(0) if isinstance(event, Posted))
    assert "mine res=0" in session.say(posted)


def test_a_refused_setup_is_in_the_log_too(session):
    with pytest.raises(LineError):
        session.run("ring new r entries=0")
    calls = [event for event in session.log.since(0) if isinstance(event, SystemCall)]
    assert [(call.name, call.result) for call in calls] == [("io_uring_setup", -22)]

"""A session, saved as a script: it passes when it is run, and says what the session did."""

import select

import pytest

from uringlab.core.probe import kernel_opcodes, register_ops
from uringlab.lab import LineError, Session
from uringlab.lab.examples import SETUP
from uringlab.lab.script import statements
from uringlab.lab.verbs import standard_table
from uringlab.lab.verbs.registering.served import VERBS
from uringlab.lab.verbs.registering.zcrx import REFUSED

SESSIONS = {
    "a nop, step by step": "nop; publish; enter; wait 1; reap",
    "names that were given by themselves": "nop; nop -> mine; nop; submit; reap",
    "reads and what they bring": 'file f x text="hello"; do read f 100; do read f 2 off=3 -> two',
    "links that break": "nop flags=link; read 999 5 flags=link; nop; submit; reap",
    "a timeout, and a person who waits": "timeout 20ms -> t; submit; PAUSE; reap",
    "a timeout, taken by another do": "timeout 20ms -> t; submit; PAUSE; do nop -> n",
    "cancelling": "pipe rd wr; read rd 5 -> r1; submit; do cancel r1 -> c; reap",
    "an fd that comes back": "do openat a.txt open_flags=rdwr|creat -> f; "
    'do write f "x"; do close f',
    "a pipe and a poll": 'pipe rd wr; poll_add rd poll_events=in -> p; submit; feed wr "x"; '
    "wait 1; reap",
    "multishot": 'pipe rd wr; poll_add rd poll_events=in multishot=on -> p; submit; '
    'feed wr "x"; wait 1; reap; do read rd 5; feed wr "y"; wait 1; reap',
    "accept and talk": "listener l; socket inet stream -> s; accept l -> a; submit; wait 1; reap; "
    'do connect s l; reap; do send s "hi"; do recv a 10',
    "two rings": "ring new a; ring new b; ring use a; do msg_ring b res=5 data=7 -> m; "
    "ring use b; reap; ring close a; do nop",
    "a ring that posts only while somebody enters": "ring new r flags=single_issuer|defer_taskrun; "
    'pipe rd wr; read rd 5 -> r1; submit; feed wr "x"; nop; submit; wait 2; reap',
    "peeking": "nop; submit; peek; peek; reap",
    "repeating": "repeat 4 nop; submit; reap; repeat 2 do nop",
    "expectations": "nop -> r1; expect sq.staged=1; submit; expect r1 res=0 state=posted; "
    "expect within 1s cq.ready=1; reap",
    "silence": "nop flags=cqe_skip_success; submit; nop; submit; reap",
    "after a reset": "do nop -> old; reset; do nop -> new",
    "several commands, one line": 'buf b 64 text="a;b"; file f x; do write f b -> w ; nop # three',
}  # fmt: skip


def rerun(script):
    with Session() as session:
        for _, line in statements(script.splitlines()):
            session.run(line)
        return heads_and_tails(session)


def heads_and_tails(session):
    session.look()
    shots = [thing.observer.snapshot for thing in session.rings()]
    return [(shot.sq_tail, shot.sq_head, shot.cq_tail, shot.cq_head) for shot in shots]


def saved(session, tmp_path, monkeypatch, name="saved.uring"):
    monkeypatch.chdir(tmp_path)
    session.run(f"save {name}")
    return (tmp_path / name).read_text()


@pytest.mark.parametrize("lines", SESSIONS.values(), ids=SESSIONS)
def test_a_saved_session_passes(lines, tmp_path, monkeypatch):
    with Session() as session:
        for part in lines.split("PAUSE; "):
            session.run(part)
            if part != lines:  # a person looks at the screen until there is something to reap
                select.select([session.ring().ring.fd.number], [], [], 10)
        script = saved(session, tmp_path, monkeypatch)
        ended = heads_and_tails(session)
    assert "expect" in script
    assert rerun(script) == ended


@pytest.mark.parametrize(
    "name", [one for one in standard_table().names() if one not in ("quit", "exit")]
)
def test_every_example_can_be_saved_and_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = standard_table().find(name)
    if spec.op is not None and spec.op.opcode not in kernel_opcodes():
        return
    with Session() as session:
        for line in SETUP:
            session.run(line)
        try:
            session.run(spec.example)
        except LineError as error:
            made = {op for op, verb in VERBS.items() if verb == spec.name}
            refused = made & set(REFUSED) or made - register_ops()
            assert spec.name == "expect" or refused, error
        session.run("save again.uring")
    if spec.name in ("record", "save"):
        monkeypatch.chdir(tmp_path.parent)
    rerun((tmp_path / "again.uring").read_text())


def test_what_came_of_each_request_is_expected(tmp_path, monkeypatch):
    with Session() as session:
        session.run('file f x text="hello"; do read f 100; do read 999 1; do openat y -> g')
        script = saved(session, tmp_path, monkeypatch)
    assert "do read f 100 -> r1\nexpect within 10s r1 res=5\n" in script
    assert "do read 999 1 -> r2\nexpect within 10s r2 res=-EBADF\n" in script
    assert "expect within 10s g res=-ENOENT\n" in script


def test_an_expectation_that_would_not_hold_again_fails(tmp_path, monkeypatch):
    with Session() as session:
        session.run('file f x text="hello"; do read f 100')
        script = saved(session, tmp_path, monkeypatch)
    with pytest.raises(LineError, match="expected r1 res=5, but it is 3"):
        rerun(script.replace('"hello"', '"hel"').replace("10s", "1ms"))


def test_what_failed_is_a_comment_and_what_only_looks_is_left_out(tmp_path, monkeypatch):
    with Session() as session:
        session.run("show sq; explain READ; help nop; history; nop")
        with pytest.raises(LineError):
            session.run("ring new r1 entries=0")
        with pytest.raises(LineError):
            session.run("expect sq.staged=7")
        script = saved(session, tmp_path, monkeypatch)
    assert [line for line in script.splitlines() if not line.startswith("# A")] == [
        "nop -> r1",
        "# failed: ring new r1 entries=0",
        "# failed: expect sq.staged=7",
    ]
    rerun(script)


def test_what_a_repeat_did_before_it_failed_is_done_again(tmp_path, monkeypatch):
    with Session() as session:
        with pytest.raises(LineError, match="after 8 of 9"):
            session.run("repeat 9 nop")
        session.run("submit; reap")
        script = saved(session, tmp_path, monkeypatch)
        ended = heads_and_tails(session)
    assert "# failed: repeat 9 nop\nrepeat 8 nop\nsubmit\n" in script
    assert rerun(script) == ended


def test_a_message_is_not_the_result_of_a_request_that_is_over(tmp_path, monkeypatch):
    with Session() as session:
        session.run("ring new a; ring new b; ring use a; repeat 7 nop; submit; reap")
        session.run("ring use b; do msg_ring a res=42 data=7; ring use a; reap")
        script = saved(session, tmp_path, monkeypatch)
    assert script.count(" r7 res=") == 1
    rerun(script)


def test_the_lines_of_a_sourced_file_are_in_it(tmp_path, monkeypatch):
    with Session() as session:
        (session.scratch.path / "more.uring").write_text("nop -> a\nsubmit\n")
        session.run("source more.uring; reap")
        script = saved(session, tmp_path, monkeypatch)
    assert "source" not in script
    assert "nop -> a\nsubmit\n" in script
    rerun(script)


def test_a_file_that_exists_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("precious")
    with Session() as session, pytest.raises(LineError, match="mine exists already"):
        session.run("save mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_path_does_not_lead_out():
    with Session() as session, pytest.raises(LineError, match="leads out"):
        session.run("save ../mine")


def test_it_says_what_it_needs(tmp_path, monkeypatch):
    with Session((tmp_path,)) as session:
        session.run(f"do mkdirat {tmp_path}/d")
        script = saved(session, tmp_path, monkeypatch)
    assert f"# It needs:  --allow-path {tmp_path}\n" in script


def test_a_long_session_says_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr("uringlab.lab.steps_taken.MOST", 3)
    with Session() as session:
        session.run("reset")
        session.run("nop; nop; nop; nop; submit")
        script = saved(session, tmp_path, monkeypatch)
    # The third is `save` itself, which has begun.
    assert script.splitlines()[-1] == "# 3 more commands are not here: it was too long."
    rerun(script)

"""A bad line says what is wrong, and changes nothing."""

import os
from pathlib import Path

import pytest

from uringlab.lab import LineError, Session

PREPARED = 'file f notes.txt text="hello"; buf b0 8; pipe rd wr; nop -> r1'
BAD = [
    ("raed f 100", 'no command "raed". Did you mean "read"?'),
    ("read", "read needs FD"),
    ("read f", "read needs N"),
    ("read nosuch 5", 'no file is called "nosuch"'),
    ("read b0 5", "is a buffer, not a file"),
    ("read f lots", "expected a number"),
    ("read f 5 buf=nosuch", 'no buffer is called "nosuch"'),
    ("read f 9 buf=b0", "more than buf has: 8 bytes"),
    ("read f 5 bfu=b0", 'Did you mean "buf"?'),
    ("read f 5 off=1 off=2", "given twice"),
    ("read f 5 6", "one too many"),
    ("read f 5 flags=lnk", 'no flag "lnk"'),
    ("nop -> ", "after -> comes one name"),
    ("nop -> r1", '"r1" is taken'),
    ("publish -> p", "no request that could be named"),
    ('nop "', "this string does not end"),
    ('file g x text="\\q"', 'no escape "\\q"'),
    ("close 0", "belongs to this program"),
    ("file g ../x", "leads out of the session's directory"),
    ("file g /etc/passwd", "leads out of the session's directory"),
    ("openat ../../etc/passwd", "leads out of the session's directory"),
    ("ring new r entries=0", "the kernel wants 1 to 32768"),
    ("ring new r entries=40000", "the kernel wants 1 to 32768"),
    ("ring new r entries=99999999999", "out of range"),
    ("ring nwe r", "Did you mean"),
    ("ring new r flags=18446744073709551615", "more than 32 bits"),
    ("enter flags=0x100000000", "more than 32 bits"),
    ("nop flags=99999999999999999999999", "more than 64 bits"),
    ("timeout 5", "a time with its unit"),
    ("cancel nosuch", 'no request is called "nosuch"'),
    ("do publish", "do takes an operation"),
    ("do", "do needs a command"),
    ("expect", "expect what?"),
    ("expect sq.tial=0", 'Did you mean "sq.tail"?'),
    ("explain nonsense", "nothing to explain"),
    ("show sqe 99", "there are slots 0 to 7"),
    ("help nosuch", 'no command "nosuch"'),
    ("drop r0", "r0 is a ring"),
    ("enter flags=ext_arg", "only the library can make"),
]


def state(session):
    shot = session.ring().observer.look()
    fds = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    return shot.words(), shot.sqes, sorted(session.names), len(fds)


@pytest.fixture
def session():
    with Session() as made:
        made.run(PREPARED)
        yield made


@pytest.mark.parametrize(("line", "told"), BAD, ids=[line for line, _ in BAD])
def test_a_bad_line_says_what_is_wrong_and_changes_nothing(session, line, told):
    before = state(session)
    with pytest.raises(LineError) as caught:
        session.run(line)
    pretty = caught.value.pretty()
    assert told in pretty
    assert "^" in pretty
    assert state(session) == before
    assert "res=0" in session("do nop -> after")


def test_a_full_queue_refuses_and_loses_nothing(session):
    session.run("repeat 7 nop")
    before = state(session)
    with pytest.raises(LineError, match="all 8 slots are taken"):
        session.run("read f 5")
    assert state(session) == before
    session.run("submit; expect cq.ready=8")


def test_nothing_of_a_line_runs_when_a_later_command_is_bad(session):
    before = state(session)
    with pytest.raises(LineError):
        session.run("nop; publish; raed")
    assert state(session) == before


@pytest.mark.parametrize("line", ["child r0 time=9s", "file r0 notes.txt", "buf r0 8"])
def test_what_has_the_first_rings_name_is_not_lost_to_it(line):
    with Session() as session:
        session.run(line)
        with pytest.raises(LineError, match='"r0" is taken'):
            session.run("do nop")
        session.run("drop r0; do nop -> last; expect last res=0")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_request_does_not_take_the_name_of_the_ring_that_opens_for_it():
    with Session() as session:
        with pytest.raises(LineError, match='"r0" is taken: it is a ring'):
            session.run("nop -> r0")
        assert session.names["r0"] is session.rings()[0]
        session.run("expect sq.staged=0")


def test_a_link_that_leads_out_is_not_followed(session):
    (session.scratch.path / "out").symlink_to("/etc")
    (session.scratch.path / "passwd").symlink_to("/etc/passwd")
    for line in ("file g out/passwd", "file g passwd", "openat out/passwd", "openat passwd"):
        with pytest.raises(LineError, match="leads out"):
            session.run(line)


def test_closing_leaves_nothing_behind():
    before = len(list(Path("/proc/self/fd").iterdir()))
    session = Session()
    session.run(PREPARED + "; read rd 5; submit; ring new other")
    scratch = session.scratch.path
    session.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert "io_uring" not in Path("/proc/self/maps").read_text()
    assert not scratch.exists()

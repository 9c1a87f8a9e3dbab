"""`show`, `diff`, `history`, `source`: what is said of what is there."""

import pytest

from uringlab.lab import LineError, Session
from uringlab.lab.verbs.looking import SHOWN


@pytest.fixture
def session():
    with Session() as made:
        made.run('file f notes.txt text="hello"; pipe rd wr; buf b0 300 text="hello"')
        yield made


def test_show_sq_has_the_three_pointers_and_every_slot(session):
    session.run("do nop -> a; nop -> b; publish; nop -> c")
    lines = session("show sq").splitlines()
    assert lines[0] == "submission queue of r0: 8 slots"
    assert lines[1].split()[:5] == ["head", "1", "→", "slot", "1"]
    assert lines[2].split()[:5] == ["tail", "2", "→", "slot", "2"]
    assert lines[3].split()[:5] == ["local", "3", "→", "slot", "3"]
    assert "staged 1   pending 1   free 6" in lines[4]
    assert [line.split()[2:4] for line in lines[5:8]] == [
        ["consumed", "a"],
        ["published", "b"],
        ["staged", "c"],
    ]
    assert len(lines) == 5 + 8


def test_show_cq_has_what_is_ready_and_what_it_means(session):
    session.run("read 999 4 -> bad1; submit")
    shown = session("show cq")
    assert "ready 1   overflow 0" in shown
    assert "[  0] bad1  res=-9 (EBADF: bad file descriptor)" in shown


def test_show_ring_and_memory_say_what_the_kernel_answered(session):
    shown = session("show ring")
    assert shown == session("show r0") == session("show")
    assert "SQ 8 slots of 64 bytes, CQ 16 slots of 16 bytes" in shown
    assert "SINGLE_MMAP" in shown
    memory = session("show memory")
    for word in ("SQ head", "SQ tail", "CQ head", "CQ tail", "SQ mask", "CQ entries", "SQ array"):
        assert word in memory
    session.run("do nop")
    tail = next(line for line in session("show memory").splitlines() if "SQ tail" in line)
    assert tail.split()[-2:] == ["1", "you"]


def test_show_requests_tells_their_lives(session):
    assert session("show requests") == "no request on r0 yet"
    session.run("do nop -> a; read 999 4 -> b; submit; nop -> c")
    lines = [line.split() for line in session("show requests").splitlines()]
    assert lines[0][:5] == ["a", "NOP", "seen", "res=0", "≤"]  # and how long at most
    assert lines[1][:4] == ["b", "READ", "posted", "res=-9"]
    assert lines[2] == ["c", "NOP", "staged"]


def test_show_names_leaves_out_what_is_over(session):
    session.run("do nop -> over; nop -> open")
    shown = session("show names")
    assert str(session.scratch.path) in shown
    for name in ("f", "rd", "wr", "b0", "bad", "r0", "open"):
        assert f"\n  {name} " in shown
    assert "over" not in shown


def test_show_a_name_shows_that_thing(session):
    session.run("do nop -> a")
    assert "notes.txt" in session("show f")
    assert "68 65 6c 6c 6f" in session("show b0")
    assert "44 more bytes" in session("show b0")
    assert "a: NOP" in session("show a")
    assert "posted res=0" in session("show a")
    assert session("show bad").startswith("bad: 4096 bytes")


def test_show_a_slot_shows_its_bytes_and_words(session):
    session.run("nop user_data=0x77 -> a")
    shown = session("show sqe 0")
    assert "SQE slot 0, 64 bytes" in shown
    assert "  user_data    0x77" in shown
    assert "  fd           -1" in shown
    session.run("submit")
    assert "user_data=119 res=0" in session("show cqe 0")
    for line, told in (
        ("show sqe", "which slot"),
        ("show cqe 16", "slots 0 to 15"),
        ("show nosuch", "nothing is called"),
        ("show sQ", 'Did you mean "sq"'),
    ):
        with pytest.raises(LineError, match=told):
            session.run(line)


@pytest.mark.parametrize("word", SHOWN)
def test_looking_changes_nothing(session, word):
    session.run("nop; publish; nop")
    before, count = session.ring().observer.look(), session.log.count
    assert session(f"show {word}")
    assert session.ring().observer.look().same_ring_state(before)
    assert session.log.count == count


def test_every_reply_that_is_data_has_a_type(session):
    for line in ("help", "help read", "show", "show sq", "explain -9", "do nop", "rings", "peek"):
        for reply in session.run(line):
            assert reply.step or reply.json["type"], line


def test_diff_tells_what_the_last_command_did(session):
    session.run("nop -> a")
    assert "SQE slot 0: a NOP" in session("diff")
    session.run("publish")
    assert session("diff").split()[:6] == ["you", "SQ", "tail", "0", "→", "1"]
    assert session("diff") == session("diff")
    session.run("peek")
    assert session("diff") == "nothing has changed since the last command"


def test_source_runs_files_that_source_files(session):
    session.run('file one one.uring text="source two.uring; nop -> after"')
    session.run('file two two.uring text="# two\\n\\nnop -> inner"')
    session.run("source one.uring; expect inner state=staged; expect after state=staged")


def test_source_says_which_file_is_missing_or_no_text(session):
    with pytest.raises(LineError, match="cannot read nosuch.uring: No such file"):
        session.run("source nosuch.uring")
    session.run(r'file raw raw.uring text="\xff\xfe"')
    with pytest.raises(LineError, match="cannot read raw.uring: it is not text"):
        session.run("source raw.uring")


def test_an_error_two_files_deep_is_told_where_it_stands(session):
    session.run('file one one.uring text="nop\\nsource two.uring"')
    session.run('file two two.uring text="# two\\nraed"')
    with pytest.raises(LineError) as caught:
        session.run("source one.uring")
    assert caught.value.pretty().splitlines()[0] == "two.uring:2: raed"


def test_help_of_a_family_is_the_help_of_each(session):
    page = session("help ring")
    for name in ("ring new", "ring use", "ring close"):
        assert session(f"help {name}") in page
    with pytest.raises(LineError, match='Did you mean "read"'):
        session.run("help raed")


def test_help_names_the_aliases(session):
    assert "also: cancel" in session("help async_cancel")
    assert session("help cancel") == session("help async_cancel")

"""`c` itself: what it prints and where it writes, and what it remembers."""

import subprocess
import sys

import pytest

from uringlab.lab import LineError, Session
from uringlab.lab import steps_taken as module


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.fixture
def run_script(tmp_path):
    """`uringlab run -q FILE -c c`."""

    def run(*lines):
        script = tmp_path / "one.uring"
        script.write_text("\n".join(lines))
        argv = [sys.executable, "-m", "uringlab", "run", "-q", str(script), "-c", "c"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    return run


def test_the_program_goes_to_standard_output_and_nothing_else_does(run_script, syntax):
    program = run_script('file f notes.txt text="hello"', "read f 5 -> r1", "submit")
    assert program.startswith("/*\n * What was done")
    assert "read f 5 -> r1" in program
    assert program.count("int main(void)") == 1
    assert program.endswith("}\n")
    assert syntax([program]) == ""


def test_what_a_script_asked_for_before_stands_before_the_program(run_script, syntax):
    told = run_script("do nop -> r1")
    assert told.startswith("r1  res=0\n/*\n * What was done")
    assert syntax([told.removeprefix("r1  res=0\n")]) == ""


def test_each_line_stands_above_what_it_is_in_c(session):
    session.run("nop -> a; publish; enter; reap")
    text = session("c")
    wanted = [
        "/* nop -> a */",
        "io_uring_prep_nop(sqe);",
        "/* publish */",
        "publish(&r0);",
        "/* enter */",
        "io_uring_enter(r0.ring_fd, pending(&r0), 0, 0, NULL)",
        "/* reap */",
        "reap(&r0, ALL);",
    ]
    places = [text.rindex(one) for one in wanted]
    assert places == sorted(places)


def test_a_session_in_which_nothing_was_done_is_a_program_too(session, syntax):
    assert syntax([session("c")]) == ""


def test_a_name_alone_is_where_the_program_was_started(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session.run("do nop; c session.c")
    assert "io_uring_prep_nop" in (tmp_path / "session.c").read_text()


def test_nothing_is_overwritten(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.c").write_text("precious")
    with pytest.raises(LineError, match="exists"):
        session.run("c mine.c")
    assert (tmp_path / "mine.c").read_text() == "precious"


def test_a_path_does_not_leave_the_session(session):
    with pytest.raises(LineError, match="leads out"):
        session.run("c ../../mine.c")


def test_looking_leaves_no_trace(session):
    session.run("do nop -> r1")
    before = session("c")
    for line in ("show sq", "explain READ", "diff", "help", "history", "rings", "c"):
        session.run(line)
    assert session("c") == before


def test_what_was_refused_is_said_and_not_done(session, syntax):
    with pytest.raises(LineError):
        session.run("file f ../outside")
    with pytest.raises(LineError):
        session.run("read nowhere 5")
    text = session("c")
    assert "It was refused" in text
    assert "open(" not in text
    assert "prep_read" not in text
    assert syntax([text]) == ""


def test_a_repeat_that_failed_is_as_long_as_it_was(session):
    with pytest.raises(LineError):
        session.run("repeat 9 nop")
    assert "turn < 8" in session("c")


def test_a_reset_begins_anew(session):
    session.run("buf gone 8; do nop; reset; do nop -> kept")
    text = session("c")
    assert "gone" not in text
    assert "REQ_KEPT" in text


def test_a_long_session_is_remembered_from_its_beginning(session, monkeypatch, syntax):
    monkeypatch.setattr(module, "MOST", 5)
    session.run("reset")
    for number in range(9):
        session.run(f"do nop -> n{number}")
    text = session("c")
    assert "REQ_N4" in text
    assert "REQ_N5" not in text
    assert "4 more commands" in text or "5 more commands" in text
    assert syntax([text]) == ""


def test_what_is_remembered_holds_no_memory_of_a_request(session, collect):
    session.run("buf b 64; do nop; drop b")
    kept = [name for step in session.taken.steps for name in type(step).__slots__]
    assert "op" not in kept
    assert all(step.made == [] for step in session.taken.steps)


def test_a_loop_of_many_is_one_step_with_one_fact(session):
    session.run("ring new big entries=256; repeat 200 nop; submit; reap")
    [step] = [one for one in session.taken.steps if one.command.spec.name == "repeat"]
    assert [(one.name, one.count) for one in step.staged] == [("r1", 200)]
    assert session("c").count("prep_nop") == 1

"""`uringlab run` and its sisters as a script meets them: a process, two streams, an exit code."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
FILTER = str(Path(__file__).parent.parent / "seccomp_filter.py")

WALK = """\
# a read, every step of the way
file f notes.txt text="hello"
buf b 64

read f 64 buf=b -> r1
expect sq.staged=1 sq.tail=0
publish
expect sq.staged=0 sq.pending=1 sq.tail=1 sq.head=0
enter
expect sq.head=1 cq.ready=1
reap
expect r1 res=5 state=seen
expect b text="hello"
"""


def uringlab(*arguments, text=None, before=()):
    return subprocess.run(
        [*before, PROGRAM, *arguments],
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_script_runs_data_on_stdout_narration_on_stderr(tmp_path):
    script = tmp_path / "walk.uring"
    script.write_text(WALK)
    done = uringlab("run", str(script))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "ok  expect sq.staged=1 sq.tail=0",
        "ok  expect sq.staged=0 sq.pending=1 sq.tail=1 sq.head=0",
        "ok  expect sq.head=1 cq.ready=1",
        "r1  res=5  b='hello'",
        "ok  expect r1 res=5 state=seen",
        'ok  expect b text="hello"',
    ]
    assert "kernel  CQE slot 0: r1 res=5" in done.stderr


def test_standard_input_and_lines_run_in_their_order():
    done = uringlab(
        "run", "-q", "-", "-c", "do nop -> b", "-c", "do nop -> c", text="do nop -> a\n"
    )
    assert done.returncode == 0
    assert done.stdout == "a  res=0\nb  res=0\nc  res=0\n"
    assert done.stderr == ""


def test_every_line_of_json_is_an_object_with_a_type():
    done = uringlab("run", "--json", "-c", "do nop -> r1; expect r1 res=0")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(isinstance(one, dict) and one["type"] for one in objects)
    posted = [one for one in objects if one.get("event") == "posted"]
    assert [one["actor"] for one in posted] == ["kernel"]
    assert next(one for one in objects if one["type"] == "cqe")["res"] == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("do nop -> r1; expect r1 res=1", 1, "expected r1 res=1, but it is 0"),
        ("raed f 100", 2, 'no command "raed". Did you mean "read"?'),
        ("read nosuch 5", 2, 'no file is called "nosuch"'),
        ("repeat 9 nop", 2, "the submission queue is full"),
        ("ring new r entries=0", 2, "the kernel wants 1 to 32768"),
        ("ring new r entries=40000", 2, "the kernel wants 1 to 32768"),
        ("do close 0", 2, "belongs to this program"),
    ],
)
def test_what_goes_wrong_has_its_sentence_and_its_code(line, code, told):
    done = uringlab("run", "-q", "-c", line)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_fd_that_is_closed_is_told_by_the_kernel_in_a_cqe():
    done = uringlab(
        "run", "-q", "-c", 'file f a text="x"; do close f; do read f 1 -> r; expect r res=-EBADF'
    )
    assert done.returncode == 0, done.stderr
    assert "res=-9 (EBADF: bad file descriptor)" in done.stdout


def test_keep_going_runs_the_rest_and_still_fails():
    done = uringlab("run", "-q", "--keep-going", "-c", "nonsense", "-c", "do nop -> after")
    assert done.returncode == 2
    assert "after  res=0" in done.stdout


def test_a_wait_that_never_ends_times_out():
    done = uringlab(
        "run", "-q", "--timeout", "0.3", "-c", "pipe a b; read a 5 -> r; submit; wait 1"
    )
    assert done.returncode == 4
    assert "timed out: gave up waiting; still in flight: r" in done.stderr


def test_an_interrupt_ends_a_wait_with_130():
    with subprocess.Popen(
        [PROGRAM, "run", "-c", "pipe a b; read a 5 -> r; submit; wait 1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        for line in running.stderr:
            if "the kernel took 1" in line:
                break
        running.send_signal(signal.SIGINT)
        _out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err


def test_check_parses_and_runs_nothing(tmp_path):
    good, bad = tmp_path / "good.uring", tmp_path / "bad.uring"
    good.write_text(WALK)
    bad.write_text("nop\n\nraed f 100\nexpect\nnop offf=1\n")
    assert uringlab("check", str(good)).returncode == 0
    done = uringlab("check", str(bad))
    assert done.returncode == 2
    assert f"{bad}:3" in done.stderr
    assert f"{bad}:5" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("number", ["EPERM", "ENOSYS"])
@pytest.mark.parametrize(
    "arguments", [("run", "-c", "nop"), ("repl",), ("learn", "1"), ("lessons", "verify"), ()]
)
def test_where_io_uring_is_forbidden_one_sentence_says_why(number, arguments):
    done = uringlab(*arguments, before=(sys.executable, FILTER, number))
    assert done.returncode == 3
    assert done.stderr.startswith("io_uring is not available here: ")
    assert number in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_terminal_the_lab_says_what_to_do_instead():
    done = uringlab()
    assert done.returncode == 2
    assert "the lab needs a terminal" in done.stderr
    assert "uringlab run" in done.stderr


@pytest.mark.parametrize("command", ["", "run", "repl", "learn", "check", "lessons"])
def test_help_helps(command):
    done = uringlab(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage: uringlab" in done.stdout


def test_a_reader_that_leaves_is_no_error():
    with subprocess.Popen(
        [PROGRAM, "run", "-c", "repeat 8 nop; submit; reap; help", "-c", "sleep 300ms; help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        running.stdout.readline()
        running.stdout.close()
        err = running.stderr.read()
    assert "Traceback" not in err
    assert running.returncode == 0

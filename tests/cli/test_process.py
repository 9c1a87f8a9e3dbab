"""The program at its edges: streams closed or full, what is no text, the end from outside."""

import json
import os
import pty
import resource
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
NOBODY = 65534


@pytest.fixture
def uringlab(tmp_path):
    """Run the program, its scratch directories in a place of the test's own."""
    (tmp_path / "tmp").mkdir()
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "XDG_STATE_HOME": str(tmp_path)}

    def run(*arguments, text="", **more):
        return subprocess.run(
            [PROGRAM, *arguments],
            input=None if "stdin" in more else text.encode() if isinstance(text, str) else text,
            env=env,
            timeout=60,
            check=False,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more),
        )

    yield run
    assert list((tmp_path / "tmp").iterdir()) == []


def told(done):
    err = done.stderr.decode()
    assert "Traceback" not in err
    return err


def test_lines_run_in_the_order_they_are_given_files_first(uringlab, tmp_path):
    (tmp_path / "a.uring").write_text("do nop -> a\n")
    (tmp_path / "b.uring").write_text("do nop -> b\n")
    files = [str(tmp_path / name) for name in ("b.uring", "a.uring")]
    done = uringlab("run", "-q", *files, "-c", "do nop -> c\ndo nop -> d", "-c", "do nop -> e")
    assert done.stdout.decode().split() == ["b", "res=0", "a", "res=0"] + [
        word for name in "cde" for word in (name, "res=0")
    ]


def test_one_session_goes_through_all_inputs(uringlab):
    done = uringlab("run", "-q", "-", "-c", "expect r1 res=0", text="do nop -> r1\n")
    assert done.returncode == 0, told(done)


def test_the_last_line_needs_no_newline(uringlab):
    done = uringlab("run", "-q", "-", text="do nop -> a\ndo nop -> b")
    assert done.stdout == b"a  res=0\nb  res=0\n"


def test_quit_ends_everything_with_0(uringlab):
    done = uringlab("run", "-q", "-c", "quit", "-c", "nonsense")
    assert (done.returncode, done.stdout) == (0, b"")


def test_an_error_says_which_input_and_line_and_stops_there(uringlab):
    done = uringlab("run", "-q", "-", text="do nop -> a\n\n# here\nraed\ndo nop -> b\n")
    assert done.returncode == 2
    assert done.stdout == b"a  res=0\n"
    assert told(done).splitlines()[:2] == ["stdin:4: raed", "         ^^^^"]


def test_keep_going_keeps_the_worst_code(uringlab):
    lines = ("do nop -> a; expect a res=1", "raed", "do nop -> b")
    arguments = [word for line in lines for word in ("-c", line)]
    done = uringlab("run", "-q", "--keep-going", *arguments)
    assert done.returncode == 2
    assert done.stdout == b"a  res=0\nb  res=0\n"
    assert uringlab("run", "-q", "--keep-going", *arguments[:2]).returncode == 1


def test_an_error_is_an_object_too(uringlab):
    done = uringlab("run", "--json", "-q", "-c", "do nop -> a; expect a res=1")
    assert done.returncode == 1
    error = json.loads(done.stdout.splitlines()[-2])
    assert error["type"] == "error"
    assert error["outcome"] == "expectation"
    assert error["place"] == "-c 1:1"
    assert error["message"].startswith("expected a res=1, but it is 0")


@pytest.mark.parametrize(
    "line", ["help", "show sq", "show memory", "explain -9", "history", "diff", "rings", "peek"]
)
def test_whatever_is_asked_every_line_of_json_has_a_type(uringlab, line):
    done = uringlab("run", "--json", "-c", f"do nop; nop; submit; {line}")
    assert done.returncode == 0, told(done)
    for text in done.stdout.splitlines():
        assert json.loads(text)["type"]


def test_without_quiet_the_narration_is_on_stderr_and_the_data_is_the_same(uringlab):
    loud, quiet = (uringlab("run", *more, "-c", "do nop -> a") for more in ([], ["--quiet"]))
    assert loud.stdout == quiet.stdout == b"a  res=0\n"
    assert quiet.stderr == b""
    assert "kernel  CQE slot 0: a res=0" in told(loud)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "nothing to do: give a FILE, - for standard input, or -c LINE"),
        (("/nosuch/file",), "cannot read /nosuch/file: No such file or directory"),
        (("/",), "cannot read /: Is a directory"),
        (("--timeout", "soon", "-c", "nop"), "not a valid float"),
        (("--timeout", "-1", "-c", "nop"), "-1.0 is not in the range"),
        (("--allow-path", "/nosuch", "-c", "nop"), "does not exist"),
        (("--nonsense",), "No such option"),
    ],
)
def test_arguments_that_make_no_sense_are_code_2(uringlab, arguments, why):
    done = uringlab("run", *arguments)
    assert done.returncode == 2
    assert why in told(done)


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_is_no_text_says_so(uringlab, tmp_path, command):
    (tmp_path / "raw").write_bytes(b"do nop\n\xff\xfe\n")
    done = uringlab(command, str(tmp_path / "raw"))
    assert done.returncode == 2
    assert "it is not text" in told(done)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_standard_input_that_is_no_text_is_a_bad_line(uringlab, locale, monkeypatch):
    monkeypatch.setenv("LC_ALL", locale)
    done = uringlab("run", "-q", "-", text=b"do nop -> a\n\xff\xfe\n")
    assert done.returncode == 2
    assert done.stdout == b"a  res=0\n"
    assert "stdin:2" in told(done)


def test_bytes_that_are_no_text_go_into_a_file_as_they_are(uringlab):
    done = uringlab("run", "-q", "-c", b'file f x text="\xff"; expect f text="\xff" size=1')
    assert done.returncode == 0, told(done)
    assert done.stdout.startswith(b"ok  expect f text=")


def test_check_runs_nothing_and_names_every_bad_line(uringlab, tmp_path):
    script = tmp_path / "bad.uring"
    script.write_text('file f kept.txt text="x"\nraed\nnop; read\nquit\nreed\n')
    done = uringlab("check", str(script), cwd=tmp_path)
    assert done.returncode == 2
    err = told(done)
    assert [f"{script}:{number}:" in err for number in (1, 2, 3, 4, 5)] == [
        False,
        True,
        True,
        False,
        True,
    ]
    assert not (tmp_path / "kept.txt").exists()


def test_an_allowed_directory_may_be_used_and_nothing_else(uringlab, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    allow = ("run", "-q", "--allow-path", str(inside))
    assert uringlab(*allow, "-c", f'file f {inside}/x text="hello"').returncode == 0
    assert (inside / "x").read_text() == "hello"
    done = uringlab(*allow, "-c", f"file f {outside}")
    assert done.returncode == 2
    assert "start with --allow-path" in told(done)


@pytest.mark.parametrize("seconds", ["0", "0.05"])
@pytest.mark.parametrize(
    "line", ["wait 1", "pipe a b; do read a 1", "sleep 1m", "repeat 99999 do nop"]
)
def test_a_timeout_ends_whatever_runs(uringlab, seconds, line):
    done = uringlab("run", "-q", "--timeout", seconds, "-c", line, "-c", "do nop -> never")
    assert done.returncode == 4
    assert "timed out" in told(done)
    assert b"never" not in done.stdout


def test_a_full_disk_is_one_sentence(uringlab):
    with Path("/dev/full").open("wb") as full:
        done = uringlab("run", "-q", "-c", "help", stdout=full)
    assert done.returncode == 2
    assert told(done) == "cannot write to standard output: No space left on device\n"


def test_streams_that_are_closed_do_no_harm(uringlab):
    def without(*fds):
        return lambda: [os.close(fd) for fd in fds]

    done = uringlab("run", "-q", "-", stdin=None, preexec_fn=without(0))
    assert (done.returncode, told(done)) == (0, "")
    done = uringlab("run", "-c", "do nop", stdin=None, stdout=None, preexec_fn=without(0, 1))
    assert done.returncode == 0
    done = uringlab(stdin=None, preexec_fn=without(0))
    assert done.returncode == 2
    assert "the lab needs a terminal" in told(done)


@pytest.mark.parametrize(
    ("signo", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("line", ["wait 1", "sleep 1m", "repeat 100000 do nop"])
def test_whoever_ends_it_from_outside_leaves_nothing_behind(tmp_path, signo, code, line):
    with subprocess.Popen(
        [PROGRAM, "run", "-c", f"pipe a b; read a 5; submit; {line}"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        for text in running.stderr:
            if "the kernel took 1" in text:
                break
        running.send_signal(signo)
        err = running.stderr.read()
    assert running.returncode == code
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_nothing_is_typed_yet_is_130(tmp_path):
    with subprocess.Popen(
        [PROGRAM, "run", "-"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        running.stdin.write("do nop -> a\n")
        running.stdin.flush()
        assert running.stdout.readline() == "a  res=0\n"
        running.send_signal(signal.SIGINT)
        err = running.stderr.read()
    assert running.returncode == 130
    assert err.endswith("interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_each_line_of_standard_input_is_answered_before_the_next_is_read():
    """A program may drive the ring through a pipe, line by line."""
    with subprocess.Popen(
        [PROGRAM, "run", "-q", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        for name in ("a", "b"):
            running.stdin.write(f"do nop -> {name}\n")
            running.stdin.flush()
            assert running.stdout.readline() == f"{name}  res=0\n"
    assert running.returncode == 0


@pytest.mark.parametrize("arguments", [("repl",), ("repl", "--no-color")])
def test_a_repl_without_a_terminal_is_run_from_standard_input(uringlab, arguments):
    text = "do nop -> a\nraed\ndo nop -> b\n"
    done, same = uringlab(*arguments, text=text), uringlab("run", "-", text=text)
    assert (done.returncode, done.stdout) == (same.returncode, same.stdout) == (2, b"a  res=0\n")
    assert "\x1b" not in told(done)


def test_a_lab_whose_output_is_a_pipe_needs_a_terminal(uringlab):
    master, slave = pty.openpty()
    try:
        done = uringlab(stdin=slave)
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 2
    assert "the lab needs a terminal" in told(done)


@pytest.mark.parametrize("arguments", [("--version",), ("run", "--help"), ("-h",)])
def test_what_asks_about_the_program_needs_no_io_uring(uringlab, arguments):
    done = uringlab(*arguments)
    assert done.returncode == 0
    assert done.stderr == b""
    if arguments == ("--version",):
        assert version("uringlab") in done.stdout.decode()


def test_help_says_what_the_exit_codes_mean(uringlab):
    said = " ".join(uringlab("run", "--help").stdout.decode().split())
    for code in ("0 all well", "1 an expectation", "2 a line", "3 io_uring", "4 timed", "130 int"):
        assert code in said


@pytest.mark.parametrize("number", ["EPERM", "ENOSYS"])
def test_where_io_uring_is_forbidden_check_and_help_still_work(without_io_uring, tmp_path, number):
    script = tmp_path / "a.uring"
    script.write_text("do nop\n")
    assert without_io_uring(number, PROGRAM, "check", str(script)).returncode == 0
    assert without_io_uring(number, PROGRAM, "--help").returncode == 0
    done = without_io_uring(number, PROGRAM, "run", "--json", "-c", "nop")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_a_user_who_may_lock_no_memory_is_told_which_limit_it_is():
    nobody = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        done = subprocess.run(
            [*(nobody if os.geteuid() == 0 else []), PROGRAM, "run", "-q", "-c", "do nop"],
            env={**os.environ, "TMPDIR": place},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0)),
        )
    if "Permission denied" in done.stderr:
        return  # nobody may not even run the program here
    # A kernel that charges rings elsewhere has nothing to refuse.
    assert done.returncode in (0, 3)
    assert ("RLIMIT_MEMLOCK" in done.stderr) is (done.returncode == 3)
    assert len(done.stderr.splitlines()) == (1 if done.returncode else 0)

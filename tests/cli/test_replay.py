"""`uringlab run --record` and `uringlab replay`, as a new user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
LINES = (
    'file f a.txt text="secret"\nread f 6 -> r1\nsubmit\nreap\nread 999 4 -> oops\nsubmit\nreap\n'
)


@pytest.fixture
def uringlab(tmp_path):
    def run(*arguments, text=""):
        return subprocess.run(
            [PROGRAM, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        )

    return run


@pytest.fixture
def recorded(uringlab, tmp_path):
    done = uringlab("run", "--record", "a.uringrec", "-", text=LINES)
    assert done.returncode == 0, done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["a.uringrec"]
    return tmp_path / "a.uringrec"


def test_a_recording_is_printed_line_by_line(uringlab, recorded):
    done = uringlab("replay", "--no-tui", str(recorded))
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split()[-1] == "7" or "io_uring_setup" in done.stdout
    assert '> file f a.txt text="…"' in lines
    assert "secret" not in done.stdout
    numbers = [int(line.split()[0]) for line in lines if not line.startswith(">")]
    assert numbers == list(range(len(numbers)))
    assert any("kernel  CQE slot 0: r1 res=6" in line for line in lines)
    assert any("kernel  CQE slot 1: oops res=-9 EBADF" in line for line in lines)
    at = lines.index("> reap")
    assert "CQ head  0 → 1" in lines[at + 1]


def test_in_a_pipe_it_is_printed_anyway(uringlab, recorded):
    assert uringlab("replay", str(recorded)).stdout == (
        uringlab("replay", "--no-tui", str(recorded)).stdout
    )


def test_a_program_gets_an_object_a_line(uringlab, recorded):
    done = uringlab("replay", "--json", str(recorded))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[0]["type"] == "recording"
    assert told[0]["kernel"]
    events = [one for one in told if one["type"] == "event"]
    assert [one["number"] for one in events] == list(range(len(events)))
    assert {one["actor"] for one in events} == {"you", "kernel"}
    assert [one["text"] for one in told if one["type"] == "line"][1] == "read f 6 -> r1"


def test_a_part_of_it_has_the_same_numbers(uringlab, recorded):
    whole = uringlab("replay", str(recorded)).stdout.splitlines()
    part = uringlab("replay", "--from", "3", "--to", "6", str(recorded)).stdout.splitlines()
    events = [line for line in part if not line.startswith(">")]
    assert [line.split()[0] for line in events] == ["3", "4", "5"]
    assert set(part) <= set(whole)


def test_where_rings_are_forbidden_it_works_all_the_same(uringlab, recorded, without_io_uring):
    done = without_io_uring("EPERM", PROGRAM, "replay", "--no-tui", str(recorded))
    assert done.returncode == 0, done.stderr
    assert done.stdout == uringlab("replay", "--no-tui", str(recorded)).stdout


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _path: None, "does not exist"),
        (lambda path: path.write_text("x" * 5_000), "cannot be read as a recording"),
    ],
)
def test_what_is_no_recording_is_an_error_that_says_so(uringlab, tmp_path, make, says):
    path = tmp_path / "b.uringrec"
    make(path)
    done = uringlab("replay", str(path))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_there_is_not_written_over(uringlab, recorded):
    before = recorded.read_bytes()
    done = uringlab("run", "--record", str(recorded), "-c", "do nop")
    assert done.returncode == 2
    assert "exists already: choose another name" in done.stderr
    assert recorded.read_bytes() == before


def test_a_recording_that_was_cut_off_is_printed_and_said_to_be(uringlab, recorded):
    import sqlite3

    with sqlite3.connect(recorded) as database:
        database.execute("DELETE FROM about WHERE name = 'closed'")
    database.close()
    done = uringlab("replay", str(recorded))
    assert done.returncode == 0
    assert "was not closed" in done.stderr
    assert "oops res=-9" in done.stdout


def test_a_script_that_fails_is_recorded_to_its_failure(uringlab, tmp_path):
    done = uringlab("run", "--record", "b.uringrec", "-c", "do nop", "-c", "expect r1 res=5")
    assert done.returncode == 1
    shown = uringlab("replay", str(tmp_path / "b.uringrec"))
    assert shown.stderr == ""
    assert "r1 res=0" in shown.stdout
    assert "> expect r1 res=5" in shown.stdout

"""`uringlab run` with --repeat and --junit, `check` with -c; the first and the last JSON object."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")


def uringlab(*arguments, text=None):
    return subprocess.run(
        [PROGRAM, *arguments],
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_run_is_repeated_in_a_new_session_each_time():
    done = uringlab("run", "--repeat", "3", "-c", "do nop -> r1; expect sq.tail=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["r1  res=0", "ok  expect sq.tail=1"] * 3
    assert "run 1 of 3\n" in done.stderr
    assert done.stderr.endswith("3 runs, all well\n")


def test_standard_input_is_read_once_and_repeated():
    done = uringlab("run", "-q", "--repeat", "2", "-", text="do nop -> r1\n\n# end\n")
    assert done.stdout == "r1  res=0\nr1  res=0\n"


def test_the_first_run_that_fails_is_the_last():
    done = uringlab("run", "-q", "--repeat", "5", "-c", "expect sq.tail=7")
    assert done.returncode == 2
    assert done.stderr.endswith("1 of 1 runs failed; 4 were not begun\n")


def test_keep_going_goes_on_with_the_next_run():
    done = uringlab(
        "run", "-q", "--keep-going", "--repeat", "2", "-c", "ring new r; expect sq.tail=7"
    )
    assert done.returncode == 1
    assert done.stderr.endswith("2 of 2 runs failed\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--repeat", "0", "-c", "nop"), "0 is not in the range x>=1"),
        (("--repeat", "2", "--record", "x", "-c", "nop"), "leave --repeat out"),
        (("--junit", "/nosuch/x.xml", "-c", "nop"), "cannot write /nosuch/x.xml"),
    ],
)
def test_what_makes_no_sense_is_code_2(arguments, why):
    done = uringlab("run", *arguments)
    assert done.returncode == 2
    assert why in done.stderr


def test_a_report_has_what_held_what_failed_and_what_was_not_reached(tmp_path):
    script = tmp_path / "a.uring"
    script.write_text("do nop -> r1\nexpect r1 res=0\nexpect r1 res=1\nexpect r1 res=2\n")
    report = tmp_path / "report.xml"
    done = uringlab("run", "-q", str(script), "-c", "expect sq.tail=1", "--junit", str(report))
    assert done.returncode == 1
    root = ET.parse(report).getroot()  # noqa: S314 - our own
    assert [root.get(one) for one in ("tests", "failures", "errors", "skipped")] == list("4102")


def test_a_report_is_written_for_each_run_and_when_time_is_up(tmp_path):
    report = tmp_path / "report.xml"
    lines = ("-c", "ring new r; expect sq.tail=0", "-c", "wait 1")
    done = uringlab("run", "-q", "--timeout", "0.3", "--junit", str(report), *lines)
    assert done.returncode == 4
    root = ET.parse(report).getroot()  # noqa: S314 - our own
    assert [one.get("type") for one in root.iter("error")] == ["timed out"]
    uringlab("run", "-q", "--repeat", "2", "--junit", str(report), "-c", "nop")
    root = ET.parse(report).getroot()  # noqa: S314 - our own
    assert [one.get("name") for one in root] == ["-c 1 (run 1)", "-c 1 (run 2)"]


@pytest.mark.parametrize(
    ("line", "outcome", "code"),
    [
        ("nop", "ok", 0),
        ("ring new r; expect sq.tail=7", "expectation", 1),
        ("raed", "error", 2),
        ("wait 1", "timed out", 4),
    ],
)
def test_the_last_object_says_how_it_ended(line, outcome, code):
    done = uringlab("run", "--json", "--timeout", "0.5", "-c", line)
    assert done.returncode == code
    last = json.loads(done.stdout.splitlines()[-1])
    assert last == {"type": "end", "outcome": outcome, "exit_code": code}


def test_runs_are_counted_for_programs():
    done = uringlab("run", "--json", "--repeat", "2", "-c", "nop")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    begun = [(one["run"], one["runs"]) for one in objects if one["type"] == "session"]
    assert begun == [(1, 2), (2, 2)]


def test_check_takes_lines_and_standard_input():
    done = uringlab("check", "-", "-c", "raed f", "-c", "nop", text="nop\nraed g\n")
    assert done.returncode == 2
    assert "stdin:2: raed g" in done.stderr
    assert "-c 1: " in done.stderr or "-c 1:1: raed f" in done.stderr


def test_check_knows_the_form_of_an_expectation():
    done = uringlab("check", "-c", "expect r1 foo", "-c", "nop; expect", "-c", "expect r1 res=0")
    assert done.returncode == 2
    assert "-c 1:1: expect r1 foo" in done.stderr
    assert "-c 2:1: nop; expect" in done.stderr
    assert "-c 3" not in done.stderr


def test_a_file_without_end_is_no_script(tmp_path):
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(17 << 20)
    done = uringlab("run", str(endless))
    assert done.returncode == 2
    assert "no script has more than 16 MB" in done.stderr


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_word(tmp_path):
    script = tmp_path / "a.uring"
    script.write_text("\ufeffdo nop -> r1\n")
    assert uringlab("run", "-q", str(script)).stdout == "r1  res=0\n"

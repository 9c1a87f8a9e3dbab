"""Hostile files, run by the program, unattended: the canary outside is as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
SONG = "the canary sings"

HOSTILE = f"""
# paths
file f {{canary}}
file g ../../outside/canary
openat {{canary}} open_flags=rdwr -> o
do openat ../../outside/canary open_flags=rdwr -> p
do read p 100
do symlinkat {{canary}} l
do openat l -> q
do read q 100
do unlinkat {{canary}}
do renameat {{canary}} gone
do linkat {{canary}} twin
do mkdirat {{out}}/new
do setxattr {{canary}} user.x y
do openat canary dir=-100 -> r
do read r 100
# files for later, and files of lines
record new
save new
save {{out}}/new
source {{canary}}
source inner.uring
# fds of the program
repeat 3 do read 0 10
write 1 "{"#" * 3} written"
do close 2
# sockets
do socket inet stream -> s
do listen s
do bind s 0.0.0.0:0
do connect s 8.8.8.8:53
do bind s unix:{{out}}/new
do socket inet raw
submit
wait 20 timeout=20ms
reap
show names
"""


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "canary").write_text(SONG)
    (tmp_path / "tmp").mkdir()
    yield folder
    assert [path.name for path in folder.iterdir()] == ["canary"]
    assert (folder / "canary").read_text() == SONG
    assert (folder / "canary").stat().st_nlink == 1
    assert os.listxattr(folder / "canary") == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def uringlab(tmp_path, outside):
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "XDG_STATE_HOME": str(tmp_path)}

    def run(*arguments, text=""):
        return subprocess.run(
            [PROGRAM, *arguments],
            input=text,
            capture_output=True,
            text=True,
            cwd=outside,
            env=env,
            timeout=60,
            check=False,
        )

    return run


def script(outside):
    return HOSTILE.format(canary=outside / "canary", out=outside)


@pytest.mark.parametrize("how", ["a file", "standard input", "lines", "the REPL in a pipe"])
def test_a_hostile_script_does_not_get_out(uringlab, outside, tmp_path, how):
    text = script(outside)
    if how == "a file":
        (tmp_path / "evil.uring").write_text(text)
        done = uringlab("run", "--keep-going", "--json", str(tmp_path / "evil.uring"))
        kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
        assert kinds.count("error") > 20
    elif how == "standard input":
        done = uringlab("run", "--keep-going", "-", text=text)
    elif how == "lines":
        lines = [part for line in text.splitlines() if line for part in ("-c", line)]
        done = uringlab("run", "--keep-going", *lines)
    else:
        done = uringlab("repl", text=text)
    assert done.returncode == 2
    assert SONG not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert how == "a file" or "### written" not in done.stdout


def test_a_sourced_file_writes_nothing_where_the_program_was_started(uringlab, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "inner.uring").write_text("record new\n")
    done = uringlab("run", "--allow-path", str(inside), "-c", f"source {inside}/inner.uring")
    assert done.returncode == 2
    assert "start with --allow-path ." in done.stderr


def test_what_is_allowed_is_said_at_the_start(uringlab, outside, tmp_path):
    line = "do socket inet stream -> s; do bind s 0.0.0.0:0 -> r; expect r res=0"
    assert uringlab("run", "-c", line).returncode == 2
    done = uringlab("run", "--allow-network", "-c", line)
    assert done.returncode == 0, done.stderr
    done = uringlab("repl", "--allow-network", text=line)
    assert done.returncode == 0, done.stderr
    saved = tmp_path / "place"
    saved.mkdir()
    done = uringlab(
        *("run", "--allow-network", "--allow-path", str(saved)), "-c", f"nop; save {saved}/it"
    )
    assert done.returncode == 0, done.stderr
    text = (saved / "it").read_text()
    assert f"--allow-path {saved}\n" in text
    assert "--allow-network\n" in text


@pytest.mark.parametrize("command", [("run", "-c", "nop"), ("repl",), ("learn",), ()])
def test_a_directory_that_leads_out_is_refused_at_the_start(uringlab, tmp_path, command):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "l").symlink_to("/etc")
    verb, *more = command or ("",)
    done = uringlab(*[verb] * bool(verb), "--allow-path", str(inside), *more)
    assert done.returncode == 2
    assert f"{inside}/l -> /etc" in " ".join(done.stderr.split())


@pytest.mark.parametrize("option", [("--allow-network",), ("--allow-path", ".")])
def test_an_option_before_the_command_is_not_lost(uringlab, option):
    done = uringlab(*option, "run", "-c", "nop")
    assert done.returncode == 2
    assert "come after the command: uringlab run" in done.stderr

"""A compiler with liburing; programs are compiled some at a time, and run."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from uringlab.lab.bench import Bench

HERE = Path(__file__).parent
SOON = 20
"""Seconds that no line takes."""
WARNINGS = ("-std=gnu11", "-O0", "-Wall", "-Wextra", "-Werror")


def sessions():
    """Every session of `sessions.txt`: its name, its lines."""
    found = {}
    for line in (HERE / "sessions.txt").read_text().splitlines():
        if line.startswith("## "):
            found[line[3:]] = lines = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


@pytest.fixture(scope="session")
def compiler():
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    asked = subprocess.run(
        [found, "-x", "c", "-", "-o", "/dev/null", "-luring"],
        input="#include <liburing.h>\nint main(void) { return 0; }\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip("needs liburing.h")
    return found


@pytest.fixture(scope="session")
def syntax(compiler, tmp_path_factory):
    """What the compiler says of several programs that are not linked: once for all of them."""

    def run(programs):
        folder = tmp_path_factory.mktemp("syntax")
        for number, text in enumerate(programs):
            (folder / f"{number}.c").write_text(text)
        files = [str(one) for one in folder.iterdir()]
        half = len(files) // 2 + 1
        with ThreadPoolExecutor(2) as pool:
            done = pool.map(
                lambda part: (
                    subprocess.run(
                        [compiler, *WARNINGS, "-fsyntax-only", *part],
                        capture_output=True,
                        text=True,
                        check=False,
                    ).stderr
                ),
                [files[:half], files[half:]] if len(files) > 1 else [files],
            )
        return "".join(done)

    return run


def pytest_generate_tests(metafunc):
    if "session_name" in metafunc.fixturenames:
        metafunc.parametrize("session_name", sessions())


class Both:
    """What a session told of CQEs, and what its program did.

    Attributes:
        lines: of the session.
        wanted: as the program should say it.
        makers: requests whose results are fds.
        text: the program.
        said: by the compiler; "" if it had nothing to say.
        ran: the process; None if it did not come to that.
    """

    def __init__(self, name, lines, folder):
        self.lines = lines
        self.wanted = []
        self.makers = set()
        self.said, self.ran = "", None
        with Bench() as bench:
            for line in lines:
                self.take(self.run(bench, line))
                if line == "reset":
                    self.wanted.clear()
            self.text = "".join(one.text for one in self.run(bench, "c"))
        self.source = folder / f"{re.sub('[^a-z0-9]', '-', name.lower())}.c"
        self.source.write_text(self.text + "\n")

    def run(self, bench, line):
        replies = []
        done = bench.line(line, replies.append)
        try:
            done.result(SOON)
        except TimeoutError:
            bench.give_up()
            pytest.fail(f"the session hangs in: {line}, of: {'; '.join(self.lines)}")
        return replies

    def take(self, replies):
        told = [one.json for one in replies if one.json.get("type") == "cqe"]
        self.wanted += [
            f"{one['request']} res={one['res']} flags={one['flags']:#x}" for one in told
        ]
        self.makers |= {one["request"] for one in told if one.get("fd")}

    def make(self, compiler):
        program = self.source.with_suffix("")
        argv = [compiler, *WARNINGS, "-o", str(program), str(self.source), "-luring"]
        self.said = subprocess.run(argv, capture_output=True, text=True, check=False).stderr
        if self.said:
            return
        self.ran = subprocess.run(
            [str(program)], capture_output=True, text=True, check=False, timeout=SOON
        )
        directory = re.match(r"in (/tmp/session-\w+)\n", self.ran.stderr)
        shutil.rmtree(directory[1])


@pytest.fixture
def both(session_name, compiler, tmp_path):
    """A session in both ways: first the session, and when it is over, its program."""
    found = Both(session_name, sessions()[session_name], tmp_path)
    found.make(compiler)
    return found

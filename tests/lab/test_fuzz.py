"""Nonsense, in bulk: whatever is typed, a LineError is all that comes of it.

Here it is bounded, and the same at every run in CI. `make soak` has more examples of the same,
`make fuzz` a million lines.
"""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.grammar import Grammar
from fuzz.live import Live
from fuzz.reading import read
from fuzz.seeds import scripts
from fuzz.traces import Traces
from uringlab.lab import Session
from uringlab.lab.examples import SETUP
from uringlab.lab.verbs import standard_table

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400"))
ROOT = Path(__file__).parent.parent.parent
TABLE = standard_table()
settings.register_profile(
    "fuzz",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=list(HealthCheck),
)
SETTINGS = settings.get_profile("fuzz")
GRAMMAR = Grammar(TABLE, None)
for _script in scripts(TABLE):
    for _line in _script:
        GRAMMAR.learn(_line)


@st.composite
def lines(draw):
    """A line by the grammar, every choice of it Hypothesis's."""
    GRAMMAR.random = draw(st.randoms(use_true_random=False))
    return GRAMMAR.line()


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        for line in SETUP:
            made.run(line)
        yield made


@settings(SETTINGS, max_examples=EXAMPLES * 2)
@given(st.one_of(lines(), lines(), st.text(max_size=60)))
def test_whatever_reads_a_line_survives_anything(session, line):
    read(line, session)


@settings(SETTINGS, max_examples=EXAMPLES // 10)
@given(st.lists(st.one_of(lines(), lines(), st.text(max_size=30)), min_size=1, max_size=25))
def test_a_session_survives_anything_and_a_bad_line_changes_nothing(several):
    live = Live()
    try:
        for line in several:
            live.line(line)
        live.reset()
    finally:
        live.close()


def guided(target, count, seed):
    """Run the coverage-guided fuzzer; its summary, and how much code it saw first and last."""
    argv = [
        sys.executable,
        "-X",
        "faulthandler",
        "-m",
        "fuzz.guided",
        target,
        str(count),
        str(seed),
    ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    seen = [int(cov) for cov in re.findall(r"^#\d+.* cov: (\d+) ", done.stderr, re.MULTILINE)]
    return json.loads(done.stdout.splitlines()[-1]), seen


needs_atheris = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.version_info >= (3, 15), reason="needs atheris"
)


@needs_atheris
def test_the_coverage_guided_fuzzer_finds_nothing_in_the_parser():
    told, seen = guided("parser", 1200, 1)
    assert told["lines"] == told["executions"] == 1200
    assert seen[-1] > seen[0] > 500, "it has found new code by what it changed"


@needs_atheris
def test_the_coverage_guided_fuzzer_finds_nothing_in_a_session():
    told, seen = guided("session", 600, 1)
    assert told["lines"] >= 600
    assert told["executions"] > 50
    assert told["resets"] >= 3
    assert 0 < told["refused"] < told["lines"]
    assert seen[-1] > 500, "it has seen code, and begun to change what leads to it"


def test_what_is_left_over_is_seen(tmp_path):
    before = Traces.now(tmp_path)
    with Session() as session:
        session.run("buf b0 64; do nop")
        (tmp_path / "x").touch()
        unlike = before.unlike(Traces.now(tmp_path), spare=0)
    assert {"fds", "rings", "blocks", "scratch"} <= set(unlike)


def test_a_bad_line_that_changes_something_is_seen(monkeypatch):
    live = Live()

    def careless(session, line):
        session.new_buffer("left", session.names["b0"].buffer)
        yield from execute(session, line)

    execute = Session.execute
    try:
        monkeypatch.setattr(Session, "execute", careless)
        with pytest.raises(AssertionError, match=r"and yet: .*names: .*'left'"):
            live.line("read nosuch 5")
    finally:
        monkeypatch.undo()
        live.reset()
        live.close()

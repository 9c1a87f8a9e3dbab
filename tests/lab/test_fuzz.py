"""Nonsense, in bulk: whatever is typed, a LineError is all that comes of it.

`FUZZ_EXAMPLES` makes it long: `make soak`.
"""

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uringlab.lab import LineError, Session
from uringlab.lab.complete import complete, signature
from uringlab.lab.parser import parse_line
from uringlab.lab.session import Quit
from uringlab.lab.verbs import standard_table

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400"))
TABLE = standard_table()
# What waits for ever, or for long, is for other tests.
SLOW = ("wait", "sleep", "do", "source", "repeat")
VERBS = [name for name in TABLE.names() if name not in SLOW and name not in ("quit", "exit")]
WORDS = st.sampled_from(
    [
        *VERBS, "do", "repeat", "f", "rd", "wr", "b0", "bad", "r0", "r1", "r2", "nosuch", "=", "->",
        ";", "|", "0", "1", "5", "-1", "64", "4k", "999", "40000", "18446744073709551615", "20ms",
        '"hello"', '"', "off=", "len=", "buf=b0", "flags=link", "flags=io_drain", "flags=255",
        "entries=4", "entries=0", "cq=8", "user_data=1", "open_flags=RDWR|CREAT", "notes.txt",
        "../x", "poll_events=in", "count=1", "state=seen", "res=-EBADF", "sq.tail=1", "after",
        "within", "call", "min_complete=0", "to_submit=9", "cancel_flags=all|any", "#", "sqe",
    ]
)  # fmt: skip
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


@settings(max_examples=EXAMPLES * 5, deadline=None)
@given(st.one_of(st.text(max_size=60), LINES))
def test_the_parser_and_completion_survive_anything(line):
    parse_or_not(line)
    assert isinstance(signature(line, TABLE), str)


@settings(max_examples=EXAMPLES // 4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(LINES, st.text(max_size=30)), min_size=1, max_size=12))
def test_a_session_survives_anything(lines):
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Session() as session:
        scratch = session.scratch.path
        session.run('file f notes.txt text="hello"; pipe rd wr; buf b0 64; nop -> r1')
        for line in lines:
            # Nobody gives up here, so what would wait must not run.
            if any(word in line for word in ("do ", "repeat", "min_complete", "within", "enter")):
                parse_or_not(line)
                continue
            complete(line, session)
            try:
                session.run(line)
            except (LineError, Quit):
                continue
        session.run("reset; do nop -> last; expect last res=0")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert "io_uring" not in Path("/proc/self/maps").read_text()
    assert not scratch.exists()


def parse_or_not(line):
    try:
        parse_line(line, TABLE)
    except LineError as error:
        error.pretty()

"""Nonsense, in bulk: whatever is typed, a LineError is all that comes of it.

`FUZZ_EXAMPLES` makes it long: `make soak`.
"""

import contextlib
import os
from concurrent.futures import wait
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uringlab.lab import LineError, Session
from uringlab.lab.bench import Bench
from uringlab.lab.complete import complete
from uringlab.lab.parser import parse_line
from uringlab.lab.session import Quit
from uringlab.lab.signature import signature_at
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
        "group=7", "fixed:0", "b0,f", "sparse=4", "tags=1,1", "none", "slot=alloc",
        "flags=r_disabled",
        "within", "call", "min_complete=0", "to_submit=9", "cancel_flags=all|any", "#", "sqe",
    ]
)  # fmt: skip
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory):
    """`save` and `record` write where the program was started."""
    with contextlib.chdir(tmp_path_factory.mktemp("fuzz")):
        yield


@settings(max_examples=EXAMPLES * 5, deadline=None)
@given(st.one_of(st.text(max_size=60), LINES))
def test_the_parser_and_completion_survive_anything(line):
    parse_or_not(line)
    signature_at(line, TABLE)


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


VALUES = {
    "FD": "f rd wr r1 r2 999 -1 3 4 5 6 7 8 0 2147483648 b0",
    "N": "0 1 2 5 8 64 4k -1 0xffffffff 18446744073709551615",
    "NAME": "f g b0 b1 bad r0 r1 r2 q",
    "DATA": '"hello" b0 bad "\\xff" ""',
    "PATH": 'notes.txt x . ../x /etc/passwd d/x "" more.uring',
    "TIME": "1ms 0s 5ms 99999s 99999999999s",
    "MODE": "0644 0 7777",
    "TEXT": '"hi" "" word',
    "RING": "r0 r1 q",
    "REQUEST": "r1 r2 r3 1 99 f",
    "WHAT": "sq cq ring memory names sqe cqe r1 b0 f bad READ -9 EBADF IOSQE_IO_LINK",
    "COMMAND": "read ring nosuch",
    "b0,b1": "b0 b0,b1 none,b0 bad q b0,,",
    "FD,…": "f f,rd none,skip,wr 999 b0 fixed:0",
    "TAG,…": "1 1,2 0",
    "BID,…": "0 1 0,1 7",
    "GROUP": "7 0 65535",
    "SLOT": "0 1 alloc",
    "CPUS": "0 0-1 99",
    "OPCODE,…": "nop read,write 99",
    "CALL,…": "buffers files,probe 1",
    "CLOCK": "boottime realtime",
    "on|off": "on off",
}
CONDITIONS = (
    "sq.tail=1",
    "r1 res=5",
    "r2 after r1",
    "within 1ms cq.ready=3",
    "call io_uring_enter res=1",
    'f text="x"',
    "memory.99999=1",
    "r1 flags=more",
    "r1 op=READ res=1..4 after r2",
)
# What moves the ring is worth more than what looks at it.
OFTEN = ["submit", "enter", "reap", "publish", "ring new", "close", "openat", "do", "drop"]


@st.composite
def commands(draw, depth=0):
    """A command with operands of the right kinds, if not always the right ones."""
    choice = st.sampled_from([name for name in TABLE.names() if name not in ("quit", "exit")])
    spec = TABLE.find(draw(st.one_of(choice, st.sampled_from(OFTEN))))
    words = [spec.name]
    for one in spec.params:
        options = list(one.value.options()) if one.value.label == "FLAGS" else []
        options = options or VALUES.get(one.value.label, "x").split()
        value = draw(st.sampled_from(options))
        if one.positional and (one.required or draw(st.booleans())):
            words.append(value)
        elif not one.positional and draw(st.integers(0, 6)) == 0:
            words.append(f"{one.name}={value}")
    if spec.wraps and depth < 2:
        words.append(draw(commands(depth + 1)))
    if spec.raw:
        words.append(draw(st.sampled_from(CONDITIONS)))
    if spec.op and draw(st.booleans()):
        words.append("-> " + draw(st.sampled_from(["r1", "r2", "f", "q"])))
    return " ".join(words)


@settings(max_examples=EXAMPLES // 8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(commands(), min_size=5, max_size=40))
def test_a_bench_survives_lines_that_make_sense_and_are_given_up(lines):
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Bench() as bench:
        for line in lines:
            done = bench.line(line, lambda _reply: None)
            if not wait([done], timeout=0.02).done:
                bench.give_up()
            error = done.exception(timeout=20)
            assert error is None or isinstance(error, LineError), (line, lines)
        bench.line("reset; do nop -> last; expect last res=0", print).result(timeout=20)
        scratch = bench.session.scratch.path
    assert len(list(Path("/proc/self/fd").iterdir())) == before, lines
    assert "io_uring" not in Path("/proc/self/maps").read_text()
    assert not scratch.exists()

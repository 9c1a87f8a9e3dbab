"""A storm as it is typed: how it is told, watched and given up, and that nothing is left of it."""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from uringlab import IoUring, ops
from uringlab.core.buffers import memory_stats
from uringlab.lab import LineError, Session
from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp
from uringlab.lab.news import News
from uringlab.lab.reply import Stream
from uringlab.lab.verbs.storm import amount
from uringlab.observe.event import Missed, SystemCall
from uringlab.observe.log import KEEP as KEPT_EVENTS
from uringlab.observe.request import State
from uringlab.observe.requests import KEEP as KEPT_REQUESTS

PATIENCE = 20


@pytest.fixture(autouse=True)
def _nothing_is_left():
    gc.collect()
    before = memory_stats(), len(list(Path("/proc/self/fd").iterdir()))
    yield
    gc.collect()
    assert (memory_stats(), len(list(Path("/proc/self/fd").iterdir()))) == before


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.fixture
def bench():
    with Bench() as made:
        yield made


def told(session, line):
    """What a program is told of a storm."""
    [answer] = [reply for reply in session.run(line) if reply.json.get("type") == "storm"]
    return answer.json


def run(bench, line):
    said = []
    bench.line(line, lambda reply: said.append(reply.text)).result(PATIENCE)
    return said


def until(true):
    for _ in range(PATIENCE * 1000):
        if true():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came to that")


def is_sound(session):
    """The bookkeeping is right, and the next lines work."""
    ring = session.ring()
    shot = ring.observer.look()
    words = [shot.sq_tail, shot.sq_local]
    assert words == [shot.sq_head] * 2
    assert shot.ready == 0
    assert session.requests.in_flight(ring.name) == 0
    open_ones = [one for one in session.requests if one.state is State.IN_FLIGHT]
    assert not open_ones
    name = session.next_request_name()
    session.run(f"do nop -> {name}; expect {name} res=0; show sq; show requests; show cq")
    return True


def test_what_came_of_it_is_told_to_people_and_to_programs(session):
    [answer] = session.run("storm nop count=10k batch=8")
    assert answer.text.startswith("nop: 10,240 done in ")
    assert "8 a turn" in answer.text
    found = answer.json
    assert (found["type"], found["ring"], found["op"]) == ("storm", "r0", "nop")
    assert (found["done"], found["succeeded"], found["failed"]) == (10_240, 10_240, 0)
    assert (found["batch"], found["under_way"], found["ending"]) == (8, 0, "all are done")
    json.dumps(found)
    assert is_sound(session)


def test_a_million_takes_no_longer_than_a_million(session):
    assert told(session, "storm nop count=1M batch=32")["done"] == 1 << 20
    assert session.ring().ring.params.sq_entries == 32, "the first ring is as large as need be"
    assert is_sound(session)


def test_errors_are_told_by_name(session):
    session.run('file f a text="hello"; ring new r0')
    found = told(session, "storm read 999 4k count=100")
    assert found["errors"] == {"EBADF": 100}
    [answer] = session.run("storm read f 4k buf=bad count=100")
    assert "100 × EFAULT: bad address" in answer.text
    assert is_sound(session)


def test_reads_share_a_buffer_and_their_results_are_summed_up(session):
    session.run('file f a text="hello"')
    said = session("storm read f 4k count=1000")
    assert said.startswith("all of them into b0\nread: 1,000 done in ")
    assert "res=5 (sum 5,000)" in said
    assert bytes(session.names["b0"].buffer.view[:5]) == b"hello"
    session.run("storm writev f b0 count=10; drop b0")
    assert is_sound(session)


def test_other_operations(session):
    session.run('sockets a b; pipe rd wr; file f a; feed wr "x"; buf b0 64')
    for line in (
        "storm fsync f count=10",
        "storm poll rd count=100",
        "storm time=10ms timeout 1ns batch=4",
        "storm statx a count=100",
        'storm write f "x" flags=link count=20',
        "storm futex_wake b0 count=20",
        "storm nop flags=async count=50",
        "storm read_fixed f 5 buf=b0 buf_index=0 count=5",
    ):
        assert told(session, line)["under_way"] == 0
    assert is_sound(session)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("storm openat a", "open or close a file"),
        ("storm close f", "open or close a file"),
        ("storm accept l", "open or close a file"),
        ("storm poll rd multishot=on", "many CQEs"),
        ("storm cancel 5", "another request"),
        ("storm msg_ring r0", "another ring"),
        ("storm nop flags=cqe_skip_success", "nobody would learn"),
        ("storm provide_buffers b0 7", "hands buffers over"),
        ("storm read f 5 group=7", "nobody would give it back"),
        ("storm listen l", "stay open for every single one"),
        ("storm mkdirat drawer dir=d", "stay open for every single one"),
        ("storm nop user_data=0xffffffffffffffff", "must fit 64 bits"),
    ],
)
def test_what_makes_no_storm_is_refused_and_nothing_changes(session, line, why):
    session.run("ring new r0; file f a; pipe rd wr; buf b0 64; listener l")
    session.run("do openat . open_flags=directory -> d")
    before = session.log.count, dict(session.names), session.next_user_data()
    with pytest.raises(LineError, match=why):
        session.run(line)
    assert (session.log.count, session.names, session.next_user_data()) == before
    assert is_sound(session)


@pytest.mark.parametrize(
    ("before", "what"),
    [
        ("nop", "1 is staged"),
        ("nop; nop; publish", "2 are published"),
        ("nop; submit", "1 is ready to be reaped"),
        ("read rd 5; submit", "1 is in flight"),
    ],
)
def test_it_has_its_ring_to_itself(session, before, what):
    session.run(f"pipe rd wr; ring new r0; {before}")
    with pytest.raises(LineError, match=what) as caught:
        session.run("storm nop")
    assert caught.value.hint
    session.run("ring new other; storm nop count=5")


def test_a_ring_of_a_single_issuer_takes_it(session):
    session.run("ring new one flags=single_issuer|defer_taskrun; storm nop count=1k")
    session.run('pipe rd wr; feed wr "hello"; storm read rd 1 count=5 batch=5')
    assert is_sound(session)


@pytest.mark.parametrize("operation", ["nop", "nop rate=1", "nop rate=100000 batch=8"])
def test_it_is_given_up_at_any_speed(bench, operation):
    said = []
    done = bench.line(f"storm {operation}", said.append)
    until(lambda: bench.session.storm is not None and bench.session.storm.progress.done)
    bench.give_up()
    with pytest.raises(GaveUp, match="gave up the storm$"):
        done.result(PATIENCE)
    [answer] = said
    assert answer.json["ending"] == "it was stopped"
    assert answer.json["under_way"] == 0
    assert bench.session.storm is None
    assert bench.session.waiting_for == ""
    run(bench, "do nop -> n; expect n res=0")
    bench.call(lambda: is_sound(bench.session)).result(PATIENCE)


def test_it_is_given_up_while_it_waits_and_what_is_in_flight_is_told(bench):
    run(bench, 'pipe rd wr; feed wr "12345678"')
    said = []
    done = bench.line("storm read rd 4 batch=4", said.append)
    storm = lambda: bench.session.storm  # noqa: E731
    until(lambda: storm() is not None and storm().progress.done == 2)
    bench.give_up()
    with pytest.raises(GaveUp, match="2 of its requests have no result yet; wait 2, or end them"):
        done.result(PATIENCE)
    assert said[-1].json["under_way"] == 2
    session = bench.session
    assert session.requests.in_flight("r0") == 2
    run(bench, 'feed wr "abcdefgh"; wait 2; reap')
    bench.call(lambda: is_sound(session)).result(PATIENCE)
    done = bench.line("storm read rd 4 batch=8", said.append)
    until(lambda: storm() is not None and storm().progress.under_way == 8)
    bench.give_up()
    with pytest.raises(GaveUp):
        done.result(PATIENCE)
    assert session.requests.in_flight("r0") == 8
    run(bench, "do async_cancel cancel_flags=ANY|ALL; expect inflight=0")
    run(bench, "reap")
    bench.call(lambda: is_sound(session)).result(PATIENCE)


def test_what_waits_after_many_laps_is_in_flight_and_nothing_else(bench):
    """Most of the laps nobody saw. What blocks in the end is told apart from them."""
    run(bench, "pipe rd wr")
    with open(bench.session.names["wr"].fd.number, "wb", buffering=0, closefd=False) as out:
        out.write(b"x" * 40_000)
    done = bench.line("storm read rd 1 batch=8", lambda _reply: None)
    until(lambda: bench.session.storm is not None and bench.session.storm.progress.done == 40_000)
    bench.give_up()
    with pytest.raises(GaveUp, match="8 of its requests"):
        done.result(PATIENCE)
    assert any(isinstance(event, Missed) for event in bench.session.log.last(KEPT_EVENTS))
    assert bench.session.requests.in_flight("r0") == 8
    run(bench, "do async_cancel cancel_flags=ANY|ALL; expect inflight=0; reap")
    bench.call(lambda: is_sound(bench.session)).result(PATIENCE)


def test_giving_up_before_it_has_begun_ends_it(bench):
    for _ in range(50):
        done = bench.line("storm nop", lambda _reply: None)
        bench.give_up()
        with pytest.raises(GaveUp):
            done.result(PATIENCE)
    run(bench, "storm nop count=10")


def test_the_rest_of_the_line_does_not_run_after_it_was_given_up(bench):
    done = bench.line("storm nop; nop -> never", lambda _reply: None)
    until(lambda: bench.session.storm is not None)
    bench.give_up()
    with pytest.raises(GaveUp):
        done.result(PATIENCE)
    assert "never" not in bench.session.names


def test_closing_the_bench_in_the_middle_of_it():
    with Bench() as bench:
        bench.line("storm nop", lambda _reply: None)
        until(lambda: bench.session.storm is not None and bench.session.storm.progress.done)


def test_whoever_prints_events_is_told_of_a_storm_in_two_lines(bench):
    session = bench.session
    news = News(session)
    run(bench, "ring new r0")
    news.digest()
    done = bench.line("storm nop count=400k batch=8", lambda _reply: None)
    told = []
    while not done.done():
        session.look()
        told += news.digest()
    done.result(PATIENCE)
    run(bench, "do nop")
    told += news.digest()
    assert [one.what for one in told if isinstance(one, Missed)] == ["SQE", "CQE"]
    assert all(100_000 < one.count <= 409_600 for one in told if isinstance(one, Missed))
    assert sum(isinstance(one, SystemCall) for one in told) == 1, "the rest is as ever"


def test_whoever_looks_is_told_how_far_it_is(bench):
    seen = set()
    done = bench.line("storm nop count=400k batch=8", lambda _reply: None)

    def look():
        seen.add(bench.session.waiting_for)
        return done.done()

    until(look)
    done.result(PATIENCE)
    seen.discard("")
    assert seen
    assert all(text.startswith("storm: ") for text in seen)
    assert all(" of 409,600, " in text and text.endswith("/s") for text in seen)


def test_looking_all_the_while_costs_no_memory_and_harms_nothing(bench):
    """The log and the lives are as long as ever, and what was not seen is counted."""
    session = bench.session
    done = bench.line("storm nop time=500ms", lambda _reply: None)
    looks = 0
    while not done.done():
        session.look()
        looks += 1
        assert session.requests.in_flight("r0") <= 8
    done.result(PATIENCE)
    assert looks
    missed = [one for one in session.log.last(KEPT_EVENTS) if isinstance(one, Missed)]
    assert missed
    assert len(session.log.last(10**9)) <= KEPT_EVENTS
    assert len(session.requests) <= KEPT_REQUESTS
    waited_for = sum(len(ones) for ones in session.requests._waiting.values())
    assert waited_for == 0
    assert len(session.requests._posted) == 0
    states = {one.state for one in session.requests}
    assert states <= {State.SEEN, State.MISSED}
    bench.call(lambda: is_sound(session)).result(PATIENCE)


def test_a_cqe_that_is_not_its_own_ends_it_and_can_be_reaped(bench):
    run(bench, "ring new r0")
    said = []
    done = bench.line("storm nop", lambda reply: said.append(reply.text))
    until(lambda: bench.session.storm is not None and bench.session.storm.progress.done)
    with IoUring(2) as other:
        fd = bench.session.names["r0"].ring.fd.number
        other.sq().push(ops.MsgRing(fd, res=7, data=9))
        other.submit_and_wait(1)
        done.result(PATIENCE)
    assert "it ended because a CQE came that is not its own: it is the next to be reaped" in said
    assert run(bench, "reap")[0] == "user_data=9  res=7"


def test_time_is_over_while_it_waits(session):
    session.run("pipe rd wr")
    said = session("storm read rd 4 batch=2 time=20ms")
    assert said.splitlines()[1].endswith("the time is over")
    assert "2 of its requests have no result yet" in said
    session.run("do cancel 1 cancel_flags=ANY|ALL; reap")
    assert is_sound(session)


def test_a_slow_storm_is_paced(session):
    found = told(session, "storm nop rate=1 time=50ms")
    assert (found["done"], found["batch"]) == (1, 1)
    assert told(session, "storm nop rate=100k count=500 batch=5")["done"] == 500


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (3.1, "3.1"), (31, "31"), (41_234, "41.2 k"), (412_345, "412 k"), (2.5e9, "2.50 G")],
)
def test_large_numbers_are_short(number, text):
    assert amount(number) == text


def test_ctrl_c_ends_a_storm_in_a_script_and_the_answer_is_told():
    argv = [sys.executable, "-m", "uringlab", "run", "--json", "-c", "do nop; storm nop"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        for line in one.stdout:
            if '"cqe"' in line:
                break
        # Between its last CQE and the storm it may come too early: that ends the line as well.
        threading.Event().wait(0.3)
        os.kill(one.pid, signal.SIGINT)
        out, err = one.communicate(timeout=PATIENCE)
    assert one.returncode == 130, err
    assert '"ending": "it was stopped"' in out


def test_a_turn_is_no_larger_than_the_queue_and_that_is_said():
    with Session() as session:
        session.run("ring new r0 entries=8")
        replies = session.run("storm nop count=100 batch=32")
        notes = [reply.text for reply in replies if reply.stream is Stream.NOTE]
        assert notes == ["r0 has 8 SQ slots: 8 a turn. For more: ring new big entries=32"]
        [told] = [reply.json for reply in replies if reply.json.get("type") == "storm"]
        assert (told["batch"], told["done"]) == (8, 100)

"""Giving up: whatever a line waits for, it ends, and the next one knows nothing of it."""

import os
import signal
import threading
import time

import pytest

from uringlab.lab import LineError
from uringlab.lab.bench import Bench
from uringlab.lab.errors import ExpectationFailed, GaveUp

PATIENCE = 20


@pytest.fixture
def bench():
    with Bench() as made:
        yield made


def run(bench, line):
    said = []
    bench.line(line, lambda reply: said.append(reply.text)).result(PATIENCE)
    return said


def begun(bench, line):
    """Start a line, and return when its first command has run."""
    first = threading.Event()
    done = bench.line(f"show names; {line}", lambda _reply: first.set())
    assert first.wait(PATIENCE)
    return done


@pytest.mark.parametrize(
    "line",
    [
        "sleep 1m",
        "wait 1",
        "wait 1 timeout=1m",
        "enter 0 1",
        "expect within 1m cq.ready=1",
        "repeat 100000 sleep 1ms",
        "repeat 100000 do nop",
        "do read rd 5",
        "do timeout 1m",
        "source waits.uring",
    ],
)
def test_every_line_that_lasts_can_be_given_up(bench, line):
    run(bench, 'pipe rd wr; file s waits.uring text="nop\\nwait 1"')
    done = begun(bench, line)
    bench.give_up()
    with pytest.raises(GaveUp):
        done.result(PATIENCE)
    run(bench, "reset; do nop -> n; expect n res=0")


def test_giving_up_is_for_the_line_that_runs_and_not_for_the_one_behind_it(bench):
    first = begun(bench, "sleep 1m")
    second = bench.line("do nop -> after", lambda _reply: None)
    bench.give_up()
    with pytest.raises(GaveUp):
        first.result(PATIENCE)
    second.result(PATIENCE)
    assert "after" in bench.session.names


def test_the_rest_of_a_line_that_was_given_up_does_not_run(bench):
    done = begun(bench, "sleep 1m; nop -> never")
    bench.give_up()
    with pytest.raises(GaveUp):
        done.result(PATIENCE)
    assert "never" not in bench.session.names


def test_an_expectation_that_is_given_up_has_not_failed(bench):
    done = begun(bench, "nop; expect within 1m sq.pending=1")
    bench.give_up()
    with pytest.raises(GaveUp) as caught:
        done.result(PATIENCE)
    assert not isinstance(caught.value, ExpectationFailed)


def test_a_storm_of_giving_up_ends_only_the_lines_it_meets(bench):
    run(bench, "ring new r0 entries=64")
    storm, over, weather = threading.Event(), threading.Event(), threading.Lock()

    def rage():
        while not over.is_set():
            with weather:
                if storm.is_set():
                    bench.give_up()

    raging = threading.Thread(target=rage)
    raging.start()
    try:
        for _ in range(60):
            storm.set()
            done = bench.line("repeat 20 do nop; wait 1", lambda _reply: None)
            with pytest.raises(GaveUp):
                done.result(PATIENCE)
            with weather:
                storm.clear()
            run(bench, "show ring")
    finally:
        over.set()
        raging.join()
    run(bench, "submit; reap; do nop -> sound; expect sound res=0")


def test_a_signal_that_is_nobodys_wish_does_not_end_a_wait(bench):
    run(bench, "pipe rd wr; read rd 5 -> r; submit")
    done = begun(bench, "wait 1")
    for _ in range(20):
        signal.pthread_kill(bench._thread.ident, signal.SIGURG)
        time.sleep(0)
    os.write(bench.session.file("wr").fd.number, b"hello")
    done.result(PATIENCE)
    run(bench, "reap; expect r res=5")


def test_the_signal_handler_is_put_back():
    before = signal.getsignal(signal.SIGURG)
    with Bench():
        assert signal.getsignal(signal.SIGURG) is not before
    assert signal.getsignal(signal.SIGURG) is before


def test_a_bench_that_could_not_be_prepared_leaves_nothing():
    before, threads = signal.getsignal(signal.SIGURG), threading.active_count()
    made = []

    def prepare(session):
        made.append(session)
        session.run("file f x")
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        Bench(prepare=prepare)
    assert signal.getsignal(signal.SIGURG) is before
    assert threading.active_count() == threads
    assert not made[0].scratch.path.exists()


def test_closing_twice_is_closing_once(bench):
    bench.close()
    bench.close()
    assert not bench.session.scratch.path.exists()


def test_what_goes_wrong_in_a_reply_comes_out_and_the_next_line_runs(bench):
    def fail(_reply):
        raise RuntimeError("the screen is gone")

    with pytest.raises(RuntimeError, match="the screen is gone"):
        bench.line("do nop", fail).result(PATIENCE)
    with pytest.raises(LineError):
        run(bench, "raed")
    run(bench, "do nop -> n; expect n res=0")


def test_giving_up_while_it_is_stepped_runs_nothing_more(bench):
    bench.stepping = True
    done = bench.line("do nop -> r1; nop -> never", lambda _reply: None)
    while not bench.next_step and not done.done():
        time.sleep(0.001)
    bench.give_up()
    done.exception(PATIENCE)
    assert bench.next_step == ""
    assert "never" not in bench.session.names

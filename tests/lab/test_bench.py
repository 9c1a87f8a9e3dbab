"""The bench: one thread that waits, so that nobody else does."""

import threading
import time
from concurrent.futures import wait
from pathlib import Path

import pytest

from uringlab.lab import LineError
from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp

PATIENCE = 20


@pytest.fixture
def bench():
    with Bench() as made:
        yield made


def run(bench, line):
    said = []
    bench.line(line, said.append).result(PATIENCE)
    return [reply.text for reply in said]


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def waits_in_the_kernel(bench):
    task = Path(f"/proc/self/task/{bench._thread.native_id}/syscall")
    return task.read_text().startswith("426 ")


def test_a_wait_is_given_up_and_the_ring_stays_sound(bench):
    run(bench, "pipe rd wr; read rd 5 -> p; submit")
    done = bench.line("wait 1", lambda _reply: None)
    until(lambda: waits_in_the_kernel(bench))
    bench.give_up()
    with pytest.raises(GaveUp, match="still in flight: p"):
        done.result(PATIENCE)
    assert "n  res=0" in run(bench, "do nop -> n")
    run(bench, 'feed wr "hello"; wait 1; reap; expect p res=5')


def test_giving_up_at_any_moment_ends_the_line_and_harms_no_later_one(bench):
    for _ in range(100):
        done = bench.line("wait 1", lambda _reply: None)
        bench.give_up()
        with pytest.raises(GaveUp):
            done.result(PATIENCE)
        assert any("res=0" in text for text in run(bench, "do nop"))


def test_giving_up_when_nothing_runs_does_nothing(bench):
    bench.give_up()
    assert any("res=0" in text for text in run(bench, "do nop"))


def test_closing_ends_a_wait(bench):
    done = bench.line("wait 1", lambda _reply: None)
    until(lambda: waits_in_the_kernel(bench))
    bench.close()
    assert isinstance(done.exception(PATIENCE), GaveUp)
    assert threading.active_count() == 1 or not bench._thread.is_alive()


def test_errors_come_out_of_the_future(bench):
    with pytest.raises(LineError, match="no command"):
        run(bench, "nonsense")


def test_a_single_issuers_ring_is_driven_by_the_bench_alone(bench):
    run(bench, "ring new one flags=single_issuer|defer_taskrun")
    assert any("res=0" in text for text in run(bench, "do nop"))


def test_stepping_stops_before_each_boundary(bench):
    bench.stepping = True
    done = bench.line("do nop -> r1", lambda _reply: None)
    seen = []
    for upcoming in ("publish", "enter", "reap"):
        until(lambda: bench.next_step)
        seen.append((bench.next_step, str(bench.session.names["r1"].request.state)))
        assert bench.next_step == upcoming
        bench.next_step = ""
        bench.go()
    wait([done], PATIENCE)
    assert seen == [("publish", "staged"), ("enter", "published"), ("reap", "posted")]


def test_a_session_can_be_looked_at_while_it_waits(bench):
    run(bench, "pipe rd wr; read rd 5 -> p; submit")
    done = bench.line("wait 1", lambda _reply: None)
    until(lambda: waits_in_the_kernel(bench))
    bench.session.look()
    assert bench.session.requests.in_flight("r0") == 1
    bench.give_up()
    wait([done], PATIENCE)

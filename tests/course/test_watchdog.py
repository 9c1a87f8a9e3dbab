from __future__ import annotations

import signal
import threading
import time

import pytest

from uringlab.course.watchdog import Watchdog
from uringlab.lab import LineError, Session


def test_a_wait_in_the_kernel_is_ended_when_the_time_is_over(session):
    start = time.monotonic()
    with Watchdog(0.1) as dog:
        dog.watch(session)
        with pytest.raises(LineError, match="gave up waiting"):
            session.run("wait 1")
    assert 0.1 <= time.monotonic() - start < 5


def test_a_sleep_is_ended_too(session):
    with Watchdog(0.1) as dog:
        dog.watch(session)
        with pytest.raises(LineError, match="gave up sleeping"):
            session.run("sleep 60s")


def test_what_is_done_in_time_is_left_alone(session):
    with Watchdog(30) as dog:
        dog.watch(session)
        session.run("do nop")
    assert not session.giving_up.is_set()


def test_a_dog_that_rests_ends_nothing(session):
    with Watchdog(0.01) as dog:
        dog.watch(session)
        dog.rest()
        time.sleep(0.2)
        session.run("sleep 1ms")


def test_each_session_has_its_time_from_the_beginning():
    with Watchdog(1) as dog:
        for _ in range(3):
            with Session() as one:
                dog.watch(one)
                one.run("sleep 400ms")


def test_the_signal_handler_and_the_thread_are_gone_afterwards(session):
    before = signal.getsignal(signal.SIGURG)
    with Watchdog(1):
        assert signal.getsignal(signal.SIGURG) != before
    assert signal.getsignal(signal.SIGURG) == before
    assert all(thread.name != "uringlab-watchdog" for thread in threading.enumerate())


def test_it_can_be_used_outside_the_main_thread():
    said = []

    def work():
        with Session() as session, Watchdog(0.1) as dog:
            dog.watch(session)
            try:
                session.run("sleep 60s")
            except LineError as error:
                said.append(error.message)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert said == ["gave up sleeping"]

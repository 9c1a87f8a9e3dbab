"""Cancelling and waiting for it, at the prompt."""

import errno
import threading

import pytest

from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp

LATE = OSError(errno.ETIME, "ETIME: the time is over, and what was found has not ended yet")
GONE = OSError(errno.ENOENT, "ENOENT: no request was found that is like that")


def test_what_is_cancelled_has_ended_when_the_call_is_back(session, needs, refused):
    needs("SYNC_CANCEL")
    session.run("pipe rd wr; read rd 5 -> r; poll rd poll_events=in -> p; timeout 1m -> t; submit")
    assert "1 CQE came meanwhile" in session("register sync_cancel r")
    session.run("expect r res=-ECANCELED; reap")
    assert refused("register sync_cancel r").hint == "show requests"
    assert "1 request cancelled and ended" in session("register sync_cancel fd=rd every=on")
    assert "1 request cancelled and ended" in session("register sync_cancel anything=on")
    session.run("expect p res=-ECANCELED; expect t res=-ECANCELED")
    assert "nothing was in flight" in session("register sync_cancel anything=on")


def answers(monkeypatch, ring, *said):
    """What the kernel says of a request that does not end at once: no request here does so."""
    left = list(said)
    asked = threading.Event()

    def sync_cancel(*_args, **_options):
        asked.set()
        raise left.pop(0) if left[1:] else left[0]

    monkeypatch.setattr(ring, "sync_cancel", sync_cancel)
    return asked


def test_what_ended_between_two_looks_has_ended(session, monkeypatch):
    session.run("pipe rd wr; read rd 5; submit")
    answers(monkeypatch, session.ring().ring, LATE, LATE, GONE)
    assert "what was found has ended" in session("register sync_cancel 7")


def test_the_time_to_wait_is_all_of_it(session, monkeypatch, refused):
    answers(monkeypatch, session.ring().ring, LATE)
    assert "ETIME" in refused("register sync_cancel 7 timeout=1ms").message


def test_a_cancelling_that_lasts_can_be_given_up(monkeypatch):
    with Bench() as bench:
        bench.line("ring new r0", print).result(20)
        asked = answers(monkeypatch, bench.session.ring().ring, LATE)
        done = bench.line("register sync_cancel 7", print)
        assert asked.wait(20)
        bench.give_up()
        with pytest.raises(GaveUp):
            done.result(20)

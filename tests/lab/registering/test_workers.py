"""Worker threads, at the prompt."""

import os

from uringlab import IoUring


def limits():
    with IoUring(1) as ring:
        return ring.workers.limits()


def test_workers_are_limited_and_as_they_were_when_the_session_ends(session, needs):
    needs("IOWQ_MAX_WORKERS")
    before = limits()
    session.run("register iowq_max_workers bounded=3; register iowq_max_workers bounded=2")
    assert limits() == (2, before.unbounded)
    [said] = session.run("register iowq_max_workers")
    assert (said.json["bounded"], said.json["was_bounded"]) == (2, 2)
    session.run("reset")
    assert limits() == before


def test_workers_run_where_they_may(session, needs):
    needs("IOWQ_AFF")
    cpu = min(os.sched_getaffinity(0))
    assert f"CPU {cpu} only" in session(f"register iowq_aff {cpu}")
    assert f"workers on CPUs {cpu}" in session("show registered")
    session.run("unregister iowq_aff; ring close; reset")


def test_a_cpu_that_is_not_there_is_told_of(session, needs):
    needs("IOWQ_AFF")
    said = session("register iowq_aff 0,5000")
    assert "the machine has not all of these CPUs" in said
    assert "CPU 0 only" in said

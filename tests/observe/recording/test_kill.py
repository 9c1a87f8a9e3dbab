"""kill -9 amid a recording, a hundred times: every file opens, and has what was written."""

import os
import random
import signal
import tempfile
import time

import pytest

from uringlab.lab.session import Session
from uringlab.observe.event import SystemCall
from uringlab.observe.recording.recording import Recording

KILLS = 100
LINES = ("nop", "nop", "read 999 4", "publish", "enter", "reap")
ROUNDS = 400


@pytest.fixture(autouse=True)
def _what_the_dead_leave_lies_here(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def say(event):
    """What is the same in every run: not the times, nor the number of an fd."""
    return (event.kind, event.name) if isinstance(event, SystemCall) else event.text()


def work(path, told):
    """Record; every few lines tell how many events are written for certain."""
    with Session((path.parent,)) as session:
        session(f"record {path}")
        recorder = session.recorders.file
        for number in range(ROUNDS):
            for line in LINES:
                session(line)
            if number % 3 == 0:
                count = session.log.count
                recorder.flush()
                told(count)
        return [say(event) for event in session.log.since(0)]


def killed(path, after, seconds=0.0):
    """Fork a child that records; kill it so long after so many tellings. What it told last."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            work(path, lambda count: os.write(writer, count.to_bytes(8, "little")))
        finally:
            os._exit(9)
    os.close(writer)
    count = 0
    with os.fdopen(reader, "rb", buffering=0) as answers:
        for _ in range(after):
            count = int.from_bytes(answers.read(8), "little")
        time.sleep(seconds)  # it is a moment that is wanted, not that something has happened
        os.kill(pid, signal.SIGKILL)
        # It may have told more before it died: that has to be there, too.
        while len(more := answers.read(8)) == 8:
            count = int.from_bytes(more, "little")
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    return count


def test_every_file_opens_and_has_all_but_the_last_moments(tmp_path):
    happened = work(tmp_path / "whole.uringrec", lambda _count: None)
    chance = random.Random(9)
    ends = set()
    for number in range(KILLS):
        path = tmp_path / f"{number}.uringrec"
        certain = killed(path, chance.randrange(1, 20), chance.uniform(0, 0.03))
        with Recording.open(path) as recording:
            assert not recording.complete
            assert recording.count >= certain
            events = [say(event) for event in recording.events(0, recording.count)]
            assert events == happened[: recording.count]
            last = recording.moment(recording.count)
            assert last.number == recording.count
            ring = last.rings["r0"].snapshot
            assert (ring.sq_local, ring.sq_tail) >= (ring.sq_tail, ring.sq_head)
            ends.add(recording.count)
    assert len(ends) > KILLS / 10  # they died in many places


def test_the_file_alone_is_enough_once_somebody_has_opened_it(tmp_path):
    path = tmp_path / "alone" / "a.uringrec"
    path.parent.mkdir()
    certain = killed(path, 5)
    assert len(list(path.parent.iterdir())) > 1  # the journal beside it
    Recording.open(path).close()
    assert [one.name for one in path.parent.iterdir()] == ["a.uringrec"]
    with Recording.open(path) as recording:
        assert recording.count >= certain

"""Writing while it happens: nothing is lost, nobody waits for long, and what goes wrong is told."""

import itertools
import resource
import signal
import threading

import pytest

from uringlab import IoUring, ops
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.recording.error import RecordingError
from uringlab.observe.recording.recorder import MOST_EVENTS, Recorder
from uringlab.observe.recording.recording import Recording
from uringlab.observe.recording.store import Store
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource


class Bench:
    """A ring that is watched and recorded."""

    def __init__(self, store, **options):
        self.ring = IoUring(8)
        self.log, self.requests = EventLog(), Requests()
        self.log.listen(self.requests.take)
        self.store = store
        self.recorder = Recorder(store, self.log, self.requests, **options)
        self.observer = Observer(OwnSource("r0", self.ring), self.log)

    def nops(self, count):
        for number in range(count):
            self.ring.sq().push(ops.Nop(user_data=number))
            self.observer.look()
            self.ring.submit_and_wait(1)
            self.ring.cq().drain()
            self.observer.look()

    def close(self):
        self.ring.close()
        self.store.close()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(Store.create(tmp_path / "a.uringrec"))
    yield bench
    bench.close()


def test_what_happened_is_written_without_being_asked_for(bench):
    bench.nops(3)
    recording = Recording(bench.store)
    written = threading.Event()
    while recording.count < bench.log.count:  # ends by itself, or the test's time does
        written.wait(0.01)
    assert list(recording.events(0, 99)) == bench.log.since(0)
    bench.recorder.close()


def test_a_recording_is_read_while_it_grows(bench, tmp_path):
    with Recording.open(tmp_path / "a.uringrec") as recording:
        counts = []
        for _ in range(4):
            bench.nops(300)
            bench.recorder.flush()
            counts.append(recording.count)
            assert recording.count == bench.log.count
            now = recording.moment(recording.count)
            assert now.rings["r0"].snapshot == bench.observer.snapshot
            assert now.events[-1] == bench.log.last(1)[0]
            assert recording.moment(5).number == 5
            assert not recording.complete
        bench.recorder.close()
        assert recording.complete
        assert counts == sorted(set(counts))


def test_it_is_whole_after_it_was_closed_and_closing_twice_is_once(bench):
    bench.nops(10)
    bench.recorder.close()
    bench.recorder.close()
    count = bench.log.count
    bench.nops(1)  # nobody writes that
    assert Recording(bench.store).count == count


def test_a_bounded_one_lets_the_oldest_go(tmp_path):
    bench = Bench(Store.create(tmp_path / "a.uringrec"), keep=200_000)
    sizes = []
    for _ in range(12):
        bench.nops(800)
        bench.recorder.flush()
        sizes.append(bench.store.bytes_used())
    recording = Recording(bench.store)
    assert max(sizes) < 400_000
    assert recording.first > 0
    assert recording.count == bench.log.count
    # What is left can be walked from end to end, and begins where it says.
    first = recording.moment(0)
    assert first.number == recording.first
    assert recording.moment(recording.count).rings["r0"].snapshot == bench.observer.snapshot
    start = recording.first
    assert list(recording.events(start, recording.count)) == bench.log.since(start)
    bench.recorder.close()
    bench.close()


def test_no_chunk_is_longer_than_a_seek_may_be(bench):
    bench.nops(3_000)
    bench.recorder.close()
    numbers = [row[0] for row in bench.store._all("SELECT first_event FROM chunk ORDER BY number")]
    assert len(numbers) > 3
    lengths = [later - one for one, later in itertools.pairwise(numbers)]
    assert max(lengths) < MOST_EVENTS


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path, in_child):
    def fill():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        bench = Bench(Store.create(tmp_path / "a.uringrec"))
        bench.nops(50)
        bench.recorder.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        for _ in range(200):
            bench.nops(50)
            bench.recorder.flush()
            if bench.recorder.error is not None:
                break
        bench.nops(5)  # the session goes on
        bench.recorder.flush()
        try:
            bench.recorder.close()
        except RecordingError as error:
            return f"{bench.log.count > 100} {error}"
        return "it was not noticed"

    answer = in_child(fill)
    assert answer.startswith("True cannot write"), answer
    with Recording.open(tmp_path / "a.uringrec") as recording:
        assert recording.count > 100
        assert not recording.complete
        assert recording.moment(recording.count).number == recording.count


def test_many_threads_may_tell_it_things(bench):
    def look():
        for _ in range(300):
            bench.observer.look()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    bench.nops(300)
    for thread in threads:
        thread.join()
    bench.recorder.close()
    recording = Recording(bench.store)
    assert list(recording.events(0, recording.count)) == bench.log.since(0)

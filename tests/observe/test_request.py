"""Events fold into requests: one life each."""

from __future__ import annotations

import sys
import threading

import pytest

from uringlab import Buffer, CqeFlags, IoUring, SqeFlags, ops
from uringlab.observe.event import (
    Closed,
    Consumed,
    Missed,
    Posted,
    Published,
    Rewritten,
    Seen,
    Staged,
    TakenBack,
)
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.request import State
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource

MORE = int(CqeFlags.MORE)
SILENT = SqeFlags.CQE_SKIP_SUCCESS


class Story:
    """Tells events one by one, with a clock of its own."""

    def __init__(self, keep=100):
        self.requests = Requests(keep)
        self.now = 0
        self.staged = 0
        self.posted = 0

    def tell(self, kind, *args, ring="ring"):
        self.now += 1
        self.requests.take([kind(ring, self.now, self.now - 1, *args)])

    def stage(self, user_data, flags=SqeFlags(0)):
        self.tell(Staged, self.staged, self.staged, ops.Nop(user_data=user_data, flags=flags).sqe)
        self.staged += 1
        return list(self.requests)[-1]

    def in_flight(self, user_data, flags=SqeFlags(0)):
        one = self.stage(user_data, flags)
        self.tell(Published, self.staged - 1, self.staged)
        self.tell(Consumed, self.staged - 1, self.staged)
        return one

    def post(self, user_data, res=0, flags=0):
        data = user_data.to_bytes(8, "little") + res.to_bytes(4, "little", signed=True)
        self.tell(Posted, self.posted, self.posted, data + flags.to_bytes(4, "little"))
        self.posted += 1

    def see(self):
        self.tell(Seen, self.posted - 1, self.posted)


@pytest.fixture
def story():
    return Story()


def test_a_request_goes_from_state_to_state(story):
    one = story.stage(7)
    assert one.state is State.STAGED
    assert story.requests.find("ring", 0) is one
    story.tell(Published, 0, 1)
    assert one.state is State.PUBLISHED
    story.tell(Consumed, 0, 1)
    assert one.state is State.IN_FLIGHT
    assert story.requests.find("ring", 0) is None
    assert story.requests.in_flight("ring") == 1
    story.post(7, res=3)
    assert one.state is State.POSTED
    assert one.final.res == 3
    assert story.requests.in_flight("ring") == 0
    story.see()
    assert one.state is State.SEEN
    times = (one.staged, one.published, one.consumed, one.completions[0].posted, one.seen)
    assert times == ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5))


def test_a_multishot_request_is_in_flight_until_its_final_cqe(story):
    one = story.in_flight(7)
    for number in range(3):
        story.post(7, res=number, flags=MORE)
        story.see()
        assert one.state is State.IN_FLIGHT
        assert one.final is None
    story.post(7, res=-125)
    assert one.state is State.POSTED
    story.see()
    assert one.state is State.SEEN
    assert [each.cqe.res for each in one.completions] == [0, 1, 2, -125]


def test_of_several_with_one_user_data_the_oldest_is_answered_first(story):
    first, second = story.in_flight(7), story.in_flight(7)
    story.post(7, res=1)
    assert (first.state, second.state) == (State.POSTED, State.IN_FLIGHT)
    story.post(7, res=2)
    assert second.final.res == 2
    assert first.order < second.order
    again = story.in_flight(7)
    assert again.state is State.IN_FLIGHT


def test_what_nobody_asked_for_is_a_stray(story):
    story.post(5, res=9)
    story.see()
    [stray] = story.requests.strays
    assert (stray.ring, stray.cqe.user_data) == ("ring", 5)
    assert len(story.requests) == 0


def test_rings_are_kept_apart(story):
    one = story.in_flight(7)
    story.tell(Posted, 0, 0, (7).to_bytes(8, "little") + bytes(8), ring="other")
    assert one.state is State.IN_FLIGHT
    assert [stray.ring for stray in story.requests.strays] == ["other"]
    assert story.requests.in_flight("other") == 0


def test_a_silent_request_is_silent_and_takes_nobodys_cqe(story):
    silent = story.in_flight(0, SILENT)
    loud = story.in_flight(0)
    assert silent.state is State.SILENT
    assert story.requests.in_flight("ring") == 1
    story.post(0)
    assert (silent.state, loud.state) == (State.SILENT, State.POSTED)


def test_a_silent_request_that_fails_is_answered_after_all(story):
    silent = story.in_flight(3, SILENT)
    story.post(3, res=-9)
    assert silent.final.res == -9
    assert not story.requests.strays


def test_silent_requests_do_not_pile_up():
    story = Story(keep=5)
    for _ in range(50):
        story.in_flight(0, SILENT)
    assert len(story.requests) == 5
    assert sum(map(len, story.requests._waiting.values())) <= 5


def test_the_oldest_are_let_go_of_but_what_is_in_flight_is_still_answered():
    story = Story(keep=3)
    old = story.in_flight(99)
    for number in range(5):
        story.in_flight(number)
    assert old not in list(story.requests)
    story.post(99)
    assert old.state is State.POSTED
    assert not story.requests.strays


def test_what_is_taken_back_never_happened(story):
    one = story.stage(1)
    story.tell(Published, 0, 1)
    story.tell(TakenBack, 1, 0)
    assert one.state is State.TAKEN_BACK
    assert story.requests.find("ring", 0) is None


def test_a_slot_that_is_rewritten_is_still_the_same_request(story):
    one = story.stage(1)
    story.tell(Rewritten, 0, 0, ops.Nop(user_data=2).sqe)
    story.tell(Consumed, 0, 1)
    assert one.user_data == 2
    assert one.published == one.consumed, "seen late, but in order"
    story.post(2)
    assert one.state is State.POSTED


def test_a_ring_of_the_same_name_starts_anew(story):
    one = story.in_flight(1)
    story.tell(Closed)
    story.posted = 0
    story.post(1)
    assert one.state is State.GONE, "its ring was closed first"
    assert len(story.requests.strays) == 1


def test_the_newest_of_a_ring_come_the_oldest_first(story):
    made = [story.stage(number) for number in range(4)]
    story.tell(Staged, 0, 0, ops.Nop(user_data=9).sqe, ring="other")
    assert story.requests.newest("ring", 2) == made[2:]
    assert [one.user_data for one in story.requests.newest("other", 5)] == [9]


def test_the_indices_may_wrap(story):
    story.staged = 2**32 - 1
    one = story.stage(1)
    story.staged = 0
    two = story.stage(2)
    story.tell(Published, 2**32 - 1, 1)
    story.tell(Consumed, 2**32 - 1, 1)
    assert (one.state, two.state) == (State.IN_FLIGHT, State.IN_FLIGHT)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("kind", [Published, Consumed, TakenBack, Seen])
def test_a_word_that_jumps_around_the_world_costs_nothing(story, kind):
    one = story.stage(1)
    story.tell(kind, 1, 0)
    story.tell(kind, 0, 2**32 - 1)
    assert one.state is not State.SEEN


@pytest.fixture
def quick_switches():
    """Threads change places as often as they can."""
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(old)


@pytest.mark.usefixtures("quick_switches")
def test_they_may_be_read_while_they_are_written(story):
    failures = []
    stop = threading.Event()

    def read():
        try:
            while not stop.is_set():
                story.requests.in_flight("ring")
                story.requests.newest("ring", 9)
                for one in story.requests:
                    assert one.state
        except BaseException as error:  # noqa: BLE001 (the main thread raises it)
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(200):
        story.in_flight(number)
    for number in range(300):
        story.in_flight(number + 200)
        story.post(number)
    stop.set()
    thread.join()
    assert not failures
    assert story.requests.in_flight("ring") == 200


def test_a_real_ring_leaves_nothing_in_flight_and_no_strays():
    with IoUring(8) as ring:
        log, requests = EventLog(), Requests(50)
        log.listen(requests.take)
        observer = Observer(OwnSource("ring", ring), log)
        for number in range(60):
            ring.sq().push(ops.Nop(user_data=number))
            ring.sq().push(ops.Write(999, Buffer(1), user_data=number))
            observer.look()
            ring.submit_and_wait(2)
            observer.look()
            list(ring.cq())
        observer.look()
    assert len(requests) == 50
    assert all(one.state is State.SEEN for one in requests)
    assert not requests.strays


def missed(story, *events, since=None):
    """One look that missed CQEs, and what else it told: it lies after all looks before."""
    since = story.now if since is None else since
    story.now += 1
    told = [Missed("ring", story.now, since, "CQE", 100)]
    told += [kind("ring", story.now, since, *args) for kind, *args in events]
    story.requests.take(told)


def posted(story, user_data, flags=0):
    data = user_data.to_bytes(8, "little") + bytes(4) + flags.to_bytes(4, "little")
    story.posted += 1
    return Posted, story.posted - 1, story.posted - 1, data


def test_what_was_in_flight_when_cqes_were_missed_is_missed_and_waited_for_no_more(story):
    one, two = story.in_flight(7), story.in_flight(8)
    missed(story)
    assert [one.state, two.state] == [State.MISSED] * 2
    assert not one.open
    assert story.requests.in_flight("ring") == 0
    assert one.missed == (4 + 2, 4 + 3)
    story.post(7)
    assert one.state is State.MISSED, "it has the CQE of a later one that nobody saw"
    assert len(story.requests.strays) == 1
    again = story.in_flight(7)
    assert not again.shared
    story.post(7)
    assert again.state is State.POSTED


def test_a_request_whose_cqe_is_not_one_of_those_missed_is_answered(story):
    one, two = story.in_flight(7), story.in_flight(8)
    missed(story, posted(story, 8))
    assert [one.state, two.state] == [State.MISSED, State.POSTED]
    assert two.missed is None
    assert story.requests.in_flight("ring") == 0


def test_what_is_staged_in_the_look_that_missed_cqes_is_in_flight(story):
    since = story.now
    story.now += 1
    one = story.stage(7)
    story.tell(Consumed, 0, 1)
    missed(story, since=since)
    assert one.state is State.IN_FLIGHT
    assert story.requests.in_flight("ring") == 1


def test_a_multishot_request_goes_on_whatever_was_missed(story):
    one = story.in_flight(7)
    story.post(7, flags=MORE)
    missed(story)
    assert one.state is State.IN_FLIGHT
    story.post(7)
    assert one.state is State.POSTED


def test_missed_sqes_say_nothing_about_what_is_in_flight(story):
    one = story.in_flight(7)
    story.tell(Missed, "SQE", 5)
    assert one.state is State.IN_FLIGHT


def test_a_missed_request_is_missed_when_it_is_taken_out_again(story):
    one = story.in_flight(7)
    missed(story)
    again = Requests.load(story.requests.dump())
    assert [each.to_json() for each in again] == [one.to_json()]
    assert again.in_flight("ring") == 0

from __future__ import annotations

import threading

from uringlab.observe.event import Consumed
from uringlab.observe.log import EventLog


def event(number):
    return Consumed("ring", number, number, number, number + 1)


def numbers(events):
    return [one.old for one in events]


def test_the_newest_are_kept_and_all_are_counted():
    log = EventLog(keep=3)
    log.append(event(number) for number in range(5))
    assert log.count == 5
    assert numbers(log.since(0)) == [2, 3, 4]
    assert numbers(log.since(3)) == [3, 4]
    assert numbers(log.since(-7)) == [2, 3, 4]
    assert log.since(5) == log.since(99) == []


def test_the_last_ones_are_given_the_oldest_first():
    log = EventLog(keep=3)
    assert log.last(2) == []
    log.append(event(number) for number in range(5))
    assert numbers(log.last(2)) == [3, 4]
    assert numbers(log.last(99)) == [2, 3, 4]
    assert log.last(0) == []


def test_asking_again_from_where_one_was_told_gives_each_event_once():
    log = EventLog()
    at, got = 0, []
    for number in range(10):
        log.append([event(number)])
        if number % 3 == 0:
            events, at = log.after(at)
            got += numbers(events)
    events, at = log.after(at)
    assert got + numbers(events) == list(range(10))
    assert log.after(at) == ([], 10)


def test_a_listener_hears_every_event_in_order_from_any_thread():
    log = EventLog(keep=10)
    heard = []
    log.listen(heard.extend)
    threads = [
        threading.Thread(target=lambda at=at: [log.append([event(at)]) for _ in range(500)])
        for at in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.count == len(heard) == 2000
    assert heard[-10:] == log.since(0)

"""What the bench says comes out in order, and a slow terminal slows it down."""

import threading

from uringlab.repl.outbox import MOST, Outbox


def text(word):
    return [("", word)]


def test_news_come_before_what_is_said_of_them():
    news = [text("event 1"), text("event 2"), text("event 3")]
    outbox = Outbox(lambda: news.pop(0) if news else [], lambda: None)
    outbox.put(text("reply 1"))
    outbox.put(text("reply 2"))
    assert [one[0][1] for one in outbox.take()] == [
        *("event 1", "reply 1", "event 2", "reply 2", "event 3")
    ]
    assert outbox.take() == []


def test_who_says_much_waits_for_the_terminal():
    filled = threading.Semaphore(0)
    outbox = Outbox(list, filled.release)
    many = 3 * MOST

    def say_much():
        for number in range(many):
            outbox.put(text(str(number)))

    speaker = threading.Thread(target=say_much)
    speaker.start()
    told = []
    while len(told) < many:
        filled.acquire()
        taken = outbox.take()
        assert len(taken) <= MOST
        told += taken
    speaker.join()
    assert told == [text(str(number)) for number in range(many)]


def test_nobody_waits_for_a_terminal_that_is_closed():
    outbox = Outbox(list, lambda: None)

    def say_much():
        for _ in range(2 * MOST):
            outbox.put(text("x"))

    speaker = threading.Thread(target=say_much)
    speaker.start()
    outbox.close()
    speaker.join(timeout=20)
    assert not speaker.is_alive()

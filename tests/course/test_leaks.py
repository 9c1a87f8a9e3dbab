from __future__ import annotations

import os

from uringlab import IoUring
from uringlab.course.leaks import holdings


def test_nothing_done_is_nothing_left():
    before = holdings()
    assert holdings().more_than(before) == []


def test_an_open_fd_is_seen_with_what_it_is_of():
    before = holdings()
    fd = os.open("/dev/null", os.O_RDONLY)
    try:
        assert holdings().more_than(before) == [f"fd {fd} (/dev/null) was left open"]
    finally:
        os.close(fd)
    assert holdings().more_than(before) == []


def test_an_open_ring_is_seen_by_its_fd_and_its_mappings():
    before = holdings()
    with IoUring(4):
        found = "\n".join(holdings().more_than(before))
        assert "io_uring" in found
        assert "2 mappings of rings were left" in found
    assert holdings().more_than(before) == []


def test_an_fd_that_was_closed_and_opened_as_something_else_is_seen():
    fd = os.open("/dev/null", os.O_RDONLY)
    before = holdings()
    os.close(fd)
    other = os.open("/dev/zero", os.O_RDONLY)
    assert other == fd
    try:
        assert holdings().more_than(before) == [f"fd {fd} (/dev/zero) was left open"]
    finally:
        os.close(other)

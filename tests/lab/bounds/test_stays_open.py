"""What a request finds at its fd when the kernel gets to it is what was there when it was typed."""

import pytest

from uringlab.lab import LineError


@pytest.fixture
def ready(session):
    session("do mkdirat a; do openat a open_flags=directory -> d; openat x dir=d -> o")
    return session


@pytest.mark.parametrize("line", ["drop d", "close d", "close {fd}", "do close d flags=async"])
def test_a_directory_is_not_closed_before_what_begins_in_it_has_ended(ready, line):
    text = line.format(fd=ready.file("d").fd.number)
    with pytest.raises(LineError, match="o is staged, and would find another file at that fd"):
        ready.run(text)
    assert ready.file("d").fd.owned
    ready.run("submit; wait 1; reap")
    ready.run(text)


def test_a_directory_is_not_closed_while_it_waits_behind_another(ready):
    ready.run("submit; wait 1; reap; timeout 1m flags=link -> t; openat x dir=d -> p; submit")
    with pytest.raises(LineError, match="p is in flight"):
        ready.run("drop d")
    ready.run("do cancel t; reap; drop d")


def test_a_ring_that_is_closed_needs_nothing_any_more(ready):
    ready.run("ring close r0; drop d")


def test_what_is_closed_is_no_directory(session):
    session("do mkdirat a; do openat a open_flags=directory -> d; close d")
    for line in ("openat x dir=d", "mkdirat x dir=d"):
        with pytest.raises(LineError, match="may be any directory by the time"):
            session.run(line)


@pytest.mark.parametrize("number", ["57", "1023"])
def test_a_number_that_is_not_open_is_no_directory(session, number):
    with pytest.raises(LineError, match="may be any directory by the time"):
        session.run(f"openat x dir={number}")


def test_numbers_that_are_never_open_show_what_the_kernel_says(session):
    assert "EBADF" in session("do openat x dir=-1")
    assert "EBADF" in session("do mkdirat x dir=2147483647")

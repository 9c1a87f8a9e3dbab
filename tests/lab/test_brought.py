"""What a completion brings is told in a few words."""

import pytest

from uringlab.core.abi import Opcode
from uringlab.lab import Session


@pytest.fixture
def session():
    with Session() as made:
        yield made


def test_a_read_shows_the_bytes_and_several_buffers_their_own(session):
    session.run('file f notes.txt text="hello world"; buf b0 6; buf b1 6')
    assert session("do readv f bufs=b0,b1 -> r1") == "r1  res=11  b0='hello '  b1='world'"
    assert session("do read f 5 buf=b0 -> r2") == "r2  res=5  b0='hello'"


def test_what_was_received_is_shown(session):
    session.run('sockets a b; do send a "hello" -> s')
    assert session("do recv b 64 -> r").endswith("b0='hello'")


def test_statx_says_how_large_the_file_is(session):
    session.run('file f notes.txt text="hello"')
    assert "5 bytes, mode 0o100644, 1 link(s)" in session("do statx notes.txt -> r")


def test_waitid_says_who_ended_and_how(session):
    session.run("child kid status=3")
    said = session("do waitid kid -> r")
    assert f"pid {session.names['kid'].pid} exited, status 3" in said


def test_epoll_wait_names_the_file_and_what_is_there(session):
    session.run('epoll e; pipe rd wr; do epoll_ctl e add rd; feed wr "x"')
    assert session("do epoll_wait e -> r") == "r  res=1  rd: IN"


def test_a_pipe_has_two_names(session):
    said = session("do op_pipe -> p")
    assert said.endswith("p: the end to read, p_2: the end to write")
    session.run('feed p_2 "hello"')
    assert "hello" in session("do read p 5 -> r")


def test_the_buffer_that_the_kernel_picked_is_told(session, requires):
    requires(opcode=Opcode.READ_MULTISHOT)
    session.run('pipe rd wr; buf b 64; do provide_buffers b 7 count=4 -> p; feed wr "hello"')
    session.run("read_multishot rd 7 -> r; submit")
    assert "buffer 0" in session("reap")


def test_a_failure_brings_nothing(session):
    assert session("do statx nowhere -> r") == "r  res=-2 (ENOENT: no such file or directory)"

"""What a completion brings is told in a few words."""

import os
import socket

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
    assert session("reap") == "r  res=5  flags=BUFFER|MORE  buffer 0='hello'"
    session.run('feed wr "again"')
    assert session("reap") == "r  res=5  flags=BUFFER|MORE  buffer 1='again'"


def test_the_newest_buffer_of_a_number_is_the_one_that_is_shown(session):
    session.run("sockets a c; buf old 8; do provide_buffers old 7; do remove_buffers 7 1")
    session.run('buf new 8; do provide_buffers new 7; do send a "hello"')
    assert session("do recv c 8 group=7 -> r") == "r  res=5  flags=BUFFER  buffer 0='hello'"


def test_a_buffer_of_a_group_that_nobody_knows_has_only_its_number(session):
    session.run("sockets a c; buf b 8; do provide_buffers b 7 -> p; drop p")
    session.run('do send a "hello"')
    assert session("do recv c 8 group=7 -> r") == "r  res=5  flags=BUFFER  buffer 0"


def address_of(session, name):
    with socket.socket(fileno=os.dup(session.file(name).fd.number)) as found:
        return "{}:{}".format(*found.getsockname())


def test_a_message_says_who_sent_it(session):
    session.run("do socket inet dgram -> u; do bind u 127.0.0.1:0; buf b 16")
    session.run("do socket inet dgram -> v; do bind v 127.0.0.1:0")
    session.run(f'do send v "hey" to={address_of(session, "u")}')
    said = session("do recvmsg u b -> r")
    assert said == f"r  res=3  b='hey'  from {address_of(session, 'v')}"


def test_accept_says_who_has_connected(session):
    session.run("listener door; accept door peer=on -> c; submit; do socket inet stream -> s")
    session.run(f"connect s {address_of(session, 'door')} -> k; submit; wait 2")
    said = session("reap")
    assert f"address {address_of(session, 's')}" in said, said


def test_bytes_that_are_no_text_are_shown_on_one_line(session):
    session.run(r'file f odd text="a\x00\n\""; buf b 8')
    said = session("do read f 4 buf=b -> r")
    assert said.startswith("r  res=4  b='a\\x00\\n")
    assert "\n" not in said


def test_a_failure_brings_nothing(session):
    said = session("do statx nowhere -> r")
    assert said.startswith("r  res=-2 (ENOENT: no such file or directory)")

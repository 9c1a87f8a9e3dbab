"""Where a socket is may be said by the name of one."""

from pathlib import Path

import pytest

from uringlab.lab import LineError, Session

FDS = Path("/proc/self/fd")


@pytest.fixture
def session():
    with Session() as made:
        yield made


def test_a_listener_is_connected_to_by_its_name(session):
    session.run("listener door; accept door -> c; submit; do socket inet stream -> s")
    session.run("connect s door -> k; submit; wait 2; reap")
    session("expect k res=0")
    session.run("drop door")
    assert session('do send c "hi" -> x') == "x  res=2"


def test_a_datagram_goes_to_a_socket_by_its_name(session):
    session.run("do socket inet dgram -> u; do bind u 127.0.0.1:0; do socket inet dgram -> v")
    session.run('do send v "hey" to=u; buf b 8')
    assert session("do recv u 8 buf=b -> r") == "r  res=3  b='hey'"


def test_a_socket_at_a_path_is_found_by_its_name(session):
    session.run("do socket unix stream -> d; do bind d unix:door; do listen d")
    session.run("do socket unix stream -> s")
    assert session("do connect s d -> k") == "k  res=0"


@pytest.mark.parametrize(
    ("before", "line", "says"),
    [
        ("do socket inet stream -> s", "connect s s", "s has no address yet"),
        ("sockets a b", "connect a b", "b has no address yet"),
        ("pipe rd wr; sockets a b", "connect a rd", "rd has no address: "),
        ("sockets a b; close b", "connect a b", "b is closed, or being closed"),
        ("sockets a b", "connect a nobody", 'no file is called "nobody"'),
    ],
)
def test_what_is_nowhere_is_no_address(session, before, line, says):
    session.run(before)
    before_it = len(list(FDS.iterdir()))
    with pytest.raises(LineError, match=says) as why:
        session.run(line)
    assert why.value.span is not None
    assert len(list(FDS.iterdir())) == before_it, "a copy of an fd is left"


def test_the_other_way_to_say_where_is_still_there(session):
    session.run("do socket inet stream -> s")
    with pytest.raises(LineError, match="a socket's name, or an address like 127.0.0.1:8080"):
        session.run("connect s 127.0.0.1")

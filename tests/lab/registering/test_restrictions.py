"""A ring that starts later, and may do only what was said: at the prompt."""

import warnings

DISABLED = "ring new d flags=r_disabled"


def test_a_disabled_ring_says_what_starts_it_and_starts(session, refused):
    session.run(f"{DISABLED}; nop -> n")
    error = refused("submit")
    assert "EBADFD" in error.message
    assert error.hint == "register enable_rings"
    session.run("register enable_rings; submit; reap; expect n res=0")
    assert refused("register enable_rings").hint == "ring new r9 flags=r_disabled"


def test_what_is_not_allowed_is_refused_from_the_start_on(session, refused):
    session.run(f"file f notes.txt; buf b0 8; {DISABLED}")
    said = session("register restrictions ops=nop,read calls=buffers")
    assert "NOP, READ; calls BUFFERS, SYNC_CANCEL, FILES, FILES_UPDATE (for closing)" in said
    assert refused("register restrictions ops=nop").hint == "register enable_rings"
    session.run("register enable_rings; do nop -> n; expect n res=0")
    session.run('do write f "x" -> w; expect w res=-EACCES; register buffers b0')
    error = refused("register personality")
    assert "EACCES: the ring's restrictions do not allow this call" in error.message
    assert error.hint == "show registered"
    assert "restrictions  NOP, READ" in session("show registered")


def test_flags_can_be_forbidden_and_demanded(session):
    session.run(f"{DISABLED}; register restrictions ops=nop flags=async required=async")
    session.run("register enable_rings; do nop flags=async -> a; do nop -> b")
    session.run("expect a res=0; expect b res=-EACCES; do nop flags=async|link -> c")
    session.run("expect c res=-EACCES")


def test_restrictions_come_before_the_start(session, refused):
    session.run("do nop")
    assert "EBADFD" in refused("register restrictions ops=nop").message


def test_a_ring_that_may_not_cancel_says_so_and_gives_memory_up_when_it_is_closed(session):
    session.run(f"pipe rd wr; {DISABLED}")
    said = session("register restrictions ops=read closable=off")
    assert "calls none" in said
    assert "closing it may wait in vain" in said
    session.run("register enable_rings; read rd 5 -> r; submit")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "their memory is given up for good" in session("ring close d")


def test_with_the_calls_for_closing_it_ends_what_is_under_way(session, left_over):
    session.run(f"pipe rd wr; {DISABLED}; register restrictions ops=read")
    session.run("register enable_rings; read rd 5 -> r; submit")
    assert "1 in flight were cancelled first" in session("ring close d")
    session.run("reset")
    assert left_over() == (0, 0, 0)

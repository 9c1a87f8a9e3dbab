"""Rings of buffers at the prompt: picked by the kernel, told at the reap, given back by a verb."""

import pytest

HELLO = 'do send a "hello"'


@pytest.fixture
def group(session, needs):
    needs("PBUF_RING")
    session.run("sockets a c; register buf_ring 7 entries=4 size=16")
    return session


def test_what_was_picked_is_told_with_its_bytes_and_is_yours_until_it_is_recycled(group):
    group.run(HELLO)
    group.run("recv c 16 group=7 -> q; submit")
    assert "q  res=5  flags=BUFFER  buffer 0" in group("peek")
    assert "in the ring 0 1 2 3; yours none" in group("show registered")
    assert group("reap") == "q  res=5  flags=BUFFER  buffer 0='hello'"
    assert "in the ring 1 2 3; yours 0" in group("show registered")
    assert "buffer 0 back in the ring of group 7" in group("recycle 7 0")
    assert "in the ring 1 2 3 0; yours none" in group("show registered")


def test_a_group_that_is_used_up_says_enobufs_and_goes_on_once_it_is_recycled(group):
    group.run(f"repeat 4 {HELLO}")
    group.run("repeat 4 do recv c 5 group=7; do recv c 5 group=7 -> q; expect q res=-ENOBUFS")
    assert "buffers 0, 1, 2, 3 back in the ring" in group("recycle 7")
    group.run(f"{HELLO}; do recv c 5 group=7 -> p; expect p res=5")
    assert "all buffers of group 7 are in the ring" not in group("recycle 7")
    assert "all buffers of group 7 are in the ring" in group("recycle 7")


def test_the_two_steps_of_recycling_can_be_taken_one_by_one(session, needs):
    needs("PBUF_RING")
    session.run("sockets a c; register buf_ring 7 entries=4 size=16 fill=off")
    session.run(f"{HELLO}; buf_ring add 7 2; do recv c 5 group=7 -> q; expect q res=-ENOBUFS")
    assert "moved by 1" in session("buf_ring advance 7")
    assert "buffer 2='hello'" in session("do recv c 5 group=7 -> p")


def test_a_multishot_receive_picks_one_after_the_other(group):
    group.run("recv c 0 group=7 multishot=on -> m; submit")
    said = group('do send a "one"; do send a "two"') + group("reap")
    assert "buffer 0='one'" in said
    assert "buffer 1='two'" in said
    assert "yours 0 1" in group("show registered")


def test_named_buffers_are_picked_by_their_place_in_the_list(session, needs):
    needs("PBUF_RING")
    session.run("sockets a c; buf b0 8; buf b1 8; register buf_ring 7 bufs=b0,b1; drop b0")
    session.run(HELLO)
    assert "buffer 0='hello'" in session("do recv c 5 group=7 -> q")
    session.run('do send a "again"; do recv c 5 group=7 -> p; expect b1 text="again"')


def test_buffers_that_were_made_for_it_have_a_name(session, needs):
    needs("PBUF_RING")
    said = session("sockets a c; register buf_ring 7 entries=4 size=16")
    assert "parts of b0, 16 bytes each" in said
    session.run(f'{HELLO}; do recv c 16 group=7; expect b0 text="hello" size=64')


def test_an_incremental_buffer_is_told_piece_by_piece(session, needs):
    needs("CLONE_BUFFERS")  # of 6.12, as INC is
    session.run(
        'file f notes.txt text="abcdefgh"; buf b0 8; register buf_ring 3 bufs=b0 incremental=on'
    )
    said = session("do read f 4 group=3 -> r1")
    assert "buffer 0='abcd' (the rest of it is still in the ring)" in said
    assert "buffer 0='efgh'" in session("do read f 4 off=4 group=3 -> r2")
    assert "yours 0" in session("show registered")


def test_the_kernels_head_is_asked_for(group, needs):
    needs("PBUF_STATUS")
    group.run(f"{HELLO}; do recv c 16 group=7")
    [status] = group.run("register pbuf_status 7")
    assert status.json["head"] == 1
    assert status.json["given_out"] == [0]


def test_what_is_not_yours_cannot_be_given_back(group, refused):
    assert "buffer 3 is in the ring" in refused("recycle 7 3").message
    assert "no buffer 4: 0 to 3" in refused("recycle 7 4").message
    group.run(f"{HELLO}; do recv c 16 group=7")
    assert "buffer 0 is in the ring" in refused("recycle 7 0,0").message
    assert "yours 0" in group("show registered")


def test_a_message_that_pretends_to_have_picked_a_buffer_takes_none(group, needs):
    needs("SEND_MSG_RING")
    group.run("register send_msg_ring r0 user_data=900 res=5 cqe_flags=0x30001; reap")
    assert "in the ring 0 1 2 3; yours none" in group("show registered")
    group.run(f"{HELLO}; do recv c 16 group=7 -> q; expect q res=5")


def test_requests_of_a_group_that_is_gone_get_enobufs(group):
    group.run("unregister buf_ring 7; do recv c 16 group=7 -> q; expect q res=-ENOBUFS")
    assert "nothing is registered" in group("show registered")

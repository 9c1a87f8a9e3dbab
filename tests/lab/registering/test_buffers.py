"""Registered buffers at the prompt: found by their names, held by the ring."""

from uringlab.core.buffers import memory_stats


def test_a_fixed_read_finds_the_place_of_the_buffer_that_is_named(session):
    session.run('file f notes.txt text="hello"; buf b0 64; buf b1 100')
    session.run("register buffers b0,b1")
    session.run("read_fixed f 100 buf=b1 -> r1")
    assert "buf_index=1" in session("show sq")
    session.run('submit; reap; expect r1 res=5; expect b1 text="hello"')
    session.run("do read_fixed f 64 buf=b0 buf_index=1 -> r2; expect r2 res=-EFAULT")


def test_a_fixed_write_and_vectors_find_it_too(session):
    session.run('file f notes.txt text="....."; buf b0 5 text="xxxxx"; buf b1 5 text="hello"')
    session.run("register buffers b0,b1; do write_fixed f b1 -> r1; expect r1 res=5")
    session.run('expect f text="hello"; do readv_fixed f bufs=b1 -> r2; expect r2 res=5')


def test_a_new_buffer_of_an_old_name_is_not_the_registered_one(session):
    session.run('file f notes.txt text="hello"; buf b0 64; register buffers none,b0')
    session.run("drop b0; buf b0 64; do read_fixed f 5 buf=b0 -> r1; expect r1 res=-EFAULT")


def test_a_registered_buffer_whose_name_is_dropped_is_held_by_the_ring(session, left_over):
    session.run("pipe rd wr; buf b0 64; register buffers b0; read_fixed rd 5 buf=b0 -> r1; submit")
    held = memory_stats()[0]
    session.run("drop b0; unregister buffers")
    assert memory_stats()[0] == held
    session.run('feed wr "hello"; wait 1; reap; expect r1 res=5')
    session.run("reset")
    assert left_over()[2] == 0


def test_a_tag_says_when_a_place_was_let_go_of(session):
    session.run("buf b0 64; buf b1 64; register buffers b0,b1 tags=71,0")
    session.run("register buffers_update 0 b1; enter flags=getevents")
    assert "user_data=71  res=0  a tag: the kernel has let go of b0" in session("reap")


def test_places_are_replaced_emptied_and_shown(session):
    session.run("buf b0 64; buf b1 32; register buffers sparse=4")
    assert "4 places: nothing; 4 empty" in session("show registered")
    session.run("register buffers_update 1 b0,none,b1")
    assert "4 places: 1 b0 64 bytes, 3 b1 32 bytes; 2 empty" in session("show registered")


def test_an_update_that_fails_half_way_says_how_far_it_came(session):
    session.run("buf b0 64; register buffers sparse=4")
    said = session("register buffers_update 0 b0,bad,b0")
    assert "replaced 1 of 3: 0 b0; place 1 failed, and is as it was" in said
    assert "4 places: 0 b0 64 bytes; 3 empty" in session("show registered")


def test_another_rings_buffers_are_shared_and_can_be_used_there(session, needs, refused):
    needs("CLONE_BUFFERS")
    session.run('file f notes.txt text="hello"; buf b0 64; ring new a; ring new z')
    assert refused("register clone_buffers a").hint == "ring use a; register buffers b0"
    session.run("ring use a; register buffers none,b0; ring use z; register clone_buffers a")
    session.run("ring close a; drop b0; buf b0 8")
    assert "2 places: 1 b0 64 bytes; 1 empty" in session("show registered")
    assert refused("register clone_buffers z").hint == "register clone_buffers z replace=on"
    session.run("register clone_buffers z to=2 count=2 replace=on")
    assert "4 places: 1 b0 64 bytes, 3 b0 64 bytes; 2 empty" in session("show registered")

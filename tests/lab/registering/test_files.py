"""Registered files at the prompt: by name, by place, and those that never had an fd."""


def test_a_registered_file_is_read_by_its_place_when_its_fd_is_gone(session):
    session.run('file f notes.txt text="hello"; register files none,f; drop f')
    session.run("do read fixed:1 5 -> r1; expect r1 res=5; do read fixed:0 5 -> r2")
    session.run("expect r2 res=-EBADF; unregister files; do read fixed:1 5 -> r3")
    session.run("expect r3 res=-EBADF")


def test_a_file_that_is_opened_into_a_place_is_shown_there_until_it_is_closed(session):
    session.run('file f notes.txt text="hello"; register files sparse=3')
    session.run("do openat notes.txt slot=alloc -> o; do openat notes.txt slot=2 -> p")
    assert "3 places: 0 o, 2 p; 1 empty" in session("show registered")
    session.run("do read fixed:2 5 -> r; expect r res=5; do close fixed:2; do close slot=0")
    assert "3 places: nothing; 3 empty" in session("show registered")


def test_requests_that_change_several_places_are_followed(session):
    session.run("sockets a c; register files sparse=4; do files_update a,c slot=1 -> u")
    assert "4 places: 1 u, 2 u; 2 empty" in session("show registered")
    session.run("unregister files; register files sparse=4; do files_update a,c slot=alloc -> v")
    assert "4 places: 0 v, 1 v; 2 empty" in session("show registered")


def test_what_failed_has_filled_no_place(session):
    session.run("register files sparse=1; do openat nosuch slot=0 -> o")
    assert "nothing" in session("show registered")


def test_places_are_replaced_skipped_and_emptied(session):
    session.run('file f notes.txt text="x"; pipe rd wr; register files f,f,f')
    said = session("register files_update 0 none,skip,rd")
    assert "did 3 of 3: fixed:0 none, fixed:1 skip, fixed:2 rd" in said
    assert "3 places: 1 f, 2 rd; 1 empty" in session("show registered")


def test_an_update_that_fails_half_way_says_how_far_it_came(session):
    session.run('file f notes.txt text="x"; register files f,f')
    said = session("register files_update 0 f,999")
    assert "did 1 of 2: fixed:0 f; place 1 failed, and is empty now" in said
    assert "2 places: 0 f; 1 empty" in session("show registered")


def test_alloc_picks_from_the_range_that_was_said(session, needs, refused):
    needs("FILE_ALLOC_RANGE")
    assert refused("register file_alloc_range 0 4").hint == "register files sparse=8"
    session.run('file f notes.txt text="x"; register files sparse=4')
    session.run("register file_alloc_range 2 1; do openat notes.txt slot=alloc -> o")
    session.run("expect o res=2; do openat notes.txt slot=alloc -> p; expect p res=-ENFILE")


def test_a_tag_says_when_a_file_was_let_go_of(session):
    session.run('file f notes.txt text="x"; register files f tags=81; unregister files')
    session.run("enter flags=getevents; expect within 1s cq.ready=1")
    assert "a tag: the kernel has let go of f" in session("reap")


def test_the_fds_of_this_program_are_no_ones_to_register(refused):
    assert "belongs to this program" in refused("register files 0").message

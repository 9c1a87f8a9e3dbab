"""Whose an fd is: nothing is closed twice, nothing is left open, nothing leads out."""

import os
from pathlib import Path

import pytest

from uringlab.lab import LineError, Session
from uringlab.observe.request import State


def fds():
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        try:
            found[link.name] = os.readlink(link)
        except OSError:
            continue
    return found


@pytest.fixture
def session():
    before = fds().keys()
    with Session() as made:
        yield made
    assert fds().keys() == before


def number(session, name):
    return session.file(name).fd.number


def test_a_file_that_a_request_closed_is_not_closed_again(session):
    session.run("file f x; do close f")
    was = number(session, "f")
    session.run("file g y")
    assert number(session, "g") == was
    session.run("drop f")
    os.fstat(was)  # still g's
    session.run("expect g open=1")


def test_closing_twice_shows_ebadf_and_harms_nobody(session):
    session.run("file f x; do close f -> a; do close f -> b")
    session.run("expect a res=0; expect b res=-EBADF; expect f open=0")


def test_a_second_close_waits_for_the_first(session):
    session.run("file f x; close f -> a")
    with pytest.raises(LineError, match="f is being closed already"):
        session.run("close f")
    session.run("submit; reap; expect a res=0; do close f -> b; expect b res=-EBADF")


def test_the_number_of_a_closed_file_may_be_the_programs_by_now(session):
    session.run("file f x; do close f; ring new taken")
    taken = session.names["taken"].ring.fd.number
    assert taken == number(session, "f")
    for line in ("close f", f"close {taken}", "read f 1", "do fsync f"):
        with pytest.raises(LineError, match="belongs to this program"):
            session.run(line)
    session.run("ring use taken; do nop")


def test_a_close_by_number_knows_whose_number_it_is(session):
    session.run("file f x")
    session.run(f"do close {number(session, 'f')} -> c")
    session.run("expect c res=0; expect f open=0")


def test_a_close_that_was_cancelled_gives_the_file_back(session):
    session.run("file f x; read 999 1 flags=link; close f -> c; submit; reap")
    session.run("expect c res=-ECANCELED; expect f open=1; do fsync f -> s; expect s res=0")


def test_a_close_that_was_refused_gives_the_file_back(session):
    session.run("file f x; do close f flags=fixed_file -> c; expect c res=-EBADF; expect f open=1")


@pytest.mark.parametrize("how", ["", "; publish", "; drop f; file g x; publish", "; drop f"])
def test_a_close_that_never_ran_leaves_the_file_to_be_closed_by_us(session, how):
    session.run(f"file f x; ring new r9; close f{how}; ring close r9")
    assert sum(leads.endswith("/x") for leads in fds().values()) == (0 if how == "; drop f" else 1)


def test_a_silent_close_closes(session):
    session.run("file f x; close f flags=cqe_skip_success -> c; submit; expect f open=0")
    assert session.names["c"].request.state is State.SILENT
    session.run("file g x; ring close; expect g open=1 size=0")


def test_an_opened_fd_lives_under_the_requests_name(session):
    session.run('file f x text="hello"; do openat x open_flags=rdwr -> o')
    session.run('feed o "J"; do read o 5 -> r; expect r res=5; expect f text="Jello"')
    with pytest.raises(LineError, match='"o" is taken: it is an open file'):
        session.run("do nop -> o")
    assert "opened by OPENAT" in session("show names")
    session.run("drop o; do nop -> o")


def test_a_request_that_opened_nothing_is_no_file(session):
    session.run("openat x -> o")
    with pytest.raises(LineError, match="o is staged: it has opened no file yet"):
        session.run("read o 5")
    session.run("submit; reap; expect o res=-ENOENT")
    with pytest.raises(LineError, match="o is seen: it has opened no file$"):
        session.run("read o 5")


def test_a_bad_line_does_not_close_the_fd_of_the_name_it_would_take(session):
    session.run('file f x text="hello"; do openat x -> o')
    for line in ("read nosuch 5 -> o", "file o ../x", "pipe o o", "buf o 0"):
        with pytest.raises(LineError):
            session.run(line)
    session.run("do read o 5 -> r; expect r res=5")


def test_requests_with_one_user_data_each_keep_what_they_opened(session):
    session.run('file f x text="a"; file g y text="bc"')
    session.run("openat x user_data=7 -> a; openat y user_data=7 -> b; submit; reap")
    assert {session.file("a").fd.number, session.file("b").fd.number} == {
        session.names["a"].request.final.res,
        session.names["b"].request.final.res,
    }
    session.run("do read a 9 -> one; do read b 9 -> two; expect one res=1; expect two res=2")


def test_an_openat_without_a_cqe_is_refused_because_nobody_would_learn_the_fd(session):
    with pytest.raises(LineError, match="nobody would learn the new fd"):
        session.run("openat x flags=cqe_skip_success")


def test_an_fd_that_arrives_while_its_ring_closes_is_closed_too():
    before = fds()
    for _ in range(20):
        session = Session()
        session.run("repeat 8 openat x open_flags=rdwr|creat; submit")
        session.close()
    assert fds() == before


def test_an_fd_that_was_closed_behind_our_back_is_not_closed_again(session):
    session.run("file f x")
    stolen = number(session, "f")
    os.close(stolen)
    reader, writer = os.pipe()
    assert stolen in (reader, writer)
    session.run("drop f")
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"
    os.close(reader)
    os.close(writer)


def test_numbers_that_are_nobodys_or_ours_go_to_the_kernel(session):
    session.run('file f x text="hello"; do read 999 5 -> a; do read -1 5 -> b')
    session.run("expect a res=-EBADF; expect b res=-EBADF")
    session.run(f"do read {number(session, 'f')} 5 -> c; expect c res=5")


def test_feed_says_how_much_and_why_not(session):
    session.run("pipe rd wr; buf big 1M")
    assert session('feed wr "hello"').startswith("fed 5 bytes to wr")
    assert session("feed wr big").startswith("fed 61440 of 1048576 bytes to wr")
    for line, told in (
        ('feed wr "x"', "it is full"),
        ('feed rd "x"', "not open for writing"),
        ("feed f bad", 'no file is called "f"'),
        ('feed big "x"', "is a buffer, not a file"),
        ("feed wr bad", "nothing is mapped there"),
        ("feed wr nosuch", 'no buffer is called "nosuch"'),
    ):
        with pytest.raises(LineError, match=told):
            session.run(line)
    session.run("drop rd")
    with pytest.raises(LineError, match="nobody reads the other end any more"):
        session.run('feed wr "x"')
    session.run("drop wr")
    with pytest.raises(LineError, match='no file is called "wr"'):
        session.run('feed wr "x"')


def test_feeding_leaves_a_blocking_pipe_blocking(session):
    session.run('pipe rd wr; feed wr "x"')
    assert os.get_blocking(number(session, "wr"))


def test_drop_frees_what_is_free_and_nothing_else(session):
    session.run("pipe rd wr; buf b0 8; read rd 5 buf=b0 -> r1; submit")
    for line, told in (
        ("drop bad", "the bad page stays"),
        ("drop r0", "r0 is a ring"),
        ("drop r1", "r1 is in flight"),
        ("drop nosuch", "nosuch"),
    ):
        with pytest.raises(LineError, match=told):
            session.run(line)
    session.run(
        'drop b0; feed wr "hello"; wait 1; reap; expect r1 res=5; drop r1; drop rd; drop wr'
    )
    assert set(session.names) == {"bad", "r0"}


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "secret").write_text("secret")
    return tmp_path


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "out/secret", "direct", "out/../../x", "loop/x"]
)
@pytest.mark.parametrize("verb", ["file g", "openat", "source"])
def test_a_path_that_leaves_the_directory_is_refused(session, outside, path, verb):
    scratch = session.scratch.path
    (scratch / "out").symlink_to(outside)
    (scratch / "direct").symlink_to(outside / "secret")
    (scratch / "loop").symlink_to("loop")
    with pytest.raises(LineError, match="leads out of the session's directory|in a circle"):
        session.run(f"{verb} {path}")


def test_a_path_inside_may_wander(session):
    session.run('file f x text="hello"; file g ./a/../x; expect g text="hello"')


def test_an_allowed_directory_may_be_used(outside):
    with Session(allow_path=(outside,)) as session:
        session.run(f"file f {outside}/secret; expect f text=secret")
        with pytest.raises(LineError, match="leads out"):
            session.run(f"file g {outside}/../x")


@pytest.mark.parametrize("path", ['""', r'"a\0b"', "a" * 300, "x/" * 3000, "nosuch/x", "."])
def test_a_path_that_cannot_be_is_told(session, path):
    with pytest.raises(LineError):
        session.run(f"file f {path}")
    assert set(session.names) == {"bad"}


def test_reset_begins_anew(session):
    session.run("file f x; do openat x -> o; pipe rd wr; read rd 5; submit")
    old = session.scratch.path
    session.run("reset")
    assert not old.exists()
    assert set(session.names) == {"bad"}
    assert session.current is None
    session.run('file f x text="new"; do read f 3 -> r1; expect r1 res=3 user_data=1')


def test_a_long_session_forgets_old_names_and_keeps_open_files(session):
    session.run('file f x text="a"; do openat x -> kept; read f 1 flags=cqe_skip_success; submit')
    session.run("repeat 2500 do nop")
    assert len(session.names) < 2100
    session.run("do read kept 1 -> r; expect r res=1")

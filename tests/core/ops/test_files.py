"""Opening and closing, as fds and as registered files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from uringlab import Buffer, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import InstallFlags, Opcode, ResolveFlags
from uringlab.core.fd import ALLOC, FixedFd
from uringlab.core.fdroom import FdRoom


def examples():
    return [
        (ops.Openat("x"), "OPENAT path=0x"),
        (ops.Close(4), "CLOSE fd=4 slot=none"),
        (ops.Close(slot=4), "CLOSE fd=none slot=#4"),
        (ops.Close(FixedFd(4)), "CLOSE fd=none slot=#4"),
        (ops.Openat2("x", slot=ALLOC), "OPENAT2 path=0x"),
        (ops.FixedFdInstall(FixedFd(3)), "FIXED_FD_INSTALL fd=#3 install_flags=0 flags=FIXED_FILE"),
        (ops.FixedFdInstall(3), "FIXED_FD_INSTALL fd=#3"),
        (ops.FilesUpdate(FdRoom([1])), "FILES_UPDATE fds=0x"),
    ]


def read_slot(run, place, size=16):
    """What there is to read in a registered file."""
    buffer = Buffer(size)
    count = run(ops.Read(FixedFd(place), buffer))
    return bytes(buffer)[:count] if count >= 0 else count


def fds_now():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


# -- OPENAT ------------------------------------------------------------------------------


def test_openat_makes_the_file_with_its_mode_and_answers_with_the_fd(run, tmp_path):
    path = tmp_path / "made"
    old = os.umask(0)
    try:
        op = ops.Openat(path, open_flags=os.O_CREAT | os.O_WRONLY, mode=0o640, user_data=1)
        with OwnedFd(run(op)) as file:
            assert Path(f"/proc/self/fd/{file.number}").readlink() == path
            assert op.new_fds(file.number) == (file.number,)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_openat_starts_from_the_directory_it_is_given(run, tmp_path):
    (tmp_path / "here").write_bytes(b"x")
    directory = os.open(tmp_path, os.O_RDONLY)
    with OwnedFd(directory), OwnedFd(run(ops.Openat(b"here", dir=directory))) as file:
        assert os.read(file.number, 9) == b"x"


def test_openat_of_what_is_not_there_is_enoent(run, tmp_path):
    assert run(ops.Openat(tmp_path / "nowhere")) == -errno.ENOENT


def test_openat_needs_nobody_to_keep_the_path(run_forgotten, tmp_path):
    (tmp_path / "file").touch()
    os.close(run_forgotten(lambda: ops.Openat(str(tmp_path) + "/file"), held=0))


def test_openat_into_a_place_makes_a_registered_file_and_no_fd(run, table, tmp_path):
    (tmp_path / "file").write_bytes(b"direct")
    table(4)
    fds = fds_now()
    op = ops.Openat(tmp_path / "file", slot=2)
    assert run(op) == 0
    assert op.new_fds(0) == ()
    assert read_slot(run, 2) == b"direct"
    assert fds_now() == fds
    assert read_slot(run, 1) == -errno.EBADF


def test_openat_with_alloc_answers_with_the_place_it_picked(run, table, tmp_path):
    (tmp_path / "file").write_bytes(b"direct")
    table(2)
    places = [run(ops.Openat(tmp_path / "file", slot=ALLOC)) for _ in range(3)]
    assert places == [0, 1, -errno.ENFILE]
    assert read_slot(run, 1) == b"direct"


def test_openat_into_a_place_that_is_taken_replaces_what_is_there(run, table, tmp_path):
    table(1)
    for text in (b"one", b"two"):
        (tmp_path / "file").unlink(missing_ok=True)
        (tmp_path / "file").write_bytes(text)
        assert run(ops.Openat(tmp_path / "file", slot=FixedFd(0))) == 0
        assert read_slot(run, 0) == text


def test_a_place_that_is_not_there_is_an_error_in_the_cqe(run, table, tmp_path):
    (tmp_path / "file").touch()
    assert run(ops.Openat(tmp_path / "file", slot=0)) == -errno.ENXIO
    table(1)
    assert run(ops.Openat(tmp_path / "file", slot=7)) == -errno.EINVAL
    cloexec = ops.Openat(tmp_path / "file", slot=0, open_flags=os.O_CLOEXEC)
    assert run(cloexec) == -errno.EINVAL


# -- OPENAT2 -----------------------------------------------------------------------------


def test_openat2_opens_and_makes_files_as_openat_does(run, tmp_path):
    path = tmp_path / "made"
    with OwnedFd(run(ops.Openat2(path, open_flags=os.O_CREAT | os.O_RDWR, mode=0o600))) as file:
        assert Path(f"/proc/self/fd/{file.number}").readlink() == path
    assert path.stat().st_mode & 0o777 == 0o600
    os.close(run(ops.Openat2(path)))
    assert run(ops.Openat2(path, mode=0o600)) == -errno.EINVAL


def test_openat2_makes_a_file_with_a_mode_of_its_own_accord(run, tmp_path):
    os.close(run(ops.Openat2(tmp_path / "made", open_flags=os.O_CREAT | os.O_WRONLY)))
    assert (tmp_path / "made").stat().st_mode & 0o600 == 0o600
    unnamed = run(ops.Openat2(tmp_path, open_flags=os.O_TMPFILE | os.O_RDWR))
    os.close(unnamed)


def test_openat2_keeps_the_rules_about_the_path(run, tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").touch()
    (tmp_path / "inside" / "link").symlink_to("../outside")
    with OwnedFd(os.open(tmp_path / "inside", os.O_RDONLY)) as here:
        os.close(run(ops.Openat2("../outside", dir=here)))
        beneath = {"dir": here, "resolve": ResolveFlags.BENEATH}
        assert run(ops.Openat2("../outside", **beneath)) == -errno.EXDEV
        assert run(ops.Openat2("link", **beneath)) == -errno.EXDEV
        no_links = ops.Openat2("link", dir=here, resolve=ResolveFlags.NO_SYMLINKS)
        assert run(no_links) == -errno.ELOOP
        in_root = ops.Openat2("/", dir=here, resolve=ResolveFlags.IN_ROOT)
        with OwnedFd(run(in_root)) as root:
            assert os.path.samestat(os.fstat(root.number), os.fstat(here.number))
    assert run(ops.Openat2(tmp_path, resolve=1 << 40)) == -errno.EINVAL


def test_openat2_needs_nobody_to_keep_the_path_or_the_rules(run_forgotten, tmp_path):
    path = str(tmp_path / "made")
    flags = os.O_CREAT | os.O_WRONLY
    os.close(run_forgotten(lambda: ops.Openat2(path, open_flags=flags, mode=0o604), held=0))
    assert Path(path).stat().st_mode & 0o777 == 0o604


def test_openat2_opens_into_places(run, table, tmp_path):
    (tmp_path / "file").write_bytes(b"direct")
    table(2)
    assert run(ops.Openat2(tmp_path / "file", slot=1)) == 0
    assert read_slot(run, 1) == b"direct"
    assert run(ops.Openat2(tmp_path / "file", slot=ALLOC)) == 0
    assert run(ops.Openat2(tmp_path / "file", slot=ALLOC)) == -errno.ENFILE


# -- CLOSE -------------------------------------------------------------------------------


def test_close_closes(run):
    number = os.open("/dev/null", os.O_RDONLY)
    assert run(ops.Close(number)) == 0
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)
    assert run(ops.Close(number)) == -errno.EBADF


def test_close_takes_an_owned_fd_over_when_it_is_pushed(run):
    owned = OwnedFd(os.open("/dev/null", os.O_RDONLY))
    op = ops.Close(owned)
    assert owned.owned
    assert run(op) == 0
    assert not owned.owned


@pytest.mark.parametrize("say", [lambda n: ops.Close(slot=n), lambda n: ops.Close(FixedFd(n))])
def test_close_of_a_place_empties_it(run, table, pipe, say):
    reader, writer = pipe
    table(3)
    assert run(ops.FilesUpdate(FdRoom([writer]), slot=2)) == 1
    os.close(writer)
    assert run(ops.Read(reader, Buffer(4), rw_flags=abi.RwFlags.NOWAIT)) == -errno.EAGAIN
    assert run(say(2)) == 0
    assert run(ops.Read(reader, Buffer(4))) == 0, "the last writer is gone"
    assert run(say(2)) == -errno.EBADF
    assert run(say(9)) == -errno.EINVAL


def test_close_of_a_place_without_a_table_is_enxio(run):
    assert run(ops.Close(slot=0)) == -errno.ENXIO


def test_a_ring_cannot_be_closed_by_a_request(ring, run):
    assert run(ops.Close(ring.fd.number)) == -errno.EBADF


# -- FIXED_FD_INSTALL --------------------------------------------------------------------


@pytest.mark.parametrize("flags", [InstallFlags(0), InstallFlags.FIXED_FD_NO_CLOEXEC])
def test_fixed_fd_install_makes_an_fd_of_a_registered_file(run, table, requires, tmp_path, flags):
    requires(opcode=Opcode.FIXED_FD_INSTALL)
    (tmp_path / "file").write_bytes(b"text")
    table(2)
    assert run(ops.Openat(tmp_path / "file", slot=1)) == 0
    op = ops.FixedFdInstall(1, install_flags=flags)
    with OwnedFd(run(op)) as file:
        assert op.new_fds(file.number) == (file.number,)
        assert os.read(file.number, 9) == b"text"
        assert os.get_inheritable(file.number) == bool(flags)
        assert read_slot(run, 1) == b"text", "it stays registered"


def test_fixed_fd_install_of_nothing_is_ebadf(run, table, requires):
    requires(opcode=Opcode.FIXED_FD_INSTALL)
    assert run(ops.FixedFdInstall(0)) == -errno.EBADF
    table(2)
    assert run(ops.FixedFdInstall(FixedFd(0))) == -errno.EBADF
    assert run(ops.FixedFdInstall(0, install_flags=8)) == -errno.EINVAL


# -- FILES_UPDATE ------------------------------------------------------------------------


def test_files_update_puts_fds_into_places_and_empties_them(run, table, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    table(4)
    with (
        OwnedFd(os.open(tmp_path / "a", os.O_RDONLY)) as a,
        OwnedFd(os.open(tmp_path / "b", os.O_RDONLY)) as b,
    ):
        assert run(ops.FilesUpdate(FdRoom([a.number, -1, b.number]), slot=1)) == 3
    found = [read_slot(run, place) for place in range(4)]
    assert found == [-errno.EBADF, b"a", -errno.EBADF, b"b"]
    skip = abi.REGISTER_FILES_SKIP
    assert run(ops.FilesUpdate(FdRoom([-1, skip, skip]), slot=1)) == 3
    assert [read_slot(run, place) for place in (1, 3)] == [-errno.EBADF, b"b"]


def test_files_update_with_alloc_writes_the_places_over_the_fds(run, table, pipe):
    table(3)
    room = FdRoom(pipe)
    assert run(ops.FilesUpdate(room, slot=ALLOC)) == 2
    assert room.fds == (0, 1)
    assert run(ops.Write(FixedFd(1), b"through")) == 7
    assert read_slot(run, 0) == b"through"
    room = FdRoom(pipe)
    assert run(ops.FilesUpdate(room, slot=ALLOC)) == 1
    assert room.fds == (2, pipe[1])


def test_files_update_says_what_is_wrong(run, table, pipe):
    assert run(ops.FilesUpdate(FdRoom([pipe[0]]))) == -errno.ENXIO
    table(1)
    assert run(ops.FilesUpdate(FdRoom([999]))) == -errno.EBADF
    assert run(ops.FilesUpdate(FdRoom(pipe))) == -errno.EINVAL
    assert run(ops.FilesUpdate(FdRoom([]))) == -errno.EINVAL


def test_files_update_holds_its_fds_until_the_end(run, run_forgotten, table, pipe):
    table(4)
    assert run_forgotten(lambda: ops.FilesUpdate(FdRoom(pipe), slot=ALLOC), held=1) == 2
    late = {"slot": 2, "flags": SqeFlags.ASYNC}
    assert run_forgotten(lambda: ops.FilesUpdate(FdRoom(pipe), **late), held=1) == 2
    assert run(ops.Write(FixedFd(3), b"x")) == 1
    assert read_slot(run, 2) == b"x"


# -- refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Openat("a\0b"),
        lambda: ops.Openat(3),
        lambda: ops.Openat("a", open_flags="RDWR"),
        lambda: ops.Openat("a", mode=-1),
        lambda: ops.Openat("a", slot=-1),
        lambda: ops.Openat("a", slot=2**32 - 1),
        lambda: ops.Openat("a", dir=FixedFd(1)),
        lambda: ops.Openat2("a", open_flags=-1),
        lambda: ops.Openat2("a", open_flags="RDWR"),
        lambda: ops.Openat2("a", resolve=2**64),
        lambda: ops.Openat2("a", mode="0644"),
        ops.Close,
        lambda: ops.Close(3, slot=3),
        lambda: ops.Close(slot=ALLOC),
        lambda: ops.Close("3"),
        lambda: ops.FixedFdInstall("3"),
        lambda: ops.FixedFdInstall(OwnedFd(-1)),
        lambda: ops.FilesUpdate([1, 2]),
        lambda: ops.FilesUpdate(Buffer(8)),
        lambda: ops.FilesUpdate(FdRoom([2**31])),
        lambda: ops.FilesUpdate(FdRoom(["3"])),
        lambda: ops.FilesUpdate(FdRoom([1]), slot=-1),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()


def test_a_room_for_fds_says_what_is_in_it():
    room = FdRoom()
    assert (len(room), room.fds, repr(room)) == (2, (-1, -1), "FdRoom([-1, -1])")

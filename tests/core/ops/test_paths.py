"""Files by their paths."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from uringlab import Buffer, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import LinkFlags, RenameFlags, StatxFlags, StatxMask, UnlinkFlags
from uringlab.core.fd import FixedFd
from uringlab.core.statx import LAYOUT, Statx


def examples():
    return [
        (ops.Statx("x", Statx()), "STATX path=0x"),
        (ops.Renameat("x", "y", dir=4), "RENAMEAT path=0x"),
        (ops.Unlinkat("x"), "UNLINKAT path=0x"),
        (ops.Mkdirat("x"), "MKDIRAT path=0x"),
        (ops.Symlinkat("x", "y"), "SYMLINKAT target=0x"),
        (ops.Linkat("x", "y"), "LINKAT path=0x"),
    ]


@pytest.fixture
def here(tmp_path):
    with OwnedFd(os.open(tmp_path, os.O_RDONLY)) as here:
        yield here


def test_a_second_directory_is_decoded_as_what_it_is():
    text = str(ops.decode(ops.Linkat("x", "y", dir=4, new_dir=5).sqe))
    assert "dir=4 new_dir=5" in text
    assert "dir=AT_FDCWD new_dir=AT_FDCWD" in str(ops.decode(ops.Renameat("x", "y").sqe))


# -- STATX -------------------------------------------------------------------------------


def test_statx_tells_what_stat_does(run, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    os.link(path, tmp_path / "twin")
    os.utime(path, ns=(1_000_000_007, 2_000_000_000_000_000_009))
    room = Statx()
    assert room.mask == 0
    assert run(ops.Statx(path, room)) == 0
    real = path.stat()
    assert room.mask & StatxMask.BASIC_STATS == StatxMask.BASIC_STATS
    assert (room.size, room.mode, room.ino, room.nlink) == (10, real.st_mode, real.st_ino, 2)
    assert (room.uid, room.gid, room.blocks) == (real.st_uid, real.st_gid, real.st_blocks)
    assert (room.atime, room.mtime) == (real.st_atime_ns, real.st_mtime_ns)
    assert room.ctime == real.st_ctime_ns
    device = os.makedev(room.fields()["dev_major"], room.fields()["dev_minor"])
    assert device == real.st_dev
    assert repr(room).endswith("nlink=2 size=10>")


def test_statx_tells_when_a_file_was_made_where_the_file_system_knows(run, tmp_path):
    (tmp_path / "file").touch()
    room = Statx()
    mask = StatxMask.BTIME | StatxMask.CTIME
    assert run(ops.Statx(tmp_path / "file", room, mask=mask)) == 0
    if room.mask & StatxMask.BTIME:
        assert 0 < room.btime <= room.ctime


def test_statx_follows_links_or_does_not(run, tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    room = Statx()
    assert run(ops.Statx(tmp_path / "link", room)) == -errno.ENOENT
    nofollow = StatxFlags.SYMLINK_NOFOLLOW
    assert run(ops.Statx(tmp_path / "link", room, statx_flags=nofollow)) == 0
    assert stat.S_ISLNK(room.mode)


def test_statx_of_an_fd_itself(run, here, tmp_path):
    room = Statx()
    assert run(ops.Statx("", room, dir=here, statx_flags=StatxFlags.EMPTY_PATH)) == 0
    assert room.ino == tmp_path.stat().st_ino
    assert run(ops.Statx("", room, dir=here)) == -errno.ENOENT
    assert run(ops.Statx(".", room, mask=1 << 31)) == -errno.EINVAL


def test_statx_holds_its_room_and_not_the_path(run_forgotten, tmp_path):
    for flags in (SqeFlags(0), SqeFlags.ASYNC):
        assert run_forgotten(lambda f=flags: ops.Statx(tmp_path, Statx(), flags=f), held=1) == 0


def test_the_layout_of_statx_fits_its_room():
    assert LAYOUT.size < Statx.SIZE
    assert LAYOUT.offsets()["mnt_id"] == (144, 8)


# -- RENAMEAT ----------------------------------------------------------------------------


def test_renameat_renames_and_replaces(run, tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new")
    assert run(ops.Renameat(tmp_path / "old", tmp_path / "new")) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_bytes() == b"old"
    assert run(ops.Renameat(tmp_path / "old", tmp_path / "new")) == -errno.ENOENT


def test_renameat_takes_two_directories(run, here, tmp_path):
    (tmp_path / "box").mkdir()
    (tmp_path / "old").write_bytes(b"old")
    with OwnedFd(os.open(tmp_path / "box", os.O_RDONLY)) as box:
        assert run(ops.Renameat("old", "new", dir=here, new_dir=box)) == 0
        assert (tmp_path / "box" / "new").read_bytes() == b"old"
        assert run(ops.Renameat("new", "back", dir=box, new_dir=here)) == 0
    assert (tmp_path / "back").read_bytes() == b"old"


def test_renameat_exchanges_or_does_not_replace(run, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    assert run(ops.Renameat(one, two, rename_flags=RenameFlags.NOREPLACE)) == -errno.EEXIST
    assert run(ops.Renameat(one, two, rename_flags=RenameFlags.EXCHANGE)) == 0
    assert (one.read_bytes(), two.read_bytes()) == (b"2", b"1")


# -- UNLINKAT and MKDIRAT ----------------------------------------------------------------


def test_mkdirat_makes_and_unlinkat_removes(run, here, tmp_path):
    assert run(ops.Mkdirat("box", dir=here, mode=0o700)) == 0
    assert stat.S_IMODE((tmp_path / "box").stat().st_mode) == 0o700
    assert run(ops.Mkdirat(tmp_path / "box")) == -errno.EEXIST
    (tmp_path / "box" / "file").touch()
    assert run(ops.Unlinkat("box", dir=here)) == -errno.EISDIR
    removedir = UnlinkFlags.REMOVEDIR
    assert run(ops.Unlinkat("box", dir=here, unlink_flags=removedir)) == -errno.ENOTEMPTY
    assert run(ops.Unlinkat(tmp_path / "box" / "file")) == 0
    assert run(ops.Unlinkat("box", dir=here, unlink_flags=removedir)) == 0
    assert list(tmp_path.iterdir()) == []
    assert run(ops.Unlinkat("box", dir=here)) == -errno.ENOENT
    assert run(ops.Unlinkat("box", dir=here, unlink_flags=1)) == -errno.EINVAL


# -- links -------------------------------------------------------------------------------


def test_symlinkat_makes_a_link_to_anything(run, here, tmp_path):
    assert run(ops.Symlinkat("not/there", "link", dir=here)) == 0
    assert os.readlink(tmp_path / "link") == "not/there"
    assert run(ops.Symlinkat("other", tmp_path / "link")) == -errno.EEXIST


def test_linkat_gives_a_file_one_more_name(run, here, tmp_path):
    (tmp_path / "file").write_bytes(b"text")
    assert run(ops.Linkat("file", "twin", dir=here, new_dir=here)) == 0
    assert (tmp_path / "file").stat().st_nlink == 2
    assert (tmp_path / "twin").samefile(tmp_path / "file")
    assert run(ops.Linkat(tmp_path / "file", tmp_path / "twin")) == -errno.EEXIST


def test_linkat_follows_a_symbolic_link_if_asked(run, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    assert run(ops.Linkat(tmp_path / "link", tmp_path / "a")) == 0
    assert (tmp_path / "a").is_symlink()
    follow = LinkFlags.SYMLINK_FOLLOW
    assert run(ops.Linkat(tmp_path / "link", tmp_path / "b", hardlink_flags=follow)) == 0
    assert not (tmp_path / "b").is_symlink()
    assert (tmp_path / "file").stat().st_nlink == 2


# -- all of them -------------------------------------------------------------------------


def test_nobody_needs_to_keep_a_path(run_forgotten, tmp_path):
    base = str(tmp_path) + "/"
    steps = [
        lambda: ops.Mkdirat(base + "box"),
        lambda: ops.Symlinkat(base + "box", base + "link"),
        lambda: ops.Renameat(base + "box", base + "crate"),
        lambda: ops.Linkat(base + "link", base + "twin"),
        lambda: ops.Unlinkat(base + "link"),
    ]
    for step in steps:
        assert run_forgotten(step, held=0) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crate", "twin"]
    assert os.readlink(tmp_path / "twin") == base + "box"


FIXED = SqeFlags.FIXED_FILE


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Unlinkat("x", flags=FIXED),
        lambda: ops.Mkdirat("x", flags=FIXED),
        lambda: ops.Symlinkat("x", "y", flags=FIXED),
        lambda: ops.Renameat("x", "y", flags=FIXED),
        lambda: ops.Linkat("x", "y", flags=FIXED),
        lambda: ops.Statx("x", Statx(), flags=FIXED),
    ],
)
def test_the_kernel_takes_no_registered_directory(run, make):
    # A FixedFd is refused when the op is made; this is what that spares.
    assert run(make()) == -errno.EBADF


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Statx("x", Buffer(256)),
        lambda: ops.Statx("x", None),
        lambda: ops.Statx("x\0", Statx()),
        lambda: ops.Statx("x", Statx(), mask="SIZE"),
        lambda: ops.Renameat("x", None),
        lambda: ops.Renameat("x", "y\0"),
        lambda: ops.Renameat("x", "y", new_dir=FixedFd(1)),
        lambda: ops.Renameat("x", "y", dir=FixedFd(1)),
        lambda: ops.Unlinkat(7),
        lambda: ops.Unlinkat("x", unlink_flags="REMOVEDIR"),
        lambda: ops.Mkdirat("x", mode=-1),
        lambda: ops.Symlinkat(None, "x"),
        lambda: ops.Linkat("x", "y", hardlink_flags=-1),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()

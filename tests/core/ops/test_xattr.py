"""Extended attributes."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from uringlab import Buffer, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import XattrFlags
from uringlab.core.buffers import BadPage

NAME = "user.colour"


def examples():
    buffer = Buffer(16)
    return [
        (ops.Fsetxattr(4, NAME, b"blue"), "FSETXATTR fd=4 name=0x"),
        (ops.Setxattr("x", NAME, b"blue"), "SETXATTR path=0x"),
        (ops.Fgetxattr(4, NAME, buffer), "FGETXATTR fd=4 name=0x"),
        (ops.Getxattr("x", NAME, buffer), "GETXATTR path=0x"),
    ]


def takes_attributes(directory):
    try:
        with tempfile.TemporaryDirectory(dir=directory) as inside:
            os.setxattr(inside, NAME, b"x")
    except OSError:
        return False
    return True


@pytest.fixture
def path(tmp_path):
    """A file where there are user.* attributes."""
    for place in (tmp_path, Path("/dev/shm"), Path.cwd(), Path("/var/tmp")):  # noqa: S108 (tried)
        if takes_attributes(place):
            with tempfile.NamedTemporaryFile(dir=place) as file:
                yield Path(file.name)
            return
    pytest.skip("needs a file system with user.* extended attributes")


@pytest.fixture
def file(path):
    with OwnedFd(os.open(path, os.O_RDWR)) as file:
        yield file


def test_setxattr_sets_by_path(run, path):
    assert run(ops.Setxattr(path, NAME, b"blue")) == 0
    assert os.getxattr(path, NAME) == b"blue"
    assert run(ops.Setxattr(str(path), NAME.encode(), Buffer.of(b"green"), len=3)) == 0
    assert os.getxattr(path, NAME) == b"gre"


def test_fsetxattr_sets_by_fd(run, path, file):
    assert run(ops.Fsetxattr(file, NAME, b"blue")) == 0
    assert os.getxattr(path, NAME) == b"blue"
    assert run(ops.Fsetxattr(file, NAME, b"")) == 0
    assert os.getxattr(path, NAME) == b""


def test_an_attribute_can_be_made_or_replaced_only(run, path, file):
    create, replace = XattrFlags.CREATE, XattrFlags.REPLACE
    assert run(ops.Setxattr(path, NAME, b"1", xattr_flags=replace)) == -errno.ENODATA
    assert run(ops.Setxattr(path, NAME, b"1", xattr_flags=create)) == 0
    assert run(ops.Fsetxattr(file, NAME, b"2", xattr_flags=create)) == -errno.EEXIST
    assert run(ops.Fsetxattr(file, NAME, b"2", xattr_flags=replace)) == 0
    assert os.getxattr(path, NAME) == b"2"
    assert run(ops.Fsetxattr(file, NAME, b"2", xattr_flags=4)) == -errno.EINVAL


def test_getxattr_and_fgetxattr_read_what_is_there(run, path, file):
    os.setxattr(path, NAME, b"blue")
    for make in (ops.Getxattr, ops.Fgetxattr):
        what = path if make is ops.Getxattr else file
        buffer = Buffer(8)
        assert run(make(what, NAME, buffer)) == 4
        assert bytes(buffer) == b"blue\0\0\0\0"
        assert run(make(what, NAME, buffer, len=0)) == 4, "how long it is"
        assert run(make(what, NAME, buffer, len=3)) == -errno.ERANGE
        assert run(make(what, NAME, buffer.part(4, 4))) == 4
        assert bytes(buffer) == b"blueblue"
        assert run(make(what, "user.shape", buffer)) == -errno.ENODATA


def test_what_is_wrong_is_said(run, path, file, tmp_path):
    assert run(ops.Getxattr(tmp_path / "nowhere", NAME, Buffer(8))) == -errno.ENOENT
    assert run(ops.Setxattr(path, "user." + "x" * 255, b"")) == -errno.ERANGE
    assert run(ops.Setxattr(path, "nonsense", b"")) == -errno.EOPNOTSUPP
    assert run(ops.Setxattr(path, NAME, bytes(2**16 + 1))) == -errno.E2BIG
    assert run(ops.Setxattr(path, NAME, BadPage())) == -errno.EFAULT
    assert run(ops.Fgetxattr(999, NAME, Buffer(8))) == -errno.EBADF
    os.setxattr(path, NAME, b"blue")
    assert run(ops.Fgetxattr(file, NAME, BadPage())) == -errno.EFAULT


@pytest.mark.parametrize("flags", [SqeFlags(0), SqeFlags.ASYNC])
def test_nobody_needs_to_keep_names_paths_and_values(run_forgotten, path, file, flags):
    text = str(path)
    say = {"flags": flags}
    assert run_forgotten(lambda: ops.Setxattr(text + "", NAME, b"one", **say), held=1) == 0
    assert os.getxattr(path, NAME) == b"one"
    assert run_forgotten(lambda: ops.Fsetxattr(file, NAME, b"three", **say), held=1) == 0
    assert os.getxattr(path, NAME) == b"three"
    assert run_forgotten(lambda: ops.Getxattr(text + "", NAME, Buffer(8), **say), held=1) == 5
    assert run_forgotten(lambda: ops.Fgetxattr(file, NAME, Buffer(8), **say), held=1) == 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Setxattr("x", "", b""),
        lambda: ops.Setxattr("x", "user.\0", b""),
        lambda: ops.Setxattr("x", NAME, "text"),
        lambda: ops.Setxattr("x", NAME, b"abc", len=4),
        lambda: ops.Setxattr(3, NAME, b"abc"),
        lambda: ops.Setxattr("x", NAME, b"abc", xattr_flags="CREATE"),
        lambda: ops.Fsetxattr("x", NAME, b""),
        lambda: ops.Fsetxattr(3, 3, b""),
        lambda: ops.Getxattr("x", NAME, b"bytes"),
        lambda: ops.Getxattr("x", NAME, Buffer(8), len=9),
        lambda: ops.Getxattr("x\0", NAME, Buffer(8)),
        lambda: ops.Fgetxattr(3, NAME, Buffer(8), len=9),
        lambda: ops.Fgetxattr(3, NAME, 0x1000),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()

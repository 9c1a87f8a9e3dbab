from __future__ import annotations

import errno
import sys

import pytest

from uringlab import IoUring, Opcode, Params, RingClosed, Unavailable
from uringlab.core import probe
from uringlab.core.probe import explain_setup_failure, opcode_name, supported_opcodes

TRY = """
from uringlab import IoUring, Unavailable
try:
    IoUring(1)
except Unavailable as why:
    print(why.errno, why.reason, why.advice, sep="\\n")
"""


def test_the_probe_names_what_the_course_needs():
    with IoUring(1) as ring:
        supported = supported_opcodes(ring)
    assert {Opcode.NOP, Opcode.READ, Opcode.WRITE, Opcode.OPENAT} <= supported
    assert 255 not in supported
    with pytest.raises(RingClosed):
        supported_opcodes(ring)


def test_every_opcode_has_a_name_even_one_from_the_future():
    assert opcode_name(22) == "READ"
    assert opcode_name(200) == "OP 200"


@pytest.mark.parametrize(
    ("name", "reason", "advice"),
    [
        ("EPERM", "io_uring_setup is forbidden (EPERM)", "seccomp profile"),
        ("ENOSYS", "the kernel answers ENOSYS", "Linux 5.10 or newer"),
    ],
)
def test_under_a_seccomp_filter_it_says_why_and_what_to_change(
    name, reason, advice, without_io_uring
):
    done = without_io_uring(name, sys.executable, "-W", "error", "-c", TRY)
    assert done.returncode == 0, done.stderr
    number, said, advised = done.stdout.splitlines()
    assert int(number) == getattr(errno, name)
    assert said.startswith(reason)
    assert advice in advised


@pytest.mark.parametrize(
    ("switch", "reason"),
    [("2\n", "is 2, for everybody"), ("1\n", "io_uring_group"), ("0\n", "seccomp")],
)
def test_eperm_is_explained_by_the_switch_that_is_set(switch, reason, tmp_path, monkeypatch):
    path = tmp_path / "io_uring_disabled"
    path.write_text(switch)
    monkeypatch.setattr(probe, "_DISABLED", path)
    why = explain_setup_failure(errno.EPERM, 8, Params())
    assert isinstance(why, Unavailable)
    assert reason in f"{why.reason} {why.advice}"
    assert why.reason in str(why)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOMEM, "RLIMIT_MEMLOCK"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EINVAL, "flags"),
        (errno.EIO, "io_uring_setup"),
    ],
)
def test_other_failures_are_no_unavailability(number, word):
    why = explain_setup_failure(number, 8, Params())
    assert not isinstance(why, Unavailable)
    assert why.errno == number
    assert word in str(why)

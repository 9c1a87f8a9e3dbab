from __future__ import annotations

import errno
import sys

import pytest

from uringlab import (
    Features,
    IoUring,
    Opcode,
    Params,
    RingClosed,
    SetupFlags,
    Unavailable,
)
from uringlab.core import probe
from uringlab.core.abi import RegisterOp
from uringlab.core.native import ffi, lib
from uringlab.core.probe import explain_setup_failure, opcode_name, supported_opcodes
from uringlab.core.setup_rules import UNDERSTOOD, companions

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


# -- what there is, found by asking ---------------------------------------------------------


def test_a_setup_flag_is_there_if_a_ring_can_be_made_with_it_and_what_it_needs():
    found = probe.setup_flags()
    for flag in SetupFlags:
        if flag & UNDERSTOOD:
            assert (flag in found) == can_be_made(companions(flag)), flag.name
    assert SetupFlags.CLAMP in found
    assert probe.setup_flags() is found, "asked once"


def can_be_made(flags):
    with IoUring(1) as other:
        cq_entries = 4 if SetupFlags.CQSIZE in flags else 0
        try:
            IoUring(2, Params(flags=flags, cq_entries=cq_entries, wq_fd=other.fd.number)).close()
        except OSError:
            return False
    return True


def test_a_flag_that_the_kernel_does_not_know_is_said_so_whatever_else_is_wrong(monkeypatch):
    monkeypatch.setattr(probe, "setup_flags", lambda: SetupFlags.SQPOLL)
    params = Params(flags=SetupFlags.SQPOLL | SetupFlags.DEFER_TASKRUN)
    why = str(explain_setup_failure(errno.EINVAL, 0, params))
    assert "EINVAL: this kernel does not know DEFER_TASKRUN, which came with Linux 6.1; " in why
    assert "SQPOLL and DEFER_TASKRUN do not go together" in why
    assert "sq_entries=0" in why


def test_a_failed_setup_is_explained_though_no_ring_can_be_had_to_ask(monkeypatch):
    def none():
        raise OSError(errno.EMFILE, "none")

    monkeypatch.setattr(probe, "setup_flags", none)
    why = explain_setup_failure(errno.EINVAL, 8, Params(flags=SetupFlags.SQ_AFF))
    assert "SQ_AFF needs SQPOLL" in str(why)
    why = explain_setup_failure(errno.EPERM, 8, Params(flags=SetupFlags.SQPOLL))
    assert isinstance(why, Unavailable)


def test_where_sqpoll_alone_is_forbidden_it_is_not_all_of_io_uring():
    why = explain_setup_failure(errno.EPERM, 8, Params(flags=SetupFlags.SQPOLL))
    assert not isinstance(why, Unavailable)
    assert "EPERM: SQPOLL is for root on this kernel" in str(why)


def test_what_is_not_understood_and_memory_that_is_none_are_explained():
    both = Params(flags=SetupFlags.SQE_MIXED | SetupFlags.CLAMP)
    why = explain_setup_failure(errno.EOPNOTSUPP, 8, both)
    assert str(why).endswith("EOPNOTSUPP: this library cannot read queues made with SQE_MIXED")
    why = explain_setup_failure(errno.EFAULT, 8, Params(flags=SetupFlags.NO_MMAP))
    assert "(NO_MMAP)" in str(why)
    assert "parameters" in str(explain_setup_failure(errno.EFAULT, 8, Params()))


def test_the_features_are_those_of_a_ring():
    with IoUring(1) as ring:
        assert probe.features() == ring.params.features
    assert Features.NODROP in probe.features()


def test_register_opcodes_are_found_without_registering_anything():
    found = probe.register_ops()
    assert {RegisterOp.PROBE, RegisterOp.FILES, RegisterOp.EVENTFD} <= found
    assert found == set(range(len(found))), "the kernel has no gaps"
    unknown = [op for op in RegisterOp if op not in found]
    with IoUring(1) as ring:
        for op in unknown:
            answer = lib.ul_register(ring.handle, op, ffi.NULL, 0)
            assert answer == -errno.EINVAL, op.name


LIMITED = """
import resource
from uringlab import SetupFlags
from uringlab.core import probe
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
try:
    probe.setup_flags()
except OSError as why:
    print(why)
"""


def test_that_no_ring_can_be_had_is_no_answer_to_what_there_is(run_python):
    done = run_python(LIMITED)
    assert done.returncode == 0, done.stderr
    assert "EMFILE" in done.stdout

"""Advice about files and memory."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, OperandError, OwnedFd, ops
from uringlab.core.abi import Fadvice, Madvice
from uringlab.core.buffers import BadPage

LONG = 2**33


def examples():
    return [
        (ops.Fadvise(4, Fadvice.WILLNEED, len=9), "FADVISE fd=4 advice=WILLNEED off=0 len=9"),
        (ops.Fadvise(4, Fadvice.RANDOM, len=LONG), f"FADVISE fd=4 advice=RANDOM off=0 len={LONG}"),
        (ops.Madvise(Buffer(4096), Madvice.DONTNEED), "MADVISE buf=0x"),
    ]


@pytest.mark.parametrize("advice", list(Fadvice))
def test_fadvise_is_taken(run, tmp_path, advice):
    (tmp_path / "file").write_bytes(bytes(8192))
    with OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as file:
        assert run(ops.Fadvise(file, advice)) == 0
        assert run(ops.Fadvise(file, advice, off=4096, len=4096)) == 0


def test_fadvise_takes_lengths_of_64_bits_where_the_kernel_does(run, tmp_path):
    (tmp_path / "file").touch()
    with OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as file:
        answer = run(ops.Fadvise(file, Fadvice.DONTNEED, len=LONG))
        assert answer in {0, -errno.EINVAL}
        if answer:
            pytest.skip("needs lengths of 64 bits in FADVISE (6.11)")


def test_fadvise_says_what_is_wrong(run, pipe, tmp_path):
    (tmp_path / "file").touch()
    with OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as file:
        assert run(ops.Fadvise(file, 77)) == -errno.EINVAL
    assert run(ops.Fadvise(pipe[0], Fadvice.NORMAL)) == -errno.ESPIPE


def test_a_length_goes_where_old_kernels_look_if_it_fits():
    short = ops.Fadvise(3, Fadvice.NORMAL, len=2**32 - 1).words()
    assert (short["len"], short["addr"]) == (2**32 - 1, 0)
    long = ops.Fadvise(3, Fadvice.NORMAL, len=2**32).words()
    assert (long["len"], long["addr"]) == (0, 2**32)


def test_madvise_gives_memory_back(run):
    buffer = Buffer.of(b"x" * 12288)
    assert run(ops.Madvise(buffer.part(4096, 4096), Madvice.DONTNEED)) == 0
    assert bytes(buffer) == b"x" * 4096 + bytes(4096) + b"x" * 4096
    assert run(ops.Madvise(buffer, Madvice.DONTNEED, len=4096)) == 0
    assert bytes(buffer) == bytes(8192) + b"x" * 4096
    assert run(ops.Madvise(buffer, Madvice.DONTNEED)) == 0
    assert bytes(buffer) == bytes(12288)


@pytest.mark.parametrize(
    "advice",
    [
        Madvice.NORMAL,
        Madvice.RANDOM,
        Madvice.SEQUENTIAL,
        Madvice.WILLNEED,
        Madvice.FREE,
        Madvice.COLD,
        Madvice.DONTDUMP,
        Madvice.DODUMP,
    ],
)
def test_madvise_is_taken(run, advice):
    assert run(ops.Madvise(Buffer.of(b"x" * 4096), advice)) == 0


def test_madvise_needs_whole_pages(run):
    assert run(ops.Madvise(Buffer(4096).part(1), Madvice.WILLNEED)) == -errno.EINVAL


def test_madvise_holds_the_memory_until_the_end(run_forgotten):
    for advice in (Madvice.DONTNEED, Madvice.WILLNEED):
        assert run_forgotten(lambda advice=advice: ops.Madvise(Buffer(8192), advice), held=1) == 0


def test_madvise_of_the_bad_page_harms_nobody(run, pipe):
    assert run(ops.Madvise(BadPage(), Madvice.DONTNEED)) in {0, -errno.ENOMEM}
    assert run(ops.Write(pipe[1], BadPage())) == -errno.EFAULT


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Madvise(Buffer(8), Madvice.DONTNEED, len=9),
        lambda: ops.Madvise(Buffer(8), Madvice.DONTNEED, len=-1),
        lambda: ops.Madvise(b"bytes", Madvice.DONTNEED),
        lambda: ops.Madvise(0x1000, Madvice.DONTNEED),
        lambda: ops.Madvise(Buffer(8), 10),  # DONTFORK
        lambda: ops.Madvise(Buffer(8), 100),  # HWPOISON
        lambda: ops.Madvise(Buffer(8), "DONTNEED"),
        lambda: ops.Fadvise(3, "NORMAL"),
        lambda: ops.Fadvise(3, Fadvice.NORMAL, len=-1),
        lambda: ops.Fadvise(3, Fadvice.NORMAL, len=2**64),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()

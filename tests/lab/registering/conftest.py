"""For the tests of register calls at the prompt: a session, what it refuses, what is left over."""

import gc
from pathlib import Path

import pytest

from uringlab.core.abi import RegisterOp
from uringlab.core.buffers import memory_stats
from uringlab.core.probe import register_ops
from uringlab.lab import LineError, Session


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.fixture
def refused(session):
    """`refused(line)`: the error of a line that cannot be done."""

    def run(line):
        with pytest.raises(LineError) as caught:
            session.run(line)
        return caught.value

    return run


@pytest.fixture
def needs():
    """`needs("CLOCK")`: skips unless this kernel knows the call."""

    def check(*names):
        for name in names:
            if RegisterOp[name] not in register_ops():
                pytest.skip(f"needs {RegisterOp[name].kernel_name}")

    return check


@pytest.fixture
def left_over():
    """`left_over()`: (fds, mappings of rings, blocks) more than there were at the beginning."""

    def count():
        gc.collect()
        fds = len(list(Path("/proc/self/fd").iterdir()))
        maps = Path("/proc/self/maps").read_text().count("io_uring")
        return fds, maps, memory_stats()[0]

    before = count()
    return lambda: tuple(now - then for now, then in zip(count(), before, strict=True))

"""For all tests: they run on this machine's kernel, and say so when it lacks something.

A test that needs what not every kernel has asks the fixture `requires`, which tries it, and
skips the test by the name of what is missing. With `CI` set, a skip that is not listed in
`EXPECTED_SKIPS` is a failure: a test that silently never runs proves nothing.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uringlab import IoUring, Params, SetupFlags, Unavailable
from uringlab.core.abi.named import flag_names
from uringlab.core.probe import supported_opcodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.core.abi import Features, Opcode

HERE = Path(__file__).parent

EXPECTED_SKIPS: frozenset[str] = frozenset(
    {
        "needs liburing.h",
        "needs the socket command GETSOCKNAME",  # of 6.19
    }
)
"""Reasons of skips that are known and right on the kernels that CI runs, word by word."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Without io_uring there is nothing to test, and that is not a success."""
    try:
        IoUring(1).close()
    except Unavailable as why:
        pytest.exit(f"the tests need io_uring: {why}", returncode=1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there by now stays: the collector need not look at it again for every test."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI, a skip that nobody expected is a failure."""
    report: pytest.TestReport = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if reason.removeprefix("Skipped: ") not in EXPECTED_SKIPS:
            report.outcome = "failed"
            report.longrepr = f"an unexpected skip: {reason}"
    return report


@pytest.fixture
def requires() -> Callable[..., None]:
    """`requires(setup_flag=…, feature=…, opcode=…)`: skips unless this kernel has it."""

    def check(
        *,
        setup_flag: SetupFlags | None = None,
        feature: Features | None = None,
        opcode: Opcode | None = None,
    ) -> None:
        if setup_flag is not None:
            try:
                IoUring(2, Params(flags=setup_flag)).close()
            except OSError:
                pytest.skip(f"needs the setup flag {flag_names(SetupFlags, setup_flag)}")
        with IoUring(1) as ring:
            if feature is not None and feature not in ring.params.features:
                pytest.skip(f"needs the feature {feature.name}")
            if opcode is not None and opcode not in supported_opcodes(ring):
                pytest.skip(f"needs the opcode {opcode.name}")

    return check


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: (read end, write end). Closed afterwards, whatever is left of it."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            continue


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a fresh interpreter, with warnings as errors and faulthandler on."""

    def run(code: str, *, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-X", "faulthandler", "-W", "error", "-c", code]
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)

    return run


@pytest.fixture
def without_io_uring() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command under a seccomp filter: io_uring_setup(2) answers with that errno."""

    def run(errno_name: str, *argv: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        helper = [sys.executable, str(HERE / "seccomp_filter.py"), errno_name, *argv]
        return subprocess.run(helper, capture_output=True, text=True, timeout=timeout, check=False)

    return run


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], str]:
    """Call a function in a fork()ed child: its answer, or the name of what it raised."""

    def run(function: Callable[[], object]) -> str:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer = "?"
            try:
                answer = str(function())
            except BaseException as error:  # noqa: BLE001 (the child must end here)
                answer = type(error).__name__
            finally:
                os.write(writer, answer.encode())
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answers:
            answer = answers.read()
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"the child ended with status {status}"
        return answer

    return run


@pytest.fixture
def collect() -> Callable[[], None]:
    """Let the garbage collector finish: what nobody refers to is gone afterwards."""

    def run() -> None:
        for _ in range(2):
            gc.collect()

    return run

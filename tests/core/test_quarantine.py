"""The quarantine sees the kernel's writes into freed memory, which no sanitizer can.

`make quarantine` runs all of tests/core in such a build. Here it is proved that the check
works: memory.c is compiled that way, and the kernel is made to write where it must not.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import uringlab.core.native
from uringlab.core.native import lib

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
WRITTEN_TO = 86
HERE_TOO = os.environ.get("URINGLAB_BUILD") == "quarantine"

KERNEL_WRITES = r"""
#include "uringlab.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int guarded = atoi(argv[1]), writes = atoi(argv[2]), blocks = atoi(argv[3]), ends[2];
    ul_mem *mem = ul_mem_new(64, guarded);
    void *base = ul_mem_base(mem);
    ul_mem_unref(mem);
    if (pipe(ends) != 0 || write(ends[1], "late", 4) != 4)
        return 1;
    if (writes && read(ends[0], base, 4) != 4) /* as a request would that was freed too early */
        return 2;
    for (int i = 0; i < blocks; i++)
        ul_mem_unref(ul_mem_new(64, guarded));
    printf("%lld\n", (long long)ul_quarantine_check());
    return 0;
}
"""

USED_AGAIN = r"""
#include "uringlab.h"

int main(void) {
    ul_mem *mem = ul_mem_new(64, 0);
    ul_mem_unref(mem);
    ul_mem_ref(mem);
    return 0;
}
"""

BEHIND_THE_LIBRARYS_BACK = """
import os
from uringlab import *

reader, writer = os.pipe()
ring = IoUring(4)
op = ops.Read(reader, Buffer(8))
object.__setattr__(op, "holds", ())  # so that the buffer is gone while the kernel has it
ring.sq().push(op)
del op
ring.submit()
os.write(writer, b"too late")
list(ring.cq(1))
"""


def run_in_c(tmp_path, code, *arguments):
    if CC is None:
        pytest.skip("needs a C compiler")
    native = Path(uringlab.core.native.__file__).parent
    (tmp_path / "main.c").write_text(code)
    program = tmp_path / "program"
    argv = [CC, "-std=gnu11", "-pthread", "-DURINGLAB_QUARANTINE", f"-I{native}"]
    argv += ["-o", str(program), str(tmp_path / "main.c"), str(native / "memory.c")]
    env = os.environ | {"LD_PRELOAD": ""}
    subprocess.run(argv, check=True, timeout=60, env=env)
    argv = [str(program), *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=env)


@pytest.mark.parametrize("guarded", [0, 1])
@pytest.mark.parametrize("blocks", [0, 20_000])
def test_a_write_of_the_kernel_into_a_freed_block_fails_whoever_runs(guarded, blocks, tmp_path):
    # With 20 000 blocks more, it was looked at and really freed before the end.
    done = run_in_c(tmp_path, KERNEL_WRITES, guarded, 1, blocks)
    assert done.stdout == "4\n"
    assert done.returncode == WRITTEN_TO
    assert "4 bytes of a freed block of 64" in done.stderr


@pytest.mark.parametrize("guarded", [0, 1])
def test_without_such_a_write_nothing_fails_however_many_blocks_there_were(guarded, tmp_path):
    done = run_in_c(tmp_path, KERNEL_WRITES, guarded, 0, 20_000)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_a_freed_block_that_is_held_again_ends_the_program(tmp_path):
    done = run_in_c(tmp_path, USED_AGAIN)
    assert done.returncode < 0
    assert "a freed block is used again" in done.stderr


def test_a_request_whose_buffer_was_freed_is_caught_in_a_quarantine_build(run_python):
    if not HERE_TOO:
        assert lib.ul_quarantine_check() == -errno.ENOSYS, "an ordinary build keeps nothing"
        return
    assert lib.ul_quarantine_check() == 0
    done = run_python(BEHIND_THE_LIBRARYS_BACK)
    assert done.returncode == WRITTEN_TO
    assert "8 bytes of freed memory were written" in done.stderr

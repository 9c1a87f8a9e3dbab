"""Builds the C extension: `uringlab.core.native._native`, stable ABI (abi3).

`api.h` is read twice: by cffi as the cdef, and by the C files as their header, so the two
cannot disagree.
"""

from __future__ import annotations

from pathlib import Path

import cffi

HERE = Path("uringlab/core/native")
SOURCES = [
    "memory.c",
    "track.c",
    "ring.c",
    "quiesce.c",
    "sq.c",
    "cq.c",
    "bufring.c",
    "enter.c",
    "storm.c",
    "observe.c",
]
# Hidden: nothing here is for others to link to, and calls from file to file cost less.
FLAGS = ["-std=gnu11", "-O2", "-fvisibility=hidden", "-pthread"]
FLAGS += ["-Wall", "-Wextra", "-Wno-unused-parameter"]

ffi = cffi.FFI()
ffi.cdef((HERE / "api.h").read_text())
ffi.set_source(
    "uringlab.core.native._native",
    '#include "uringlab.h"',
    sources=[str(HERE / name) for name in SOURCES],
    include_dirs=[str(HERE)],
    depends=[str(HERE / name) for name in ("api.h", "uringlab.h")],
    extra_compile_args=FLAGS,
    extra_link_args=["-pthread"],
    py_limited_api=True,
)

"""The C floor: atomics, system calls, and memory the kernel may touch. See `api.h`."""

from uringlab.core.native._native import ffi, lib

__all__ = ["ffi", "lib"]

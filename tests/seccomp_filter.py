"""Run a command without io_uring: `seccomp_filter.py EPERM|ENOSYS COMMAND [ARGUMENT]…`.

Installs a seccomp filter that lets io_uring_setup(2) fail with that errno and leaves all else
alone, as container runtimes do, and executes the command under it. The filter is for this
process and its children, and cannot be taken off again: so a process of its own.

A test that wants one io_uring_register(2) opcode to be missing, as on an older kernel, imports
this in a process of its own and calls `install_for_register`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

IO_URING_SETUP = 425  # on every architecture
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
MODE_FILTER = 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
IO_URING_REGISTER = 427
# Offsets in struct seccomp_data.
NUMBER_OF_THE_CALL = 0
SECOND_ARGUMENT = 24 if sys.byteorder == "little" else 28


class SockFprog(ctypes.Structure):
    """`struct sock_fprog`: a BPF program."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(number: int) -> None:
    """From now on io_uring_setup(2) fails with this errno, in this process and its children."""
    _install(
        (LOAD_WORD, 0, 0, NUMBER_OF_THE_CALL),
        (JUMP_IF_EQUAL, 0, 1, IO_URING_SETUP),
        (RETURN, 0, 0, ERRNO | number),
        (RETURN, 0, 0, ALLOW),
    )


def install_for_register(number: int, opcode: int) -> None:
    """From now on this opcode of io_uring_register(2) fails with this errno."""
    _install(
        (LOAD_WORD, 0, 0, NUMBER_OF_THE_CALL),
        (JUMP_IF_EQUAL, 0, 3, IO_URING_REGISTER),
        (LOAD_WORD, 0, 0, SECOND_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, opcode),
        (RETURN, 0, 0, ERRNO | number),
        (RETURN, 0, 0, ALLOW),
    )


def _install(*instructions: tuple[int, int, int, int]) -> None:
    code = b"".join(struct.pack("HBBI", *one) for one in instructions)
    memory = ctypes.create_string_buffer(code, len(code))
    program = SockFprog(len(instructions), ctypes.addressof(memory))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for args in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if prctl(*args) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    install(getattr(errno, sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (that is what it is for)

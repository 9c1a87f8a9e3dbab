"""Which requests bring a new fd, told from the SQE. The C floor has the same rule (track.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAKERS = frozenset(
    {Opcode.OPENAT, Opcode.OPENAT2, Opcode.ACCEPT, Opcode.SOCKET, Opcode.PIPE},
)
MAKERS = frozenset(int(one) for one in _MAKERS | {Opcode.FIXED_FD_INSTALL})
"""Opcodes of which some requests bring an fd."""


def makes_fd(words: Mapping[str, int]) -> bool:
    """Whether a request of these words, if it succeeds, brings an fd of this process.

    With a place in the table of registered files (`slot=`) it does not. PIPE brings two, in its
    memory; the others one, in `res`.
    """
    if words["opcode"] == Opcode.FIXED_FD_INSTALL:
        return True
    return words["opcode"] in _MAKERS and words["file_index"] == 0

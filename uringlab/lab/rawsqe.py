"""An SQE whose words were typed one by one, to see what the kernel says of nonsense."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import Opcode, SqeFlags
from uringlab.core.ops.declare import declared, decode
from uringlab.core.ops.pointers import address_rule, loose_address
from uringlab.core.probe import kernel_opcodes
from uringlab.lab.errors import LineError
from uringlab.lab.verbs import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uringlab.core.buffers import BadPage, Buffer
    from uringlab.core.native._native import CData

    Word = int | Buffer | BadPage

_SQE = struct.Struct(abi.SQE_FORMAT)
AT_HOME = frozenset(
    {
        *(Opcode.NOP, Opcode.READ, Opcode.WRITE, Opcode.READ_FIXED, Opcode.WRITE_FIXED),
        *(Opcode.READ_MULTISHOT, Opcode.SEND, Opcode.RECV, Opcode.SHUTDOWN, Opcode.FSYNC),
        *(Opcode.SYNC_FILE_RANGE, Opcode.FALLOCATE, Opcode.FTRUNCATE, Opcode.FADVISE),
        *(Opcode.POLL_ADD, Opcode.POLL_REMOVE, Opcode.TIMEOUT, Opcode.LINK_TIMEOUT),
        *(Opcode.TIMEOUT_REMOVE, Opcode.ASYNC_CANCEL, Opcode.REMOVE_BUFFERS),
    }
)
"""Opcodes that reach nothing but their fd and the memory they hold, whatever their words are.

The others have words that name files, sockets, processes or memory in ways that a session's bounds
know only from their operands: a path in a buffer, an fd in an array.
"""

UNKNOWN = {"EINVAL": "this kernel knows no such opcode"}


class RawSqe:
    """A request of raw words. It stands where an `Op` stands, in all that asks about requests.

    Attributes:
        opcode: its number; an `Opcode` where it has a name.
        errnos: what some errno means for that opcode.
        given: its words as they go into a raw slot (`Sq.slot`), which holds the memory.
        sqe: its first 64 bytes.
    """

    claims = False
    may_bring_fds = False
    prepared: object = None

    def __init__(self, given: Mapping[str, Word]) -> None:
        """See that it can do no harm.

        Raises:
            LineError: a word does not fit, or could lead out of the session or of its memory.
        """
        self.given = dict(given)
        self.holds: tuple[CData, ...] = ()
        self.lends: tuple[CData, ...] = ()
        words = dict.fromkeys(abi.SQE_WORDS, 0)
        held: dict[str, tuple[int, int]] = {}
        for word, value in given.items():
            if isinstance(value, int):
                words[word] = value
            else:
                words[word] = value.address
                held[word] = (value.address, len(value))
        self.sqe = _packed(words)
        self.opcode = _named(words["opcode"])
        self.flags = SqeFlags(words["flags"])
        op = declared(self.opcode) if isinstance(self.opcode, Opcode) else None
        self.errnos = UNKNOWN if op is None else op.errnos
        self._check(words, held)

    def _check(self, words: Mapping[str, int], held: Mapping[str, tuple[int, int]]) -> None:
        number = words["opcode"]
        if not isinstance(self.opcode, Opcode):
            if number in kernel_opcodes():
                raise LineError(
                    f"this kernel knows opcode {number}, and this program does not: what its words "
                    "would do, nobody here can tell"
                )
        elif self.opcode not in AT_HOME:
            rule = address_rule(number)
            why = rule.never or "its words could lead out of the session"
            raise LineError(
                f"{self.opcode.name} cannot be raw: {why}", None, f"help {names_of(self.opcode)[0]}"
            )
        if words["off"] and self.opcode is Opcode.SEND:
            raise LineError("in SEND, off is the address of an address: send has to=…")
        why = loose_address(self.sqe, held)
        if why:
            raise LineError(why, None, "buf b0 4k")

    def new_fds(self, _res: int) -> tuple[int, ...]:
        """None: opcodes that bring fds are not raw."""
        return ()

    def words(self) -> dict[str, int]:
        """Its words by name."""
        return dict(zip(abi.SQE_WORDS, _SQE.unpack(self.sqe), strict=True))

    def title(self) -> str:
        """Its opcode's name, or `OP 200`."""
        return decode(self.sqe).name


def _packed(words: Mapping[str, int]) -> bytes:
    for at, (word, value) in enumerate(words.items()):
        try:
            struct.pack("<" + abi.SQE_FORMAT[1 + at], value)
        except struct.error as error:
            raise LineError(f"{word}={value} does not fit: {error}") from error
    return _SQE.pack(*words.values())


def _named(number: int) -> Opcode | int:
    try:
        return Opcode(number)
    except ValueError:
        return number

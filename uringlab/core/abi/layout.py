"""How a structure of the kernel's lies in memory."""

from __future__ import annotations

import struct


class Layout:
    """A structure of the kernel's.

    Attributes:
        c_name: the struct's name in C.
        since: the first kernel whose io_uring has it.
        doc: what it is for, in one line.
        format: for the `struct` module, with no padding but what is written: little-endian.
        fields: the names, one for each value that the format packs.
    """

    __slots__ = ("c_name", "doc", "fields", "format", "since")

    def __init__(self, c_name: str, since: str, doc: str, form: str, fields: str) -> None:
        """Keep what is known; fields are given with blanks between them."""
        self.c_name = c_name
        self.since = since
        self.doc = doc
        self.format = form
        self.fields = tuple(fields.split())

    def __repr__(self) -> str:
        """The name in C, and the size."""
        return f"<struct {self.c_name}: {self.size} bytes>"

    @property
    def size(self) -> int:
        """The structure's size in bytes."""
        return struct.calcsize(self.format)

    def pack(self, **values: int) -> bytes:
        """The structure's bytes; a field that is not given is 0.

        Raises:
            TypeError: there is no such field.
            struct.error: a value does not fit.
        """
        unknown = values.keys() - set(self.fields)
        if unknown:
            raise TypeError(f"{self.c_name} has no {', '.join(sorted(unknown))}")
        return struct.pack(self.format, *(values.get(name, 0) for name in self.fields))

    def unpack(self, data: bytes | bytearray | memoryview, at: int = 0) -> dict[str, int]:
        """The fields by name, of the structure `at` bytes into data.

        Raises:
            struct.error: there are too few bytes.
        """
        return dict(zip(self.fields, struct.unpack_from(self.format, data, at), strict=True))

    def offsets(self) -> dict[str, tuple[int, int]]:
        """Where each field begins, and its size, in bytes."""
        found: dict[str, tuple[int, int]] = {}
        names = iter(self.fields)
        at = 0
        count = ""
        for code in self.format[1:]:
            if code.isdigit():
                count += code
                continue
            size = struct.calcsize(f"<{count}{code}")
            if code != "x":
                found[next(names)] = (at, size)
            at += size
            count = ""
        return found


SQE_FORMAT = "<BBHiQQIIQHHIQQ"
SQE_WORDS = (
    "opcode",
    "flags",
    "ioprio",
    "fd",
    "off",
    "addr",
    "len",
    "op_flags",
    "user_data",
    "buf_index",
    "personality",
    "file_index",
    "addr3",
    "pad2",
)
"""The words of `struct io_uring_sqe`, in order; unions under the name of their first use."""

SQE_BYTES = 64
CQE_BYTES = 16

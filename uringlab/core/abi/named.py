"""What every constant of the kernel's knows about itself."""

from __future__ import annotations

from enum import IntEnum, IntFlag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Self


class Named(IntEnum):
    """A number that knows since when it exists and what it means.

    Attributes:
        since: the first kernel whose io_uring takes it here.
        doc: what it means, in one line.
        prefix: what the kernel writes before the name, of the whole enum.
        man: the man page that tells it, or the kernel's file where none does, of the whole enum.
    """

    prefix: ClassVar[str]
    man: ClassVar[str]
    since: str
    doc: str
    spelled: str

    def __new__(cls, value: int, since: str = "5.1", doc: str = "", spelled: str = "") -> Self:
        """Keep the words beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.since = since
        member.doc = doc
        member.spelled = spelled
        return member

    def __init_subclass__(cls, *, prefix: str = "", man: str = "") -> None:
        """Note the prefix of the kernel's names, and the authority."""
        super().__init_subclass__()
        cls.prefix = prefix
        cls.man = man

    @property
    def kernel_name(self) -> str:
        """The whole name in the kernel's headers, such as IORING_OP_NOP."""
        return self.spelled or f"{self.prefix}{self.name}"


class Flags(IntFlag):
    """A bit that knows since when it exists and what it means.

    Attributes:
        since: the first kernel whose io_uring takes it here.
        doc: what it means, in one line.
        prefix: what the kernel writes before the name, of the whole enum.
        man: the man page that tells it, or the kernel's file where none does, of the whole enum.

    Only a single member has these; a sum of several is a number.
    """

    prefix: ClassVar[str]
    man: ClassVar[str]
    since: str
    doc: str
    spelled: str

    def __new__(cls, value: int, since: str = "5.1", doc: str = "", spelled: str = "") -> Self:
        """Keep the words beside the bit."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.since = since
        member.doc = doc
        member.spelled = spelled
        return member

    def __init_subclass__(cls, *, prefix: str = "", man: str = "") -> None:
        """Note the prefix of the kernel's names, and the authority."""
        super().__init_subclass__()
        cls.prefix = prefix
        cls.man = man

    @property
    def kernel_name(self) -> str:
        """The whole name in the kernel's headers, such as IOSQE_IO_LINK."""
        return self.spelled or f"{self.prefix}{self.name}"


def flag_names(names: type[Flags], value: int) -> str:
    """`IO_LINK|IO_DRAIN`; bits without a name in hexadecimal; `0` for none."""
    found = [str(flag.name) for flag in names if value & flag]
    rest = value
    for flag in names:
        rest &= ~int(flag)
    if rest:
        found.append(hex(rest))
    return "|".join(found) or "0"

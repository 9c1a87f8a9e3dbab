"""Files: open ones, registered ones, and the place of one that will be registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.errors import OperandError
from uringlab.core.fd import ALLOC, Fd, FixedFd, IoUringFd, OwnedFd
from uringlab.core.ops.kinds.draft import Kind, whole

if TYPE_CHECKING:
    from uringlab.core.ops.kinds.draft import Draft


def _as_fd(value: Any, name: str) -> Fd | OwnedFd | FixedFd:
    if isinstance(value, int):
        return Fd(value)
    if not isinstance(value, (Fd, FixedFd, OwnedFd)):
        raise OperandError(f"{name} takes an fd, not {value!r}{_fd_of(value)}")
    return value


def _fd_of(value: Any) -> str:
    """Where the fd of such an object is, for whoever gave the object itself."""
    if hasattr(value, "fileno"):
        return ": give its fileno(), and keep it open"
    return ": give its fd" if isinstance(getattr(value, "fd", None), IoUringFd) else ""


class File(Kind):
    """An open file. Its type sets the SQE's flags (a FixedFd: FIXED_FILE)."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number or any of the fd types."""
        fd = _as_fd(value, name)
        draft.put(word, fd.number, name)
        draft.words["flags"] |= int(fd.sqe_flags)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files."""
        fixed = words["flags"] & abi.SqeFlags.FIXED_FILE
        return f"#{words[word]}" if fixed else str(words[word])


class RegisteredFile(File):
    """A place in the table of registered files; a number is one, too."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a FixedFd or its number."""
        super().put(draft, word, FixedFd(value) if isinstance(value, int) else value, name)
        if not draft.words["flags"] & abi.SqeFlags.FIXED_FILE:
            raise OperandError(f"{name} takes a registered file, not {value!r}")


@dataclass(frozen=True)
class ClosedFile(File):
    """A file to be closed: an fd, or a registered one, which lies in another word. None: neither.

    Attributes:
        place: the SQE word for a place in the table of registered files.
    """

    place: str = "file_index"

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take any of the fd types. The kernel wants 0 for the fd beside a place."""
        if value is None or isinstance(value, FixedFd):
            draft.words[word] = 0
        if isinstance(value, FixedFd):
            Slot().put(draft, self.place, value, name)
        elif value is not None:
            super().put(draft, word, value, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number; `none` where it is a registered file that is closed."""
        return "none" if words[self.place] else str(words[word])


class DirFd(Kind):
    """The directory that a relative path starts from: a plain fd, or AT_FDCWD."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number or an fd that is open: the kernel takes no registered one here."""
        fd = _as_fd(value, name)
        if isinstance(fd, FixedFd):
            raise OperandError(f"{name} takes an open fd, not a registered one")
        # A second directory lies in a word without a sign.
        draft.put(word, fd.number if word == "fd" else fd.number & 0xFFFF_FFFF, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """AT_FDCWD by name."""
        value = words[word]
        value = value - 2**32 if value >= 2**31 else value
        return "AT_FDCWD" if value == abi.AT_FDCWD else str(value)


class InFile(Kind):
    """The second file of SPLICE and TEE: where the bytes come from."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """A registered one has a flag of its own."""
        fd = _as_fd(value, name)
        draft.put(word, fd.number & 0xFFFF_FFFF, name)
        if isinstance(fd, FixedFd):
            draft.add("op_flags", int(abi.SpliceFlags.FD_IN_FIXED), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files."""
        fixed = words["op_flags"] & abi.SpliceFlags.FD_IN_FIXED
        return f"#{words[word]}" if fixed else str(words[word])


class RingFile(Kind):
    """The fd of another ring."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a ring's fd, or whatever an fd can be."""
        if isinstance(value, IoUringFd):
            if value.registered:
                raise OperandError(f"{name} takes a ring's fd, and not its registered index")
            value = value.number
        fd = _as_fd(value, name)
        draft.put(word, fd.number, name)
        draft.words["flags"] |= int(fd.sqe_flags)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files."""
        return File().show(words, word)


class Domain(Kind):
    """An address family, where others have an fd."""

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        try:
            return str(abi.AddressFamily(words[word]).name)
        except ValueError:
            return str(words[word])


class Slot(Kind):
    """A place in the table of registered files: the new file goes there, and gets no fd.

    None: no, an ordinary fd is made. `ALLOC`: the kernel picks a free place, and `res` says
    which; with a place given, `res` is 0.
    """

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """0 in the SQE means none, so places count from 1 there."""
        if value is ALLOC:
            draft.put(word, abi.FILE_INDEX_ALLOC, name)
            return
        place = value.number if isinstance(value, FixedFd) else whole(value, name)
        if not 0 <= place < abi.FILE_INDEX_ALLOC - 1:
            raise OperandError(f"{name}={place} is no place in a table of files")
        draft.put(word, place + 1, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """`none`, `alloc`, or the place."""
        value = words[word]
        if value == abi.FILE_INDEX_ALLOC:
            return "alloc"
        return "none" if value == 0 else f"#{value - 1}"


class FirstSlot(Slot):
    """The first of several places that are changed: counted from 0, there is no "none" here."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a place, or ALLOC."""
        if value is ALLOC:
            draft.put(word, abi.FILE_INDEX_ALLOC, name)
            return
        super().put(draft, word, value, name)
        draft.words[word] -= 1

    def show(self, words: dict[str, int], word: str) -> str:
        """`alloc`, or the place."""
        value = words[word] & 0xFFFF_FFFF
        return "alloc" if value == abi.FILE_INDEX_ALLOC else f"#{value}"

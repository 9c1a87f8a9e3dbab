"""Parts of a msghdr: what SENDMSG and RECVMSG are given, and the op packs by itself."""

from __future__ import annotations

from typing import Any

from uringlab.core.ops.kinds.draft import Draft, Kind
from uringlab.core.ops.kinds.memory import SocketAddress


class InMessage(Kind):
    """A part of a msghdr: the op packs it."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """The op's `finish` does it."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In anybody else's SQE the msghdr is not ours to read."""
        return f"in the msghdr at {words[word]:#x}"


class AddressInMessage(SocketAddress):
    """A socket address in a msghdr: the op packs it."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """The op's `finish` does it."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In anybody else's SQE the msghdr is not ours to read."""
        return f"in the msghdr at {words[word]:#x}"

"""Which words a line uses: verbs, operations and flags, for the rule “taught here or earlier”."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode
from uringlab.lab.parser import parse_line
from uringlab.lab.values import Flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.spec import Command, CommandTable

UNTAUGHT = frozenset(
    {"help", "show", "explain", "expect", "hint", "check", "next", "learn", "solution", "quit"}
    | {"reset", "sleep", "diff", "rings", "history", "source", "drop"}
)
"""Verbs that need no teaching: they look, or have nothing to do with io_uring."""

_PREFIX = re.compile(r"^(ioring_setup_|ioring_enter_|iosqe_|ioring_op_)", re.IGNORECASE)
_CODE = re.compile(r"`([^`]+)`")


def plain(word: str) -> str:
    """`IOSQE_IO_LINK`, `io_link` and `link` are the same word."""
    return _PREFIX.sub("", word).lower().removeprefix("io_")


def words_of(line: str, table: CommandTable) -> list[str]:
    """The verbs, operations and flags of a line that parses, in the order they stand there."""
    return [word for command in parse_line(line, table) for word in _words(command, line)]


def _words(command: Command, line: str) -> Iterator[str]:
    yield command.spec.name
    for param in command.spec.params:
        if isinstance(param.value, Flags) and param.name in command.spans:
            span = command.spans[param.name]
            value = line[span.start : span.end].rpartition("=")[2]
            yield from (part.upper() for part in value.split("|") if not part[:1].isdigit())
    if command.inner is not None:
        yield from _words(command.inner, line)


def known_word(word: str, table: CommandTable) -> bool:
    """Whether a lesson can teach that: a verb, an opcode, or a flag of some command."""
    if table.find(word) is not None or plain(word).upper() in Opcode.__members__:
        return True
    return any(
        plain(word) == plain(option)
        for spec in table
        for param in spec.params
        if isinstance(param.value, Flags)
        for option in param.value.options()
    )


def commands_in(prose: str, table: CommandTable) -> Iterator[str]:
    """Code in prose that is meant to be typed: a verb with something after it."""
    verbs = {name.split()[0] for name in table.names()}
    for match in _CODE.finditer(prose):
        words = match[1].split()
        if len(words) > 1 and words[0] in verbs and table.find(match[1]) is None:
            yield match[1]

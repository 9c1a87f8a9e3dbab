"""`explain`: an errno, a constant, a word, a request, a slot, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.reply import data
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command


class Anything(Value):
    """An errno, a constant, a word, or a name."""

    label = "WHAT"
    wants = "an errno, an opcode, a flag, a word, or a name"

    def read(self, token: Token) -> str:
        """Any word."""
        return token.text

    def options(self) -> Mapping[str, str]:
        """The kernel's names, and the words."""
        from uringlab.lab.explain.anything import options  # noqa: PLC0415 (all of core/abi)

        return options()


def _explain(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.lab.explain.anything import answer  # noqa: PLC0415 (all of core/abi)

    words = [str(word) for word in command.rest]
    found = answer(session, words, command.span_of("what"))
    yield data(found.text, type="explain", what=" ".join(words), kind=found.kind, name=found.name)


SPECS = (
    CommandSpec(
        "explain",
        "an errno, an opcode, a flag, a word, a request or a slot, in two to six lines",
        _explain,
        "explain -9",
        "looking",
        (
            Param(
                "what",
                Anything(),
                "-9, EBADF READ, READ, IOSQE_IO_LINK, task work, r1, sqe 0",
                positional=True,
                many=True,
            ),
        ),
        more="What depends on the kernel is asked of the running one; what depends on the ring, "
        "of the one in use. Alone it says what can be explained.",
    ),
)

"""What is said when a line cannot be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Span:
    """Characters start … end (exclusive) of a line."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From here to the end of another."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class LineError(Exception):
    """A line that cannot be parsed or done: where, why, and what to try next.

    Attributes:
        message: one sentence, without a full stop where a suggestion follows.
        span: the characters it is about.
        hint: the next command to try, or "".
        line: the whole line; filled in by whoever knows it.
    """

    def __init__(self, message: str, span: Span | None = None, hint: str = "") -> None:
        """Say it."""
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.line = ""
        self.place = ""

    def __str__(self) -> str:
        """The message, as it is by now."""
        return self.message

    def pretty(self) -> str:
        """The line, a caret under the span, the message, and what to try."""
        parts = []
        if self.line and self.span is not None:
            width = max(1, min(self.span.end, len(self.line)) - self.span.start)
            lead = f"{self.place}: " if self.place else ""
            parts.append(f"{lead}{self.line}")
            parts.append(" " * (len(lead) + self.span.start) + "^" * width)
        parts.append(self.message + (f"   try: {self.hint}" if self.hint else ""))
        return "\n".join(parts)

    def short(self) -> str:
        """The message and what to try, on one line."""
        return self.message + (f"   try: {self.hint}" if self.hint else "")


class ExpectationFailed(LineError):
    """An `expect` that does not hold."""


class GaveUp(LineError):
    """A wait was given up by whoever types."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean "read"?`, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for words that are wrong

    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""

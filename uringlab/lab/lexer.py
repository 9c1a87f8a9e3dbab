"""A line into tokens: words, strings, comparison signs, `->` and `;`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from uringlab.lab.errors import LineError, Span


class T(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    SIGN = "sign"
    ARROW = "arrow"
    END = "end of command"


@dataclass(frozen=True)
class Token:
    """A token and where it stands. The text of a STRING is what it means, escapes resolved."""

    type: T
    text: str
    span: Span


_SIGN = re.compile(r"!=|<=|>=|=|<|>")
_WORD = re.compile(r'(?:(?!->)[^\s;"=<>!])+')
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Half a character. What is no text on the command line is \udc80 … \udcff: a byte."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"'}


def tokens(line: str) -> list[Token]:
    """Split a line.

    Raises:
        LineError: a string that does not end, an escape that does not exist, or half a character,
            which nothing in the kernel could be called by.
    """
    if half := _HALF.search(line):
        raise LineError("here is half a character", Span(half.start(), half.end()))
    found: list[Token] = []
    at = 0
    while at < len(line):
        char = line[at]
        if char.isspace():
            at += 1
        elif char == "#":
            end = line.find("\n", at)
            at = len(line) if end < 0 else end
        elif char == ";":
            found.append(Token(T.END, ";", Span(at, at + 1)))
            at += 1
        elif line.startswith("->", at):
            found.append(Token(T.ARROW, "->", Span(at, at + 2)))
            at += 2
        elif char == '"':
            token, at = _string(line, at)
            found.append(token)
        else:
            match = _SIGN.match(line, at) or _WORD.match(line, at)
            if match is None:
                raise LineError(f'"{char}" means nothing here', Span(at, at + 1))
            kind = T.SIGN if char in "!<>=" else T.WORD
            found.append(Token(kind, match.group(), Span(at, match.end())))
            at = match.end()
    return found


def without_strings(line: str) -> str:
    """A line with … in place of what its strings say: for where that is nobody's business."""
    try:
        found = tokens(line)
    except LineError:  # it may be an open string: all after its first quote
        before, quote, _ = line.partition('"')
        return before + ('"…' if quote else "")
    for token in reversed(found):
        if token.type is T.STRING:
            line = f'{line[: token.span.start]}"…"{line[token.span.end :]}'
    return line


def _string(line: str, start: int) -> tuple[Token, int]:
    out = []
    at = start + 1
    while at < len(line) and line[at] != '"':
        if line[at] != "\\":
            out.append(line[at])
            at += 1
            continue
        code = line[at + 1 : at + 2]
        if code == "x" and re.fullmatch("[0-9a-fA-F]{2}", line[at + 2 : at + 4]):
            out.append(bytes([int(line[at + 2 : at + 4], 16)]).decode(errors="surrogateescape"))
            at += 4
        elif code in _ESCAPES:
            out.append(_ESCAPES[code])
            at += 2
        else:
            raise LineError(
                f'no escape "\\{code}"; there are \\n \\t \\r \\0 \\\\ \\" and \\xNN',
                Span(at, min(at + 2, len(line))),
            )
    if at >= len(line):
        raise LineError('this string does not end: a " is missing', Span(start, len(line)))
    return Token(T.STRING, "".join(out), Span(start, at + 1)), at + 1

"""The form of every answer: a head, and a few wrapped lines below it."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

WIDE = 98
"""Columns at most."""
MOST = 6
"""Lines at most."""
_INDENT = "  "


class Answer(NamedTuple):
    """An answer.

    Attributes:
        kind: what was explained: errno, opcode, flag, number, structure, word, request, …
        name: its whole name.
        text: what a person reads.
    """

    kind: str
    name: str
    text: str


def told(head: str, *below: str) -> str:
    """A head, and paragraphs below it, wrapped; empty ones are left out."""
    lines = _wrapped("", head)
    for one in below:
        lines += _wrapped(_INDENT, one)
    return "\n".join(lines)


def _wrapped(indent: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDE,
        initial_indent=indent,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(head: str, *below: str) -> str:
    """The same of text that is not known beforehand: what does not fit in MOST lines is cut."""
    lines = told(head, *below).splitlines()
    if len(lines) > MOST:
        lines = [*lines[: MOST - 1], f"{lines[MOST - 1][: WIDE - 2]} …"]
    return "\n".join(lines)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def cut(text: str, most: int) -> str:
    """So many characters of it, and no half words."""
    return text if len(text) <= most else f"{text[: most - 1].rpartition(' ')[0]} …"

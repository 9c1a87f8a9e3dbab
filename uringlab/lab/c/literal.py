"""Bytes, numbers and lines as C has them: nothing in them can end the string or the comment."""

from __future__ import annotations

_ESCAPES = {
    ord("\n"): r"\n",
    ord("\t"): r"\t",
    ord("\r"): r"\r",
    ord('"'): r"\"",
    ord("\\"): r"\\",
    ord("?"): r"\?",  # two of them begin a trigraph
}
_FIRST, _LAST = 0x20, 0x7E
"""ASCII that can be printed."""
_INT = 2**31
_U32 = 2**32
_HEX_FROM = 2**40
_PIECE = 64
"""Characters of a string in one line of C; the compiler joins the pieces."""


def string(data: bytes) -> str:
    """Bytes as a string literal. All escapes have a fixed width: what follows cannot change them.

    A literal has a zero byte more than this, as every one in C.
    """
    pieces = [""]
    for byte in data:
        if len(pieces[-1]) >= _PIECE:
            pieces.append("")
        pieces[-1] += _ESCAPES.get(byte) or (
            chr(byte) if _FIRST <= byte <= _LAST else f"\\{byte:03o}"
        )
    return "\n\t\t".join(f'"{piece}"' for piece in pieces)


def number(value: int) -> str:
    """A number, with the suffix that its size needs."""
    if -_INT < value < _INT:
        return str(value)
    if value < 0:
        return f"(-{-value - 1}LL - 1)"
    shown = hex(value) if value >= _HEX_FROM else str(value)
    return f"{shown}{'U' if value < _U32 else 'ULL'}"


def comment(text: str) -> str:
    """A text that may stand in a comment: one line, and it does not end there."""
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode("ascii")
        for one in text
    )
    while "*/" in shown or "/*" in shown:
        shown = shown.replace("*/", "* /").replace("/*", "/ *")
    # At the end of a line a backslash would join it with the next.
    return shown.rstrip("\\")

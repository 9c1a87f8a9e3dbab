"""A lesson's text in a terminal: `code`, **strong** and *stress* have a style, and no marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

_MARKED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*(?!\s)([^*]+?)(?<!\s)\*(?![\w*])")
_KINDS = ("", "class:code", "class:strong", "class:stress")
_BLOCK = "    "


def marked(text: str, style: str) -> StyleAndTextTuples:
    """Text whose blocks are laid out already. A block of code, which is indented, stays as is."""
    out: StyleAndTextTuples = []
    for number, block in enumerate(text.split("\n\n")):
        if number:
            out.append((style, "\n\n"))
        at = 0
        for found in () if block.startswith(_BLOCK) else _MARKED.finditer(block):
            kind = found.lastindex or 0
            out.append((style, block[at : found.start()]))
            out.append((f"{style} {_KINDS[kind]}", found[kind]))
            at = found.end()
        out.append((style, block[at:]))
    return [one for one in out if one[1]]

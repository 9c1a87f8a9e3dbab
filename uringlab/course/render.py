"""Markdown as plain text of a width: for a terminal that shows lines, and for paper."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

    from uringlab.course.lesson import Lesson, Step

WIDTH = 80
INDENT = "    "
_CODE = re.compile(r"`[^`]+`")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_HARD = "\N{NO-BREAK SPACE}"


def plain(markdown: str, width: int = WIDTH) -> str:
    """Words wrapped, code indented and left as it is, headings and lists readable.

    `code` and **bold** keep their marks: they say what is to be typed and what matters.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return "\n\n".join(_blocks(tokens, width))


def render_step(lesson: Lesson, index: int, width: int = WIDTH) -> str:
    """A step as it is read: before the first one, the lesson's title and introduction."""
    step = lesson.steps[index]
    parts = []
    if index == 0:
        title = f"Lesson {lesson.number}: {lesson.title}"
        parts += [f"{title}\n{'=' * len(title)}", plain(lesson.intro, width)]
    heading = f"Step {index + 1} of {len(lesson.steps)}: {step.title}"
    parts += [
        f"{heading}\n{'-' * len(heading)}",
        plain(step.prose, width),
        render_goals(step, width),
    ]
    return "\n\n".join(part for part in parts if part)


def render_goals(step: Step, width: int = WIDTH) -> str:
    """The goals of a step, as a list."""
    return "\n".join(_wrapped(f"[ ] {goal.text}", width, "", INDENT) for goal in step.goals)


def _blocks(tokens: list[Token], width: int) -> list[str]:
    """Each block of the document, rendered."""
    found: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _end(tokens, at)
        inside = tokens[at + 1 : end]
        match token.type:
            case "heading_open":
                found.append(_heading(inside[0].content, token.tag))
            case "paragraph_open":
                found.append(_wrapped(inside[0].content, width))
            case "fence" | "code_block":
                found.append(textwrap.indent(token.content.rstrip("\n"), INDENT))
            case "bullet_list_open" | "ordered_list_open":
                found.append(_list(token, inside, width))
            case "blockquote_open":
                quoted = "\n\n".join(_blocks(inside, width - 2))
                found.append(textwrap.indent(quoted, "| ", lambda _line: True))
            case "table_open":
                found.append(_table(inside))
            case "hr":
                found.append("-" * min(width, 20))
            case "html_block":
                pass  # comments: they are for authors
            case _:
                found.append(_wrapped(token.content, width))
        at = end + 1
    return found


def _end(tokens: list[Token], at: int) -> int:
    """Where the block that begins at `at` closes: `at` itself for a block of one token."""
    if tokens[at].nesting != 1:
        return at
    depth = 0
    for place in range(at, len(tokens)):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    return len(tokens) - 1


def _heading(text: str, tag: str) -> str:
    mark = {"h1": "=", "h2": "-"}.get(tag, "")
    return f"{text}\n{mark * len(text)}" if mark else text


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> str:
    text = _LINK.sub(r"\1", " ".join(text.split()))
    # Code is not broken over two lines if it fits on one.
    text = _CODE.sub(lambda found: found[0].replace(" ", _HARD), text)
    lines = textwrap.wrap(
        text,
        max(20, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_HARD, " ")


def _list(token: Token, inside: list[Token], width: int) -> str:
    items: list[str] = []
    at = 0
    number = int(token.attrGet("start") or 1)
    loose = False
    while at < len(inside):
        end = _end(inside, at)
        mark = "- " if token.type == "bullet_list_open" else f"{number}. "
        loose = loose or any(
            one.type == "paragraph_open" and not one.hidden and one.level == inside[at].level + 1
            for one in inside[at:end]
        )
        body = "\n\n".join(_blocks(inside[at + 1 : end], width - len(mark)))
        items.append(mark + textwrap.indent(body, " " * len(mark)).lstrip())
        number += 1
        at = end + 1
    return ("\n\n" if loose else "\n").join(items)


def _table(inside: list[Token]) -> str:
    rows: list[list[str]] = []
    for token in inside:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_LINK.sub(r"\1", token.content))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * wide for wide in widths))
    return "\n".join(lines)
